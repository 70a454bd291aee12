package supervisor

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// bind and connect. The kernel gets the socket that was looked at here and a copy
// of the address: either could be another by then.

// maxAddress is the size of struct sockaddr_storage.
const maxAddress = 128

// copyAddress copies a socket address from the task.
func (a *actor) copyAddress(at uint64, size int) ([]byte, syscall.Errno) {
	if size < 0 || size > maxAddress {
		return nil, syscall.EINVAL
	}
	raw := make([]byte, size)
	if size > 0 {
		if e := a.read(raw, at); e != 0 {
			return nil, e
		}
	}
	a.givenAddress = raw
	return raw, 0
}

// familyIn returns the family that an address says it is of.
func familyIn(raw []byte) int {
	if len(raw) < 2 {
		return -1
	}
	return int(binary.NativeEndian.Uint16(raw))
}

// unixPath returns the path in an address of a local socket, nil if it has none.
func unixPath(raw []byte) []byte {
	if familyIn(raw) != syscall.AF_UNIX {
		return nil
	}
	if name := unixName(raw); name != "" && name[0] != 0 {
		return []byte(name)
	}
	return nil
}

// unixAddress makes a struct sockaddr_un.
func unixAddress(path string) []byte {
	raw := binary.NativeEndian.AppendUint16(nil, syscall.AF_UNIX)
	return append(append(raw, path...), 0)
}

const (
	sizeInet  = 16 // of struct sockaddr_in
	sizeInet6 = 24 // of struct sockaddr_in6 without its last field, which may be missing
	sizeUnix  = 110
)

// inetAddress describes an Internet address to a hook. unspecified is what
// family AF_UNSPEC stands for.
func (a *actor) inetAddress(p *place, raw []byte) (*hooks.InetAddress, []byte, syscall.Errno) {
	var ip []byte
	switch familyIn(raw) {
	case syscall.AF_INET, syscall.AF_UNSPEC:
		if len(raw) < sizeInet {
			return nil, nil, syscall.EINVAL
		}
		ip = raw[4:8]
	case syscall.AF_INET6:
		if len(raw) < sizeInet6 {
			return nil, nil, syscall.EINVAL
		}
		ip = raw[8:24]
	default:
		return nil, nil, syscall.EAFNOSUPPORT
	}
	_, _, protocol := linux.SocketKind(p.fd)
	port := binary.BigEndian.Uint16(raw[2:])
	text := ""
	if any, ok := netip.AddrFromSlice(ip); ok && !any.IsUnspecified() {
		text = any.String()
	}
	return &hooks.InetAddress{
		Address: text, Port: port, PortSID: a.portLabel(protocol, port), NodeSID: a.engine.auth.server.Node(ip),
	}, ip, 0
}

// portLabel is the label of a port. The kernel looks at a byte of the protocol,
// which makes MPTCP what TCP is (kernel security/selinux/netport.c).
func (a *actor) portLabel(protocol int, port uint16) policy.SID {
	return a.engine.auth.server.Port(uint8(protocol&0xff), port) //nolint:gosec // G115: the byte that is meant.
}

// ephemeral reports whether a port is one of those that the kernel hands out by
// itself.
func ephemeral(port uint16) bool {
	const settings = "/proc/sys/net/ipv4/"
	if data, err := linux.ReadFile(settings + "ip_unprivileged_port_start"); err == nil {
		if start, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil && int(port) < start {
			return false
		}
	}
	data, err := linux.ReadFile(settings + "ip_local_port_range")
	f := strings.Fields(string(data))
	if err != nil || len(f) != 2 {
		return false
	}
	low, err1 := strconv.Atoi(f[0])
	high, err2 := strconv.Atoi(f[1])
	return err1 == nil && err2 == nil && low <= int(port) && int(port) <= high
}

