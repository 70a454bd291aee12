package supervisor_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"seward/internal/oracle"
)

// revocable lets the confined domain read secrets as long as a boolean says so,
// and talk over pipes.
const revocable = confined + `
(boolean secrets true)
(booleanif secrets (true (allow tdom_t secret_t (file (read open getattr)))))
(allow tdom_t user_tmp_t (fifo_file (read write getattr open)))
(allow tdom_t self (fifo_file (read write getattr)))
(allow tdom_t self (process (setcurrent dyntransition signal)))
(allow tdom_t self (fd (use)))
(allow tdom_t other_t (process (dyntransition)))
(allow tdom_t self (file (write)))
(allow other_t tdom_t (fd (use))) (allow other_t unconfined_t (fd (use)))
(allow other_t public_t (file (read getattr)))
(allow other_t user_tmp_t (fifo_file (read write getattr open)))
(allow other_t unconfined_t (fifo_file (read write getattr)))
(allow other_t tdom_t (fifo_file (read write getattr)))
(allow other_t null_device_t (chr_file (read write getattr open)))
(allow other_t self (process (fork sigchld))) (allow other_t unconfined_t (process (sigchld)))
(allow other_t tdom_exec_t (file (read getattr map execute)))
(allow other_t lib_t (file (read getattr map execute)))
`

// holding has a confined shell open a file of each kind and read them when it is
// told to.
const holding = stage + `mkfifo p q
./dsh -c 'exec 7<secret 8<public; echo ready >q; read x <p; IFS= read -r x <&7; echo "$x"; IFS= read -r x <&8; echo "$x"' &
read x <q
`

func TestRevoke(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	const fs = "/sys/fs/selinux"
	tests := map[string]struct {
		permissive   bool
		change, want string
	}{
		"nothing":     {false, ":", "secret\npublic\n"},
		"permissive":  {true, "echo 0 >" + fs + "/enforce; echo 0 >" + fs + "/booleans/secrets; echo 1 >" + fs + "/commit_pending_bools", "secret\npublic\n"},
		"booleans":    {false, "echo 0 >" + fs + "/booleans/secrets; echo 1 >" + fs + "/commit_pending_bools", "\npublic\n"},
		"enforce":     {true, "echo 0 >" + fs + "/booleans/secrets; echo 1 >" + fs + "/commit_pending_bools; echo 1 >" + fs + "/enforce", "\npublic\n"},
		"same policy": {false, "cat " + fs + "/policy >copy; cat copy >" + fs + "/load", "secret\npublic\n"},
		"relabel":     {false, "chcon -t device_t public; sleep 0.3", "secret\n\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(tt.change, fs) {
				oracle.Root(t) // its files are root's
			}
			w := newWorld(t, revocable)
			w.server.SetEnforcing(!tt.permissive)
			got := w.shell(t, t.TempDir(), holding+tt.change+"\necho go >p; wait")
			if got.stdout != tt.want {
				t.Errorf("got %q, want %q; %s %v", got.stdout, tt.want, got.stderr, got.avcs())
			}
		})
	}
}

// A task that changes its own label keeps what the new one may have.
func TestRevokeOwn(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	w := newWorld(t, revocable)
	got := w.shell(t, t.TempDir(), stage+`
./dsh -c 'exec 7<secret 8<public; echo unconfined_u:unconfined_r:other_t:s0-s15:c0.c1023 >/proc/self/attr/current
IFS= read -r x <&7; echo "$x"; IFS= read -r x <&8; echo "$x"'`)
	if want := "\npublic\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s %v", got.stdout, want, got.stderr, got.avcs())
	}
}

