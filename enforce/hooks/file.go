package hooks

import "seward/policy"

// Access is what a caller wants to do with an object, as the bits of access(2).
type Access uint8

// Kinds of access; the values are those of R_OK and its like.
const (
	AccessExec  Access = 1
	AccessWrite Access = 2
	AccessRead  Access = 4
)

// OpenFlags are the flags of an open file that matter to policy.
type OpenFlags uint16

// Flags of open files.
const (
	OpenRead   OpenFlags = 1 << iota
	OpenWrite            // not set for access mode 3
	OpenAppend           // O_APPEND
	OpenExec             // opened by execve or for mapping a program's interpreter
	OpenIoctl            // access mode 3, which ends up neither readable nor writable
	OpenPath             // O_PATH: names an object, opens nothing
	OpenTrunc            // O_TRUNC
)

// vector is the permissions that a use of an inode of class c needs.
func (want Access) vector(c Class, appending bool) Perms {
	var p Perms
	if want&AccessRead != 0 {
		p |= FileRead
	}
	if want&AccessWrite != 0 {
		if appending && c != ClassDir {
			p |= FileAppend
		} else {
			p |= FileWrite
		}
	}
	if want&AccessExec != 0 {
		if c == ClassDir {
			p |= DirSearch
		} else {
			p |= FileExecute
		}
	}
	return p
}

// vector is the permissions that using a file opened with the flags needs. One
// that is open for neither reading nor writing counts as open for ioctl.
func (f OpenFlags) vector() Perms {
	var p Perms
	if f&OpenRead != 0 {
		p |= FileRead
	}
	if f&OpenWrite != 0 {
		if f&OpenAppend != 0 {
			p |= FileAppend
		} else {
			p |= FileWrite
		}
	}
	if p == 0 {
		p = FileIoctl
	}
	return p
}

// opening is the permissions that the path walk asks for before the open
// itself: O_APPEND asks to append whatever the access mode, and a program about
// to run is only to be executed.
func (f OpenFlags) opening(c Class) Perms {
	var want Access
	switch {
	case f&OpenExec != 0:
		want = AccessExec
	case f&OpenIoctl != 0:
		want = AccessRead | AccessWrite
	default:
		if f&OpenRead != 0 {
			want |= AccessRead
		}
		if f&(OpenWrite|OpenTrunc) != 0 {
			want |= AccessWrite
		}
	}
	p := want.vector(c, f&OpenAppend != 0)
	if f&OpenAppend != 0 && c != ClassDir {
		p |= FileAppend
	}
	return p
}

// PathStep is asked for each directory that a path is looked up in: the base of
// a relative path, every directory on the way, and the new directory of chdir,
// fchdir and chroot.
func PathStep(asker Asker, s *Subject, dir *Inode) Verdict {
	a := ask{asker: asker}
	a.inode(s, dir, DirSearch)
	return a.verdict
}

// FollowLink is asked for each symbolic link that a path goes through.
func FollowLink(asker Asker, s *Subject, link *Inode) Verdict {
	a := ask{asker: asker}
	a.inode(s, link, FileRead)
	return a.verdict
}

// Readlink is asked by readlink(2).
func Readlink(asker Asker, s *Subject, link *Inode) Verdict {
	return FollowLink(asker, s, link)
}

// Permission is the check that goes with a discretionary one: what create,
// unlink and rename ask of a directory they change (AccessWrite and
// AccessExec), and connect of the file of a Unix socket (AccessWrite).
func Permission(asker Asker, s *Subject, i *Inode, want Access) Verdict {
	a := ask{asker: asker}
	a.inode(s, i, want.vector(i.Class, false))
	return a.verdict
}

// AccessCheck is asked by access(2) and faccessat(2). want 0 is F_OK, which asks
// nothing. A denial is only logged if the policy audits audit_access as well.
func AccessCheck(asker Asker, s *Subject, i *Inode, want Access) Verdict {
	a := ask{asker: asker}
	if i.Private {
		return a.verdict
	}
	a.check(Query{
		Source: s.SID, Target: i.SID, Class: i.Class,
		Perms: want.vector(i.Class, false), AuditIf: FileAuditAccess,
	}, Object{Kind: ObjectName, Ref: i.Ref})
	return a.verdict
}

