package supervisor

import (
	"encoding/binary"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Messages to the kernel over netlink: each is of a type that the policy may or
// may not allow.

const (
	netlinkHeader      = 16 // struct nlmsghdr
	sizeNetlinkAddress = 12 // struct sockaddr_nl
)

// checkedMessages reports whether a class of sockets has messages that are
// checked.
func checkedMessages(class hooks.Class) bool {
	switch class {
	case hooks.ClassNetlinkRouteSocket, hooks.ClassNetlinkTCPDiagSocket, hooks.ClassNetlinkXFRMSocket,
		hooks.ClassNetlinkAuditSocket:
		return true
	}
	return false
}

// allMessages reports whether the task may send any message by a socket, so that
// it doesn't matter which.
func (a *actor) allMessages(l socketLabel) bool {
	if !checkedMessages(l.class) {
		return true
	}
	k := hooks.Socket{SID: l.sid, Class: l.class}
	return hooks.AnyNetlinkMessage(a.engine.auth, a.subject, &k)
}

// sendNetlink sends messages that were looked at. Who may send any message gains
// nothing by changing one after that, so that it sends itself: some messages mean
// the sender's process or descriptors.
func (a *actor) sendNetlink(s *sender, m *outgoing, data []byte) (int, syscall.Errno) {
	if e := a.checkMessages(s.p, s.label, data); e != 0 {
		return 0, e
	}
	if s.single && a.alone() && a.allMessages(s.label) {
		return 0, errSelf
	}
	if e := a.bindOwn(s.p); e != 0 {
		return 0, e
	}
	return a.transmit(s, m.address, data, m.control)
}

// checkMessages asks about each message, as far as their lengths make sense
// (kernel security/selinux/hooks.c, selinux_netlink_send).
func (a *actor) checkMessages(p *place, l socketLabel, data []byte) syscall.Errno {
	if !checkedMessages(l.class) {
		return 0
	}
	k := hooks.Socket{SID: l.sid, Class: l.class, Ref: p}
	for len(data) >= netlinkHeader {
		size := int(binary.NativeEndian.Uint32(data))
		if size < netlinkHeader || size > len(data) {
			return 0
		}
		kind := binary.NativeEndian.Uint16(data[4:])
		if e := a.judge(hooks.NetlinkMessage(a.engine.auth, a.subject, &k, kind), nil); e != 0 {
			return e
		}
		data = data[min((size+3)&^3, len(data)):]
	}
	return 0
}

// bindOwn gives a netlink socket that has no number yet the task's: the kernel
// would give it the supervisor's.
func (a *actor) bindOwn(p *place) syscall.Errno {
	var name [maxAddress]byte
	n, err := linux.SocketName(p.fd, name[:])
	if err != nil || n < sizeNetlinkAddress || binary.NativeEndian.Uint32(name[4:]) != 0 {
		return errnoOf(err)
	}
	raw := make([]byte, sizeNetlinkAddress)
	binary.NativeEndian.PutUint16(raw, syscall.AF_NETLINK)
	return a.performBindOf(p, raw).errno
}