// bound describes the address of a bind to a hook, as the kernel reads it for the
// socket's family (kernel security/selinux/hooks.c, selinux_socket_bind). nil is
// for other families.
func (a *actor) bindAddress(p *place, family int, raw []byte) (*hooks.InetAddress, syscall.Errno) {
	if family != syscall.AF_INET && family != syscall.AF_INET6 {
		return nil, 0
	}
	if len(raw) < 2 {
		return nil, syscall.EINVAL
	}
	address, ip, e := a.inetAddress(p, raw)
	if e != 0 {
		return nil, e
	}
	if familyIn(raw) == syscall.AF_UNSPEC {
		switch {
		case family == syscall.AF_INET6 && len(raw) < sizeInet6:
			return nil, syscall.EINVAL
		case family == syscall.AF_INET6, !bytes.Equal(ip, make([]byte, 4)):
			return nil, syscall.EAFNOSUPPORT
		}
	}
	address.Ephemeral = address.Port != 0 && ephemeral(address.Port)
	return address, 0
}

func (a *actor) bind() answer {
	if e := a.takeSocket(); e != 0 {
		return failure(e)
	}
	raw, e := a.copyAddress(a.arg(1), a.intArg(2))
	if e != 0 {
		return failure(e)
	}
	p := &a.argument
	k := a.socket(p)
	family := a.socketLabel(p).family
	// The permission for the socket comes before what is wrong with the address.
	address, wrong := a.bindAddress(p, family, raw)
	if e := a.judge(hooks.BindSocket(a.engine.auth, a.subject, &k, address), nil); e != 0 {
		return failure(e)
	}
	if wrong != 0 {
		return failure(wrong)
	}
	switch {
	case pointsElsewhere(family):
		return a.letThrough()
	case a.engine.avcSockets.has(&p.st):
		return value(0) // there is one group, and it is in it
	case family == syscall.AF_UNIX:
		return a.bindUnix(p, raw)
	}
	return a.performBind(raw)
}

// pointsElsewhere tells the families in whose addresses there are numbers of
// descriptors, which mean the caller's.
func pointsElsewhere(family int) bool { return family == afPPPoX || family == afXDP }

const (
	afPPPoX = 24
	afXDP   = 44
)

// letThrough has the kernel perform a call on a socket that was checked by
// nothing but its label, if it can't be another by then.
func (a *actor) letThrough() answer {
	if a.alone() {
		return goOn
	}
	return failure(syscall.EACCES)
}

// performBind binds with the task's credentials, which ports below 1024 and
// some families ask for.
func (a *actor) performBind(raw []byte) answer { return a.performBindOf(&a.argument, raw) }

func (a *actor) performBindOf(p *place, raw []byte) answer {
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	if len(raw) >= 8 && familyIn(raw) == syscall.AF_NETLINK && binary.NativeEndian.Uint32(raw[4:]) == 0 {
		// The kernel would take the number of the process that binds: it is to be
		// the task's.
		own := append([]byte(nil), raw...)
		binary.NativeEndian.PutUint32(own[4:], uint32(a.task.tgid)) //nolint:gosec // G115: a process number.
		if err := linux.Bind(p.fd, own); errnoOf(err) != syscall.EADDRINUSE {
			return result(errnoOf(err))
		}
	}
	return result(errnoOf(linux.Bind(p.fd, raw)))
}

// bindUnix gives a local socket a name.
func (a *actor) bindUnix(p *place, raw []byte) answer {
	s := a.engine.sockets
	if len(raw) > sizeUnix {
		return failure(syscall.EINVAL)
	}
	path := unixPath(raw)
	label := a.socketLabel(p)
	if path == nil {
		s.naming.Lock()
		defer s.naming.Unlock()
		if e := a.performBind(raw); e.errno != 0 {
			return e
		}
		if at, ok := localAddressOf(p.fd, syscall.AF_UNIX, label.class); ok {
			s.name(socketName{network: at.network, text: at.text}, &boundSocket{p.st.Ino, label, at})
		}
		return value(0)
	}
	r := &a.first
	e := a.makeAt(r, linux.AtFDCwd, path, hooks.ClassSockFile, func(r *resolution) error {
		return a.bindName(p.fd, r, path)
	})
	switch e {
	case 0:
		at, _ := localAddressOf(p.fd, syscall.AF_UNIX, label.class)
		s.name(socketName{file: keyOf(&r.obj.st).inodeKey}, &boundSocket{p.st.Ino, label, at})
	case syscall.EEXIST:
		e = syscall.EADDRINUSE
	}
	return result(e)
}

