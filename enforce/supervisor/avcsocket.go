package supervisor

import (
	"encoding/binary"
	"sync"
	"syscall"

	"seward/enforce/hooks"
	"seward/enforce/selinuxfs"
	"seward/internal/linux"
)

// A kernel tells by NETLINK_SELINUX of changes of its mode and policy, and message
// buses refuse to start without. Nobody but a kernel can speak there: what a
// program gets instead is one end of a local socket, with the supervisor at the
// other, and the kernel's address on what it receives from there.

// netlinkSELinux is NETLINK_SELINUX.
const netlinkSELinux = 7

// Messages of NETLINK_SELINUX (linux/selinux_netlink.h).
const (
	avcSetEnforce = 16
	avcPolicyLoad = 17
	avcGroup      = 1
)

// maxAVCSockets bounds how many of them the supervisor keeps the other ends of.
const maxAVCSockets = 1024

// avcSockets are the ends that are the supervisor's, by the inodes of the others.
type avcSockets struct {
	mu   sync.Mutex
	ends map[uint64]int
}

// open makes a socket for a program with flags of socket(2).
func (s *avcSockets) open(flags int) (int, syscall.Errno) {
	pair, err := linux.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, errnoOf(err)
	}
	own, theirs := pair[0], pair[1]
	var st linux.Statx
	err = linux.Fstat(theirs, linux.StatxBasic, &st)
	if err == nil && flags&syscall.SOCK_NONBLOCK == 0 {
		err = linux.SetStatusFlags(theirs, 0)
	}
	if err != nil {
		linux.Close(own)
		linux.Close(theirs)
		return -1, errnoOf(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ends) >= maxAVCSockets {
		s.send(nil) // finds those that nobody has any more
	}
	if len(s.ends) >= maxAVCSockets {
		linux.Close(own)
		linux.Close(theirs)
		return -1, syscall.ENOBUFS
	}
	if s.ends == nil {
		s.ends = map[uint64]int{}
	}
	s.ends[st.Ino] = own
	return theirs, 0
}

// has reports whether a socket is one of them.
func (s *avcSockets) has(st *linux.Statx) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.ends[st.Ino]
	return ok && st.Dev_major == 0
}

func (s *avcSockets) none() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ends) == 0
}

// tell sends a message to all that listen.
func (s *avcSockets) tell(kind uint16, value uint32) {
	const size = 20
	order := binary.NativeEndian
	m := order.AppendUint32(nil, size)
	m = order.AppendUint16(m, kind)
	m = append(m, make([]byte, 10)...) // flags, sequence, and the kernel's number
	m = order.AppendUint32(m, value)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(m)
}

// send gives up the sockets whose other ends are closed. Who doesn't read misses
// what there is no room for, as with the kernel. s.mu is held.
func (s *avcSockets) send(message []byte) {
	for ino, fd := range s.ends {
		var err error
		if message != nil {
			err = linux.Sendto(fd, message, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, nil)
		} else if _, hungUp, e := linux.Poll(fd, 0); e == nil && hungUp {
			err = syscall.ECONNREFUSED
		}
		if e := errnoOf(err); e == syscall.ECONNREFUSED || e == syscall.EPIPE || e == syscall.ENOTCONN {
			linux.Close(fd)
			delete(s.ends, ino)
		}
	}
}

func (s *avcSockets) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ino, fd := range s.ends {
		linux.Close(fd)
		delete(s.ends, ino)
	}
}

// tellOf sends what has changed.
func (e *engine) tellOf(c selinuxfs.Change) {
	v := e.cfg.Server.Snapshot()
	switch c {
	case selinuxfs.ChangedMode:
		enforcing := uint32(0)
		if v.Enforcing() {
			enforcing = 1
		}
		e.avcSockets.tell(avcSetEnforce, enforcing)
	case selinuxfs.ChangedPolicy, selinuxfs.ChangedBooleans:
		e.avcSockets.tell(avcPolicyLoad, v.Seqno())
	}
}

// avcSocket answers socket(2) for NETLINK_SELINUX, whose creation was allowed.
func (a *actor) avcSocket(made hooks.Labelled, class hooks.Class) answer {
	fd, e := a.engine.avcSockets.open(a.intArg(1))
	if e != 0 {
		return failure(e)
	}
	a.fd = fd
	l := socketLabel{sid: made.SID, class: class, peer: a.engine.auth.Initial(hooks.SIDUnlabeled)}
	if e := a.newSocket(fd, l); e != 0 {
		return failure(e)
	}
	return answer{kind: answerFD, cloexec: uint32(a.intArg(1) & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

// recvfrom answers who wants to know the sender, where that is the kernel: all
// others are the kernel's business.
func (a *actor) recvfrom() answer {
	s := &a.engine.avcSockets
	if s.none() || a.takeSocket() != 0 || !s.has(&a.argument.st) {
		return goOn
	}
	flags := a.intArg(3)
	buf := make([]byte, min(a.arg(2), 4096))
	n, _, err := syscall.Recvfrom(a.argument.fd, buf, flags|syscall.MSG_DONTWAIT)
	switch e := errnoOf(err); {
	case e == syscall.EAGAIN && a.mayWait(flags):
		return a.await()
	case e != 0:
		return failure(e)
	}
	if e := a.write(buf[:n], a.arg(1)); e != 0 {
		return failure(e)
	}
	order := binary.NativeEndian
	name := order.AppendUint16(nil, syscall.AF_NETLINK)
	name = append(name, make([]byte, 6)...) // and the kernel's number
	name = order.AppendUint32(name, avcGroup)
	var size [4]byte
	if e := a.read(size[:], a.arg(5)); e != 0 {
		return failure(e)
	}
	room := min(int(order.Uint32(size[:])), len(name))
	if e := a.write(name[:room], a.arg(4)); e != 0 {
		return failure(e)
	}
	order.PutUint32(size[:], uint32(len(name))) //nolint:gosec // G115: 12.
	if e := a.write(size[:], a.arg(5)); e != 0 {
		return failure(e)
	}
	return value(int64(n))
}
