package hooks

import (
	"errors"
	"syscall"

	"seward/policy"
)

// Subject is the acting task: its subjective credentials. A label that is zero
// is unset.
type Subject struct {
	SID        policy.SID // current
	Previous   policy.SID // before the last exec
	Exec       policy.SID // asked for the next exec
	FSCreate   policy.SID // asked for new files
	KeyCreate  policy.SID // asked for new keys
	SockCreate policy.SID // asked for new sockets
}

// Inode is an object of a filesystem.
type Inode struct {
	SID   policy.SID
	Class Class
	// Private marks inodes inside the kernel that no check applies to: what is
	// behind epoll, eventfd, timerfd and their like.
	Private bool
	// Ref is the caller's own handle of the object. Hooks carry it into records
	// and never look at it. It should be a pointer.
	Ref any
}

// Superblock is a mounted filesystem.
type Superblock struct {
	SID policy.SID
	// MountSID is the label that the mount option context= gives to everything
	// on it; zero without the option.
	MountSID policy.SID
	// Labels reports whether objects of it may be given a label.
	Labels bool
	// NoSuid reports that it is mounted nosuid, which forbids exec transitions.
	NoSuid bool
	// Ref is the caller's handle, as for Inode.
	Ref any
}

// File is an open file description.
type File struct {
	// SID is the label of the task that opened it.
	SID   policy.SID
	Inode Inode
	Flags OpenFlags
	// Checked is the policy sequence number and label under which it was opened;
	// see Revalidate.
	OpenedAs    policy.SID // label of the inode at open
	OpenedSeqno uint32
}

// Verdict is the outcome of a hook. The zero Verdict allows and logs nothing.
type Verdict struct {
	// Errno is what the operation fails with, 0 if it may proceed.
	Errno syscall.Errno
	// Records are to be logged, in order of asking. In permissive mode there may
	// be several denials in an allowed verdict.
	Records []Record
}

// Allowed reports whether the operation may proceed.
func (v Verdict) Allowed() bool { return v.Errno == 0 }

// Labelled is the verdict over an operation that gives something a label.
type Labelled struct {
	Verdict
	// SID is the new label, when allowed.
	SID policy.SID
}

// RecordKind tells what a Record reports.
type RecordKind uint8

// Kinds of records.
const (
	// RecordAVC is a query whose answer is logged: type AVC.
	RecordAVC RecordKind = iota
	// RecordInvalidContext is an attempt to set Text, which is no context.
	RecordInvalidContext
	// RecordChange is a change of the system as a whole, which object managers
	// report: Op is the type of the record, such as MAC_STATUS, Text its text.
	RecordChange
)

// Record is one thing to log.
type Record struct {
	Kind           RecordKind
	Granted        bool // an AVC record about something allowed
	Permissive     bool // denied and yet done
	Source, Target policy.SID
	Class          Class
	Perms          Perms
	Xperm          Xperm
	Object         Object
	Op             string // of RecordInvalidContext: what was attempted; of RecordChange
	Text           string // of RecordInvalidContext and RecordChange
}

// ObjectKind says how a record describes its object.
type ObjectKind uint8

// Kinds of objects in records; the names of the fields they become in
// parentheses.
const (
	ObjectNone        ObjectKind = iota
	ObjectPath                   // a path or open file (path dev ino)
	ObjectIoctl                  // an open file with a command (path dev ino ioctlcmd)
	ObjectName                   // a directory entry or inode (name dev ino)
	ObjectNewName                // an entry that doesn't exist yet (name)
	ObjectFilesystem             // the root of a filesystem (name dev ino)
	ObjectCapability             // Number (capability)
	ObjectIPC                    // Number is the key (ipc_key)
	ObjectKey                    // Number is the serial (key_serial)
	ObjectModule                 // Name (kmod)
	ObjectSocket                 // addresses that the caller knows by Ref (laddr lport faddr fport, or path)
	ObjectSource                 // Name is an address, Number a port (saddr src)
	ObjectDestination            // likewise (daddr dest)
	ObjectAnonInode              // Name (anonclass)
	ObjectNlmsg                  // Number is the message type (nl-msgtype)
)

// Object is what a record is about, for the fields that a log shows. What the
// hook doesn't know (paths, device, inode number) the caller finds by Ref.
type Object struct {
	Kind   ObjectKind
	Ref    any
	Name   string // of a new entry, a module, an anonymous inode
	Number int64
}

// ask runs the queries of one operation and collects its verdict.
type ask struct {
	asker   Asker
	verdict Verdict
}

// check asks one query about an object and reports whether the operation may go
// on.
func (a *ask) check(q Query, object Object) bool { return a.checkErrno(q, object, syscall.EACCES) }

// checkErrno is check for a query whose refusal has another errno.
func (a *ask) checkErrno(q Query, object Object, errno syscall.Errno) bool {
	if a.verdict.Errno != 0 {
		return false
	}
	if q.Perms == 0 {
		return true
	}
	answer := a.asker.Check(q)
	if answer.Logged != 0 && !q.Quiet {
		a.verdict.Records = append(a.verdict.Records, Record{
			Granted: answer.Denied == 0, Permissive: answer.Denied != 0 && !answer.Refused,
			Source: q.Source, Target: q.Target, Class: q.Class,
			Perms: answer.Logged, Xperm: q.Xperm, Object: object,
		})
	}
	if answer.Refused {
		a.verdict.Errno = errno
		return false
	}
	return true
}

// fail ends the operation.
func (a *ask) fail(errno syscall.Errno) bool {
	if a.verdict.Errno == 0 {
		a.verdict.Errno = errno
	}
	return false
}

// log adds a record.
func (a *ask) log(r Record) { a.verdict.Records = append(a.verdict.Records, r) }

// allowed reports whether nothing has failed yet.
func (a *ask) allowed() bool { return a.verdict.Errno == 0 }

// inode asks for permissions on an inode, named by its last component.
func (a *ask) inode(s *Subject, i *Inode, perms Perms) bool {
	return a.on(s, i, perms, ObjectName)
}

// path asks for permissions on an inode, named by its path.
func (a *ask) path(s *Subject, i *Inode, perms Perms) bool {
	return a.on(s, i, perms, ObjectPath)
}

func (a *ask) on(s *Subject, i *Inode, perms Perms, kind ObjectKind) bool {
	if i.Private {
		return a.allowed()
	}
	return a.check(
		Query{Source: s.SID, Target: i.SID, Class: i.Class, Perms: perms},
		Object{Kind: kind, Ref: i.Ref},
	)
}

// failBy ends the operation with the errno that an error carries.
func (a *ask) failBy(err error, otherwise syscall.Errno) bool {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return a.fail(errno)
	}
	return a.fail(otherwise)
}

// transition computes a label, failing when it would not be a valid context.
func (a *ask) transition(source, target policy.SID, class Class, name string) (policy.SID, bool) {
	if !a.allowed() {
		return 0, false
	}
	sid, err := a.asker.Transition(source, target, class, name)
	if err != nil {
		return 0, a.failBy(err, syscall.EACCES)
	}
	return sid, true
}
