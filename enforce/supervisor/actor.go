package supervisor

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// actor is a thread that answers calls, with what it uses over and over. All of
// it but engine, identity, dirs and prefixes belongs to the call at hand.
type actor struct {
	engine   *engine
	identity identity
	epoch    uint64 // of the turn it holds

	call    linux.Notification
	task    *task
	entry   *call
	subject *hooks.Subject // the task's labels at the start of the call
	fd      int            // to be given to the task, -1 if none
	tracing bool           // it is the tracer's, for stopped tasks
	refused bool           // a hook has refused the call

	// busyFor is the thread whose call is being answered, 0 if none is, busyWith the
	// call's number.
	busyFor  atomic.Uint32
	busyWith atomic.Uint64

	dirs     dirCache
	caching  sync.Mutex // held during a call, in which dirs is used
	prefixes map[string]*prefix
	paths    pathCache
	lastDir  directory

	first, second resolution // of up to two paths
	argument      place      // of a descriptor
	diag          linux.SocketDiag
	path1, path2  [linux.MaxPath]byte
	walker        walker
	walkBuffers   [2][]byte
	text          [512]byte
	xattr         []byte
	received      []byte     // buffer of receiving calls
	awaited       int        // times that the call has waited for a socket
	handing       []handedFD // references that wait to be handed over
	steps         []step
	mapped        []hooks.Inode // of the exec that is checked

	// given are the paths of the call as its caller wrote them, events what is to be
	// logged of it, audited what the log says of the call itself.
	given        [2][]byte
	givenAddress []byte
	events       []*Event
	audited      *Call
	quiet        bool // it answers no calls
}

// newActor makes the calling thread an actor that answers notifications.
func (e *engine) newActor() (*actor, error) {
	if err := linux.BlockSignals(); err != nil {
		return nil, fmt.Errorf("block signals: %w", err)
	}
	a, err := e.quietActor()
	if err != nil {
		return nil, err
	}
	a.quiet = false
	a.dirs.limit = dirLimit()
	e.enlist(a, true)
	return a, nil
}

// quietActor makes the calling thread an actor that answers none.
func (e *engine) quietActor() (*actor, error) {
	if err := linux.OwnFilesystemState(); err != nil {
		return nil, fmt.Errorf("leave the shared working directory: %w", err)
	}
	linux.Umask(0)
	a := &actor{engine: e, fd: -1, prefixes: map[string]*prefix{}, quiet: true}
	a.identity = identity{own: e.own, now: e.own}
	a.dirs = dirCache{byKey: map[objectKey]*dirEntry{}, limit: 0}
	a.first.init()
	a.second.init()
	a.argument.fd = -1
	a.argument.reset()
	return a, nil
}

func (a *actor) close() {
	a.engine.enlist(a, false)
	a.dirs.clear()
	a.diag.Close()
}

// cleanUp ends what a call has opened.
func (a *actor) cleanUp() {
	a.first.reset()
	a.second.reset()
	a.argument.reset()
	a.given, a.givenAddress = [2][]byte{}, nil
	for _, f := range a.handing {
		linux.Close(f.fd)
	}
	a.handing, a.awaited = nil, 0
	if len(a.dirs.byKey) > a.dirs.limit || len(a.prefixes) > maxPrefixes {
		a.dropCaches()
	}
}

// dropCaches forgets all directories and the prefixes that use them.
func (a *actor) dropCaches() {
	clear(a.prefixes)
	a.paths.clear()
	a.dirs.clear()
}

// forget lets go of the task, which may go on once its call is answered.
func (a *actor) forget() {
	if a.tracing {
		// The tracer looks into stopped tasks, which is the supervisor's doing.
		_ = a.becomeSelf()
	}
	a.task, a.entry, a.subject = nil, nil, nil
}

// arg returns an argument of the call.
func (a *actor) arg(i int) uint64 { return a.call.Args[i] }

// intArg returns an argument that is an int in C.
func (a *actor) intArg(i int) int { return int(int32(a.call.Args[i])) } //nolint:gosec // G115: C's int.

// uintArg returns an argument that is an unsigned int in C.
func (a *actor) uintArg(i int) uint32 { return uint32(a.call.Args[i]) } //nolint:gosec // G115: C's unsigned int.

// memory returns the task's address space.
func (a *actor) memory() (linux.Memory, syscall.Errno) {
	t := a.task
	if !t.hasMemory {
		var err error
		var m linux.Memory
		a.asSelf(func() { m, err = linux.OpenMemory(t.tid) })
		if err != nil {
			return linux.Memory{}, syscall.EFAULT
		}
		t.memory, t.hasMemory = m, true
		// The number may have got another owner before it was opened.
		if !a.engine.listener.Valid(a.call.ID) {
			return linux.Memory{}, syscall.EFAULT
		}
	}
	return t.memory, 0
}

// read copies from the task's memory.
func (a *actor) read(p []byte, address uint64) syscall.Errno {
	m, e := a.memory()
	if e != 0 {
		return e
	}
	return errnoOf(m.ReadAt(p, address))
}

