package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ioctl gives a file a command, with a pointer to data, or none.
func Ioctl(fd int, command uint32, data []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(command), uintptr(unsafe.Pointer(unsafe.SliceData(data))))
	return errnoErr(errno)
}
