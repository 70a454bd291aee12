package supervisor

import (
	"encoding/binary"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// The calls on processes by number. Numbers are values, so that the kernel can
// perform what was checked, with the caller's own credentials.

// onTask checks an operation on the process that an argument names and lets it
// through.
func (a *actor) onTask(pid int, op hooks.TaskOperation) answer {
	if e := a.mayDo(pid, op); e != 0 {
		return failure(e)
	}
	return goOn
}

// mayDo checks an operation on a process or thread, 0 the task itself. What no
// process has as its number the kernel says.
func (a *actor) mayDo(pid int, op hooks.TaskOperation) syscall.Errno {
	e := a.engine
	if pid == 0 {
		pid = a.task.tid
	}
	if e.supervisorThread(pid) && op != hooks.TaskGetPgid && op != hooks.TaskGetSession && op != hooks.TaskGetScheduler {
		return syscall.EPERM
	}
	return a.judge(hooks.Task(e.auth, a.subject, e.taskLabel(pid), op), mustExist(pid))
}

func mustExist(pid int) func() syscall.Errno {
	return func() syscall.Errno {
		if errnoOf(linux.Kill(pid, 0)) == syscall.ESRCH {
			return syscall.ESRCH
		}
		return 0
	}
}

// setpgid with 0 is about the process, whose first thread may have another label
// than the caller.
func (a *actor) setpgid() answer {
	pid := a.numberArg(0)
	if pid == 0 {
		pid = a.task.tgid
	}
	return a.onTask(pid, hooks.TaskSetPgid)
}

func (a *actor) getpgid() answer { return a.onTask(a.numberArg(0), hooks.TaskGetPgid) }

func (a *actor) getsid() answer { return a.onTask(a.numberArg(0), hooks.TaskGetSession) }

func (a *actor) setScheduler() answer { return a.onTask(a.numberArg(0), hooks.TaskSetScheduler) }

func (a *actor) getScheduler() answer { return a.onTask(a.numberArg(0), hooks.TaskGetScheduler) }

// movePages moves another's memory, which needs as much as looking at it does.
func (a *actor) movePages() answer {
	if e := a.inspect(a.numberArg(0)); e != 0 {
		return failure(e)
	}
	return a.onTask(a.numberArg(0), hooks.TaskSetScheduler)
}

// robustList shows where another thread keeps its locks.
func (a *actor) robustList() answer {
	if e := a.inspect(a.numberArg(0)); e != 0 {
		return failure(e)
	}
	return goOn
}

// kcmp compares what two processes have.
func (a *actor) kcmp() answer {
	for i := range 2 {
		if e := a.inspect(a.numberArg(i)); e != 0 {
			return failure(e)
		}
	}
	return goOn
}

func (a *actor) setrlimit() answer { return a.limits(0, a.arg(1), 0) }

func (a *actor) prlimit() answer { return a.limits(a.numberArg(0), a.arg(2), a.arg(3)) }

// limits reads and changes a limit. Whether a hard one changes is told by memory,
// so that the supervisor does it.
func (a *actor) limits(pid int, fresh, old uint64) answer {
	e := a.engine
	if a.passes() {
		return goOn
	}
	resource := a.intArg(1)
	if a.entry.name == "setrlimit" {
		resource = a.intArg(0)
	}
	var raw [16]byte
	le := binary.LittleEndian
	var limit syscall.Rlimit
	if fresh != 0 {
		if e := a.read(raw[:], fresh); e != 0 {
			return failure(e)
		}
		limit = syscall.Rlimit{Cur: le.Uint64(raw[:]), Max: le.Uint64(raw[8:])}
	}
	if pid == 0 {
		pid = a.task.tid
	}
	if pid != a.task.tid {
		if e := a.mayLimit(pid, fresh != 0, old != 0); e != 0 {
			return failure(e)
		}
	}
	var now syscall.Rlimit
	var err error
	if now, err = a.setLimit(pid, resource, nil); err != nil {
		return failure(errnoOf(err))
	}
	if fresh != 0 {
		switch {
		case limit.Cur > limit.Max:
			return failure(syscall.EINVAL)
		case limit.Max > now.Max:
			if e := a.capable(capSysResource); e != 0 {
				return failure(e)
			}
		}
		if limit.Max != now.Max {
			if e := a.judge(hooks.Task(e.auth, a.subject, e.taskLabel(pid), hooks.TaskSetLimit), nil); e != 0 {
				return failure(e)
			}
		}
		_, err = a.setLimit(pid, resource, &limit)
		if errnoOf(err) == syscall.EPERM && pid == a.task.tid &&
			e.auth.Grants(a.subject.SID, a.subject.SID, hooks.ClassProcess, hooks.ProcessSetrlimit) {
			// Nobody may do it for a set-user-ID program, which may set any limit.
			return goOn
		}
		if err != nil {
			return failure(errnoOf(err))
		}
	}
	if old == 0 {
		return value(0)
	}
	le.PutUint64(raw[:], now.Cur)
	le.PutUint64(raw[8:], now.Max)
	return result(a.write(raw[:], old))
}

// setLimit is prlimit(2) as the supervisor, or where that lacks the capability
// for it, as whoever the task is.
func (a *actor) setLimit(pid, resource int, limit *syscall.Rlimit) (now syscall.Rlimit, err error) {
	a.asSelf(func() { now, err = linux.SetLimit(pid, resource, limit) })
	if errnoOf(err) == syscall.EPERM {
		a.asTaskWholly(func() { now, err = linux.SetLimit(pid, resource, limit) })
	}
	return now, err
}

// mayLimit checks that the task may look at or change another's limits.
func (a *actor) mayLimit(pid int, change, look bool) syscall.Errno {
	e := a.engine
	if e.supervisorThread(pid) {
		return syscall.EPERM
	}
	st, err := linux.ReadStatus(pid)
	if err != nil {
		return syscall.ESRCH
	}
	c := a.task.cred
	if c.UID != st.UID || c.UID != st.EUID || c.UID != st.SUID || c.GID != st.GID || c.GID != st.EGID || c.GID != st.SGID {
		if e := a.capable(capSysResource); e != 0 {
			return e
		}
	}
	if change {
		if e := a.judge(hooks.Task(e.auth, a.subject, e.taskLabel(pid), hooks.TaskSetLimit), nil); e != 0 {
			return e
		}
	}
	if look {
		return a.judge(hooks.Task(e.auth, a.subject, e.taskLabel(pid), hooks.TaskGetLimit), nil)
	}
	return 0
}

// capget tells another's capabilities; whose is told by memory.
func (a *actor) capget() answer {
	const size, dataSize = 8, 24
	var header [size]byte
	if e := a.read(header[:], a.arg(0)); e != 0 {
		return failure(e)
	}
	pid := int(int32(binary.LittleEndian.Uint32(header[4:]))) //nolint:gosec // G115: C's int.
	if pid < 0 {
		return failure(syscall.EINVAL)
	}
	if pid == 0 {
		pid = a.task.tid
	}
	asked := header
	binary.LittleEndian.PutUint32(asked[4:], uint32(pid)) //nolint:gosec // G115: not negative.
	var data [dataSize]byte
	err := linux.GetCapabilities(&asked, &data)
	if asked[0] != header[0] || asked[1] != header[1] || asked[2] != header[2] || asked[3] != header[3] {
		// The version was wrong: the kernel says which is right.
		copy(header[:4], asked[:4])
		if e := a.write(header[:], a.arg(0)); e != 0 {
			return failure(e)
		}
		if a.arg(1) == 0 {
			return value(0)
		}
	}
	if err != nil {
		return failure(errnoOf(err))
	}
	if e := a.judge(hooks.GetCapabilities(a.engine.auth, a.subject, a.engine.taskLabel(pid)), nil); e != 0 {
		return failure(e)
	}
	const version1, half = 0x19980330, 12
	length := dataSize
	if binary.LittleEndian.Uint32(header[:]) == version1 {
		length = half
	}
	if a.arg(1) == 0 {
		return value(0)
	}
	return result(a.write(data[:length], a.arg(1)))
}
