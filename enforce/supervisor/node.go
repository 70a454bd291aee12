package supervisor

import (
	"os"
	"sync"
	"syscall"

	"seward/enforce/hooks"
	"seward/enforce/selinuxfs"
	"seward/enforce/selinuxfs/carrier"
	"seward/internal/linux"
	"seward/policy"
)

// carriers turn nodes into descriptors. What can be written goes through FUSE
// where the supervisor may have that, else through a file in memory whose holder
// is watched call by call (watch.go).
type carriers struct {
	e      *engine
	mount  *carrier.Mount // nil without the privilege
	status *carrier.Status

	mu sync.Mutex
	// watched are files in memory by identity, dirs directories of the skeleton.
	watched map[inodeKey]*watchedFile
	dirs    map[inodeKey]*node
	// copies are the last files in memory that nobody can change, a ring.
	copies map[inodeKey]*node
	// references are those of them that stand for nodes that were only referred to.
	references map[inodeKey]*node
	ring       [maxCopies]inodeKey
	next       int
	// statusKey is the status page's file in memory, statusNode what it is for.
	statusKey  inodeKey
	statusNode *node
	// policyMu serialises the opening of the policy's image; policy is the last.
	policyMu sync.Mutex
	policy   inodeKey
	// device is that of the FUSE mount, once known.
	device uint64
	// skeleton is a directory with empty files of the nodes' names, for listings.
	skeleton string
}

// maxCopies bounds how many files in memory are known for what they are.
const maxCopies = 4096

func newCarriers(e *engine) (*carriers, error) {
	c := &carriers{e: e, watched: map[inodeKey]*watchedFile{}, dirs: map[inodeKey]*node{}, copies: map[inodeKey]*node{}, references: map[inodeKey]*node{}}
	status, err := carrier.NewStatus(e.virtual.fs.tree.Status())
	if err != nil {
		return nil, err
	}
	c.status = status
	c.knowStatus()
	if e.own.has(linux.CapSysAdmin) && !e.cfg.NoFUSE && !e.slowFetch {
		c.mount, err = carrier.New(carrier.Options{Caller: c.caller, Log: c.log})
		if err != nil {
			e.log.Info("no FUSE, watching instead", "err", err)
			c.mount = nil
		}
	}
	return c, nil
}

// knowStatus keeps what the status page's file is known by.
func (c *carriers) knowStatus() {
	fd, err := c.status.Open()
	if err != nil {
		return
	}
	defer linux.Close(fd)
	var st linux.Statx
	f, ok := c.e.virtual.fs.lookup(c.e.virtual.fs.root(), "status")
	if ok && linux.Fstat(fd, walkMask, &st) == nil {
		c.statusKey = keyOf(&st).inodeKey
		c.statusNode = &node{kind: nodeFS, where: selinuxMount + "/status", file: f}
	}
}

func (c *carriers) close() {
	if c == nil {
		return
	}
	if c.mount != nil {
		_ = c.mount.Close()
	}
	_ = c.status.Close()
	if c.skeleton != "" {
		_ = os.RemoveAll(c.skeleton)
	}
}

// caller finds who reads or writes a carried file.
func (c *carriers) caller(tid int) (*selinuxfs.Caller, bool) {
	t := c.e.tasks.get(tid)
	if t == nil {
		return nil, false
	}
	return t.caller(), true
}

// caller is the task for selinuxfs. Each is a value of its own, by which Is knows
// the task again.
func (t *task) caller() *selinuxfs.Caller {
	caller := &selinuxfs.Caller{
		Subject: *t.subject.Load(), Ref: t,
		Login: func() (uid, session uint32) { return loginOf(t.tid) },
	}
	t.calls.Store(caller)
	return caller
}

func (c *carriers) log(tid int, records []hooks.Record) {
	if t := c.e.tasks.get(tid); t != nil {
		c.e.report(t, "write", records)
	}
}

// changed is told of what a write has changed of the system.
func (e *engine) changed(c selinuxfs.Change) {
	e.tellOf(c)
	e.labels.current()
	e.tasks.each(e.reviewForks)
	e.revokeNow()
}