// OpenFile is asked for opening an existing object. Flags with OpenPath ask
// nothing.
func OpenFile(asker Asker, s *Subject, i *Inode, flags OpenFlags) Verdict {
	a := ask{asker: asker}
	if flags&OpenPath == 0 && a.inode(s, i, flags.opening(i.Class)) && a.open(s, i, flags) && flags&OpenTrunc != 0 {
		a.inode(s, i, FileWrite)
	}
	return a.verdict
}

// OpenNew is asked for opening a file that the same call has just created,
// after Create: what is new is opened whatever its mode.
func OpenNew(asker Asker, s *Subject, i *Inode, flags OpenFlags) Verdict {
	a := ask{asker: asker}
	if flags&OpenPath == 0 {
		a.open(s, i, flags)
	}
	return a.verdict
}

func (a *ask) open(s *Subject, i *Inode, flags OpenFlags) bool {
	perms := flags.vector()
	if a.asker.Has(policy.CapOpenPerms) && !i.Class.IsSocket() {
		perms |= FileOpen
	}
	return a.path(s, i, perms)
}

// Truncate is asked by truncate(2), which names a path.
func Truncate(asker Asker, s *Subject, i *Inode) Verdict {
	a := ask{asker: asker}
	perms := FileWrite
	if asker.Has(policy.CapOpenPerms) && !i.Class.IsSocket() {
		perms |= FileOpen
	}
	if a.inode(s, i, FileWrite) {
		a.inode(s, i, perms)
	}
	return a.verdict
}

// Ftruncate is asked by ftruncate(2), after UseFile for writing.
func Ftruncate(asker Asker, s *Subject, f *File) Verdict {
	a := ask{asker: asker}
	a.inode(s, &f.Inode, FileWrite)
	return a.verdict
}

// useDescriptor asks for the use of a description that another label opened.
func (a *ask) useDescriptor(s *Subject, f *File) bool {
	if s.SID == f.SID {
		return a.allowed()
	}
	return a.check(
		Query{Source: s.SID, Target: f.SID, Class: ClassFD, Perms: FDUse},
		Object{Kind: ObjectPath, Ref: f.Inode.Ref},
	)
}

// file asks for the use of a description and then for permissions on its inode.
func (a *ask) file(s *Subject, f *File, perms Perms) bool {
	return a.useDescriptor(s, f) && a.path(s, &f.Inode, perms)
}

// UseFile is asked for reading or writing through a description when its label,
// the inode's label or the policy changed since it was opened; see Revalidate.
func UseFile(asker Asker, s *Subject, f *File, want Access) Verdict {
	a := ask{asker: asker}
	a.file(s, f, want.vector(f.Inode.Class, f.Flags&OpenAppend != 0))
	return a.verdict
}

// Revalidate reports whether reads and writes of a description need UseFile:
// they don't while task, object and policy are those of the time it was opened.
func Revalidate(s *Subject, f *File, seqno uint32) bool {
	return s.SID != f.SID || f.Inode.SID != f.OpenedAs || f.OpenedSeqno != seqno
}

// InheritFile is asked for each open description when exec changes the label of
// a task, and by a task that receives a description (SCM_RIGHTS, pidfd_getfd).
// One that is refused at exec is replaced by the null device of selinuxfs.
func InheritFile(asker Asker, s *Subject, f *File) Verdict {
	a := ask{asker: asker}
	a.file(s, f, f.Flags.vector())
	return a.verdict
}

// InheritTerminal is asked when exec changes the label of a task with a
// controlling terminal, which is dropped if refused.
func InheritTerminal(asker Asker, s *Subject, tty *Inode) Verdict {
	a := ask{asker: asker}
	a.path(s, tty, FileRead|FileWrite)
	return a.verdict
}

// ChangeFlags is asked by fcntl(F_SETFL): clearing O_APPEND needs to write.
func ChangeFlags(asker Asker, s *Subject, f *File, appending bool) Verdict {
	a := ask{asker: asker}
	var perms Perms
	if f.Flags&OpenAppend != 0 && !appending {
		perms = FileWrite
	}
	a.file(s, f, perms)
	return a.verdict
}

