package carrier

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"syscall"

	"seward/enforce/hooks"
	"seward/enforce/selinuxfs"
	"seward/internal/linux"
)

// ErrClosed says that a Mount was closed.
var ErrClosed = errors.New("the filesystem is closed")

// Options configure a Mount.
type Options struct {
	// Caller returns who a thread is. ok is false for one that isn't supervised,
	// whose reads and writes then fail with EACCES. Required.
	Caller func(tid int) (c *selinuxfs.Caller, ok bool)
	// Log gets what hooks have to say about a thread's read or write. Default:
	// nothing.
	Log func(tid int, records []hooks.Record)
}

// File is what a descriptor is to be for.
type File struct {
	Handle selinuxfs.Handle
	Mode   uint32 // permissions and type that fstat shows
	// Ref is found again by Find. It should be a pointer.
	Ref any
}

// Mount serves files by FUSE. New makes one.
type Mount struct {
	root   int
	number uint64 // of the device
	device int
	stop   int // readable when the service is to end
	opts   Options
	served sync.WaitGroup

	mu    sync.Mutex
	files map[uint64]*file
	last  uint64
	ended bool
}

// file is a File with its open descriptions.
type file struct {
	File
	mu      sync.Mutex
	handles map[uint64]*opened
}

// opened is one open description.
type opened struct {
	handle selinuxfs.Handle
	mu     sync.Mutex
	// moved is by how much writes have moved the offset, which they don't do in
	// the kernel's files.
	moved int64
	// next is where the last read or write ended. A read that starts there goes
	// on with it: relative says that offsets count from moved, not from 0.
	next     int64
	relative bool
	// part is what has come so far of something that must be written whole.
	part []byte
}

// New makes a Mount and begins to serve it.
func New(opts Options) (*Mount, error) {
	root, device, err := linux.MountFUSE(maxWrite)
	if err != nil {
		return nil, fmt.Errorf("make selinuxfs: %w", err)
	}
	stop, err := linux.Eventfd()
	if err != nil {
		linux.Close(device)
		linux.Close(root)
		return nil, fmt.Errorf("make selinuxfs: %w", err)
	}
	m := &Mount{root: root, device: device, stop: stop, opts: opts, files: map[uint64]*file{}, last: rootNode}
	if m.opts.Log == nil {
		m.opts.Log = func(int, []hooks.Record) {}
	}
	m.served.Go(m.serve)
	var st linux.Statx
	if err := linux.FstatServed(root, linux.StatxBasic, &st); err != nil {
		_ = m.Close()
		return nil, fmt.Errorf("stat selinuxfs: %w", err)
	}
	m.number = device64(&st)
	return m, nil
}

func device64(st *linux.Statx) uint64 { return uint64(st.Dev_major)<<32 | uint64(st.Dev_minor) }

// Close ends the service. Reads and writes of what programs still have open fail
// then.
func (m *Mount) Close() error {
	m.mu.Lock()
	if m.ended {
		m.mu.Unlock()
		return ErrClosed
	}
	m.ended = true
	m.mu.Unlock()
	err := linux.Signal(m.stop)
	m.served.Wait()
	linux.Close(m.device)
	linux.Close(m.stop)
	linux.Close(m.root)
	return err
}

// Open returns a descriptor for a file, closed by exec, opened with the access
// mode and status flags in flags; flags that create or truncate are ignored. The
// caller must not hold what Options.Caller or the file's Handle waits for.
func (m *Mount) Open(f File, flags int) (int, error) {
	m.mu.Lock()
	if m.ended {
		m.mu.Unlock()
		return -1, ErrClosed
	}
	m.last++
	node := m.last
	m.files[node] = &file{File: f, handles: map[uint64]*opened{}}
	m.mu.Unlock()
	const kept = linux.OAccmode | linux.OAppend | linux.ONonblock
	name := linux.MakeName(strconv.FormatUint(node, 10))
	fd, err := linux.Openat(m.root, name, flags&kept|linux.OCloexec, 0)
	if err != nil {
		m.drop(node)
		return -1, fmt.Errorf("open selinuxfs file: %w", err)
	}
	return fd, nil
}

// find returns the file behind a descriptor, nil if it isn't on the Mount.
func (m *Mount) find(fd int) *file {
	var st linux.Statx
	if err := linux.FstatServed(fd, linux.StatxBasic, &st); err != nil || device64(&st) != m.number {
		return nil
	}
	return m.file(st.Ino)
}