// showStatus puts a new content on the status page.
func (e *engine) showStatus(now selinuxfs.Status) {
	if e.carriers != nil {
		e.carriers.status.Set(now)
	}
}

// attrTask is a task to the files of its attr directory.
type attrTask struct {
	e        *engine
	t        *task
	macAdmin bool
}

func (t attrTask) Subject() hooks.Subject { return *t.t.subject.Load() }

func (t attrTask) Is(c *selinuxfs.Caller) bool { return t.t.calls.Load() == c }

func (t attrTask) Writer() hooks.Writer {
	return hooks.Writer{
		MacAdmin: t.macAdmin, Threads: t.e.tasks.threads(t.t.tgid) > 1, Tracer: t.e.tracerOf(t.t),
	}
}

func (t attrTask) SetAttribute(attr hooks.Attribute, sid policy.SID) {
	s := *t.t.subject.Load()
	s.SetAttribute(attr, sid)
	former := t.t.sid()
	t.t.setSubject(s)
	t.e.reviewForks(t.t)
	if t.t.untraced.Load() {
		t.e.released.note(s.SID)
	}
	if attr == hooks.AttrCurrent && sid != former {
		t.t.former.CompareAndSwap(0, uint32(former))
		t.e.revoker.changes.Add(1)
		t.e.flag(t.t)
	}
}

// strangerTask stands for a process that isn't supervised.
type strangerTask struct{ sid policy.SID }

func (t strangerTask) Subject() hooks.Subject                   { return hooks.Subject{SID: t.sid, Previous: t.sid} }
func (t strangerTask) Is(*selinuxfs.Caller) bool                { return false }
func (t strangerTask) Writer() hooks.Writer                     { return hooks.Writer{} }
func (t strangerTask) SetAttribute(hooks.Attribute, policy.SID) {}