// bindName binds a socket to a name in the directory that was checked. The
// socket remembers the text it is bound by and shows it to others, so that it
// has to be the program's own where that leads to the same place.
func (a *actor) bindName(socket int, r *resolution, path []byte) error {
	if err := linux.Fchdir(r.dir.fd); err != nil {
		return err
	}
	defer func() { _ = linux.Fchdir(a.engine.root.fd) }()
	if name := r.bare(); string(path) == name {
		return linux.Bind(socket, unixAddress(name))
	}
	if path[0] == '/' && a.task.fs.root == nil {
		// The name in full, if it still leads into the same directory.
		var st linux.Statx
		dir := append([]byte(nil), path...)
		dir = dir[:bytes.LastIndexByte(bytes.TrimRight(dir, "/"), '/')+1]
		if linux.Stat(linux.AtFDCwd, append(linux.Name(dir), 0), 0, walkMask, &st) == nil &&
			keyOf(&st) == keyOf(&r.dir.st) {
			return linux.Bind(socket, unixAddress(string(path)))
		}
	}
	return linux.Bind(socket, unixAddress(r.bare()))
}

// connect performs the call on the task's own socket, with the copied address.
// One with a path is connected to the very object that was checked.
func (a *actor) connect() answer {
	if e := a.takeSocket(); e != 0 {
		return failure(e)
	}
	raw, e := a.copyAddress(a.arg(1), a.intArg(2))
	if e != 0 {
		return failure(e)
	}
	return a.connectTo(raw)
}

func (a *actor) connectTo(raw []byte) answer {
	p := &a.argument
	family := a.socketLabel(p).family
	if e := a.mayConnect(p, raw); e != 0 {
		return failure(e)
	}
	switch {
	case pointsElsewhere(family):
		return a.letThrough()
	case family == syscall.AF_UNIX && familyIn(raw) == syscall.AF_UNIX:
		return a.connectUnix(p, raw)
	case family == syscall.AF_UNIX, family == syscall.AF_NETLINK, family == syscall.AF_PACKET,
		p.flags&linux.ONonblock != 0, a.socketLabel(p).kind == syscall.SOCK_DGRAM:
		return a.performConnect(raw) // never waits
	}
	return a.connectRemote(raw)
}

// mayConnect asks what the kernel asks before it looks for the other end (kernel
// security/selinux/hooks.c, selinux_socket_connect_helper).
func (a *actor) mayConnect(p *place, raw []byte) syscall.Errno {
	k := a.socket(p)
	var address *hooks.InetAddress
	var wrong syscall.Errno
	switch {
	case len(raw) < 2:
		wrong = syscall.EINVAL
	case familyIn(raw) == syscall.AF_UNSPEC:
	case k.Class == hooks.ClassTCPSocket, k.Class == hooks.ClassSCTPSocket, k.Class == hooks.ClassDCCPSocket:
		if address, _, wrong = a.inetAddress(p, raw); wrong == syscall.EAFNOSUPPORT && k.Class == hooks.ClassSCTPSocket {
			wrong = syscall.EINVAL
		}
	}
	if e := a.judge(hooks.ConnectSocket(a.engine.auth, a.subject, &k, address), nil); e != 0 {
		return e
	}
	return wrong
}

// performConnect connects with the task's credentials, as the other end will see
// them.
func (a *actor) performConnect(raw []byte) answer {
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.Connect(a.argument.fd, raw)))
}

// connectRemote connects a socket of a family whose peers may take minutes to
// answer, with the kernel's rules for calls that a signal ends: the connection
// goes on being made, and the call starts again or fails with EINTR.
func (a *actor) connectRemote(raw []byte) answer {
	fd, err := linux.Dup(a.argument.fd)
	if err != nil {
		return failure(errnoOf(err))
	}
	a.yield()
	done := make(chan error, 1)
	go func() {
		err := linux.Connect(fd, raw)
		linux.Close(fd)
		done <- err
	}()
	for {
		select {
		case err := <-done:
			return result(errnoOf(err))
		case <-time.After(patience):
		}
		if e := a.interrupted(); e != 0 {
			return failure(e)
		}
	}
}
