package supervisor

import (
	"slices"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// The calls that change what a task's later calls depend on. They are checked,
// let through, and their outcome is looked at when it matters next.

func (a *actor) chdir() answer {
	p, e := a.object(linux.AtFDCwd, a.arg(0), 0)
	if e != 0 {
		return failure(e)
	}
	if p.node == nil && p.isDir() && a.startsCarried() {
		return a.leaveCarried(p)
	}
	return a.changeDir(p)
}

func (a *actor) fchdir() answer {
	if e := a.takeFD(&a.argument, a.intArg(0)); e != 0 {
		return failure(e)
	}
	return a.changeDir(&a.argument)
}

func (a *actor) changeDir(p *place) answer {
	switch {
	case !p.isDir():
		return failure(syscall.ENOTDIR)
	case p.stand != objectKey{}:
		return a.enterCarried(p)
	case p.node != nil:
		return a.enterNode(p.node)
	}
	if e := a.searchable(p); e != 0 {
		return failure(e)
	}
	a.task.fs.expectCWD(keyOf(&p.st))
	return goOn
}

// searchable checks that a directory may be made one that paths start from.
func (a *actor) searchable(p *place) syscall.Errno {
	if e := a.openPlace(p); e != 0 {
		return e
	}
	if e := a.becomeTask(); e != 0 {
		return e
	}
	if err := linux.Faccessat(p.fd, linux.Empty, 1, linux.AtEmptyPath|linux.AtEaccess); err != nil {
		return errnoOf(err)
	}
	i := a.inode(p)
	return a.judge(hooks.PathStep(a.engine.auth, a.subject, &i), nil)
}

func (a *actor) chroot() answer {
	p, e := a.object(linux.AtFDCwd, a.arg(0), 0)
	switch {
	case e != 0:
		return failure(e)
	case !p.isDir():
		return failure(syscall.ENOTDIR)
	case p.node != nil:
		return failure(syscall.EACCES)
	}
	if e := a.searchable(p); e != 0 {
		return failure(e)
	}
	if e := a.capable(linux.CapSysChroot); e != 0 {
		return failure(e)
	}
	a.task.fs.expectRoot(keyOf(&p.st))
	return goOn
}

// umask is known by its argument. Another thread with the same mask may see the
// new one a moment early.
func (a *actor) umask() answer {
	fs := a.task.fs
	fs.mu.Lock()
	fs.umask = a.uintArg(0) & 0o777
	fs.mu.Unlock()
	return goOn
}

// closeRange gives the task its own descriptors first, if it asks for that.
func (a *actor) closeRange() answer {
	a.task.unshareFiles()
	return goOn
}

// changeCredentials answers capset and setgroups and their like. What they do is
// read back at the task's next call.
func (a *actor) changeCredentials() answer {
	a.task.credStale = true
	switch a.entry.name {
	case "capset":
		if a.task.gate.Load() != nil {
			return goOn // the supervisor's own doing
		}
		v := hooks.SetCapabilities(a.engine.auth, a.subject.SID, a.subject.SID)
		if e := a.judge(v, nil); e != 0 {
			return failure(e)
		}
	case "setgroups":
		return a.privileged(capSetgid)
	}
	return goOn
}

// changeUser answers the calls of the setuid family. A capability is asked for
// where the kernel asks for it: when one of the numbers isn't the task's already.
func (a *actor) changeUser() answer {
	a.task.credStale = true
	c := a.task.cred
	arg := [3]int{a.intArg(0), a.intArg(1), a.intArg(2)}
	user := [3]int{c.UID, c.EUID, c.SUID}
	group := [3]int{c.GID, c.EGID, c.SGID}
	switch a.entry.name {
	case "setuid":
		return a.changeID(capSetuid, true, arg[0] == c.UID || arg[0] == c.SUID)
	case "setgid":
		return a.changeID(capSetgid, true, arg[0] == c.GID || arg[0] == c.SGID)
	case "setreuid":
		return a.changeID(capSetuid, false, oneOf(arg[0], c.UID, c.EUID) && oneOf(arg[1], user[:]...))
	case "setregid":
		return a.changeID(capSetgid, false, oneOf(arg[0], c.GID, c.EGID) && oneOf(arg[1], c.GID, c.EGID, c.SGID))
	case "setresuid":
		return a.changeID(capSetuid, false, oneOf(arg[0], user[:]...) && oneOf(arg[1], user[:]...) && oneOf(arg[2], user[:]...))
	case "setresgid":
		return a.changeID(capSetgid, false, oneOf(arg[0], group[:]...) && oneOf(arg[1], group[:]...) && oneOf(arg[2], group[:]...))
	case "setfsuid":
		return a.changeFSID(capSetuid, c.FSUID, append(user[:], c.FSUID))
	}
	return a.changeFSID(capSetgid, c.FSGID, append(group[:], c.FSGID))
}

// oneOf reports whether an identity is left alone or one of those had.
func oneOf(id int, had ...int) bool { return id == -1 || slices.Contains(had, id) }

// changeID asks for a capability that changes an identity, always or unless the
// new one is had already. Without it only the latter is possible, which for
// setuid then does less: the thread itself must lack the capability.
func (a *actor) changeID(capability int, always, had bool) answer {
	if !a.holds(capability) || !always && had {
		return goOn
	}
	if e := a.mayUse(capability); e != 0 && (!had || a.task.cred.has(capability)) {
		return failure(e)
	}
	return goOn
}

// changeFSID is changeID for setfsuid and setfsgid, which fail by changing
// nothing.
func (a *actor) changeFSID(capability, now int, had []int) answer {
	if a.holds(capability) && !slices.Contains(had, a.intArg(0)) && a.intArg(0) != -1 && a.mayUse(capability) != 0 {
		return value(int64(now))
	}
	return goOn
}

func (a *actor) prctl() answer {
	if a.intArg(0) == prSetPdeathsig {
		a.task.deathSignal = a.task.deathSignal || a.arg(1) != 0
		return goOn
	}
	a.task.credStale = true
	// Without privileges the supervisor can't look into a process that no longer
	// lets itself be dumped. The process is told that it is so.
	if a.intArg(0) == prSetDumpable && !a.engine.own.has(linux.CapSysPtrace) {
		return value(0)
	}
	return goOn
}

func (a *actor) inotifyAddWatch() answer {
	const (
		dontFollow = 0x02000000
		onlyDir    = 0x01000000
		reads      = 0x1 | 0x10 // IN_ACCESS, IN_CLOSE_NOWRITE
	)
	mask := a.uintArg(2)
	flags := 0
	if mask&dontFollow != 0 {
		flags = linux.AtSymlinkNofollow
	}
	p, e := a.object(linux.AtFDCwd, a.arg(1), flags)
	switch {
	case e != 0:
		return failure(e)
	case mask&onlyDir != 0 && !p.isDir():
		return failure(syscall.ENOTDIR)
	case p.node != nil:
		return failure(syscall.EACCES)
	}
	if e := a.openPlace(p); e != 0 {
		return failure(e)
	}
	if err := linux.Faccessat(p.fd, linux.Empty, 4, linux.AtEmptyPath|linux.AtEaccess); err != nil {
		return failure(errnoOf(err))
	}
	i := a.inode(p)
	w := hooks.Watching{Kind: hooks.WatchInode, Reads: mask&reads != 0}
	if e := a.judge(hooks.Watch(a.engine.auth, a.subject, &i, a.superblock(p), w), nil); e != 0 {
		return failure(e)
	}
	if e := a.takeFD(&a.argument, a.intArg(0)); e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	watch, err := linux.InotifyAddWatch(a.argument.fd, a.through(p), mask&^dontFollow)
	if err != nil {
		return failure(errnoOf(err))
	}
	return value(int64(watch))
}
