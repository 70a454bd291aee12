package supervisor

import (
	"bytes"
	"encoding/binary"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// Sockets have labels of their own, given when they are made. The kernel keeps
// nothing for them, so that they are remembered here by inode, and by the cookie
// that tells a socket from a later one with the same inode. Sockets end unseen:
// now and then those that nobody holds are looked for and forgotten.

// socketLabel is what is known of a socket.
type socketLabel struct {
	cookie uint64
	sid    policy.SID
	// peer is the label of the other end of a connection, 0 if it isn't known.
	peer  policy.SID
	class hooks.Class
	// family and kind are the first two arguments of socket(2).
	family, kind int
	// pid is the process that connected the socket, peerPID the one that connected
	// the other end: to the kernel the supervisor did.
	pid, peerPID int
	// missing says that nobody held the socket when that was last looked at.
	missing bool
}

// socketName is what a socket of the local family is found by: its file, or its
// text in a network namespace.
type socketName struct {
	file    inodeKey
	network uint64
	text    string
}

// boundSocket is a socket that has a name.
type boundSocket struct {
	inode uint64 // of the socket
	label socketLabel
	at    localAddress
}

// listener is what is known of the sockets that listened at an address.
type listener struct {
	inode uint64     // of the last one
	sid   policy.SID // 0 if they had more than one label
	// client is the label of those that connected, mixed says that they had more
	// than one.
	client policy.SID
	mixed  bool
}

// localAddress is what a listening socket and the connections to it have in
// common.
type localAddress struct {
	network uint64
	class   hooks.Class
	text    string // the name of a local one, the port of others
}

// sockets are all sockets of the run.
type sockets struct {
	mu        sync.Mutex
	byInode   map[uint64]socketLabel
	bound     map[socketName]*boundSocket
	listening map[localAddress]listener
	limit     int // of all of them, before the next look at who is alive
	// forgotten says that listening doesn't hold all addresses any more.
	forgotten bool

	// naming is held to bind a name that is no file, and shared to find out whose
	// such a name is and use it.
	naming sync.RWMutex
}

// minSockets is how many sockets are remembered at least.
const minSockets = 4096

func newSockets() *sockets {
	return &sockets{
		byInode: map[uint64]socketLabel{}, bound: map[socketName]*boundSocket{},
		listening: map[localAddress]listener{}, limit: minSockets,
	}
}

func (s *sockets) get(inode, cookie uint64) (socketLabel, bool) {
	s.mu.Lock()
	l, ok := s.byInode[inode]
	s.mu.Unlock()
	return l, ok && l.cookie == cookie
}

// put remembers a socket, and reports that there are so many that it is time for
// a sweep.
func (s *sockets) put(inode uint64, l socketLabel) (full bool) {
	s.mu.Lock()
	s.byInode[inode] = l
	full = len(s.byInode)+len(s.bound)+len(s.listening) > s.limit
	s.mu.Unlock()
	return full
}

// byNumber returns a socket by its inode alone.
func (s *sockets) byNumber(inode uint64) (socketLabel, bool) {
	s.mu.Lock()
	l, ok := s.byInode[inode]
	s.mu.Unlock()
	return l, ok
}

// connects remembers the label of the other end of a connection, and who made it.
func (s *sockets) connects(inode uint64, peer policy.SID, pid int) {
	s.mu.Lock()
	if l, ok := s.byInode[inode]; ok {
		l.peer, l.pid = peer, pid
		s.byInode[inode] = l
	}
	s.mu.Unlock()
}

// owner returns the socket that has a name.
func (s *sockets) owner(name socketName) (boundSocket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.bound[name]; b != nil {
		return *b, true
	}
	return boundSocket{}, false
}

func (s *sockets) name(name socketName, b *boundSocket) {
	s.mu.Lock()
	s.bound[name] = b
	s.mu.Unlock()
}

// connected remembers who connected to an address.
func (s *sockets) connected(at localAddress, client policy.SID) {
	s.mu.Lock()
	if l, ok := s.listening[at]; ok {
		l.mixed = l.mixed || l.client != 0 && l.client != client
		l.client = client
		s.listening[at] = l
	}
	s.mu.Unlock()
}

// listens remembers the label of a socket that listens.
func (s *sockets) listens(at localAddress, inode uint64, sid policy.SID) {
	s.mu.Lock()
	l, ok := s.listening[at]
	if ok && l.sid != sid {
		sid = 0
	}
	l.inode, l.sid = inode, sid
	s.listening[at] = l
	s.mu.Unlock()
}

func (s *sockets) listener(at localAddress) (listener, bool) {
	s.mu.Lock()
	l, ok := s.listening[at]
	s.mu.Unlock()
	return l, ok
}

// forgetful reports whether a socket may have listened that isn't remembered.
func (s *sockets) forgetful() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forgotten
}

