package supervisor

import (
	"encoding/binary"
	"slices"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// What is done to System V objects once they are there.

// onIPC checks an operation on the object that the first argument names and lets
// the kernel perform it. What doesn't exist the kernel says.
func (a *actor) onIPC(k *ipcKind, check func(*ipcUse) syscall.Errno) answer {
	return a.inIPC(func(namespace uint64) answer {
		u := a.ipcNamed(k, namespace, a.intArg(0))
		if !u.exists {
			return goOn
		}
		if e := check(u); e != 0 {
			return failure(e)
		}
		return goOn
	})
}

func (a *actor) shmat() answer {
	const readOnly, executable = 0o10000, 0o100000
	flags := a.intArg(2)
	return a.onIPC(ipcShm, func(u *ipcUse) syscall.Errno {
		want, op := uint32(6), hooks.IPCOpAttach
		if flags&readOnly != 0 {
			want, op = 4, hooks.IPCOpAttachReadOnly
		}
		if flags&executable != 0 {
			want |= 1
		}
		if e := a.ipcAccess(u, want); e != 0 {
			return e
		}
		if e := a.ipcOperation(u, op); e != 0 || flags&executable == 0 {
			return e
		}
		return a.judge(hooks.MapAnonymous(a.engine.auth, a.subject, hooks.Mapping{Exec: true}), nil)
	})
}

func (a *actor) shmctl() answer {
	const lock, unlock = 11, 12
	return a.ipcControl(ipcShm, a.intArg(1), a.arg(2), func(u *ipcUse, command int) syscall.Errno {
		if command == lock || command == unlock {
			return a.ipcOperation(u, hooks.IPCOpLock)
		}
		return 0
	})
}

func (a *actor) msgctl() answer {
	return a.ipcControl(ipcMsg, a.intArg(1), a.arg(2), func(*ipcUse, int) syscall.Errno { return 0 })
}

func (a *actor) semctl() answer {
	const getPID, getVal, getAll, getNcnt, getZcnt, setVal, setAll = 11, 12, 13, 14, 15, 16, 17
	return a.ipcControl(ipcSem, a.intArg(2), a.arg(3), func(u *ipcUse, command int) syscall.Errno {
		op, want := hooks.IPCOpCount, uint32(4)
		switch command {
		case getPID, getNcnt, getZcnt:
		case getVal, getAll:
			op = hooks.IPCOpGetValues
		case setVal, setAll:
			op, want = hooks.IPCOpSetValues, 2
		default:
			return 0
		}
		if e := a.ipcAccess(u, want); e != 0 {
			return e
		}
		return a.ipcOperation(u, op)
	})
}

// ipcControl answers the ctl calls; more checks the commands of one kind.
func (a *actor) ipcControl(k *ipcKind, command int, buffer uint64, more func(*ipcUse, int) syscall.Errno) answer {
	switch command {
	case ipcInfo, k.info:
		if e := a.judge(hooks.IPCInfo(a.engine.auth, a.subject), nil); e != 0 {
			return failure(e)
		}
		return goOn
	case k.stat, k.statAny:
		return a.inIPC(func(namespace uint64) answer { return a.ipcStatAt(k, namespace, command, buffer) })
	}
	return a.onIPC(k, func(u *ipcUse) syscall.Errno {
		switch command {
		case ipcStat:
			if e := a.ipcAccess(u, 4); e != 0 {
				return e
			}
			return a.ipcOperation(u, hooks.IPCOpStat)
		case ipcSet, ipcRemove:
			if e := a.ipcOwner(u); e != 0 {
				return e
			}
			if command == ipcSet {
				return a.ipcOperation(u, hooks.IPCOpSet)
			}
			return a.ipcOperation(u, hooks.IPCOpRemove)
		}
		return more(u, command)
	})
}

// ipcStatAt describes the object at a place of the kernel's table: which one that
// is may change, so that the supervisor gives out what it looked at.
func (a *actor) ipcStatAt(k *ipcKind, namespace uint64, command int, buffer uint64) answer {
	var buf [256]byte
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	id, err := k.control(a.intArg(0), command, buf[:])
	if err != nil {
		return failure(errnoOf(err))
	}
	u := &ipcUse{name: ipcKey{namespace, k.class, id}, exists: true, known: true}
	u.describe(buf[:])
	t := &a.engine.ipc
	t.mu.Lock()
	u.IPCObject = hooks.IPCObject{SID: a.ipcLabel(u.name), Class: k.class, Key: u.perm.key}
	t.mu.Unlock()
	if command == k.stat {
		if e := a.judge(hooks.IPCMode(a.engine.auth, a.subject, &u.IPCObject, true, false), nil); e != 0 {
			return failure(e)
		}
	}
	if e := a.ipcOperation(u, hooks.IPCOpStat); e != 0 {
		return failure(e)
	}
	if e := a.write(buf[:k.size], buffer); e != 0 {
		return failure(e)
	}
	return value(int64(id))
}

// msgsnd gives messages their label. Who waits for one has been let through: a
// message that they may not receive isn't sent.
func (a *actor) msgsnd() answer {
	return a.onIPC(ipcMsg, func(u *ipcUse) syscall.Errno {
		if e := a.ipcAccess(u, 2); e != 0 {
			return e
		}
		sent := hooks.SendMessage(a.engine.auth, a.subject, &u.IPCObject, 0)
		if e := a.judge(sent.Verdict, nil); e != 0 {
			return e
		}
		t := &a.engine.ipc
		t.mu.Lock()
		defer t.mu.Unlock()
		entry := t.entry(u)
		if slices.Contains(entry.messages, sent.SID) {
			return 0
		}
		for _, receiver := range entry.receivers {
			v := hooks.ReceiveMessage(a.engine.auth, &hooks.Subject{SID: receiver}, &u.IPCObject, sent.SID)
			if e := a.judge(v, nil); e != 0 {
				return e
			}
		}
		entry.messages = append(entry.messages, sent.SID)
		return 0
	})
}

// msgrcv needs to be allowed every label that a message in the queue may have.
func (a *actor) msgrcv() answer {
	return a.onIPC(ipcMsg, func(u *ipcUse) syscall.Errno {
		if e := a.ipcAccess(u, 4); e != 0 {
			return e
		}
		t := &a.engine.ipc
		t.mu.Lock()
		defer t.mu.Unlock()
		entry := t.entry(u)
		messages := entry.messages
		if len(messages) == 0 {
			// Only somebody outside can have sent one.
			outside, err := a.engine.auth.Transition(a.engine.kernelSID(), u.SID, hooks.ClassMsg, "")
			if err != nil {
				return syscall.EACCES
			}
			if messages = nil; u.messages > 0 {
				messages = append(messages, outside)
			}
		}
		if len(messages) == 0 && a.intArg(4)&ipcNowait != 0 {
			return 0 // there is none
		}
		for _, m := range messages {
			if e := a.judge(hooks.ReceiveMessage(a.engine.auth, a.subject, &u.IPCObject, m), nil); e != 0 {
				return e
			}
		}
		if !slices.Contains(entry.receivers, a.subject.SID) {
			entry.receivers = append(entry.receivers, a.subject.SID)
		}
		return 0
	})
}

// entry returns what is known of an object, under the table's lock. One that
// somebody outside made gets an entry.
func (o *ipcObjects) entry(u *ipcUse) *ipcEntry {
	entry := o.byKey[u.name]
	if entry == nil {
		entry = &ipcEntry{sid: u.SID}
		o.byKey[u.name] = entry
	}
	return entry
}

func (a *actor) semop() answer { return a.semaphores(0) }

func (a *actor) semtimedop() answer { return a.semaphores(a.arg(3)) }

// semaphores answers semop and semtimedop. Whether semaphores are changed or only
// waited for is told by memory: who may change them may do whatever it says, and
// for who may only wait the supervisor does that with a copy.
func (a *actor) semaphores(timeout uint64) answer {
	return a.inIPC(func(namespace uint64) answer {
		u := a.ipcNamed(ipcSem, namespace, a.intArg(0))
		if !u.exists {
			return goOn
		}
		auth := a.engine.auth
		all := hooks.IPCMode(auth, a.subject, &u.IPCObject, true, true)
		alter := hooks.IPC(auth, a.subject, &u.IPCObject, hooks.IPCOpAlter)
		if all.Errno == 0 && alter.Errno == 0 && len(all.Records)+len(alter.Records) == 0 &&
			a.ipcAccess(u, 6) == 0 {
			return goOn
		}
		return a.semaphoresOf(u, timeout)
	})
}

func (a *actor) semaphoresOf(u *ipcUse, timeout uint64) answer {
	const size, most = 6, 500
	count := a.arg(2)
	switch {
	case count == 0:
		return failure(syscall.EINVAL)
	case count > most:
		return failure(syscall.E2BIG)
	}
	operations := make([]byte, size*count)
	if e := a.read(operations, a.arg(1)); e != 0 {
		return failure(e)
	}
	alters, wait := false, true
	for i := 0; i < len(operations); i += size {
		alters = alters || binary.LittleEndian.Uint16(operations[i+2:]) != 0
		wait = wait && binary.LittleEndian.Uint16(operations[i+4:])&ipcNowait == 0
	}
	if alters {
		if e := a.ipcAccess(u, 2); e != 0 {
			return failure(e)
		}
		if e := a.ipcOperation(u, hooks.IPCOpAlter); e != 0 {
			return failure(e)
		}
		return goOn
	}
	if e := a.ipcAccess(u, 4); e != 0 {
		return failure(e)
	}
	if e := a.ipcOperation(u, hooks.IPCOpWait); e != 0 {
		return failure(e)
	}
	return a.awaitZero(operations, wait, timeout)
}

// awaitZero waits until semaphores are zero.
func (a *actor) awaitZero(operations []byte, wait bool, timeout uint64) answer {
	var end time.Time
	if timeout != 0 {
		var raw [16]byte
		if e := a.read(raw[:], timeout); e != 0 {
			return failure(e)
		}
		seconds, nanoseconds := binary.LittleEndian.Uint64(raw[:]), binary.LittleEndian.Uint64(raw[8:])
		const longest = 1 << 32
		if int64(seconds) < 0 || nanoseconds >= 1e9 { //nolint:gosec // G115: two's complement is meant.
			return failure(syscall.EINVAL)
		}
		end = time.Now().Add(time.Duration(min(seconds, longest))*time.Second + time.Duration(nanoseconds)) //nolint:gosec // G115: bounded.
	}
	a.yield()
	for {
		if e := a.becomeTask(); e != 0 {
			return failure(e)
		}
		var now linux.Timespec
		err := linux.Semop(a.intArg(0), operations, &now)
		switch e := errnoOf(err); {
		case e != syscall.EAGAIN:
			return result(e)
		case !wait, timeout != 0 && !time.Now().Before(end):
			return failure(syscall.EAGAIN)
		}
		if e := a.interrupted(); e != 0 {
			return failure(syscall.EINTR)
		}
		time.Sleep(patience)
	}
}
