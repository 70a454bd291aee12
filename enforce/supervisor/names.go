package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// The calls that make, remove and move names.

// newName walks to where a name is to be made. The errors are the kernel's for
// paths that end in something else than a new name.
func (a *actor) newName(r *resolution, dirfd int, path []byte) syscall.Errno {
	if e := a.resolve(r, dirfd, path, walkParent); e != 0 {
		return e
	}
	switch {
	case r.last != lastNormal, r.found:
		return syscall.EEXIST
	case r.dir.node != nil:
		return syscall.EACCES
	}
	return 0
}

func (a *actor) mkdir() answer { return a.makeDir(linux.AtFDCwd, a.arg(0), a.uintArg(1)) }

func (a *actor) mkdirat() answer { return a.makeDir(a.intArg(0), a.arg(1), a.uintArg(2)) }

func (a *actor) makeDir(dirfd int, address uint64, mode uint32) answer {
	return a.makeName(dirfd, address, hooks.ClassDir, func(r *resolution) error {
		return linux.Mkdirat(r.dir.fd, r.name, mode&0o7777)
	})
}

// makeName makes a new object, which gets its label before anybody else sees it.
func (a *actor) makeName(dirfd int, address uint64, class hooks.Class, create func(*resolution) error) answer {
	path, e := a.readPath(&a.path1, address)
	if e != 0 {
		return failure(e)
	}
	return result(a.makeAt(&a.first, dirfd, path, class, create))
}

func (a *actor) makeAt(r *resolution, dirfd int, path []byte, class hooks.Class, create func(*resolution) error) syscall.Errno {
	if e := a.newName(r, dirfd, path); e != 0 {
		return e
	}
	if r.slash && class != hooks.ClassDir {
		return syscall.ENOENT
	}
	labelled, e := a.mayCreate(r, class)
	if e != 0 {
		return e
	}
	a.engine.creating.begin()
	defer a.engine.creating.end()
	if e := a.becomeTask(); e != 0 {
		return e
	}
	restore := a.withUmask()
	err := create(r)
	restore()
	if err != nil {
		return errnoOf(err)
	}
	a.touched(&r.dir)
	name := linux.MakeName(r.bare())
	p := &r.obj
	p.reset()
	p.at, p.name = r.dir.fd, name
	if err := linux.Stat(p.at, p.name, linux.AtSymlinkNofollow|linux.AtNoAutomount, walkMask, &p.st); err != nil {
		return 0 // gone already
	}
	if class != classOfMode(p.st.Mode) {
		return 0 // replaced already, by something that has a label of its own
	}
	return a.setNewLabel(p, labelled.SID)
}

func (a *actor) mknod() answer {
	return a.makeNode(linux.AtFDCwd, a.arg(0), a.uintArg(1), a.uintArg(2))
}

func (a *actor) mknodat() answer {
	return a.makeNode(a.intArg(0), a.arg(1), a.uintArg(2), a.uintArg(3))
}

func (a *actor) makeNode(dirfd int, address uint64, mode, device uint32) answer {
	kind := mode & linux.SIFMT
	switch kind {
	case 0:
		kind = linux.SIFREG
	case linux.SIFREG, linux.SIFIFO, linux.SIFSOCK, linux.SIFCHR, linux.SIFBLK:
	case linux.SIFDIR:
		return failure(syscall.EPERM)
	default:
		return failure(syscall.EINVAL)
	}
	if kind == linux.SIFCHR || kind == linux.SIFBLK {
		if !a.task.cred.has(linux.CapMknod) {
			return failure(syscall.EPERM)
		}
		v := hooks.Capable(a.engine.auth, a.subject, hooks.Capability(linux.CapMknod), true, false)
		if e := a.judge(v, nil); e != 0 {
			return failure(syscall.EPERM)
		}
	}
	class := classOfMode(uint16(kind)) //nolint:gosec // G115: a file's type.
	return a.makeName(dirfd, address, class, func(r *resolution) error {
		return linux.Mknodat(r.dir.fd, r.name, mode, device)
	})
}

func (a *actor) symlink() answer { return a.makeLink(a.arg(0), linux.AtFDCwd, a.arg(1)) }

func (a *actor) symlinkat() answer { return a.makeLink(a.arg(0), a.intArg(1), a.arg(2)) }

