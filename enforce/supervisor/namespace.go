package supervisor

import (
	"sync"
	"sync/atomic"
	"syscall"

	"seward/internal/linux"
)

// Namespaces. Paths start at descriptors of the task's own root and working
// directory, so that they mean in its mount namespace what they mean to it.
// Numbers of processes are the supervisor's wherever the kernel gives them out;
// those that a task in a PID namespace names are translated here.

// newNamespaces are the flags of clone and unshare that need the capability
// sys_admin.
const newNamespaces = linux.CloneNewNS | linux.CloneNewPID | linux.CloneNewNet | linux.CloneNewUTS |
	linux.CloneNewIPC | linux.CloneNewCgroup | linux.CloneNewTime

// pidNamespace is one below the supervisor's.
type pidNamespace struct {
	up    *pidNamespace // nil: the supervisor's
	level int           // 1 below the supervisor's

	mu   sync.RWMutex
	tids map[int]int // the supervisor's number by the namespace's
}

// pidNamespaces are those that supervised tasks are in.
type pidNamespaces struct {
	mu       sync.RWMutex
	byNumber map[uint64]*pidNamespace
	// procs are the namespaces of mounted /proc other than the supervisor's, by
	// device.
	procs map[uint64]*pidNamespace
	count atomic.Int32 // of procs
}

// nobody is the number of a process that is none of the tree's.
const nobody = 1 << 30

// number translates one that the task named, nobody if no supervised task has
// it. Numbers that aren't positive mean something else and stay.
func (t *task) number(n int) int {
	if t.pids == nil || n <= 0 {
		return n
	}
	return t.pids.number(n)
}

func (ns *pidNamespace) number(n int) int {
	if ns == nil || n <= 0 {
		return n
	}
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	if tid, ok := ns.tids[n]; ok {
		return tid
	}
	return nobody
}

// numberArg returns the number of a process that is an argument of the call.
func (a *actor) numberArg(i int) int { return a.task.number(a.intArg(i)) }

// seen returns the task's number as a namespace has it, 0 if it isn't there.
func (t *task) seen(ns *pidNamespace) int {
	if ns == nil {
		return t.tid
	}
	for in := t.pids; in != nil; in = in.up {
		if in == ns && ns.level <= len(t.numbers) {
			return t.numbers[ns.level-1]
		}
	}
	return 0
}

// enrol finds out the namespace of a task that may not be in the supervisor's,
// before its first instruction.
func (e *engine) enrol(t *task, parent *pidNamespace) {
	st, err := linux.ReadStatus(t.tid)
	if err != nil || len(st.Numbers) < 2 {
		return
	}
	number, err := namespaceOf(t.tid, "pid")
	if err != nil {
		return
	}
	level := len(st.Numbers) - 1
	p := &e.pids
	p.mu.Lock()
	ns := p.byNumber[number]
	if ns == nil {
		for parent != nil && parent.level >= level {
			parent = parent.up
		}
		ns = &pidNamespace{up: parent, level: level, tids: map[int]int{}}
		p.byNumber[number] = ns
	}
	p.mu.Unlock()
	t.pids, t.numbers = ns, st.Numbers[1:]
	t.sign()
}

// sign makes the task's numbers known in its namespaces.
func (t *task) sign() {
	for in := t.pids; in != nil && in.level <= len(t.numbers); in = in.up {
		in.mu.Lock()
		in.tids[t.numbers[in.level-1]] = t.tid
		in.mu.Unlock()
	}
}

// strike takes a task that is gone out of its namespaces.
func (t *task) strike() {
	for in := t.pids; in != nil && in.level <= len(t.numbers); in = in.up {
		n := t.numbers[in.level-1]
		in.mu.Lock()
		if in.tids[n] == t.tid {
			delete(in.tids, n)
		}
		in.mu.Unlock()
	}
}

// namespaceOf returns the number of one of a thread's namespaces.
func namespaceOf(tid int, kind string) (uint64, error) {
	var st linux.Statx
	var buf [64]byte
	if err := linux.Stat(linux.AtFDCwd, linux.ProcName(buf[:0], tid, "ns/"+kind), 0, linux.StatxBasic, &st); err != nil {
		return 0, err
	}
	return st.Ino, nil
}

