package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Calls on the machine, performed for somebody else with copies of what their
// pointers lead to.

// TimexSize is the size of struct timex.
const TimexSize = int(unsafe.Sizeof(unix.Timex{}))

// ClockAdjtime performs clock_adjtime on a struct timex.
func ClockAdjtime(clock int, timex []byte) (int, error) {
	return ipcResult(unix.Syscall(unix.SYS_CLOCK_ADJTIME, uintptr(clock), uintptr(pointer(timex)), 0))
}

// PerfEventOpen performs perf_event_open.
func PerfEventOpen(attr []byte, pid, cpu, group int, flags uint64) (int, error) {
	return ipcResult(unix.Syscall6(
		unix.SYS_PERF_EVENT_OPEN, uintptr(pointer(attr)), uintptr(pid), uintptr(cpu), uintptr(group), uintptr(flags), 0,
	))
}

// FinitModule loads a module from a descriptor.
func FinitModule(fd int, parameters Name, flags int) error {
	_, _, errno := unix.Syscall(
		unix.SYS_FINIT_MODULE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(parameters))), uintptr(flags),
	)
	return errnoErr(errno)
}

// KexecFileLoad loads a kernel from descriptors. The command line ends with a
// NUL.
func KexecFileLoad(kernel, initrd int, line []byte, flags uint64) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_KEXEC_FILE_LOAD, uintptr(kernel), uintptr(initrd), uintptr(len(line)), uintptr(pointer(line)),
		uintptr(flags), 0,
	)
	return errnoErr(errno)
}

// Swapon has the kernel swap to a file.
func Swapon(name Name, flags int) error {
	_, _, errno := unix.Syscall(unix.SYS_SWAPON, uintptr(unsafe.Pointer(unsafe.SliceData(name))), uintptr(flags), 0)
	return errnoErr(errno)
}

// Swapoff ends swapping to a file.
func Swapoff(name Name) error {
	_, _, errno := unix.Syscall(unix.SYS_SWAPOFF, uintptr(unsafe.Pointer(unsafe.SliceData(name))), 0, 0)
	return errnoErr(errno)
}

// Acct has the kernel write process accounting to a file, or end it: nil.
func Acct(name Name) error {
	_, _, errno := unix.Syscall(unix.SYS_ACCT, uintptr(unsafe.Pointer(unsafe.SliceData(name))), 0, 0)
	return errnoErr(errno)
}

// QuotactlFD performs quotactl on the filesystem of a descriptor.
func QuotactlFD(fd int, command, id uint32, data []byte) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_QUOTACTL_FD, uintptr(fd), uintptr(command), uintptr(id), uintptr(pointer(data)), 0, 0,
	)
	return errnoErr(errno)
}
