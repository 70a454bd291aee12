package supervisor

import (
	"encoding/binary"
	"sync"
	"syscall"

	"seward/enforce/selinuxfs"
	"seward/internal/linux"
)

// Where the supervisor has no FUSE, a file that programs write to is a file in
// memory, and who holds it stops at each of its calls: the write is then
// performed here and its result put in the place of the kernel's. Stops are slow,
// and end when the file is closed, which is usually a few calls later.

// watchedFile is a file in memory that stands for a node.
type watchedFile struct {
	node   *node
	handle selinuxfs.Handle
	fd     int // the supervisor's own
	key    inodeKey
	mu     sync.Mutex // serialises writes
}

// maxWrite bounds a write to a node: a policy is the longest.
const maxWrite = 256 << 20

// openWatched carries a node that can be written.
func (a *actor) openWatched(n *node, handle selinuxfs.Handle, flags int) (int, syscall.Errno) {
	content, e := []byte(nil), syscall.Errno(0)
	if flags&linux.OAccmode != linux.OWronly && n.kind == nodeAttr || n.kind == nodeFS && flags&linux.OAccmode == linux.ORdonly {
		if content, e = a.readAll(handle); e != 0 && e != syscall.EINVAL {
			return -1, e
		}
	}
	own, err := linux.Memfd("seward")
	if err != nil {
		return -1, errnoOf(err)
	}
	w := &watchedFile{node: n, handle: handle, fd: own}
	if e := w.fill(content); e != 0 {
		linux.Close(own)
		return -1, e
	}
	// The task's own description, so that its offset is its own as well.
	fd, err := linux.Openat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], own), flags&(linux.OAccmode|linux.OAppend|linux.ONonblock)|linux.OCloexec, 0)
	if err != nil {
		linux.Close(own)
		return -1, errnoOf(err)
	}
	var st linux.Statx
	if err := linux.Fstat(own, walkMask, &st); err != nil {
		linux.Close(own)
		linux.Close(fd)
		return -1, errnoOf(err)
	}
	w.key = keyOf(&st).inodeKey
	c := a.engine.carriers
	c.mu.Lock()
	c.watched[w.key] = w
	c.mu.Unlock()
	a.task.watches.Add(1)
	if e := a.stopTask(); e != 0 {
		linux.Close(fd)
		return -1, e
	}
	return fd, 0
}

// fill replaces the content of the file in memory.
func (w *watchedFile) fill(data []byte) syscall.Errno {
	if err := linux.Ftruncate(w.fd, 0); err != nil {
		return errnoOf(err)
	}
	for offset := 0; offset < len(data); {
		n, err := linux.Pwrite(w.fd, data[offset:], int64(offset))
		if err != nil {
			return errnoOf(err)
		}
		offset += n
	}
	return 0
}

// syscallStop handles a stop of a watched task at the entry to a call or its
// exit.
func (t *tracer) syscallStop(task *task) {
	entry, err := linux.AtSyscallEntry(task.tid)
	if err != nil {
		t.cont(task.tid, 0)
		return
	}
	var r linux.Registers
	if linux.GetRegisters(task.tid, &r) != nil {
		t.cont(task.tid, 0)
		return
	}
	if entry {
		t.watchEntry(task, &r)
	} else {
		t.watchExit(task, &r)
	}
	t.cont(task.tid, 0)
}

// watchEntry performs a write to a watched file and has the kernel skip it.
func (t *tracer) watchEntry(task *task, r *linux.Registers) {
	task.watchedCall = r.Syscall()
	switch task.watchedCall {
	case callWrite, callPwrite64, callWritev, callPwritev, callPwritev2:
	case callFork, callVfork, callClone:
		t.forkEntry(task, r)
		return
	default:
		return
	}
	a := t.actor
	a.task, a.subject, a.entry = task, task.subject.Load(), t.e.lookup(task.watchedCall)
	defer a.forget()
	defer a.cleanUp()
	if a.takeFD(&a.argument, int(int32(r.Argument(0)))) != 0 { //nolint:gosec // G115: C's int.
		return
	}
	c := t.e.carriers
	c.mu.Lock()
	w := c.watched[keyOf(&a.argument.st).inodeKey]
	c.mu.Unlock()
	if w == nil || !a.argument.open {
		return
	}
	if a.argument.flags&linux.OAccmode == linux.ORdonly {
		return // the kernel says EBADF
	}
	task.watchedResult = a.writeWatched(w, task.watchedCall, r)
	task.watchedSkip = true
	r.SetSyscall(-1)
	_ = linux.SetRegisters(task.tid, r)
}

