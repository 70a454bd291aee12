package linux

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// UnixSocket is what the kernel tells of a socket of the local family.
type UnixSocket struct {
	// Peer is the inode of the other end, 0 if there is none or it has none yet.
	Peer uint64
	// Listens says that it accepts connections.
	Listens bool
	// Kind is SOCK_STREAM and the like.
	Kind int
}

// errNoDiag says that an answer was not the one to the question.
var errNoDiag = errors.New("no answer about a socket")

// SocketDiag asks the kernel about sockets (linux/unix_diag.h), in the network
// namespace that its first question was asked in. The zero value is ready, and
// not for concurrent use.
type SocketDiag struct {
	fd       int // a socket, and one more
	sequence uint32
}

// Close releases what questions need.
func (d *SocketDiag) Close() {
	if d.fd > 0 {
		Close(d.fd - 1)
		d.fd = 0
	}
}

// Find asks for the local socket with an inode.
func (d *SocketDiag) Find(inode uint64) (UnixSocket, error) {
	if d.fd == 0 {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
		if err != nil {
			return UnixSocket{}, err
		}
		d.fd = fd + 1
	}
	found, err := d.ask(d.fd-1, inode)
	if errors.Is(err, errNoDiag) {
		d.Close() // whatever is on its way is not for the next question
	}
	return found, err
}

const (
	diagHeader  = 16 // struct nlmsghdr
	diagRequest = 24 // struct unix_diag_req
	diagAnswer  = 16 // struct unix_diag_msg
)

func (d *SocketDiag) ask(fd int, inode uint64) (UnixSocket, error) {
	const sockDiagByFamily, showPeer = 20, 4
	d.sequence++
	ne := binary.NativeEndian
	var room [512]byte
	buf := room[:diagHeader+diagRequest]
	ne.PutUint32(buf, uint32(len(buf))) //nolint:gosec // G115: a small number.
	ne.PutUint16(buf[4:], sockDiagByFamily)
	ne.PutUint16(buf[6:], unix.NLM_F_REQUEST)
	ne.PutUint32(buf[8:], d.sequence)
	buf[16] = unix.AF_UNIX
	ne.PutUint32(buf[20:], ^uint32(0))
	ne.PutUint32(buf[24:], uint32(inode)) //nolint:gosec // G115: such inodes have 32 bits.
	ne.PutUint32(buf[28:], showPeer)
	ne.PutUint64(buf[32:], ^uint64(0)) // any cookie
	if err := unix.Sendto(fd, buf, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return UnixSocket{}, err
	}
	// The kernel has answered by now.
	n, _, err := unix.Recvfrom(fd, room[:], unix.MSG_DONTWAIT)
	if err != nil {
		return UnixSocket{}, errNoDiag
	}
	buf = room[:n]
	if n < diagHeader+4 || ne.Uint32(buf[8:]) != d.sequence {
		return UnixSocket{}, errNoDiag
	}
	if ne.Uint16(buf[4:]) == unix.NLMSG_ERROR {
		return UnixSocket{}, unix.Errno(-int32(ne.Uint32(buf[16:]))) //nolint:gosec // G115: a negative errno.
	}
	if n < diagHeader+diagAnswer || ne.Uint16(buf[4:]) != sockDiagByFamily || buf[16] != unix.AF_UNIX {
		return UnixSocket{}, errNoDiag
	}
	return readUnixSocket(buf[diagHeader:]), nil
}

// readUnixSocket reads a struct unix_diag_msg and what follows it.
func readUnixSocket(b []byte) UnixSocket {
	const peerAttribute, listening = 2, 10
	ne := binary.NativeEndian
	found := UnixSocket{Kind: int(b[1]), Listens: b[2] == listening}
	for rest := b[diagAnswer:]; len(rest) >= 4; {
		size := int(ne.Uint16(rest))
		if size < 4 || size > len(rest) {
			break
		}
		if ne.Uint16(rest[2:]) == peerAttribute && size >= 8 {
			found.Peer = uint64(ne.Uint32(rest[4:]))
		}
		rest = rest[min(len(rest), (size+3)&^3):]
	}
	return found
}
