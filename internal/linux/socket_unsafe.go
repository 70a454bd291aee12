package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls on sockets take addresses, options and control messages as bytes in
// the kernel's form: they are somebody else's.

// SocketKind returns family, type and protocol of a socket, zeros for anything
// else.
func SocketKind(fd int) (family, kind, protocol int) {
	family, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	kind, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	protocol, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	return family, kind, protocol
}

// SocketType returns the type of a socket, 0 for anything else.
func SocketType(fd int) int {
	kind, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	return kind
}

// SocketCookie returns a number that no other socket has or had since the
// machine started, 0 if there is none.
func SocketCookie(fd int) uint64 {
	n, _ := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	return n
}

// SocketNetwork returns a number of the network namespace that a socket belongs
// to, 0 if the kernel doesn't tell.
func SocketNetwork(fd int) uint64 {
	n, _ := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return n
}

// SocketListens reports whether a socket accepts connections.
func SocketListens(fd int) bool {
	n, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return n != 0
}

// Socket makes a socket.
func Socket(family, kind, protocol int) (int, error) { return unix.Socket(family, kind, protocol) }

// Socketpair makes two sockets that are connected to one another.
func Socketpair(family, kind, protocol int) ([2]int, error) {
	return unix.Socketpair(family, kind, protocol)
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

// ListenSocket has a socket accept connections.
func ListenSocket(fd, backlog int) error { return unix.Listen(fd, backlog) }

// ShutdownSocket ends one or both directions of a connection.
func ShutdownSocket(fd, how int) error { return unix.Shutdown(fd, how) }

// Accept takes a connection and writes the other end's address to buf; n is the
// address' size, which may be more than fits.
func Accept(fd int, buf []byte, flags int) (accepted, n int, err error) {
	size := uint32(len(buf)) //nolint:gosec // G115: a small buffer.
	r, _, errno := unix.Syscall6(
		unix.SYS_ACCEPT4, uintptr(fd), uintptr(pointer(buf)), uintptr(unsafe.Pointer(&size)), uintptr(flags), 0, 0,
	)
	if errno != 0 {
		return -1, 0, errno
	}
	return int(r), int(size), nil
}

// SocketName writes a socket's own address to buf and returns its size.
func SocketName(fd int, buf []byte) (int, error) { return nameOf(unix.SYS_GETSOCKNAME, fd, buf) }

// PeerName writes the address of a socket's other end to buf and returns its
// size.
func PeerName(fd int, buf []byte) (int, error) { return nameOf(unix.SYS_GETPEERNAME, fd, buf) }

func nameOf(call uintptr, fd int, buf []byte) (int, error) {
	size := uint32(len(buf)) //nolint:gosec // G115: a small buffer.
	_, _, errno := unix.Syscall(call, uintptr(fd), uintptr(pointer(buf)), uintptr(unsafe.Pointer(&size)))
	return int(size), errnoErr(errno)
}

// SocketOption writes the value of an option to buf and returns its size.
func SocketOption(fd, level, option int, buf []byte) (int, error) {
	size := uint32(len(buf)) //nolint:gosec // G115: at most some kilobytes.
	_, _, errno := unix.Syscall6(
		unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(pointer(buf)), uintptr(unsafe.Pointer(&size)), 0,
	)
	return int(size), errnoErr(errno)
}

// SetSocketOption sets an option.
func SetSocketOption(fd, level, option int, value []byte) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(pointer(value)), uintptr(len(value)), 0,
	)
	return errnoErr(errno)
}

// SetSocketFilter attaches a filter of instructions of eight bytes each by an
// option that takes one.
func SetSocketFilter(fd, option int, program []byte) error {
	f := unix.SockFprog{Len: uint16(len(program) / 8), Filter: (*unix.SockFilter)(pointer(program))} //nolint:gosec // G115: the kernel's limit is 4,096.
	_, _, errno := unix.Syscall6(
		unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, uintptr(option), uintptr(unsafe.Pointer(&f)), unsafe.Sizeof(f), 0,
	)
	return errnoErr(errno)
}

// SendMessage sends data with an address and control messages, each of which may
// be empty.
func SendMessage(fd int, address, data, control []byte, flags int) (int, error) {
	var h unix.Msghdr
	var v unix.Iovec
	h.Name, h.Namelen = (*byte)(pointer(address)), uint32(len(address)) //nolint:gosec // G115: a small buffer.
	if len(address) == 0 {
		h.Name = nil
	}
	v.Base = (*byte)(pointer(data))
	v.SetLen(len(data))
	h.Iov = &v
	h.SetIovlen(1)
	if len(control) > 0 {
		h.Control = &control[0]
		h.SetControllen(len(control))
	}
	n, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&h)), uintptr(flags))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// Sendto sends data to an address.
func Sendto(fd int, data []byte, flags int, address []byte) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_SENDTO, uintptr(fd), uintptr(pointer(data)), uintptr(len(data)), uintptr(flags),
		uintptr(pointer(address)), uintptr(len(address)),
	)
	return errnoErr(errno)
}

// EnterNetwork has the calling thread make its sockets in another network
// namespace, given by a descriptor.
func EnterNetwork(fd int) error { return unix.Setns(fd, unix.CLONE_NEWNET) }

// PollOut waits until a descriptor takes more, milliseconds at most.
func PollOut(fd, milliseconds int) {
	p := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}} //nolint:gosec // G115: descriptors are small.
	_, _ = unix.Poll(p[:], milliseconds)
}
