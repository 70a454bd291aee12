package supervisor

import (
	"bytes"
	"strconv"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// The walk resolves a path as the kernel does, one component after the other by
// directory descriptors, with the caller's credentials, so that every step is
// checked and the object that is checked is the one that gets used.

// walkFlags say how a path is resolved.
type walkFlags uint16

const (
	walkFollow       walkFlags = 1 << iota // follow a link at the end
	walkParent                             // leave the last component alone
	walkEmpty                              // an empty path means the descriptor itself
	walkNoSymlinks                         // RESOLVE_NO_SYMLINKS
	walkNoMagiclinks                       // RESOLVE_NO_MAGICLINKS
	walkBeneath                            // RESOLVE_BENEATH
	walkInRoot                             // RESOLVE_IN_ROOT
	walkNoXdev                             // RESOLVE_NO_XDEV
	walkFresh                              // the directory is looked at too: something may be made in it
)

// maxLinks is how many links a path may lead through.
const maxLinks = 40

// maxWalk bounds a path that links have made longer.
const maxWalk = 16 * linux.MaxPath

// lastKind tells what a path ended in.
type lastKind uint8

const (
	lastNormal lastKind = iota
	lastDot
	lastDotDot
	lastRoot
	lastJump // a magic link of /proc
)

// resolution is where a path led.
type resolution struct {
	// dir is the directory of the last component; meaningful if last is lastNormal
	// or the walk was for the parent.
	dir place
	// obj is the object, if found.
	obj   place
	found bool
	last  lastKind
	slash bool // something follows the last component: slashes only
	name  linux.Name
	buf   [linux.MaxName + 3]byte
}

func (r *resolution) init() {
	r.dir.fd, r.obj.fd = -1, -1
	r.reset()
}

func (r *resolution) reset() {
	r.dir.reset()
	r.obj.reset()
	r.found, r.last, r.slash, r.name = false, lastNormal, false, nil
}

// setName keeps the last component, with a slash if the path had one, so that
// the kernel insists on a directory as well.
func (r *resolution) setName(component []byte, slash bool) {
	n := copy(r.buf[:], component)
	if slash {
		r.buf[n] = '/'
		n++
	}
	r.buf[n] = 0
	r.name = linux.Name(r.buf[:n+1])
}

// bare returns the last component without the slash.
func (r *resolution) bare() string {
	if len(r.name) == 0 {
		return ""
	}
	n := len(r.name) - 1
	if r.slash && n > 0 {
		n--
	}
	return string(r.name[:n])
}

// walker is one walk under way.
type walker struct {
	a     *actor
	r     *resolution
	flags walkFlags
	rest  []byte // of the path
	which int    // of the actor's buffers that rest is in
	links int
	root  objectKey
	// rootFD is where absolute links lead, startMount what NO_XDEV compares with.
	rootFD     int
	startMount uint64
	// rootKnown says that the kernel would have looked at its root by now.
	rootKnown  bool
	bounded    bool // the root is not the task's own, but the start of the walk
	comp       [linux.MaxName + 1]byte
	recording  bool // steps are kept for a prefix
	prefixEnd  int  // length of rest when the prefix has been walked
	prefixText []byte
	prefix     *prefix // that the walk began with
	whole      []byte  // the path then
	done       bool    // the walk needn't run
}

// resolve walks a path from a directory descriptor of the task into r.
func (a *actor) resolve(r *resolution, dirfd int, path []byte, flags walkFlags) syscall.Errno {
	if e := a.becomeTask(); e != 0 {
		return e
	}
	var e syscall.Errno
	// A name that changes under the walk has it begin again.
	for range maxTries {
		if e = a.walk(r, dirfd, path, flags); e != syscall.EAGAIN {
			break
		}
	}
	return e
}

// maxTries is how often a call begins again because what it checked was replaced
// by something else.
const maxTries = 8

func (a *actor) walk(r *resolution, dirfd int, path []byte, flags walkFlags) syscall.Errno {
	r.reset()
	if len(path) == 0 {
		if flags&walkEmpty == 0 {
			return syscall.ENOENT
		}
		return a.resolveFD(r, dirfd)
	}
	w := &a.walker // kept from one walk to the next to save the allocation
	*w = walker{a: a, r: r, flags: flags, rest: path, which: -1}
	if e := w.start(dirfd); e != 0 || w.done {
		return e
	}
	e := w.run()
	if e != 0 {
		r.dir.reset()
		r.obj.reset()
	}
	return e
}

// resolveFD has r stand for what a descriptor does.
func (a *actor) resolveFD(r *resolution, dirfd int) syscall.Errno {
	r.last = lastJump
	r.found = true
	if dirfd != linux.AtFDCwd {
		return a.takeFD(&r.obj, dirfd)
	}
	cwd, e := a.workingDirectory()
	if e != 0 {
		return e
	}
	return a.adoptFD(&r.obj, cwd.fd, false)
}

// start finds the directory that the walk begins in, as r.obj.
func (w *walker) start(dirfd int) syscall.Errno {
	a := w.a
	root, e := a.rootDirectory()
	if e != 0 {
		return e
	}
	w.root, w.rootFD = root.key, root.fd
	absolute := w.rest[0] == '/'
	w.rootKnown = absolute
	if absolute && w.flags&walkBeneath != 0 {
		return syscall.EXDEV
	}
	if absolute && w.flags&walkInRoot == 0 {
		a.engine.labels.current() // another policy may have moved the generation on
		if root == &a.engine.root && w.flags&^(walkFollow|walkParent|walkEmpty|walkFresh) == 0 {
			if w.done = w.flags&(walkParent|walkFresh) == 0 && w.usePath(); w.done || w.usePrefix() {
				return 0
			}
		}
		w.r.last = lastRoot
		return w.atRoot()
	}
	if dirfd == linux.AtFDCwd {
		var cwd *base
		if cwd, e = a.workingDirectory(); e == 0 {
			e = a.adoptAs(&w.r.obj, cwd.fd, false, linux.OPath)
		}
	} else {
		e = a.takeStart(&w.r.obj, dirfd)
	}
	if e != 0 {
		return e
	}
	w.startMount = w.r.obj.st.Mnt_id
	if w.flags&(walkInRoot|walkBeneath) != 0 {
		w.bounded, w.root, w.rootFD = true, keyOf(&w.r.obj.st), w.r.obj.fd
		// The descriptor outlives the place that walks away from it.
		fd, err := linux.Dup(w.rootFD)
		if err != nil {
			return errnoOf(err)
		}
		if w.r.obj.owned {
			a.argument.reset()
			a.argument.fd, a.argument.owned = w.rootFD, true
		}
		w.r.obj.fd, w.r.obj.owned = fd, true
	}
	return 0
}

// atRoot puts the walk at its root directory.
func (w *walker) atRoot() syscall.Errno {
	e := w.a.adoptAs(&w.r.obj, w.rootFD, false, linux.OPath)
	if w.startMount == 0 {
		w.startMount = w.r.obj.st.Mnt_id
	}
	return e
}

// run walks. r.obj is the place reached so far.
func (w *walker) run() syscall.Errno {
	for {
		slashed := false
		for len(w.rest) > 0 && w.rest[0] == '/' {
			w.rest = w.rest[1:]
			slashed = true
		}
		if len(w.rest) == 0 {
			return w.finish(slashed)
		}
		n := bytes.IndexByte(w.rest, '/')
		if n < 0 {
			n = len(w.rest)
		}
		if n > linux.MaxName {
			return syscall.ENAMETOOLONG
		}
		copy(w.comp[:], w.rest[:n])
		w.comp[n] = 0
		w.rest = w.rest[n:]
		slash := len(w.rest) > 0
		last := len(bytes.TrimLeft(w.rest, "/")) == 0
		if w.recording && len(w.rest)+n+1 == w.prefixEnd {
			w.keepPrefix()
		}
		done, e := w.step(w.comp[:n+1], last, slash)
		if e != 0 || done {
			return e
		}
	}
}

// finish ends a walk that used up its path: the object is where it is.
func (w *walker) finish(slashed bool) syscall.Errno {
	w.r.found = true
	w.r.slash = slashed
	if w.flags&walkParent != 0 {
		// The path was "/" alone: there is no last component.
		w.r.dir.move(&w.r.obj)
		w.r.last = lastRoot
	}
	return 0
}

// step takes one component, which ends with a NUL.
func (w *walker) step(comp []byte, last, slash bool) (done bool, e syscall.Errno) {
	r := w.r
	name := comp[:len(comp)-1]
	if !r.obj.isDir() {
		return false, syscall.ENOTDIR
	}
	kind := lastNormal
	switch string(name) {
	case ".":
		kind = lastDot
	case "..":
		kind = lastDotDot
	}
	if last && w.flags&walkParent != 0 {
		return true, w.parent(comp, kind, slash)
	}
	if kind != lastNormal {
		if e := w.dots(kind); e != 0 {
			return false, e
		}
		r.last = kind
		return false, 0
	}
	return w.name(comp, last, slash)
}

// parent ends a walk at the directory of the last component. Whether there is
// such an entry is found out without following a link.
func (w *walker) parent(comp linux.Name, kind lastKind, slash bool) syscall.Errno {
	a, r := w.a, w.r
	proc := procPlace{}
	var n *node
	var st linux.Statx
	var err error
	switch {
	case r.obj.node != nil:
		if n = a.engine.virtual.lookup(r.obj.node, string(comp[:len(comp)-1])); n == nil {
			err = syscall.ENOENT
		}
	case r.obj.proc.kind != procNone && kind == lastNormal:
		var e syscall.Errno
		if proc, n, e = a.procName(&r.obj, string(comp[:len(comp)-1])); e != 0 {
			return e
		}
	case kind == lastNormal:
		n = a.engine.virtual.child(&r.obj, comp)
	}
	if n == nil && err == nil {
		err = linux.Stat(r.obj.fd, comp, linux.AtSymlinkNofollow|linux.AtNoAutomount, walkMask, &st)
	}
	if e := w.search(err); e != 0 {
		return e
	}
	if err == nil && n == nil && a.engine.private(&st) {
		return syscall.EACCES
	}
	r.dir.move(&r.obj)
	r.last, r.slash, r.found = kind, slash, err == nil
	r.setName(comp[:len(comp)-1], slash)
	switch {
	case err != nil && err != syscall.ENOENT: //nolint:errorlint // a bare errno.
		return errnoOf(err)
	case n != nil:
		a.setNode(&r.obj, n)
	case err == nil:
		r.obj.st, r.obj.proc, r.obj.at = st, proc, r.dir.fd
		r.obj.name = append(linux.Name(nil), comp...)
	}
	return 0
}

// search checks that the current directory may be searched. found is the error
// that looking a name up in it gave: if that was the discretionary check's, the
// policy isn't asked.
func (w *walker) search(found error) syscall.Errno {
	a, dir := w.a, &w.r.obj
	if found == syscall.EACCES { //nolint:errorlint // package linux returns bare errnos.
		return syscall.EACCES
	}
	i := a.inode(dir)
	v := hooks.PathStep(a.engine.auth, a.subject, &i)
	if e := a.judge(v, nil); e != 0 {
		return e
	}
	if w.recording {
		a.steps = append(a.steps, step{i.SID, i.Class, hooks.DirSearch})
	}
	return 0
}

// dots takes "." or "..".
func (w *walker) dots(kind lastKind) syscall.Errno {
	r := w.r
	if r.obj.node != nil {
		if e := w.search(nil); e != 0 || kind == lastDot {
			return e
		}
		return w.a.leaveNode(&r.obj)
	}
	w.rootKnown = w.rootKnown || kind == lastDotDot
	var st linux.Statx
	dot := linux.Name{'.', 0}
	atRoot := kind == lastDotDot && keyOf(&r.obj.st) == w.root
	if kind == lastDotDot && !atRoot {
		dot = linux.Name{'.', '.', 0}
	}
	err := linux.Stat(r.obj.fd, dot, linux.AtSymlinkNofollow, walkMask, &st)
	if e := w.search(err); e != 0 {
		return e
	}
	switch {
	case err != nil:
		return errnoOf(err)
	case atRoot && w.flags&walkBeneath != 0:
		return syscall.EXDEV
	case kind == lastDot || atRoot:
		return 0
	}
	proc := r.obj.proc
	if e := w.enter(dot, &st); e != 0 {
		return e
	}
	if proc.kind != procNone {
		r.obj.proc = w.a.procPlaceOf(&r.obj)
	}
	return 0
}

// name takes an ordinary component.
func (w *walker) name(comp linux.Name, last, slash bool) (done bool, e syscall.Errno) {
	a, r := w.a, w.r
	if r.obj.node != nil {
		return w.nodeName(comp, last, slash)
	}
	proc := procPlace{}
	if r.obj.proc.kind != procNone {
		var n *node
		if proc, n, e = a.procName(&r.obj, string(comp[:len(comp)-1])); e != 0 {
			return false, e
		}
		if n != nil {
			return w.intoNode(n, comp, last, slash)
		}
	} else if n := a.engine.virtual.child(&r.obj, comp); n != nil {
		return w.intoNode(n, comp, last, slash)
	}
	var st linux.Statx
	err := linux.Stat(r.obj.fd, comp, linux.AtSymlinkNofollow|linux.AtNoAutomount, walkMask, &st)
	if e := w.search(err); e != 0 {
		return false, e
	}
	if err != nil {
		return w.missing(comp, last, slash, errnoOf(err))
	}
	if w.flags&walkNoXdev != 0 && st.Mnt_id != w.startMount {
		return false, syscall.EXDEV
	}
	if st.Mnt_id != r.obj.st.Mnt_id && a.engine.foreignProc(&st) {
		return false, syscall.EACCES
	}
	r.last = lastNormal
	switch st.Mode & linux.SIFMT {
	case linux.SIFLNK:
		if last && !slash && w.flags&walkFollow == 0 {
			w.final(comp, &st, proc, slash)
			return true, 0
		}
		return false, w.link(comp, &st)
	case linux.SIFDIR:
		if a.engine.private(&st) {
			return false, syscall.EACCES
		}
		if last {
			w.final(comp, &st, proc, slash)
			return true, 0
		}
		if e := w.enter(comp, &st); e != 0 {
			return false, e
		}
		if proc.kind != procNone {
			r.obj.proc = proc
		}
		return false, 0
	}
	if !last || slash {
		return false, syscall.ENOTDIR
	}
	w.final(comp, &st, proc, slash)
	return true, 0
}

// missing ends a walk at a name that isn't there, which is fine for the last
// one.
func (w *walker) missing(comp linux.Name, last, slash bool, e syscall.Errno) (bool, syscall.Errno) {
	if e != syscall.ENOENT || !last {
		return false, e
	}
	r := w.r
	if !slash && r.obj.node == nil && w.flags&walkParent == 0 {
		w.keepPath(nil)
	}
	r.dir.move(&r.obj)
	r.last, r.slash, r.found = lastNormal, slash, false
	r.setName(comp[:len(comp)-1], slash)
	return true, 0
}

// final ends a walk at the object that the last name stands for. It isn't
// opened: the name and the identity are known.
func (w *walker) final(comp linux.Name, st *linux.Statx, proc procPlace, slash bool) {
	r := w.r
	if !slash && proc.kind == procNone && deviceOf(st) != w.a.engine.procDev {
		w.keepPath(st)
	}
	r.dir.move(&r.obj)
	r.slash, r.found, r.last = slash, true, lastNormal
	r.setName(comp[:len(comp)-1], slash)
	r.obj.st, r.obj.proc = *st, proc
	r.obj.at = r.dir.fd
	r.obj.name = r.name
	if slash {
		// A trailing slash is about the name, not a part of it.
		r.setName(comp[:len(comp)-1], false)
		r.obj.name = r.name
	}
}

// enter makes a directory the current place.
func (w *walker) enter(comp linux.Name, st *linux.Statx) syscall.Errno {
	a, r := w.a, w.r
	key := keyOf(st)
	if d := a.dirs.byKey[key]; d != nil {
		d.st = *st
		w.at(d.fd, st, false)
		return 0
	}
	fd, err := linux.Openat(r.obj.fd, comp, linux.OPath|linux.ODirectory|linux.ONofollow|linux.OCloexec, 0)
	if err != nil {
		return errnoOf(err)
	}
	var opened linux.Statx
	if err := linux.Fstat(fd, walkMask, &opened); err != nil {
		linux.Close(fd)
		return errnoOf(err)
	}
	key = keyOf(&opened)
	// Directories of /proc are as short-lived as processes.
	if a.engine.isProc(&opened) || a.dirs.byKey[key] != nil {
		w.at(fd, &opened, true)
		return 0
	}
	a.dirs.byKey[key] = &dirEntry{fd: fd, st: opened}
	w.at(fd, &opened, false)
	return 0
}

// at makes a descriptor the current place.
func (w *walker) at(fd int, st *linux.Statx, owned bool) {
	w.r.obj.reset()
	w.r.obj.fd, w.r.obj.owned, w.r.obj.st = fd, owned, *st
	if w.a.engine.isProc(st) {
		if st.Ino == procRootIno {
			w.r.obj.proc.kind = procRoot
		}
	}
}

// decimal reads a number without sign or leading zeros, as names in /proc are.
func decimal(s string) (int, bool) {
	if s == "" || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
