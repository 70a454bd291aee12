package supervisor_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"seward/enforce/supervisor"
	"seward/internal/linux"
	"seward/internal/oracle"
)

func init() {
	// Have more calls wait than there are threads to answer them.
	helpers["hog"] = func(args []string) int {
		for range 1100 {
			go func() { _, _ = syscall.Open(args[0], syscall.O_RDONLY, 0) }()
		}
		time.Sleep(4 * time.Minute)
		return 0
	}
	// Open a file that only root may, as another user, while a thread of the same
	// process becomes root and ceases to be.
	helpers["sibling"] = func(args []string) int {
		const other = 65534
		become := func(real, effective, saved int) {
			_, _, _ = syscall.RawSyscall(syscall.SYS_SETRESUID, uintptr(real), uintptr(effective), uintptr(saved))
		}
		started := make(chan bool)
		onThread(func() {
			close(started)
			for i := 0; ; i++ {
				become(-1, i%2*other, 0)
			}
		})
		<-started
		result := make(chan int)
		onThread(func() {
			become(other, other, other)
			name, tries := linux.MakeName(args[0]), 0
			for end := time.Now().Add(raceTime); time.Now().Before(end); tries++ {
				if fd, err := linux.Openat(linux.AtFDCwd, name, linux.ORdonly, 0); err == nil {
					fmt.Println("opened", fd)
					result <- 1
				}
			}
			fmt.Fprintln(os.Stderr, "tries", tries)
			result <- 0
		})
		return <-result
	}
	// Make calls by other entries of the kernel, and those that would go around.
	helpers["entries"] = func([]string) int {
		const x32 = 1 << 30
		path := linux.MakeName("secret")
		name := linux.Address(&path[0])
		params := make([]byte, 256)
		p := linux.Address(&params[0])
		fd := -100
		at := uintptr(fd) //nolint:gosec // G115: AT_FDCWD as the kernel takes it.
		calls := map[string][]uintptr{
			"x32 open":         {x32 | 2, name, 0, 0},
			"x32 openat":       {x32 | 257, at, name, 0},
			"x32 execve":       {x32 | 520, name, 0, 0},
			"io_uring_setup":   {425, 8, p, 0},
			"io_uring_enter":   {426, 0, 1, 0},
			"userfaultfd":      {323, 1, 0, 0},
			"clone3":           {435, p, 88, 0},
			"uselib":           {134, name, 0, 0},
			"open_tree":        {428, at, name, 0},
			"beyond the table": {5000, name, 0, 0},
		}
		tries := 0
		for end := time.Now().Add(raceTime); time.Now().Before(end); {
			for what, c := range calls {
				tries++
				if n, _, e := syscall.RawSyscall(c[0], c[1], c[2], c[3]); e == 0 {
					fmt.Println(what, "returned", n)
					return 1
				}
			}
		}
		fmt.Fprintln(os.Stderr, "tries", tries)
		return 0
	}
	helpers["churn"] = func(args []string) int {
		dir, err := os.MkdirTemp(args[0], "")
		if err != nil {
			return 1
		}
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			name := filepath.Join(dir, "f")
			_ = os.WriteFile(name, []byte("x"), 0o600)
			_ = os.Rename(name, name+"2")
			_ = os.Remove(name + "2")
			_ = exec.Command("/bin/true").Run()
			s, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err == nil {
				_ = syscall.Sendmsg(s[0], []byte("x"), syscall.UnixRights(0), nil, 0)
				_, _, _, _, _ = syscall.Recvmsg(s[1], make([]byte, 1), make([]byte, 64), 0)
				syscall.Close(s[0])
				syscall.Close(s[1])
			}
		}
		return 0
	}
	// Stop, continue and kill programs at work, at every moment.
	helpers["stop-and-kill"] = func(args []string) int {
		var workers sync.WaitGroup
		kills := 0
		var mu sync.Mutex
		for w := range 3 {
			workers.Go(func() {
				for end := time.Now().Add(raceTime); time.Now().Before(end); {
					cmd := exec.Command(os.Args[0], args[0])
					cmd.Env = append(os.Environ(), helperEnv+"=churn")
					cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
					if err := cmd.Start(); err != nil {
						fmt.Println(err)
						return
					}
					for i := range 20 {
						time.Sleep(time.Duration((i*37+w*101)%97) * 100 * time.Microsecond)
						_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGSTOP)
						_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGCONT)
						_ = syscall.Kill(cmd.Process.Pid, syscall.SIGURG)
					}
					if w%2 == 0 {
						_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGSTOP)
					}
					_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
					_ = cmd.Wait()
					mu.Lock()
					kills++
					mu.Unlock()
				}
			})
		}
		workers.Wait()
		fmt.Fprintln(os.Stderr, "kills", kills)
		if kills == 0 {
			return 1
		}
		return 0
	}
}

