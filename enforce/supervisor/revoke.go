package supervisor

import (
	"bytes"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// What is open stays usable until the policy, the mode or a label changes. The
// kernel asks again when a descriptor is used next. Reads and writes can't be
// asked about here, so that a change has all descriptors of all processes looked
// at, by a thread of its own, the sweeper. Those that may no longer be used are
// taken by the tracer, which stops their process before its next instruction and
// puts the null device in their place.
//
// Looking stops nobody. A process that is stopped is looked at again then, with
// its other threads at rest, because it may have copied descriptors in between.

// revoker has descriptors looked at.
type revoker struct {
	// changes counts what descriptors have to be looked at for.
	changes atomic.Uint64
	wake    chan struct{} // something has changed
	urgent  chan struct{} // and somebody waits

	mu   sync.Mutex
	done uint64        // changes that all has been looked at for
	pass chan struct{} // closed at the end of a sweep
}

const (
	// maxPasses bounds how often a sweep starts anew because it found something.
	maxPasses = 16
	// sweepWait is how long the author of a change waits for a sweep.
	sweepWait = 2 * time.Second
	// sweepRest is how many times as long as its last sweep the sweeper rests if
	// nobody waits for it.
	sweepRest = 4
)

func (r *revoker) init() {
	r.wake, r.urgent = make(chan struct{}, 1), make(chan struct{}, 1)
	r.pass = make(chan struct{})
}

// revoke has all descriptors looked at soon.
func (e *engine) revoke() uint64 {
	r := &e.revoker
	n := r.changes.Add(1)
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return n
}

// revokeNow has all descriptors looked at and waits until those who hold one that
// they may not use are about to lose it.
func (e *engine) revokeNow() {
	r := &e.revoker
	n := e.revoke()
	select {
	case r.urgent <- struct{}{}:
	default:
	}
	limit := time.After(sweepWait)
	for {
		r.mu.Lock()
		done, pass := r.done >= n, r.pass
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-pass:
		case <-e.receive.over:
			return
		case <-limit:
			e.log.Error("descriptors couldn't be looked at in time")
			return
		}
	}
}

// sweep is the life of the sweeper.
func (e *engine) sweep() {
	onOwnThread(func() {
		a, err := e.quietActor()
		if err != nil {
			e.stop(err)
			return
		}
		defer a.close()
		if err := linux.BlockSignals(); err != nil {
			e.stop(err)
			return
		}
		r := &e.revoker
		for {
			select {
			case <-e.receive.over:
				return
			case <-r.wake:
			}
			begin, n := time.Now(), r.changes.Load()
			for range maxPasses {
				if !a.sweepOnce() {
					break
				}
			}
			r.mu.Lock()
			r.done = n
			close(r.pass)
			r.pass = make(chan struct{})
			r.mu.Unlock()
			select {
			case <-e.receive.over:
				return
			case <-r.urgent:
			case <-time.After(sweepRest * time.Since(begin)):
			}
		}
	})
}

// sweepOnce looks at all descriptors and has tasks stop that hold one that is
// refused. It reports whether there were any that didn't know of it yet.
func (a *actor) sweepOnce() bool {
	e := a.engine
	if !e.auth.server.Enforcing() {
		return false
	}
	tables := map[*fdTable][]*task{}
	e.tasks.each(func(t *task) {
		if f := t.files.Load(); f != nil {
			tables[f] = append(tables[f], t)
		}
	})
	found := false
	for _, holders := range tables {
		fresh := false
		for _, t := range holders {
			fresh = fresh || !t.revoke.Load()
		}
		if fresh && a.holdsRefused(holders) {
			for _, t := range holders {
				found = e.flag(t) || found
			}
		}
	}
	return found
}

// flag has a task stop and its descriptors be looked at before its next
// instruction. It reports whether that is news.
func (e *engine) flag(t *task) bool {
	if t.untraced.Load() || t.revoke.Swap(true) {
		return false
	}
	t.expectStop.Store(true)
	_ = linux.Tgkill(t.tgid, t.tid, syscall.SIGSTOP)
	return true
}

// holdsRefused looks at the descriptors of a table that tasks share.
func (a *actor) holdsRefused(holders []*task) bool {
	for _, t := range holders {
		pidfd, err := linux.PidfdOpen(t.tid)
		if err != nil {
			continue
		}
		list, err := descriptors(t.tid)
		if err != nil {
			linux.Close(pidfd)
			continue
		}
		defer linux.Close(pidfd)
		var p place
		p.reset()
		defer p.reset()
		for _, fd := range list {
			switch e := a.lookAt(&p, t, pidfd, fd); {
			case e == syscall.EBADF || e == syscall.ESRCH:
			case e != 0, a.unusable(holders, t.tid, fd, &p):
				return true
			}
		}
		return false
	}
	return false
}

// lookAt has p stand for a descriptor of a task that may be at work.
func (a *actor) lookAt(p *place, t *task, pidfd, fd int) syscall.Errno {
	if a.engine.slowFetch {
		a.task = t
		defer a.forget()
		return a.referTo(p, fd)
	}
	got, err := linux.PidfdGetfd(pidfd, fd)
	if err != nil {
		return errnoOf(err)
	}
	return a.adoptFD(p, got, true)
}

