package supervisor_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"seward/internal/linux"
	"seward/internal/oracle"
)

// How long each race is tried: a second, or what SEWARD_RACE_TIME says (make
// attack).
var raceTime = func() time.Duration {
	d, err := time.ParseDuration(os.Getenv("SEWARD_RACE_TIME"))
	if err != nil {
		return time.Second
	}
	return d
}()

// flip has another thread change a text between two of equal length as fast as
// it can, until the returned function is called.
func flip(text linux.Name, other string) (stop func()) {
	var done atomic.Bool
	ended := make(chan struct{})
	first := append([]byte(nil), text...)
	go func() {
		runtime.LockOSThread()
		for i := 0; !done.Load(); i++ {
			if i%2 == 0 {
				copy(text, other)
			} else {
				copy(text, first)
			}
		}
		close(ended)
	}()
	return func() { done.Store(true); <-ended }
}

func init() {
	// Open a name that changes meanwhile; whatever opens must be what is public.
	helpers["race-open"] = func(args []string) int {
		path := linux.MakeName(args[0])
		defer flip(path, args[1])()
		opened := 0
		for end := time.Now().Add(raceTime); time.Now().Before(end); {
			fd, err := linux.Openat(linux.AtFDCwd, path, linux.ORdonly, 0)
			if err != nil {
				continue
			}
			opened++
			buf := make([]byte, 64)
			n, _ := syscall.Read(fd, buf)
			syscall.Close(fd)
			if strings.HasPrefix(string(buf[:n]), "secret") {
				fmt.Println("got the secret")
				return 1
			}
		}
		fmt.Println("opened", opened > 0)
		return 0
	}
	// Execute a name that changes meanwhile, again and again in new processes.
	helpers["race-exec"] = raceExec
	helpers["race-exec-once"] = func(args []string) int {
		path := linux.MakeName(args[0])
		stop := flip(path, args[1])
		defer stop()
		time.Sleep(time.Duration(time.Now().UnixNano() % 100000))
		return int(linux.Exec(path, "x"))
	}
	// Change into a directory whose name changes meanwhile, and read there.
	// One that is caught dies: the next begins anew.
	helpers["race-chdir"] = func(args []string) int {
		tries := 0
		for end := time.Now().Add(raceTime); time.Now().Before(end); tries++ {
			cmd := exec.Command(os.Args[0], args...)
			cmd.Env = append(os.Environ(), helperEnv+"=race-chdir-once")
			cmd.Stdout = os.Stdout
			_ = cmd.Run()
		}
		fmt.Println("tried", tries > 0)
		return 0
	}
	helpers["race-chdir-once"] = func(args []string) int {
		path := linux.MakeName(args[0])
		defer flip(path, args[1])()
		for end := time.Now().Add(raceTime); time.Now().Before(end); {
			_ = linux.Chdir(path)
			if data, err := os.ReadFile("file"); err == nil && string(data) == "hidden\n" {
				fmt.Println("got into the directory")
				return 1
			}
		}
		return 0
	}
	// Replace the descriptor that a path starts from.
	helpers["race-dirfd"] = func(args []string) int {
		public, err := syscall.Open(args[0], syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		other, err := syscall.Open(args[1], syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		var done atomic.Bool
		go func() {
			for i := 0; !done.Load(); i++ {
				_ = syscall.Dup3([]int{public, other}[i%2], 100, 0)
			}
		}()
		defer done.Store(true)
		name := linux.MakeName("file")
		for end := time.Now().Add(raceTime); time.Now().Before(end); {
			fd, err := linux.Openat(100, name, linux.ORdonly, 0)
			if err != nil {
				continue
			}
			buf := make([]byte, 64)
			n, _ := syscall.Read(fd, buf)
			syscall.Close(fd)
			if strings.HasPrefix(string(buf[:n]), "secret") {
				fmt.Println("got the secret")
				return 1
			}
		}
		return 0
	}
}

// raceExec tries until the time is over and the name was once executed as it was
// checked: on a busy machine that are few tries, of which most meet a change. How
// each ended goes to stderr, what no change explains to stdout.
func raceExec(args []string) int {
	const patience = time.Minute
	begin := time.Now()
	outcomes := map[string]int{}
	for ran := false; time.Since(begin) < raceTime || !ran && time.Since(begin) < patience; {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = []string{helperEnv + "=race-exec-once"}
		cmd.Stdout = os.Stdout
		err := cmd.Run()
		outcome := fmt.Sprint(err)
		outcomes[outcome]++
		var exit *exec.ExitError
		switch {
		case err == nil:
			ran = true
		case !errors.As(err, &exit):
			fmt.Println("start:", err)
		case exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL: // changed after the check
		default:
			switch exit.ExitCode() {
			case int(syscall.EACCES), int(syscall.ENOENT): // the other name, or half of each
			case 126, 127: // a shell that was executed for the one and may not read the other
			default:
				fmt.Println("no change explains:", err)
			}
		}
	}
	fmt.Fprintln(os.Stderr, outcomes)
	// What was refused or killed has no consequences for others.
	calm := exec.Command(args[0], args[len(args)-1], args[len(args)-1])
	calm.Env = []string{helperEnv + "=race-exec-once"}
	calm.Stdout, calm.Stderr = os.Stdout, os.Stderr
	if err := calm.Run(); err != nil {
		fmt.Println("afterwards:", err)
	}
	return 0
}

// prepare copies the test's program as one of the confined domain.
func prepare(t *testing.T) string {
	t.Helper()
	oracle.Need(t, "chcon")
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "self")); err != nil {
		t.Fatal(err)
	}
	return dir
}

