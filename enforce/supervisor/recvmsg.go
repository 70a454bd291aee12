package supervisor

import (
	"encoding/binary"
	"slices"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// Descriptors arrive over local sockets, by a message whose header lies in
// memory, so that nobody can say from outside whether a receiving call will get
// some: the supervisor receives in the caller's place. It gives the caller the
// descriptors that it may have, in the order in which they came, up to the first
// that it may not, and says that something was cut off, as the kernel does.
//
// A call that has to wait does so in the kernel, where signals and timeouts mean
// what they always do, as one that can receive no descriptor (await.go).

// message is the header of a receiving call, copied.
type message struct {
	at         uint64 // struct msghdr
	name       uint64
	nameSize   int
	parts      []linux.Range
	size       uint64 // of all parts
	control    uint64
	controlLen uint64
}

const (
	headerSize = 56 // struct msghdr
	entrySize  = 64 // struct mmsghdr
	maxVector  = 1024
	// maxTransfer is what the kernel reads at once.
	maxTransfer = 0x7ffff000
	// maxControl is more than all that a kernel puts into a control buffer.
	maxControl = 1 << 16
	// usualMessage is how much is received without asking how much there is.
	usualMessage = 1 << 18
)

// recvmsg answers the call.
func (a *actor) recvmsg() answer {
	foreign, e := a.takeReceiver()
	switch {
	case e != 0:
		return failure(e)
	case foreign, a.argument.st.Ino == a.task.gateSocket.Load() && a.argument.st.Dev_major == 0:
		// The tracer sees to what comes through a socket of its own.
		return goOn
	}
	flags := a.intArg(2)
	m, e := a.readHeader(a.arg(1))
	if e != 0 {
		return failure(e)
	}
	n, e := a.receiveMessage(m, flags)
	switch {
	case e == syscall.EAGAIN && a.mayWait(flags):
		return a.await()
	case e != 0:
		return failure(e)
	}
	return a.finishReceive(int64(n))
}

// recvmmsg answers the call. It returns when nothing more is there, even if the
// caller would wait for more, as it does when a signal comes.
func (a *actor) recvmmsg() answer {
	foreign, e := a.takeReceiver()
	switch {
	case e != 0:
		return failure(e)
	case foreign:
		return goOn
	}
	count, flags := a.uintArg(2), a.intArg(3)
	if e := a.checkTimeout(a.arg(4)); e != 0 {
		return failure(e)
	}
	done := int64(0)
	for ; done < int64(count); done++ {
		at := a.arg(1) + uint64(done)*entrySize //nolint:gosec // G115: not negative.
		m, e := a.readHeader(at)
		if e == 0 {
			var n int
			n, e = a.receiveMessage(m, flags&^linux.MsgWaitforone)
			if e == 0 {
				var size [4]byte
				binary.NativeEndian.PutUint32(size[:], uint32(n)) //nolint:gosec // G115: a message's size.
				e = a.store(size[:], linux.Range{Address: at + headerSize, Size: 4})
			}
		}
		switch {
		case e == 0:
		case done > 0:
			return a.finishReceive(done)
		case e == syscall.EAGAIN && a.mayWait(flags):
			return a.await()
		default:
			return failure(e)
		}
		if len(a.handing) > 0 {
			done++
			break
		}
	}
	return a.finishReceive(done)
}

// checkTimeout refuses what is no time.
func (a *actor) checkTimeout(address uint64) syscall.Errno {
	if address == 0 {
		return 0
	}
	var t [16]byte
	if e := a.read(t[:], address); e != 0 {
		return e
	}
	const second = 1_000_000_000
	if int64(binary.NativeEndian.Uint64(t[:])) < 0 || binary.NativeEndian.Uint64(t[8:]) >= second { //nolint:gosec // G115: a signed number in C.
		return syscall.EINVAL
	}
	return 0
}

// takeReceiver fetches the socket. foreign reports that the kernel can perform
// the call: no descriptor comes over such a socket, and nobody else can put
// another in its place.
func (a *actor) takeReceiver() (foreign bool, e syscall.Errno) {
	if e := a.takeSocket(); e != 0 {
		return false, e
	}
	return linux.SocketFamily(a.argument.fd) != linux.FamilyUnix && !a.task.files.Load().shared(), 0
}

// readHeader copies a struct msghdr and what it points to.
func (a *actor) readHeader(at uint64) (*message, syscall.Errno) {
	var h [headerSize]byte
	if e := a.read(h[:], at); e != 0 {
		return nil, e
	}
	le := binary.NativeEndian
	m := &message{at: at, name: le.Uint64(h[0:]), control: le.Uint64(h[32:]), controlLen: le.Uint64(h[40:])}
	length := int(int32(le.Uint32(h[8:]))) //nolint:gosec // G115: C's int.
	if length < 0 {
		return nil, syscall.EINVAL
	}
	if m.name != 0 {
		m.nameSize = min(length, maxAddress)
	}
	if m.control == 0 {
		m.controlLen = 0
	}
	vector, count := le.Uint64(h[16:]), le.Uint64(h[24:])
	if count > maxVector {
		return nil, syscall.EMSGSIZE
	}
	if count == 0 {
		return m, 0
	}
	raw := make([]byte, 16*count)
	if e := a.read(raw, vector); e != 0 {
		return nil, e
	}
	for ; len(raw) > 0; raw = raw[16:] {
		part := linux.Range{Address: le.Uint64(raw), Size: le.Uint64(raw[8:])}
		if part.Size > 1<<63-1 {
			return nil, syscall.EINVAL
		}
		part.Size = min(part.Size, maxTransfer-m.size)
		m.size += part.Size
		m.parts = append(m.parts, part)
	}
	return m, 0
}

// mayWait reports whether a call on the socket waits where nothing is there.
func (a *actor) mayWait(flags int) bool {
	return flags&(linux.MsgDontwait|linux.MsgErrqueue|linux.MsgOOB) == 0 && a.argument.flags&linux.ONonblock == 0
}

// receiveMessage performs a receiving call as far as it doesn't wait, and
// returns its result.
func (a *actor) receiveMessage(m *message, flags int) (int, syscall.Errno) {
	whole := flags&linux.MsgWaitall != 0 && flags&linux.MsgPeek == 0 && a.mayWait(flags)
	got, waited := 0, false
	for {
		r := linux.Message{
			Name: make([]byte, m.nameSize), Data: a.room(m.size - uint64(got)), //nolint:gosec // G115: not negative.
			Control: make([]byte, min(m.controlLen, maxControl)),
		}
		n, err := r.Receive(a.argument.fd, flags|linux.MsgDontwait|linux.MsgCloexec)
		switch e := errnoOf(err); {
		case e == syscall.EAGAIN && got > 0:
			// The rest is waited for here: what came can't be put back.
			if !waited {
				a.yield()
				waited = true
			}
			if a.interrupted() != 0 {
				return got, 0
			}
			time.Sleep(patience)
			continue
		case e != 0 && got > 0:
			return got, 0
		case e != 0:
			return 0, e
		}
		data := r.Data[:min(n, len(r.Data))]
		if e := a.deliverMessage(m, &r, data, got, flags); e != 0 {
			return 0, e
		}
		got += n
		if !whole || n == 0 || len(r.Control) > 0 || uint64(got) >= m.size { //nolint:gosec // G115: not negative.
			return got, 0
		}
	}
}

// room returns a buffer for a message of at most so many bytes.
func (a *actor) room(size uint64) []byte {
	if size > usualMessage {
		size = min(size, uint64(max(usualMessage, linux.Queued(a.argument.fd)))) //nolint:gosec // G115: not negative.
		if size > usualMessage {
			return make([]byte, size)
		}
	}
	if uint64(cap(a.received)) < size {
		a.received = make([]byte, max(size, 4096))
	}
	return a.received[:size]
}

// deliverMessage writes what was received where the caller wants it, behind the
// data that it has already.
func (a *actor) deliverMessage(m *message, r *linux.Message, data []byte, offset, flags int) syscall.Errno {
	parts, arrived := takeArrivals(r)
	defer arrived.close()
	out, to := data, fit(behind(m.parts, uint64(offset)), uint64(len(data))) //nolint:gosec // G115: not negative.
	if len(arrived) > 0 {
		// Nobody gets a descriptor by a call that fails.
		if e := a.store(out, to...); e != 0 {
			return e
		}
		out, to = nil, nil
	}
	control := a.giveArrivals(m, r, parts, flags)
	var tail [16]byte
	le := binary.NativeEndian
	put := func(b []byte, address uint64) {
		if len(b) > 0 {
			out = append(out, b...)
			to = append(to, linux.Range{Address: address, Size: uint64(len(b))})
		}
	}
	put(r.Name, m.name)
	put(control, m.control)
	le.PutUint32(tail[0:], uint32(r.NameLength))                                      //nolint:gosec // G115: an address' size.
	le.PutUint64(tail[4:], uint64(len(control)))                                      // msg_controllen
	le.PutUint32(tail[12:], uint32(r.Flags&^linux.MsgCloexec|flags&linux.MsgCloexec)) //nolint:gosec // G115: flags.
	if m.name != 0 {
		put(tail[0:4], m.at+8)
	}
	put(tail[4:16], m.at+40)
	return a.store(out, to...)
}

// fit cuts ranges to a size that they aren't less than.
func fit(parts []linux.Range, size uint64) []linux.Range {
	var list []linux.Range
	for _, part := range parts {
		if size == 0 {
			break
		}
		part.Size = min(part.Size, size)
		size -= part.Size
		list = append(list, part)
	}
	return list
}

// behind cuts bytes off the beginning of ranges.
func behind(parts []linux.Range, offset uint64) []linux.Range {
	if offset == 0 {
		return parts
	}
	parts = slices.Clone(parts)
	for len(parts) > 0 && offset >= parts[0].Size {
		offset -= parts[0].Size
		parts = parts[1:]
	}
	if len(parts) > 0 {
		parts[0].Address += offset
		parts[0].Size -= offset
	}
	return parts
}

// arrivals are descriptors that came to the supervisor in a caller's place.
type arrivals []int

func (f arrivals) close() {
	for _, fd := range f {
		if fd >= 0 {
			linux.Close(fd)
		}
	}
}

// controlMessage is one part of a control buffer.
type controlMessage struct {
	level, kind int
	data        []byte
}

const (
	controlHeader = 16 // struct cmsghdr
	scmRights     = 1
	scmPidfd      = 4
)

// carriesFD reports whether descriptors are what the part holds.
func (c *controlMessage) carriesFD() bool {
	return c.level == syscall.SOL_SOCKET && (c.kind == scmRights || c.kind == scmPidfd)
}

// takeArrivals cuts a control buffer into its parts and notes the descriptors in
// it, which are the supervisor's to close.
func takeArrivals(r *linux.Message) (parts []controlMessage, arrived arrivals) {
	le := binary.NativeEndian
	for b := r.Control; len(b) >= controlHeader; {
		size := le.Uint64(b)
		if size < controlHeader || size > uint64(len(b)) {
			break
		}
		c := controlMessage{int(le.Uint32(b[8:])), int(le.Uint32(b[12:])), b[controlHeader:size]}
		parts = append(parts, c)
		if c.carriesFD() {
			for d := c.data; len(d) >= 4; d = d[4:] {
				arrived = append(arrived, int(int32(le.Uint32(d)))) //nolint:gosec // G115: C's int.
			}
		}
		b = b[min((size+7)&^7, uint64(len(b))):]
	}
	return parts, arrived
}

// giveArrivals gives the caller the descriptors that it may have and returns the
// control buffer that tells it so.
func (a *actor) giveArrivals(m *message, r *linux.Message, parts []controlMessage, flags int) []byte {
	if len(parts) == 0 {
		return r.Control
	}
	var out []byte
	le := binary.NativeEndian
	foreign := map[fileKey]policy.SID{}
	for i := range parts {
		c := &parts[i]
		start := len(out)
		out = append(out, make([]byte, controlHeader)...)
		if c.carriesFD() {
			for ; len(c.data) >= 4; c.data = c.data[4:] {
				fd := int(int32(le.Uint32(c.data))) //nolint:gosec // G115: C's int.
				number := fd
				if fd >= 0 {
					var e syscall.Errno
					number, e = a.giveArrival(fd, c.kind, flags, m.control+uint64(len(out)), foreign)
					if e != 0 && c.kind == scmRights {
						r.Flags |= linux.MsgCtrunc
						break
					}
					if e != 0 {
						number = -int(e)
					}
				}
				out = le.AppendUint32(out, uint32(int32(number))) //nolint:gosec // G115: a descriptor.
			}
			if len(out) == start+controlHeader {
				out = out[:start]
				continue
			}
		} else {
			out = append(out, c.data...)
		}
		le.PutUint64(out[start:], uint64(len(out)-start))   //nolint:gosec // G115: not negative.
		le.PutUint32(out[start+8:], uint32(int32(c.level))) //nolint:gosec // G115: a small number.
		le.PutUint32(out[start+12:], uint32(int32(c.kind))) //nolint:gosec // G115: a small number.
		for len(out)%8 != 0 && uint64(len(out)) < m.controlLen {
			out = append(out, 0)
		}
	}
	if a.task.files.Load().note(foreign) {
		a.task.files.Load().forget(a.openFiles())
	}
	return out
}

// giveArrival checks a descriptor that came and gives it to the caller, whose
// number for it is stored at an address if it isn't known yet.
func (a *actor) giveArrival(fd, kind, flags int, at uint64, foreign map[fileKey]policy.SID) (int, syscall.Errno) {
	var cloexec uint32
	if flags&linux.MsgCloexec != 0 {
		cloexec = linux.OCloexec
	}
	var p place
	p.reset()
	if e := a.adoptFD(&p, fd, false); e != 0 {
		return -1, e
	}
	if kind == scmRights {
		opener := a.senderOf(&p)
		p.by = opener
		file := a.file(&p)
		if e := a.judge(hooks.InheritFile(a.engine.auth, a.subject, &file), nil); e != 0 {
			return -1, e
		}
		if opener != a.subject.SID {
			foreign[fileKeyOf(&p)] = opener
		}
	}
	if !p.open {
		own, err := linux.Dup(fd)
		if err != nil {
			return -1, errnoOf(err)
		}
		a.handing = append(a.handing, handedFD{fd: own, cloexec: cloexec != 0, at: at})
		return -1, 0
	}
	number, err := a.engine.listener.AddFD(a.call.ID, fd, cloexec)
	return number, errnoOf(err)
}

// finishReceive answers a receiving call, after references that came with it were
// handed over.
func (a *actor) finishReceive(n int64) answer {
	if len(a.handing) == 0 {
		return value(n)
	}
	job := &handOverJob{files: a.handing, result: n}
	a.handing = nil
	return a.handOverAll(job)
}