// unusable reports whether a descriptor of tasks that share it, fetched into p, is
// of no use to any of them.
func (a *actor) unusable(holders []*task, tid, fd int, p *place) bool {
	if !p.open || p.carried != nil || a.engine.isNull(tid, fd, p) {
		return false // what is carried asks at each use
	}
	defer a.forget()
	var asked policy.SID
	for _, t := range holders {
		a.task, a.subject = t, t.subject.Load()
		if a.subject.SID == asked || t.files.Load() == nil {
			continue
		}
		asked = a.subject.SID
		p.labelled = false
		file := a.file(p)
		if hooks.InheritFile(a.engine.auth, a.subject, &file).Allowed() {
			return false
		}
	}
	return asked != 0
}

// takeRefused takes the descriptors of a stopped task that it may no longer use.
// One of which they can't be taken dies.
func (t *tracer) takeRefused(task *task) {
	if !task.revoke.Load() {
		return
	}
	t.awaitSiblings(task)
	task.revoke.Store(false)
	refused, ok := t.refusedNow(task)
	if !ok || len(refused) > 0 && !t.exchange(task, refused) {
		_ = linux.Kill(task.tgid, syscall.SIGKILL)
	}
}

// refusedNow lists the descriptors that a stopped task may not use.
func (t *tracer) refusedNow(stopped *task) (refused []int, ok bool) {
	a := t.actor
	files := stopped.files.Load()
	if files == nil {
		return nil, true
	}
	defer a.cleanUp()
	defer a.forget()
	list, err := descriptors(stopped.tid)
	if err != nil {
		return nil, false
	}
	former := policy.SID(stopped.former.Swap(0))
	holders := t.e.tasks.sharing(files)
	foreign := map[fileKey]policy.SID{}
	p := &a.argument
	for _, fd := range list {
		a.task, a.subject, a.entry = stopped, stopped.subject.Load(), nil
		switch e := a.takeFD(p, fd); {
		case e == syscall.EBADF:
			continue
		case e != 0:
			refused = append(refused, fd)
			continue
		}
		if former != 0 {
			if _, known := files.lookup(fileKeyOf(p)); !known {
				foreign[fileKeyOf(p)], p.by = former, former
			}
		}
		if a.unusable(holders, stopped.tid, fd, p) {
			a.task, a.subject = stopped, stopped.subject.Load()
			p.labelled = false
			file := a.file(p)
			a.record(hooks.InheritFile(t.e.auth, a.subject, &file).Records)
			refused = append(refused, fd)
		}
	}
	files.note(foreign)
	return refused, true
}

// exchange puts the null device in the place of a stopped task's descriptors.
func (t *tracer) exchange(task *task, fds []int) bool {
	m, err := linux.OpenMemory(task.tid)
	if err != nil {
		return false
	}
	defer m.Close()
	base, ok := vdsoOf(task.tid)
	if !ok {
		return false
	}
	g, ok := t.openGate(task, m, base)
	if !ok {
		return false
	}
	done := t.replaceFiles(g, fds)
	if g.saved.Restarts() {
		// The kernel decides about the interrupted call when a signal stops the task,
		// so it is stopped once more.
		task.expectStop.Store(true)
		g.signals = append(g.signals, syscall.SIGSTOP)
	}
	return g.close() && done
}

// sharing lists the tasks that share a table of descriptors.
func (ts *tasks) sharing(f *fdTable) []*task {
	var list []*task
	ts.each(func(t *task) {
		if t.files.Load() == f {
			list = append(list, t)
		}
	})
	return list
}

// awaitSiblings waits, for a moment, until no other thread with the task's
// descriptors is at work in the kernel, copying one. Those that sleep there do
// nothing else when they wake but stop.
func (t *tracer) awaitSiblings(stopped *task) {
	files := stopped.files.Load()
	if files == nil || !files.shared() {
		return
	}
	const patience, nap = 20 * time.Millisecond, 50 * time.Microsecond
	end := time.Now().Add(patience)
	for _, other := range t.e.tasks.sharing(files) {
		if other == stopped || !other.revoke.Load() || t.isQueued(other.tid) {
			continue
		}
		for time.Now().Before(end) {
			var status linux.WaitStatus
			tid, err := linux.WaitTraced(other.tid, &status, linux.NoHang)
			if err != nil {
				break
			}
			if tid == other.tid {
				t.queue = append(t.queue, traceEvent{tid, status})
				break
			}
			if !runs(other.tid) {
				break
			}
			time.Sleep(nap)
		}
	}
}

// runs reports whether a thread is at work.
func runs(tid int) bool {
	data, err := linux.ReadFile("/proc/" + strconv.Itoa(tid) + "/stat")
	if err != nil {
		return false
	}
	// The name, in parentheses, may hold anything.
	_, rest, _ := bytes.Cut(data[bytes.LastIndexByte(data, ')')+1:], []byte{' '})
	return len(rest) > 0 && rest[0] == 'R'
}

// traceEvent is a change of a thread that was heard of while another one was
// dealt with.
type traceEvent struct {
	tid    int
	status linux.WaitStatus
}

func (t *tracer) isQueued(tid int) bool {
	for i := range t.queue {
		if t.queue[i].tid == tid {
			return true
		}
	}
	return false
}

// next waits for the next event.
func (t *tracer) next(status *linux.WaitStatus) (int, error) {
	if len(t.queue) > 0 {
		event := t.queue[0]
		t.queue = t.queue[1:]
		*status = event.status
		return event.tid, nil
	}
	return linux.WaitTraced(-1, status, 0)
}
