package hooks

import (
	"testing"

	"seward/policy"
)

func TestPaths(t *testing.T) {
	runHooks(t, map[string]hookTest{
		"step": {
			run:  func(a Asker) Verdict { return PathStep(a, task(), dir()) },
			want: []string{"task dir dir { search }"},
		},
		"private": {
			run: func(a Asker) Verdict { return PathStep(a, task(), &Inode{SID: sidDir, Class: ClassDir, Private: true}) },
		},
		"link": {
			run:  func(a Asker) Verdict { return FollowLink(a, task(), inode(sidFile, ClassLnkFile)) },
			want: []string{"task file lnk_file { read }"},
		},
		"readlink": {
			run:  func(a Asker) Verdict { return Readlink(a, task(), inode(sidFile, ClassLnkFile)) },
			want: []string{"task file lnk_file { read }"},
		},
		"socket file": {
			run:  func(a Asker) Verdict { return Permission(a, task(), inode(sidFile, ClassSockFile), AccessWrite) },
			want: []string{"task file sock_file { write }"},
		},
		"change of directory": {
			run:  func(a Asker) Verdict { return Permission(a, task(), dir(), AccessWrite|AccessExec|AccessRead) },
			want: []string{"task dir dir { read write search }"},
		},
		"access": {
			run:  func(a Asker) Verdict { return AccessCheck(a, task(), file(), AccessRead|AccessExec) },
			want: []string{"task file file { read execute } if audit_access"},
		},
		"access of private": {
			run: func(a Asker) Verdict { return AccessCheck(a, task(), &Inode{Private: true}, AccessRead) },
		},
		"existence": {
			run: func(a Asker) Verdict { return AccessCheck(a, task(), file(), 0) },
		},
	})
}

func TestOpen(t *testing.T) {
	open := func(i *Inode, flags OpenFlags) func(Asker) Verdict {
		return func(a Asker) Verdict { return OpenFile(a, task(), i, flags) }
	}
	perms := double{capabilities: has(policy.CapOpenPerms)}
	runHooks(t, map[string]hookTest{
		"read": {
			run: open(file(), OpenRead), double: perms,
			want: []string{"task file file { read }", "task file file { read open }"},
		},
		"read without open_perms": {
			run:  open(file(), OpenRead|OpenWrite),
			want: []string{"task file file { read write }", "task file file { read write }"},
		},
		"append": {
			run: open(file(), OpenRead|OpenWrite|OpenAppend), double: perms,
			want: []string{"task file file { read append }", "task file file { read append open }"},
		},
		"read with O_APPEND": {
			run: open(file(), OpenRead|OpenAppend), double: perms,
			want: []string{"task file file { read append }", "task file file { read open }"},
		},
		"truncate": {
			run: open(file(), OpenWrite|OpenTrunc), double: perms,
			want: []string{"task file file { write }", "task file file { write open }", "task file file { write }"},
		},
		"truncate while reading": {
			run: open(file(), OpenRead|OpenTrunc), double: perms,
			want: []string{"task file file { read write }", "task file file { read open }", "task file file { write }"},
		},
		"program": {
			run: open(file(), OpenRead|OpenExec), double: perms,
			want: []string{"task file file { execute }", "task file file { read open }"},
		},
		"directory": {
			run: open(dir(), OpenRead), double: perms,
			want: []string{"task dir dir { read }", "task dir dir { read open }"},
		},
		"access mode 3": {
			run: open(inode(sidFile, ClassChrFile), OpenIoctl), double: perms,
			want: []string{"task file chr_file { read write }", "task file chr_file { ioctl open }"},
		},
		"O_PATH": {run: open(file(), OpenPath|OpenRead), double: perms},
		"new": {
			run:    func(a Asker) Verdict { return OpenNew(a, task(), file(), OpenWrite|OpenTrunc) },
			double: perms, want: []string{"task file file { write open }"},
		},
		"new O_PATH": {run: func(a Asker) Verdict { return OpenNew(a, task(), file(), OpenPath) }},
		"truncate by path": {
			run:    func(a Asker) Verdict { return Truncate(a, task(), file()) },
			double: perms, want: []string{"task file file { write }", "task file file { write open }"},
		},
		"ftruncate": {
			run:    func(a Asker) Verdict { return Ftruncate(a, task(), opened(OpenWrite)) },
			double: perms, want: []string{"task file file { write }"},
		},
	})
}

