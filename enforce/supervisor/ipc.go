package supervisor

import (
	"encoding/binary"
	"runtime"
	"sync"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// System V message queues, semaphores and shared memory. An object's label is
// that of who made it, which the supervisor remembers by the object's number; what
// somebody outside made has the label of the kernel.
//
// The supervisor makes objects itself, with the caller's credentials, so that none
// is ever without its label. What is done to an object later is decided by values
// and performed by the kernel for its caller.

// ipcKind is one of the three kinds of objects.
type ipcKind struct {
	class   hooks.Class
	control func(id, command int, buf []byte) (int, error)
	// find returns the number of the object with a key, if there is one.
	find func(key int32) (int, error)
	// Commands that take the place in the kernel's table for the number, and how
	// long what they return is.
	stat, statAny, info, size int
}

// Sizes of what IPC_STAT returns.
const (
	shmidSize = 112
	msqidSize = 120
)

// semidSize has two more words on x86-64.
func semidSize() int {
	if runtime.GOARCH == "amd64" {
		return 104
	}
	return 88
}

var (
	ipcShm = &ipcKind{
		hooks.ClassShm, linux.Shmctl, func(key int32) (int, error) { return linux.Shmget(key, 0, 0) },
		13, 15, 14, shmidSize,
	}
	ipcSem = &ipcKind{
		hooks.ClassSem, linux.Semctl, func(key int32) (int, error) { return linux.Semget(key, 0, 0) },
		18, 20, 19, semidSize(),
	}
	ipcMsg = &ipcKind{
		hooks.ClassMsgq, linux.Msgctl, func(key int32) (int, error) { return linux.Msgget(key, 0) },
		11, 13, 12, msqidSize,
	}
)

// Flags and commands of all kinds.
const (
	ipcCreate   = 0o1000
	ipcExcl     = 0o2000
	ipcNowait   = 0o4000
	ipcRemove   = 0
	ipcSet      = 1
	ipcStat     = 2
	ipcInfo     = 3
	capIPCOwner = 15
)

// ipcKey names an object: numbers count in a namespace.
type ipcKey struct {
	namespace uint64
	class     hooks.Class
	id        int
}

// ipcObjects are the objects that programs of the run made.
type ipcObjects struct {
	// mu is held while an object is made, so that it isn't found without a label.
	mu     sync.Mutex
	byKey  map[ipcKey]*ipcEntry
	sweep  int // how many there may be before those that are gone are looked for
	own    uint64
	ownErr error
}

// ipcEntry is what is known of an object.
type ipcEntry struct {
	sid policy.SID
	// Of a queue: the labels that messages in it may have, and those of who was let
	// receive and may be waiting.
	messages, receivers []policy.SID
}

const ipcSweep = 1024

// namespaceOf returns the number of a thread's IPC namespace.
func ipcNamespaceOf(buf []byte, tid int) (uint64, error) {
	var st linux.Statx
	if err := linux.Stat(linux.AtFDCwd, linux.ProcName(buf, tid, "ns/ipc"), 0, linux.StatxBasic, &st); err != nil {
		return 0, err
	}
	return st.Ino, nil
}

// open prepares the table.
func (o *ipcObjects) open() {
	o.byKey, o.sweep = map[ipcKey]*ipcEntry{}, ipcSweep
	o.own, o.ownErr = ipcNamespaceOf(nil, linux.Gettid())
}

// inIPC runs f, which makes calls on IPC objects, in the task's namespace, which
// it is told.
func (a *actor) inIPC(f func(namespace uint64) answer) answer {
	var namespace uint64
	err := a.engine.ipc.ownErr
	if err == nil {
		a.asSelf(func() { namespace, err = ipcNamespaceOf(a.text[:0], a.task.tid) })
	}
	if err != nil {
		return failure(syscall.EPERM)
	}
	if namespace == a.engine.ipc.own {
		return f(namespace)
	}
	var theirs, ours int
	a.asSelf(func() {
		if theirs, err = linux.Openat(linux.AtFDCwd, linux.ProcName(a.text[:0], a.task.tid, "ns/ipc"), linux.OCloexec, 0); err != nil {
			return
		}
		defer linux.Close(theirs)
		if ours, err = linux.Openat(linux.AtFDCwd, linux.ProcName(a.text[:0], linux.Gettid(), "ns/ipc"), linux.OCloexec, 0); err != nil {
			return
		}
		if err = linux.EnterNamespace(theirs, linux.CloneNewIPC); err != nil {
			linux.Close(ours)
		}
	})
	if err != nil {
		return failure(syscall.EPERM)
	}
	out := f(namespace)
	a.asSelf(func() { err = linux.EnterNamespace(ours, linux.CloneNewIPC) })
	linux.Close(ours)
	if err != nil {
		a.engine.stop(err) // a thread in the wrong namespace can't go on
	}
	return out
}

func (a *actor) shmget() answer {
	size := a.arg(1)
	return a.ipcGet(ipcShm, a.intArg(0), a.intArg(2), func(key int32, flags int) (int, error) {
		return linux.Shmget(key, size, flags)
	})
}

func (a *actor) semget() answer {
	count := a.intArg(1)
	return a.ipcGet(ipcSem, a.intArg(0), a.intArg(2), func(key int32, flags int) (int, error) {
		return linux.Semget(key, count, flags)
	})
}

func (a *actor) msgget() answer {
	return a.ipcGet(ipcMsg, a.intArg(0), a.intArg(1), linux.Msgget)
}

// ipcGet finds or makes an object.
func (a *actor) ipcGet(k *ipcKind, key, flags int, get func(key int32, flags int) (int, error)) answer {
	return a.inIPC(func(namespace uint64) answer {
		t := &a.engine.ipc
		t.mu.Lock()
		defer t.mu.Unlock()
		const tries = 8 // somebody outside makes and removes the same
		for range tries {
			id, e := a.ipcFindOrMake(k, namespace, int32(key), flags, get) //nolint:gosec // G115: C's int.
			switch {
			case e == syscall.ENOENT && key != 0 && flags&ipcCreate != 0, e == syscall.EEXIST && flags&ipcExcl == 0:
				continue
			case e != 0:
				return failure(e)
			}
			return value(int64(id))
		}
		return failure(syscall.EAGAIN)
	})
}

func (a *actor) ipcFindOrMake(k *ipcKind, namespace uint64, key int32, flags int, get func(key int32, flags int) (int, error)) (int, syscall.Errno) {
	const private = 0
	t := &a.engine.ipc
	if e := a.becomeTask(); e != 0 {
		return -1, e
	}
	if key != private {
		_, err := k.find(key)
		switch e := errnoOf(err); {
		case e == 0 && flags&ipcCreate != 0 && flags&ipcExcl != 0:
			return -1, syscall.EEXIST
		case e == 0:
			id, err := get(key, flags&^(ipcCreate|ipcExcl))
			if err != nil {
				return -1, errnoOf(err)
			}
			return id, a.ipcAssociate(k, ipcKey{namespace, k.class, id}, key, flags)
		case e != syscall.ENOENT || flags&ipcCreate == 0:
			return -1, e
		}
	}
	o := hooks.IPCObject{SID: a.subject.SID, Class: k.class, Key: key}
	if e := a.judge(hooks.IPC(a.engine.auth, a.subject, &o, hooks.IPCOpCreate), nil); e != 0 {
		return -1, e
	}
	id, err := get(key, flags|ipcCreate|ipcExcl)
	if err != nil {
		return -1, errnoOf(err)
	}
	a.ipcForget(namespace)
	t.byKey[ipcKey{namespace, k.class, id}] = &ipcEntry{sid: a.subject.SID}
	return id, 0
}

// ipcAssociate checks the use of an object that exists, under the table's lock.
func (a *actor) ipcAssociate(k *ipcKind, name ipcKey, key int32, flags int) syscall.Errno {
	o := hooks.IPCObject{SID: a.ipcLabel(name), Class: k.class, Key: key}
	if e := a.judge(hooks.IPCMode(a.engine.auth, a.subject, &o, flags&0o444 != 0, flags&0o222 != 0), nil); e != 0 {
		return e
	}
	return a.judge(hooks.IPC(a.engine.auth, a.subject, &o, hooks.IPCOpAssociate), nil)
}

// ipcLabel is the label of an object, under the table's lock.
func (a *actor) ipcLabel(name ipcKey) policy.SID {
	if entry := a.engine.ipc.byKey[name]; entry != nil {
		return entry.sid
	}
	return a.engine.kernelSID()
}

// ipcForget drops objects that are gone from a table that has become big. Those
// of a namespace that the thread isn't in can't be asked for.
func (a *actor) ipcForget(namespace uint64) {
	t := &a.engine.ipc
	if len(t.byKey) < t.sweep {
		return
	}
	var buf [256]byte
	for name := range t.byKey {
		if name.namespace != namespace {
			continue
		}
		_, err := kindOf(name.class).control(name.id, ipcStat, buf[:])
		if e := errnoOf(err); e == syscall.EINVAL || e == syscall.EIDRM {
			delete(t.byKey, name)
		}
	}
	t.sweep = max(ipcSweep, 2*len(t.byKey))
}

func kindOf(class hooks.Class) *ipcKind {
	switch class {
	case hooks.ClassShm:
		return ipcShm
	case hooks.ClassSem:
		return ipcSem
	default:
		return ipcMsg
	}
}

// ipcUse is an object that a call names, as its checks need it.
type ipcUse struct {
	hooks.IPCObject
	name     ipcKey
	perm     ipcPerm
	known    bool // perm is
	exists   bool
	messages uint64 // in a queue
}

// ipcPerm is the beginning of struct ipc64_perm.
type ipcPerm struct {
	key                        int32
	uid, gid, cuid, cgid, mode uint32
}

// ipcNamed describes the object with a number.
func (a *actor) ipcNamed(k *ipcKind, namespace uint64, id int) *ipcUse {
	var buf [256]byte
	var err error
	a.asSelf(func() { _, err = k.control(id, ipcStat, buf[:]) })
	u := &ipcUse{name: ipcKey{namespace, k.class, id}}
	switch errnoOf(err) {
	case syscall.EINVAL, syscall.EIDRM:
		return u
	case 0:
		u.known = true
		u.describe(buf[:])
	}
	u.exists = true
	t := &a.engine.ipc
	t.mu.Lock()
	u.IPCObject = hooks.IPCObject{SID: a.ipcLabel(u.name), Class: k.class, Key: u.perm.key}
	t.mu.Unlock()
	return u
}

// describe decodes what IPC_STAT says.
func (u *ipcUse) describe(buf []byte) {
	const queued = 80
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(buf[4*i:]) }
	u.perm = ipcPerm{
		key: int32(word(0)), uid: word(1), gid: word(2), cuid: word(3), cgid: word(4), mode: word(5), //nolint:gosec // G115: two's complement is meant.
	}
	u.messages = binary.LittleEndian.Uint64(buf[queued:])
}

