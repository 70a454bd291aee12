package supervisor

import (
	"bytes"
	"errors"
	"path"
	"strings"
	"sync"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// labelName is the extended attribute that holds a label.
var labelName = linux.MakeName("security.selinux")

// labels knows the label of every object.
//
// An object's label is, in this order: the one that the side store has for it,
// the one in its attribute security.selinux, and else what the policy says of its
// filesystem, with file contexts standing in for what nobody ever labelled.
type labels struct {
	e *engine

	mu    sync.RWMutex
	known map[inodeKey]knownLabel
	seqno uint32 // of the policy that known and fs belong to

	fsMu sync.Mutex
	fs   filesystems

	store *sideStore
	// mounts are those at the start, by device: where file contexts find things.
	mounts map[uint64][]linux.Mount

	getxattrat bool // the kernel has it
}

// knownLabel is an answer that holds until the inode changes.
type knownLabel struct {
	sid     policy.SID
	changed int64
}

// maxKnown bounds the labels that are remembered.
const maxKnown = 1 << 18

func newLabels(e *engine) (*labels, error) {
	store, err := openStore(e.cfg.StateDir)
	if err != nil {
		return nil, err
	}
	l := &labels{e: e, getxattrat: linux.HasGetxattrat(), store: store, known: map[inodeKey]knownLabel{}, seqno: e.auth.server.Seqno()}
	l.fs = filesystems{
		auth: e.auth, byMount: map[uint64]*filesystem{}, given: map[uint64]*mountLabels{}, others: e.otherMounts,
	}
	return l, l.readMounts()
}

func (l *labels) close() { l.store.close() }

// current drops all answers if the policy has changed since they were given.
func (l *labels) current() {
	seqno := l.e.auth.server.Seqno()
	l.mu.RLock()
	same := l.seqno == seqno
	l.mu.RUnlock()
	if same {
		return
	}
	l.mu.Lock()
	if l.seqno != seqno {
		l.seqno = seqno
		clear(l.known)
		l.fsMu.Lock()
		clear(l.fs.byMount)
		l.fsMu.Unlock()
		l.e.generation.Add(1)
	}
	l.mu.Unlock()
}

// filesystem returns what is known of an object's filesystem.
func (l *labels) filesystem(st *linux.Statx) *filesystem {
	l.fsMu.Lock()
	defer l.fsMu.Unlock()
	return l.fs.of(st)
}

// get returns a remembered answer.
func (l *labels) get(st *linux.Statx) (policy.SID, bool) {
	key := keyOf(st).inodeKey
	l.mu.RLock()
	k, ok := l.known[key]
	l.mu.RUnlock()
	if !ok || k.changed != changeTime(st) {
		return 0, false
	}
	return k.sid, true
}

func (l *labels) put(st *linux.Statx, sid policy.SID) {
	l.mu.Lock()
	if len(l.known) >= maxKnown {
		clear(l.known)
	}
	l.known[keyOf(st).inodeKey] = knownLabel{sid, changeTime(st)}
	l.mu.Unlock()
}

// forget drops all answers.
func (l *labels) forget() {
	l.mu.Lock()
	clear(l.known)
	l.mu.Unlock()
}

// label returns the label of a place, finding it if need be.
func (a *actor) label(p *place) policy.SID {
	if p.labelled {
		return p.sid
	}
	p.sid, p.labelled = a.findLabel(p), true
	return p.sid
}

func (a *actor) findLabel(p *place) policy.SID {
	l := a.engine.labels
	switch {
	case p.open && isKind(&p.st, linux.SIFSOCK):
		return a.socketLabel(p).sid
	case p.node != nil:
		return a.engine.virtual.label(a, p.node)
	case p.proc.kind == procTask, p.proc.kind == procTasks, p.proc.kind == procDeep:
		return a.engine.taskLabel(p.proc.tid)
	}
	l.current()
	if sid, ok := l.get(&p.st); ok {
		return sid
	}
	fs := l.filesystem(&p.st)
	var sid policy.SID
	switch fs.labels {
	case labelProc, labelByPath:
		// Such labels are as stable as the path; those of /proc can't be remembered
		// by inode, since numbers there mean nothing for long.
		if fs.sb.Labels {
			if sid, ok := a.storedLabel(p); ok {
				l.put(&p.st, sid)
				return sid
			}
		}
		sid = fs.lookup(fs.inside(genfsPathOf(a.pathOf(p), fs)), p.class(), a.engine.auth.Initial(hooks.SIDUnlabeled))
		if fs.labels == labelProc {
			return sid
		}
	case labelMount:
		return fs.given.Context
	case labelInternal, labelTask:
		return a.opener(p) // who opened a pipe has also made it
	case labelStored, labelCreated:
		sid = a.fileLabel(p, fs)
	case labelNone:
		sid = a.engine.auth.Initial(hooks.SIDUnlabeled)
	}
	l.put(&p.st, sid)
	return sid
}

// genfsPathOf takes the numbers of processes out of a path in /proc, as genfscon
// has it.
func genfsPathOf(path string, fs *filesystem) string {
	if fs.labels != labelProc {
		return path
	}
	rest := strings.TrimPrefix(path, fs.mount.Point)
	if len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9' {
		_, below, _ := strings.Cut(rest[1:], "/")
		return fs.mount.Point + "/" + below
	}
	return path
}