// socketLabel returns what is known of the socket that a place has open, finding
// it out for one that is met for the first time.
func (a *actor) socketLabel(p *place) socketLabel {
	s := a.engine.sockets
	if p.reference {
		return a.referredSocket(p)
	}
	cookie := linux.SocketCookie(p.fd)
	l, ok := s.get(p.st.Ino, cookie)
	if !ok {
		family, kind, protocol := linux.SocketKind(p.fd)
		l = a.unmetSocket(p, family, a.socketClass(family, kind, protocol))
		l.cookie, l.family, l.kind = cookie, family, kind
		s.put(p.st.Ino, l)
	}
	return l
}

// socket describes the socket that a place has open to a hook.
func (a *actor) socket(p *place) hooks.Socket {
	l := a.socketLabel(p)
	return hooks.Socket{SID: l.sid, Class: l.class, Ref: p}
}

// unmetSocket is the label of a socket that nobody saw being made: one that a
// blocking accept returned, half of a pair, one that came from outside. The first
// has the label of the socket that listened, others that of a socket which the
// task would make.
func (a *actor) unmetSocket(p *place, family int, class hooks.Class) socketLabel {
	if l, ok := a.acceptedSocket(p, family, class); ok {
		return l
	}
	owner := a.opener(p)
	l := socketLabel{class: class, sid: a.engine.auth.Initial(hooks.SIDUnlabeled)}
	if sid, err := a.engine.auth.Transition(owner, owner, class, ""); err == nil {
		l.sid = sid
	}
	if family == syscall.AF_UNIX {
		l.peer = a.pairedPeer(p, l.sid)
	}
	return l
}

// referredSocket is the label of a socket that can only be looked at from outside
// (fetch.go). One that isn't of the local family, and that nobody saw being made,
// has the class of all sockets.
func (a *actor) referredSocket(p *place) socketLabel {
	if l, ok := a.engine.sockets.byNumber(p.st.Ino); ok {
		return l
	}
	class := hooks.ClassSocket
	found, err := a.diag.Find(p.st.Ino)
	if err == nil {
		class = a.socketClass(syscall.AF_UNIX, found.Kind, 0)
	}
	owner := a.opener(p)
	l := socketLabel{class: class, sid: a.engine.auth.Initial(hooks.SIDUnlabeled)}
	if sid, err := a.engine.auth.Transition(owner, owner, class, ""); err == nil {
		l.sid = sid
	}
	return l
}

func (a *actor) socketClass(family, kind, protocol int) hooks.Class {
	return hooks.SocketClass(family, kind, protocol, a.engine.auth.Has(policy.CapExtendedSocketClass))
}

// pairedPeer is the label of the other half of a pair, which was made with this
// one unless it is known.
func (a *actor) pairedPeer(p *place, own policy.SID) policy.SID {
	var name [maxAddress]byte
	if _, err := linux.PeerName(p.fd, name[:]); err != nil {
		return a.engine.auth.Initial(hooks.SIDUnlabeled)
	}
	if found, err := a.diag.Find(p.st.Ino); err == nil && found.Peer != 0 {
		if l, ok := a.engine.sockets.byNumber(found.Peer); ok {
			return l.sid
		}
	}
	return own
}

// acceptedSocket finds the label of a socket that comes from a listening one.
func (a *actor) acceptedSocket(p *place, family int, class hooks.Class) (socketLabel, bool) {
	at, ok := localAddressOf(p.fd, family, class)
	if !ok {
		return socketLabel{}, false
	}
	var name [maxAddress]byte
	if _, err := linux.PeerName(p.fd, name[:]); err != nil {
		return socketLabel{}, false
	}
	s := a.engine.sockets
	known, ok := s.listener(at)
	if t := a.task; t != nil && t.accepted.sid != 0 && t.accepted.at == at {
		known.sid = t.accepted.sid
	} else if !ok && !s.forgetful() {
		return socketLabel{}, false
	}
	if known.sid == 0 {
		return socketLabel{class: class, sid: a.engine.auth.Initial(hooks.SIDUnlabeled)}, true
	}
	return a.connectionLabel(p, known, class), true
}

// connectionLabel is the label of a connection to a socket that listens: of a
// local one, it has the client's level.
func (a *actor) connectionLabel(p *place, known listener, class hooks.Class) socketLabel {
	l := socketLabel{class: class, sid: known.sid}
	if class != hooks.ClassUnixStreamSocket {
		return l
	}
	client := policy.SID(0)
	if found, err := a.diag.Find(p.st.Ino); err == nil && found.Peer != 0 {
		if other, ok := a.engine.sockets.byNumber(found.Peer); ok {
			client, l.peerPID = other.sid, other.pid
		} else {
			client = a.engine.kernelSID()
		}
	} else if !known.mixed {
		client = known.client // it has gone already
	}
	if client != 0 {
		l.peer = client
		l.sid = a.engine.withLevel(l.sid, client)
	}
	return l
}

