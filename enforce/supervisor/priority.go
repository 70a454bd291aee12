package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Priorities of processes, of groups of them and of users' processes. The
// supervisor takes the latter two apart and leaves out what isn't supervised.

// Targets of setpriority; those of ioprio_set are one more each.
const (
	prioProcess = iota
	prioGroup
	prioUser
)

// setPriority answers setpriority.
func (a *actor) setPriority() answer {
	which, who, nice := a.intArg(0), a.whom(a.intArg(0)), min(max(a.intArg(2), -20), 19)
	if which == prioProcess {
		return a.onTask(who, hooks.TaskSetScheduler)
	}
	return a.eachOf(which, who, func(t *task) syscall.Errno {
		return a.prioritise(t, func() error { return linux.SetPriority(t.tid, nice) })
	})
}

func (a *actor) setIOPriority() answer {
	which, who, priority := a.intArg(0)-1, a.whom(a.intArg(0)-1), a.intArg(2)
	if which == prioProcess {
		return a.onTask(who, hooks.TaskSetScheduler)
	}
	return a.eachOf(which, who, func(t *task) syscall.Errno {
		return a.prioritise(t, func() error { return linux.SetIOPriority(t.tid, priority) })
	})
}

// prioritise changes a priority of a thread: first the policy is asked, where the
// kernel asks last, because the supervisor can't try without doing it.
func (a *actor) prioritise(t *task, change func() error) syscall.Errno {
	if e := a.mayDo(t.tid, hooks.TaskSetScheduler); e != 0 {
		return e
	}
	if e := a.becomeTask(); e != 0 {
		return e
	}
	return errnoOf(change())
}

// getIOPriority returns the best of a group's priorities; those that may not be
// seen don't count.
func (a *actor) getIOPriority() answer {
	which, who := a.intArg(0)-1, a.whom(a.intArg(0)-1)
	if which == prioProcess {
		return a.onTask(who, hooks.TaskGetScheduler)
	}
	best := -1
	out := a.eachOf(which, who, func(t *task) syscall.Errno {
		if a.mayDo(t.tid, hooks.TaskGetScheduler) != 0 {
			return 0
		}
		if p, err := linux.IOPriority(t.tid); err == nil && (best < 0 || p < best) {
			best = p
		}
		return 0
	})
	if out.kind != answerValue {
		return out
	}
	if best < 0 {
		return failure(syscall.ESRCH)
	}
	return value(int64(best))
}

// eachOf does something to every supervised thread of a group's or a user's
// processes. The last that fails tells how the call ends.
func (a *actor) eachOf(which, who int, do func(*task) syscall.Errno) answer {
	var belongs func(*task) bool
	switch which {
	case prioGroup:
		if who == 0 {
			who, _ = linux.Getpgid(a.task.tgid)
		}
		belongs = func(t *task) bool {
			g, err := linux.Getpgid(t.tgid)
			return err == nil && g == who
		}
	case prioUser:
		if who == 0 {
			who = a.task.cred.UID
		}
		belongs = func(t *task) bool {
			st, err := linux.ReadStatus(t.tid)
			return err == nil && st.UID == who
		}
	default:
		return failure(syscall.EINVAL)
	}
	found, failed := false, syscall.Errno(0)
	a.engine.tasks.each(func(t *task) {
		if !belongs(t) {
			return
		}
		found = true
		if e := do(t); e != 0 {
			failed = e
		}
	})
	if !found {
		return failure(syscall.ESRCH)
	}
	return result(failed)
}

// whom returns the second argument: a number of a process or a group, which
// counts in the task's namespace, or a user's.
func (a *actor) whom(which int) int {
	if which == prioUser {
		return a.intArg(1)
	}
	return a.numberArg(1)
}