// UseDescriptor is asked by fcntl commands that only look at or set up a
// description: F_GETFL, F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG and
// F_GETOWNER_UIDS. F_DUPFD, F_GETFD and F_SETFD ask nothing.
func UseDescriptor(asker Asker, s *Subject, f *File) Verdict {
	a := ask{asker: asker}
	a.useDescriptor(s, f)
	return a.verdict
}

// LockFile is asked by flock and by fcntl's record locks.
func LockFile(asker Asker, s *Subject, f *File) Verdict {
	a := ask{asker: asker}
	a.file(s, f, FileLock)
	return a.verdict
}

// Mapping says how a file is mapped.
type Mapping struct {
	Shared      bool // exactly MAP_SHARED
	Write, Exec bool // protection asked for
}

// MapFile is asked by mmap of a file.
func MapFile(asker Asker, s *Subject, f *File, m Mapping) Verdict {
	a := ask{asker: asker}
	if !a.path(s, &f.Inode, FileMap) {
		return a.verdict
	}
	if m.Exec && f.Inode.Private && !a.execmem(s) {
		return a.verdict
	}
	if m.Exec && !m.Shared && m.Write && !a.execmem(s) {
		return a.verdict
	}
	perms := FileRead
	if m.Shared && m.Write {
		perms |= FileWrite
	}
	if m.Exec {
		perms |= FileExecute
	}
	a.file(s, f, perms)
	return a.verdict
}

// MapAnonymous is asked by mmap without a file and by mprotect of such memory;
// only executable memory needs a permission.
func MapAnonymous(asker Asker, s *Subject, m Mapping) Verdict {
	a := ask{asker: asker}
	if m.Exec {
		a.execmem(s)
	}
	return a.verdict
}

// MapLow is asked for mapping below the kernel's mmap_min_addr.
func MapLow(asker Asker, s *Subject) Verdict {
	a := ask{asker: asker}
	a.check(Query{Source: s.SID, Target: s.SID, Class: ClassMemprotect, Perms: MmapZero}, Object{})
	return a.verdict
}

func (a *ask) execmem(s *Subject) bool {
	return a.check(
		Query{Source: s.SID, Target: s.SID, Class: ClassProcess, Perms: ProcessExecmem}, Object{},
	)
}

// Memory names the part of an address space that mprotect makes executable.
type Memory uint8

// Parts of an address space.
const (
	MemoryFile     Memory = iota // a file mapping that was never written
	MemoryModified               // a private file mapping with written pages
	MemoryHeap
	MemoryStack
)

// MakeExecutable is asked by mprotect that adds PROT_EXEC to memory of the kind.
// f is nil for memory without a file.
func MakeExecutable(asker Asker, s *Subject, f *File, where Memory, m Mapping) Verdict {
	a := ask{asker: asker}
	switch where {
	case MemoryHeap:
		a.check(Query{Source: s.SID, Target: s.SID, Class: ClassProcess, Perms: ProcessExecheap}, Object{})
	case MemoryStack:
		a.check(Query{Source: s.SID, Target: s.SID, Class: ClassProcess, Perms: ProcessExecstack}, Object{})
	case MemoryModified:
		if f != nil {
			a.file(s, f, FileExecmod)
		}
	case MemoryFile:
	}
	if !a.allowed() {
		return a.verdict
	}
	m.Exec = true
	var rest Verdict
	if f == nil {
		rest = MapAnonymous(asker, s, m)
	} else {
		rest = protectFile(asker, s, f, m)
	}
	a.verdict.Records = append(a.verdict.Records, rest.Records...)
	a.verdict.Errno = rest.Errno
	return a.verdict
}

// protectFile is what mprotect of a file mapping asks for: as MapFile without
// map, which was asked when it was mapped.
func protectFile(asker Asker, s *Subject, f *File, m Mapping) Verdict {
	a := ask{asker: asker}
	if !m.Shared && m.Write && !a.execmem(s) {
		return a.verdict
	}
	perms := FileRead | FileExecute
	if m.Shared && m.Write {
		perms |= FileWrite
	}
	a.file(s, f, perms)
	return a.verdict
}