// withLevel returns a label with the user, role and type of one and the level of
// another (kernel security/selinux/ss/services.c, security_sid_mls_copy).
func (e *engine) withLevel(sid, level policy.SID) policy.SID {
	if sid == level || !e.auth.Policy().MLS() {
		return sid
	}
	first := strings.SplitN(e.auth.context(sid), ":", 4)
	second := strings.SplitN(e.auth.context(level), ":", 4)
	if len(first) < 4 || len(second) < 4 {
		return sid
	}
	made, err := e.auth.SID(strings.Join(first[:3], ":") + ":" + second[3])
	if err != nil {
		return e.auth.Initial(hooks.SIDUnlabeled)
	}
	return made
}

// localAddressOf returns what a socket's address has in common with those that
// it accepts. false is for families that accept nothing, and for no address.
func localAddressOf(fd, family int, class hooks.Class) (localAddress, bool) {
	var buf [maxAddress]byte
	n, err := linux.SocketName(fd, buf[:])
	if err != nil || n < 4 || n > len(buf) {
		return localAddress{}, false
	}
	at := localAddress{network: linux.SocketNetwork(fd), class: class}
	switch family {
	case syscall.AF_UNIX:
		at.text = unixName(buf[:n])
	case syscall.AF_INET, syscall.AF_INET6:
		at.text = strconv.Itoa(int(binary.BigEndian.Uint16(buf[2:])))
	default:
		at.text = strconv.Itoa(family)
	}
	return at, at.text != ""
}

// unixName returns the name in a struct sockaddr_un: a path without its end, or
// a NUL and what follows. It is empty where there is none.
func unixName(raw []byte) string {
	if len(raw) <= 2 {
		return ""
	}
	if raw[2] == 0 {
		return string(raw[2:])
	}
	name, _, _ := bytes.Cut(raw[2:], []byte{0})
	return string(name)
}

// sweepSockets forgets the sockets that nobody has held for two looks. One may be
// on its way between two processes, or not be given to its own yet.
func (e *engine) sweepSockets() {
	alive := map[uint64]bool{}
	networks := map[string]bool{}
	e.tasks.each(func(t *task) {
		if t.tid == t.tgid {
			heldSockets(t.tid, alive)
			netSockets(t.tid, networks, alive)
		}
	})
	s := e.sockets
	s.mu.Lock()
	defer s.mu.Unlock()
	for inode, l := range s.byInode {
		switch {
		case alive[inode]:
			l.missing = false
		case l.missing:
			delete(s.byInode, inode)
			continue
		default:
			l.missing = true
		}
		s.byInode[inode] = l
	}
	for name, b := range s.bound {
		if _, ok := s.byInode[b.inode]; !ok {
			delete(s.bound, name)
		}
	}
	if len(s.listening) > minSockets {
		for at, l := range s.listening {
			if _, ok := s.byInode[l.inode]; !ok {
				delete(s.listening, at)
				s.forgotten = true
			}
		}
	}
	s.limit = max(minSockets, 2*(len(s.byInode)+len(s.bound)+len(s.listening)))
}

// heldSockets adds the sockets that a process has open.
func heldSockets(pid int, alive map[uint64]bool) {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	names, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, name := range names {
		link, err := os.Readlink(dir + "/" + name.Name())
		if err != nil {
			continue
		}
		if number, ok := strings.CutPrefix(link, "socket:["); ok {
			if inode, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64); err == nil {
				alive[inode] = true
			}
		}
	}
}

// netTables are the files that list sockets, and the column that has their
// inodes.
var netTables = map[string]int{
	"unix": 6, "tcp": 9, "tcp6": 9, "udp": 9, "udp6": 9, "raw": 9, "raw6": 9, "netlink": 9, "packet": 8,
}

// netSockets adds the sockets of a process' network namespace, those among them
// that are on their way from one process to another.
func netSockets(pid int, done map[string]bool, alive map[uint64]bool) {
	dir := "/proc/" + strconv.Itoa(pid)
	network, err := os.Readlink(dir + "/ns/net")
	if err != nil || done[network] {
		return
	}
	done[network] = true
	for table, column := range netTables {
		data, err := linux.ReadFile(dir + "/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if f := strings.Fields(line); len(f) > column {
				if inode, err := strconv.ParseUint(f[column], 10, 64); err == nil {
					alive[inode] = true
				}
			}
		}
	}
}
