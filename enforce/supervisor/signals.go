package supervisor

import (
	"bytes"
	"strconv"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// The calls that act on other processes by number. Numbers are values, so that
// the kernel can perform what was checked.

// kill answers kill and rt_sigqueueinfo.
func (a *actor) kill() answer {
	pid, sig := a.intArg(0), a.intArg(1)
	if pid > 0 {
		return a.signalTask(pid, sig)
	}
	return a.signalGroup(pid, sig)
}

func (a *actor) tkill() answer { return a.signalTask(a.intArg(0), a.intArg(1)) }

func (a *actor) tgkill() answer { return a.signalTask(a.intArg(1), a.intArg(2)) }

func (a *actor) signalTask(pid, sig int) answer {
	if e := a.maySignal(pid, sig); e != 0 {
		return failure(e)
	}
	return goOn
}

// maySignal checks a signal to a process or thread. The supervisor is out of
// reach.
func (a *actor) maySignal(pid, sig int) syscall.Errno {
	e := a.engine
	if e.ownProcess(a.task, pid) && e.taskLabel(pid) == a.subject.SID {
		// Its own, which every program may: what the policy would have to say is
		// asked for completeness below only where the label differs.
		return a.judge(hooks.Signal(e.auth, a.subject, a.subject.SID, sig), nil)
	}
	if e.supervisorThread(pid) {
		if sig == 0 {
			return 0
		}
		return syscall.EPERM
	}
	return a.judge(hooks.Signal(e.auth, a.subject, e.taskLabel(pid), sig), a.maySignalAtAll(pid))
}

// maySignalAtAll is the discretionary check.
func (a *actor) maySignalAtAll(pid int) func() syscall.Errno {
	return func() syscall.Errno {
		c := a.task.cred
		st, err := linux.ReadStatus(pid)
		switch {
		case err != nil:
			return syscall.ESRCH
		case c.has(linux.CapKill), c.EUID == st.UID, c.EUID == st.SUID, c.UID == st.UID, c.UID == st.SUID:
			return 0
		}
		return syscall.EPERM
	}
}

// signalGroup sends a signal to each supervised process that the number means:
// its group (0), a group (below -1), or all (-1). Others, the supervisor first,
// are spared, even though the group may be theirs too.
func (a *actor) signalGroup(pid, sig int) answer {
	group := -pid
	if pid == 0 {
		group, _ = linux.Getpgid(a.task.tgid)
	}
	var targets []int
	a.engine.tasks.each(func(t *task) {
		if t.tid != t.tgid {
			return
		}
		if pid == -1 {
			// Not to oneself, as on Linux.
			if t.tgid != a.task.tgid {
				targets = append(targets, t.tgid)
			}
			return
		}
		if g, err := linux.Getpgid(t.tgid); err == nil && g == group {
			targets = append(targets, t.tgid)
		}
	})
	if len(targets) == 0 {
		return failure(syscall.ESRCH)
	}
	failed := syscall.EPERM
	sent := false
	for _, target := range targets {
		e := a.maySignal(target, sig)
		if e == 0 {
			e = a.maySignalAtAll(target)()
		}
		if e == 0 {
			e = errnoOf(linux.Kill(target, syscall.Signal(sig)))
		}
		if e == 0 {
			sent = true
		} else {
			failed = e
		}
	}
	if sent {
		return value(0)
	}
	return failure(failed)
}

func (a *actor) pidfdSendSignal() answer {
	if e := a.takeFD(&a.argument, a.intArg(0)); e != 0 {
		return failure(e)
	}
	pid, ok := pidOfPidfd(a.argument.fd)
	if !ok {
		return failure(syscall.EBADF)
	}
	if pid <= 0 {
		return failure(syscall.ESRCH)
	}
	return a.signalTask(pid, a.intArg(1))
}

// pidOfPidfd returns the process that a descriptor of ours stands for.
func pidOfPidfd(fd int) (int, bool) {
	data, err := linux.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(data) {
		if rest, ok := bytes.CutPrefix(line, []byte("Pid:")); ok {
			pid, err := strconv.Atoi(string(bytes.TrimSpace(rest)))
			return pid, err == nil
		}
	}
	return 0, false
}

// onTask checks an operation on the process that an argument names and lets it
// through.
func (a *actor) onTask(pid int, op hooks.TaskOperation) answer {
	e := a.engine
	if pid == 0 {
		pid = a.task.tid
	}
	if e.supervisorThread(pid) && op != hooks.TaskGetPgid && op != hooks.TaskGetSession && op != hooks.TaskGetScheduler {
		return failure(syscall.EPERM)
	}
	if err := a.judge(hooks.Task(e.auth, a.subject, e.taskLabel(pid), op), nil); err != 0 {
		return failure(err)
	}
	return goOn
}

func (a *actor) setpgid() answer { return a.onTask(a.intArg(0), hooks.TaskSetPgid) }

func (a *actor) getpgid() answer { return a.onTask(a.intArg(0), hooks.TaskGetPgid) }

func (a *actor) getsid() answer { return a.onTask(a.intArg(0), hooks.TaskGetSession) }

func (a *actor) setScheduler() answer { return a.onTask(a.intArg(0), hooks.TaskSetScheduler) }

func (a *actor) getScheduler() answer { return a.onTask(a.intArg(0), hooks.TaskGetScheduler) }

// prlimit changes limits if there are new ones. The pointer is a reason only in
// that it isn't null, which a later change doesn't alter.
func (a *actor) prlimit() answer {
	if a.arg(2) != 0 {
		return a.onTask(a.intArg(0), hooks.TaskSetLimit)
	}
	return a.onTask(a.intArg(0), hooks.TaskGetLimit)
}

// Targets of setpriority and ioprio_set.
const (
	prioProcess   = 0
	ioprioProcess = 1
)

func (a *actor) setPriority() answer { return a.priority(hooks.TaskSetScheduler) }

func (a *actor) getPriority() answer { return a.priority(hooks.TaskGetScheduler) }

// priority answers the calls that name a process, a group or a user.
func (a *actor) priority(op hooks.TaskOperation) answer {
	process := prioProcess
	if a.entry.name == "ioprio_set" || a.entry.name == "ioprio_get" {
		process = ioprioProcess
	}
	if a.intArg(0) == process || op == hooks.TaskGetScheduler {
		return a.onTask(a.intArg(1), op)
	}
	return failure(syscall.EPERM) // a whole group or user, the supervisor among them
}
