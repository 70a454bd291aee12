package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// The calls that read attributes. What they tell is what the walk saw of the
// object that was checked, never a second look by name.

func (a *actor) stat() answer { return a.statPath(linux.AtFDCwd, a.arg(0), 0, a.arg(1)) }

func (a *actor) lstat() answer {
	return a.statPath(linux.AtFDCwd, a.arg(0), linux.AtSymlinkNofollow, a.arg(1))
}

func (a *actor) newfstatat() answer {
	flags := a.intArg(3)
	if flags&^(linux.AtSymlinkNofollow|linux.AtEmptyPath|linux.AtNoAutomount) != 0 {
		return failure(syscall.EINVAL)
	}
	return a.statPath(a.intArg(0), a.arg(1), flags, a.arg(2))
}

func (a *actor) fstat() answer {
	if e := a.takeFD(&a.argument, a.intArg(0)); e != 0 {
		return failure(e)
	}
	return a.giveStat(&a.argument, a.arg(1))
}

func (a *actor) statPath(dirfd int, address uint64, flags int, to uint64) answer {
	p, e := a.object(dirfd, address, flags)
	if e != 0 {
		return failure(e)
	}
	return a.giveStat(p, to)
}

// object resolves the path of a call with AT_* flags. A null pointer stands for
// an empty path where that means the descriptor.
func (a *actor) object(dirfd int, address uint64, flags int) (*place, syscall.Errno) {
	var path []byte
	if address != 0 || flags&linux.AtEmptyPath == 0 {
		var e syscall.Errno
		if path, e = a.readPath(&a.path1, address); e != 0 {
			return nil, e
		}
	}
	return a.objectAt(dirfd, path, flags)
}

func (a *actor) objectAt(dirfd int, path []byte, flags int) (*place, syscall.Errno) {
	walk := walkFollow
	if flags&linux.AtSymlinkNofollow != 0 {
		walk = 0
	}
	if flags&linux.AtEmptyPath != 0 {
		walk |= walkEmpty
	}
	r := &a.first
	if e := a.resolve(r, dirfd, path, walk); e != 0 {
		return nil, e
	}
	if !r.found {
		return nil, syscall.ENOENT
	}
	return &r.obj, 0
}

// giveStat checks and copies out a struct stat.
func (a *actor) giveStat(p *place, to uint64) answer {
	i := a.inode(p)
	if e := a.judge(hooks.GetAttributes(a.engine.auth, a.subject, &i), nil); e != 0 {
		return failure(e)
	}
	a.lift(p)
	var buf [statSize]byte
	encodeStat(&buf, &p.st)
	return result(a.write(buf[:], to))
}

// lift has a place that a carrier's file stands for show the file it carries.
func (a *actor) lift(p *place) {
	if p.carried != nil {
		a.engine.virtual.stat(p.carried, &p.st)
	}
}

func (a *actor) statx() answer {
	flags, mask := a.intArg(2), a.uintArg(3)
	const syncType, reserved = 0x6000, 0x80000000
	if flags&^(linux.AtSymlinkNofollow|linux.AtEmptyPath|linux.AtNoAutomount|syncType) != 0 ||
		flags&syncType == syncType || mask&reserved != 0 {
		return failure(syscall.EINVAL)
	}
	p, e := a.object(a.intArg(0), a.arg(1), flags)
	if e != 0 {
		return failure(e)
	}
	i := a.inode(p)
	if e := a.judge(hooks.GetAttributes(a.engine.auth, a.subject, &i), nil); e != 0 {
		return failure(e)
	}
	a.lift(p)
	st := p.st
	if p.node == nil && p.carried == nil {
		// What was asked may be more than what the walk looked at.
		if e := a.openPlace(p); e != 0 {
			return failure(e)
		}
		if err := linux.Fstat(p.fd, mask, &st); err != nil {
			return failure(errnoOf(err))
		}
	}
	return result(a.write(linux.StatxBytes(&st), a.arg(4)))
}

func (a *actor) access() answer {
	return a.accessPath(linux.AtFDCwd, a.arg(0), a.uintArg(1), 0)
}

func (a *actor) faccessat() answer {
	return a.accessPath(a.intArg(0), a.arg(1), a.uintArg(2), 0)
}

func (a *actor) faccessat2() answer {
	return a.accessPath(a.intArg(0), a.arg(1), a.uintArg(2), a.intArg(3))
}

func (a *actor) accessPath(dirfd int, address uint64, mode uint32, flags int) answer {
	const all = linux.AtEaccess | linux.AtSymlinkNofollow | linux.AtEmptyPath
	if mode&^7 != 0 || flags&^all != 0 {
		return failure(syscall.EINVAL)
	}
	p, e := a.object(dirfd, address, flags)
	if e != 0 {
		return failure(e)
	}
	if e := a.mayAccess(p, mode, flags); e != 0 {
		return failure(e)
	}
	i := a.inode(p)
	return result(a.judge(hooks.AccessCheck(a.engine.auth, a.subject, &i, hooks.Access(mode)), nil))
}

