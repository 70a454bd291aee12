package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Flags of messages.
const (
	MsgPeek       = unix.MSG_PEEK
	MsgOOB        = unix.MSG_OOB
	MsgTrunc      = unix.MSG_TRUNC
	MsgCtrunc     = unix.MSG_CTRUNC
	MsgWaitall    = unix.MSG_WAITALL
	MsgDontwait   = unix.MSG_DONTWAIT
	MsgErrqueue   = unix.MSG_ERRQUEUE
	MsgWaitforone = unix.MSG_WAITFORONE
	MsgCloexec    = unix.MSG_CMSG_CLOEXEC
)

// Message is what is received at once.
type Message struct {
	Name, Data, Control []byte // as much as was received, in the buffers that were given
	NameLength          int    // of the address, which may be longer than its buffer
	Flags               int
}

// Receive fills the buffers of a message from a socket and returns how long the
// data is, which with MSG_TRUNC may be more than there is room for.
func (m *Message) Receive(fd, flags int) (int, error) {
	var h unix.Msghdr
	if len(m.Name) > 0 {
		h.Name, h.Namelen = &m.Name[0], uint32(len(m.Name)) //nolint:gosec // G115: at most an address.
	}
	var v unix.Iovec
	if len(m.Data) > 0 {
		v.Base = &m.Data[0]
	}
	v.SetLen(len(m.Data))
	h.Iov = &v
	h.SetIovlen(1)
	if len(m.Control) > 0 {
		h.Control = &m.Control[0]
	}
	h.SetControllen(len(m.Control))
	n, _, errno := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&h)), uintptr(flags))
	if errno != 0 {
		return 0, errno
	}
	m.NameLength = int(h.Namelen)
	m.Name = m.Name[:min(len(m.Name), m.NameLength)]
	m.Control = m.Control[:min(len(m.Control), int(h.Controllen))] //nolint:gosec // G115: at most what was given.
	m.Flags = int(h.Flags)
	return int(n), nil
}

// Socket families.
const (
	FamilyUnix = unix.AF_UNIX
)

// SocketFamily returns the family of a socket, -1 for anything else.
func SocketFamily(fd int) int {
	family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return -1
	}
	return family
}

// PeekOffset returns where a socket's MSG_PEEK looks, -1 for the beginning.
func PeekOffset(fd int) int {
	offset, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEEK_OFF)
	if err != nil {
		return -1
	}
	return offset
}

// Queued returns how many bytes a socket has to read, for datagrams in the first
// one.
func Queued(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return n
}

// Range is memory of another process.
type Range struct {
	Address, Size uint64
}

// Scatter writes bytes of the caller to ranges of a process' memory, one after
// the other, as far as the process itself could. It returns how many it wrote.
func Scatter(pid int, data []byte, to []Range) (int, error) {
	const atOnce = 1024 // IOV_MAX
	done := 0
	for len(to) > 0 && len(data) > 0 {
		some := to[:min(len(to), atOnce)]
		to = to[len(some):]
		remote := make([]unix.RemoteIovec, len(some))
		total := uint64(0)
		for i, r := range some {
			remote[i] = unix.RemoteIovec{Base: uintptr(r.Address), Len: int(r.Size)} //nolint:gosec // G115: checked by who made the range.
			total += r.Size
		}
		part := data[:min(uint64(len(data)), total)]
		if len(part) == 0 {
			continue
		}
		local := []unix.Iovec{{Base: &part[0]}}
		local[0].SetLen(len(part))
		n, err := unix.ProcessVMWritev(pid, local, remote, 0)
		done += max(n, 0)
		if err != nil || n < len(part) {
			return done, err
		}
		data = data[n:]
	}
	return done, nil
}

// AddFD gives the caller of a notification a copy of a descriptor and returns
// its number there. The call goes on waiting for its answer.
func (l Listener) AddFD(id uint64, fd int, cloexec uint32) (int, error) {
	a := addFD{id: id, source: uint32(fd), descriptor: cloexec} //nolint:gosec // G115: descriptors are positive.
	n, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(l.FD), ioctlAddFD, uintptr(unsafe.Pointer(&a)))
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
