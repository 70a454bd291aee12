package hooks

import (
	"syscall"

	"seward/policy"
)

// GetAttributes is asked by stat and its family.
func GetAttributes(asker Asker, s *Subject, i *Inode) Verdict {
	a := ask{asker: asker}
	a.path(s, i, FileGetattr)
	return a.verdict
}

// SetAttributes is asked by chmod, chown, by utimensat with explicit times, and
// for setting or removing an access control list or file attributes.
func SetAttributes(asker Asker, s *Subject, i *Inode) Verdict {
	a := ask{asker: asker}
	a.inode(s, i, FileSetattr)
	return a.verdict
}

// Touch is asked by utimensat that sets the times to now.
func Touch(asker Asker, s *Subject, i *Inode) Verdict {
	a := ask{asker: asker}
	a.inode(s, i, FileWrite)
	return a.verdict
}

// GetXattr is asked by getxattr and listxattr of any name, and by reading an
// access control list or file attributes.
func GetXattr(asker Asker, s *Subject, i *Inode) Verdict {
	a := ask{asker: asker}
	a.inode(s, i, FileGetattr)
	return a.verdict
}

// SetXattr is asked by setxattr and removexattr of names other than
// security.selinux.
func SetXattr(asker Asker, s *Subject, i *Inode) Verdict {
	return SetAttributes(asker, s, i)
}

// RemoveLabel is asked by removexattr of security.selinux, which nobody may do:
// a label can be changed and not taken away.
func RemoveLabel() Verdict { return Verdict{Errno: syscall.EACCES} }

// Labeller is what discretionary access control says about a task that sets a
// label.
type Labeller struct {
	// Owner reports that the task owns the object or has the capability fowner.
	Owner bool
	// MacAdmin reports that the task has the capability mac_admin, before the
	// policy is asked for it.
	MacAdmin bool
}

// SetLabel is asked by setxattr of security.selinux with the text of a context,
// a final NUL removed. The verdict's SID is the new label.
func SetLabel(asker Asker, s *Subject, i *Inode, sb *Superblock, text string, dac Labeller) Labelled {
	a := ask{asker: asker}
	switch {
	case !sb.Labels:
		a.fail(syscall.EOPNOTSUPP)
	case !dac.Owner:
		a.fail(syscall.EPERM)
	default:
		a.inode(s, i, FileRelabelfrom)
	}
	if !a.allowed() {
		return Labelled{Verdict: a.verdict}
	}
	sid, ok := a.contextToSet(s, "setxattr", text, dac.MacAdmin)
	if !ok {
		return Labelled{Verdict: a.verdict}
	}
	object := Object{Kind: ObjectName, Ref: i.Ref}
	_ = a.check(Query{Source: s.SID, Target: sid, Class: i.Class, Perms: FileRelabelto}, object) &&
		a.validateTransition(i.SID, sid, i.Class, s.SID) &&
		a.associate(sid, sb, object)
	return Labelled{Verdict: a.verdict, SID: sid}
}

// contextToSet turns a text into a label, one that the policy doesn't know for
// those who may set such.
func (a *ask) contextToSet(s *Subject, op, text string, macAdmin bool) (policy.SID, bool) {
	sid, err := a.asker.SID(text)
	if err == nil {
		return sid, true
	}
	if !macAdmin || !a.allowsMacAdmin(s, false) {
		a.log(Record{Kind: RecordInvalidContext, Source: s.SID, Op: op, Text: text})
		return 0, a.fail(syscall.EINVAL)
	}
	if sid, err = a.asker.UnknownSID(text); err != nil {
		return 0, a.fail(syscall.EINVAL)
	}
	return sid, true
}

// allowsMacAdmin asks whether the policy lets the task use mac_admin, without
// failing the operation.
func (a *ask) allowsMacAdmin(s *Subject, quiet bool) bool {
	probe := ask{asker: a.asker}
	allowed := probe.capability(s.SID, CapMacAdmin, true, quiet)
	a.verdict.Records = append(a.verdict.Records, probe.verdict.Records...)
	return allowed
}

// validateTransition asks the constraints about a relabelling.
func (a *ask) validateTransition(old, updated policy.SID, class Class, task policy.SID) bool {
	if !a.allowed() {
		return false
	}
	if err := a.asker.ValidateTransition(old, updated, class, task); err != nil {
		return a.failBy(err, syscall.EPERM)
	}
	return true
}

// SeesRawLabel reports whether the text of a label is shown to the task as it is
// stored even where the policy doesn't know it; others see what it counts as.
// macAdmin is whether the task has the capability, as in Labeller. The question
// is never logged.
func SeesRawLabel(asker Asker, s *Subject, macAdmin bool) bool {
	a := ask{asker: asker}
	return macAdmin && a.allowsMacAdmin(s, true)
}

// WatchKind is what a watch is put on.
type WatchKind uint8

// Objects that can be watched.
const (
	WatchInode WatchKind = iota
	WatchMount
	WatchFilesystem
	WatchMountNamespace
)

// Watching describes a watch of inotify or fanotify.
type Watching struct {
	Kind        WatchKind
	Permissions bool // events that wait for a permission
	Reads       bool // access, access_perm, pre_access or close_nowrite
}

// Watch is asked by inotify_add_watch and fanotify_mark.
func Watch(asker Asker, s *Subject, i *Inode, sb *Superblock, w Watching) Verdict {
	a := ask{asker: asker}
	if !a.inode(s, i, FileRead) {
		return a.verdict
	}
	perms := FileWatch
	switch w.Kind {
	case WatchInode:
	case WatchMount:
		perms = FileWatchMount
	case WatchFilesystem:
		perms = FileWatchSB
		a.filesystem(s, sb, FilesystemWatch)
	case WatchMountNamespace:
		perms = FileWatchMountns
	}
	if w.Permissions {
		perms |= FileWatchWithPerm
	}
	if w.Reads {
		perms |= FileWatchReads
	}
	a.path(s, i, perms)
	return a.verdict
}
