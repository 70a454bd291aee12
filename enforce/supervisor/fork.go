package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// Making processes and threads. Nearly every label may, so that it costs nothing
// where the policy has nothing to say: tasks of a label that may not are stopped
// at each of their calls, and what would make another task is skipped.

// mayNotFork reports whether the policy denies a label to make tasks, enforced or
// only to be logged.
func (e *engine) mayNotFork(sid policy.SID) bool {
	denied, _ := e.auth.Denies(sid, sid, hooks.ClassProcess, hooks.ProcessFork)
	return denied != 0
}

// reviewForks looks again whether a task may make others, after its label or the
// policy has changed. One that no longer may is stopped, so that it goes on
// stopping at its calls.
func (e *engine) reviewForks(t *task) {
	watch := e.mayNotFork(t.sid())
	if t.forkWatch.Swap(watch) || !watch || t.untraced.Load() {
		return
	}
	t.expectStop.Store(true)
	_ = linux.Tgkill(t.tgid, t.tid, syscall.SIGSTOP)
}

// forkEntry answers for a call that would make a task.
func (t *tracer) forkEntry(task *task, r *linux.Registers) {
	if !task.forkWatch.Load() {
		return
	}
	a := t.actor
	a.task, a.subject, a.entry = task, task.subject.Load(), t.e.lookup(task.watchedCall)
	defer a.forget()
	if e := a.judge(hooks.Fork(t.e.auth, a.subject), nil); e != 0 {
		task.watchedResult, task.watchedSkip = -int64(e), true
		r.SetSyscall(-1)
		_ = linux.SetRegisters(task.tid, r)
	}
}
