package linux

import "golang.org/x/sys/unix"

// Supported reports whether programs can be supervised on this architecture.
const Supported = true

// AuditArch is the architecture in a notification of this machine's native ABI.
const AuditArch = unix.AUDIT_ARCH_X86_64

// X32Bit marks system calls of the x32 ABI.
const X32Bit = 0x40000000

// Registers are those of a stopped thread.
type Registers struct{ r unix.PtraceRegs }

// GetRegisters reads the registers of a stopped thread.
func GetRegisters(tid int, r *Registers) error { return unix.PtraceGetRegs(tid, &r.r) }

// SetRegisters writes them.
func SetRegisters(tid int, r *Registers) error { return unix.PtraceSetRegs(tid, &r.r) }

// Syscall returns the number of the call that the thread is in, negative if
// none.
func (r *Registers) Syscall() int { return int(int64(r.r.Orig_rax)) } //nolint:gosec // G115: the kernel keeps a signed value there.

// SetSyscall changes the number at the entry to a call; -1 skips the call.
func (r *Registers) SetSyscall(n int) { r.r.Orig_rax = uint64(int64(n)) } //nolint:gosec // G115: as above.

// Result returns what the call returns.
func (r *Registers) Result() int64 { return int64(r.r.Rax) } //nolint:gosec // G115: as above.

// SetResult changes what the call returns.
func (r *Registers) SetResult(v int64) { r.r.Rax = uint64(v) } //nolint:gosec // G115: as above.

// Argument returns an argument of the call, counted from 0.
func (r *Registers) Argument(i int) uint64 {
	switch i {
	case 0:
		return r.r.Rdi
	case 1:
		return r.r.Rsi
	case 2:
		return r.r.Rdx
	case 3:
		return r.r.R10
	case 4:
		return r.r.R8
	}
	return r.r.R9
}

// Stack returns the stack pointer.
func (r *Registers) Stack() uint64 { return r.r.Rsp }

// Inject has the thread run a system call from the instruction at address as
// soon as it goes on. Whatever call it was in is forgotten.
func (r *Registers) Inject(address uint64, number int, args ...uint64) {
	r.r.Rip = address
	r.r.Rax = uint64(int64(number)) //nolint:gosec // G115: a call's number is small.
	r.r.Orig_rax = ^uint64(0)
	for i, a := range args {
		switch i {
		case 0:
			r.r.Rdi = a
		case 1:
			r.r.Rsi = a
		case 2:
			r.r.Rdx = a
		case 3:
			r.r.R10 = a
		case 4:
			r.r.R8 = a
		case 5:
			r.r.R9 = a
		}
	}
}

// Restart has the thread make its call again as soon as it goes on.
func (r *Registers) Restart() {
	r.r.Rip -= uint64(len(SyscallInstruction))
	r.r.Rax, r.r.Orig_rax = r.r.Orig_rax, ^uint64(0)
}

// SyscallInstruction is the machine code that enters the kernel.
var SyscallInstruction = []byte{0x0f, 0x05}

// Again has a thread that returns from a system call make another one in its
// place, by the same instruction.
func (r *Registers) Again(number int, args ...uint64) {
	r.Inject(r.r.Rip-uint64(len(SyscallInstruction)), number, args...)
}

// Restarts reports whether the registers are those of a call that was interrupted,
// of which the kernel has yet to decide whether it starts again.
func (r *Registers) Restarts() bool { return r.Interrupted() && r.Syscall() >= 0 }

// Interrupted reports whether the result is that of an interrupted call.
func (r *Registers) Interrupted() bool {
	const restartNoHand, restartBlock = 514, 516
	switch r.Result() {
	case -ErrRestart, -ErrRestartAlways, -restartNoHand, -restartBlock:
		return true
	}
	return false
}