func TestDescriptors(t *testing.T) {
	own := opened(OpenRead)
	own.SID = sidTask
	private := opened(OpenRead)
	private.Inode.Private = true
	runHooks(t, map[string]hookTest{
		"use own": {
			run:  func(a Asker) Verdict { return UseFile(a, task(), own, AccessRead) },
			want: []string{"task file file { read }"},
		},
		"append": {
			run:  func(a Asker) Verdict { return UseFile(a, task(), opened(OpenWrite|OpenAppend), AccessWrite) },
			want: []string{"task opener fd { use }", "task file file { append }"},
		},
		"inherit": {
			run:  func(a Asker) Verdict { return InheritFile(a, task(), opened(OpenRead|OpenWrite)) },
			want: []string{"task opener fd { use }", "task file file { read write }"},
		},
		"inherit O_PATH": {
			run:  func(a Asker) Verdict { return InheritFile(a, task(), opened(OpenPath)) },
			want: []string{"task opener fd { use }", "task file file { ioctl }"},
		},
		"inherit private": {
			run:  func(a Asker) Verdict { return InheritFile(a, task(), private) },
			want: []string{"task opener fd { use }"},
		},
		"terminal": {
			run:  func(a Asker) Verdict { return InheritTerminal(a, task(), inode(sidFile, ClassChrFile)) },
			want: []string{"task file chr_file { read write }"},
		},
		"clear O_APPEND": {
			run:  func(a Asker) Verdict { return ChangeFlags(a, task(), opened(OpenWrite|OpenAppend), false) },
			want: []string{"task opener fd { use }", "task file file { write }"},
		},
		"set O_APPEND": {
			run:  func(a Asker) Verdict { return ChangeFlags(a, task(), opened(OpenWrite), true) },
			want: []string{"task opener fd { use }"},
		},
		"look": {
			run:  func(a Asker) Verdict { return UseDescriptor(a, task(), opened(OpenRead)) },
			want: []string{"task opener fd { use }"},
		},
		"lock": {
			run:  func(a Asker) Verdict { return LockFile(a, task(), opened(OpenRead)) },
			want: []string{"task opener fd { use }", "task file file { lock }"},
		},
	})
	for name, tt := range map[string]struct {
		f     File
		seqno uint32
		want  bool
	}{
		"unchanged":   {File{SID: sidTask, Inode: *file(), OpenedAs: sidFile, OpenedSeqno: 3}, 3, false},
		"other label": {File{SID: sidOpener, Inode: *file(), OpenedAs: sidFile, OpenedSeqno: 3}, 3, true},
		"relabelled":  {File{SID: sidTask, Inode: *file(), OpenedAs: sidDir, OpenedSeqno: 3}, 3, true},
		"reloaded":    {File{SID: sidTask, Inode: *file(), OpenedAs: sidFile, OpenedSeqno: 3}, 4, true},
	} {
		if got := Revalidate(task(), &tt.f, tt.seqno); got != tt.want {
			t.Errorf("Revalidate %s: got %v", name, got)
		}
	}
}

