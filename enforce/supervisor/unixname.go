package supervisor

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// Whom a name of a local socket leads to, and connecting to it.

// unixTarget is a socket that was found by its name.
type unixTarget struct {
	address []byte // that the kernel finds the very same by
	sid     policy.SID
	at      localAddress
	inode   uint64 // of the socket, 0 if it is somebody's outside
	// release ends the hold on the name, if it isn't a file's.
	release func()
}

// findUnix finds the socket that an address names.
func (a *actor) findUnix(p *place, raw []byte) (unixTarget, syscall.Errno) {
	if len(raw) > sizeUnix {
		return unixTarget{}, syscall.EINVAL
	}
	if path := unixPath(raw); path != nil {
		return a.findSocketFile(path)
	}
	text := unixName(raw)
	if text == "" {
		return unixTarget{}, syscall.EINVAL
	}
	s := a.engine.sockets
	name := socketName{network: linux.SocketNetwork(p.fd), text: text}
	to := unixTarget{address: raw, sid: a.engine.kernelSID()}
	s.naming.RLock()
	to.release = s.naming.RUnlock
	if b, ok := s.owner(name); ok {
		if _, err := a.diag.Find(b.inode); err == nil || !a.inOwnNetwork(p.fd) {
			to.sid, to.at, to.inode = b.label.sid, b.at, b.inode
			return to, 0
		}
	}
	// A name that the kernel chose, or somebody's outside.
	if inode, ok := a.listedSocket(text); ok {
		if l, ok := s.byNumber(inode); ok {
			to.sid, to.inode = l.sid, inode
		}
	}
	return to, 0
}

// inOwnNetwork reports whether a socket belongs to the supervisor's network
// namespace, so that it can be asked about.
func (a *actor) inOwnNetwork(fd int) bool {
	own, err := linux.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|linux.OCloexec, 0)
	if err != nil {
		return false
	}
	defer linux.Close(own)
	return linux.SocketNetwork(own) == linux.SocketNetwork(fd)
}

// listedSocket finds the inode of a socket by a name that is no file.
func (a *actor) listedSocket(text string) (uint64, bool) {
	data, err := linux.ReadFile("/proc/" + strconv.Itoa(a.task.tid) + "/net/unix")
	if err != nil {
		return 0, false
	}
	shown := []byte(" @" + strings.ReplaceAll(text[1:], "\x00", "@") + "\n")
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, shown) {
			continue
		}
		if f := bytes.Fields(line); len(f) > netTables["unix"] {
			inode, err := strconv.ParseUint(string(f[netTables["unix"]]), 10, 64)
			return inode, err == nil
		}
	}
	return 0, false
}

// findSocketFile walks to the file of a socket.
func (a *actor) findSocketFile(path []byte) (unixTarget, syscall.Errno) {
	r := &a.first
	if e := a.resolve(r, linux.AtFDCwd, path, walkFollow); e != 0 {
		return unixTarget{}, e
	}
	switch {
	case !r.found:
		return unixTarget{}, syscall.ENOENT
	case r.obj.node != nil:
		return unixTarget{}, syscall.ECONNREFUSED
	}
	if e := a.openPlace(&r.obj); e != 0 {
		return unixTarget{}, e
	}
	if e := a.becomeTask(); e != 0 {
		return unixTarget{}, e
	}
	if err := linux.Faccessat(r.obj.fd, linux.Empty, 2, linux.AtEmptyPath|linux.AtEaccess); err != nil {
		return unixTarget{}, errnoOf(err)
	}
	i := a.inode(&r.obj)
	if e := a.judge(hooks.Permission(a.engine.auth, a.subject, &i, hooks.AccessWrite), nil); e != 0 {
		return unixTarget{}, e
	}
	if !isKind(&r.obj.st, linux.SIFSOCK) {
		return unixTarget{}, syscall.ECONNREFUSED
	}
	to := unixTarget{
		address: unixAddress(string(bytes.TrimRight(a.through(&r.obj), "\x00"))), sid: a.engine.kernelSID(),
	}
	if b, ok := a.engine.sockets.owner(socketName{file: keyOf(&r.obj.st).inodeKey}); ok {
		to.sid, to.at, to.inode = b.label.sid, b.at, b.inode
	}
	return to, 0
}

