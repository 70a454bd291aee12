package hooks

import (
	"syscall"
	"testing"
)

type errnoT = syscall.Errno

const eperm = syscall.EPERM

func TestCreate(t *testing.T) {
	create := func(s *Subject, sb *Superblock, class Class) func(Asker) Verdict {
		return func(a Asker) Verdict { return Create(a, s, dir(), sb, class, "x").Verdict }
	}
	asking := task()
	asking.FSCreate = sidAsked
	runHooks(t, map[string]hookTest{
		"file": {
			run: create(task(), filesystem(), ClassFile),
			want: []string{
				"task dir dir { write search }", "task dir dir { add_name search }", "new task dir file x",
				"task new file { create }", "new fs filesystem { associate }",
			},
		},
		"directory as asked": {
			run: create(asking, filesystem(), ClassDir),
			want: []string{
				"task dir dir { write search }", "task dir dir { add_name search }",
				"task asked dir { create }", "asked fs filesystem { associate }",
			},
		},
		"asked without labels": {
			run: create(asking, &Superblock{SID: sidFS}, ClassLnkFile),
			want: []string{
				"task dir dir { write search }", "task dir dir { add_name search }", "new task dir lnk_file x",
				"task new lnk_file { create }", "new fs filesystem { associate }",
			},
		},
		"on a labelled mount": {
			run: create(asking, &Superblock{SID: sidFS, MountSID: sidMount}, ClassFifoFile),
			want: []string{
				"task dir dir { write search }", "task dir dir { add_name search }",
				"task mount fifo_file { create }", "mount fs filesystem { associate }",
			},
		},
		"unnamed": {
			run:  func(a Asker) Verdict { return CreateUnnamed(a, task(), dir(), filesystem()).Verdict },
			want: []string{"task dir dir { write search }", "new task dir file"},
		},
		"invalid label": {
			run:    create(task(), filesystem(), ClassFile),
			double: double{noTransition: true}, errno: syscall.EACCES,
			want: []string{"task dir dir { write search }", "task dir dir { add_name search }", "new task dir file x"},
		},
	})
	if got := Create(&double{}, task(), dir(), filesystem(), ClassFile, "x").SID; got != sidNew {
		t.Errorf("label of a new file: %v", got)
	}
}

func TestLinkUnlink(t *testing.T) {
	runHooks(t, map[string]hookTest{
		"link": {
			run:  func(a Asker) Verdict { return LinkName(a, task(), dir(), file()) },
			want: []string{"task dir dir { write search }", "task dir dir { add_name search }", "task file file { link }"},
		},
		"unlink": {
			run:  func(a Asker) Verdict { return UnlinkName(a, task(), dir(), inode(sidFile, ClassSockFile)) },
			want: []string{"task dir dir { write search }", "task dir dir { remove_name search }", "task file sock_file { unlink }"},
		},
		"rmdir": {
			run:  func(a Asker) Verdict { return RemoveDir(a, task(), dir(), dir2()) },
			want: []string{"task dir dir { write search }", "task dir dir { remove_name search }", "task dir2 dir { rmdir }"},
		},
	})
}