// fileLabel is the label of an object on a filesystem that keeps labels.
func (a *actor) fileLabel(p *place, fs *filesystem) policy.SID {
	c := &a.engine.creating
	count := c.count.Load()
	sid, ok := a.storedLabel(p)
	if !ok && (count%2 == 1 || c.count.Load() != count) {
		// A file that is just being made has no label yet; once more when it has.
		c.RLock()
		sid, ok = a.storedLabel(p)
		c.RUnlock()
	}
	if ok {
		return sid
	}
	return a.defaultLabel(p, fs)
}

// storedLabel returns the label that was stored for an object.
func (a *actor) storedLabel(p *place) (policy.SID, bool) {
	key := keyOf(&p.st).inodeKey
	if text, ok := a.engine.labels.store.get(key); ok {
		return a.engine.textLabel(text), true
	}
	text, ok := a.attribute(p)
	if !ok {
		return 0, false
	}
	return a.engine.textLabel(text), true
}

// attribute reads security.selinux of an object.
func (a *actor) attribute(p *place) (string, bool) {
	var n int
	var err error
	for size := 256; ; size *= 8 {
		if cap(a.xattr) < size {
			a.xattr = make([]byte, size)
		}
		buf := a.xattr[:size]
		switch {
		case p.fd >= 0 && p.open && !p.reference:
			n, err = linux.Fgetxattr(p.fd, labelName, buf)
		case p.fd >= 0:
			n, err = linux.Getxattr(linux.ProcSelfFD(a.text[:0], p.fd), labelName, buf)
		case p.at >= 0:
			n, err = a.entryAttribute(p, buf)
		default:
			return "", false
		}
		if errors.Is(err, syscall.ERANGE) && size < 65536 {
			continue
		}
		if err != nil || n == 0 {
			return "", false
		}
		return string(bytes.TrimRight(buf[:n], "\x00")), true
	}
}

// entryAttribute reads security.selinux of an entry of a directory.
func (a *actor) entryAttribute(p *place, buf []byte) (int, error) {
	if a.engine.labels.getxattrat {
		return linux.Getxattrat(p.at, p.name, labelName, buf)
	}
	return linux.Lgetxattr(a.entryPath(p), labelName, buf)
}

// entryPath returns a path to an entry by its directory's descriptor.
func (a *actor) entryPath(p *place) linux.Name {
	buf := linux.ProcSelfFD(a.text[:0], p.at)
	buf[len(buf)-1] = '/'
	return append(buf, p.name...)
}

// textLabel returns the label with a text, which the policy need not know.
func (e *engine) textLabel(text string) policy.SID {
	sid, err := e.auth.UnknownSID(text)
	if err != nil {
		return e.auth.Initial(hooks.SIDUnlabeled)
	}
	return sid
}

