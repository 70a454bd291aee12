package speed_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"seward/enforce/supervisor"
	"seward/internal/linux"
)

// carrier is a way to run a program.
type carrier struct {
	name   string
	prefix []string
	// start is what it takes to run nothing, which isn't counted.
	start time.Duration
}

const native = "native"

// ours are the carriers without peers.
func ours(t *testing.T) []*carrier {
	t.Helper()
	seward := filepath.Join(t.TempDir(), "seward")
	build := exec.Command("go", "build", "-o", seward, "seward/cmd/seward")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build seward: %v\n%s", err, out)
	}
	return []*carrier{
		{name: native},
		{name: "full", prefix: []string{seward, "run", "--audit=none", "--"}},
		{name: "core", prefix: []string{seward, "run", "--audit=none", "--coverage=core", "--"}},
	}
}

// peers are the other programs that are here.
func peers(t *testing.T) []*carrier {
	t.Helper()
	all := []*carrier{
		// strace without -e would stop at calls that seward lets through too; this is
		// the same work.
		{name: "strace", prefix: []string{"strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=" + traced(t), "--"}},
		{name: "strace all", prefix: []string{"strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "--"}},
		{name: "proot", prefix: []string{"proot"}},
		{name: "runsc", prefix: []string{"runsc", "--platform=ptrace", "--network=none", "--ignore-cgroups", "do"}},
	}
	var here []*carrier
	for _, c := range all {
		if err := exec.Command(c.prefix[0], append(c.prefix[1:], "/bin/true")...).Run(); err != nil {
			t.Logf("%s is left out: %v", c.name, err)
			continue
		}
		here = append(here, c)
	}
	return here
}

// traced are the calls that seward mediates and strace knows.
func traced(t *testing.T) string {
	t.Helper()
	mediated, _, _ := supervisor.Calls()
	var known []string
	for _, name := range mediated {
		if name != "afs_syscall" && !partial[name] {
			known = append(known, "?"+name)
		}
	}
	return strings.Join(known, ",")
}

// partial are calls that the filter lets through but for some arguments.
var partial = map[string]bool{
	"write": true, "mmap": true, "mprotect": true, "fcntl": true, "ioctl": true, "clone": true, "prctl": true,
	"close_range": true, "brk": true, "read": true, "dup": true, "dup2": true, "close": true,
}

// clockEnv says what a program has taken: if "cpu", processor time of it and of all
// that it waited for, which other work on the machine changes less than the
// time that passed. What runsc's sandbox takes isn't in it.
const clockEnv = "SEWARD_SPEED_CLOCK"

// run runs a program in dir and returns what it printed and how long it took.
func (c *carrier) run(t *testing.T, dir string, argv ...string) (string, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	words := append(append([]string{}, c.prefix...), argv...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		t.Logf("%s: %q: %v\n%s", c.name, argv, err, errs.String())
		return "", 0
	}
	took := time.Since(begin)
	if os.Getenv(clockEnv) == "cpu" {
		took = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return out.String(), took
}

// needSupervisor skips where no program can be supervised.
func needSupervisor(t *testing.T) {
	t.Helper()
	if !linux.Supported {
		t.Skip("programs can't be supervised on this architecture")
	}
	if err := linux.CheckNotifications(); err != nil {
		t.Skipf("seccomp notifications: %v", err)
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to build seward with")
	}
}

// peak follows the memory of a process until stopped and returns the most that it
// had, in kilobytes.
func peak(pid int, stop <-chan struct{}) <-chan int {
	result := make(chan int, 1)
	go func() {
		most := 0
		for {
			data, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
			if _, rest, ok := strings.Cut(string(data), "VmHWM:"); ok {
				if f := strings.Fields(rest); len(f) > 0 {
					n, _ := strconv.Atoi(f[0])
					most = max(most, n)
				}
			}
			select {
			case <-stop:
				result <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return result
}
