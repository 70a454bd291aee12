package supervisor

import (
	"syscall"

	"seward/internal/linux"
)

// action says what the filter does with a call.
type action uint8

const (
	actionUnknown action = iota // fails with ENOSYS
	actionAllow                 // touches nothing that a label protects, or an open descriptor only
	actionNotify                // goes to the call's handler
	actionRefuse                // fails: it can't be mediated
	actionFilter                // depends on the arguments
)

// call is a row of the table of system calls.
type call struct {
	name   string
	action action
	errno  syscall.Errno // of actionRefuse
	handle func(*actor) answer
	// filter writes the part of the filter that looks at arguments.
	filter func(*linux.Assembler)
	// core takes filter's place with CoverageCore, if it is set.
	core func(*linux.Assembler)
	// restart says that an ordinary kernel never interrupts the call, so that it is
	// started again when a signal came before its notification was received.
	restart bool
	// reads marks calls that CoverageCore leaves alone.
	reads bool
}

// lookup returns the row of a call, nil if there is none.
func (e *engine) lookup(number int) *call {
	if number < 0 || number >= len(e.table) || e.table[number].name == "" {
		return nil
	}
	return &e.table[number]
}

// rows returns the table of an architecture, by the numbers that its calls have.
// A call that has a number and no row fails like one that no kernel has.
func rows(names []string) []call {
	byName := map[string]*call{}
	for _, family := range families() {
		for i := range family {
			byName[family[i].name] = &family[i]
		}
	}
	table := make([]call, len(names))
	for number, name := range names {
		if row := byName[name]; row != nil {
			table[number] = *row
		}
	}
	return table
}

func families() [][]call {
	return [][]call{
		fileCalls, descriptorCalls, memoryCalls, socketCalls, ipcCalls, processCalls, mountCalls, systemCalls,
	}
}

// Numbers of calls that the supervisor has tasks make or looks for; -1 are those
// that this architecture lacks.
var (
	callFork          = linux.SyscallNumber("fork")
	callVfork         = linux.SyscallNumber("vfork")
	callClone         = linux.SyscallNumber("clone")
	callGate          = max(linux.SyscallNumber(gateCall), linux.SyscallNumber(gateCallGeneric))
	callExecve        = linux.SyscallNumber("execve")
	callSetitimer     = linux.SyscallNumber("setitimer")
	callRtSigaction   = linux.SyscallNumber("rt_sigaction")
	callRtSigprocmask = linux.SyscallNumber("rt_sigprocmask")
	callCapset        = linux.SyscallNumber("capset")
	callWrite         = linux.SyscallNumber("write")
	callWritev        = linux.SyscallNumber("writev")
	callPwrite64      = linux.SyscallNumber("pwrite64")
	callPwritev       = linux.SyscallNumber("pwritev")
	callPwritev2      = linux.SyscallNumber("pwritev2")
	callFchdir        = linux.SyscallNumber("fchdir")
	callClose         = linux.SyscallNumber("close")
	callCloseRange    = linux.SyscallNumber("close_range")
	callDup2          = linux.SyscallNumber("dup2")
	callDup3          = linux.SyscallNumber("dup3")
	callSendmsg       = linux.SyscallNumber("sendmsg")
	callMmap          = linux.SyscallNumber("mmap")
	callRecvmsg       = linux.SyscallNumber("recvmsg")
	callPrctl         = linux.SyscallNumber("prctl")
	callPersonality   = linux.SyscallNumber("personality")
	callMunmap        = linux.SyscallNumber("munmap")
	callPrlimit64     = linux.SyscallNumber("prlimit64")
	callOpenat        = linux.SyscallNumber("openat")
	callIoctl         = linux.SyscallNumber("ioctl")
	callRecvfrom      = linux.SyscallNumber("recvfrom")
)

// Calls returns the names of this architecture's calls by what becomes of them,
// for documentation and diagnosis.
func Calls() (mediated, refused, allowed []string) {
	for _, c := range rows(linux.Syscalls(linux.AuditArch)) {
		switch c.action {
		case actionNotify, actionFilter:
			mediated = append(mediated, c.name)
		case actionRefuse:
			refused = append(refused, c.name)
		case actionAllow:
			allowed = append(allowed, c.name)
		case actionUnknown:
		}
	}
	return mediated, refused, allowed
}