// defaultLabel is the label of an object that was never given one.
func (a *actor) defaultLabel(p *place, fs *filesystem) policy.SID {
	e := a.engine
	if fs.given != nil {
		return a.bornLabel(p, fs)
	}
	if e.cfg.Labels == nil && fs.mount.Point != "" {
		return e.unlabelled(fs)
	}
	if fs.mount.Point == "" && fs.mount.Type == "tmpfs" {
		// Memory that a program made: of its making.
		sid, err := e.auth.Transition(a.subject.SID, fs.sb.SID, p.class(), "")
		if err != nil {
			return e.unlabelled(fs)
		}
		return sid
	}
	if fs.labels == labelCreated && !contextsApply(fs.mount.Type) {
		return fs.sb.SID
	}
	where := a.originalPath(p, fs)
	if !strings.HasPrefix(where, "/") {
		return e.unlabelled(fs) // on no mount
	}
	return a.pathLabel(where, p.st.Mode, fs)
}

// contextsApply reports whether programs that label devices and runtime files,
// on a system with SELinux, do so on a filesystem by file contexts.
func contextsApply(fsType string) bool {
	return fsType == "tmpfs" || fsType == "devtmpfs" || fsType == "ramfs"
}

// unlabelled is the label of what has none and no file context.
func (e *engine) unlabelled(fs *filesystem) policy.SID {
	if fs.labels == labelCreated {
		return fs.sb.SID
	}
	return e.auth.Initial(hooks.SIDFile)
}

// pathLabel is the label by file contexts. What they leave open counts as made
// in its directory: it has that directory's label.
func (a *actor) pathLabel(where string, mode uint16, fs *filesystem) policy.SID {
	e := a.engine
	if text, ok := e.cfg.Labels.Lookup(where, uint32(mode)); ok {
		if sid, err := e.auth.SID(text); err == nil {
			return sid
		}
	}
	if where == "/" || where == fs.mount.Point {
		return e.unlabelled(fs)
	}
	var parent place
	parent.reset()
	defer parent.reset()
	var fd int
	var err error
	a.asSelf(func() {
		fd, err = linux.Openat(linux.AtFDCwd, linux.MakeName(path.Dir(where)), linux.OPath|linux.ODirectory|linux.OCloexec, 0)
	})
	if err != nil || a.adoptFD(&parent, fd, true) != 0 || a.engine.labels.filesystem(&parent.st).mount.Device() != fs.mount.Device() {
		return e.unlabelled(fs)
	}
	return a.label(&parent)
}

// pathOf returns the path of a place as the supervisor sees it.
func (a *actor) pathOf(p *place) string {
	if p.node != nil {
		return p.node.path()
	}
	fd, name := p.fd, ""
	if fd < 0 {
		if p.at < 0 {
			return ""
		}
		fd, name = p.at, "/"+p.name.String()
	}
	dir := a.directoryPath(p, fd)
	if dir == "/" && name != "" {
		dir = ""
	}
	return dir + name
}

// directory is where a directory was when an entry of it was last asked about:
// who walks through a tree asks about one entry after the other.
type directory struct {
	key        objectKey
	changed    int64
	generation uint64
	path       string
}

// directoryPath returns the path of what a descriptor stands for, which is p's
// directory unless it is p's own.
func (a *actor) directoryPath(p *place, fd int) string {
	generation := a.engine.generation.Load()
	var now directory
	if r := &a.first; p == &r.obj && p.fd < 0 && r.dir.fd == fd {
		now = directory{key: keyOf(&r.dir.st), changed: changeTime(&r.dir.st), generation: generation, path: a.lastDir.path}
		if now == a.lastDir {
			return now.path
		}
	}
	var buf [linux.MaxPath]byte
	n, err := linux.Readlinkat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], fd), buf[:])
	if err != nil {
		return ""
	}
	path := strings.TrimSuffix(string(buf[:n]), " (deleted)")
	if now.path = path; now.key != (objectKey{}) {
		a.lastDir = now
	}
	return path
}

