package supervisor

import (
	"slices"
	"syscall"

	"seward/internal/linux"
)

// The directories that paths start from, the working directory and the root, are
// the kernel's to keep: a call that changes one is checked and then let through.
// Between check and effect the program can change what the call's pointer says.
// So the directory is looked at before it is used for the next time, and if it is
// neither what it was nor what was checked, the process dies.

// workingDirectory returns the task's.
func (a *actor) workingDirectory() (*base, syscall.Errno) {
	fs := a.task.fs
	if e := a.follow(fs); e != 0 {
		return nil, e
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.cwd != nil && !fs.cwdStale {
		return fs.cwd, 0
	}
	b, e := a.readBase("cwd")
	if e != 0 {
		return nil, e
	}
	if !a.expected(b, fs.cwd, fs.cwdChecked) {
		b.close()
		return nil, a.betrayed("working directory")
	}
	fs.cwd.close()
	fs.cwd, fs.cwdStale, fs.cwdChecked = b, false, nil
	return b, 0
}

// rootDirectory returns the task's, which is the engine's own unless it called
// chroot.
func (a *actor) rootDirectory() (*base, syscall.Errno) {
	fs := a.task.fs
	if e := a.follow(fs); e != 0 {
		return nil, e
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if !fs.rootStale {
		if fs.root == nil {
			return &a.engine.root, 0
		}
		return fs.root, 0
	}
	b, e := a.readBase("root")
	if e != 0 {
		return nil, e
	}
	before := fs.root
	if before == nil {
		before = &a.engine.root
	}
	if !a.expected(b, before, fs.rootChecked) {
		b.close()
		return nil, a.betrayed("root directory")
	}
	fs.root.close()
	fs.root, fs.rootStale, fs.rootChecked = b, false, nil
	if b.key == a.engine.root.key {
		b.close()
		fs.root = nil
		return &a.engine.root, 0
	}
	return b, 0
}

// follow looks at both directories after the task may have entered another mount
// namespace. In a new one they are the same as before, by other mounts.
func (a *actor) follow(fs *fsState) syscall.Errno {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if !fs.moved {
		return 0
	}
	cwd, e := a.readBase("cwd")
	if e != 0 {
		return e
	}
	root, e := a.readBase("root")
	if e != 0 {
		cwd.close()
		return e
	}
	before := fs.root
	if before == nil {
		before = &a.engine.root
	}
	if !fs.other && !(a.moved(root, before, fs.rootChecked) && a.moved(cwd, fs.cwd, fs.cwdChecked)) {
		cwd.close()
		root.close()
		return a.betrayed("directories")
	}
	fs.cwd.close()
	fs.root.close()
	fs.cwd, fs.root = cwd, root
	fs.moved, fs.other, fs.cwdStale, fs.rootStale = false, false, false, false
	fs.cwdChecked, fs.rootChecked = nil, nil
	if root.key == a.engine.root.key {
		root.close()
		fs.root = nil
	}
	return 0
}

// moved is expected without regard to mounts.
func (a *actor) moved(b, before *base, checked []objectKey) bool {
	if before == nil && checked == nil || before != nil && before.key.inodeKey == b.key.inodeKey {
		return true
	}
	return slices.ContainsFunc(checked, func(k objectKey) bool { return k.inodeKey == b.key.inodeKey })
}

// expected reports whether a directory is one that may be found: the one before
// a call that failed or hasn't happened yet, or the one that was checked. A
// program's first one was never checked.
func (a *actor) expected(b, before *base, checked []objectKey) bool {
	return before == nil && checked == nil || before != nil && before.key == b.key || slices.Contains(checked, b.key)
}

// readBase opens a directory that /proc has a link to.
func (a *actor) readBase(name string) (*base, syscall.Errno) {
	var fd int
	var err error
	a.asSelf(func() {
		fd, err = linux.Openat(linux.AtFDCwd, linux.ProcName(a.text[:0], a.task.tid, name),
			linux.OPath|linux.ODirectory|linux.OCloexec, 0)
	})
	if err != nil {
		return nil, errnoOf(err)
	}
	var st linux.Statx
	if err := linux.Fstat(fd, walkMask, &st); err != nil {
		linux.Close(fd)
		return nil, errnoOf(err)
	}
	return &base{fd: fd, key: keyOf(&st)}, 0
}

// betrayed ends a process that used what was not checked.
func (a *actor) betrayed(what string) syscall.Errno {
	a.engine.log.Warn("process changed a call after its check", "pid", a.task.tgid, "call", what)
	_ = linux.Kill(a.task.tgid, syscall.SIGKILL)
	return syscall.EACCES
}

// expectCWD is called before a checked change of the working directory.
func (f *fsState) expectCWD(key objectKey) {
	f.mu.Lock()
	f.cwdStale = true
	if !slices.Contains(f.cwdChecked, key) {
		f.cwdChecked = append(f.cwdChecked, key)
	}
	f.mu.Unlock()
}

// expectRoot is called before a checked chroot.
func (f *fsState) expectRoot(key objectKey) {
	f.mu.Lock()
	f.rootStale = true
	if !slices.Contains(f.rootChecked, key) {
		f.rootChecked = append(f.rootChecked, key)
	}
	f.mu.Unlock()
}