// isProc reports whether an object is in a /proc whose numbers are known.
func (e *engine) isProc(st *linux.Statx) bool {
	device := deviceOf(st)
	if device == e.procDev {
		return true
	}
	if e.pids.count.Load() == 0 {
		return false
	}
	e.pids.mu.RLock()
	_, ok := e.pids.procs[device]
	e.pids.mu.RUnlock()
	return ok
}

// procNamespace returns the namespace of the numbers in a /proc, nil for the
// supervisor's.
func (e *engine) procNamespace(st *linux.Statx) *pidNamespace {
	if e.pids.count.Load() == 0 || deviceOf(st) == e.procDev {
		return nil
	}
	e.pids.mu.RLock()
	defer e.pids.mu.RUnlock()
	return e.pids.procs[deviceOf(st)]
}

// addProc makes another /proc known.
func (e *engine) addProc(device uint64, ns *pidNamespace) {
	p := &e.pids
	p.mu.Lock()
	p.procs[device] = ns
	p.count.Store(int32(len(p.procs))) //nolint:gosec // G115: few.
	p.mu.Unlock()
}

// unshare gives the task its own of what it named before.
func (a *actor) unshare() answer {
	t, flags := a.task, a.arg(0)
	if flags&newNamespaces != 0 && a.holds(linux.CapSysAdmin) {
		if e := a.mayUse(linux.CapSysAdmin); e != 0 {
			return failure(e)
		}
	}
	// A new mount namespace comes with directories of its own.
	if flags&(linux.CloneFS|linux.CloneNewNS) != 0 {
		t.takeFS(t.fs.copy()).drop()
	}
	if flags&linux.CloneNewNS != 0 {
		t.fs.elsewhere(false)
	}
	if flags&linux.CloneFiles != 0 {
		t.unshareFiles()
	}
	if flags&linux.CloneNewPID != 0 {
		t.newPIDs = true
	}
	return goOn
}

// clone makes a process in new namespaces.
func (a *actor) clone() answer {
	if a.holds(linux.CapSysAdmin) {
		if e := a.mayUse(linux.CapSysAdmin); e != 0 {
			return failure(e)
		}
	}
	return goOn
}

// setns enters the namespace of somebody else, which the kernel does by the
// descriptor's number: whatever kind of namespace it is by then, what may have
// changed is looked at again. User namespaces are found out after the fact.
func (a *actor) setns() answer {
	t := a.task
	if e := a.takeFD(&a.argument, a.intArg(0)); e != 0 {
		return failure(e)
	}
	kinds := a.intArg(1)
	kind, err := linux.NamespaceKind(a.argument.fd)
	if err == nil && kinds == 0 {
		kinds = kind
	}
	switch {
	case kinds&linux.CloneNewUser != 0:
		return failure(syscall.EPERM)
	case err != nil && kinds == 0:
		return failure(syscall.EINVAL)
	}
	for _, capability := range []int{linux.CapSysAdmin, linux.CapSysChroot} {
		if capability == linux.CapSysChroot && kinds&linux.CloneNewNS == 0 || !a.holds(capability) {
			continue
		}
		if e := a.mayUse(capability); e != 0 {
			return failure(e)
		}
	}
	t.newPIDs = true
	t.credStale, t.entered = true, true
	t.fs.elsewhere(true)
	return goOn
}

// elsewhere is called before a task may change its mount namespace. Its
// directories are then others: the same ones by another mount or, by setns, the
// root of the namespace.
func (f *fsState) elsewhere(other bool) {
	f.mu.Lock()
	f.foreign = true
	f.moved = true
	f.other = f.other || other
	f.cwdStale, f.rootStale = true, true
	f.mu.Unlock()
}

// sameUsers checks that a task which entered a namespace is still in the
// supervisor's user namespace: what it is allowed in another counts there only.
func (a *actor) sameUsers() bool {
	number, err := namespaceOf(a.task.tid, "user")
	a.task.entered = false
	return err == nil && number == a.engine.users
}
