package supervisor

import (
	"encoding/binary"
	"strconv"
	"syscall"

	"seward/internal/linux"
)

// A descriptor that only refers to an object (O_PATH) can't be put into a process
// the way others are. It is sent: the process stops, is given one end of a
// socket, is made to receive the descriptor from it, and goes on with its number
// as the result of its call.

// handOverJob is what a task is stopped for after its call.
type handOverJob struct {
	files []handedFD
	// result is what the call returns, -1 if it is the one file's number.
	result int64
	// wait has the task wait until there is something to read on a socket, by its
	// number, and then make its call again.
	wait   bool
	socket int
}

// handedFD is a descriptor on its way.
type handedFD struct {
	fd      int
	cloexec bool
	at      uint64 // where its number is stored, 0 if nowhere
	// enter has the task make it its working directory instead of keeping it.
	enter bool
}

func (j *handOverJob) close() {
	for _, f := range j.files {
		linux.Close(f.fd)
	}
}

// handOver has a reference given to the task, which takes fd over. The call is
// answered as interrupted, with a signal pending that the tracer swallows.
func (a *actor) handOver(fd int, cloexec bool) answer {
	return a.handOverAll(&handOverJob{files: []handedFD{{fd: fd, cloexec: cloexec}}, result: -1})
}

func (a *actor) handOverAll(job *handOverJob) answer {
	if old := a.task.handOver.Swap(job); old != nil {
		old.close()
	}
	if e := a.stopTask(); e != 0 {
		return failure(e)
	}
	return failure(linux.ErrRestart)
}

// stopTask has the task stop for the tracer as soon as its call is answered.
func (a *actor) stopTask() syscall.Errno {
	t := a.task
	if t.untraced.Load() {
		return syscall.EPERM // nobody would hear of it
	}
	t.expectStop.Store(true)
	var err error
	a.asSelf(func() { err = linux.Tgkill(t.tgid, t.tid, syscall.SIGSTOP) })
	return errnoOf(err)
}

// deliver gives a stopped task the reference that waits for it. A task that
// stopped for something else first makes its call again.
func (t *tracer) deliver(task *task) {
	job := task.handOver.Swap(nil)
	if job == nil {
		return
	}
	defer job.close()
	var r linux.Registers
	if linux.GetRegisters(task.tid, &r) != nil || r.Result() != -linux.ErrRestart {
		return
	}
	if job.wait {
		t.startWait(task, &r, job.socket)
		return
	}
	result := job.result
	for i := range job.files {
		if number := t.send(task, &job.files[i]); job.result < 0 {
			result = number
		}
	}
	r.SetSyscall(-1) // no restart
	r.SetResult(result)
	_ = linux.SetRegisters(task.tid, &r)
}

// send moves a descriptor into a task and returns its number there, or a
// negative errno.
func (t *tracer) send(task *task, job *handedFD) int64 {
	const broken = -int64(syscall.EMFILE)
	if job.enter {
		return t.enter(task, job)
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return broken
	}
	defer linux.Close(pair[0])
	defer linux.Close(pair[1])
	if syscall.Sendmsg(pair[0], []byte{0}, syscall.UnixRights(job.fd), nil, 0) != nil {
		return broken
	}
	var own, sent linux.Statx
	if linux.Fstat(pair[1], linux.StatxBasic, &own) != nil || linux.Fstat(job.fd, linux.StatxBasic, &sent) != nil {
		return broken
	}
	task.gateSocket.Store(own.Ino)
	defer task.gateSocket.Store(0)
	return t.throughGate(task, func(g *gate) int64 {
		result := g.receive(pair[1], job.cloexec)
		if result >= 0 && !task.has(int(result), &sent) {
			// Another thread put a socket of its own in the place of this one.
			_ = linux.Kill(task.tgid, syscall.SIGKILL)
			return broken
		}
		if job.at != 0 {
			number := binary.NativeEndian.AppendUint32(nil, uint32(result)) //nolint:gosec // G115: C's int.
			_, _ = linux.Scatter(task.tid, number, []linux.Range{{Address: job.at, Size: 4}})
		}
		return result
	})
}

