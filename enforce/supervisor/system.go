package supervisor

import (
	"encoding/binary"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// The calls on the machine as a whole. The policy is asked first. What is decided
// by values the kernel performs; where a pointer or a descriptor is what the check
// is about, the supervisor performs it with copies.
//
// What can go round every check once it is done (code in the kernel, ports of the
// hardware) is done only where the policy allows it in so many words.

// syslog is known by its first argument.
func (a *actor) syslog() answer {
	const readAll, sizeBuffer = 3, 10
	action := a.intArg(0)
	if a.engine.sysctl.dmesgRestrict || action != readAll && action != sizeBuffer {
		if !a.holds(capSyslog) {
			return goOn // refused, or wrong in another way that is told first
		}
		if e := a.mayUse(capSyslog); e != 0 {
			return failure(e)
		}
	}
	if e := a.judge(hooks.Syslog(a.engine.auth, a.subject, action), nil); e != 0 {
		return failure(e)
	}
	return goOn
}

func (a *actor) setTime() answer { return a.privileged(capSysTime) }

// setClock sets a clock; those that are descriptors have no capability asked for.
func (a *actor) setClock() answer {
	if a.intArg(0) < 0 {
		return goOn
	}
	return a.privileged(capSysTime)
}

func (a *actor) adjtimex() answer { return a.adjustClock(0, a.arg(0)) }

func (a *actor) clockAdjtime() answer {
	if a.intArg(0) < 0 {
		return goOn
	}
	return a.adjustClock(a.intArg(0), a.arg(1))
}

// adjustClock reads a clock's state or changes it, which needs a capability.
func (a *actor) adjustClock(clock int, address uint64) answer {
	const single, readOnly = 0x8000, 0x2000
	timex := make([]byte, linux.TimexSize)
	if e := a.read(timex, address); e != 0 {
		return failure(e)
	}
	modes := binary.LittleEndian.Uint32(timex)
	changes := modes != 0
	if modes&single != 0 {
		changes = modes&readOnly == 0
	}
	if changes {
		if e := a.capable(capSysTime); e != 0 {
			return failure(e)
		}
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	state, err := linux.ClockAdjtime(clock, timex)
	if err != nil {
		return failure(errnoOf(err))
	}
	if e := a.write(timex, address); e != 0 {
		return failure(e)
	}
	return value(int64(state))
}

func (a *actor) setName() answer { return a.privileged(linux.CapSysAdmin) }

func (a *actor) reboot() answer {
	if e := a.explicitCapability(capSysBoot); e != 0 {
		return failure(e)
	}
	return goOn
}

// ports gives a task the ports of the hardware.
func (a *actor) ports() answer {
	if a.entry.name == "ioperm" && a.intArg(2) == 0 {
		return goOn
	}
	if e := a.explicitCapability(capSysRawio); e != 0 {
		return failure(e)
	}
	return goOn
}

// explicitCapability is capable for what the policy must allow in so many words.
func (a *actor) explicitCapability(capability int) syscall.Errno {
	if e := a.capable(capability); e != 0 {
		return e
	}
	class, bit := hooks.ClassCapability, capability
	if bit >= 32 {
		class, bit = hooks.ClassCapability2, bit-32
	}
	return a.explicit(class, 1<<bit, syscall.EPERM)
}

// explicit refuses what the policy doesn't allow the task to do to itself in so
// many words, even where it isn't enforced: what comes of it isn't held up by any
// later check.
func (a *actor) explicit(class hooks.Class, perms hooks.Perms, errno syscall.Errno) syscall.Errno {
	if a.engine.auth.Grants(a.subject.SID, a.subject.SID, class, perms) {
		return 0
	}
	return errno
}

// initModule loads a module from memory, whose content nobody looks at.
func (a *actor) initModule() answer {
	if e := a.explicitCapability(capSysModule); e != 0 {
		return failure(e)
	}
	v := hooks.LoadKernelFile(a.engine.auth, a.subject, nil, hooks.SystemModuleLoad)
	if e := a.judge(v, nil); e != 0 {
		return failure(e)
	}
	if e := a.explicit(hooks.ClassSystem, hooks.SystemModuleLoad, syscall.EACCES); e != 0 {
		return failure(e)
	}
	return goOn
}

func (a *actor) deleteModule() answer { return a.privileged(capSysModule) }

// finitModule loads a module from a descriptor.
func (a *actor) finitModule() answer {
	if e := a.explicitCapability(capSysModule); e != 0 {
		return failure(e)
	}
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return failure(e)
	}
	parameters, e := a.readPath(&a.path1, a.arg(1))
	if e != 0 {
		return failure(e)
	}
	if e := a.loadFrom(&a.argument, hooks.SystemModuleLoad); e != 0 {
		return failure(e)
	}
	a.yield()
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.FinitModule(a.argument.fd, append(linux.Name(parameters), 0), a.intArg(2))))
}

