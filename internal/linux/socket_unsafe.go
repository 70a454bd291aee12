package linux

import (
	"golang.org/x/sys/unix"
)

// SocketKind returns family, type and protocol of a socket, zeros for anything
// else.
func SocketKind(fd int) (family, kind, protocol int) {
	family, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	kind, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	protocol, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	return family, kind, protocol
}

// Bind binds a socket to an address in the kernel's form.
func Bind(fd int, address []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(pointer(address)), uintptr(len(address)))
	return errnoErr(errno)
}

// Connect connects a socket to an address in the kernel's form.
func Connect(fd int, address []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(pointer(address)), uintptr(len(address)))
	return errnoErr(errno)
}
