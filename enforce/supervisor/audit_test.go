package supervisor_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seward/enforce/hooks"
	"seward/enforce/supervisor"
	"seward/internal/linux"
	"seward/internal/oracle"
)

// callsOf returns the calls that denials of a class happened in.
func callsOf(o *outcome, class hooks.Class) []*supervisor.Call {
	var calls []*supervisor.Call
	for _, e := range o.events {
		if e.Record.Kind == hooks.RecordAVC && e.Record.Class == class && e.Call != nil && !slices.Contains(calls, e.Call) {
			calls = append(calls, e.Call)
		}
	}
	return calls
}

// What is logged of a call tells how it ended and what it was about.
func TestAuditedCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	dir := t.TempDir()
	write(t, dir, "file", "x")
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	number := linux.SyscallNumber
	const eacces = -13
	type path struct {
		name string
		role supervisor.PathRole
	}
	for name, tt := range map[string]struct {
		script string
		class  hooks.Class
		number int
		exit   int64
		paths  []path
	}{
		"open":   {"cat file", hooks.ClassFile, number("openat"), eacces, []path{{"file", supervisor.PathNormal}}},
		"create": {": >sub/new", hooks.ClassDir, number("openat"), eacces, []path{{"sub/", supervisor.PathParent}, {"sub/new", supervisor.PathCreate}}},
		"remove": {"rm -f sub/../file", hooks.ClassDir, number("unlinkat"), eacces, []path{{"sub/../", supervisor.PathParent}, {"sub/../file", supervisor.PathDelete}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.run(t, func(c *supervisor.Config) {
				c.Dir = dir
				c.Context = "system_u:system_r:webserver_t:s0"
			}, "sh", "-c", tt.script+" # title")
			calls := callsOf(got, tt.class)
			if len(calls) == 0 {
				t.Fatalf("no call; %s %v", got.stderr, got.avcs())
			}
			c := calls[len(calls)-1]
			if c.Number != tt.number || !c.Done || c.Exit != tt.exit || c.Dir != dir || len(c.Paths) != len(tt.paths) {
				t.Fatalf("got %+v", c)
			}
			for i, want := range tt.paths {
				if got := c.Paths[i]; got.Name != want.name || got.Role != want.role {
					t.Errorf("path %d: %+v", i, got)
				}
			}
			if p := c.Paths[0]; !p.Found || p.Inode == 0 || p.Label == "" {
				t.Errorf("what is known of %+v", p)
			}
			if c.Subject != "system_u:system_r:webserver_t:s0" || c.Exe == "" || c.PID == 0 || c.PPID == 0 || len(c.Title) == 0 {
				t.Errorf("task %+v", c)
			}
			if last := got.events[len(got.events)-1]; !last.Last {
				t.Error("the last event isn't marked")
			}
		})
	}
}

// A call that is let pass is logged with its result.
func TestAuditedDescriptor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.server.SetEnforcing(false)
	dir := t.TempDir()
	write(t, dir, "file", "x")
	got := w.run(t, func(c *supervisor.Config) {
		c.Dir = dir
		c.Context = "system_u:system_r:webserver_t:s0"
	}, "cat", "file")
	for _, c := range callsOf(got, hooks.ClassFile) {
		if len(c.Paths) == 1 && c.Paths[0].Name == "file" && c.Number == linux.SyscallNumber("openat") {
			if !c.Done || c.Exit != 3 {
				t.Errorf("got %+v", c)
			}
			return
		}
	}
	t.Errorf("not logged: %v", got.avcs())
}

// Changes of the system are logged with who made them, whatever carries the file.
func TestAuditedChanges(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	for name, noFUSE := range map[string]bool{"fuse": false, "watched": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "")
			got := w.run(t, func(c *supervisor.Config) { c.NoFUSE = noFUSE }, "sh", "-c", "echo 0 >/sys/fs/selinux/enforce")
			i := slices.IndexFunc(got.events, func(e *supervisor.Event) bool { return e.Record.Kind == hooks.RecordChange })
			if i < 0 {
				t.Fatalf("no record; %s %v", got.stderr, got.avcs())
			}
			e := got.events[i]
			const text = "enforcing=0 old_enforcing=1 auid="
			if e.Record.Op != "MAC_STATUS" || !strings.HasPrefix(e.Record.Text, text) {
				t.Errorf("got %s %s", e.Record.Op, e.Record.Text)
			}
			if c := e.Call; c == nil || c.Number != linux.SyscallNumber("write") || c.Comm != "sh" || c.Args[2] != 2 {
				t.Errorf("call %+v", c)
			}
		})
	}
}
