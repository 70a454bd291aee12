package hooks

import (
	"syscall"
	"testing"

	"seward/policy"
)

func TestIPC(t *testing.T) {
	queue := &IPCObject{SID: sidFile, Class: ClassMsgq, Key: 5}
	tests := map[string]hookTest{
		"info": {run: func(a Asker) Verdict { return IPCInfo(a, task()) }, want: []string{"task kernel system { ipc_info }"}},
		"send": {
			run: func(a Asker) Verdict { return SendMessage(a, task(), queue, 0).Verdict },
			want: []string{
				"new task file msg", "task file msgq { write }", "task new msg { send }", "new file msgq { enqueue }",
			},
		},
		"send again": {
			run:  func(a Asker) Verdict { return SendMessage(a, task(), queue, sidOther).Verdict },
			want: []string{"task file msgq { write }", "task other msg { send }", "other file msgq { enqueue }"},
		},
		"send invalid": {
			run:    func(a Asker) Verdict { return SendMessage(a, task(), queue, 0).Verdict },
			double: double{noTransition: true}, errno: syscall.EACCES, want: []string{"new task file msg"},
		},
		"receive": {
			run:  func(a Asker) Verdict { return ReceiveMessage(a, task(), queue, sidOther) },
			want: []string{"task file msgq { read }", "task other msg { receive }"},
		},
		"no such": {run: func(a Asker) Verdict { return IPC(a, task(), queue, ipcOperations) }, errno: syscall.EACCES},
		"mode": {
			run:  func(a Asker) Verdict { return IPCMode(a, task(), queue, true, true) },
			want: []string{"task file msgq { unix_read unix_write }"},
		},
		"no mode": {run: func(a Asker) Verdict { return IPCMode(a, task(), queue, false, false) }},
		"key": {
			run:  func(a Asker) Verdict { return Key(a, task(), sidFile, KeySearch|KeyLink, 1) },
			want: []string{"task file key { search link }"},
		},
	}
	for op, perms := range map[IPCOperation]string{
		IPCOpCreate: "create", IPCOpAssociate: "associate", IPCOpStat: "getattr associate", IPCOpSet: "setattr",
		IPCOpRemove: "destroy", IPCOpLock: "lock", IPCOpAttach: "read write", IPCOpAttachReadOnly: "read",
		IPCOpAlter: "read write", IPCOpWait: "read", IPCOpGetValues: "read", IPCOpSetValues: "write",
		IPCOpCount: "getattr",
	} {
		tests["shm "+perms+string(rune('a'+op))] = hookTest{
			run:  func(a Asker) Verdict { return IPC(a, task(), &IPCObject{SID: sidFile, Class: ClassShm}, op) },
			want: []string{"task file shm { " + perms + " }"},
		}
	}
	runHooks(t, tests)
	if (&Subject{SID: sidTask}).NewKeySID() != sidTask || (&Subject{SID: sidTask, KeyCreate: sidAsked}).NewKeySID() != sidAsked {
		t.Error("label of a new key")
	}
}

func TestSystem(t *testing.T) {
	own := opened(OpenRead)
	own.SID = sidTask
	tests := map[string]hookTest{
		"request": {run: func(a Asker) Verdict { return RequestModule(a, task(), "x") }, want: []string{"task kernel system { module_request }"}},
		"load from memory": {
			run:  func(a Asker) Verdict { return LoadKernelFile(a, task(), nil, SystemModuleLoad) },
			want: []string{"task task system { module_load }"},
		},
		"load": {
			run:  func(a Asker) Verdict { return LoadKernelFile(a, task(), opened(OpenRead), SystemModuleLoad) },
			want: []string{"task opener fd { use }", "task file system { module_load }"},
		},
		"bpf":      {run: func(a Asker) Verdict { return BPF(a, task(), sidFile, BPFMapRead|BPFMapWrite) }, want: []string{"task file bpf { map_read map_write }"}},
		"perf":     {run: func(a Asker) Verdict { return PerfOpenEvent(a, task(), PerfOpen|PerfKernel) }, want: []string{"task task perf_event { open }", "task task perf_event { kernel }"}},
		"perf use": {run: func(a Asker) Verdict { return PerfUse(a, task(), sidFile, PerfRead) }, want: []string{"task file perf_event { read }"}},
		"io_uring": {run: func(a Asker) Verdict { return IOUringSetup(a, task(), false) }, want: []string{"task task io_uring { allowed }"}},
		"sqpoll": {
			run:  func(a Asker) Verdict { return IOUringSetup(a, task(), true) },
			want: []string{"task task io_uring { allowed }", "task task io_uring { sqpoll }"},
		},
		"anonymous": {
			run:  func(a Asker) Verdict { return AnonymousInode(a, task(), "[userfaultfd]", nil).Verdict },
			want: []string{"new task task anon_inode [userfaultfd]", "task new anon_inode { create }"},
		},
		"anonymous copy": {
			run: func(a Asker) Verdict {
				return AnonymousInode(a, task(), "[userfaultfd]", inode(sidFile, ClassAnonInode)).Verdict
			},
			want: []string{"task file anon_inode { create }"},
		},
		"anonymous invalid": {
			run:    func(a Asker) Verdict { return AnonymousInode(a, task(), "x", nil).Verdict },
			double: double{noTransition: true}, errno: syscall.EACCES, want: []string{"new task task anon_inode x"},
		},
		"memfd": {run: func(a Asker) Verdict { return MemfdCreate(a, task()).Verdict }},
		"memfd class": {
			run:    func(a Asker) Verdict { return MemfdCreate(a, task()).Verdict },
			double: double{capabilities: has(policy.CapMemfdClass)},
			want:   []string{"new task task memfd_file [memfd]", "task new memfd_file { create }"},
		},
		"security": {run: func(a Asker) Verdict { return Security(a, task(), SecuritySetbool) }, want: []string{"task security security { setbool }"}},
	}
	for action, perm := range map[int]string{
		0: "syslog_mod", 3: "syslog_read", 10: "syslog_read", 6: "syslog_console", 7: "syslog_console", 8: "syslog_console", 5: "syslog_mod",
	} {
		tests["syslog "+string(rune('a'+action))] = hookTest{
			run:  func(a Asker) Verdict { return Syslog(a, task(), action) },
			want: []string{"task kernel system { " + perm + " }"},
		}
	}
	runHooks(t, tests)
	for kind, want := range map[string]Perms{"module": SystemModuleLoad, "security-policy": SystemPolicyLoad, "none": 0} {
		if got, ok := LoadPermission(kind); got != want || ok != (want != 0) {
			t.Errorf("%s: got %v", kind, got)
		}
	}
}
