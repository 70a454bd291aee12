package supervisor_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"seward/internal/oracle"
)

func init() {
	// Send files to a program for as long as it takes any.
	helpers["flood"] = func(args []string) int {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		var fds []int
		for _, name := range args[1:] {
			fd, err := syscall.Open(name, syscall.O_RDONLY, 0)
			if err != nil {
				fmt.Println(err)
				return 1
			}
			fds = append(fds, fd)
		}
		cmd := exec.Command(args[0])
		cmd.Env = append(os.Environ(), helperEnv+"=smuggle")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
		cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(pair[1]), "socket")}
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
			return 1
		}
		var end atomic.Bool
		go func() { _ = cmd.Wait(); end.Store(true) }()
		for !end.Load() {
			if err := syscall.Sendmsg(pair[0], []byte("x"), syscall.UnixRights(fds...), nil, syscall.MSG_DONTWAIT); err != nil {
				time.Sleep(10 * time.Microsecond)
			}
		}
		return 0
	}
	// Receive by a number that is now a socket over which descriptors come, now
	// one over which none do, and look for what must not arrive.
	helpers["smuggle"] = func([]string) int {
		const number, first, last = 200, 4, 120
		harmless, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
		if err != nil {
			harmless, err = syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW, 0)
		}
		if err != nil {
			fmt.Println(err)
			return 1
		}
		var done, got atomic.Int32
		go func() {
			runtime.LockOSThread()
			for i := 0; done.Load() == 0; i++ {
				_ = syscall.Dup3([]int{3, harmless}[i%2], number, 0)
			}
		}()
		go func() {
			runtime.LockOSThread()
			var b [8]byte
			for done.Load() == 0 {
				for fd := first; fd < last; fd++ {
					if n, _ := syscall.Pread(fd, b[:], 0); n > 0 && strings.HasPrefix(string(b[:n]), "secret") {
						got.Store(1)
					}
				}
			}
		}()
		count := 0
		for end := time.Now().Add(raceTime); time.Now().Before(end); {
			r, err := receive(number, syscall.MSG_DONTWAIT)
			if err != nil {
				continue
			}
			for _, fd := range r.files {
				count++
				syscall.Close(fd)
			}
		}
		done.Store(1)
		fmt.Println("received", count > 0, "secret", got.Load())
		return 0
	}
}

// Nobody receives a descriptor unseen by changing what it receives from.
func TestReceiveRace(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	if testing.Short() {
		t.Skip("slow")
	}
	const rules = `
(allow tdom_t unconfined_t (unix_dgram_socket (read write getattr)))
(allow tdom_t self (udp_socket (create read write getattr getopt setopt)))
(allow tdom_t self (netlink_route_socket (create read write getattr getopt setopt nlmsg_read)))
`
	got := newWorld(t, confined+rules).shell(t, prepare(t), raceStage+"SEWARD_TEST_HELPER=flood ./self ./prog public secret")
	if want := "received true secret 0\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s %v", got.stdout, want, got.stderr, got.avcs())
	}
}

// Passing descriptors leaves none behind in the supervisor.
func TestReceiveLeavesNothing(t *testing.T) {
	needSupervisor(t)
	oracle.Need(t, "chcon")
	dir := prepare(t)
	const rules = `
(allow tdom_t unconfined_t (unix_stream_socket (read write getattr)))
(allow tdom_t user_tmp_t (file (read write append getattr)))
`
	w := newWorld(t, confined+rules)
	run := func() {
		w.shell(t, dir, raceStage+`for i in 1 2 3; do SEWARD_TEST_HELPER=pass ./self ./prog public secret public; done`)
		for _, name := range []string{"p", "q", "prog", "dsh", "dir", "public", "secret"} {
			_ = os.RemoveAll(dir + "/" + name)
		}
	}
	run()
	before := descriptors(t)
	run()
	if after := descriptors(t); len(after) > len(before) {
		t.Errorf("before %v\nafter %v", before, after)
	}
}
