package supervisor

import (
	"encoding/binary"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// The calls that send to an address. To whom a message goes lies in memory, so
// that where it matters (datagrams to local names, messages to the kernel) what
// is sent is a copy, by the supervisor, to the very socket that was checked. What
// other sockets send is the kernel's business, unless another thread could put
// another socket in the place of the one that was looked at.

const (
	msgNosignal = 0x4000
	msgZerocopy = 0x4000000
	msgFastopen = 0x20000000

	scmCredentials = 2
	maxDatagram    = 1 << 24
	atOnce         = 1 << 18 // of a stream
)

// filterSendto lets through what is sent to where the socket is connected.
func filterSendto(a *linux.Assembler) {
	note := a.Label()
	a.LoadArgument(4)
	a.JumpEqual(0, linux.Next, note)
	a.LoadArgumentHigh(4)
	a.JumpEqual(0, linux.Next, note)
	a.Return(linux.SeccompAllow)
	a.Place(note)
	a.Return(linux.SeccompNotify)
}

// sender is a socket that something is sent by.
type sender struct {
	p        *place
	label    socketLabel
	family   int
	kind     int
	blocking bool
	flags    int
	single   bool // the call is for one message
}

// outgoing is a message that is being sent.
type outgoing struct {
	address []byte // nil for where the socket is connected
	parts   []linux.Range
	size    uint64
	control []byte
}

// takeSender fetches the socket and checks that the task may send by it.
func (a *actor) takeSender(flags int) (*sender, syscall.Errno) {
	if e := a.useSocket(hooks.SocketOpSend); e != 0 {
		return nil, e
	}
	p := &a.argument
	l := a.socketLabel(p)
	return &sender{
		p: p, label: l, family: l.family, kind: l.kind,
		blocking: p.flags&linux.ONonblock == 0 && flags&linux.MsgDontwait == 0, flags: flags,
		single: a.entry.name != "sendmmsg",
	}, 0
}

// kernelSends reports whether nothing depends on what the message says and the
// socket can't be another by the time that the kernel sends.
func (a *actor) kernelSends(s *sender) bool {
	switch {
	case !a.alone():
		return false
	case s.family == syscall.AF_UNIX:
		return s.kind != syscall.SOCK_DGRAM
	case s.family == syscall.AF_NETLINK:
		return !checkedMessages(s.label.class)
	case s.label.class == hooks.ClassTCPSocket:
		return s.flags&msgFastopen == 0
	}
	return true
}

func (a *actor) sendto() answer {
	s, e := a.takeSender(a.intArg(3))
	if e != 0 {
		return failure(e)
	}
	if a.kernelSends(s) {
		return goOn
	}
	m := outgoing{size: min(a.arg(2), maxTransfer)}
	m.parts = []linux.Range{{Address: a.arg(1), Size: m.size}}
	if m.address, e = a.copyAddress(a.arg(4), a.intArg(5)); e != 0 {
		return failure(e)
	}
	return sentBy(a.sendOne(s, &m))
}

// errSelf says that a message was found good and is for the kernel to send.
const errSelf = syscall.Errno(1 << 16)

// sentBy is the answer to a call that sent one message.
func sentBy(n int, e syscall.Errno) answer {
	switch e {
	case 0:
		return value(int64(n))
	case errSelf:
		return goOn
	}
	return failure(e)
}

func (a *actor) sendmsg() answer {
	s, e := a.takeSender(a.intArg(2))
	if e != 0 {
		return failure(e)
	}
	if a.kernelSends(s) {
		// What another process puts there meanwhile has nobody's label, which only
		// makes it harder to receive.
		if s.family == syscall.AF_UNIX {
			a.noteMessage(a.arg(1))
		}
		return goOn
	}
	return sentBy(a.sendFrom(s, a.arg(1)))
}

func (a *actor) sendmmsg() answer {
	s, e := a.takeSender(a.intArg(3))
	if e != 0 {
		return failure(e)
	}
	count := min(a.uintArg(2), maxVector)
	if a.kernelSends(s) {
		for i := range uint64(count) {
			if s.family == syscall.AF_UNIX {
				a.noteMessage(a.arg(1) + i*entrySize)
			}
		}
		return goOn
	}
	done := int64(0)
	for ; done < int64(count); done++ {
		at := a.arg(1) + uint64(done)*entrySize //nolint:gosec // G115: not negative.
		n, e := a.sendFrom(s, at)
		if e == 0 {
			var size [4]byte
			binary.NativeEndian.PutUint32(size[:], uint32(n)) //nolint:gosec // G115: a message's size.
			e = a.store(size[:], linux.Range{Address: at + headerSize, Size: 4})
		}
		switch {
		case e != 0 && done > 0:
			return value(done)
		case e != 0:
			return failure(e)
		}
	}
	return value(done)
}

// sendFrom sends the message of a struct msghdr.
func (a *actor) sendFrom(s *sender, at uint64) (int, syscall.Errno) {
	h, e := a.readHeader(at)
	if e != 0 {
		return 0, e
	}
	m := outgoing{parts: h.parts, size: h.size}
	if h.nameSize > 0 {
		if m.address, e = a.copyAddress(h.name, h.nameSize); e != 0 {
			return 0, e
		}
	}
	if h.controlLen > maxControl {
		return 0, syscall.ENOBUFS
	}
	if h.controlLen > 0 {
		m.control = make([]byte, h.controlLen)
		if e := a.read(m.control, h.control); e != 0 {
			return 0, e
		}
	}
	return a.sendOne(s, &m)
}

// sendOne checks a message and sends it.
func (a *actor) sendOne(s *sender, m *outgoing) (int, syscall.Errno) {
	if s.flags&msgZerocopy != 0 {
		return 0, syscall.ENOBUFS // the copy isn't the caller's memory
	}
	if s.label.class == hooks.ClassTCPSocket && s.flags&msgFastopen != 0 && len(m.address) > 0 {
		if e := a.mayConnect(s.p, m.address); e != 0 {
			return 0, e
		}
	}
	if s.kind == syscall.SOCK_STREAM {
		return a.sendStream(s, m)
	}
	if m.size > a.maxMessage(s) {
		return 0, syscall.EMSGSIZE
	}
	data, e := a.gatherData(m.parts, 0, m.size)
	if e != 0 {
		return 0, e
	}
	switch {
	case s.family == syscall.AF_UNIX && s.kind == syscall.SOCK_DGRAM:
		return a.sendUnix(s, m, data)
	case s.family == syscall.AF_NETLINK:
		return a.sendNetlink(s, m, data)
	}
	return a.transmit(s, m.address, data, m.control)
}

// maxMessage is how long a message by a socket may be: what the kernel would
// refuse isn't copied first.
func (a *actor) maxMessage(s *sender) uint64 {
	const soSndbuf, datagram = 7, 1 << 16
	if !commonFamily(s.family) {
		return maxDatagram
	}
	var value [4]byte
	if n, err := linux.SocketOption(s.p.fd, levelSocket, soSndbuf, value[:]); err != nil || n != len(value) {
		return datagram
	}
	return max(datagram, uint64(binary.NativeEndian.Uint32(value[:])))
}

// gatherData copies what is to be sent.
func (a *actor) gatherData(parts []linux.Range, offset, size uint64) ([]byte, syscall.Errno) {
	data := make([]byte, size)
	got := uint64(0)
	for _, part := range behind(parts, offset) {
		n := min(part.Size, size-got)
		if n == 0 {
			continue
		}
		if e := a.read(data[got:got+n], part.Address); e != 0 {
			return nil, e
		}
		got += n
	}
	return data[:got], 0
}

// sendUnix sends a datagram to a local socket, found by its name or the one that
// the sender is connected to.
func (a *actor) sendUnix(s *sender, m *outgoing, data []byte) (int, syscall.Errno) {
	own := hooks.Socket{SID: s.label.sid, Class: s.label.class, Ref: s.p}
	other := hooks.Socket{SID: s.label.peer, Class: s.label.class, Ref: s.p}
	if len(m.address) == 0 {
		var name [maxAddress]byte
		if _, err := linux.PeerName(s.p.fd, name[:]); err == nil && other.SID != 0 {
			if e := a.judge(hooks.SendUnix(a.engine.auth, &own, &other), nil); e != 0 {
				return 0, e
			}
		}
		return a.transmit(s, nil, data, m.control)
	}
	end := time.Now().Add(sendTimeout(s.p.fd))
	for {
		n, e := a.tryUnix(s, &own, m, data)
		if e != syscall.EAGAIN || !s.blocking || time.Now().After(end) {
			return n, e
		}
		// The name is let go of meanwhile, and looked up again.
		a.yield()
		if e := a.interrupted(); e != 0 {
			return 0, e
		}
		time.Sleep(patience)
	}
}

func (a *actor) tryUnix(s *sender, own *hooks.Socket, m *outgoing, data []byte) (int, syscall.Errno) {
	if familyIn(m.address) != syscall.AF_UNIX {
		return 0, syscall.EINVAL
	}
	to, e := a.findUnix(s.p, m.address)
	if e != 0 {
		return 0, e
	}
	defer to.done()
	other := hooks.Socket{SID: to.sid, Class: own.Class, Ref: s.p, Name: a.unixName(m.address)}
	if e := a.judge(hooks.SendUnix(a.engine.auth, own, &other), a.answers(&to, false)); e != 0 {
		return 0, e
	}
	once := *s
	once.blocking = false
	return a.transmit(&once, to.address, data, m.control)
}

// sendStream sends what may go in pieces.
func (a *actor) sendStream(s *sender, m *outgoing) (int, syscall.Errno) {
	sent := 0
	address, control := m.address, m.control
	for {
		data, e := a.gatherData(m.parts, uint64(sent), min(m.size-uint64(sent), atOnce)) //nolint:gosec // G115: not negative.
		n := 0
		if e == 0 {
			n, e = a.transmit(s, address, data, control)
		}
		switch {
		case e != 0 && sent > 0:
			return sent, 0
		case e == syscall.EPIPE && s.flags&msgNosignal == 0:
			a.asSelf(func() { _ = linux.Tgkill(a.task.tgid, a.task.tid, syscall.SIGPIPE) })
			return 0, e
		case e != 0:
			return 0, e
		}
		sent += n
		address, control = nil, nil
		if uint64(sent) >= m.size || n < len(data) && !s.blocking { //nolint:gosec // G115: not negative.
			return sent, 0
		}
	}
}

// transmit sends a copied message with the task's credentials, waiting if the
// socket does.
func (a *actor) transmit(s *sender, address, data, control []byte) (int, syscall.Errno) {
	control, passed, e := a.ownControl(s, control)
	defer passed.close()
	if e != 0 {
		return 0, e
	}
	if s.family == syscall.AF_UNIX && a.mayVouch() {
		e = a.becomeSelf()
	} else {
		e = a.becomeTask()
	}
	if e != 0 {
		return 0, e
	}
	var end time.Time
	for {
		n, err := linux.SendMessage(s.p.fd, address, data, control, s.flags|linux.MsgDontwait|msgNosignal)
		e := errnoOf(err)
		if e != syscall.EAGAIN || !s.blocking {
			return n, e
		}
		if end.IsZero() {
			a.yield()
			end = time.Now().Add(sendTimeout(s.p.fd))
		}
		linux.PollOut(s.p.fd, 2)
		if time.Now().After(end) {
			return 0, e
		}
		if e := a.interrupted(); e != 0 {
			return 0, e
		}
		if s.kind == syscall.SOCK_DGRAM {
			time.Sleep(patience) // it is the receiver that is full
		}
	}
}

// mayVouch reports whether the supervisor may say of messages that they come
// from another process.
func (a *actor) mayVouch() bool {
	own := a.engine.own
	return own.has(linux.CapSysAdmin) && own.has(linux.CapSetuid) && own.has(linux.CapSetgid)
}

// ownControl turns a control buffer of the task into one of the supervisor's:
// descriptors become copies, and who sends is the task.
func (a *actor) ownControl(s *sender, control []byte) (out []byte, passed arrivals, e syscall.Errno) {
	if s.family != syscall.AF_UNIX {
		return control, nil, 0
	}
	parts, _ := takeArrivals(&linux.Message{Control: control})
	le := binary.NativeEndian
	vouched := false
	for i := range parts {
		c := &parts[i]
		data := append([]byte(nil), c.data...)
		switch {
		case c.level != syscall.SOL_SOCKET:
		case c.kind == scmRights:
			for d := data; len(d) >= 4; d = d[4:] {
				fd, e := a.passing(int(int32(le.Uint32(d)))) //nolint:gosec // G115: C's int.
				if e != 0 {
					return nil, passed, e
				}
				passed = append(passed, fd)
				le.PutUint32(d, uint32(fd)) //nolint:gosec // G115: descriptors are small.
			}
		case c.kind == scmCredentials && len(data) == 12:
			if e := a.mayClaim(data); e != 0 {
				return nil, passed, e
			}
			vouched = true
		}
		out = appendControl(out, c.level, c.kind, data)
	}
	if !vouched && a.mayVouch() {
		c := a.task.cred
		data := make([]byte, 12)
		le.PutUint32(data, uint32(a.task.tgid)) //nolint:gosec // G115: a process' number.
		le.PutUint32(data[4:], uint32(c.UID))   //nolint:gosec // G115: a user.
		le.PutUint32(data[8:], uint32(c.GID))   //nolint:gosec // G115: a group.
		out = appendControl(out, syscall.SOL_SOCKET, scmCredentials, data)
	}
	return out, passed, 0
}

// appendControl adds a part to a control buffer.
func appendControl(b []byte, level, kind int, data []byte) []byte {
	le := binary.NativeEndian
	b = le.AppendUint64(b, uint64(controlHeader+len(data)))
	b = le.AppendUint32(b, uint32(int32(level))) //nolint:gosec // G115: a small number.
	b = le.AppendUint32(b, uint32(int32(kind)))  //nolint:gosec // G115: a small number.
	b = append(b, data...)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}

// passing returns a copy of one of the task's descriptors that is being sent, and
// has it known whose it is.
func (a *actor) passing(fd int) (int, syscall.Errno) {
	var p place
	p.reset()
	defer p.reset()
	if e := a.takeFD(&p, fd); e != 0 {
		return -1, e
	}
	a.sending(&p)
	if p.open && isKind(&p.st, linux.SIFSOCK) {
		a.socketLabel(&p)
	}
	p.owned = false
	return p.fd, 0
}

// mayClaim checks who a task says that it is, as the kernel does (kernel
// net/core/scm.c, scm_check_creds). The number becomes the supervisor's where it
// may not speak for others.
func (a *actor) mayClaim(data []byte) syscall.Errno {
	le := binary.NativeEndian
	pid, uid, gid := int(le.Uint32(data)), int(le.Uint32(data[4:])), int(le.Uint32(data[8:]))
	c := a.task.cred
	switch {
	case pid != a.task.tgid && !c.has(linux.CapSysAdmin),
		uid != c.UID && uid != c.EUID && uid != c.SUID && !c.has(linux.CapSetuid),
		gid != c.GID && gid != c.EGID && gid != c.SGID && !c.has(linux.CapSetgid):
		return syscall.EPERM
	}
	if !a.mayVouch() && pid == a.task.tgid {
		le.PutUint32(data, uint32(a.engine.pid)) //nolint:gosec // G115: a process' number.
	}
	return 0
}

// noteMessage notes the descriptors in a message that the kernel is about to
// send, so that who receives them knows whose they are.
func (a *actor) noteMessage(at uint64) {
	var h [headerSize]byte
	if a.read(h[:], at) != 0 {
		return
	}
	size := binary.NativeEndian.Uint64(h[40:])
	if size < controlHeader || size > maxControl {
		return
	}
	control := make([]byte, size)
	if a.read(control, binary.NativeEndian.Uint64(h[32:])) != 0 {
		return
	}
	parts, _ := takeArrivals(&linux.Message{Control: control})
	for i := range parts {
		if parts[i].level != syscall.SOL_SOCKET || parts[i].kind != scmRights {
			continue
		}
		for d := parts[i].data; len(d) >= 4; d = d[4:] {
			if fd, e := a.passing(int(int32(binary.NativeEndian.Uint32(d)))); e == 0 { //nolint:gosec // G115: C's int.
				linux.Close(fd)
			}
		}
	}
}