func (a *actor) makeLink(target uint64, dirfd int, address uint64) answer {
	text, e := a.readPath(&a.path2, target)
	if e != 0 {
		return failure(e)
	}
	if len(text) == 0 {
		return failure(syscall.ENOENT)
	}
	return a.makeName(dirfd, address, hooks.ClassLnkFile, func(r *resolution) error {
		return linux.Symlinkat(linux.Name(a.path2[:len(text)+1]), r.dir.fd, r.name)
	})
}

func (a *actor) link() answer { return a.linkPath(linux.AtFDCwd, a.arg(0), linux.AtFDCwd, a.arg(1), 0) }

func (a *actor) linkat() answer {
	return a.linkPath(a.intArg(0), a.arg(1), a.intArg(2), a.arg(3), a.intArg(4))
}

func (a *actor) linkPath(oldDir int, oldAddress uint64, newDir int, newAddress uint64, flags int) answer {
	if flags&^(linux.AtSymlinkFollow|linux.AtEmptyPath) != 0 {
		return failure(syscall.EINVAL)
	}
	at := linux.AtSymlinkNofollow
	if flags&linux.AtSymlinkFollow != 0 {
		at = 0
	}
	old, e := a.object(oldDir, oldAddress, at|flags&linux.AtEmptyPath)
	if e != 0 {
		return failure(e)
	}
	path, e := a.readPath(&a.path2, newAddress)
	if e != 0 {
		return failure(e)
	}
	r := &a.second
	if e := a.newName(r, newDir, path); e != 0 {
		return failure(e)
	}
	switch {
	case old.node != nil:
		return failure(syscall.EXDEV)
	case old.isDir():
		return failure(syscall.EPERM)
	case keyOf(&old.st).mount != keyOf(&r.dir.st).mount:
		return failure(syscall.EXDEV)
	}
	if e := a.openPlace(old); e != 0 {
		return failure(e)
	}
	dir, i := a.inode(&r.dir), a.inode(old)
	v := hooks.LinkName(a.engine.auth, a.subject, &dir, &i)
	if e := a.judge(v, func() syscall.Errno { return a.mayWrite(&r.dir) }); e != 0 {
		return failure(e)
	}
	a.pin(old)
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(a.linkObject(old, r))
}

// linkObject gives an object that is held by a descriptor another name. The
// kernel follows /proc to the very object.
func (a *actor) linkObject(old *place, r *resolution) syscall.Errno {
	return errnoOf(linux.Linkat(
		linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], old.fd), r.dir.fd, r.name, linux.AtSymlinkFollow,
	))
}

func (a *actor) unlink() answer { return a.removeName(linux.AtFDCwd, a.arg(0), false) }

func (a *actor) rmdir() answer { return a.removeName(linux.AtFDCwd, a.arg(0), true) }

func (a *actor) unlinkat() answer {
	flags := a.intArg(2)
	if flags&^linux.AtRemovedir != 0 {
		return failure(syscall.EINVAL)
	}
	return a.removeName(a.intArg(0), a.arg(1), flags != 0)
}

func (a *actor) removeName(dirfd int, address uint64, dir bool) answer {
	path, e := a.readPath(&a.path1, address)
	if e != 0 {
		return failure(e)
	}
	for range maxTries {
		if e = a.tryRemove(dirfd, path, dir); e != syscall.EAGAIN {
			break
		}
	}
	return result(e)
}

func (a *actor) tryRemove(dirfd int, path []byte, dir bool) syscall.Errno {
	r := &a.first
	if e := a.resolve(r, dirfd, path, walkParent); e != 0 {
		return e
	}
	if e := removable(r, dir); e != 0 {
		return e
	}
	parent, victim := a.inode(&r.dir), a.inode(&r.obj)
	var v hooks.Verdict
	flags := 0
	if dir {
		flags = linux.AtRemovedir
		v = hooks.RemoveDir(a.engine.auth, a.subject, &parent, &victim)
	} else {
		v = hooks.UnlinkName(a.engine.auth, a.subject, &parent, &victim)
	}
	if e := a.judge(v, func() syscall.Errno { return a.mayRemove(r) }); e != 0 {
		return e
	}
	a.engine.naming.Lock()
	defer a.engine.naming.Unlock()
	if e := a.sameStill(r); e != 0 {
		return e
	}
	if err := linux.Unlinkat(r.dir.fd, r.name, flags); err != nil {
		return errnoOf(err)
	}
	a.touched(&r.dir)
	a.gone(&r.obj, dir)
	return 0
}