// Find returns the Ref of the file that a descriptor is open for; ok is false if
// it isn't one of the Mount's.
func (m *Mount) Find(fd int) (ref any, ok bool) {
	f := m.find(fd)
	if f == nil {
		return nil, false
	}
	return f.Ref, true
}

// FindNumber is Find for an inode number on the Mount.
func (m *Mount) FindNumber(ino uint64) (ref any, ok bool) {
	f := m.file(ino)
	if f == nil {
		return nil, false
	}
	return f.Ref, true
}

// WriteNothing is a write of no bytes to a descriptor, at offset 0; ok is false
// if it isn't one of the Mount's. What is to be logged is in the verdict.
func (m *Mount) WriteNothing(fd int, c *selinuxfs.Caller) (verdict hooks.Verdict, ok bool) {
	f := m.find(fd)
	if f == nil {
		return hooks.Verdict{}, false
	}
	_, verdict = f.Handle.Write(c, nil, 0)
	return verdict, true
}

// WriteWhole is a write of everything at once, where the descriptor's offset is,
// to a file whose Handle is a selinuxfs.Whole; ok is false if the descriptor is for
// no such file. The offset stays, as that of the kernel's file does.
func (m *Mount) WriteWhole(fd int, c *selinuxfs.Caller, data []byte) (verdict hooks.Verdict, ok bool) {
	f := m.find(fd)
	if f == nil {
		return hooks.Verdict{}, false
	}
	whole, ok := f.Handle.(selinuxfs.Whole)
	if !ok {
		return hooks.Verdict{}, false
	}
	at, err := linux.Tell(fd)
	if err != nil {
		return hooks.Verdict{Errno: syscall.EINVAL}, true
	}
	f.mu.Lock()
	for _, o := range f.handles {
		o.mu.Lock()
		if o.moved == at {
			at = 0 // only writes have moved it
		}
		o.mu.Unlock()
	}
	f.mu.Unlock()
	_, verdict = whole.Write(c, data, at)
	return verdict, true
}

func (m *Mount) file(node uint64) *file {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files[node]
}

// drop forgets a file that is no longer open. The kernel may remember its name
// for a while; nobody can ask for it any more.
func (m *Mount) drop(node uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, node)
}

// serve answers requests until the service is to end or the filesystem is gone.
func (m *Mount) serve() {
	buf := make([]byte, bufferSize)
	for {
		_, ended, err := linux.WaitEither(m.device, m.stop)
		if ended || err != nil {
			return
		}
		n, err := syscall.Read(m.device, buf)
		switch {
		case err == nil:
		case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.EINTR), errors.Is(err, syscall.EAGAIN):
			// The request was withdrawn.
			continue
		default:
			return
		}
		r, ok := parseRequest(buf[:n])
		if !ok {
			continue
		}
		switch r.op {
		case opRead, opWrite:
			// These call out, to where somebody may be waiting for an open.
			r.body = bytes.Clone(r.body)
			m.served.Go(func() { m.transfer(r) })
			// Waiting for the next request keeps this processor from running what
			// was just started, until the scheduler's watchdog sees it.
			runtime.Gosched()
		default:
			m.answer(r)
		}
	}
}

// reply answers a request. The kernel no longer wants the answer of one that was
// interrupted, which is no fault.
func (m *Mount) reply(r request, errno syscall.Errno, payload []byte) {
	_, _ = syscall.Write(m.device, answer(r.unique, errno, payload))
}

// answer deals with the requests that need nobody else.
func (m *Mount) answer(r request) {
	switch r.op {
	case opInit:
		m.reply(r, 0, initAnswer())
	case opLookup:
		m.lookup(r)
	case opGetattr:
		m.attributes(r)
	case opSetattr:
		if len(r.body) < 4 || order.Uint32(r.body)&^setattrHarmless != 0 {
			m.reply(r, syscall.EPERM, nil)
			return
		}
		m.attributes(r)
	case opOpen:
		m.open(r)
	case opRelease:
		m.release(r)
		m.reply(r, 0, nil)
	case opStatfs:
		m.reply(r, 0, make([]byte, 80))
	case opDestroy:
		m.reply(r, 0, nil)
	case opInterrupt, opForget, opBatchForget:
		// These want no answer.
	default:
		m.reply(r, syscall.ENOSYS, nil)
	}
}

