package supervisor

import (
	"encoding/binary"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// The calls that change attributes. They act on a descriptor of the object that
// was checked, through /proc where the kernel's call takes a path.

// modify resolves an object, asks a hook, and changes it. dac is the
// discretionary check, which the kernel repeats.
func (a *actor) modify(p *place, hook verdictFunc, dac func() syscall.Errno, change func() error) answer {
	if p.node != nil {
		return failure(syscall.EPERM)
	}
	if e := a.openPlace(p); e != 0 {
		return failure(e)
	}
	i := a.inode(p)
	if e := a.judge(hook(a.engine.auth, a.subject, &i), dac); e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(errnoOf(change()))
}

type verdictFunc func(hooks.Asker, *hooks.Subject, *hooks.Inode) hooks.Verdict

// mustOwn is the discretionary check for what only an owner may change.
func (a *actor) mustOwn(p *place) func() syscall.Errno {
	return func() syscall.Errno {
		if !a.task.cred.owner(&p.st) {
			return syscall.EPERM
		}
		return 0
	}
}

// through returns the path in /proc that leads to a place's descriptor.
func (a *actor) through(p *place) linux.Name { return linux.ProcSelfFD(a.text[:0], p.fd) }

func (a *actor) chmod() answer { return a.chmodPath(linux.AtFDCwd, a.arg(0), a.uintArg(1), 0) }

func (a *actor) fchmodat() answer { return a.chmodPath(a.intArg(0), a.arg(1), a.uintArg(2), 0) }

func (a *actor) fchmodat2() answer {
	flags := a.intArg(3)
	if flags&^(linux.AtSymlinkNofollow|linux.AtEmptyPath) != 0 {
		return failure(syscall.EINVAL)
	}
	return a.chmodPath(a.intArg(0), a.arg(1), a.uintArg(2), flags)
}

func (a *actor) fchmod() answer {
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return failure(e)
	}
	return a.chmodPlace(&a.argument, a.uintArg(1))
}

// takeUsable is takeFD for calls that O_PATH descriptors aren't good for.
func (a *actor) takeUsable(fd int) syscall.Errno {
	if e := a.takeFD(&a.argument, fd); e != 0 {
		return e
	}
	if !a.argument.open {
		return syscall.EBADF
	}
	return 0
}

func (a *actor) chmodPath(dirfd int, address uint64, mode uint32, flags int) answer {
	p, e := a.object(dirfd, address, flags)
	if e != 0 {
		return failure(e)
	}
	return a.chmodPlace(p, mode)
}

func (a *actor) chmodPlace(p *place, mode uint32) answer {
	return a.modify(p, hooks.SetAttributes, a.mustOwn(p), func() error {
		return linux.Chmod(a.through(p), mode&0o7777)
	})
}

func (a *actor) chown() answer {
	return a.chownPath(linux.AtFDCwd, a.arg(0), a.intArg(1), a.intArg(2), 0)
}

func (a *actor) lchown() answer {
	return a.chownPath(linux.AtFDCwd, a.arg(0), a.intArg(1), a.intArg(2), linux.AtSymlinkNofollow)
}

func (a *actor) fchownat() answer {
	flags := a.intArg(4)
	if flags&^(linux.AtSymlinkNofollow|linux.AtEmptyPath) != 0 {
		return failure(syscall.EINVAL)
	}
	return a.chownPath(a.intArg(0), a.arg(1), a.intArg(2), a.intArg(3), flags)
}

func (a *actor) fchown() answer {
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return failure(e)
	}
	return a.chownPlace(&a.argument, a.intArg(1), a.intArg(2))
}

func (a *actor) chownPath(dirfd int, address uint64, uid, gid, flags int) answer {
	p, e := a.object(dirfd, address, flags)
	if e != 0 {
		return failure(e)
	}
	return a.chownPlace(p, uid, gid)
}

func (a *actor) chownPlace(p *place, uid, gid int) answer {
	const capChown = 0
	c := a.task.cred
	dac := func() syscall.Errno {
		switch own := int(p.st.Uid) == c.FSUID; {
		case c.has(capChown):
		case uid != -1 && (!own || uid != int(p.st.Uid)):
			return syscall.EPERM
		case gid != -1 && (!own || gid != int(p.st.Gid) && !c.inGroup(uint32(gid))): //nolint:gosec // G115: a group's number.
			return syscall.EPERM
		}
		return 0
	}
	return a.modify(p, hooks.SetAttributes, dac, func() error {
		return linux.Fchownat(p.fd, linux.Empty, uid, gid, linux.AtEmptyPath)
	})
}

// times are what a call sets times to.
type times struct {
	now bool
	at  [2]linux.Timespec
}

// Values of tv_nsec with a meaning.
const (
	utimeNow  = 1<<30 - 1
	utimeOmit = 1<<30 - 2
)

func (a *actor) utime() answer {
	t, e := a.readTimes(a.arg(1), 1, 0)
	if e != 0 {
		return failure(e)
	}
	return a.setTimes(linux.AtFDCwd, a.arg(0), t, 0)
}