func TestRename(t *testing.T) {
	rename := func(r Renaming) func(Asker) Verdict {
		return func(a Asker) Verdict { return RenameName(a, task(), &r) }
	}
	sub, sub2 := inode(sidFile, ClassDir), inode(sidFile2, ClassDir)
	runHooks(t, map[string]hookTest{
		"in place": {
			run: rename(Renaming{OldDir: dir(), NewDir: dir(), SameDir: true, Old: file(), NewName: "y"}),
			want: []string{
				"task dir dir { write search }", "task dir dir { write search }",
				"task dir dir { remove_name search }", "task file file { rename }", "task dir dir { add_name search }",
			},
		},
		"over a file": {
			run: rename(Renaming{OldDir: dir(), NewDir: dir2(), Old: file(), Target: file2()}),
			want: []string{
				"task dir dir { write search }", "task dir2 dir { write search }",
				"task dir dir { remove_name search }", "task file file { rename }",
				"task dir2 dir { add_name remove_name search }", "task file2 file { unlink }",
			},
		},
		"directory": {
			run: rename(Renaming{OldDir: dir(), NewDir: dir2(), Old: sub, Target: sub2}),
			want: []string{
				"task dir dir { write search }", "task dir2 dir { write search }", "task file dir { write }",
				"task dir dir { remove_name search }", "task file dir { rename }", "task file dir { reparent }",
				"task dir2 dir { add_name remove_name search }", "task file2 dir { rmdir }",
			},
		},
		"directory in place": {
			run: rename(Renaming{OldDir: dir(), NewDir: dir(), SameDir: true, Old: sub}),
			want: []string{
				"task dir dir { write search }", "task dir dir { write search }",
				"task dir dir { remove_name search }", "task file dir { rename }", "task dir dir { add_name search }",
			},
		},
		"exchange": {
			run: rename(Renaming{OldDir: dir(), NewDir: dir2(), Old: file(), Target: sub2, Exchange: true}),
			want: []string{
				"task dir dir { write search }", "task dir2 dir { write search }", "task file2 dir { write }",
				"task dir2 dir { remove_name search }", "task file2 dir { rename }", "task file2 dir { reparent }",
				"task dir dir { add_name remove_name search }", "task file file { unlink }",
				"task dir dir { remove_name search }", "task file file { rename }",
				"task dir2 dir { add_name remove_name search }", "task file2 dir { rmdir }",
			},
		},
	})
}

func TestAttributes(t *testing.T) {
	runHooks(t, map[string]hookTest{
		"get":      {run: func(a Asker) Verdict { return GetAttributes(a, task(), file()) }, want: []string{"task file file { getattr }"}},
		"set":      {run: func(a Asker) Verdict { return SetAttributes(a, task(), file()) }, want: []string{"task file file { setattr }"}},
		"touch":    {run: func(a Asker) Verdict { return Touch(a, task(), file()) }, want: []string{"task file file { write }"}},
		"getxattr": {run: func(a Asker) Verdict { return GetXattr(a, task(), file()) }, want: []string{"task file file { getattr }"}},
		"setxattr": {run: func(a Asker) Verdict { return SetXattr(a, task(), file()) }, want: []string{"task file file { setattr }"}},
		"remove":   {run: func(Asker) Verdict { return RemoveLabel() }, errno: syscall.EACCES},
		"watch": {
			run:  func(a Asker) Verdict { return Watch(a, task(), file(), filesystem(), Watching{Reads: true}) },
			want: []string{"task file file { read }", "task file file { watch watch_reads }"},
		},
		"watch a mount": {
			run: func(a Asker) Verdict {
				return Watch(a, task(), dir(), filesystem(), Watching{Kind: WatchMount, Permissions: true})
			},
			want: []string{"task dir dir { read }", "task dir dir { watch_mount watch_with_perm }"},
		},
		"watch a filesystem": {
			run:  func(a Asker) Verdict { return Watch(a, task(), dir(), filesystem(), Watching{Kind: WatchFilesystem}) },
			want: []string{"task dir dir { read }", "task fs filesystem { watch }", "task dir dir { watch_sb }"},
		},
		"watch mounts": {
			run: func(a Asker) Verdict {
				return Watch(a, task(), dir(), filesystem(), Watching{Kind: WatchMountNamespace})
			},
			want: []string{"task dir dir { read }", "task dir dir { watch_mountns }"},
		},
	})
}