// writeWatched performs a write and returns what the call returns.
func (a *actor) writeWatched(w *watchedFile, call int, r *linux.Registers) int64 {
	data, e := a.written(call, r)
	if e != 0 {
		return -int64(e)
	}
	offset := int64(r.Argument(3)) //nolint:gosec // G115: two's complement is meant.
	if call == callWrite || call == callWritev {
		if a.argument.reference {
			offset = a.argument.offset
		} else {
			var err error
			if offset, err = linux.Tell(a.argument.fd); err != nil {
				return -int64(errnoOf(err))
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n, v := w.handle.Write(a.task.caller(), data, offset)
	a.record(v.Records)
	if v.Errno != 0 {
		return -int64(v.Errno)
	}
	if w.node.kind == nodeFS {
		// What the file answers can be read now.
		if content, e := a.readAll(w.handle); e == 0 {
			_ = w.fill(content)
		}
	}
	return int64(n)
}

// written copies what a call writes.
func (a *actor) written(call int, r *linux.Registers) ([]byte, syscall.Errno) {
	if call == callWrite || call == callPwrite64 {
		return a.readBuffer(r.Argument(1), r.Argument(2))
	}
	count := r.Argument(2)
	if count > 1024 {
		return nil, syscall.EINVAL
	}
	vector := make([]byte, 16*count)
	if e := a.read(vector, r.Argument(1)); count > 0 && e != 0 {
		return nil, e
	}
	var data []byte
	for ; len(vector) > 0; vector = vector[16:] {
		part, e := a.readBuffer(binary.LittleEndian.Uint64(vector), binary.LittleEndian.Uint64(vector[8:]))
		if e != 0 {
			return nil, e
		}
		if data = append(data, part...); len(data) > maxWrite {
			return nil, syscall.EINVAL
		}
	}
	return data, 0
}

func (a *actor) readBuffer(address, size uint64) ([]byte, syscall.Errno) {
	if size > maxWrite {
		return nil, syscall.EINVAL
	}
	if size == 0 {
		return nil, 0
	}
	data := make([]byte, size)
	return data, a.read(data, address)
}

// watchExit puts a result in place, and looks whether the task still has to be
// watched after a call that may have closed the file.
func (t *tracer) watchExit(task *task, r *linux.Registers) {
	if task.watchedSkip {
		task.watchedSkip = false
		r.SetResult(task.watchedResult)
		_ = linux.SetRegisters(task.tid, r)
	}
	switch task.watchedCall {
	case callClose, callCloseRange, callDup2, callDup3:
		if task.watches.Load() > 0 {
			t.endWatch(task)
		}
	}
}

// endWatch stops watching a process that holds no watched file any more, and
// forgets files that nobody holds.
func (t *tracer) endWatch(task *task) {
	held := t.e.heldFiles(task.tid)
	if len(held) > 0 {
		return
	}
	task.watches.Store(0)
	t.e.forgetWatched()
}

// heldFiles lists the watched files that a process has open.
func (e *engine) heldFiles(tid int) []inodeKey {
	var held []inodeKey
	eachDescriptor(tid, func(st *linux.Statx) {
		key := keyOf(st).inodeKey
		e.carriers.mu.Lock()
		w := e.carriers.watched[key]
		e.carriers.mu.Unlock()
		if w != nil {
			held = append(held, key)
		}
	})
	return held
}

// forgetWatched drops files in memory when no task is watched any more.
func (e *engine) forgetWatched() {
	busy := false
	e.tasks.each(func(t *task) { busy = busy || t.watched() })
	if busy {
		return
	}
	c := e.carriers
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, w := range c.watched {
		linux.Close(w.fd)
		delete(c.watched, key)
	}
}