// removable gives the kernel's errors for names that can't be removed.
func removable(r *resolution, dir bool) syscall.Errno {
	switch {
	case r.last == lastNormal && !r.found:
		return syscall.ENOENT
	case r.last == lastNormal && r.obj.node != nil:
		return syscall.EACCES
	case r.last == lastNormal && !dir && r.obj.isDir():
		return syscall.EISDIR
	case r.last == lastNormal && (dir || r.slash) && !r.obj.isDir():
		return syscall.ENOTDIR
	case r.last == lastNormal:
		return 0
	case !dir:
		return syscall.EISDIR
	case r.last == lastDot:
		return syscall.EINVAL
	case r.last == lastDotDot:
		return syscall.ENOTEMPTY
	}
	return syscall.EBUSY
}

// mayRemove is the discretionary check for removing a name.
func (a *actor) mayRemove(r *resolution) syscall.Errno {
	if e := a.mayWrite(&r.dir); e != 0 {
		return e
	}
	const sticky = 0o1000
	c := a.task.cred
	if r.dir.st.Mode&sticky != 0 && int(r.obj.st.Uid) != c.FSUID && int(r.dir.st.Uid) != c.FSUID &&
		!c.has(linux.CapFowner) {
		return syscall.EPERM
	}
	return 0
}

// sameStill looks whether a name still stands for what was checked, just before
// it is removed or moved: the kernel's calls take a name. The caller holds
// engine.naming, so that nothing inside the tree changes it in between; EAGAIN
// says that something did before.
func (a *actor) sameStill(r *resolution) syscall.Errno {
	if e := a.becomeTask(); e != 0 {
		return e
	}
	var st linux.Statx
	name := linux.MakeName(r.bare())
	if err := linux.Stat(r.dir.fd, name, linux.AtSymlinkNofollow|linux.AtNoAutomount, walkMask, &st); err != nil {
		return errnoOf(err)
	}
	if keyOf(&st) != keyOf(&r.obj.st) {
		return syscall.EAGAIN
	}
	return 0
}

// gone forgets an object whose name was removed.
func (a *actor) gone(p *place, dir bool) {
	if dir || p.isDir() || isKind(&p.st, linux.SIFLNK) {
		a.engine.generation.Add(1)
	}
	if dir || p.st.Nlink <= 1 {
		a.engine.labels.store.remove(keyOf(&p.st).inodeKey)
	}
	if dir {
		if d := a.dirs.byKey[keyOf(&p.st)]; d != nil {
			a.dropCaches()
		}
	}
}

func (a *actor) rename() answer {
	return a.renamePath(linux.AtFDCwd, a.arg(0), linux.AtFDCwd, a.arg(1), 0)
}

func (a *actor) renameat() answer {
	return a.renamePath(a.intArg(0), a.arg(1), a.intArg(2), a.arg(3), 0)
}

func (a *actor) renameat2() answer {
	return a.renamePath(a.intArg(0), a.arg(1), a.intArg(2), a.arg(3), a.uintArg(4))
}

func (a *actor) renamePath(oldDir int, oldAddress uint64, newDir int, newAddress uint64, flags uint32) answer {
	const exclusive = linux.RenameNoreplace | linux.RenameExchange
	switch {
	case flags&^(exclusive|linux.RenameWhiteout) != 0, flags&exclusive == exclusive,
		flags&linux.RenameWhiteout != 0 && flags&linux.RenameExchange != 0:
		return failure(syscall.EINVAL)
	case flags&linux.RenameWhiteout != 0:
		return failure(syscall.EPERM) // makes a device without a name for its label
	}
	from, e := a.readPath(&a.path1, oldAddress)
	if e != 0 {
		return failure(e)
	}
	to, e := a.readPath(&a.path2, newAddress)
	if e != 0 {
		return failure(e)
	}
	for range maxTries {
		if e = a.tryRename(oldDir, from, newDir, to, flags); e != syscall.EAGAIN {
			break
		}
	}
	return result(e)
}

