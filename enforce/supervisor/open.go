package supervisor

import (
	"encoding/binary"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// opening is an open call.
type opening struct {
	dirfd int
	path  []byte
	flags int
	mode  uint32
	walk  walkFlags
}

// openCreates asks for a new file and nothing else.
const openCreates = linux.OCreat | linux.OExcl

func (a *actor) open() answer {
	return a.openPath(linux.AtFDCwd, a.arg(0), a.intArg(1), a.uintArg(2))
}

func (a *actor) openat() answer {
	return a.openPath(a.intArg(0), a.arg(1), a.intArg(2), a.uintArg(3))
}

func (a *actor) creat() answer {
	return a.openPath(linux.AtFDCwd, a.arg(0), linux.OCreat|linux.OWronly|linux.OTrunc, a.uintArg(1))
}

// openat2 takes a structure, which is copied once like any path.
func (a *actor) openat2() answer {
	size := a.arg(3)
	if size < 24 || size > 4096 {
		if size < 24 {
			return failure(syscall.EINVAL)
		}
		return failure(syscall.E2BIG)
	}
	raw := make([]byte, size)
	if e := a.read(raw, a.arg(2)); e != 0 {
		return failure(e)
	}
	for _, b := range raw[24:] {
		if b != 0 {
			return failure(syscall.E2BIG)
		}
	}
	flags, mode := binary.LittleEndian.Uint64(raw), binary.LittleEndian.Uint64(raw[8:])
	resolve := binary.LittleEndian.Uint64(raw[16:])
	const known = linux.ResolveNoXdev | linux.ResolveNoMagiclinks | linux.ResolveNoSymlinks |
		linux.ResolveBeneath | linux.ResolveInRoot | linux.ResolveCached
	switch {
	case flags>>32 != 0 || mode&^0o7777 != 0 || resolve&^known != 0:
		return failure(syscall.EINVAL)
	case resolve&linux.ResolveBeneath != 0 && resolve&linux.ResolveInRoot != 0:
		return failure(syscall.EINVAL)
	case mode != 0 && flags&linux.OCreat == 0 && flags&linux.OTmpfile != linux.OTmpfile:
		return failure(syscall.EINVAL)
	case resolve&linux.ResolveCached != 0:
		return failure(syscall.EAGAIN) // as if nothing were cached: the caller tries without
	}
	path, e := a.readPath(&a.path1, a.arg(1))
	if e != 0 {
		return failure(e)
	}
	o := opening{a.intArg(0), path, int(flags), uint32(mode), walkOf(resolve)} //nolint:gosec // G115: checked above.
	return a.openFile(&o)
}

func walkOf(resolve uint64) walkFlags {
	var w walkFlags
	for bit, flag := range map[uint64]walkFlags{
		linux.ResolveNoXdev: walkNoXdev, linux.ResolveNoMagiclinks: walkNoMagiclinks,
		linux.ResolveNoSymlinks: walkNoSymlinks | walkNoMagiclinks,
		linux.ResolveBeneath:    walkBeneath, linux.ResolveInRoot: walkInRoot,
	} {
		if resolve&bit != 0 {
			w |= flag
		}
	}
	return w
}

func (a *actor) openPath(dirfd int, address uint64, flags int, mode uint32) answer {
	path, e := a.readPath(&a.path1, address)
	if e != 0 {
		return failure(e)
	}
	// As the kernel does for the older calls: unknown flags are ignored.
	o := opening{dirfd, path, flags & 0o37777777, mode & 0o7777, 0}
	if o.flags&(linux.OCreat|linux.OTmpfile&^linux.ODirectory) == 0 {
		o.mode = 0
	}
	return a.openFile(&o)
}

// openFile opens or creates, as often as what it checked turns into something
// else meanwhile.
func (a *actor) openFile(o *opening) answer {
	if o.flags&linux.OPath != 0 {
		o.flags &= linux.OPath | linux.ODirectory | linux.ONofollow | linux.OCloexec
	}
	if o.flags&linux.OTmpfile == linux.OTmpfile {
		return a.openTemporary(o)
	}
	if o.flags&(linux.OCreat|linux.ODirectory) == linux.OCreat|linux.ODirectory {
		return failure(syscall.EINVAL)
	}
	for range maxTries {
		v := a.tryOpen(o)
		if v.kind != answerErrno || v.errno != syscall.EAGAIN {
			return v
		}
	}
	return failure(syscall.EAGAIN)
}

func (a *actor) tryOpen(o *opening) answer {
	r := &a.first
	walk := o.walk
	if o.flags&linux.ONofollow == 0 && o.flags&openCreates != openCreates {
		walk |= walkFollow
	}
	if o.flags&linux.OCreat != 0 {
		walk |= walkFresh
	}
	if e := a.resolve(r, o.dirfd, o.path, walk); e != 0 {
		return failure(e)
	}
	switch {
	case !r.found && o.flags&linux.OCreat == 0:
		return failure(syscall.ENOENT)
	case !r.found:
		return a.createFile(o)
	case o.flags&linux.OCreat != 0 && r.slash && r.last == lastNormal:
		return failure(syscall.EISDIR)
	case o.flags&openCreates == openCreates:
		return failure(syscall.EEXIST)
	case o.flags&linux.OCreat != 0 && r.obj.isDir():
		return failure(syscall.EISDIR)
	}
	return a.openExisting(o)
}

// createFile makes a file that the walk didn't find, and opens it.
func (a *actor) createFile(o *opening) answer {
	r := &a.first
	if r.slash {
		return failure(syscall.EISDIR)
	}
	if r.dir.node != nil {
		return failure(syscall.EACCES)
	}
	labelled, e := a.mayCreate(r, hooks.ClassFile)
	if e != 0 {
		return failure(e)
	}
	a.engine.creating.begin()
	fd, err := a.create(o, r)
	if err == nil {
		e = a.labelNew(fd, labelled.SID)
	}
	a.engine.creating.end()
	if err != nil {
		if errnoOf(err) == syscall.EEXIST {
			return failure(syscall.EAGAIN) // someone else made it: look again
		}
		return failure(errnoOf(err))
	}
	a.fd = fd
	a.touched(&r.dir)
	if e != 0 {
		return failure(e)
	}
	i := a.inode(&a.argument)
	if e := a.judge(hooks.OpenNew(a.engine.auth, a.subject, &i, openFlagsOf(o.flags)), nil); e != 0 {
		return failure(e)
	}
	return answer{kind: answerFD, cloexec: uint32(o.flags & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

// create makes and opens the file with the task's umask.
func (a *actor) create(o *opening, r *resolution) (int, error) {
	if e := a.becomeTask(); e != 0 {
		return -1, e
	}
	defer a.withUmask()()
	return linux.Openat(r.dir.fd, r.name, o.flags&^linux.OTrunc|openCreates|linux.ONoctty|linux.OCloexec, o.mode)
}

// withUmask has the actor's thread make files with the task's umask, until the
// returned function is called.
func (a *actor) withUmask() func() {
	fs := a.task.fs
	fs.mu.Lock()
	mask := fs.umask
	fs.mu.Unlock()
	linux.Umask(mask)
	return func() { linux.Umask(0) }
}

// labelNew gives an object that was just made its label; fd is left to the
// caller, and a.argument stands for the object.
func (a *actor) labelNew(fd int, sid policy.SID) syscall.Errno {
	if e := a.adoptFD(&a.argument, fd, false); e != 0 {
		return e
	}
	return a.setNewLabel(&a.argument, sid)
}

// setNewLabel stores the label of an object that was just made, where its
// filesystem keeps labels.
func (a *actor) setNewLabel(p *place, sid policy.SID) syscall.Errno {
	fs := a.engine.labels.filesystem(&p.st)
	if !fs.sb.Labels {
		return 0
	}
	return a.setLabel(p, sid)
}

// mayCreate asks whether the task may make something of a class where the walk
// ended, and what label it gets.
func (a *actor) mayCreate(r *resolution, class hooks.Class) (hooks.Labelled, syscall.Errno) {
	dir := a.inode(&r.dir)
	labelled := hooks.Create(a.engine.auth, a.subject, &dir, a.superblock(&r.dir), class, r.bare())
	return labelled, a.judge(labelled.Verdict, func() syscall.Errno { return a.mayWrite(&r.dir) })
}

// mayWrite is the discretionary check for changing a directory's entries.
func (a *actor) mayWrite(dir *place) syscall.Errno {
	if e := a.becomeTask(); e != 0 {
		return e
	}
	return errnoOf(linux.Faccessat(dir.fd, linux.Empty, 3, linux.AtEmptyPath|linux.AtEaccess))
}

// openTemporary makes a file without a name.
func (a *actor) openTemporary(o *opening) answer {
	r := &a.first
	if o.flags&linux.OAccmode == linux.ORdonly || o.flags&linux.OCreat != 0 {
		return failure(syscall.EINVAL)
	}
	walk := o.walk
	if o.flags&linux.ONofollow == 0 {
		walk |= walkFollow
	}
	e := a.resolve(r, o.dirfd, o.path, walk)
	switch {
	case e != 0:
		return failure(e)
	case !r.found:
		return failure(syscall.ENOENT)
	case !r.obj.isDir():
		return failure(syscall.ENOTDIR)
	case r.obj.node != nil:
		return failure(syscall.EOPNOTSUPP)
	}
	if e := a.openPlace(&r.obj); e != 0 {
		return failure(e)
	}
	dir := a.inode(&r.obj)
	labelled := hooks.CreateUnnamed(a.engine.auth, a.subject, &dir, a.superblock(&r.obj))
	if e := a.judge(labelled.Verdict, func() syscall.Errno { return a.mayWrite(&r.obj) }); e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	restore := a.withUmask()
	fd, err := linux.Openat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], r.obj.fd), o.flags&^linux.ONofollow|linux.OCloexec, o.mode)
	restore()
	if err != nil {
		return failure(errnoOf(err))
	}
	a.fd = fd
	if e := a.labelNew(fd, labelled.SID); e != 0 {
		return failure(e)
	}
	i := a.inode(&a.argument)
	if e := a.judge(hooks.OpenNew(a.engine.auth, a.subject, &i, openFlagsOf(o.flags)), nil); e != 0 {
		return failure(e)
	}
	return answer{kind: answerFD, cloexec: uint32(o.flags & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

// openFlagsOf translates the flags of an open call for hooks.
func openFlagsOf(flags int) hooks.OpenFlags {
	var f hooks.OpenFlags
	if flags&linux.OPath != 0 {
		return hooks.OpenPath
	}
	switch flags & linux.OAccmode {
	case linux.ORdonly:
		f = hooks.OpenRead
	case linux.OWronly:
		f = hooks.OpenWrite
	case linux.ORdwr:
		f = hooks.OpenRead | hooks.OpenWrite
	default:
		f = hooks.OpenIoctl
	}
	if flags&linux.OAppend != 0 {
		f |= hooks.OpenAppend
	}
	if flags&linux.OTrunc != 0 {
		f |= hooks.OpenTrunc
	}
	return f
}

// openExisting opens what the walk found.
func (a *actor) openExisting(o *opening) answer {
	r := &a.first
	kind := r.obj.st.Mode & linux.SIFMT
	switch {
	case o.flags&linux.ODirectory != 0 && kind != linux.SIFDIR,
		r.slash && kind != linux.SIFDIR:
		return failure(syscall.ENOTDIR)
	case o.flags&linux.OPath != 0:
		return a.openReference(o)
	case kind == linux.SIFLNK:
		return failure(syscall.ELOOP)
	case r.obj.node != nil:
		return a.openNode(o)
	case a.engine.virtual.listed(&r.obj) != nil:
		return a.openListed(o, a.engine.virtual.listed(&r.obj))
	case kind == linux.SIFDIR && o.flags&(linux.OAccmode|linux.OTrunc) != 0:
		return failure(syscall.EISDIR)
	}
	if e := a.protectedFile(o, r); e != 0 {
		return failure(e)
	}
	if r.obj.fd >= 0 || kind != linux.SIFREG && kind != linux.SIFDIR {
		return a.reopen(o)
	}
	// The quick way: open by name, then see whether it is what was found. Without
	// waiting, in case it became something else; without O_TRUNC, until the policy
	// has been asked. What the kernel refuses by itself it refuses here, before.
	fd, err := linux.OpenEntry(
		r.dir.fd, r.obj.name, o.flags&^(linux.OTrunc|linux.OCreat|linux.OExcl)|linux.ONonblock|linux.ONoctty|linux.OCloexec,
	)
	if err != nil {
		if e := errnoOf(err); e == syscall.ELOOP || e == syscall.ENXIO || e == syscall.ENOENT {
			return failure(syscall.EAGAIN)
		}
		return failure(errnoOf(err))
	}
	a.fd = fd
	var st linux.Statx
	if err := linux.Fstat(fd, walkMask, &st); err != nil {
		return failure(errnoOf(err))
	}
	if keyOf(&st).inodeKey != keyOf(&r.obj.st).inodeKey {
		linux.Close(fd)
		a.fd = -1
		return failure(syscall.EAGAIN)
	}
	r.obj.st, r.obj.fd, r.obj.open = st, fd, true
	if e := a.openProc(&r.obj, r.bare()); e != 0 {
		return failure(e)
	}
	i := a.inode(&r.obj)
	if e := a.judge(hooks.OpenFile(a.engine.auth, a.subject, &i, openFlagsOf(o.flags)), nil); e != 0 {
		return failure(e)
	}
	if e := a.settle(fd, o.flags); e != 0 {
		return failure(e)
	}
	return answer{kind: answerFD, cloexec: uint32(o.flags & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

// settle gives an opened file the flags that were held back.
func (a *actor) settle(fd, flags int) syscall.Errno {
	if flags&linux.ONonblock == 0 {
		if err := linux.SetStatusFlags(fd, flags&(linux.OAppend|linux.ODirect|linux.ONoatime|linux.OAsync)); err != nil {
			return errnoOf(err)
		}
	}
	if flags&linux.OTrunc == 0 {
		return 0
	}
	if e := a.becomeTask(); e != 0 {
		return e
	}
	if flags&linux.OAccmode == linux.OWronly || flags&linux.OAccmode == linux.ORdwr {
		return errnoOf(linux.Ftruncate(fd, 0))
	}
	again, err := linux.Openat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], fd), flags&linux.OAccmode|linux.OTrunc|linux.OCloexec, 0)
	if err != nil {
		return errnoOf(err)
	}
	linux.Close(again)
	return 0
}

// protectedFile is the rule of fs.protected_regular and fs.protected_fifos: a
// file of someone else in a sticky directory that others may write isn't opened
// by who meant to create it.
func (a *actor) protectedFile(o *opening, r *resolution) syscall.Errno {
	if o.flags&linux.OCreat == 0 || r.last != lastNormal {
		return 0
	}
	level := 0
	switch r.obj.st.Mode & linux.SIFMT {
	case linux.SIFREG:
		level = a.engine.sysctl.protectedRegular
	case linux.SIFIFO:
		level = a.engine.sysctl.protectedFifos
	}
	dir := &r.dir.st
	const sticky = 0o1000
	switch {
	case level == 0, dir.Mode&sticky == 0, r.obj.st.Uid == dir.Uid, int(r.obj.st.Uid) == a.task.cred.FSUID:
		return 0
	case dir.Mode&0o002 != 0, level >= 2 && dir.Mode&0o020 != 0:
		return syscall.EACCES
	}
	return 0
}

// openReference answers O_PATH, which opens nothing: the walk was all there is
// to check.
func (a *actor) openReference(o *opening) answer {
	r := &a.first
	if r.obj.node != nil {
		return a.openNode(o)
	}
	if e := a.openPlace(&r.obj); e != 0 {
		return failure(e)
	}
	// A copy of its own: the descriptor of a magic link's object may be good for
	// reading, which a reference isn't.
	fd, err := linux.Openat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], r.obj.fd), linux.OPath|linux.OCloexec, 0)
	if err != nil && isKind(&r.obj.st, linux.SIFLNK) {
		fd, err = linux.Dup(r.obj.fd)
	}
	if err != nil {
		return failure(errnoOf(err))
	}
	return a.handOver(fd, o.flags&linux.OCloexec != 0)
}

// openPlace makes sure that a place has a descriptor; EAGAIN says that its name
// now stands for something else.
func (a *actor) openPlace(p *place) syscall.Errno {
	if p.fd >= 0 {
		return 0
	}
	if e := a.becomeTask(); e != 0 {
		return e
	}
	fd, err := linux.Openat(p.at, p.name, linux.OPath|linux.ONofollow|linux.OCloexec, 0)
	if err != nil {
		return errnoOf(err)
	}
	var st linux.Statx
	if err := linux.Fstat(fd, walkMask, &st); err != nil || keyOf(&st) != keyOf(&p.st) {
		linux.Close(fd)
		return syscall.EAGAIN
	}
	p.fd, p.owned, p.open = fd, true, false
	return 0
}

// reopen opens what a descriptor stands for, which can't turn into anything
// else. It is the way for devices, pipes and what a magic link leads to.
func (a *actor) reopen(o *opening) answer {
	r := &a.first
	if e := a.openPlace(&r.obj); e != 0 {
		return failure(e)
	}
	kind := r.obj.st.Mode & linux.SIFMT
	if kind == linux.SIFSOCK {
		return failure(syscall.ENXIO)
	}
	// The discretionary check first, apart from the open and its effects.
	mode := accessOf(o.flags)
	if err := linux.Faccessat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], r.obj.fd), mode, linux.AtEaccess); err != nil {
		return failure(errnoOf(err))
	}
	if e := a.openProc(&r.obj, r.bare()); e != 0 {
		return failure(e)
	}
	i := a.inode(&r.obj)
	if e := a.judge(hooks.OpenFile(a.engine.auth, a.subject, &i, openFlagsOf(o.flags)), nil); e != 0 {
		return failure(e)
	}
	if kind == linux.SIFIFO && o.flags&linux.ONonblock == 0 {
		return a.openPipe(o)
	}
	if kind == linux.SIFCHR && r.obj.st.Rdev_major == 5 && r.obj.st.Rdev_minor == 0 {
		return a.openTerminal(o)
	}
	if kind == linux.SIFCHR || kind == linux.SIFBLK {
		a.yield() // a device may take its time
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	fd, err := linux.Openat(
		linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], r.obj.fd), o.flags&^(linux.OCreat|linux.OExcl|linux.ONofollow)|linux.ONoctty|linux.OCloexec, 0,
	)
	if err != nil {
		return failure(errnoOf(err))
	}
	a.fd = fd
	if kind == linux.SIFCHR && isMultiplexer(&r.obj.st) {
		a.labelPseudoterminal(fd)
	}
	return answer{kind: answerFD, cloexec: uint32(o.flags & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

// accessOf is the access that an open needs, as access(2) has it.
func accessOf(flags int) uint32 {
	var mode uint32
	switch flags & linux.OAccmode {
	case linux.ORdonly:
		mode = 4
	case linux.OWronly:
		mode = 2
	default:
		mode = 6
	}
	if flags&linux.OTrunc != 0 {
		mode |= 2
	}
	return mode
}
