package supervisor

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// perf_event_open and bpf. What kind of event is asked for is told by memory, so
// that the supervisor opens events, with a copy. Programs for bpf are more memory
// than can be copied: its commands are values, which is what the checks are about.

// Parts of struct perf_event_attr.
const (
	perfSizeAt       = 4
	perfSampleAt     = 24
	perfFlagsAt      = 40
	perfSmallest     = 64
	perfBiggest      = 4096
	perfSampleRaw    = 1 << 10
	perfNoKernel     = 1 << 5
	perfTracepoint   = 2
	perfLastFixed    = 5
	perfFlagNoGroup  = 1
	perfFlagOutput   = 2
	perfFlagCgroup   = 4
	perfFlagCloexec  = 8
	capPerfmon       = 38
	perfWholeMachine = -1
)

func (a *actor) perfEventOpen() answer {
	attr, e := a.perfAttr()
	if e != 0 {
		return failure(e)
	}
	pid, group, flags := a.intArg(1), a.intArg(3), a.arg(4)
	if flags&^(perfFlagNoGroup|perfFlagOutput|perfFlagCgroup|perfFlagCloexec) != 0 {
		return failure(syscall.EINVAL)
	}
	perms := hooks.PerfOpen
	if binary.LittleEndian.Uint64(attr[perfFlagsAt:])&perfNoKernel == 0 {
		perms |= hooks.PerfKernel
	}
	if pid == perfWholeMachine || flags&perfFlagCgroup != 0 {
		perms |= hooks.PerfCPU
	}
	if binary.LittleEndian.Uint32(attr) == perfTracepoint && binary.LittleEndian.Uint64(attr[perfSampleAt:])&perfSampleRaw != 0 {
		perms |= hooks.PerfTracepoint
	}
	if e := a.judge(hooks.PerfOpenEvent(a.engine.auth, a.subject, perms), nil); e != 0 {
		return failure(e)
	}
	own := false
	switch {
	case flags&perfFlagCgroup != 0:
		p := &a.second.obj
		if e := a.takeFD(p, pid); e != 0 {
			return failure(e)
		}
		pid = p.fd
	case pid == 0:
		pid, own = a.task.tid, true
	case pid > 0:
		pid = a.task.number(pid)
		if e := a.inspect(pid); e != 0 {
			return failure(e)
		}
		own = a.engine.ownProcess(a.task, pid)
	}
	if group >= 0 {
		if e := a.takeFD(&a.argument, group); e != 0 {
			return failure(e)
		}
		group = a.argument.fd
	}
	return a.openEvent(attr, pid, group, flags, own)
}

// perfAttr copies what describes the event. Kinds that name something by an
// address are refused: it would be an address of the supervisor's.
func (a *actor) perfAttr() ([]byte, syscall.Errno) {
	head := make([]byte, perfSmallest)
	if e := a.read(head[:perfSizeAt+4], a.arg(0)); e != 0 {
		return nil, e
	}
	size := binary.LittleEndian.Uint32(head[perfSizeAt:])
	if size == 0 {
		size = perfSmallest
	}
	if size < perfSmallest || size > perfBiggest {
		return nil, syscall.E2BIG
	}
	attr := make([]byte, size)
	if e := a.read(attr, a.arg(0)); e != 0 {
		return nil, e
	}
	binary.LittleEndian.PutUint32(attr[perfSizeAt:], size)
	if kind := binary.LittleEndian.Uint32(attr); kind > perfLastFixed && !eventSource(kind) {
		return nil, syscall.EPERM
	}
	return attr, 0
}

// eventSource reports whether a number is that of a source of events that names
// nothing by address.
func eventSource(kind uint32) bool {
	const dir = "/sys/bus/event_source/devices/"
	names, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, name := range names {
		data, err := linux.ReadFile(dir + name.Name() + "/type")
		if err == nil && strings.TrimSpace(string(data)) == strconv.FormatUint(uint64(kind), 10) {
			return name.Name() != "kprobe" && name.Name() != "uprobe"
		}
	}
	return false
}

