package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"seward/internal/oracle"
)

// nobody is the user as whom root runs the scripts once more.
const nobody = 65534

// TestUnprivileged runs the scripts and the tutorial as a normal user, who has no
// capability, can't write labels into files and can't mount anything.
func TestUnprivileged(t *testing.T) {
	oracle.Root(t)
	// The user must be able to reach the test, which the go command keeps to
	// itself, and what it reads.
	dir, err := os.MkdirTemp("", "seward") //nolint:usetesting // the parent of t.TempDir is closed to others.
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	here := filepath.Join(dir, "cmd", "seward")
	for _, step := range []error{
		os.Chmod(dir, 0o755), //nolint:gosec // G302: others are to read it.
		os.MkdirAll(here, 0o755),
		os.CopyFS(filepath.Join(here, "testdata"), os.DirFS("testdata")),
		os.CopyFS(filepath.Join(dir, "docs"), os.DirFS("../../docs")),
		os.CopyFS(filepath.Join(dir, "basepolicy"), os.DirFS("../../basepolicy")),
		os.Mkdir(filepath.Join(dir, "tmp"), 0o700),
		os.Chown(filepath.Join(dir, "tmp"), nobody, nobody),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	test := filepath.Join(here, "seward.test")
	if err := os.WriteFile(test, binary, 0o755); err != nil { //nolint:gosec // G306: it is to be run.
		t.Fatal(err)
	}
	cmd := exec.Command(test, "-test.run=^(TestScript|TestTutorial)$", "-test.count=1")
	cmd.Dir = here
	cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Join(dir, "tmp"), "HOME="+filepath.Join(dir, "tmp"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