// originalPath is pathOf as it would be if nothing had been mounted inside and no
// directory renamed since its objects were there: their labels don't change by
// that.
func (a *actor) originalPath(p *place, fs *filesystem) string {
	where := a.engine.labels.canonical(a.pathOf(p), fs)
	store := a.engine.labels.store
	if !store.hasOrigins() || !strings.HasPrefix(where, "/") {
		return where
	}
	var st linux.Statx
	for dir := path.Dir(where); dir != "/"; dir = path.Dir(dir) {
		if linux.Stat(linux.AtFDCwd, linux.MakeName(dir), linux.AtSymlinkNofollow, walkMask, &st) != nil {
			continue
		}
		if origin, ok := store.origin(keyOf(&st).inodeKey); ok {
			return origin + strings.TrimPrefix(where, dir)
		}
	}
	return where
}

// setLabel stores a label with an object. The caller's descriptor or directory
// entry of the place is current.
func (a *actor) setLabel(p *place, sid policy.SID) syscall.Errno {
	e := a.engine
	text := e.auth.context(sid)
	if raw, valid := e.auth.server.Snapshot().RawContext(sid); !valid && raw != "" {
		text = raw
	}
	key := keyOf(&p.st).inodeKey
	stored := false
	if e.own.has(linux.CapSysAdmin) {
		a.asSelf(func() { stored = a.storeAttribute(p, text) == nil })
	}
	if stored {
		e.labels.store.remove(key)
	} else if err := e.labels.store.set(key, text); err != nil {
		e.log.Error("store a label", "err", err)
		return syscall.EIO
	}
	p.sid, p.labelled = sid, true
	a.restat(p)
	e.labels.put(&p.st, sid)
	return 0
}

func (a *actor) storeAttribute(p *place, text string) error {
	value := append([]byte(text), 0)
	switch {
	case p.fd >= 0 && p.open && !p.reference:
		return linux.Fsetxattr(p.fd, labelName, value, 0)
	case p.fd >= 0:
		return linux.Setxattr(linux.ProcSelfFD(a.text[:0], p.fd), labelName, value, 0)
	case p.at >= 0:
		return linux.Lsetxattr(a.entryPath(p), labelName, value, 0)
	}
	return syscall.EBADF
}

// touched is called after an entry of a directory was made or removed, which
// changes when the directory last changed and not its label.
func (a *actor) touched(dir *place) {
	if !dir.labelled || dir.fd < 0 {
		return
	}
	if _, ok := a.engine.labels.get(&dir.st); !ok {
		return
	}
	if linux.Fstat(dir.fd, walkMask, &dir.st) == nil {
		a.engine.labels.put(&dir.st, dir.sid)
	}
}

// restat refreshes what is known of an object after it was changed.
func (a *actor) restat(p *place) {
	if p.fd >= 0 {
		_ = linux.Fstat(p.fd, walkMask, &p.st)
	} else if p.at >= 0 {
		_ = linux.Stat(p.at, p.name, linux.AtSymlinkNofollow, walkMask, &p.st)
	}
}

// pin stores the label of an object that has it by its path only, before the
// path changes.
func (a *actor) pin(p *place) {
	fs := a.engine.labels.filesystem(&p.st)
	if fs.labels != labelStored && fs.labels != labelCreated {
		return
	}
	if _, stored := a.storedLabel(p); stored {
		return
	}
	where := a.originalPath(p, fs)
	_ = a.setLabel(p, a.label(p))
	if p.isDir() && strings.HasPrefix(where, "/") {
		a.engine.labels.store.setOrigin(keyOf(&p.st).inodeKey, where)
	}
}

// taskLabel is the label of a process or thread by its number, supervised or
// not.
func (e *engine) taskLabel(tid int) policy.SID {
	if t := e.tasks.get(tid); t != nil {
		return t.sid()
	}
	if sid, ok := e.tasks.ended(tid); ok && linux.IsZombie(tid) {
		return sid // whom its parent hasn't waited for
	}
	return e.kernelSID()
}
