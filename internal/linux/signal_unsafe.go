package linux

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelAction is the kernel's struct sigaction, of which the architectures that
// Go knows agree on the first two fields (but for MIPS) and on no more than the
// size.
type kernelAction struct {
	handler uintptr
	flags   uintptr
	rest    [16]uintptr
}

const signalSetSize = 8

// QuietStops has the process hear of the ends of its children and not of the
// stops of those that it traces: each would interrupt one of Go's threads. The
// returned function undoes it.
func QuietStops() (restore func(), err error) {
	const noChildStop = 1 // SA_NOCLDSTOP
	var before kernelAction
	if err := signalAction(syscall.SIGCHLD, nil, &before); err != nil {
		return nil, err
	}
	after := before
	after.flags |= noChildStop
	if err := signalAction(syscall.SIGCHLD, &after, nil); err != nil {
		return nil, err
	}
	return func() {
		var now kernelAction
		if signalAction(syscall.SIGCHLD, nil, &now) == nil && now == after {
			_ = signalAction(syscall.SIGCHLD, &before, nil)
		}
	}, nil
}

func signalAction(sig syscall.Signal, action, old *kernelAction) error {
	_, _, errno := unix.RawSyscall6(
		unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(action)), uintptr(unsafe.Pointer(old)), signalSetSize, 0, 0,
	)
	return errnoErr(errno)
}