// loadFrom checks that the kernel may load a file that the task has open.
func (a *actor) loadFrom(p *place, perms hooks.Perms) syscall.Errno {
	file := a.file(p)
	if e := a.judge(hooks.LoadKernelFile(a.engine.auth, a.subject, &file, perms), nil); e != 0 {
		return e
	}
	if !a.engine.auth.Grants(a.subject.SID, file.Inode.SID, hooks.ClassSystem, perms) {
		return syscall.EACCES
	}
	return 0
}

// kexecLoad prepares another kernel from memory.
func (a *actor) kexecLoad() answer {
	if e := a.explicitCapability(capSysBoot); e != 0 {
		return failure(e)
	}
	v := hooks.LoadKernelFile(a.engine.auth, a.subject, nil, hooks.SystemKexecImageLoad)
	if e := a.judge(v, nil); e != 0 {
		return failure(e)
	}
	if e := a.explicit(hooks.ClassSystem, hooks.SystemKexecImageLoad, syscall.EACCES); e != 0 {
		return failure(e)
	}
	return goOn
}

// kexecFileLoad prepares another kernel from descriptors.
func (a *actor) kexecFileLoad() answer {
	const unload, noInitrd, maxLine = 1, 4, 1 << 12
	if e := a.explicitCapability(capSysBoot); e != 0 {
		return failure(e)
	}
	flags, length := a.arg(4), a.arg(2)
	if flags&unload != 0 {
		return goOn
	}
	if length > maxLine {
		return failure(syscall.EINVAL)
	}
	line := make([]byte, length)
	if e := a.read(line, a.arg(3)); e != 0 {
		return failure(e)
	}
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return failure(e)
	}
	if e := a.loadFrom(&a.argument, hooks.SystemKexecImageLoad); e != 0 {
		return failure(e)
	}
	initrd := -1
	if flags&noInitrd == 0 {
		p := &a.second.obj
		if e := a.takeFD(p, a.intArg(1)); e != 0 {
			return failure(e)
		}
		if e := a.loadFrom(p, hooks.SystemKexecInitramfsLoad); e != 0 {
			return failure(e)
		}
		initrd = p.fd
	}
	a.yield()
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.KexecFileLoad(a.argument.fd, initrd, line, flags)))
}

// swapon and swapoff open the file that they name as anybody would.
func (a *actor) swapon() answer {
	return a.onFile(linux.CapSysAdmin, hooks.OpenRead|hooks.OpenWrite, func(name linux.Name) error {
		return linux.Swapon(name, a.intArg(1))
	})
}

func (a *actor) swapoff() answer {
	return a.onFile(linux.CapSysAdmin, hooks.OpenRead|hooks.OpenWrite, linux.Swapoff)
}

// acct has the kernel write to a file; without one it ends that.
func (a *actor) acct() answer {
	if a.arg(0) == 0 {
		return a.privileged(capSysPacct)
	}
	return a.onFile(capSysPacct, hooks.OpenWrite|hooks.OpenAppend, linux.Acct)
}

// onFile has the kernel use the file that the first argument names.
func (a *actor) onFile(capability int, flags hooks.OpenFlags, use func(linux.Name) error) answer {
	if e := a.capable(capability); e != 0 {
		return failure(e)
	}
	p, e := a.object(linux.AtFDCwd, a.arg(0), 0)
	switch {
	case e != 0:
		return failure(e)
	case p.node != nil:
		return failure(syscall.EINVAL)
	}
	if e := a.openPlace(p); e != 0 {
		return failure(e)
	}
	i := a.inode(p)
	if e := a.judge(hooks.OpenFile(a.engine.auth, a.subject, &i, flags), nil); e != 0 {
		return failure(e)
	}
	a.yield()
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(errnoOf(use(a.through(p))))
}
