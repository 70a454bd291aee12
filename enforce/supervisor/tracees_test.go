package supervisor_test

import (
	"os"
	"strings"
	"testing"

	"seward/enforce/supervisor"
	"seward/internal/oracle"
)

func debuggable(dir string) func(*supervisor.Config) {
	return func(c *supervisor.Config) { c.Dir, c.Debuggable = dir, true }
}

func TestStrace(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "strace")
	w := newWorld(t, "")
	tests := map[string]struct {
		script string
		want   []string // in what strace writes, in order
		stdout string
		exit   int
	}{
		"run":      {"strace -o out true", []string{"execve(", "exit_group(0)", "+++ exited with 0 +++"}, "", 0},
		"status":   {"strace -o out sh -c 'exit 3'", []string{"+++ exited with 3 +++"}, "", 3},
		"children": {"strace -f -o out sh -c 'cat /proc/self/attr/current | cat; echo; /bin/echo done'", []string{"unconfined_u:", "done"}, unconfined + "\x00\ndone\n", 0},
		"attach":   {"sleep 0.5 & strace -o out -p $! 2>/dev/null; wait $!; echo $?", []string{"exited with 0"}, "0\n", 0},
		"inject":   {"strace -o out -e inject=chdir:error=ENOENT sh -c 'cd / 2>/dev/null; echo $?'", []string{"INJECTED"}, "2\n", 0},
		"forks":    {"strace -f -o out sh -c '(sleep 0.1; (echo late) & ) & wait; echo end'; sleep 0.1", []string{"late"}, "end\n", 0},
		"twice":    {"for i in 1 2 3; do strace -f -o out sh -c 'true; /bin/true'; done; ls out", []string{"exited with 0"}, "out\n", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			got := w.run(t, debuggable(dir), "sh", "-c", tt.script)
			if name == "forks" {
				got.stdout = strings.Replace(got.stdout, "late\n", "", 1) // whenever that comes
			}
			if got.stdout != tt.stdout || got.exit != tt.exit {
				t.Errorf("got %d, %q, want %d, %q; %s %v", got.exit, got.stdout, tt.exit, tt.stdout, got.stderr, got.avcs())
			}
			data, err := os.ReadFile(dir + "/out")
			if err != nil {
				t.Fatal(err)
			}
			rest := string(data)
			for _, s := range tt.want {
				_, after, ok := strings.Cut(rest, s)
				if !ok {
					t.Fatalf("no %q in\n%s", s, data)
				}
				rest = after
			}
		})
	}
}

func TestGDB(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "gdb")
	w := newWorld(t, "")
	dir := t.TempDir()
	got := w.run(t, debuggable(dir), "gdb", "-q", "-nx", "-batch", "-ex", "catch syscall exit_group", "-ex", "run",
		"-ex", "info registers rip", "-ex", "continue", "--args", "/bin/echo", "debugged")
	if !strings.Contains(got.stdout, "debugged") || !strings.Contains(got.stdout, "rip") || !strings.Contains(got.stdout, "exited normally") {
		t.Errorf("got %d, %s%s %v", got.exit, got.stdout, got.stderr, got.avcs())
	}
}

// Without the option, and where the policy says no, nobody traces.
func TestPtraceDenied(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "strace")
	oracle.Need(t, "chcon")
	w := newWorld(t, "")
	got := w.shell(t, t.TempDir(), "strace -o out true 2>/dev/null; echo $?; sleep 5 & strace -o out -p $! 2>/dev/null; echo $?; kill $!")
	if want := "1\n1\n"; got.stdout != want {
		t.Errorf("got %q, want %q", got.stdout, want)
	}
	w = newWorld(t, cage("free_t (process (ptrace))"))
	stage := `cp "$(command -v strace)" cage; cp "$(readlink -f /bin/sleep)" free; chcon -t cage_exec_t cage; chcon -t free_exec_t free; `
	got = w.run(t, debuggable(t.TempDir()), "sh", "-c", stage+"./free 5 & sleep 0.2; ./cage -o out -p $! 2>/dev/null; echo $?; kill $!")
	if want := "1\n"; got.stdout != want || len(got.avcs()) == 0 || !strings.HasPrefix(got.avcs()[0], "ptrace process cage_t free_t") {
		t.Errorf("got %q, want %q; %v", got.stdout, want, got.avcs())
	}
	// One that is traced doesn't change its label.
	w = newWorld(t, cage())
	got = w.run(t, debuggable(t.TempDir()), "sh", "-c", stage+"strace -f -o out sh -c './free 0; echo $?; runcon -t free_t true 2>/dev/null; echo $?; cat /proc/self/attr/current'")
	if want := "126\n"; !strings.HasPrefix(got.stdout, want) || !strings.Contains(got.stdout, "unconfined_t") {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
}

// What a domain has lost, an exec under a debugger doesn't give back.
func TestPtraceGivesNothingBack(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	oracle.Need(t, "strace")
	oracle.Need(t, "chcon")
	w := newWorld(t, cage("self (capability (net_admin))"))
	script := `cp "$(command -v strace)" cage; chcon -t cage_exec_t cage; ./cage -o out true 2>/dev/null; echo $?`
	got := w.run(t, debuggable(t.TempDir()), "sh", "-c", script)
	if want := "1\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
	dir := t.TempDir()
	got = w.run(t, func(c *supervisor.Config) { c.Dir, c.Debuggable, c.KeepCapabilities = dir, true, true }, "sh", "-c", script)
	if want := "0\n"; got.stdout != want {
		t.Errorf("kept: got %q, want %q; %s", got.stdout, want, got.stderr)
	}
}