func TestMemory(t *testing.T) {
	own := opened(OpenRead)
	own.SID = sidTask
	private := opened(OpenRead)
	private.Inode.Private = true
	protect := func(f *File, where Memory, m Mapping) func(Asker) Verdict {
		return func(a Asker) Verdict { return MakeExecutable(a, task(), f, where, m) }
	}
	runHooks(t, map[string]hookTest{
		"private file": {
			run:  func(a Asker) Verdict { return MapFile(a, task(), opened(OpenRead), Mapping{Write: true}) },
			want: []string{"task file file { map }", "task opener fd { use }", "task file file { read }"},
		},
		"shared program": {
			run:  func(a Asker) Verdict { return MapFile(a, task(), own, Mapping{Shared: true, Write: true, Exec: true}) },
			want: []string{"task file file { map }", "task file file { read write execute }"},
		},
		"writable program": {
			run:  func(a Asker) Verdict { return MapFile(a, task(), own, Mapping{Write: true, Exec: true}) },
			want: []string{"task file file { map }", "task task process { execmem }", "task file file { read execute }"},
		},
		"private inode": {
			run:  func(a Asker) Verdict { return MapFile(a, task(), private, Mapping{Exec: true}) },
			want: []string{"task task process { execmem }", "task opener fd { use }"},
		},
		"anonymous": {
			run:  func(a Asker) Verdict { return MapAnonymous(a, task(), Mapping{Exec: true}) },
			want: []string{"task task process { execmem }"},
		},
		"anonymous data": {run: func(a Asker) Verdict { return MapAnonymous(a, task(), Mapping{Write: true}) }},
		"low": {
			run:  func(a Asker) Verdict { return MapLow(a, task()) },
			want: []string{"task task memprotect { mmap_zero }"},
		},
		"heap": {
			run:  protect(nil, MemoryHeap, Mapping{}),
			want: []string{"task task process { execheap }", "task task process { execmem }"},
		},
		"stack": {
			run:  protect(nil, MemoryStack, Mapping{}),
			want: []string{"task task process { execstack }", "task task process { execmem }"},
		},
		"modified": {
			run:  protect(own, MemoryModified, Mapping{}),
			want: []string{"task file file { execmod }", "task file file { read execute }"},
		},
		"shared file": {
			run:  protect(own, MemoryFile, Mapping{Shared: true, Write: true}),
			want: []string{"task file file { read write execute }"},
		},
		"file, writable": {
			run:  protect(own, MemoryFile, Mapping{Write: true}),
			want: []string{"task task process { execmem }", "task file file { read execute }"},
		},
		"program by exec": {
			run:  func(a Asker) Verdict { return MapProgram(a, sidNew, sidTask, file()) },
			want: []string{"new file file { map }", "new task fd { use }", "new file file { read execute }"},
		},
	})
}

func TestIoctl(t *testing.T) {
	ioctl := func(command uint32) func(Asker) Verdict {
		return func(a Asker) Verdict { return IoctlFile(a, task(), opened(OpenRead), command) }
	}
	private := opened(OpenRead)
	private.Inode.Private = true
	runHooks(t, map[string]hookTest{
		"FIONREAD":     {run: ioctl(0x541b), want: []string{"task opener fd { use }", "task file file { getattr }"}},
		"GETFLAGS":     {run: ioctl(0x80086601), want: []string{"task opener fd { use }", "task file file { getattr }"}},
		"SETFLAGS":     {run: ioctl(0x40086602), want: []string{"task opener fd { use }", "task file file { setattr }"}},
		"FIONBIO":      {run: ioctl(0x5421), want: []string{"task opener fd { use }"}},
		"FIOCLEX":      {run: ioctl(0x5451), want: []string{"task opener fd { use }", "task file file { ioctl } 0x5451"}},
		"FIOCLEX skip": {run: ioctl(0x5451), double: double{capabilities: has(policy.CapIoctlSkipCloexec)}},
		"KDSKBENT": {
			run: ioctl(0x4b47), want: []string{"task task capability { sys_tty_config }"},
			refused: map[int]errnoT{0: eperm},
		},
		"TIOCSTI": {run: ioctl(0x12345412), want: []string{"task opener fd { use }", "task file file { ioctl } 0x5412"}},
		"private": {
			run:  func(a Asker) Verdict { return IoctlFile(a, task(), private, 0x5412) },
			want: []string{"task opener fd { use }"},
		},
		"socket": {
			run: func(a Asker) Verdict {
				return IoctlSocket(a, task(), &Socket{SID: sidFile, Class: ClassTCPSocket}, sidTask, 0x8912)
			},
			want: []string{"task file tcp_socket { ioctl } 0x8912"},
		},
	})
}
