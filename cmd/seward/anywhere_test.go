package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seward/internal/oracle"
)

// Programs are supervised wherever a process may filter and trace its children.

// inside is what a run shows of itself: its context, its mode, and that what the
// domain may not do is refused.
const inside = `cat /proc/self/attr/current | tr '\0' '\n'; cat /sys/fs/selinux/enforce; echo; cat /secret 2>/dev/null && echo read`

const shown = "system_u:system_r:webserver_t:s0\n1\n"

// binary builds seward without what it would load at run time.
func binary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seward")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("go build: %v\n%s", err, out)
	}
	return path
}

// bundle makes a root directory with a shell and seward in it.
func bundle(t *testing.T) string {
	t.Helper()
	busybox := oracle.Need(t, "busybox")
	dir := t.TempDir()
	for _, d := range []string{"bin", "dev", "etc", "proc", "sys", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, "rootfs", d), 0o755); err != nil { //nolint:gosec // G301: for everybody in it.
			t.Fatal(err)
		}
	}
	root := filepath.Join(dir, "rootfs")
	run(t, "cp", "-L", busybox, filepath.Join(root, "bin", "busybox"))
	run(t, "cp", binary(t), filepath.Join(root, "bin", "seward"))
	for _, name := range []string{"sh", "cat", "tr", "echo"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "secret"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// profileFile is the profile of seccomp that containers get by default, in the
// format of Docker's; the package golang-github-containers-common has it.
const profileFile = "/usr/share/containers/seccomp.json"

// rule is one of the profile's; what is empty doesn't matter.
type rule struct {
	Names    []string        `json:"names"`
	Action   string          `json:"action"`
	Args     json.RawMessage `json:"args,omitempty"`
	ErrnoRet *int            `json:"errnoRet,omitempty"`
	Includes *presence       `json:"includes,omitempty"`
	Excludes *presence       `json:"excludes,omitempty"`
}

type presence struct {
	Caps   []string `json:"caps"`
	Arches []string `json:"arches"`
}

// TestContainer runs seward in a container as Docker would make it: its
// capabilities, its profile, and without pidfd_getfd, which that profile gives to
// holders of sys_ptrace only.
func TestContainer(t *testing.T) {
	oracle.Root(t)
	runc := oracle.Need(t, "runc")
	profile, err := os.ReadFile(oracle.NeedFile(t, profileFile))
	if err != nil {
		t.Fatal(err)
	}
	dir := bundle(t)
	spec := exec.Command(runc, "spec")
	spec.Dir = dir
	if out, err := spec.CombinedOutput(); err != nil {
		t.Skipf("runc spec: %v\n%s", err, out)
	}
	configure(t, filepath.Join(dir, "config.json"), profile)
	cmd := exec.Command(runc, "run", "seward-test-"+filepath.Base(filepath.Dir(dir)))
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	if strings.Contains(stderr.String(), "runc run failed") || strings.Contains(stderr.String(), "container_linux") {
		t.Skipf("no container can be run here: %s", stderr.String())
	}
	if string(got) != shown || !strings.Contains(stderr.String(), "avc:  denied") {
		t.Errorf("got %v %q, want %q\n%s", err, got, shown, stderr.String())
	}
}

// configure gives a container Docker's capabilities and profile.
func configure(t *testing.T, config string, profile []byte) {
	t.Helper()
	caps := strings.Fields("CAP_CHOWN CAP_DAC_OVERRIDE CAP_FSETID CAP_FOWNER CAP_MKNOD CAP_NET_RAW CAP_SETGID CAP_SETUID " +
		"CAP_SETFCAP CAP_SETPCAP CAP_NET_BIND_SERVICE CAP_SYS_CHROOT CAP_KILL CAP_AUDIT_WRITE")
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	var spec, rules map[string]any
	if err := errors.Join(json.Unmarshal(data, &spec), json.Unmarshal(profile, &rules)); err != nil {
		t.Fatal(err)
	}
	process, linux := spec["process"].(map[string]any), spec["linux"].(map[string]any)
	process["terminal"] = false
	process["args"] = []string{"/bin/seward", "run", "--type", "webserver_t", "--", "/bin/sh", "-c", inside}
	process["capabilities"] = map[string]any{"bounding": caps, "effective": caps, "permitted": caps}
	spec["root"] = map[string]any{"path": "rootfs", "readonly": false}
	seccomp := map[string]any{
		"defaultAction": rules["defaultAction"], "defaultErrnoRet": 1,
		"architectures": []string{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"},
		"syscalls":      dockers(t, profile, caps),
	}
	linux["seccomp"] = seccomp
	if data, err = json.Marshal(spec); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// dockers returns the rules that hold for a container with these capabilities.
func dockers(t *testing.T, profile []byte, caps []string) []rule {
	t.Helper()
	var all struct {
		Syscalls []rule `json:"syscalls"`
	}
	if err := json.Unmarshal(profile, &all); err != nil {
		t.Fatal(err)
	}
	granted := func(c string) bool { return slices.Contains(caps, c) }
	var list []rule
	for _, r := range all.Syscalls {
		in, out := r.Includes, r.Excludes
		if in != nil && (slices.ContainsFunc(in.Caps, func(c string) bool { return !granted(c) }) ||
			len(in.Arches) > 0 && !slices.Contains(in.Arches, "amd64")) {
			continue
		}
		if out != nil && (slices.ContainsFunc(out.Caps, granted) || slices.Contains(out.Arches, "amd64")) {
			continue
		}
		r.Includes, r.Excludes = nil, nil
		r.Names = slices.DeleteFunc(r.Names, func(name string) bool {
			return name == "pidfd_getfd" || name == "kcmp" || name == "process_madvise"
		})
		if string(r.Args) == "[]" || string(r.Args) == "null" {
			r.Args = nil
		}
		if len(r.Names) > 0 {
			list = append(list, r)
		}
	}
	return list
}

// TestBubblewrap runs seward in a sandbox with namespaces of its own, as root and
// as a user without privileges.
func TestBubblewrap(t *testing.T) {
	bwrap := oracle.Need(t, "bwrap")
	dir := bundle(t)
	args := []string{
		"--bind", filepath.Join(dir, "rootfs"), "/", "--unshare-all", "--proc", "/proc", "--dev", "/dev", "--ro-bind", "/sys", "/sys",
		"/bin/seward", "run", "--type", "webserver_t", "--", "/bin/sh", "-c", inside,
	}
	cmd := exec.Command(bwrap, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	if strings.HasPrefix(stderr.String(), "bwrap:") {
		t.Skipf("no sandbox can be made here: %s", stderr.String())
	}
	if string(got) != shown || !strings.Contains(stderr.String(), "avc:  denied") {
		t.Errorf("got %v %q, want %q\n%s", err, got, shown, stderr.String())
	}
}

// TestNested asks for supervision under supervision, which is refused and says so.
func TestNested(t *testing.T) {
	seward := binary(t)
	cmd := exec.Command(seward, "run", "--", seward, "run", "--", "true")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "programs may not be supervised here") {
		t.Skipf("%s", out)
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 125 || !strings.Contains(string(out), "can't be done twice") {
		t.Errorf("got %v %s", err, out)
	}
}