// has reports whether a descriptor of a stopped task is for an object.
func (t *task) has(fd int, st *linux.Statx) bool {
	pidfd, err := linux.PidfdOpen(t.tid)
	if err != nil {
		return false
	}
	defer linux.Close(pidfd)
	got, err := linux.PidfdGetfd(pidfd, fd)
	if err != nil {
		return false
	}
	defer linux.Close(got)
	var now linux.Statx
	return linux.Fstat(got, linux.StatxBasic, &now) == nil && now.Ino == st.Ino && deviceOf(&now) == deviceOf(st)
}

// enter has a task enter a directory by a descriptor, which it has for as long as
// that takes.
func (t *tracer) enter(task *task, job *handedFD) int64 {
	const broken = -int64(syscall.EMFILE)
	return t.throughGate(task, func(g *gate) int64 {
		fd, ok := g.job(&gateJob{source: job.fd})
		if !ok || fd < 0 {
			return broken
		}
		result, ok := g.call(callFchdir, uint64(fd))
		if _, closed := g.call(callClose, uint64(fd)); !ok || !closed {
			return broken
		}
		return result
	})
}

// throughGate has a stopped task do something by a gate.
func (t *tracer) throughGate(task *task, do func(*gate) int64) int64 {
	const broken = -int64(syscall.EMFILE)
	m, err := linux.OpenMemory(task.tid)
	if err != nil {
		return broken
	}
	defer m.Close()
	base, ok := vdsoOf(task.tid)
	if !ok {
		return broken
	}
	g, ok := t.openGate(task, m, base)
	if !ok {
		return broken
	}
	result := do(g)
	if !g.close() {
		return broken
	}
	return result
}

// receive has the thread receive a descriptor from a socket.
func (g *gate) receive(socket int, cloexec bool) int64 {
	const broken = -int64(syscall.EMFILE)
	theirs, ok := g.job(&gateJob{source: socket})
	if !ok || theirs < 0 {
		return broken
	}
	// struct msghdr, then an iovec, a byte and the control message.
	const iovAt, byteAt, controlAt, controlSize, size = 56, 72, 80, 20, 104
	data := make([]byte, size)
	le := binary.LittleEndian
	le.PutUint64(data[16:], g.scratch+iovAt)
	le.PutUint64(data[24:], 1)
	le.PutUint64(data[32:], g.scratch+controlAt)
	le.PutUint64(data[40:], controlSize)
	le.PutUint64(data[iovAt:], g.scratch+byteAt)
	le.PutUint64(data[iovAt+8:], 1)
	flags := uint64(syscall.MSG_DONTWAIT)
	if cloexec {
		flags |= syscall.MSG_CMSG_CLOEXEC
	}
	got := broken
	if at, ok := g.put(data); ok {
		if n, ok := g.call(callRecvmsg, uint64(theirs), at, flags); ok && n == 1 {
			if g.memory.ReadAt(data, at) == nil && le.Uint64(data[40:]) >= 20 {
				got = int64(int32(le.Uint32(data[controlAt+16:]))) //nolint:gosec // G115: C's int.
			}
		}
	}
	if _, ok := g.call(callClose, uint64(theirs)); !ok {
		return broken
	}
	return got
}

// vdsoOf returns where the kernel's code is in a process.
func vdsoOf(tid int) (uint64, bool) {
	data, err := linux.ReadFile("/proc/" + strconv.Itoa(tid) + "/auxv")
	if err != nil {
		return 0, false
	}
	for ; len(data) >= 16; data = data[16:] {
		if binary.LittleEndian.Uint64(data) == auxVDSO {
			return binary.LittleEndian.Uint64(data[8:]), true
		}
	}
	return 0, false
}
