package hooks

import (
	"syscall"

	"seward/policy"
)

// IPCObject is a System V message queue, semaphore set or shared memory segment.
type IPCObject struct {
	SID   policy.SID // of who created it
	Class Class      // ClassMsgq, ClassSem or ClassShm
	Key   int32
}

func (o *IPCObject) object() Object { return Object{Kind: ObjectIPC, Number: int64(o.Key)} }

// IPCOperation is something done to a System V IPC object.
type IPCOperation uint8

// Operations on System V IPC objects.
const (
	IPCOpCreate         IPCOperation = iota // *get that makes one
	IPCOpAssociate                          // *get that finds one
	IPCOpStat                               // IPC_STAT, *_STAT, *_STAT_ANY
	IPCOpSet                                // IPC_SET
	IPCOpRemove                             // IPC_RMID
	IPCOpLock                               // SHM_LOCK, SHM_UNLOCK
	IPCOpAttach                             // shmat to read and write
	IPCOpAttachReadOnly                     // shmat with SHM_RDONLY
	IPCOpAlter                              // semop that changes a semaphore
	IPCOpWait                               // semop that only waits for zero
	IPCOpGetValues                          // GETVAL, GETALL
	IPCOpSetValues                          // SETVAL, SETALL
	IPCOpCount                              // GETPID, GETNCNT, GETZCNT
	ipcOperations
)

var ipcPermissions = [ipcOperations]Perms{
	IPCOpCreate:         IPCCreate,
	IPCOpAssociate:      IPCAssociate,
	IPCOpStat:           IPCGetattr | IPCAssociate,
	IPCOpSet:            IPCSetattr,
	IPCOpRemove:         IPCDestroy,
	IPCOpLock:           ShmLock,
	IPCOpAttach:         IPCRead | IPCWrite,
	IPCOpAttachReadOnly: IPCRead,
	IPCOpAlter:          IPCRead | IPCWrite,
	IPCOpWait:           IPCRead,
	IPCOpGetValues:      IPCRead,
	IPCOpSetValues:      IPCWrite,
	IPCOpCount:          IPCGetattr,
}

// IPC is asked for an operation on a System V IPC object.
func IPC(asker Asker, s *Subject, o *IPCObject, op IPCOperation) Verdict {
	a := ask{asker: asker}
	if op >= ipcOperations {
		a.fail(syscall.EACCES)
		return a.verdict
	}
	a.check(Query{Source: s.SID, Target: o.SID, Class: o.Class, Perms: ipcPermissions[op]}, o.object())
	return a.verdict
}

// IPCMode is asked wherever the mode of a System V IPC object decides, for the
// kinds of access that count.
func IPCMode(asker Asker, s *Subject, o *IPCObject, read, write bool) Verdict {
	a := ask{asker: asker}
	var perms Perms
	if read {
		perms |= IPCUnixRead
	}
	if write {
		perms |= IPCUnixWrite
	}
	a.check(Query{Source: s.SID, Target: o.SID, Class: o.Class, Perms: perms}, o.object())
	return a.verdict
}

// IPCInfo is asked by IPC_INFO, MSG_INFO, SEM_INFO and SHM_INFO.
func IPCInfo(asker Asker, s *Subject) Verdict { return system(asker, s, SystemIPCInfo) }

// SendMessage is asked by msgsnd. message is the label of a message sent before,
// or 0, and the verdict's SID is the message's label.
func SendMessage(asker Asker, s *Subject, queue *IPCObject, message policy.SID) Labelled {
	a := ask{asker: asker}
	if message == 0 {
		var ok bool
		if message, ok = a.transition(s.SID, queue.SID, ClassMsg, ""); !ok {
			return Labelled{Verdict: a.verdict}
		}
	}
	_ = a.check(Query{Source: s.SID, Target: queue.SID, Class: ClassMsgq, Perms: IPCWrite}, queue.object()) &&
		a.check(Query{Source: s.SID, Target: message, Class: ClassMsg, Perms: MsgSend}, queue.object()) &&
		a.check(Query{Source: message, Target: queue.SID, Class: ClassMsgq, Perms: MsgqEnqueue}, queue.object())
	return Labelled{Verdict: a.verdict, SID: message}
}

// ReceiveMessage is asked by msgrcv for the message that it would return.
func ReceiveMessage(asker Asker, s *Subject, queue *IPCObject, message policy.SID) Verdict {
	a := ask{asker: asker}
	_ = a.check(Query{Source: s.SID, Target: queue.SID, Class: ClassMsgq, Perms: IPCRead}, queue.object()) &&
		a.check(Query{Source: s.SID, Target: message, Class: ClassMsg, Perms: MsgReceive}, queue.object())
	return a.verdict
}

// NewKeySID returns the label of a key that the task creates.
func (s *Subject) NewKeySID() policy.SID {
	if s.KeyCreate != 0 {
		return s.KeyCreate
	}
	return s.SID
}

// Key is asked for each use of a key: the permissions of the class key that the
// operation needs. Unlinking needs none.
func Key(asker Asker, s *Subject, key policy.SID, perms Perms, serial int32) Verdict {
	a := ask{asker: asker}
	a.check(
		Query{Source: s.SID, Target: key, Class: ClassKey, Perms: perms},
		Object{Kind: ObjectKey, Number: int64(serial)},
	)
	return a.verdict
}
