package supervisor_test

import (
	"slices"
	"strings"
	"testing"

	"seward/enforce/supervisor"
	"seward/internal/oracle"
)

// script runs a script as root and compares what it prints.
func (w *world) script(t *testing.T, script, want string) *outcome {
	t.Helper()
	got := w.shell(t, t.TempDir(), "set -e\n"+script)
	if got.stdout != want || got.exit != 0 {
		t.Errorf("exit %d, got\n%s\nwant\n%s\nstderr %s\n%v", got.exit, got.stdout, want, got.stderr, got.avcs())
	}
	return got
}

func TestMountNamespace(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	w := newWorld(t, "(allow user_tmp_t self (filesystem (associate)))")
	tests := map[string]struct{ script, want string }{
		"tmpfs": {
			"mkdir m; unshare -m sh -c 'mount -t tmpfs none m; echo hi >m/f; stat -c %C m m/f; umount m; ls m'; ls m",
			"unconfined_u:object_r:tmpfs_t:s0\nunconfined_u:object_r:tmpfs_t:s0\n",
		},
		"context": {
			"mkdir m; unshare -m sh -c 'mount -t tmpfs -o size=1m,context=system_u:object_r:user_tmp_t:s0 none m; echo hi >m/f; stat -c %C m m/f; grep -c context=system_u:object_r:user_tmp_t:s0 /proc/mounts'",
			"system_u:object_r:user_tmp_t:s0\nsystem_u:object_r:user_tmp_t:s0\n1\n",
		},
		"rootcontext": {
			"mkdir m; unshare -m sh -c 'mount -t tmpfs -o rootcontext=system_u:object_r:user_tmp_t:s0 none m; stat -c %C m; touch m/f; stat -c %C m/f'",
			"system_u:object_r:user_tmp_t:s0\nunconfined_u:object_r:user_tmp_t:s0\n",
		},
		"bind": {
			"mkdir a b; echo x >a/f; unshare -m sh -c 'mount --bind a b; cat b/f; mount -o remount,bind,ro b; touch b/g 2>/dev/null || echo ro; umount b; ls b'",
			"x\nro\n",
		},
		"move":      {"mkdir a b; unshare -m sh -c 'mount -t tmpfs none a; touch a/f; mount --move a b; ls a b'", "a:\n\nb:\nf\n"},
		"recursive": {"mkdir -p a b; unshare -m sh -c 'mount -t tmpfs none a; mkdir a/c; mount -t tmpfs none a/c; touch a/c/f; mount --rbind a b; ls b/c; umount -R b; ls b'", "f\n"},
		"file":      {"echo 1 >a; echo 2 >b; unshare -m sh -c 'mount --bind a b; cat b; umount b; cat b'", "1\n2\n"},
		"cwd":       {"mkdir m; unshare -m sh -c 'mount -t tmpfs none m; cd m; umount . 2>/dev/null || echo busy; umount -l .; cd ..; ls m'", "busy\n"},
		"remount":   {"mkdir m; unshare -m sh -c 'mount -t tmpfs none m; mount -o remount,ro m; touch m/f 2>/dev/null || echo ro'", "ro\n"},
		"chroot": {
			"mkdir -p r/bin r/lib64 r/lib r/usr; unshare -m sh -c 'for d in bin lib lib64 usr; do mount --rbind /$d r/$d; done; chroot r /bin/sh -c \"cd /usr/..; ls -d /bin /../bin; echo x >/f; cat /f\"'",
			"/../bin\n/bin\nx\n",
		},
		"pivot": {
			"mkdir -p r; unshare -m sh -c 'mount -t tmpfs none r; mkdir r/bin r/lib64 r/lib r/usr r/proc r/old; for d in bin lib lib64 usr proc; do mount --rbind /$d r/$d; done; cd r; pivot_root . old; umount -l /old; cd /; ls -d /*; ls old'",
			"/bin\n/lib\n/lib64\n/old\n/proc\n/usr\n",
		},
		"labels": {
			"mkdir -p own; echo x >own/f; stat -c %C /etc/passwd own/f >before; " +
				"unshare -m sh -c 'mount --bind own /etc; stat -c %C /etc/f'; unshare -m sh -c 'mount --bind /etc own; stat -c %C own/passwd own/shadow'",
			"unconfined_u:object_r:user_tmp_t:s0\nsystem_u:object_r:etc_t:s0\nsystem_u:object_r:shadow_t:s0\n",
		},
		"selinuxfs": {"unshare -m sh -c 'cat /sys/fs/selinux/enforce; echo; cat /proc/self/attr/current; echo'", "1\nunconfined_u:unconfined_r:unconfined_t:s0-s15:c0.c1023\x00\n"},
		"nsenter": {
			"mkdir m; mkfifo q; unshare -m sh -c 'mount -t tmpfs none m; touch m/f; echo ready >p; read x <q' & " +
				"while ! test -e p; do sleep 0.05; done; nsenter -m -t $! ls $PWD/m; echo >q; wait",
			"f\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.script(t, tt.script, tt.want)
		})
	}
}