// openNode opens what isn't in the kernel.
func (a *actor) openNode(o *opening) answer {
	p := &a.first.obj
	n := p.node
	if o.flags&linux.OPath != 0 {
		return a.openNodeReference(n, o.flags&linux.OCloexec != 0)
	}
	if e := a.nodeAccess(p, accessOf(o.flags)); e != 0 {
		return failure(e)
	}
	i := a.inode(p)
	if e := a.judge(hooks.OpenFile(a.engine.auth, a.subject, &i, openFlagsOf(o.flags)), nil); e != 0 {
		return failure(e)
	}
	fd, e := a.carry(n, o.flags)
	if e != 0 {
		return failure(e)
	}
	a.fd = fd
	return answer{kind: answerFD, cloexec: uint32(o.flags & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

// carry makes a descriptor for a node.
func (a *actor) carry(n *node, flags int) (int, syscall.Errno) {
	c := a.engine.carriers
	if n.isDir() {
		if flags&(linux.OAccmode|linux.OTrunc) != 0 {
			return -1, syscall.EISDIR
		}
		return c.openDir(n)
	}
	switch {
	case n.kind == nodePatched:
		if flags&linux.OAccmode != linux.ORdonly {
			return -1, syscall.EACCES
		}
		data, e := a.patched(n)
		if e != 0 {
			return -1, e
		}
		return c.copyOf(n, data)
	case n.kind == nodeEtc:
		if flags&linux.OAccmode != linux.ORdonly {
			return -1, syscall.EROFS
		}
		return c.copyOf(n, a.engine.virtual.etc.content(a.engine.virtual.etc.below(n)))
	case n.kind == nodeFS && n.file.IsNull():
		fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName("/dev/null"), flags&linux.OAccmode|linux.OCloexec, 0)
		return fd, errnoOf(err)
	case n.kind == nodeFS && n.file.IsStatus():
		if flags&linux.OAccmode != linux.ORdonly {
			return -1, syscall.EPERM
		}
		fd, err := c.status.Open()
		return fd, errnoOf(err)
	}
	handle, e := a.handle(n)
	if e != 0 {
		return -1, e
	}
	switch {
	case n.kind == nodeFS && n.file.IsPolicy():
		if flags&linux.OAccmode != linux.ORdonly {
			return -1, syscall.EACCES
		}
		return a.openPolicy(n, handle)
	case flags&linux.OAccmode == linux.ORdonly && !(n.kind == nodeFS && n.file.Writable()):
		return a.openCopy(n, handle)
	}
	if c.mount == nil {
		return a.openWatched(n, handle, flags)
	}
	fd, err := c.mount.Open(carrier.File{Handle: handle, Mode: uint32(a.first.obj.st.Mode), Ref: n}, flags)
	if err == nil {
		c.learnDevice(fd)
	}
	return fd, errnoOf(err)
}

// learnDevice keeps the device of the FUSE mount, by which its files are told
// from others without a question.
func (c *carriers) learnDevice(fd int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var st linux.Statx
	if c.device == 0 && linux.Fstat(fd, walkMask, &st) == nil {
		c.device = deviceOf(&st)
	}
}

// handle opens a node's own side.
func (a *actor) handle(n *node) (selinuxfs.Handle, syscall.Errno) {
	e := a.engine
	if n.kind == nodeAttr {
		attributes := selinuxfs.Attributes{Asker: e.auth, Context: e.auth.server.Context}
		var t selinuxfs.Task = strangerTask{e.kernelSID()}
		if own := e.tasks.get(n.tid); own != nil {
			t = attrTask{e, own, a.task.cred.has(linux.CapMacAdmin)}
		}
		return attributes.Open(t, n.attr), 0
	}
	handle, v := e.virtual.fs.tree.Open(n.file.Node, a.task.caller())
	if errno := a.judge(v, nil); errno != 0 {
		return nil, errno
	}
	return handle, 0
}

// readAll reads a handle to its end.
func (a *actor) readAll(handle selinuxfs.Handle) ([]byte, syscall.Errno) {
	caller := a.task.caller()
	var data []byte
	buf := make([]byte, 1<<16)
	for {
		n, v := handle.Read(caller, buf, int64(len(data)))
		if e := a.judge(v, nil); e != 0 {
			return nil, e
		}
		if n == 0 {
			return data, 0
		}
		data = append(data, buf[:n]...)
	}
}

// openCopy carries what can only be read as it is now.
func (a *actor) openCopy(n *node, handle selinuxfs.Handle) (int, syscall.Errno) {
	data, e := a.readAll(handle)
	if e != 0 {
		return -1, e
	}
	return a.engine.carriers.copyOf(n, data)
}

func (c *carriers) copyOf(n *node, data []byte) (int, syscall.Errno) {
	fd, _, e := c.newCopy(n, data)
	return fd, e
}

// newCopy makes a file in memory that nobody can change, and knows it for a node.
func (c *carriers) newCopy(n *node, data []byte) (fd int, key inodeKey, e syscall.Errno) {
	fd, err := carrier.Copy(data)
	if err != nil {
		return -1, key, errnoOf(err)
	}
	var st linux.Statx
	if linux.Fstat(fd, walkMask, &st) == nil {
		key = keyOf(&st).inodeKey
		c.mu.Lock()
		delete(c.copies, c.ring[c.next])
		delete(c.references, c.ring[c.next])
		c.ring[c.next] = key
		c.next = (c.next + 1) % maxCopies
		c.copies[key] = n
		c.mu.Unlock()
	}
	return fd, key, 0
}

// carried returns the node that a descriptor was opened for, nil if it is for an
// ordinary file.
func (e *engine) carried(p *place) *node {
	c := e.carriers
	if c == nil || !p.open || p.st.Dev_major != 0 || !isKind(&p.st, linux.SIFREG) {
		return nil
	}
	key := keyOf(&p.st).inodeKey
	c.mu.Lock()
	w, n, device := c.watched[key], c.copies[key], c.device
	c.mu.Unlock()
	switch {
	case w != nil:
		return w.node
	case n != nil:
		return n
	case key == c.statusKey:
		return c.statusNode
	case device == 0 || device != key.dev:
		return nil
	}
	ref, _ := c.mount.Find(p.fd)
	n, _ = ref.(*node)
	return n
}