func init() {
	// Hold a secret, copy it from number to number as fast as can be, and read it
	// until somebody says that it has been taken away.
	helpers["hold"] = func(args []string) int {
		secret, err := syscall.Open(args[0], syscall.O_RDONLY, 0)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		processes, _ := strconv.Atoi(args[1])
		var taken, end atomic.Bool
		for i := range 2 {
			go func() {
				runtime.LockOSThread()
				from, to := secret, 100+i*50
				for ; !end.Load(); to = 100 + i*50 + (to+1)%50 {
					if syscall.Dup3(from, to, 0) == nil {
						from = to
					}
				}
			}()
		}
		found := make(chan int, 2)
		for i := range 2 {
			go func() {
				runtime.LockOSThread()
				var b [8]byte
				for fd := 100; !end.Load(); fd = 100 + (fd+1)%100 {
					late := taken.Load()
					if n, _ := syscall.Pread(fd, b[:], 0); n > 0 && late {
						found <- i
						return
					}
				}
			}()
		}
		for range processes {
			cmd := exec.Command("/bin/sh", "-c", "while :; do :; done")
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			_ = cmd.Start()
		}
		fmt.Println("ready")
		in := bufio.NewReader(os.Stdin)
		_, _ = in.ReadString('\n')
		taken.Store(true)
		select {
		case <-found:
			fmt.Println("still there")
		case <-time.After(100 * time.Millisecond):
			fmt.Println("gone")
		}
		end.Store(true)
		return 0
	}
	// Start what holds a secret, take it away, and say so.
	helpers["take"] = func(args []string) int {
		const fs = "/sys/fs/selinux/"
		set := func(value string) {
			if os.WriteFile(fs+"booleans/secrets", []byte(value), 0) != nil || os.WriteFile(fs+"commit_pending_bools", []byte("1"), 0) != nil {
				fmt.Println("can't set the boolean")
			}
		}
		gone := 0
		for end := time.Now().Add(raceTime); time.Now().Before(end); gone++ {
			set("1")
			cmd := exec.Command(args[0], args[1], "0")
			cmd.Env = append(os.Environ(), helperEnv+"=hold")
			in, _ := cmd.StdinPipe()
			out, _ := cmd.StdoutPipe()
			if err := cmd.Start(); err != nil {
				fmt.Println(err)
				return 1
			}
			r := bufio.NewReader(out)
			if line, _ := r.ReadString('\n'); line != "ready\n" {
				fmt.Println("not ready:", line)
				return 1
			}
			var quiet atomic.Bool
			for _, sig := range args[2:] {
				number, _ := strconv.Atoi(sig)
				go func() {
					for !quiet.Load() {
						_ = syscall.Kill(cmd.Process.Pid, syscall.Signal(number))
					}
				}()
			}
			set("0")
			_, _ = in.Write([]byte("x\n"))
			line, _ := r.ReadString('\n')
			quiet.Store(true)
			_ = syscall.Kill(cmd.Process.Pid, syscall.SIGCONT)
			if err := cmd.Wait(); err != nil || line != "gone\n" {
				fmt.Print(line, err, "\n")
				return 1
			}
		}
		fmt.Println("gone", gone > 0)
		return 0
	}
}

// No copy of a descriptor escapes its revocation.
func TestRevokeRace(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	if testing.Short() {
		t.Skip("slow")
	}
	for name, signals := range map[string]string{"quiet": "", "continued": " 18", "stopped": " 18 19"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := prepare(t)
			got := newWorld(t, revocable).shell(t, dir, raceStage+"SEWARD_TEST_HELPER=take ./self ./prog secret"+signals)
			if want := "gone true\n"; got.stdout != want {
				t.Errorf("got %q, want %q; %s %v", got.stdout, want, got.stderr, got.avcs())
			}
		})
	}
}

func init() {
	// Wait in many ways, each on a thread of its own, while a descriptor is taken
	// away.
	helpers["blocked"] = func(args []string) int {
		secret, err := syscall.Open(args[0], syscall.O_RDONLY, 0)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		var pipe [2]int
		_ = syscall.Pipe(pipe[:])
		pair, _ := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		const wait = 400 * time.Millisecond
		waits := []func() error{
			func() error { _, err := syscall.Read(pipe[0], make([]byte, 1)); return err },
			func() error { _, err := receive(pair[0], 0); return err },
			func() error {
				span := syscall.NsecToTimespec(int64(wait))
				begin := time.Now()
				err := syscall.Nanosleep(&span, nil)
				if time.Since(begin) < wait {
					return fmt.Errorf("slept %v, %w", time.Since(begin), err)
				}
				return err
			},
			func() error {
				var set syscall.FdSet
				limit := syscall.NsecToTimeval(int64(wait))
				n, err := syscall.Select(0, &set, nil, nil, &limit)
				if n != 0 {
					return errors.New("something is ready")
				}
				return err
			},
		}
		ended := make(chan error, len(waits))
		for _, f := range waits {
			go func() { runtime.LockOSThread(); ended <- f() }()
		}
		fmt.Println("ready")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		var b [8]byte
		n, _ := syscall.Pread(secret, b[:], 0)
		_, _ = syscall.Write(pipe[1], b[:1])
		_, _ = syscall.Write(pair[1], b[:1])
		for range waits {
			if err := <-ended; err != nil {
				fmt.Println(err)
				return 0
			}
		}
		fmt.Println("all went on, read", n)
		return 0
	}
}

// Calls that wait go on after a descriptor was taken away.
func TestRevokeBlocked(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	const script = raceStage + `mkfifo p q
SEWARD_TEST_HELPER=blocked GODEBUG=asyncpreemptoff=1 ./prog secret <p >q & exec 8>p 7<q; read x <&7; sleep 0.1
echo 0 >/sys/fs/selinux/booleans/secrets; echo 1 >/sys/fs/selinux/commit_pending_bools; echo >&8; cat <&7`
	got := newWorld(t, revocable).shell(t, prepare(t), script)
	if want := "all went on, read 0\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s %v", got.stdout, want, got.stderr, got.avcs())
	}
}
