package hooks

import (
	"syscall"

	"seward/policy"
)

// filesystem asks for permissions on a superblock.
func (a *ask) filesystem(s *Subject, sb *Superblock, perms Perms) bool {
	return a.check(
		Query{Source: s.SID, Target: sb.SID, Class: ClassFilesystem, Perms: perms},
		Object{Kind: ObjectFilesystem, Ref: sb.Ref},
	)
}

// Statfs is asked by statfs and its family.
func Statfs(asker Asker, s *Subject, sb *Superblock) Verdict {
	a := ask{asker: asker}
	a.filesystem(s, sb, FilesystemGetattr)
	return a.verdict
}

// Quota is asked by quotactl: reading, or changing (which includes switching
// quotas on and off).
func Quota(asker Asker, s *Subject, sb *Superblock, change bool) Verdict {
	a := ask{asker: asker}
	perms := FilesystemQuotaget
	if change {
		perms = FilesystemQuotamod
	}
	a.filesystem(s, sb, perms)
	return a.verdict
}

// QuotaFile is asked for the file that quotaon names.
func QuotaFile(asker Asker, s *Subject, i *Inode) Verdict {
	a := ask{asker: asker}
	a.inode(s, i, FileQuotaon)
	return a.verdict
}

// MountOn is asked for the mount point of mount, of a bind mount and of
// move_mount.
func MountOn(asker Asker, s *Subject, point *Inode) Verdict {
	a := ask{asker: asker}
	a.path(s, point, FileMounton)
	return a.verdict
}

// MountFilesystem is asked for the superblock of a new mount.
func MountFilesystem(asker Asker, s *Subject, sb *Superblock) Verdict {
	a := ask{asker: asker}
	a.filesystem(s, sb, FilesystemMount)
	return a.verdict
}

// RemountFilesystem is asked by a mount that changes options of a mounted
// filesystem.
func RemountFilesystem(asker Asker, s *Subject, sb *Superblock) Verdict {
	a := ask{asker: asker}
	a.filesystem(s, sb, FilesystemRemount)
	return a.verdict
}

// Unmount is asked by umount.
func Unmount(asker Asker, s *Subject, sb *Superblock) Verdict {
	a := ask{asker: asker}
	a.filesystem(s, sb, FilesystemUnmount)
	return a.verdict
}

// MountContexts are the label options of a mount as texts; empty where not
// given.
type MountContexts struct {
	Context, FSContext, RootContext, DefContext string
	// Native reports that the filesystem stores labels itself, as defcontext=
	// needs.
	Native bool
	// Foreign reports a mount from a user namespace of a filesystem that may not
	// be given contexts there: every type but tmpfs, ramfs, devpts and overlay.
	Foreign bool
}

// Any reports whether an option is given.
func (m *MountContexts) Any() bool {
	return m.Context != "" || m.FSContext != "" || m.RootContext != "" || m.DefContext != ""
}

// MountSIDs are the labels that mount options ask for; zero where not given.
type MountSIDs struct {
	Context, FSContext, RootContext, DefContext policy.SID
}

// MountOptions is asked for the label options of a new mount and returns the
// labels that they ask for.
func MountOptions(asker Asker, s *Subject, sb *Superblock, m *MountContexts) (MountSIDs, Verdict) {
	a := ask{asker: asker}
	var sids MountSIDs
	switch {
	case !m.Any():
		return sids, a.verdict
	case m.Foreign:
		a.fail(syscall.EACCES)
	case m.Context != "" && m.DefContext != "", m.DefContext != "" && !m.Native:
		a.fail(syscall.EINVAL)
	}
	for _, option := range []struct {
		text string
		sid  *policy.SID
	}{
		{m.FSContext, &sids.FSContext},
		{m.Context, &sids.Context},
		{m.RootContext, &sids.RootContext},
		{m.DefContext, &sids.DefContext},
	} {
		if option.text == "" || !a.allowed() {
			continue
		}
		sid, err := asker.SID(option.text)
		if err != nil {
			a.fail(syscall.EINVAL)
		}
		*option.sid = sid
	}
	if a.allowed() {
		a.mountOptions(s, sb, &sids)
	}
	if !a.allowed() {
		return MountSIDs{}, a.verdict
	}
	if sids.Context != 0 && sids.RootContext == 0 {
		sids.RootContext = sids.Context
	}
	return sids, a.verdict
}

func (a *ask) mountOptions(s *Subject, sb *Superblock, sids *MountSIDs) {
	if sids.FSContext != 0 {
		a.relabelFilesystem(s, sb, sids.FSContext)
	}
	if sids.Context != 0 {
		if sids.FSContext == 0 {
			a.relabelFilesystem(s, sb, sids.Context)
		} else {
			a.relabelObjects(s, sb, sids.Context)
		}
	}
	if sids.RootContext != 0 {
		a.relabelObjects(s, sb, sids.RootContext)
	}
	if sids.DefContext != 0 {
		a.relabelObjects(s, sb, sids.DefContext)
	}
}

// relabelFilesystem asks for giving the superblock itself another label.
func (a *ask) relabelFilesystem(s *Subject, sb *Superblock, sid policy.SID) {
	_ = a.check(Query{Source: s.SID, Target: sb.SID, Class: ClassFilesystem, Perms: FilesystemRelabelfrom}, Object{}) &&
		a.check(Query{Source: s.SID, Target: sid, Class: ClassFilesystem, Perms: FilesystemRelabelto}, Object{})
}

// relabelObjects asks for giving objects of the filesystem a label by option.
func (a *ask) relabelObjects(s *Subject, sb *Superblock, sid policy.SID) {
	_ = a.check(Query{Source: s.SID, Target: sb.SID, Class: ClassFilesystem, Perms: FilesystemRelabelfrom}, Object{}) &&
		a.associate(sid, sb, Object{})
}
