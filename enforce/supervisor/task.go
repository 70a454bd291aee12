package supervisor

import (
	"sync"
	"sync/atomic"

	"seward/enforce/hooks"
	"seward/enforce/selinuxfs"
	"seward/internal/linux"
	"seward/policy"
)

// task is a supervised thread. Its labels are its own, as in the kernel, though
// the threads of a process usually agree.
type task struct {
	tid, tgid int

	// subject is the task's labels. It is replaced, never changed: by an actor that
	// handles a call of the task, or by the tracer while the task is stopped.
	subject atomic.Pointer[hooks.Subject]

	// What follows belongs to whoever holds the task: the actor between enter and
	// leave, the tracer while the task is stopped outside of a call.
	cred      *credentials
	credStale bool     // a call that changes credentials was let through
	bounded   bounded  // cred, as far as the label may use them
	dropped   uint64   // capabilities that would be effective but for the label
	fs        *fsState // shared as clone(CLONE_FS) shares it
	memory    linux.Memory
	hasMemory bool
	pidfd     int // -1 until needed
	exec      *pendingExec
	accepted  acceptedFrom
	// deathSignal says that the task may have asked for a signal when its parent
	// dies.
	deathSignal bool
	launching   bool // not yet the program: the supervisor's own code before exec

	// pids is the task's PID namespace, nil for the supervisor's; numbers are its own
	// from there inwards. newPIDs says that its children may be in another one.
	pids    *pidNamespace
	numbers []int
	newPIDs bool
	entered bool // it may have entered another user namespace

	// files is shared as clone(CLONE_FILES) shares it.
	files atomic.Pointer[fdTable]

	// revoke says that the task's descriptors have to be looked at before its next
	// instruction, former that they were opened by this label, not its own.
	revoke atomic.Bool
	former atomic.Uint32

	// expectStop says that the next SIGSTOP is the supervisor's own.
	expectStop atomic.Bool
	// handOver is a reference that the task is about to be given.
	handOver atomic.Pointer[handOverJob]
	// portrait is what the log says of the task, until it executes something else.
	portrait atomic.Pointer[portrait]
	// gateSocket is the inode of the socket that the task receives a reference from,
	// 0 if it doesn't.
	gateSocket atomic.Uint64
	// calls is the task's last appearance as a caller of selinuxfs.
	calls atomic.Pointer[selinuxfs.Caller]
	// What the tracer remembers between entry and exit of a watched call.
	watchedCall   int
	watchedSkip   bool
	watchedResult int64
	// waiting is the registers of a call that the task makes again when there is
	// something to receive, for the tracer alone.
	waiting *linux.Registers

	// memoryJob is a change of memory that the task is about to make.
	memoryJob atomic.Pointer[memoryJob]
	// vmShared says that others may change the task's memory and where its files
	// are mapped: threads, or children by clone(CLONE_VM).
	vmShared atomic.Bool
	// fetch is a descriptor that the task is about to send, fetched are those that
	// it has sent for the call that it makes again.
	fetch   atomic.Pointer[fetchJob]
	fetched []fetched

	// outcome is what to do with the result of the call that the kernel performs.
	outcome atomic.Pointer[callOutcome]
	// keySession is the label of the session's keyring, 0 for one from outside.
	keySession atomic.Uint32

	// untraced says that a program inside traces the thread, or did: the tracer
	// doesn't hear of it. wants is the thread that the tracer is to let go of for
	// this one, releases how often that was asked for one call.
	untraced atomic.Bool
	wants    atomic.Int64
	releases int

	// lost says that the thread has ended while the tracer had it run calls: its
	// number isn't the tracer's to let go on any more.
	lost bool

	// inGate says that the task's call is one that the supervisor has it make.
	inGate atomic.Bool
	// sending says that the task is made to send a descriptor to the supervisor.
	sending atomic.Bool
	// gate is what to do at the task's gate call, if it was made to make one.
	gate atomic.Pointer[gateJob]
	// interruptible says that the call which the kernel is performing may be
	// interrupted as on any kernel.
	interruptible atomic.Bool
	// watches counts what needs a stop at each of the task's calls.
	watches atomic.Int32
	// forkWatch says that the label may not make tasks, so that each call is looked
	// at for that.
	forkWatch atomic.Bool

	mu   sync.Mutex
	busy bool // an actor handles a call of the task
	dead bool
}

