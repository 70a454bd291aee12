package hooks

import (
	"syscall"
	"testing"

	"seward/policy"
)

func TestTasks(t *testing.T) {
	tests := map[string]hookTest{
		"fork":      {run: func(a Asker) Verdict { return Fork(a, task()) }, want: []string{"task task process { fork }"}},
		"namespace": {run: func(a Asker) Verdict { return CreateUserNamespace(a, task()) }, want: []string{"task task user_namespace { create }"}},
		"inspect":   {run: func(a Asker) Verdict { return InspectTask(a, task(), sidOther) }, want: []string{"task other file { read }"}},
		"traceme":   {run: func(a Asker) Verdict { return TraceMe(a, task(), sidTracer) }, want: []string{"tracer task process { ptrace }"}},
		"sigio":     {run: func(a Asker) Verdict { return NotifySignal(a, sidOpener, sidTask, 0) }, want: []string{"opener task process { signal }"}},
		"F_SETSIG":  {run: func(a Asker) Verdict { return NotifySignal(a, sidOpener, sidTask, 9) }, want: []string{"opener task process { sigkill }"}},
		"capget":    {run: func(a Asker) Verdict { return GetCapabilities(a, task(), sidOther) }, want: []string{"task other process { getcap }"}},
		"capset":    {run: func(a Asker) Verdict { return SetCapabilities(a, sidTask, sidTask) }, want: []string{"task task process { setcap }"}},
		"no such":   {run: func(a Asker) Verdict { return Task(a, task(), sidOther, taskOperations) }, errno: syscall.EACCES},
	}
	for op, perm := range map[TaskOperation]string{
		TaskGetAttribute: "getattr", TaskSetPgid: "setpgid", TaskGetPgid: "getpgid", TaskGetSession: "getsession",
		TaskSetScheduler: "setsched", TaskGetScheduler: "getsched", TaskSetLimit: "setrlimit",
		TaskGetLimit: "getrlimit", TaskPtrace: "ptrace",
	} {
		tests[perm] = hookTest{
			run:  func(a Asker) Verdict { return Task(a, task(), sidOther, op) },
			want: []string{"task other process { " + perm + " }"},
		}
	}
	for number, perm := range map[int]string{0: "signull", 9: "sigkill", 17: "sigchld", 19: "sigstop", 15: "signal", 64: "signal"} {
		tests["kill "+perm] = hookTest{
			run:  func(a Asker) Verdict { return Signal(a, task(), sidOther, number) },
			want: []string{"task other process { " + perm + " }"},
		}
	}
	runHooks(t, tests)
}

func TestAttributeFiles(t *testing.T) {
	write := func(attr Attribute, text string, w Writer) func(Asker) Verdict {
		return func(a Asker) Verdict { return WriteAttribute(a, task(), attr, text, w).Verdict }
	}
	runHooks(t, map[string]hookTest{
		"exec":       {run: write(AttrExec, "c", Writer{}), want: []string{"task task process { setexec }"}},
		"fscreate":   {run: write(AttrFSCreate, "c", Writer{}), want: []string{"task task process { setfscreate }"}},
		"sockcreate": {run: write(AttrSockCreate, "", Writer{}), want: []string{"task task process { setsockcreate }"}},
		"keycreate":  {run: write(AttrKeyCreate, "c", Writer{}), want: []string{"task task process { setkeycreate }", "task asked key { create }"}},
		"no key":     {run: write(AttrKeyCreate, "", Writer{}), want: []string{"task task process { setkeycreate }"}},
		"current":    {run: write(AttrCurrent, "c", Writer{}), want: []string{"task task process { setcurrent }", "task asked process { dyntransition }"}},
		"traced": {
			run: write(AttrCurrent, "c", Writer{Tracer: sidTracer}),
			want: []string{
				"task task process { setcurrent }", "task asked process { dyntransition }", "tracer asked process { ptrace }",
			},
		},
		"threads": {
			run: write(AttrCurrent, "c", Writer{Threads: true}), double: double{bounded: true},
			want: []string{"task task process { setcurrent }", "bounded task asked", "task asked process { dyntransition }"},
		},
		"threads not bounded": {
			run: write(AttrCurrent, "c", Writer{Threads: true}), errno: syscall.EPERM,
			want: []string{"task task process { setcurrent }", "bounded task asked"},
		},
		"nothing":  {run: write(AttrCurrent, "", Writer{}), errno: syscall.EINVAL, want: []string{"task task process { setcurrent }"}},
		"invalid":  {run: write(AttrExec, "bad", Writer{MacAdmin: true}), errno: syscall.EINVAL, want: []string{"task task process { setexec }"}},
		"previous": {run: write(AttrPrevious, "c", Writer{}), errno: syscall.EINVAL},
		"unknown for files": {
			run: write(AttrFSCreate, "bad", Writer{MacAdmin: true}), refused: map[int]errnoT{1: syscall.EINVAL},
			want: []string{"task task process { setfscreate }", "task task capability2 { mac_admin }"},
		},
		"read own": {run: func(a Asker) Verdict { return ReadAttribute(a, task(), sidTask, true) }},
		"read": {
			run:  func(a Asker) Verdict { return ReadAttribute(a, task(), sidOther, false) },
			want: []string{"task other process { getattr }"},
		},
	})
	s := Subject{}
	for attr := range attributeCount {
		s.SetAttribute(attr, policy.SID(attr)+1)
		if got, ok := AttributeByName(attr.String()); !ok || got != attr {
			t.Errorf("%v: found %v", attr, got)
		}
		if got := s.Attribute(attr); attr != AttrPrevious && got != policy.SID(attr)+1 {
			t.Errorf("%v: got %v", attr, got)
		}
	}
	if s.Previous != 0 || s.Attribute(attributeCount) != 0 || attributeCount.String() != "invalid" {
		t.Error("an attribute that can't be set was")
	}
	if _, ok := AttributeByName("none"); ok {
		t.Error("found an attribute called none")
	}
}