const raceStage = stage + `cp "$(readlink -f self)" prog; chcon -t tdom_exec_t prog
`

func TestRaces(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("slow")
	}
	tests := map[string]struct {
		script string
		want   string
	}{
		"memory": {`SEWARD_TEST_HELPER=race-open ./prog ./public ./secret`, "opened true\n"},
		"link": {
			`ln -s public l; (while :; do ln -sf secret l2; mv l2 l; ln -sf public l2; mv l2 l; done) & SEWARD_TEST_HELPER=race-open ./prog l l; kill $!`,
			"opened true\n",
		},
		"rename": {
			`cp public p1; chcon -t public_t p1; (while :; do ln secret x; mv x p1; ln public x; mv x p1; done) 2>/dev/null & SEWARD_TEST_HELPER=race-open ./prog p1 p1; kill $!`,
			"opened true\n",
		},
		"exec": {
			`printf '#!/bin/sh\necho good\n' >good; printf '#!/bin/sh\necho evil\n' >evil; chmod +x good evil; chcon -t bin_t good; chcon -t secret_t evil
SEWARD_TEST_HELPER=race-exec ./prog ./prog ./good ./evil ./good | sort -u`, "good\n",
		},
		"script": {
			`printf '#!/bin/sh\necho good\n' >good; printf '#!/bin/sh\necho evil\n' >evil; chmod +x good evil; chcon -t bin_t good; chcon -t secret_t evil; ln -s good s
(while :; do ln -sf evil s2; mv s2 s; ln -sf good s2; mv s2 s; done) & SEWARD_TEST_HELPER=race-exec ./prog ./prog ./s ./s ./good 2>/dev/null | sort -u; kill $!`, "good\n",
		},
		"chdir": {
			`mkdir -p open dir/in; echo shown >open/file; echo hidden >dir/in/file; chcon -t public_t dir/in/file open/file; chcon -t secret_t dir
cd open; SEWARD_TEST_HELPER=race-chdir "$PWD/../prog" ../open/. ../dir/in/; cd ..; echo end`, "tried true\nend\n",
		},
		"dirfd": {
			`mkdir o; echo public >o/file; echo secret >dir/file; chcon -t public_t o/file; chcon -t user_tmp_t dir; chcon -t secret_t dir/file
SEWARD_TEST_HELPER=race-dirfd ./prog o dir; echo end`, "end\n",
		},
	}
	w := newWorld(t, confined+`
(allow tdom_t tdom_exec_t (file (execute_no_trans)))
(allow tdom_t user_tmp_t (dir (read open getattr)))
(allow tdom_t user_tmp_t (lnk_file (read getattr)))
(allow tdom_t self (process (signal sigkill)))
`)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := prepare(t)
			got := w.shell(t, dir, raceStage+tt.script)
			if got.stdout != tt.want {
				t.Errorf("got %q, want %q; %s", got.stdout, tt.want, got.stderr)
			}
		})
	}
}

// A storm of signals neither breaks calls nor makes them return what they
// shouldn't.
func TestSignalStorm(t *testing.T) {
	t.Parallel()
	got := newWorld(t, "").helper(t, nil, "storm", write(t, t.TempDir(), "file", "x"))
	if got.exit != 0 {
		t.Errorf("exit %d: %s%s", got.exit, got.stdout, got.stderr)
	}
}

func init() {
	helpers["storm"] = func(args []string) int {
		runtime.LockOSThread()
		self, pid := linux.Gettid(), os.Getpid()
		var done atomic.Bool
		go func() {
			for !done.Load() {
				_ = linux.Tgkill(pid, self, syscall.SIGURG)
				time.Sleep(20 * time.Microsecond)
			}
		}()
		defer done.Store(true)
		name := linux.MakeName(args[0])
		fresh := linux.MakeName(args[0] + ".new")
		for range 5000 {
			fd, err := linux.Openat(linux.AtFDCwd, name, linux.ORdonly, 0)
			if err != nil || fd <= 2 {
				fmt.Println("open:", fd, err)
				return 1
			}
			syscall.Close(fd)
			fd, err = linux.Openat(linux.AtFDCwd, fresh, linux.ORdwr|linux.OCreat|linux.OExcl, 0o600)
			if err != nil || fd <= 2 {
				fmt.Println("create:", fd, err)
				return 1
			}
			syscall.Close(fd)
			if err := syscall.Unlink(args[0] + ".new"); err != nil {
				fmt.Println("unlink:", err)
				return 1
			}
		}
		return 0
	}
}
