package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// POSIX message queues. They are files of a filesystem that need not be mounted
// anywhere, in one directory, and open descriptors once they are open.

// mqueue describes the filesystem that queues are on.
func (a *actor) mqueue() *filesystem {
	l := a.engine.labels
	l.current()
	l.fsMu.Lock()
	defer l.fsMu.Unlock()
	return l.fs.describe(linux.Mount{Type: "mqueue"})
}

// mqueueDir describes its directory.
func mqueueDir(fs *filesystem) hooks.Inode {
	return hooks.Inode{SID: fs.sb.SID, Class: hooks.ClassDir, Ref: fs}
}

// queueInode describes a queue that a descriptor of the supervisor stands for.
func (a *actor) queueInode(p *place, fs *filesystem) hooks.Inode {
	p.sid, p.labelled = fs.sb.SID, true
	c := &a.engine.creating
	c.RLock() // one that is just being made has no label yet
	if sid, ok := a.storedLabel(p); ok {
		p.sid = sid
	}
	c.RUnlock()
	return a.inode(p)
}

func (a *actor) mqOpen() answer {
	name, e := a.readPath(&a.path1, a.arg(0))
	if e != 0 {
		return failure(e)
	}
	return a.inIPC(func(uint64) answer {
		const tries = 8 // somebody makes and removes the same
		for range tries {
			out := a.openQueue(append(linux.Name(nil), append(name, 0)...))
			if out.kind != answerErrno || out.errno != syscall.EAGAIN {
				return out
			}
		}
		return failure(syscall.EACCES)
	})
}

// openQueue opens or makes a queue; EAGAIN is that somebody else was at it.
func (a *actor) openQueue(name linux.Name) answer {
	flags := a.intArg(1)
	if flags&linux.OCreat != 0 {
		var probe int
		var err error
		a.asSelf(func() { probe, err = linux.MqOpen(name, linux.ORdonly|linux.OCloexec|linux.ONonblock, 0, nil) })
		switch {
		case err == nil:
			linux.Close(probe)
			if flags&linux.OExcl != 0 {
				return failure(syscall.EEXIST)
			}
		case errnoOf(err) == syscall.ENOENT:
			return a.makeQueue(name, flags)
		}
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	fd, err := linux.MqOpen(name, flags&^(linux.OCreat|linux.OExcl)|linux.OCloexec, 0, nil)
	if err != nil {
		if errnoOf(err) == syscall.ENOENT && flags&linux.OCreat != 0 {
			return failure(syscall.EAGAIN)
		}
		return failure(errnoOf(err))
	}
	a.fd = fd
	if e := a.adoptFD(&a.argument, fd, false); e != 0 {
		return failure(e)
	}
	i := a.queueInode(&a.argument, a.mqueue())
	if e := a.judge(hooks.OpenFile(a.engine.auth, a.subject, &i, openFlagsOf(flags)), nil); e != 0 {
		return failure(e)
	}
	return answer{kind: answerFD, cloexec: linux.OCloexec}
}

// makeQueue makes a queue that isn't there.
func (a *actor) makeQueue(name linux.Name, flags int) answer {
	var attributes *[64]byte
	if a.arg(3) != 0 {
		attributes = new([64]byte)
		if e := a.read(attributes[:], a.arg(3)); e != 0 {
			return failure(e)
		}
	}
	fs := a.mqueue()
	dir := mqueueDir(fs)
	labelled := hooks.Create(a.engine.auth, a.subject, &dir, &fs.sb, hooks.ClassFile, name.String())
	if e := a.judge(labelled.Verdict, nil); e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	restore := a.withUmask()
	a.engine.creating.begin()
	fd, err := linux.MqOpen(name, flags|linux.OExcl|linux.OCloexec, a.uintArg(2), attributes)
	restore()
	var e syscall.Errno
	if err == nil {
		a.fd = fd
		if e = a.adoptFD(&a.argument, fd, false); e == 0 {
			e = a.setLabel(&a.argument, labelled.SID)
		}
	}
	a.engine.creating.end()
	switch {
	case errnoOf(err) == syscall.EEXIST && flags&linux.OExcl == 0:
		return failure(syscall.EAGAIN)
	case err != nil:
		return failure(errnoOf(err))
	case e != 0:
		return failure(e)
	}
	i := a.queueInode(&a.argument, fs)
	if e := a.judge(hooks.OpenNew(a.engine.auth, a.subject, &i, openFlagsOf(flags)), nil); e != 0 {
		return failure(e)
	}
	return answer{kind: answerFD, cloexec: linux.OCloexec}
}

func (a *actor) mqUnlink() answer {
	path, e := a.readPath(&a.path1, a.arg(0))
	if e != 0 {
		return failure(e)
	}
	name := append(linux.Name(nil), append(path, 0)...)
	return a.inIPC(func(uint64) answer {
		e := a.engine
		e.naming.Lock()
		defer e.naming.Unlock()
		var fd int
		var err error
		a.asSelf(func() { fd, err = linux.MqOpen(name, linux.ORdonly|linux.OCloexec|linux.ONonblock, 0, nil) })
		if err != nil {
			return failure(errnoOf(err))
		}
		if e := a.adoptFD(&a.argument, fd, true); e != 0 {
			return failure(e)
		}
		fs := a.mqueue()
		dir, victim := mqueueDir(fs), a.queueInode(&a.argument, fs)
		if e := a.judge(hooks.UnlinkName(a.engine.auth, a.subject, &dir, &victim), nil); e != 0 {
			return failure(e)
		}
		if e := a.becomeTask(); e != 0 {
			return failure(e)
		}
		if err := linux.MqUnlink(name); err != nil {
			return failure(errnoOf(err))
		}
		a.gone(&a.argument, false)
		return value(0)
	})
}