// done ends the hold on a name.
func (t *unixTarget) done() {
	if t.release != nil {
		t.release()
	}
}

// answers is the check that comes before the one for the other end's label:
// whether there is one.
func (a *actor) answers(t *unixTarget, stream bool) func() syscall.Errno {
	return func() syscall.Errno {
		if t.inode == 0 {
			return 0
		}
		found, err := a.diag.Find(t.inode)
		if errnoOf(err) == syscall.ENOENT || err == nil && stream && !found.Listens {
			return syscall.ECONNREFUSED
		}
		return 0
	}
}

// connectUnix connects a local socket to whoever has a name. While the other
// end's queue is full it tries again, so that nobody is held meanwhile.
func (a *actor) connectUnix(p *place, raw []byte) answer {
	blocking := p.flags&linux.ONonblock == 0
	end := time.Now().Add(sendTimeout(p.fd))
	for {
		got := a.tryConnectUnix(p, raw, blocking)
		if got.errno != syscall.EAGAIN || !blocking || time.Now().After(end) {
			return got
		}
		a.yield()
		if e := a.interrupted(); e != 0 {
			return failure(e)
		}
		time.Sleep(patience)
	}
}

func (a *actor) tryConnectUnix(p *place, raw []byte, blocking bool) answer {
	to, e := a.findUnix(p, raw)
	if e != 0 {
		return failure(e)
	}
	defer to.done()
	own := a.socketLabel(p)
	client := hooks.Socket{SID: own.sid, Class: own.class, Ref: p}
	other := hooks.Socket{SID: to.sid, Class: own.class, Ref: p, Name: a.unixName(raw)}
	if own.class != hooks.ClassUnixStreamSocket {
		if e := a.judge(hooks.SendUnix(a.engine.auth, &client, &other), a.answers(&to, false)); e != 0 {
			return failure(e)
		}
		got := a.performConnect(to.address)
		if got.errno == 0 {
			a.engine.sockets.connects(p.st.Ino, to.sid, a.task.tgid)
		}
		return got
	}
	if e := a.judge(hooks.ConnectUnix(a.engine.auth, &client, &other), a.answers(&to, true)); e != 0 {
		return failure(e)
	}
	s := a.engine.sockets
	s.connected(to.at, own.sid)
	// Known before the other end can ask.
	s.connects(p.st.Ino, own.peer, a.task.tgid)
	if blocking {
		// Nothing goes through the socket yet that would notice.
		if err := linux.SetStatusFlags(p.fd, p.flags|linux.ONonblock); err != nil {
			return failure(errnoOf(err))
		}
		defer func() { _ = linux.SetStatusFlags(p.fd, p.flags) }()
	}
	got := a.performConnect(to.address)
	if got.errno == 0 {
		s.connects(p.st.Ino, a.engine.withLevel(to.sid, own.sid), a.task.tgid)
	}
	return got
}

// sendTimeout returns how long a socket waits to send or to connect.
func sendTimeout(fd int) time.Duration {
	const soSndtimeo, ever = 21, 1 << 62
	var value [16]byte
	n, err := linux.SocketOption(fd, syscall.SOL_SOCKET, soSndtimeo, value[:])
	if err != nil || n != len(value) {
		return ever
	}
	d := time.Duration(binary.NativeEndian.Uint64(value[:]))*time.Second + //nolint:gosec // G115: a timeout.
		time.Duration(binary.NativeEndian.Uint64(value[8:]))*time.Microsecond //nolint:gosec // G115: as above.
	if d <= 0 {
		return ever
	}
	return d
}
