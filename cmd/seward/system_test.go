package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/internal/oracle"
)

// An unmodified Debian runs its services in their domains, under its own policy:
// SEWARD_SYSTEM names a directory that holds one, as .ci/system-image makes it.
func TestSystem(t *testing.T) {
	image := os.Getenv("SEWARD_SYSTEM")
	if image == "" {
		t.Skip("SEWARD_SYSTEM is not set: make system")
	}
	oracle.Root(t)
	root := filepath.Join(t.TempDir(), "root")
	run(t, "cp", "-a", "--reflink=auto", image, root)
	script, err := os.ReadFile("testdata/system/services.sh")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "root", "services.sh"), script, 0o600); err != nil {
		t.Fatal(err)
	}
	const expected = "testdata/system/services.want"
	want, err := os.ReadFile(expected)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "audit.log")
	seward, err := exec.LookPath("seward") // the test itself, by testscript.Main
	if err != nil {
		t.Skip(err)
	}
	// A network of its own: ports are free, and nobody else comes by.
	cmd := exec.Command("unshare", "--net", "sh", "-c", `ip link set lo up && exec "$@"`, "sh",
		seward, "run", "--root", root, "--mode", "enforcing", "--context", "system_u:system_r:initrc_t:s0",
		"--audit", log, "--", "/bin/sh", "/root/services.sh")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	if err != nil {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	if os.Getenv("SEWARD_UPDATE") != "" {
		if err := os.WriteFile(expected, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("not as on a machine with SELinux (-want +got):\n%s", diff)
	}
	records, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for line := range strings.Lines(string(records)) {
		if !strings.Contains(line, "avc:  denied") {
			continue
		}
		if strings.Contains(line, "httpd_t") && strings.Contains(line, "shadow_t") {
			found = true
			continue
		}
		t.Logf("denied beside what was meant to be: %s", strings.TrimSpace(line))
	}
	if !found {
		t.Error("no record of what the web server was denied")
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