// write copies to the task's memory.
func (a *actor) write(p []byte, address uint64) syscall.Errno {
	return a.store(p, linux.Range{Address: address, Size: uint64(len(p))})
}

// store copies to pieces of the task's memory, as the task itself could: through
// the file in /proc what is mapped to be read only could be written too, code
// above all.
func (a *actor) store(data []byte, to ...linux.Range) syscall.Errno {
	if len(data) == 0 {
		return 0
	}
	if !a.tracing && !a.engine.listener.Valid(a.call.ID) {
		return syscall.EFAULT
	}
	n, err := linux.Scatter(a.task.tid, data, to)
	if errnoOf(err) == syscall.EPERM {
		a.asSelf(func() { n, err = linux.Scatter(a.task.tid, data, to) })
	}
	if err != nil || n < len(data) {
		return syscall.EFAULT
	}
	return 0
}

// readPath copies a path, which is as long as the kernel takes it or refused.
func (a *actor) readPath(buf *[linux.MaxPath]byte, address uint64) ([]byte, syscall.Errno) {
	m, e := a.memory()
	if e != 0 {
		return nil, e
	}
	n, err := m.ReadString(buf[:], address)
	if err != nil {
		return nil, errnoOf(err)
	}
	if buf == &a.path1 {
		a.given[0] = buf[:n]
	} else {
		a.given[1] = buf[:n]
	}
	return buf[:n], 0
}

// pidfd returns a handle of the task.
func (a *actor) pidfd() (int, syscall.Errno) {
	t := a.task
	if t.pidfd < 0 {
		fd, err := linux.PidfdOpen(t.tid)
		if err != nil {
			return -1, errnoOf(err)
		}
		t.pidfd = fd
	}
	return t.pidfd, 0
}

// takeFD fetches a copy of one of the task's descriptors into p.
func (a *actor) takeFD(p *place, fd int) syscall.Errno {
	if a.engine.slowFetch && fd >= 0 {
		return a.requestFD(p, fd)
	}
	got, e := a.fetchFD(fd)
	if e != 0 {
		return e
	}
	return a.adoptFD(p, got, true)
}

// takeStart is takeFD for where a walk starts: how it is open doesn't matter.
func (a *actor) takeStart(p *place, fd int) syscall.Errno {
	if a.engine.slowFetch && fd >= 0 {
		return a.requestFD(p, fd)
	}
	got, e := a.fetchFD(fd)
	if e != 0 {
		return e
	}
	return a.adoptAs(p, got, true, linux.OPath)
}

// fetchFD returns a copy of one of the task's descriptors.
func (a *actor) fetchFD(fd int) (int, syscall.Errno) {
	if fd < 0 {
		return -1, syscall.EBADF
	}
	pidfd, e := a.pidfd()
	if e != 0 {
		return -1, e
	}
	before := a.identity.now
	if e := a.becomeSelf(); e != 0 {
		return -1, e
	}
	got, err := linux.PidfdGetfd(pidfd, fd)
	if before != nil && before != a.identity.now {
		_ = a.identity.become(before)
	}
	if err != nil {
		return -1, errnoOf(err)
	}
	return got, 0
}

// adoptFD has p stand for what a descriptor does.
func (a *actor) adoptFD(p *place, fd int, owned bool) syscall.Errno {
	flags, err := linux.StatusFlags(fd)
	if err != nil {
		flags = linux.OPath
	}
	return a.adoptAs(p, fd, owned, flags)
}

// adoptAs is adoptFD for a descriptor that counts as having other flags.
func (a *actor) adoptAs(p *place, fd int, owned bool, flags int) syscall.Errno {
	p.reset()
	p.fd, p.owned = fd, owned
	if err := linux.Fstat(fd, walkMask, &p.st); err != nil {
		p.reset()
		return errnoOf(err)
	}
	p.flags, p.open = flags, flags&linux.OPath == 0
	if a.engine.isProc(&p.st) {
		p.proc = a.procPlaceOf(p)
	}
	if p.isDir() {
		// A directory that only stands for a node is that node to a walk.
		if n := a.engine.carriers.carriedDir(&p.st); n != nil {
			return a.standIn(p, n)
		}
	} else if n := a.engine.carriers.referenced(&p.st); n != nil && !p.open {
		a.setNode(p, n)
	} else if p.carried = a.engine.carried(p); p.carried != nil {
		p.sid, p.labelled = a.engine.virtual.label(a, p.carried), true
	}
	return 0
}

// inode describes a place to a hook.
func (a *actor) inode(p *place) hooks.Inode {
	if p.open && isKind(&p.st, linux.SIFSOCK) {
		l := a.socketLabel(p)
		return hooks.Inode{SID: l.sid, Class: l.class, Ref: p}
	}
	i := hooks.Inode{SID: a.label(p), Class: p.class(), Ref: p}
	i.Private = p.st.Mode&linux.SIFMT == 0
	return i
}

// superblock describes the filesystem of a place to a hook.
func (a *actor) superblock(p *place) *hooks.Superblock {
	if p.node != nil {
		return &a.engine.virtual.sb
	}
	return &a.engine.labels.filesystem(&p.st).sb
}