// onThread runs f on a thread of its own, whose credentials are its own too.
func onThread(f func()) {
	go func() {
		lockThread()
		f()
	}()
}

// A program that has all the threads wait loses: the others' calls are answered.
func TestHog(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Parallel()
	dir := prepare(t)
	got := newWorld(t, "").shell(t, dir, `mkfifo pipe; SEWARD_TEST_HELPER=hog ./self pipe & hog=$!
sleep 3; for i in 1 2 3 4 5; do cat /etc/passwd >/dev/null && echo $i; done; wait $hog 2>/dev/null; echo $?`)
	if want := "1\n2\n3\n4\n5\n137\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
}

func TestCredentialRace(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	dir := t.TempDir()
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		_ = os.Chmod(d, 0o755)
	}
	path := write(t, dir, "file", "root's")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	got := newWorld(t, "").helper(t, nil, "sibling", path)
	t.Log(strings.TrimSpace(got.stderr))
	if got.exit != 0 || got.stdout != "" {
		t.Errorf("exit %d: %s%s", got.exit, got.stdout, got.stderr)
	}
}

func TestEntryRace(t *testing.T) {
	t.Parallel()
	if linux.AuditArch != linux.AuditArchX8664 {
		t.Skip("other entries are x86's")
	}
	dir := t.TempDir()
	write(t, dir, "secret", "x")
	got := newWorld(t, "").helper(t, func(c *supervisor.Config) { c.Dir = dir }, "entries")
	t.Log(strings.TrimSpace(got.stderr))
	if got.exit != 0 {
		t.Errorf("exit %d: %s%s", got.exit, got.stdout, got.stderr)
	}
}

// int80 is a program for 64 bits that makes a call of 32 bits, getpid, and ends
// with 0 if that fails with ENOSYS.
var int80 = []byte{
	0xb8, 20, 0, 0, 0, 0xcd, 0x80, // mov eax, 20; int 0x80
	0x31, 0xff, 0x83, 0xf8, 0xda, // xor edi, edi; cmp eax, -38
	0x74, 2, 0xff, 0xc7, // je +2; inc edi
	0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05, // mov eax, 231; syscall
}

func TestInt80(t *testing.T) {
	t.Parallel()
	if linux.AuditArch != linux.AuditArchX8664 {
		t.Skip("int 0x80 is x86's")
	}
	path := filepath.Join(t.TempDir(), "int80")
	if err := os.WriteFile(path, elf64(int80), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(path).Run(); err == nil {
		t.Skip("the kernel has no calls of 32 bits")
	}
	if got := newWorld(t, "").run(t, nil, path); got.exit != 0 {
		t.Errorf("exit %d", got.exit)
	}
}

// Programs that are stopped, continued and killed at work leave nothing: no
// descriptor, no memory, no hang.
func TestKillStorm(t *testing.T) {
	if raceTime < time.Minute {
		t.Parallel()
	}
	dir := prepare(t)
	before, begin := measure(t), time.Now()
	got := newWorld(t, "").shell(t, dir, `SEWARD_TEST_HELPER=stop-and-kill ./self .`)
	after := measure(t)
	t.Logf("%s in %v; %d MB before, %d after; %d descriptors before, %d after", strings.TrimSpace(got.stderr),
		time.Since(begin).Round(time.Second), before.memory>>20, after.memory>>20, before.descriptors, after.descriptors)
	if got.exit != 0 || got.stdout != "" {
		t.Errorf("exit %d: %q %s", got.exit, got.stdout, got.stderr)
	}
	if raceTime >= time.Minute && after.descriptors > before.descriptors {
		t.Errorf("%d descriptors before, %d after", before.descriptors, after.descriptors)
	}
}
