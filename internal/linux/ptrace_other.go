//go:build !amd64

package linux

import "syscall"

// Supported reports whether programs can be supervised on this architecture.
const Supported = false

// AuditArch is the architecture in a notification of this machine's native ABI.
const AuditArch = 0

// X32Bit marks system calls of the x32 ABI.
const X32Bit = 0x40000000

// Registers are those of a stopped thread.
type Registers struct{}

// GetRegisters reads the registers of a stopped thread.
func GetRegisters(int, *Registers) error { return syscall.ENOSYS }

// SetRegisters writes them.
func SetRegisters(int, *Registers) error { return syscall.ENOSYS }

// Syscall returns the number of the call that the thread is in, negative if
// none.
func (r *Registers) Syscall() int { return -1 }

// SetSyscall changes the number at the entry to a call; -1 skips the call.
func (r *Registers) SetSyscall(int) {}

// Result returns what the call returns.
func (r *Registers) Result() int64 { return 0 }

// SetResult changes what the call returns.
func (r *Registers) SetResult(int64) {}

// Argument returns an argument of the call, counted from 0.
func (r *Registers) Argument(int) uint64 { return 0 }

// Stack returns the stack pointer.
func (r *Registers) Stack() uint64 { return 0 }

// Inject has the thread run a system call from the instruction at address as
// soon as it goes on.
func (r *Registers) Inject(uint64, int, ...uint64) {}

// Again has a thread that returns from a system call make another one in its
// place.
func (r *Registers) Again(int, ...uint64) {}

// Restart has the thread make its call again as soon as it goes on.
func (r *Registers) Restart() {}

// Restarts reports whether the registers are those of a call that was interrupted.
func (r *Registers) Restarts() bool { return false }

// Interrupted reports whether the result is that of an interrupted call.
func (r *Registers) Interrupted() bool { return false }

// SyscallInstruction is the machine code that enters the kernel.
var SyscallInstruction []byte