// fsState is what clone(CLONE_FS) shares.
type fsState struct {
	mu    sync.Mutex
	refs  int
	umask uint32
	cwd   *base // nil until needed
	root  *base // nil: the supervisor's own root
	// stale says that a call that changes the directory was let through, so that
	// cwd or root has to be looked at again, and what it may be found to be.
	cwdStale, rootStale bool
	cwdChecked          []objectKey
	rootChecked         []objectKey
	// foreign says that the mount namespace may not be the supervisor's, moved that
	// it changed since the directories were looked at, other that this was by setns.
	foreign, moved, other bool
}

// base is a directory that paths start from.
type base struct {
	fd  int
	key objectKey
}

// enter takes hold of the task for a call; false means that it has died.
func (t *task) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead || t.busy {
		return false
	}
	t.busy = true
	return true
}

// leave ends what enter began. It comes before the answer to the call: the task
// may make its next one at once.
func (t *task) leave() {
	t.mu.Lock()
	t.busy = false
	dead := t.dead
	t.mu.Unlock()
	if dead {
		t.release()
	}
}

// settle orders what the tracer does with a stopped task after what actors did
// for its calls before, and before what they do next. The kernel sees to it that
// they take turns; this says so to Go's memory model.
func (t *task) settle() {
	t.mu.Lock()
	defer t.mu.Unlock() // the order is what it is for
}

// renumber returns the task under the number of its process, which it takes over
// at exec. The old entry is void.
func (t *task) renumber(pid int) *task {
	n := &task{
		tid: pid, tgid: pid, cred: t.cred, credStale: true, fs: t.fs, pidfd: -1, exec: t.exec,
		launching: t.launching, deathSignal: t.deathSignal, watchedCall: t.watchedCall,
		newPIDs: t.newPIDs, entered: t.entered,
	}
	n.subject.Store(t.subject.Load())
	n.watches.Store(t.watches.Load())
	n.keySession.Store(t.keySession.Load())
	n.files.Store(t.files.Swap(nil))
	t.dropHandles()
	t.dropFetched()
	t.takeFS(nil)
	return n
}

// die is called by the tracer when the task is gone.
func (t *task) die() {
	t.mu.Lock()
	t.dead = true
	busy := t.busy
	t.mu.Unlock()
	if !busy {
		t.release()
	}
}

// release closes what the task's entry holds.
func (t *task) release() {
	t.dropHandles()
	t.dropFetched()
	t.dropMemoryJob()
	if job := t.handOver.Swap(nil); job != nil {
		job.close()
	}
	if fs := t.takeFS(nil); fs != nil {
		fs.drop()
	}
	t.dropFiles()
}

// takeFS replaces the filesystem state, which others look at for what they may
// close, and returns the one of before.
func (t *task) takeFS(fs *fsState) *fsState {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.fs
	t.fs = fs
	return old
}

// state returns the filesystem state to somebody who doesn't hold the task.
func (t *task) state() *fsState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fs
}

// dropHandles closes the handles that exec or death make useless.
func (t *task) dropHandles() {
	if t.hasMemory {
		t.memory.Close()
		t.hasMemory = false
	}
	if t.pidfd >= 0 {
		linux.Close(t.pidfd)
		t.pidfd = -1
	}
}

func (f *fsState) share() *fsState {
	f.mu.Lock()
	f.refs++
	f.mu.Unlock()
	return f
}

// copy returns what a new process gets that shares nothing: directories are
// looked at again when needed.
func (f *fsState) copy() *fsState {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &fsState{refs: 1, umask: f.umask, cwdStale: f.cwdStale, rootStale: f.rootStale}
	c.foreign, c.moved, c.other = f.foreign, f.moved, f.other
	c.cwdChecked = append(c.cwdChecked, f.cwdChecked...)
	c.rootChecked = append(c.rootChecked, f.rootChecked...)
	c.cwd, c.root = f.cwd.dup(), f.root.dup()
	// What couldn't be copied is looked up again.
	c.cwdStale = c.cwdStale || f.cwd != nil && c.cwd == nil
	c.rootStale = c.rootStale || f.root != nil && c.root == nil
	return c
}

func (f *fsState) drop() {
	f.mu.Lock()
	f.refs--
	last := f.refs == 0
	if last {
		f.cwd.close()
		f.root.close()
		f.cwd, f.root = nil, nil
	}
	f.mu.Unlock()
}

func (b *base) dup() *base {
	if b == nil {
		return nil
	}
	if b.fd < 0 {
		return &base{fd: -1, key: b.key}
	}
	fd, err := linux.Dup(b.fd)
	if err != nil {
		return nil
	}
	return &base{fd: fd, key: b.key}
}

func (b *base) close() {
	if b != nil && b.fd >= 0 {
		linux.Close(b.fd)
	}
}

