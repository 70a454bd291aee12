package supervisor

import (
	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// walkMask is what a walk asks of every object on the way.
const walkMask = linux.StatxBasic | linux.StatxBtime | linux.StatxMountID

// objectKey is the identity of an object: device, inode and, because numbers are
// used again, the time of birth; and the mount that it was reached by.
type objectKey struct {
	inodeKey
	mount uint64
}

// inodeKey is objectKey without the mount: what labels belong to.
type inodeKey struct {
	dev, ino uint64
	born     int64 // nanoseconds, 0 where the filesystem doesn't tell
}

func deviceOf(st *linux.Statx) uint64 { return uint64(st.Dev_major)<<32 | uint64(st.Dev_minor) }

func keyOf(st *linux.Statx) objectKey {
	return objectKey{
		inodeKey{deviceOf(st), st.Ino, st.Btime.Sec*1e9 + int64(st.Btime.Nsec)}, st.Mnt_id,
	}
}

// changeTime is when an inode last changed, labels included.
func changeTime(st *linux.Statx) int64 { return st.Ctime.Sec*1e9 + int64(st.Ctime.Nsec) }

func isKind(st *linux.Statx, kind uint16) bool { return st.Mode&linux.SIFMT == kind }

// place is an object that a path led to, or the directory on the way to it.
type place struct {
	// fd is a descriptor of the object, -1 if there is none. owned ones are closed
	// with the call.
	fd    int
	owned bool
	// open says that fd is not just O_PATH.
	open bool
	// reference says that fd is O_PATH though what it stands for is open in the
	// task.
	reference bool
	offset    int64 // of a reference's original
	// flags are those of the description, for what was fetched from a task, by is
	// who opened it, if that isn't for the task's table to say.
	flags int
	by    policy.SID
	st    linux.Statx
	// at and name lead to the object: a directory's descriptor, borrowed, and the
	// name in it. at is -1 if they aren't known.
	at   int
	name linux.Name
	// labelled says that sid is known.
	labelled bool
	sid      policy.SID
	// proc tells where in /proc a directory or file is.
	proc procPlace
	// node is set for what doesn't exist in the kernel; st is then made up.
	node *node
	// carried is what a file that stands for a node was opened for, stand the
	// directory that stands for this one.
	carried *node
	stand   objectKey
}

// procPlace is what a place in /proc belongs to.
type procPlace struct {
	kind procKind
	tid  int // of the process or thread, for procTask and below
}

// procKind tells the parts of /proc apart that need care.
type procKind uint8

const (
	procNone  procKind = iota // not in /proc, or nothing special
	procRoot                  // /proc
	procTask                  // /proc/PID, /proc/PID/task/TID
	procTasks                 // /proc/PID/task
	procDeep                  // anything below a procTask
)

// reset forgets what a place stands for, closing what it owns.
func (p *place) reset() {
	if p.owned && p.fd >= 0 {
		linux.Close(p.fd)
	}
	p.reference = false
	p.fd, p.owned, p.open, p.at, p.flags = -1, false, false, -1, 0
	p.name, p.labelled, p.sid, p.node, p.carried = nil, false, 0, nil, nil
	p.proc, p.by, p.stand = procPlace{}, 0, objectKey{}
}

// move makes p what q is and q nothing.
func (p *place) move(q *place) {
	p.reset()
	*p = *q
	q.owned = false
	q.reset()
}

// isDir reports whether the place is a directory.
func (p *place) isDir() bool { return isKind(&p.st, linux.SIFDIR) }

// class is the class of the object.
func (p *place) class() hooks.Class { return classOfMode(p.st.Mode) }

// classOfMode is the class of a file with a mode.
func classOfMode(mode uint16) hooks.Class {
	switch mode & linux.SIFMT {
	case linux.SIFDIR:
		return hooks.ClassDir
	case linux.SIFLNK:
		return hooks.ClassLnkFile
	case linux.SIFCHR:
		return hooks.ClassChrFile
	case linux.SIFBLK:
		return hooks.ClassBlkFile
	case linux.SIFIFO:
		return hooks.ClassFifoFile
	case linux.SIFSOCK:
		return hooks.ClassSockFile
	}
	return hooks.ClassFile
}