// openEvent opens an event with the task's credentials.
func (a *actor) openEvent(attr []byte, pid, group int, flags uint64, own bool) answer {
	cpu := a.intArg(2)
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	fd, err := linux.PerfEventOpen(attr, pid, cpu, group, flags|perfFlagCloexec)
	if errnoOf(err) == syscall.EACCES && own && a.task.cred.UID != a.engine.own.UID {
		// Whose events these are the kernel decides by real users.
		if e := a.mayMeasure(attr); e != 0 {
			return failure(e)
		}
		a.asSelf(func() { fd, err = linux.PerfEventOpen(attr, pid, cpu, group, flags|perfFlagCloexec) })
	}
	if err != nil {
		return failure(errnoOf(err))
	}
	a.fd = fd
	cloexec := uint32(0)
	if flags&perfFlagCloexec != 0 {
		cloexec = linux.OCloexec
	}
	return answer{kind: answerFD, cloexec: cloexec}
}

// mayMeasure is what the kernel asks of who measures a task of its own.
func (a *actor) mayMeasure(attr []byte) syscall.Errno {
	if a.holds(capPerfmon) && a.mayUse(capPerfmon) == 0 || a.holds(linux.CapSysAdmin) && a.mayUse(linux.CapSysAdmin) == 0 {
		return 0
	}
	paranoid := readSetting("/proc/sys/kernel/perf_event_paranoid")
	if paranoid > 2 || paranoid > 1 && binary.LittleEndian.Uint64(attr[perfFlagsAt:])&perfNoKernel == 0 ||
		binary.LittleEndian.Uint32(attr) == perfTracepoint {
		return syscall.EACCES
	}
	return 0
}

// Commands of bpf.
const (
	bpfMapCreate        = 0
	bpfProgLoad         = 5
	bpfObjGet           = 7
	bpfProgAttach       = 8
	bpfProgTestRun      = 10
	bpfProgGetFDByID    = 13
	bpfMapGetFDByID     = 14
	bpfRawTracepoint    = 17
	bpfLinkCreate       = 28
	bpfLinkUpdate       = 29
	bpfLinkGetFDByID    = 30
	bpfIterCreate       = 33
	bpfProgBindMap      = 35
	bpfTokenCreate      = 36
	bpfLastKnownCommand = 36
)

// bpf asks for what a command does to maps and programs. Those that are found by
// number or name count as the kernel's: whose they are isn't known.
func (a *actor) bpf() answer {
	own, kernel := a.subject.SID, a.engine.kernelSID()
	switch command := a.uintArg(0); command {
	case bpfMapCreate:
		return a.onBPF(own, hooks.BPFMapCreate, hooks.BPFMapRead|hooks.BPFMapWrite)
	case bpfProgLoad:
		return a.onBPF(own, hooks.BPFProgLoad, hooks.BPFProgRun)
	case bpfProgAttach, bpfProgTestRun, bpfRawTracepoint, bpfLinkCreate, bpfLinkUpdate, bpfIterCreate, bpfProgBindMap:
		return a.onBPF(own, hooks.BPFProgRun)
	case bpfMapGetFDByID:
		return a.onBPF(kernel, hooks.BPFMapRead|hooks.BPFMapWrite)
	case bpfProgGetFDByID, bpfLinkGetFDByID:
		return a.onBPF(kernel, hooks.BPFProgRun)
	case bpfObjGet:
		return a.onBPF(kernel, hooks.BPFMapRead|hooks.BPFMapWrite, hooks.BPFProgRun)
	case bpfTokenCreate:
		return failure(syscall.EPERM)
	default:
		if command > bpfLastKnownCommand {
			return failure(syscall.EINVAL)
		}
	}
	return goOn // on descriptors that the task has, or asking for numbers
}

// onBPF asks for permissions, one query after the other. What a program does in
// the kernel nobody checks any more, so that the policy must allow it in so many
// words.
func (a *actor) onBPF(target policy.SID, queries ...hooks.Perms) answer {
	for _, perms := range queries {
		if e := a.judge(hooks.BPF(a.engine.auth, a.subject, target, perms), nil); e != 0 {
			return failure(e)
		}
		if !a.engine.auth.Grants(a.subject.SID, target, hooks.ClassBPF, perms) {
			return failure(syscall.EACCES)
		}
	}
	return goOn
}
