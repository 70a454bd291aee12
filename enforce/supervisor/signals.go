package supervisor

import (
	"bytes"
	"strconv"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Signals. Numbers of processes are values, so that the kernel can send to one
// what was checked; groups the supervisor takes apart.

// kill answers kill.
func (a *actor) kill() answer {
	pid, sig := a.intArg(0), a.intArg(1)
	if pid > 0 {
		return a.signalTask(a.task.number(pid), sig)
	}
	return a.signalGroup(pid, sig)
}

// sigqueue answers rt_sigqueueinfo, for which there are no groups.
func (a *actor) sigqueue() answer { return a.signalTask(a.task.number(a.intArg(0)), a.intArg(1)) }

func (a *actor) tkill() answer { return a.signalTask(a.task.number(a.intArg(0)), a.intArg(1)) }

func (a *actor) tgkill() answer { return a.signalTask(a.task.number(a.intArg(1)), a.intArg(2)) }

func (a *actor) signalTask(pid, sig int) answer {
	if pid <= 0 {
		return goOn // the kernel says that this is no process
	}
	if e := a.maySignal(pid, sig); e != 0 {
		return failure(e)
	}
	return goOn
}

// maySignal checks a signal to a process or thread. The supervisor is out of
// reach.
func (a *actor) maySignal(pid, sig int) syscall.Errno {
	e := a.engine
	if e.ownProcess(a.task, pid) {
		return a.judge(hooks.Signal(e.auth, a.subject, e.taskLabel(pid), sig), nil)
	}
	if e.supervisorThread(pid) {
		if sig == 0 {
			return 0
		}
		return syscall.EPERM
	}
	dac := a.maySignalAtAll(pid, sig)
	if a.task.cred.has(linux.CapKill) && a.deniedCapabilities()>>linux.CapKill&1 != 0 {
		// The kernel would let it use what its label may not.
		if e := dac(); e != 0 {
			return e
		}
	}
	return a.judge(hooks.Signal(e.auth, a.subject, e.taskLabel(pid), sig), dac)
}

// maySignalAtAll is the discretionary check.
func (a *actor) maySignalAtAll(pid, sig int) func() syscall.Errno {
	return func() syscall.Errno {
		c := a.task.cred
		st, err := linux.ReadStatus(pid)
		switch {
		case err != nil:
			return syscall.ESRCH
		case c.EUID == st.UID, c.EUID == st.SUID, c.UID == st.UID, c.UID == st.SUID:
			return 0
		case sig == int(syscall.SIGCONT) && sameSession(a.task.tgid, pid):
			return 0
		}
		return a.capable(linux.CapKill)
	}
}

func sameSession(pid, other int) bool {
	one, err := linux.SessionOf(pid)
	if err != nil {
		return false
	}
	two, err := linux.SessionOf(other)
	return err == nil && one == two
}

// signalGroup sends a signal to each supervised process that the number means:
// its group (0), a group (below -1), or all (-1). Others, the supervisor first,
// are spared, even though the group may be theirs too.
func (a *actor) signalGroup(pid, sig int) answer {
	if sig < 0 || sig > lastSignal {
		return failure(syscall.EINVAL)
	}
	targets := a.groupOf(pid)
	if len(targets) == 0 {
		return failure(syscall.ESRCH)
	}
	failed := syscall.EPERM
	sent := false
	for _, target := range targets {
		e := a.maySignal(target, sig)
		if e == 0 && !a.engine.ownProcess(a.task, target) {
			e = a.maySignalAtAll(target, sig)()
		}
		if e == 0 {
			a.asSelf(func() {
				e = errnoOf(linux.KillAs(target, syscall.Signal(sig), a.senderTo(target), a.task.cred.UID))
			})
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

// senderTo returns the task's process' number as the receiver of a signal has it.
func (a *actor) senderTo(target int) int {
	leader := a.engine.tasks.get(a.task.tgid)
	if receiver := a.engine.tasks.get(target); receiver != nil && receiver.pids != nil && leader != nil {
		return leader.seen(receiver.pids)
	}
	return a.task.tgid
}

// groupOf lists the supervised processes that a number below 1 means to kill.
func (a *actor) groupOf(pid int) []int {
	in := a.groups(pid)
	var targets []int
	a.engine.tasks.each(func(t *task) {
		if t.tid == t.tgid && in(t) {
			targets = append(targets, t.tgid)
		}
	})
	return targets
}

// groups returns what tells the processes that a number which isn't positive
// means to the task.
func (a *actor) groups(pid int) func(*task) bool {
	ns := a.task.pids
	if pid == -1 {
		// Not to oneself, nor to the first process, as on Linux.
		return func(t *task) bool { return t.tgid != a.task.tgid && t.seen(ns) != 0 && (ns == nil || t.seen(ns) != 1) }
	}
	if ns == nil {
		group := -pid
		if pid == 0 {
			group, _ = linux.Getpgid(a.task.tgid)
		}
		return func(t *task) bool {
			g, err := linux.Getpgid(t.tgid)
			return err == nil && g == group
		}
	}
	group := -pid
	if pid == 0 {
		group = ns.groupOf(a.task.tgid)
	}
	return func(t *task) bool { return t.seen(ns) != 0 && ns.groupOf(t.tgid) == group }
}

// groupOf returns the group of a process as the namespace has it, -1 if unknown.
func (ns *pidNamespace) groupOf(pid int) int {
	st, err := linux.ReadStatus(pid)
	if err != nil || len(st.ProcessGroups) <= ns.level {
		return -1
	}
	return st.ProcessGroups[ns.level]
}

// pidfdSendSignal sends to what a copy of the descriptor stands for, which can't
// become another meanwhile.
func (a *actor) pidfdSendSignal() answer {
	const processGroup = 4
	pidfd, sig, flags := a.intArg(0), a.intArg(1), a.uintArg(3)
	var info *[128]byte
	if a.arg(2) != 0 {
		info = new([128]byte)
		if e := a.read(info[:], a.arg(2)); e != 0 {
			return failure(e)
		}
	}
	pid, e := a.takePidfd(pidfd)
	if e != 0 {
		return failure(e)
	}
	if flags&processGroup != 0 {
		group, err := linux.Getpgid(pid)
		if ns := a.task.pids; ns != nil {
			group = ns.groupOf(pid)
		}
		if err != nil || group <= 1 {
			return failure(syscall.ESRCH)
		}
		return a.signalGroup(-group, sig)
	}
	if e := a.maySignal(pid, sig); e != 0 {
		return failure(e)
	}
	if a.engine.ownProcess(a.task, pid) && info != nil {
		return goOn // to itself it may say what it likes
	}
	if !a.engine.ownProcess(a.task, pid) {
		if e := a.maySignalAtAll(pid, sig)(); e != 0 {
			return failure(e)
		}
	}
	var err error
	a.asSelf(func() {
		err = linux.PidfdKillAs(a.argument.fd, syscall.Signal(sig), a.senderTo(pid), a.task.cred.UID, info, flags)
	})
	return result(errnoOf(err))
}

// takePidfd fetches a descriptor that stands for a process and returns which.
func (a *actor) takePidfd(fd int) (int, syscall.Errno) {
	if e := a.takeFD(&a.argument, fd); e != 0 {
		return 0, e
	}
	pid, ok := pidOfPidfd(a.argument.fd)
	switch {
	case !ok:
		return 0, syscall.EBADF
	case pid <= 0:
		return 0, syscall.ESRCH
	}
	return pid, 0
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
