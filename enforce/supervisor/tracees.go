package supervisor

import (
	"sync"
	"sync/atomic"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// Programs that trace others: debuggers, strace. A thread has one tracer, which is
// the supervisor until a program inside asks for it and the policy allows that.
// Then the supervisor lets go of the thread for good.
//
// What the supervisor does by tracing it can no longer do for such a thread: its
// children are found when they first call, an exec is verified before its first
// mediated call instead of its first instruction, and one that would change the
// label is refused, as is what has to be handed over at a stop.

// ptrace requests that make somebody a tracer, or that matter to the filter.
const (
	ptraceTraceMe    = 0
	ptraceAttach     = 16
	ptraceSetOptions = 0x4200
	ptraceSeize      = 0x4206
	// ptraceSuspendSeccomp would have calls of a traced thread go past the filter.
	ptraceSuspendSeccomp = 1 << 21
)

// released are the threads that the supervisor has let go of.
type released struct {
	any     atomic.Bool // there are some, or were
	adopted atomic.Int64
	mu      sync.Mutex
	// labels are all that such threads have had.
	labels map[policy.SID]bool
}

// note remembers a label of a thread that isn't traced.
func (r *released) note(sid policy.SID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.labels == nil {
		r.labels = map[policy.SID]bool{}
	}
	r.labels[sid] = true
	r.any.Store(true)
}

// only returns the one label that such threads have had; false if there are
// several.
func (r *released) only() (policy.SID, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for sid := range r.labels {
		return sid, len(r.labels) == 1
	}
	return 0, false
}

// ptrace checks who becomes a tracer. What a tracer then does it does to its own
// tracees only.
func (a *actor) ptrace() answer {
	if !a.engine.cfg.Debuggable {
		return failure(syscall.EPERM)
	}
	switch a.arg(0) {
	case ptraceTraceMe:
		return a.traceMe()
	case ptraceAttach, ptraceSeize:
		if a.arg(3)&ptraceSuspendSeccomp != 0 {
			return failure(syscall.EPERM)
		}
		return a.attach(a.numberArg(1))
	case ptraceSetOptions:
		if a.arg(3)&ptraceSuspendSeccomp != 0 {
			return failure(syscall.EPERM)
		}
	}
	return goOn
}

// traceMe has the caller's parent trace it.
func (a *actor) traceMe() answer {
	e, t := a.engine, a.task
	if t.untraced.Load() {
		t.releases = 0
		return goOn
	}
	st, err := linux.ReadStatus(t.tid)
	if err != nil || e.tasks.get(st.PPID) == nil {
		return failure(syscall.EPERM)
	}
	if e := a.judge(hooks.TraceMe(e.auth, a.subject, e.taskLabel(st.PPID)), nil); e != 0 {
		return failure(e)
	}
	return a.release(t)
}

// attach has the caller trace another thread.
func (a *actor) attach(tid int) answer {
	e := a.engine
	if e.supervisorThread(tid) {
		return failure(syscall.EPERM)
	}
	v := hooks.Task(e.auth, a.subject, e.taskLabel(tid), hooks.TaskPtrace)
	if errno := a.judge(v, mustExist(tid)); errno != 0 {
		return failure(errno)
	}
	target := e.tasks.get(tid)
	if target == nil || target.untraced.Load() {
		a.task.releases = 0
		return goOn
	}
	return a.release(target)
}

// release has the tracer let go of a thread, and the caller, whose stop wakes the
// tracer, make its call again.
func (a *actor) release(target *task) answer {
	const tries = 16
	t := a.task
	if t.releases++; t.releases > tries || target.forkWatch.Load() || t.untraced.Load() && target != t {
		t.releases = 0
		return failure(syscall.EPERM)
	}
	t.wants.Store(int64(target.tid))
	if e := a.stopTask(); e != 0 {
		return failure(e)
	}
	return failure(linux.ErrRestart)
}

// startRelease does what a stopped thread wants of the tracer. true means that
// the thread is dealt with: it has gone, or waits until another has.
func (t *tracer) startRelease(task *task) bool {
	tid := int(task.wants.Swap(0))
	if tid == 0 {
		return false
	}
	if tid == task.tid {
		t.letGo(task, 0)
		return true
	}
	target := t.e.tasks.get(tid)
	if target == nil || target.untraced.Load() || target.watched() || target.waiting != nil || linux.Interrupt(tid) != nil {
		return false
	}
	t.leaving[tid] = append(t.leaving[tid], task.tid)
	return true
}

// parting lets go of a stopped thread if somebody waits for that. sig is the signal
// that it is about to take.
func (t *tracer) parting(tid int, sig syscall.Signal) bool {
	waiters, ok := t.leaving[tid]
	if !ok {
		return false
	}
	delete(t.leaving, tid)
	if task := t.e.tasks.get(tid); task != nil {
		t.letGo(task, sig)
	}
	for _, waiter := range waiters {
		t.cont(waiter, 0)
	}
	return true
}

// letGo ends the tracing of a stopped thread.
func (t *tracer) letGo(task *task, sig syscall.Signal) {
	task.untraced.Store(true)
	task.hold()
	t.e.released.note(task.sid())
	_ = linux.Detach(task.tid, sig)
}

// hold keeps a handle of the thread, which tells when its number is free for
// another: nobody else will.
func (t *task) hold() {
	if t.pidfd < 0 {
		if fd, err := linux.PidfdOpen(t.tid); err == nil {
			t.pidfd = fd
		}
	}
}

// ended reports whether an untraced thread is no more, though its number may be
// in use.
func (t *task) ended() bool {
	if t.pidfd < 0 {
		return true
	}
	readable, hungUp, err := linux.Poll(t.pidfd, 0)
	return err != nil || readable || hungUp
}

// caller returns the task that makes the received call. nil refuses it.
func (a *actor) caller() *task {
	e, tid := a.engine, int(a.call.PID)
	t := e.tasks.get(tid)
	if !e.released.any.Load() {
		return t
	}
	if t != nil && !t.untraced.Load() {
		return t
	}
	if t != nil && t.ended() {
		e.tasks.drop(t)
		t = nil
	}
	if t == nil {
		if t = a.adopt(tid); t == nil {
			_ = linux.Kill(tid, syscall.SIGKILL)
		}
	}
	return t
}

// dropEnded drops what is known of untraced threads that are no more.
func (e *engine) dropEnded() {
	e.tasks.each(func(t *task) {
		if !t.untraced.Load() || !t.enter() {
			return
		}
		ended := t.ended()
		t.leave()
		if ended {
			e.tasks.drop(t)
		}
	})
}

// adopt makes the entry of a thread whose birth nobody told of: a child of one
// that the supervisor doesn't trace. Its label is that of its process, or the only
// one that such threads have; whose child it is can't be told once the parent is
// gone.
func (a *actor) adopt(tid int) *task {
	e := a.engine
	if a.becomeSelf() != 0 {
		return nil // whoever the actor was for an earlier call may not look
	}
	st, err := linux.ReadStatus(tid)
	if err != nil || !e.listener.Valid(a.call.ID) {
		return nil
	}
	var leader *task
	if st.TGID != tid {
		leader = e.tasks.get(st.TGID)
		if leader != nil && !leader.untraced.Load() {
			return nil
		}
	}
	t := &task{tid: tid, tgid: st.TGID, pidfd: -1, credStale: true}
	if leader != nil {
		t.fs = leader.fs.share()
		t.files.Store(newFDTable())
		if f := leader.files.Load(); f != nil {
			t.files.Load().drop()
			t.files.Store(f.share())
		}
		t.subject.Store(leader.subject.Load())
	} else {
		sid, ok := e.released.only()
		if !ok {
			e.log.Warn("thread of unknown origin among traced ones", "pid", tid)
			return nil
		}
		// It has the directories of whose child it is, which nobody told.
		t.fs = &fsState{refs: 1, umask: st.Umask}
		t.fs.elsewhere(true)
		t.files.Store(newFDTable())
		t.setSubject(hooks.Subject{SID: sid, Previous: sid})
	}
	t.untraced.Store(true)
	t.hold()
	e.enrol(t, nil)
	if len(st.Numbers) > 1 {
		e.enrol(t, nil)
	}
	e.tasks.add(t)
	const period = 32
	if e.released.adopted.Add(1)%period == 0 {
		e.dropEnded()
	}
	return t
}

// running returns the file that a process runs.
func (e *engine) running(tid int) inodeKey {
	var st linux.Statx
	var buf [64]byte
	if linux.Stat(linux.AtFDCwd, linux.ProcName(buf[:0], tid, "exe"), 0, walkMask, &st) != nil {
		return inodeKey{}
	}
	return keyOf(&st).inodeKey
}

// confirmExec verifies an exec of an untraced process at the first call after it.
func (a *actor) confirmExec(t *task) bool {
	e := a.engine
	if t.exec == nil && t.tid == t.tgid {
		// Another thread may have called exec and taken this number over.
		former := e.tasks.pendingIn(t)
		if former == nil || !former.ended() {
			return true
		}
		if t.exec = former.exec; t.exec == nil {
			return true
		}
		former.exec = nil
	}
	pending := t.exec
	if pending == nil {
		return true
	}
	t.exec = nil
	if a.becomeSelf() != 0 {
		return false // whoever the actor was for an earlier call may not look
	}
	now := e.running(t.tid)
	if now == pending.was && now != pending.image {
		return true // it failed
	}
	t.dropHandles()
	t.hold()
	t.credStale = true
	tr := &tracer{e: e, actor: a}
	if !tr.verify(t, pending) {
		e.log.Warn("traced process changed an exec after its check", "pid", t.tid)
		return false
	}
	t.unshareFiles()
	t.setSubject(t.subject.Load().Committed(pending.x.SID))
	return true
}

// pendingIn returns a thread of a process, other than t, that has called exec.
func (ts *tasks) pendingIn(t *task) *task {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	for _, other := range ts.all {
		if other != t && other.tgid == t.tgid && other.exec != nil {
			return other
		}
	}
	return nil
}

// tracerOf returns the label of who traces a thread that the supervisor doesn't,
// 0 if nobody does.
func (e *engine) tracerOf(t *task) policy.SID {
	if !t.untraced.Load() {
		return 0
	}
	st, err := linux.ReadStatus(t.tid)
	if err != nil || st.Tracer == 0 {
		return 0
	}
	return e.taskLabel(st.Tracer)
}

// execUntraced is what else must hold for an exec of an untraced process.
func (a *actor) execUntraced(p *place, pending *pendingExec) syscall.Errno {
	if !a.task.untraced.Load() {
		return 0
	}
	if pending.x.Changed && pending.x.SID != a.subject.SID {
		a.engine.log.Warn("exec under a debugger would change the label", "pid", a.task.tid, "context", a.engine.auth.context(pending.x.SID))
		return syscall.EPERM
	}
	if a.regains(p) {
		a.engine.log.Warn("exec under a debugger would give back capabilities", "pid", a.task.tid)
		return syscall.EPERM
	}
	a.asSelf(func() { pending.was = a.engine.running(a.task.tid) })
	return 0
}

// regains reports whether executing a file may give the task capabilities that its
// label has lost, which nobody then takes away again.
func (a *actor) regains(p *place) bool {
	e, c := a.engine, a.task.cred
	switch {
	case e.cfg.KeepCapabilities, a.deniedCapabilities()&c.Bounding == 0,
		e.auth.Grants(a.subject.SID, a.subject.SID, hooks.ClassProcess, hooks.ProcessSetcurrent):
		return false
	case c.UID == 0, c.EUID == 0, p.st.Mode&syscall.S_ISUID != 0 && !c.NoNewPrivs:
		return true
	}
	var value [64]byte
	n, _ := linux.Getxattr(a.through(p), linux.MakeName("security.capability"), value[:])
	return n > 0 && !c.NoNewPrivs
}

// awaitReleased waits for the end of threads that the tracer doesn't hear from.
func (e *engine) awaitReleased() {
	const period = 50
	for e.released.any.Load() && e.failed.Load() == nil {
		if _, hungUp, err := linux.Poll(e.listener.FD, period); hungUp || err != nil {
			return
		}
	}
}