func (m *Mount) lookup(r request) {
	name, _, _ := bytes.Cut(r.body, []byte{0})
	node, err := strconv.ParseUint(string(name), 10, 64)
	f := m.file(node)
	if err != nil || r.node != rootNode || f == nil {
		m.reply(r, syscall.ENOENT, nil)
		return
	}
	m.reply(r, 0, entryAnswer(node, node, f.Mode))
}

func (m *Mount) attributes(r request) {
	if r.node == rootNode {
		m.reply(r, 0, attrAnswer(rootNode, selinuxfs.ModeDirectory|0o555))
		return
	}
	f := m.file(r.node)
	if f == nil {
		m.reply(r, syscall.ENOENT, nil)
		return
	}
	m.reply(r, 0, attrAnswer(r.node, f.Mode))
}

func (m *Mount) open(r request) {
	f := m.file(r.node)
	if f == nil {
		m.reply(r, syscall.ENOENT, nil)
		return
	}
	m.mu.Lock()
	m.last++
	number := m.last
	m.mu.Unlock()
	f.mu.Lock()
	o := &opened{handle: f.Handle}
	if again, ok := f.Handle.(selinuxfs.Reopener); ok && len(f.handles) > 0 {
		o.handle = again.Reopen()
	}
	f.handles[number] = o
	f.mu.Unlock()
	m.reply(r, 0, openAnswer(number))
}

func (m *Mount) release(r request) {
	f := m.file(r.node)
	if f == nil || len(r.body) < 8 {
		return
	}
	f.mu.Lock()
	delete(f.handles, order.Uint64(r.body))
	last := len(f.handles) == 0
	f.mu.Unlock()
	if last {
		m.drop(r.node)
	}
}

// transfer reads or writes.
func (m *Mount) transfer(r request) {
	t, ok := parseTransfer(r.body, r.op == opWrite)
	f := m.file(r.node)
	if !ok || f == nil {
		m.reply(r, syscall.EIO, nil)
		return
	}
	f.mu.Lock()
	o := f.handles[t.handle]
	f.mu.Unlock()
	c, known := m.opts.Caller(r.tid)
	switch {
	case o == nil:
		m.reply(r, syscall.EIO, nil)
	case !known:
		m.reply(r, syscall.EACCES, nil)
	case r.op == opRead:
		p := make([]byte, min(t.size, maxWrite))
		n, verdict := o.read(c, p, t.offset)
		m.finish(r, verdict, p[:n])
	default:
		verdict := o.write(c, t.data, t.offset)
		out := make([]byte, 8)
		order.PutUint32(out, t.size)
		m.finish(r, verdict, out)
	}
}

// finish logs what a transfer has to be logged for, then answers, so that the
// log is complete when the program goes on.
func (m *Mount) finish(r request, verdict hooks.Verdict, payload []byte) {
	if len(verdict.Records) > 0 {
		m.opts.Log(r.tid, verdict.Records)
	}
	m.reply(r, verdict.Errno, payload)
}

func (o *opened) read(c *selinuxfs.Caller, p []byte, offset int64) (int, hooks.Verdict) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if offset != o.next {
		// Not the next bytes: the first ones after a write, or an offset that the
		// program chose.
		o.relative = offset == o.moved
	}
	at := offset
	if o.relative {
		at -= o.moved
	}
	n, verdict := o.handle.Read(c, p, at)
	o.next = offset + int64(n)
	return n, verdict
}

// maxWhole bounds what is put together from pieces.
const maxWhole = 256 << 20

func (o *opened) write(c *selinuxfs.Caller, data []byte, offset int64) hooks.Verdict {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := offset
	if at >= o.moved {
		at -= o.moved
	}
	verdict := o.put(c, data, at)
	if verdict.Allowed() {
		o.moved += int64(len(data))
		o.next, o.relative = o.moved, true
	}
	return verdict
}

// put writes. The kernel cuts long writes into pieces of the greatest size: what
// must be written whole is kept until it is complete.
func (o *opened) put(c *selinuxfs.Caller, data []byte, at int64) hooks.Verdict {
	whole, ok := o.handle.(selinuxfs.Whole)
	if ok && (len(data) == maxWrite || len(o.part) > 0) {
		if len(o.part)+len(data) > maxWhole {
			o.part = nil
			return hooks.Verdict{Errno: syscall.ENOMEM}
		}
		o.part = append(o.part, data...)
		if len(data) == maxWrite && !whole.Complete(o.part) {
			return hooks.Verdict{}
		}
		data, at, o.part = o.part, 0, nil
	}
	_, verdict := o.handle.Write(c, data, at)
	return verdict
}
