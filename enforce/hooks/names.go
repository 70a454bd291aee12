package hooks

import (
	"syscall"

	"seward/policy"
)

// NewObjectSID computes the label of a new object of the class in dir: the
// mount's when mounted with context=, else what the task asked for with
// fscreate when the filesystem keeps labels, else that of a transition.
func NewObjectSID(asker Asker, s *Subject, dir *Inode, sb *Superblock, class Class, name string) (policy.SID, error) {
	switch {
	case sb.MountSID != 0:
		return sb.MountSID, nil
	case sb.Labels && s.FSCreate != 0:
		return s.FSCreate, nil
	}
	return asker.Transition(s.SID, dir.SID, class, name)
}

// Create is asked for making a new object called name in dir: open with O_CREAT
// and mknod (ClassFile, or the class of the mode), mkdir (ClassDir), symlink
// (ClassLnkFile), bind of a Unix socket (ClassSockFile). Making a device needs
// the capability mknod too. The verdict's SID is the label to store with the
// object in the same step.
func Create(asker Asker, s *Subject, dir *Inode, sb *Superblock, class Class, name string) Labelled {
	a := ask{asker: asker}
	entry := Object{Kind: ObjectNewName, Ref: dir.Ref, Name: name}
	if !a.inode(s, dir, FileWrite|DirSearch) || !a.check(Query{
		Source: s.SID, Target: dir.SID, Class: ClassDir, Perms: DirAddName | DirSearch,
	}, entry) {
		return Labelled{Verdict: a.verdict}
	}
	return a.create(s, dir, sb, class, name, entry)
}

// CreateUnnamed is asked by open with O_TMPFILE. Only the directory is asked
// about: the kernel doesn't ask for the making of a file that has no name, but
// OpenNew for its opening, and LinkName when it gets one.
func CreateUnnamed(asker Asker, s *Subject, dir *Inode, sb *Superblock) Labelled {
	a := ask{asker: asker}
	if !a.inode(s, dir, FileWrite|DirSearch) {
		return Labelled{Verdict: a.verdict}
	}
	sid, err := NewObjectSID(a.asker, s, dir, sb, ClassFile, "")
	if err != nil {
		a.failBy(err, syscall.EACCES)
	}
	return Labelled{Verdict: a.verdict, SID: sid}
}

func (a *ask) create(s *Subject, dir *Inode, sb *Superblock, class Class, name string, entry Object) Labelled {
	sid, err := NewObjectSID(a.asker, s, dir, sb, class, name)
	if err != nil {
		a.failBy(err, syscall.EACCES)
		return Labelled{Verdict: a.verdict}
	}
	_ = a.check(Query{Source: s.SID, Target: sid, Class: class, Perms: FileCreate}, entry) &&
		a.associate(sid, sb, entry)
	return Labelled{Verdict: a.verdict, SID: sid}
}

// associate asks whether objects labelled sid may be on the filesystem.
func (a *ask) associate(sid policy.SID, sb *Superblock, object Object) bool {
	return a.check(Query{
		Source: sid, Target: sb.SID, Class: ClassFilesystem, Perms: FilesystemAssociate,
	}, object)
}

// LinkName is asked by link(2) for giving old another name in dir.
func LinkName(asker Asker, s *Subject, dir, old *Inode) Verdict {
	a := ask{asker: asker}
	_ = a.inode(s, dir, FileWrite|DirSearch) &&
		a.dir(s, dir, DirSearch|DirAddName, old) &&
		a.inode(s, old, FileLink)
	return a.verdict
}

// UnlinkName is asked by unlink(2).
func UnlinkName(asker Asker, s *Subject, dir, victim *Inode) Verdict {
	a := ask{asker: asker}
	_ = a.inode(s, dir, FileWrite|DirSearch) &&
		a.dir(s, dir, DirSearch|DirRemoveName, victim) &&
		a.inode(s, victim, FileUnlink)
	return a.verdict
}

// RemoveDir is asked by rmdir(2).
func RemoveDir(asker Asker, s *Subject, dir, victim *Inode) Verdict {
	a := ask{asker: asker}
	_ = a.inode(s, dir, FileWrite|DirSearch) &&
		a.dir(s, dir, DirSearch|DirRemoveName, victim) &&
		a.inode(s, victim, DirRmdir)
	return a.verdict
}

// dir asks for permissions on a directory in the course of an operation on one
// of its entries, by which the record names the object.
func (a *ask) dir(s *Subject, dir *Inode, perms Perms, entry *Inode) bool {
	return a.check(
		Query{Source: s.SID, Target: dir.SID, Class: ClassDir, Perms: perms},
		Object{Kind: ObjectName, Ref: entry.Ref},
	)
}

// Renaming is what a rename moves.
type Renaming struct {
	OldDir, NewDir *Inode
	SameDir        bool // OldDir and NewDir are one directory
	Old            *Inode
	Target         *Inode // what already has the new name, nil if nothing
	NewName        string
	Exchange       bool // RENAME_EXCHANGE; needs Target
}

// RenameName is asked by rename(2) and renameat2(2).
func RenameName(asker Asker, s *Subject, r *Renaming) Verdict {
	a := ask{asker: asker}
	if !a.inode(s, r.OldDir, FileWrite|DirSearch) || !a.inode(s, r.NewDir, FileWrite|DirSearch) {
		return a.verdict
	}
	if !r.SameDir {
		// A directory that gets another parent is written to: its "..".
		if r.Old.Class == ClassDir && !a.inode(s, r.Old, FileWrite) {
			return a.verdict
		}
		if r.Exchange && r.Target.Class == ClassDir && !a.inode(s, r.Target, FileWrite) {
			return a.verdict
		}
	}
	if r.Exchange {
		back := Renaming{
			OldDir: r.NewDir, NewDir: r.OldDir, SameDir: r.SameDir, Old: r.Target, Target: r.Old,
		}
		if !a.rename(s, &back) {
			return a.verdict
		}
	}
	a.rename(s, r)
	return a.verdict
}

func (a *ask) rename(s *Subject, r *Renaming) bool {
	if !a.dir(s, r.OldDir, DirRemoveName|DirSearch, r.Old) || !a.inode(s, r.Old, FileRename) {
		return false
	}
	if r.Old.Class == ClassDir && !r.SameDir && !a.inode(s, r.Old, DirReparent) {
		return false
	}
	if r.Target == nil {
		return a.check(
			Query{Source: s.SID, Target: r.NewDir.SID, Class: ClassDir, Perms: DirAddName | DirSearch},
			Object{Kind: ObjectNewName, Ref: r.NewDir.Ref, Name: r.NewName},
		)
	}
	removal := FileUnlink
	if r.Target.Class == ClassDir {
		removal = DirRmdir
	}
	return a.dir(s, r.NewDir, DirAddName|DirSearch|DirRemoveName, r.Target) &&
		a.inode(s, r.Target, removal)
}