// mayAccess is the discretionary part of access(2), which goes by the real user
// unless told otherwise.
func (a *actor) mayAccess(p *place, mode uint32, flags int) syscall.Errno {
	if p.node != nil {
		return a.nodeAccess(p, mode)
	}
	if mode == 0 {
		return 0
	}
	if e := a.openPlace(p); e != 0 {
		return e
	}
	if flags&linux.AtEaccess == 0 {
		if e := a.becomeReal(); e != 0 {
			return e
		}
	} else if e := a.becomeTask(); e != 0 {
		return e
	}
	return errnoOf(linux.Faccessat(p.fd, linux.Empty, mode, linux.AtEmptyPath|linux.AtEaccess))
}

// nodeAccess is the discretionary check for what the kernel knows nothing of.
func (a *actor) nodeAccess(p *place, mode uint32) syscall.Errno {
	c := a.task.cred
	if c.has(linux.CapDacOverride) {
		if mode&1 != 0 && !p.isDir() && p.st.Mode&0o111 == 0 {
			return syscall.EACCES
		}
		return 0
	}
	bits := uint32(p.st.Mode)
	switch {
	case int(p.st.Uid) == c.FSUID:
		bits >>= 6
	case c.inGroup(p.st.Gid):
		bits >>= 3
	}
	if mode&^(bits&7) != 0 {
		return syscall.EACCES
	}
	return 0
}

func (a *actor) readlink() answer {
	return a.readlinkPath(linux.AtFDCwd, a.arg(0), a.arg(1), a.intArg(2))
}

func (a *actor) readlinkat() answer {
	return a.readlinkPath(a.intArg(0), a.arg(1), a.arg(2), a.intArg(3))
}

func (a *actor) readlinkPath(dirfd int, address, to uint64, size int) answer {
	if size <= 0 {
		return failure(syscall.EINVAL)
	}
	path, e := a.readPath(&a.path1, address)
	if e != 0 {
		return failure(e)
	}
	r := &a.first
	walk := walkFlags(0)
	if len(path) == 0 {
		walk = walkEmpty
	}
	if e := a.resolve(r, dirfd, path, walk); e != 0 {
		return failure(e)
	}
	if !r.found {
		return failure(syscall.ENOENT)
	}
	p := &r.obj
	if !isKind(&p.st, linux.SIFLNK) {
		if len(path) == 0 {
			return failure(syscall.ENOENT)
		}
		return failure(syscall.EINVAL)
	}
	var buf [linux.MaxPath]byte
	n, e := a.linkText(r, buf[:])
	if e != 0 {
		return failure(e)
	}
	i := a.inode(p)
	if e := a.judge(hooks.Readlink(a.engine.auth, a.subject, &i), nil); e != 0 {
		return failure(e)
	}
	n = min(n, size)
	if e := a.write(buf[:n], to); e != 0 {
		return failure(e)
	}
	return value(int64(n))
}

// linkText reads the link that a walk found.
func (a *actor) linkText(r *resolution, buf []byte) (int, syscall.Errno) {
	p := &r.obj
	if a.engine.isProc(&p.st) && p.at >= 0 {
		if text, ok := a.procLink(&r.dir, p.name); ok {
			return copy(buf, text), 0
		}
		if e := a.inspect(p.proc.tid); e != 0 {
			return 0, e
		}
		var n int
		var err error
		read := func() { n, err = linux.Readlinkat(p.at, p.name, buf) }
		if a.engine.ownProcess(a.task, p.proc.tid) {
			a.asSelf(read)
		} else {
			read()
		}
		if err == nil {
			n = copy(buf, a.visibleLink(p, string(buf[:n])))
		}
		return n, errnoOf(err)
	}
	if e := a.openPlace(p); e != 0 {
		return 0, e
	}
	n, err := linux.Readlinkat(p.fd, linux.Empty, buf)
	return n, errnoOf(err)
}

func (a *actor) statfs() answer {
	p, e := a.object(linux.AtFDCwd, a.arg(0), 0)
	if e != 0 {
		return failure(e)
	}
	return a.giveStatfs(p, a.arg(1))
}

func (a *actor) fstatfs() answer {
	if e := a.takeFD(&a.argument, a.intArg(0)); e != 0 {
		return failure(e)
	}
	return a.giveStatfs(&a.argument, a.arg(1))
}

func (a *actor) giveStatfs(p *place, to uint64) answer {
	if e := a.judge(hooks.Statfs(a.engine.auth, a.subject, a.superblock(p)), nil); e != 0 {
		return failure(e)
	}
	n := p.node
	if n == nil {
		n = p.carried
	}
	var st linux.Statfs
	switch {
	case n != nil && n.kind == nodeFS:
		st = linux.MakeStatfs(linux.SelinuxMagic)
	case n != nil:
		st = linux.MakeStatfs(linux.ProcMagic)
	default:
		if e := a.openPlace(p); e != 0 {
			return failure(e)
		}
		if err := linux.Fstatfs(p.fd, &st); err != nil {
			return failure(errnoOf(err))
		}
	}
	return result(a.write(linux.StatfsBytes(&st), to))
}