// watched reports whether the task stops at each of its calls.
func (t *task) watched() bool { return t.watches.Load() > 0 || t.forkWatch.Load() }

// sid returns the task's current label.
func (t *task) sid() policy.SID { return t.subject.Load().SID }

// setSubject replaces the labels.
func (t *task) setSubject(s hooks.Subject) { t.subject.Store(&s) }

// tasks are all supervised threads by number.
type tasks struct {
	mu  sync.RWMutex
	all map[int]*task
	// last are the labels of the processes that ended last, a ring.
	last [maxEnded]endedTask
	next int
}

// endedTask is a process that has ended.
type endedTask struct {
	pid int
	sid policy.SID
}

// maxEnded is how many processes that wait for their parents are known.
const maxEnded = 256

// ended returns the label that a process had which has ended.
func (ts *tasks) ended(pid int) (policy.SID, bool) {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	for i := range ts.last {
		if ts.last[i].pid == pid {
			return ts.last[i].sid, true
		}
	}
	return 0, false
}

func (ts *tasks) get(tid int) *task {
	ts.mu.RLock()
	t := ts.all[tid]
	ts.mu.RUnlock()
	return t
}

func (ts *tasks) add(t *task) {
	ts.mu.Lock()
	old := ts.all[t.tid]
	ts.all[t.tid] = t
	for i := range ts.last {
		if ts.last[i].pid == t.tid {
			ts.last[i].pid = 0 // the number has another owner
		}
	}
	ts.mu.Unlock()
	if old != nil {
		old.die() // of whose end nobody was told
	}
}

// drop takes out a task, if its number isn't another's by now.
func (ts *tasks) drop(t *task) {
	ts.mu.Lock()
	ok := ts.all[t.tid] == t
	if ok {
		delete(ts.all, t.tid)
	}
	ts.mu.Unlock()
	if ok {
		t.strike()
		t.die()
	}
}

// remove takes a thread out and reports how many are left.
func (ts *tasks) remove(tid int) (gone *task, left int) {
	ts.mu.Lock()
	gone = ts.all[tid]
	delete(ts.all, tid)
	left = len(ts.all)
	if gone != nil && gone.tid == gone.tgid {
		ts.last[ts.next] = endedTask{tid, gone.sid()}
		ts.next = (ts.next + 1) % maxEnded
	}
	ts.mu.Unlock()
	return gone, left
}

// each calls f for every thread, on a snapshot.
func (ts *tasks) each(f func(*task)) {
	ts.mu.RLock()
	list := make([]*task, 0, len(ts.all))
	for _, t := range ts.all {
		list = append(list, t)
	}
	ts.mu.RUnlock()
	for _, t := range list {
		f(t)
	}
}

// threads counts those of a process.
func (ts *tasks) threads(tgid int) int {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	n := 0
	for _, t := range ts.all {
		if t.tgid == tgid {
			n++
		}
	}
	return n
}

// fork makes the entry of a new thread or process, before its first
// instruction. flags are clone's.
func (ts *tasks) fork(parent *task, tid int, flags uint64) *task {
	child := &task{tid: tid, tgid: tid, cred: parent.cred, credStale: true, pidfd: -1, launching: parent.launching}
	child.dropped = parent.dropped
	child.keySession.Store(parent.keySession.Load())
	if flags&linux.CloneThread != 0 {
		child.tgid = parent.tgid
	}
	if flags&(linux.CloneVM|linux.CloneVfork) == linux.CloneVM {
		parent.vmShared.Store(true)
		child.vmShared.Store(true)
	}
	if flags&linux.CloneVM != 0 && parent.vmShared.Load() {
		child.vmShared.Store(true) // with the parent's threads
	}
	if !parent.credStale {
		child.credStale = false
	}
	if flags&linux.CloneFS != 0 {
		child.fs = parent.fs.share()
	} else {
		child.fs = parent.fs.copy()
	}
	switch f := parent.files.Load(); {
	case f == nil:
		child.files.Store(newFDTable())
	case flags&linux.CloneFiles != 0:
		child.files.Store(f.share())
	default:
		child.files.Store(f.copy())
	}
	child.subject.Store(parent.subject.Load())
	child.revoke.Store(parent.revoke.Load())
	child.former.Store(parent.former.Load())
	// It may hold the files that the parent is watched for.
	child.watches.Store(parent.watches.Load())
	child.forkWatch.Store(parent.forkWatch.Load())
	ts.add(child)
	if flags&linux.CloneNewNS != 0 {
		child.fs.elsewhere(false)
	}
	return child
}