func (a *actor) tryRename(oldDir int, from []byte, newDir int, to []byte, flags uint32) syscall.Errno {
	old, fresh := &a.first, &a.second
	if e := a.resolve(old, oldDir, from, walkParent); e != 0 {
		return e
	}
	if e := a.resolve(fresh, newDir, to, walkParent); e != 0 {
		return e
	}
	if e := movable(old, fresh, flags); e != 0 {
		return e
	}
	if e := a.mayRename(old, fresh, flags); e != 0 {
		return e
	}
	return a.move(old, fresh, flags)
}

// movable gives the kernel's errors for names that can't be moved.
func movable(old, fresh *resolution, flags uint32) syscall.Errno {
	exchange := flags&linux.RenameExchange != 0
	switch {
	case old.dir.node != nil || fresh.dir.node != nil || old.obj.node != nil || fresh.obj.node != nil:
		return syscall.EACCES
	case keyOf(&old.dir.st).mount != keyOf(&fresh.dir.st).mount:
		return syscall.EXDEV
	case old.last != lastNormal:
		return syscall.EBUSY
	case fresh.last != lastNormal && flags&linux.RenameNoreplace != 0:
		return syscall.EEXIST
	case fresh.last != lastNormal:
		return syscall.EBUSY
	case !old.found, exchange && !fresh.found:
		return syscall.ENOENT
	case flags&linux.RenameNoreplace != 0 && fresh.found:
		return syscall.EEXIST
	case !old.obj.isDir() && (old.slash || !exchange && fresh.slash):
		return syscall.ENOTDIR
	case exchange && fresh.slash && !fresh.obj.isDir():
		return syscall.ENOTDIR
	}
	return 0
}

func (a *actor) mayRename(old, fresh *resolution, flags uint32) syscall.Errno {
	oldDir, newDir, moved := a.inode(&old.dir), a.inode(&fresh.dir), a.inode(&old.obj)
	r := hooks.Renaming{
		OldDir: &oldDir, NewDir: &newDir, SameDir: keyOf(&old.dir.st) == keyOf(&fresh.dir.st),
		Old: &moved, NewName: fresh.bare(), Exchange: flags&linux.RenameExchange != 0,
	}
	if fresh.found {
		// Two names of one object: the kernel does nothing, and asks nothing.
		if keyOf(&old.obj.st) == keyOf(&fresh.obj.st) {
			return 0
		}
		target := a.inode(&fresh.obj)
		r.Target = &target
	}
	return a.judge(hooks.RenameName(a.engine.auth, a.subject, &r), func() syscall.Errno {
		if e := a.mayRemove(old); e != 0 {
			return e
		}
		if fresh.found {
			return a.mayRemove(fresh)
		}
		return a.mayWrite(&fresh.dir)
	})
}

// move does the rename, with the labels of what moves made its own first.
func (a *actor) move(old, fresh *resolution, flags uint32) syscall.Errno {
	a.pinMoved(&old.obj)
	if flags&linux.RenameExchange != 0 {
		a.pinMoved(&fresh.obj)
	}
	a.engine.naming.Lock()
	defer a.engine.naming.Unlock()
	if e := a.sameStill(old); e != 0 {
		return e
	}
	if fresh.found {
		if e := a.sameStill(fresh); e != 0 {
			return e
		}
	}
	if err := linux.Renameat2(old.dir.fd, old.name, fresh.dir.fd, fresh.name, flags); err != nil {
		return errnoOf(err)
	}
	a.touched(&old.dir)
	a.touched(&fresh.dir)
	a.movedAway(&old.obj)
	if fresh.found && flags&linux.RenameExchange == 0 {
		a.gone(&fresh.obj, fresh.obj.isDir())
	} else if fresh.found {
		a.movedAway(&fresh.obj)
	}
	return 0
}

// pinMoved keeps the label of an object that gets another path. Where nothing
// looks at paths there is nothing to keep.
func (a *actor) pinMoved(p *place) {
	if a.engine.cfg.Labels == nil {
		return
	}
	a.pin(p)
	_ = a.becomeTask()
}

func (a *actor) movedAway(p *place) {
	if p.isDir() || isKind(&p.st, linux.SIFLNK) {
		a.engine.generation.Add(1)
	}
}