func TestSetLabel(t *testing.T) {
	set := func(sb *Superblock, text string, dac Labeller) func(Asker) Verdict {
		return func(a Asker) Verdict { return SetLabel(a, task(), file(), sb, text, dac).Verdict }
	}
	owner := Labeller{Owner: true}
	admin := Labeller{Owner: true, MacAdmin: true}
	runHooks(t, map[string]hookTest{
		"known": {
			run: set(filesystem(), "good", owner),
			want: []string{
				"task file file { relabelfrom }", "task asked file { relabelto }",
				"validate file asked file task", "asked fs filesystem { associate }",
			},
		},
		"constrained": {
			run: set(filesystem(), "good", owner), double: double{constrained: true}, errno: syscall.EPERM,
			want: []string{"task file file { relabelfrom }", "task asked file { relabelto }", "validate file asked file task"},
		},
		"not the owner": {run: set(filesystem(), "good", Labeller{}), errno: syscall.EPERM},
		"no labels":     {run: set(&Superblock{SID: sidFS}, "good", owner), errno: syscall.EOPNOTSUPP},
		"unknown by mac_admin": {
			run: set(filesystem(), "bad", admin),
			want: []string{
				"task file file { relabelfrom }", "task task capability2 { mac_admin }", "task unknown file { relabelto }",
				"validate file unknown file task", "unknown fs filesystem { associate }",
			},
			refused: map[int]errnoT{1: syscall.EINVAL},
		},
	})
	d := &double{}
	v := SetLabel(d, task(), file(), filesystem(), "bad", owner)
	if v.Errno != syscall.EINVAL || len(v.Records) != 1 || v.Records[0].Kind != RecordInvalidContext || v.Records[0].Op != "setxattr" {
		t.Errorf("unknown context: %+v", v)
	}
	if got := SetLabel(d, task(), file(), filesystem(), "good", owner).SID; got != sidAsked {
		t.Errorf("label set: %v", got)
	}
	if SeesRawLabel(d, task(), false) || !SeesRawLabel(d, task(), true) || SeesRawLabel(&double{deny: []string{"*"}}, task(), true) {
		t.Error("SeesRawLabel doesn't follow mac_admin")
	}
}

func TestFilesystems(t *testing.T) {
	fs := filesystem()
	options := func(m MountContexts) func(Asker) Verdict {
		return func(a Asker) Verdict { _, v := MountOptions(a, task(), fs, &m); return v }
	}
	runHooks(t, map[string]hookTest{
		"statfs":     {run: func(a Asker) Verdict { return Statfs(a, task(), fs) }, want: []string{"task fs filesystem { getattr }"}},
		"quota get":  {run: func(a Asker) Verdict { return Quota(a, task(), fs, false) }, want: []string{"task fs filesystem { quotaget }"}},
		"quota set":  {run: func(a Asker) Verdict { return Quota(a, task(), fs, true) }, want: []string{"task fs filesystem { quotamod }"}},
		"quota file": {run: func(a Asker) Verdict { return QuotaFile(a, task(), file()) }, want: []string{"task file file { quotaon }"}},
		"mounton":    {run: func(a Asker) Verdict { return MountOn(a, task(), dir()) }, want: []string{"task dir dir { mounton }"}},
		"mount":      {run: func(a Asker) Verdict { return MountFilesystem(a, task(), fs) }, want: []string{"task fs filesystem { mount }"}},
		"remount":    {run: func(a Asker) Verdict { return RemountFilesystem(a, task(), fs) }, want: []string{"task fs filesystem { remount }"}},
		"umount":     {run: func(a Asker) Verdict { return Unmount(a, task(), fs) }, want: []string{"task fs filesystem { unmount }"}},
		"no options": {run: options(MountContexts{})},
		"context": {
			run:  options(MountContexts{Context: "c"}),
			want: []string{"task fs filesystem { relabelfrom }", "task asked filesystem { relabelto }"},
		},
		"fscontext and context": {
			run: options(MountContexts{FSContext: "f", Context: "c"}),
			want: []string{
				"task fs filesystem { relabelfrom }", "task asked filesystem { relabelto }",
				"task fs filesystem { relabelfrom }", "asked fs filesystem { associate }",
			},
		},
		"rootcontext and defcontext": {
			run: options(MountContexts{RootContext: "r", DefContext: "d", Native: true}),
			want: []string{
				"task fs filesystem { relabelfrom }", "asked fs filesystem { associate }",
				"task fs filesystem { relabelfrom }", "asked fs filesystem { associate }",
			},
		},
		"both defaults":         {run: options(MountContexts{Context: "c", DefContext: "d", Native: true}), errno: syscall.EINVAL},
		"defcontext not native": {run: options(MountContexts{DefContext: "d"}), errno: syscall.EINVAL},
		"foreign":               {run: options(MountContexts{Context: "c", Foreign: true}), errno: syscall.EACCES},
		"invalid":               {run: options(MountContexts{RootContext: "bad"}), errno: syscall.EINVAL},
	})
	sids, _ := MountOptions(&double{}, task(), fs, &MountContexts{Context: "c"})
	if sids != (MountSIDs{Context: sidAsked, RootContext: sidAsked}) {
		t.Errorf("context= gives %+v", sids)
	}
}
