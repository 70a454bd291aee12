package linux

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Options of a traced thread.
const (
	TraceExitKill   = unix.PTRACE_O_EXITKILL
	TraceExec       = unix.PTRACE_O_TRACEEXEC
	TraceFork       = unix.PTRACE_O_TRACEFORK
	TraceVfork      = unix.PTRACE_O_TRACEVFORK
	TraceClone      = unix.PTRACE_O_TRACECLONE
	TraceSyscallBit = unix.PTRACE_O_TRACESYSGOOD
)

// Events that stop a traced thread.
const (
	EventFork  = unix.PTRACE_EVENT_FORK
	EventVfork = unix.PTRACE_EVENT_VFORK
	EventClone = unix.PTRACE_EVENT_CLONE
	EventExec  = unix.PTRACE_EVENT_EXEC
	EventStop  = unix.PTRACE_EVENT_STOP
)

func ptrace(request, tid int, address, data uintptr) error {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), address, data, 0, 0)
	return errnoErr(errno)
}

// Seize starts to trace a thread without stopping it. All further calls about it
// come from the same thread of the tracer.
func Seize(tid, options int) error { return ptrace(unix.PTRACE_SEIZE, tid, 0, uintptr(options)) }

// Cont lets a stopped thread go on, delivering a signal unless 0.
func Cont(tid int, signal syscall.Signal) error {
	return ptrace(unix.PTRACE_CONT, tid, 0, uintptr(signal))
}

// ContSyscall is Cont up to the next entry to or exit from a system call.
func ContSyscall(tid int, signal syscall.Signal) error {
	return ptrace(unix.PTRACE_SYSCALL, tid, 0, uintptr(signal))
}

// Listen leaves a thread in its group stop and goes on hearing from it.
func Listen(tid int) error { return ptrace(unix.PTRACE_LISTEN, tid, 0, 0) }

// Interrupt stops a running thread.
func Interrupt(tid int) error { return ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0) }

// Detach lets a stopped thread go untraced, delivering a signal unless 0.
func Detach(tid int, signal syscall.Signal) error {
	return ptrace(unix.PTRACE_DETACH, tid, 0, uintptr(signal))
}

// EventMessage returns the number that goes with an event: the new thread's, or
// at exec the one that the thread had before.
func EventMessage(tid int) (uint64, error) {
	var message uintptr
	_, _, errno := unix.Syscall6(
		unix.SYS_PTRACE, unix.PTRACE_GETEVENTMSG, uintptr(tid), 0, uintptr(unsafe.Pointer(&message)), 0, 0,
	)
	return uint64(message), errnoErr(errno)
}

// WaitTraced waits for a change of a thread that the calling thread traces or of
// a child that it started; others of the process are left alone.
func WaitTraced(tid int, status *WaitStatus, flags int) (int, error) {
	for {
		got, err := unix.Wait4(tid, status, unix.WALL|unix.WNOTHREAD|flags, nil)
		if err != unix.EINTR { //nolint:errorlint // Wait4 returns a bare Errno.
			return got, err
		}
	}
}

// NoHang makes WaitTraced return 0 instead of waiting.
const NoHang = unix.WNOHANG

// AtSyscallEntry reports whether a thread that stopped at a system call is about
// to enter it, not leave it.
func AtSyscallEntry(tid int) (bool, error) {
	const getSyscallInfo, entry, size = 0x420e, 1, 88
	var info [size]byte
	_, _, errno := unix.Syscall6(
		unix.SYS_PTRACE, getSyscallInfo, uintptr(tid), size, uintptr(unsafe.Pointer(&info[0])), 0, 0,
	)
	return info[0] == entry, errnoErr(errno)
}