// ipcAccess checks access that an object's mode decides, for the kinds of it that
// the bits of want tell, as with modes of files.
func (a *actor) ipcAccess(u *ipcUse, want uint32) syscall.Errno {
	if u.known {
		c, granted := a.task.cred, u.perm.mode
		switch euid := uint32(c.EUID); { //nolint:gosec // G115: a user's number.
		case euid == u.perm.cuid, euid == u.perm.uid:
			granted >>= 6
		case c.inGroup(u.perm.cgid), c.inGroup(u.perm.gid):
			granted >>= 3
		}
		if want&^granted&7 != 0 && a.capable(capIPCOwner) != 0 {
			return syscall.EACCES
		}
	}
	return a.judge(hooks.IPCMode(a.engine.auth, a.subject, &u.IPCObject, want&4 != 0, want&2 != 0), nil)
}

// ipcOwner checks that the task may change or remove an object.
func (a *actor) ipcOwner(u *ipcUse) syscall.Errno {
	euid := uint32(a.task.cred.EUID) //nolint:gosec // G115: a user's number.
	if u.known && euid != u.perm.cuid && euid != u.perm.uid {
		return a.capable(linux.CapSysAdmin)
	}
	return 0
}

func (a *actor) ipcOperation(u *ipcUse, op hooks.IPCOperation) syscall.Errno {
	return a.judge(hooks.IPC(a.engine.auth, a.subject, &u.IPCObject, op), nil)
}
