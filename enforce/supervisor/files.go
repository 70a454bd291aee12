package supervisor

import (
	"os"
	"strconv"
	"sync"
	"sync/atomic"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// An open file description has the label of the task that opened it, for as long
// as it is open and wherever it goes. The kernel gives a process outside no
// identity of a description that could be remembered, so that what is remembered
// is the exception: which files a process holds that another label opened. Such
// come by exec and setcon, which change the label of whoever opened them, and by
// sockets.

// fileKey is what a description is known by: its inode and its access mode.
type fileKey struct {
	inodeKey
	mode int
}

// fdTable is what clone(CLONE_FILES) shares.
type fdTable struct {
	mu   sync.Mutex
	refs int
	// foreign is who opened what the tasks didn't. The map is replaced, never
	// changed, and nil where there is nothing.
	foreign atomic.Pointer[map[fileKey]policy.SID]
}

func newFDTable() *fdTable { return &fdTable{refs: 1} }

func (f *fdTable) share() *fdTable {
	f.mu.Lock()
	f.refs++
	f.mu.Unlock()
	return f
}

// copy returns what a process gets that shares nothing.
func (f *fdTable) copy() *fdTable {
	c := newFDTable()
	c.foreign.Store(f.foreign.Load())
	return c
}

func (f *fdTable) drop() {
	f.mu.Lock()
	f.refs--
	f.mu.Unlock()
}

// shared reports whether more than one task uses the table.
func (f *fdTable) shared() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refs > 1
}

// lookup returns who opened a file, if it is known to be another label than that
// of who holds it.
func (f *fdTable) lookup(key fileKey) (policy.SID, bool) {
	m := f.foreign.Load()
	if m == nil {
		return 0, false
	}
	sid, ok := (*m)[key]
	return sid, ok
}

// replaceForeign makes a map all that is known.
func (f *fdTable) replaceForeign(m map[fileKey]policy.SID) {
	if len(m) == 0 {
		f.foreign.Store(nil)
		return
	}
	f.foreign.Store(&m)
}

// note adds files of another label. full reports that so many are known that
// those that are open no more should be forgotten.
func (f *fdTable) note(more map[fileKey]policy.SID) (full bool) {
	const many = 1024
	if len(more) == 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := map[fileKey]policy.SID{}
	if old := f.foreign.Load(); old != nil {
		for k, sid := range *old {
			m[k] = sid
		}
	}
	for k, sid := range more {
		m[k] = sid
	}
	f.foreign.Store(&m)
	return len(m) > many
}

// forget drops all but the files that are still open.
func (f *fdTable) forget(open map[fileKey]bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.foreign.Load()
	if old == nil {
		return
	}
	m := map[fileKey]policy.SID{}
	for k, sid := range *old {
		if open[k] {
			m[k] = sid
		}
	}
	f.replaceForeign(m)
}

// unshareFiles gives a task a table of its own.
func (t *task) unshareFiles() {
	if old := t.files.Load(); old != nil {
		t.files.Store(old.copy())
		old.drop()
	}
}

func (t *task) dropFiles() {
	if f := t.files.Swap(nil); f != nil {
		f.drop()
	}
}

// fileKeyOf is the key of a file that the place has open.
func fileKeyOf(p *place) fileKey { return fileKey{keyOf(&p.st).inodeKey, p.flags & linux.OAccmode} }

// opener returns the label of the task that opened what one of the task's
// descriptors, fetched into p, stands for.
func (a *actor) opener(p *place) policy.SID {
	if p.by != 0 {
		return p.by
	}
	if f := a.task.files.Load(); f != nil {
		if sid, ok := f.lookup(fileKeyOf(p)); ok {
			return sid
		}
	}
	return a.subject.SID
}

// file describes one of the task's descriptors, fetched into p, to a hook.
func (a *actor) file(p *place) hooks.File {
	return hooks.File{SID: a.opener(p), Inode: a.inode(p), Flags: openFlagsOf(p.flags &^ linux.OTrunc)}
}

// descriptors lists the descriptors of a thread.
func descriptors(tid int) ([]int, error) {
	names, err := os.ReadDir("/proc/" + strconv.Itoa(tid) + "/fd")
	if err != nil {
		return nil, err
	}
	list := make([]int, 0, len(names))
	for _, entry := range names {
		if fd, err := strconv.Atoi(entry.Name()); err == nil {
			list = append(list, fd)
		}
	}
	return list, nil
}

// openFiles describes all that a task holds, for forget.
func (a *actor) openFiles() map[fileKey]bool {
	list, err := descriptors(a.task.tid)
	if err != nil {
		return nil
	}
	open := map[fileKey]bool{}
	var p place
	p.reset()
	for _, fd := range list {
		if a.takeFD(&p, fd) == 0 {
			open[fileKeyOf(&p)] = true
		}
	}
	p.reset()
	return open
}

// passedFiles remembers who opened what is on its way between processes.
type passedFiles struct {
	mu    sync.Mutex
	known map[fileKey]policy.SID
	ring  []fileKey
	next  int
}

// maxPassed bounds what is remembered.
const maxPassed = 1 << 14

// note is told of a descriptor that is being sent.
func (f *passedFiles) note(key fileKey, sid policy.SID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[fileKey]policy.SID{}
	}
	if _, ok := f.known[key]; !ok {
		if len(f.ring) < maxPassed {
			f.ring = append(f.ring, key)
		} else {
			delete(f.known, f.ring[f.next])
			f.ring[f.next] = key
			f.next = (f.next + 1) % maxPassed
		}
	}
	f.known[key] = sid
}

func (f *passedFiles) lookup(key fileKey) (policy.SID, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sid, ok := f.known[key]
	return sid, ok
}

// sending notes the label of a descriptor that the task is about to pass to
// another process, fetched into p.
func (a *actor) sending(p *place) { a.engine.passed.note(fileKeyOf(p), a.opener(p)) }

// senderOf returns who opened a descriptor that arrived in p: as its sender's
// table had it, and for what comes from outside the label of what isn't
// supervised.
func (a *actor) senderOf(p *place) policy.SID {
	if sid, ok := a.engine.passed.lookup(fileKeyOf(p)); ok {
		return sid
	}
	return a.engine.kernelSID()
}

// nullFile is the description that takes the place of what a process may not
// have: the null device, of a label that everybody may use. It is one for all, by
// which it is known again.
type nullFile struct {
	mu   sync.Mutex
	open bool
	fd   int
	st   linux.Statx
}

// nullDevice returns the supervisor's descriptor of it.
func (e *engine) nullDevice() (int, bool) {
	n := &e.null
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open {
		return n.fd, true
	}
	fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName("/dev/null"), linux.ORdwr|linux.OCloexec, 0)
	if err != nil {
		return -1, false
	}
	if err := linux.Fstat(fd, walkMask, &n.st); err != nil {
		linux.Close(fd)
		return -1, false
	}
	n.fd, n.open = fd, true
	return fd, true
}

// isNull reports whether a task's descriptor, fetched into p, is that
// description.
func (e *engine) isNull(tid, fd int, p *place) bool {
	n := &e.null
	n.mu.Lock()
	open, own := n.open, n.fd
	same := open && keyOf(&n.st).inodeKey == keyOf(&p.st).inodeKey
	n.mu.Unlock()
	if !same {
		return false
	}
	same, err := linux.SameFile(e.pid, own, tid, fd)
	return err == nil && same
}

func (n *nullFile) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open {
		linux.Close(n.fd)
		n.open = false
	}
}
