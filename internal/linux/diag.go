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

// FindUnixSocket asks for the socket with an inode, in the network namespace of
// the calling thread (linux/unix_diag.h).
func FindUnixSocket(inode uint64) (UnixSocket, error) {
	const (
		sockDiagByFamily = 20
		showPeer         = 4
		peerAttribute    = 2
		listening        = 10
		header, request  = 16, 24
		answer           = 16
	)
	var found UnixSocket
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return found, err
	}
	defer Close(fd)
	ne := binary.NativeEndian
	buf := make([]byte, header+request, 4096)
	ne.PutUint32(buf, header+request)
	ne.PutUint16(buf[4:], sockDiagByFamily)
	ne.PutUint16(buf[6:], unix.NLM_F_REQUEST)
	buf[16] = unix.AF_UNIX
	ne.PutUint32(buf[20:], ^uint32(0))
	ne.PutUint32(buf[24:], uint32(inode)) //nolint:gosec // G115: such inodes have 32 bits.
	ne.PutUint32(buf[28:], showPeer)
	ne.PutUint64(buf[32:], ^uint64(0)) // any cookie
	if err := unix.Sendto(fd, buf, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return found, err
	}
	n, _, err := unix.Recvfrom(fd, buf[:cap(buf)], unix.MSG_DONTWAIT)
	if err != nil {
		return found, err
	}
	buf = buf[:n]
	if n < header+answer || ne.Uint16(buf[4:]) != sockDiagByFamily || buf[16] != unix.AF_UNIX {
		return found, errNoDiag
	}
	found.Kind, found.Listens = int(buf[17]), buf[18] == listening
	for rest := buf[header+answer:]; len(rest) >= 4; {
		size := int(ne.Uint16(rest))
		if size < 4 || size > len(rest) {
			break
		}
		if ne.Uint16(rest[2:]) == peerAttribute && size >= 8 {
			found.Peer = uint64(ne.Uint32(rest[4:]))
		}
		rest = rest[min(len(rest), (size+3)&^3):]
	}
	return found, nil
}