func (a *actor) utimes() answer { return a.utimesAt(linux.AtFDCwd, a.arg(0), a.arg(1)) }

func (a *actor) futimesat() answer { return a.utimesAt(a.intArg(0), a.arg(1), a.arg(2)) }

func (a *actor) utimesAt(dirfd int, path, buffer uint64) answer {
	t, e := a.readTimes(buffer, 2, 1000)
	if e != 0 {
		return failure(e)
	}
	if path == 0 {
		return a.setTimesFD(dirfd, t)
	}
	return a.setTimes(dirfd, path, t, 0)
}

func (a *actor) utimensat() answer {
	flags := a.intArg(3)
	if flags&^(linux.AtSymlinkNofollow|linux.AtEmptyPath) != 0 {
		return failure(syscall.EINVAL)
	}
	t, e := a.readTimes(a.arg(2), 2, 1)
	if e != 0 {
		return failure(e)
	}
	if t.at[0].Nsec == utimeOmit && t.at[1].Nsec == utimeOmit && !t.now {
		return value(0)
	}
	if a.arg(1) == 0 {
		if flags&^linux.AtEmptyPath != 0 {
			return failure(syscall.EINVAL)
		}
		return a.setTimesFD(a.intArg(0), t)
	}
	return a.setTimes(a.intArg(0), a.arg(1), t, flags)
}

// setTime sets a part of a Timespec, whose size is the machine's.
func setTime[T int32 | int64](part *T, value int64) { *part = T(value) }

// readTimes copies two times: struct utimbuf (fields 1), timeval (scale 1000) or
// timespec (scale 1).
func (a *actor) readTimes(address uint64, fields int, scale int64) (times, syscall.Errno) {
	var t times
	if address == 0 {
		t.now = true
		return t, 0
	}
	var raw [32]byte
	if e := a.read(raw[:16*fields], address); e != 0 {
		return t, e
	}
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint64(raw[8*i:])) } //nolint:gosec // G115: two's complement is meant.
	if fields == 1 {
		setTime(&t.at[0].Sec, number(0))
		setTime(&t.at[1].Sec, number(1))
		return t, 0
	}
	for i := range t.at {
		setTime(&t.at[i].Sec, number(2*i))
		setTime(&t.at[i].Nsec, number(2*i+1))
		if scale == 1000 {
			if t.at[i].Nsec < 0 || t.at[i].Nsec >= 1e6 {
				return t, syscall.EINVAL
			}
			t.at[i].Nsec *= 1000
		}
	}
	return t, 0
}

func (a *actor) setTimesFD(fd int, t times) answer {
	if e := a.takeUsable(fd); e != 0 {
		return failure(e)
	}
	return a.setTimesPlace(&a.argument, t)
}

func (a *actor) setTimes(dirfd int, path uint64, t times, flags int) answer {
	p, e := a.object(dirfd, path, flags)
	if e != 0 {
		return failure(e)
	}
	return a.setTimesPlace(p, t)
}

func (a *actor) setTimesPlace(p *place, t times) answer {
	touch := t.now || t.at[0].Nsec == utimeNow && t.at[1].Nsec == utimeNow
	hook, dac := hooks.SetAttributes, a.mustOwn(p)
	if touch {
		// Who may write may touch.
		hook = hooks.Touch
		dac = func() syscall.Errno {
			if a.task.cred.owner(&p.st) {
				return 0
			}
			if e := a.becomeTask(); e != 0 {
				return e
			}
			return errnoOf(linux.Faccessat(p.fd, linux.Empty, 2, linux.AtEmptyPath|linux.AtEaccess))
		}
	}
	at := &t.at
	if t.now {
		at = nil
	}
	return a.modify(p, hook, dac, func() error { return linux.Utimensat(linux.AtFDCwd, a.through(p), at, 0) })
}

func (a *actor) truncate() answer {
	length := int64(a.arg(1)) //nolint:gosec // G115: two's complement is meant.
	if length < 0 {
		return failure(syscall.EINVAL)
	}
	p, e := a.object(linux.AtFDCwd, a.arg(0), 0)
	switch {
	case e != 0:
		return failure(e)
	case p.isDir():
		return failure(syscall.EISDIR)
	case !isKind(&p.st, linux.SIFREG):
		return failure(syscall.EINVAL)
	case p.node != nil:
		return failure(syscall.EACCES)
	}
	return a.modify(p, hooks.Truncate, func() syscall.Errno {
		if e := a.becomeTask(); e != 0 {
			return e
		}
		return errnoOf(linux.Faccessat(p.fd, linux.Empty, 2, linux.AtEmptyPath|linux.AtEaccess))
	}, func() error { return linux.Truncate(a.through(p), length) })
}

func (a *actor) ftruncate() answer {
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return failure(e)
	}
	p := &a.argument
	length := int64(a.arg(1)) //nolint:gosec // G115: two's complement is meant.
	file := a.file(p)
	if e := a.judge(hooks.Ftruncate(a.engine.auth, a.subject, &file), nil); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.Ftruncate(p.fd, length)))
}
