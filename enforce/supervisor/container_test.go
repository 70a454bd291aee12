package supervisor_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"seward/internal/oracle"
)

// Programs that build containers, as root.

func TestBubblewrap(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	oracle.Need(t, "bwrap")
	got := newWorld(t, "").shell(t, t.TempDir(), `bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp `+
		`--unshare-pid --unshare-net --unshare-ipc --unshare-uts --die-with-parent `+
		`sh -c 'tr -d "\0" </proc/self/attr/current; echo; ls -d /proc/[0-9]*; touch /x 2>/dev/null || echo ro; cat /sys/fs/selinux/enforce; echo; ls /tmp; echo x >/tmp/f; cat /tmp/f; stat -c %C /tmp/f'`)
	want := "unconfined_u:unconfined_r:unconfined_t:s0-s15:c0.c1023\n/proc/1\n/proc/2\nro\n1\nx\nunconfined_u:object_r:tmpfs_t:s0\n"
	if got.stdout != want || got.exit != 0 {
		t.Errorf("exit %d: got\n%s\nwant\n%s\n%s%v", got.exit, got.stdout, want, got.stderr, got.avcs())
	}
}

func TestRunc(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	runc := oracle.Need(t, "runc")
	busybox := oracle.Need(t, "busybox")
	dir := t.TempDir()
	root := filepath.Join(dir, "rootfs")
	for _, d := range []string{"bin", "proc", "dev", "sys", "tmp", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "bin/sh"), data, 0o755); err != nil {
		t.Fatal(err)
	}
	bundle(t, runc, dir)
	if out, err := exec.Command(runc, "--root", t.TempDir(), "run", "-b", dir, "seward-native").CombinedOutput(); err != nil {
		t.Skipf("runc doesn't work here: %v %s", err, out)
	}
	got := newWorld(t, "").run(t, nil, runc, "--root", t.TempDir(), "run", "-b", dir, "seward-test")
	want := "1\nunconfined_u:unconfined_r:unconfined_t:s0-s15:c0.c1023\n/bin /dev /etc /proc /sys /tmp\nx\n/proc/1\n"
	if out := strings.ReplaceAll(got.stdout, "\x00", ""); out != want || got.exit != 0 {
		t.Errorf("exit %d: got\n%s\nwant\n%s\n%s%v", got.exit, out, want, got.stderr, got.avcs())
	}
}

// bundle writes the configuration of a container that runs a script.
func bundle(t *testing.T, runc, dir string) {
	t.Helper()
	spec := exec.Command(runc, "spec")
	spec.Dir = dir
	if out, err := spec.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	process := config["process"].(map[string]any)
	process["terminal"] = false
	process["args"] = []string{
		"sh", "-c",
		"echo $$; read l </proc/self/attr/current; echo $l; echo /*; echo x >/dev/shm/f; while read l; do echo $l; done </dev/shm/f; echo /proc/[0-9]*; : >/dev/null",
	}
	if data, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