func TestPIDNamespace(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	w := newWorld(t, "")
	tests := map[string]struct{ script, want string }{
		"numbers": {"unshare --pid --fork --mount-proc sh -c 'echo $$; cat /proc/self/attr/current; echo; ls -d /proc/[0-9]*; readlink /proc/self'", "1\nunconfined_u:unconfined_r:unconfined_t:s0-s15:c0.c1023\x00\n/proc/1\n4\n"},
		"signals": {"unshare --pid --fork --mount-proc sh -c 'sleep 100 & kill $!; wait $!; echo $?; sleep 100 & kill -0 $! && echo there; kill -KILL -1; wait'", "143\nthere\n"},
		"host":    {"unshare --pid --fork sh -c 'kill -0 '$$' 2>/dev/null || echo none'", "none\n"},
		"fd":      {"unshare --pid --fork --mount-proc sh -c 'echo x >f; exec 5<f; cat /proc/self/fd/5 </dev/null 5<f; ls /proc/self/task | wc -l; head -c3 /proc/1/comm'", "x\n1\nsh\n"},
		"nested":  {"unshare --pid --fork --mount-proc unshare --pid --fork --mount-proc sh -c 'echo $$; sleep 100 & kill $!; wait $!; echo $?'", "1\n143\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.script(t, tt.script, tt.want)
		})
	}
}

// What the policy denies isn't mounted, and says so.
func TestMountDenied(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	rules := "(allow webserver_t self (capability (sys_admin)))(allow webserver_t self (process (fork)))"
	tests := map[string]struct {
		rules string
		argv  []string
		want  string
	}{
		"point":   {"", []string{"-t", "tmpfs", "none"}, "mounton dir webserver_t user_tmp_t"},
		"type":    {"(allow webserver_t user_tmp_t (dir (mounton)))", []string{"-t", "tmpfs", "none"}, "mount filesystem webserver_t tmpfs_t"},
		"context": {"(allow webserver_t user_tmp_t (dir (mounton)))", []string{"-t", "tmpfs", "-o", "context=system_u:object_r:etc_t:s0", "none"}, "relabelfrom filesystem webserver_t tmpfs_t"},
		"remount": {"", []string{"-o", "remount,ro", "/dev/shm"}, "remount filesystem webserver_t tmpfs_t"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rules+tt.rules)
			dir := t.TempDir()
			argv := append([]string{"mount"}, tt.argv...)
			if name != "remount" {
				argv = append(argv, dir)
			}
			got := w.run(t, func(c *supervisor.Config) { c.Context = "system_u:system_r:webserver_t:s0" }, argv...)
			if got.exit == 0 {
				t.Error("mounted")
			}
			if !slices.ContainsFunc(got.avcs(), func(s string) bool { return strings.HasPrefix(s, tt.want) }) {
				t.Errorf("got %v, want %s; %s", got.avcs(), tt.want, got.stderr)
			}
		})
	}
}

// The supervisor's own /proc stays what it is.
func TestMountOverProc(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	got := newWorld(t, "").shell(t, t.TempDir(),
		"mkdir p; mount -t tmpfs none /proc; mount --bind p /proc; mount --bind p /proc/self/fd; umount -l /proc; mount --move /proc p; umount -l /; ls /proc/self/status")
	if got.stdout != "/proc/self/status\n" || strings.Count(got.stderr, "\n") < 6 {
		t.Errorf("%s%s", got.stdout, got.stderr)
	}
}
