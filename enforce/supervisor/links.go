package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// link follows a symbolic link in the current directory.
func (w *walker) link(comp linux.Name, st *linux.Statx) syscall.Errno {
	a, r := w.a, w.r
	if w.links++; w.links > maxLinks || w.flags&walkNoSymlinks != 0 {
		return syscall.ELOOP
	}
	if a.engine.isProc(st) {
		if text, ok := a.procLink(&r.obj, comp); ok {
			return w.follow(text)
		}
		if magic, e := w.magic(comp, st); magic || e != 0 {
			return e
		}
	}
	var l place
	l.fd, l.at = -1, -1
	defer l.reset()
	fd, err := linux.Openat(r.obj.fd, comp, linux.OPath|linux.ONofollow|linux.OCloexec, 0)
	if err != nil {
		return errnoOf(err)
	}
	l.fd, l.owned = fd, true
	if err := linux.Fstat(fd, walkMask, &l.st); err != nil {
		return errnoOf(err)
	}
	if !isKind(&l.st, linux.SIFLNK) {
		return syscall.EAGAIN // replaced meanwhile; see resolve
	}
	if a.engine.sysctl.protectedSymlinks && a.protectedLink(&r.obj.st, &l.st) {
		return syscall.EACCES
	}
	i := a.inode(&l)
	if e := a.judge(hooks.FollowLink(a.engine.auth, a.subject, &i), nil); e != 0 {
		return e
	}
	if w.recording {
		a.steps = append(a.steps, step{i.SID, i.Class, hooks.FileRead})
	}
	var buf [linux.MaxPath]byte
	n, err := linux.Readlinkat(fd, linux.Empty, buf[:])
	if err != nil {
		return errnoOf(err)
	}
	if n == 0 {
		return syscall.ENOENT
	}
	return w.follow(buf[:n])
}

// protectedLink is the rule of fs.protected_symlinks: in a sticky directory that
// all may write, only one's own links and those of the directory's owner are
// followed.
func (a *actor) protectedLink(dir, link *linux.Statx) bool {
	const sticky = 0o1002
	return int(link.Uid) != a.task.cred.FSUID && dir.Mode&sticky == sticky && dir.Uid != link.Uid
}

// follow puts the text of a link before the rest of the path.
func (w *walker) follow(text []byte) syscall.Errno {
	a := w.a
	if len(text)+len(w.rest) > maxWalk {
		return syscall.ENAMETOOLONG
	}
	w.which = (w.which + 1) & 1
	buf := append(a.walkBuffers[w.which][:0], text...)
	w.rest = append(buf, w.rest...)
	a.walkBuffers[w.which] = w.rest
	if text[0] != '/' {
		return 0
	}
	if w.flags&walkBeneath != 0 {
		return syscall.EXDEV
	}
	// The kernel compares with a root that it hasn't looked up yet unless the path
	// began there or came by ".." (kernel fs/namei.c, nd_jump_root).
	if w.flags&walkNoXdev != 0 && (!w.rootKnown || w.root.mount != w.startMount) {
		return syscall.EXDEV
	}
	w.r.last = lastRoot
	return w.atRoot()
}

// magic follows a link of /proc that leads to an object, not to a path; only the
// kernel can.
func (w *walker) magic(comp linux.Name, st *linux.Statx) (bool, syscall.Errno) {
	a, r := w.a, w.r
	how := linux.OpenHow{Flags: linux.OPath | linux.OCloexec, Resolve: linux.ResolveNoMagiclinks}
	if fd, err := linux.Openat2(r.obj.fd, comp, &how); err == nil || err != syscall.ELOOP { //nolint:errorlint // a bare errno.
		if err == nil {
			linux.Close(fd)
		}
		return false, 0 // an ordinary link, perhaps a dangling one
	}
	if w.flags&(walkNoMagiclinks|walkBeneath|walkInRoot) != 0 {
		return true, syscall.ELOOP
	}
	tid := r.obj.proc.tid
	var l place
	l.fd, l.at, l.name = -1, r.obj.fd, comp
	l.st, l.proc = *st, procPlace{procDeep, tid}
	i := a.inode(&l)
	if e := a.judge(hooks.FollowLink(a.engine.auth, a.subject, &i), nil); e != 0 {
		return true, e
	}
	if e := a.inspect(tid); e != 0 {
		return true, e
	}
	var fd int
	var err error
	open := func() { fd, err = linux.Openat(r.obj.fd, comp, linux.OPath|linux.OCloexec, 0) }
	if a.engine.ownProcess(a.task, tid) {
		a.asSelf(open) // to the kernel, the supervisor is a stranger
	} else {
		open()
	}
	if err != nil {
		return true, errnoOf(err)
	}
	r.last = lastJump
	w.recording = false
	return true, a.adoptFD(&r.obj, fd, true)
}