func TestExec(t *testing.T) {
	asking := &Subject{SID: sidTask, Exec: sidAsked}
	same := &Subject{SID: sidNew}
	exec := func(s *Subject, p Program) func(Asker) Verdict {
		p.File = file()
		return func(a Asker) Verdict { return Exec(a, s, &p).Verdict }
	}
	nnp := double{capabilities: has(policy.CapNNPNosuidTransition)}
	runHooks(t, map[string]hookTest{
		"transition": {
			run: exec(task(), Program{}), refused: map[int]errnoT{3: goesOn},
			want: []string{
				"new task file process", "task new process { transition }", "new file file { entrypoint }",
				"task new process { noatsecure }",
			},
		},
		"asked": {
			run: exec(asking, Program{}), refused: map[int]errnoT{2: goesOn},
			want: []string{
				"task asked process { transition }", "asked file file { entrypoint }", "task asked process { noatsecure }",
			},
		},
		"same": {
			run: func(a Asker) Verdict {
				return Exec(a, same, &Program{File: file(), NoNewPrivs: true}).Verdict
			},
			want: []string{"new new file process", "new file file { execute_no_trans }"},
		},
		"shared and traced": {
			run:     exec(task(), Program{Shared: true, Tracer: sidTracer}),
			refused: map[int]errnoT{3: eperm, 4: eperm, 5: goesOn},
			want: []string{
				"new task file process", "task new process { transition }", "new file file { entrypoint }",
				"task new process { share }", "tracer new process { ptrace }", "task new process { noatsecure }",
			},
		},
		"invalid": {
			run: exec(task(), Program{}), double: double{noTransition: true}, errno: syscall.EACCES,
			want: []string{"new task file process"},
		},
		"no_new_privs": {
			run:  exec(task(), Program{NoNewPrivs: true}),
			want: []string{"new task file process", "bounded task new", "task file file { execute_no_trans }"},
		},
		"no_new_privs, bounded": {
			run: exec(task(), Program{NoNewPrivs: true}), double: double{bounded: true}, refused: map[int]errnoT{4: goesOn},
			want: []string{
				"new task file process", "bounded task new", "task new process { transition }",
				"new file file { entrypoint }", "task new process { noatsecure }",
			},
		},
		"no_new_privs, allowed": {
			run: exec(task(), Program{NoNewPrivs: true, NoSuid: true}), double: nnp,
			refused: map[int]errnoT{1: goesOn, 4: goesOn},
			want: []string{
				"new task file process", "task new process2 { nnp_transition nosuid_transition }",
				"task new process { transition }", "new file file { entrypoint }", "task new process { noatsecure }",
			},
		},
		"asked under no_new_privs": {
			run: exec(asking, Program{NoNewPrivs: true}), errno: eperm, want: []string{"bounded task asked"},
		},
		"asked on nosuid": {
			run: exec(asking, Program{NoSuid: true}), errno: syscall.EACCES, want: []string{"bounded task asked"},
		},
	})

	d := &double{deny: []string{"task new process { noatsecure }"}}
	if x := Exec(d, task(), &Program{File: file()}); !x.Changed || !x.Secure || x.SID != sidNew {
		t.Errorf("transition: %+v", x)
	}
	d = &double{}
	if x := Exec(d, same, &Program{File: file(), NoNewPrivs: true}); x.Changed || x.Secure || x.SID != sidNew || !x.Allowed() {
		t.Errorf("no change: %+v", x)
	}
	next := task().Committed(sidNew)
	if next != (Subject{SID: sidNew, Previous: sidTask}) {
		t.Errorf("after exec: %+v", next)
	}
	d = &double{deny: []string{"task new process { siginh }"}}
	if c := Commit(d, sidTask, sidNew); c.ResetLimits || !c.ResetSignals || len(c.Records) != 1 {
		t.Errorf("commit: %+v", c)
	}
}

func TestCapable(t *testing.T) {
	capable := func(c Capability, initial bool) func(Asker) Verdict {
		return func(a Asker) Verdict { return Capable(a, task(), c, initial, false) }
	}
	all := func(query string) hookTest { return hookTest{want: []string{query}, refused: map[int]errnoT{0: eperm}} }
	tests := map[string]hookTest{
		"chown":      all("task task capability { chown }"),
		"setfcap":    all("task task capability { setfcap }"),
		"bpf":        all("task task capability2 { bpf }"),
		"net_admin":  all("task task cap_userns { net_admin }"),
		"checkpoint": all("task task cap2_userns { checkpoint_restore }"),
		"invalid":    {errno: syscall.EINVAL},
	}
	for name, c := range map[string]Capability{"chown": 0, "setfcap": 31, "bpf": 39, "net_admin": 12, "checkpoint": 40, "invalid": 41} {
		tt := tests[name]
		tt.run = capable(c, name != "net_admin" && name != "checkpoint")
		tests[name] = tt
	}
	runHooks(t, tests)
	if v := Capable(&double{deny: []string{"*"}}, task(), 0, true, true); v.Allowed() || len(v.Records) != 0 {
		t.Errorf("quiet: %+v", v)
	}
}
