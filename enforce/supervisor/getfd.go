package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// pidfdGetfd answers the call: who may trace a process may have its descriptors,
// as far as its own label may use them.
func (a *actor) pidfdGetfd() answer {
	if a.uintArg(2) != 0 {
		return failure(syscall.EINVAL)
	}
	if e := a.takeFD(&a.argument, a.intArg(0)); e != 0 {
		return failure(e)
	}
	pid, ok := pidOfPidfd(a.argument.fd)
	switch {
	case !ok:
		return failure(syscall.EBADF)
	case pid <= 0:
		return failure(syscall.ESRCH)
	case a.engine.supervisorThread(pid):
		return failure(syscall.EPERM)
	}
	own := a.engine.ownProcess(a.task, pid)
	if !own {
		m, e := a.openForeign(pid)
		if e == syscall.EACCES {
			e = syscall.EPERM // as the kernel has it for this call
		}
		if e != 0 {
			return failure(e)
		}
		m.Close()
	}
	var fd int
	var err error
	a.asSelf(func() { fd, err = linux.PidfdGetfd(a.argument.fd, a.intArg(1)) })
	if err != nil {
		return failure(errnoOf(err))
	}
	p := &a.argument
	if e := a.adoptFD(p, fd, true); e != 0 {
		return failure(e)
	}
	p.by = a.holderOf(pid, p)
	// It may have got another label since it was asked about, and with it other
	// descriptors.
	if !own {
		v := hooks.Task(a.engine.auth, a.subject, a.engine.taskLabel(pid), hooks.TaskPtrace)
		if a.judge(v, nil) != 0 {
			return failure(syscall.EPERM)
		}
	}
	file := a.file(p)
	if e := a.judge(hooks.InheritFile(a.engine.auth, a.subject, &file), nil); e != 0 {
		return failure(e)
	}
	if file.SID != a.subject.SID {
		a.task.files.Load().note(map[fileKey]policy.SID{fileKeyOf(p): file.SID})
	}
	p.owned = false
	if !p.open {
		return a.handOver(p.fd, true)
	}
	a.fd = p.fd
	return answer{kind: answerFD, cloexec: linux.OCloexec}
}

// holderOf returns who opened what a process holds.
func (a *actor) holderOf(pid int, p *place) policy.SID {
	t := a.engine.tasks.get(pid)
	if t == nil {
		return a.engine.kernelSID()
	}
	if f := t.files.Load(); f != nil {
		if sid, ok := f.lookup(fileKeyOf(p)); ok {
			return sid
		}
	}
	return t.sid()
}
