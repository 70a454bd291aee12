package supervisor_test

import (
	"os"
	"path/filepath"
	"testing"

	"seward/enforce/supervisor"
	"seward/internal/oracle"
)

// The supervisor is out of reach of what it supervises, even of what the policy
// allows everything.
func TestSupervisorIsOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	// The program's parent is the test itself.
	tests := map[string]struct{ script, want string }{
		"kill":     {`kill -9 $PPID 2>/dev/null; echo $?; kill -STOP $PPID 2>/dev/null; echo $?`, "1\n1\n"},
		"threads":  {`cd /proc/$PPID/task; for t in *; do kill -9 $t 2>/dev/null && echo $t; done; echo end`, "end\n"},
		"memory":   {`for f in mem environ maps auxv fdinfo fd/0 cwd/ root/ exe ns map_files; do head -c1 /proc/$PPID/$f >/dev/null 2>&1 && echo $f; ls -d /proc/$PPID/$f/. >/dev/null 2>&1 && echo $f; done; echo end`, "end\n"},
		"links":    {`readlink /proc/$PPID/exe /proc/$PPID/cwd; echo $?`, "1\n"},
		"relative": {`cd /proc/$PPID 2>/dev/null; cat environ 2>/dev/null | head -c1; echo $?; cat /proc/self/../$PPID/environ 2>/dev/null | head -c1; cd /; cat proc/$PPID/task/$PPID/environ 2>/dev/null; echo $?`, "0\n1\n"},
		"limits":   {`prlimit --pid $PPID --nofile=1 2>/dev/null; echo $?`, "1\n"},
		"priority": {`renice 19 -p $PPID 2>/dev/null >&2; echo $?; taskset -p 1 $PPID 2>/dev/null >&2; echo $?`, "1\n1\n"},
		"seen":     {`ps -o pid= -p $PPID | wc -l; test -r /proc/$PPID/stat; echo $?`, "1\n0\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "limits" {
				oracle.Need(t, "prlimit")
			}
			got := w.shell(t, t.TempDir(), tt.script)
			if got.stdout != tt.want {
				t.Errorf("got %q, want %q; %s", got.stdout, tt.want, got.stderr)
			}
		})
	}
}

// Its directory is closed, and what is made up can't be changed.
func TestStateIsOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	state := filepath.Join(t.TempDir(), "state")
	got := w.run(t, func(c *supervisor.Config) { c.StateDir = state }, "sh", "-c",
		"ls "+state+" 2>/dev/null; echo $?; cat "+state+"/labels 2>/dev/null; echo $?; rm -rf "+state+" 2>/dev/null; "+
			"mv "+state+" "+state+"2 2>/dev/null; echo $?; cd "+state+" 2>/dev/null; echo $?; (echo x >/sys/fs/selinux/mls) 2>/dev/null && echo written; echo 1; "+
			"rm -f /sys/fs/selinux/enforce 2>/dev/null; mkdir /sys/fs/selinux/x 2>/dev/null; echo $?; mv /proc/self/attr /tmp 2>/dev/null; echo $?")
	if want := "2\n1\n1\n2\n1\n1\n1\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
	if _, err := os.Stat(filepath.Join(state, "labels")); err != nil {
		t.Error(err)
	}
}
