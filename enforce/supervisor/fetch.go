package supervisor

import (
	"bytes"
	"encoding/binary"
	"os"
	"strconv"
	"syscall"

	"seward/internal/linux"
)

// A task's descriptors are fetched by pidfd_getfd. Where that is forbidden, as in
// containers, the task sends them itself: its call is answered as interrupted,
// it stops, is given one end of a socket, is made to send the descriptor, and
// makes its call again, which then finds it. That takes some twenty times as
// long.

// fetched is a descriptor that a task has sent, or why it couldn't.
type fetched struct {
	number, fd int
	errno      syscall.Errno
}

// mayFetch reports whether pidfd_getfd works here.
func mayFetch() bool {
	pidfd, err := linux.PidfdOpen(os.Getpid())
	if err != nil {
		return false
	}
	defer linux.Close(pidfd)
	fd, err := linux.PidfdGetfd(pidfd, pidfd)
	if err != nil {
		return false
	}
	linux.Close(fd)
	return true
}

// requestFD returns a copy of a task's descriptor that it has sent, or has it
// sent and the call made again. A stopped task's is looked at from outside: what
// comes back then is a reference to the same object.
func (a *actor) requestFD(p *place, number int) syscall.Errno {
	t := a.task
	for _, f := range t.fetched {
		if f.number != number {
			continue
		}
		if f.errno != 0 {
			return f.errno
		}
		// A handler may ask more than once.
		fd, err := linux.Dup(f.fd)
		if err != nil {
			return errnoOf(err)
		}
		return a.adoptFD(p, fd, true)
	}
	if a.tracing || t.inGate.Load() {
		return a.referTo(p, number)
	}
	t.fetch.Store(&fetchJob{number})
	if e := a.stopTask(); e != 0 {
		t.fetch.Store(nil)
		return e
	}
	return linux.ErrRestart
}

// referTo has p stand for what a stopped task's descriptor does.
func (a *actor) referTo(p *place, number int) syscall.Errno {
	info, ok := readDescriptor(a.task.tid, number)
	if !ok {
		return syscall.EBADF
	}
	var fd int
	var err error
	a.asSelf(func() {
		fd, err = linux.Openat(linux.AtFDCwd, linux.ProcFD(a.text[:0], a.task.tid, number), linux.OPath|linux.OCloexec, 0)
	})
	if err != nil {
		return errnoOf(err)
	}
	if e := a.adoptAs(p, fd, true, info.flags); e != 0 {
		return e
	}
	p.reference, p.offset = true, info.offset
	return 0
}

// fetchJob is a descriptor that a task is about to send.
type fetchJob struct{ number int }

// dropFetched closes what a task sent and its call had no use for.
func (t *task) dropFetched() {
	for _, f := range t.fetched {
		if f.errno == 0 {
			linux.Close(f.fd)
		}
	}
	t.fetched = nil
}

// fetch has a stopped task send a descriptor, if one is asked for.
func (t *tracer) fetch(task *task) {
	job := task.fetch.Swap(nil)
	if job == nil {
		return
	}
	var r linux.Registers
	if linux.GetRegisters(task.tid, &r) != nil || r.Result() != -linux.ErrRestart {
		return // stopped for something else first: the call asks again
	}
	fd, errno := t.take(task, job.number)
	task.fetched = append(task.fetched, fetched{job.number, fd, errno})
}

// take has the task send a descriptor.
func (t *tracer) take(task *task, number int) (int, syscall.Errno) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, errnoOf(err)
	}
	defer linux.Close(pair[0])
	defer linux.Close(pair[1])
	if e := t.sendThrough(task, pair[1], number); e != 0 {
		return -1, e
	}
	var one [1]byte
	control := make([]byte, syscall.CmsgSpace(4))
	_, n, _, _, err := syscall.Recvmsg(pair[0], one[:], control, syscall.MSG_DONTWAIT|syscall.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, syscall.EBADF
	}
	messages, err := syscall.ParseSocketControlMessage(control[:n])
	if err != nil || len(messages) != 1 {
		return -1, syscall.EBADF
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1, syscall.EBADF
	}
	return fds[0], 0
}

// sendThrough has the stopped task send a descriptor to a socket and then make
// its call again.
func (t *tracer) sendThrough(task *task, socket, number int) syscall.Errno {
	m, err := linux.OpenMemory(task.tid)
	if err != nil {
		return syscall.EFAULT
	}
	defer m.Close()
	base, ok := vdsoOf(task.tid)
	if !ok {
		return syscall.EFAULT
	}
	g, ok := t.openGate(task, m, base)
	if !ok {
		return syscall.EFAULT
	}
	sent := g.send(socket, number)
	// The kernel restarts calls on their way out only, which the gate's have been.
	again := g.saved
	again.Restart()
	switch {
	case !g.closeAs(again):
		return syscall.EFAULT
	case !sent:
		return syscall.EBADF
	}
	return 0
}

// send has the thread send one of its descriptors to a socket. false means that
// it has no such descriptor.
func (g *gate) send(socket, number int) bool {
	theirs, ok := g.job(&gateJob{source: socket})
	if !ok || theirs < 0 {
		return false
	}
	// struct msghdr, then an iovec, a byte and the control message.
	const iovAt, byteAt, controlAt, controlSize, size = 56, 72, 80, 24, 104
	data := make([]byte, size)
	le := binary.LittleEndian
	le.PutUint64(data[16:], g.scratch+iovAt)
	le.PutUint64(data[24:], 1)
	le.PutUint64(data[32:], g.scratch+controlAt)
	le.PutUint64(data[40:], controlSize)
	le.PutUint64(data[iovAt:], g.scratch+byteAt)
	le.PutUint64(data[iovAt+8:], 1)
	le.PutUint64(data[controlAt:], 20) // cmsg_len
	le.PutUint32(data[controlAt+8:], syscall.SOL_SOCKET)
	le.PutUint32(data[controlAt+12:], syscall.SCM_RIGHTS)
	le.PutUint32(data[controlAt+16:], uint32(number)) //nolint:gosec // G115: a descriptor.
	sent := false
	if at, ok := g.put(data); ok {
		g.task.sending.Store(true)
		defer g.task.sending.Store(false)
		n, ok := g.call(callSendmsg, uint64(theirs), at, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
		sent = ok && n == 1
	}
	if _, ok := g.call(callClose, uint64(theirs)); !ok {
		return false
	}
	return sent
}

// descriptor is what /proc tells of an open description.
type descriptor struct {
	flags  int
	offset int64
}

func readDescriptor(tid, fd int) (d descriptor, ok bool) {
	data, err := linux.ReadFile("/proc/" + strconv.Itoa(tid) + "/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return d, false
	}
	for line := range bytes.Lines(data) {
		key, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		switch text := string(bytes.TrimSpace(value)); string(key) {
		case "pos":
			d.offset, err = strconv.ParseInt(text, 10, 64)
		case "flags":
			var flags int64
			flags, err = strconv.ParseInt(text, 8, 64)
			d.flags, ok = int(flags), true
		}
		if err != nil {
			return d, false
		}
	}
	return d, ok
}
