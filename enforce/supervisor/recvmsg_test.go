package supervisor_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"seward/enforce/supervisor"
	"seward/internal/linux"
	"seward/internal/oracle"
)

// received is what came in one message.
type received struct {
	data  string
	files []int
	cut   bool
}

// receive takes one message from a socket.
func receive(socket, flags int) (received, error) {
	buf, control := make([]byte, 256), make([]byte, 256)
	n, size, out, _, err := syscall.Recvmsg(socket, buf, control, flags)
	if err != nil {
		return received{}, err
	}
	r := received{data: string(buf[:n]), cut: out&syscall.MSG_CTRUNC != 0}
	parts, err := syscall.ParseSocketControlMessage(control[:size])
	if err != nil {
		return r, err
	}
	for i := range parts {
		if fds, err := syscall.ParseUnixRights(&parts[i]); err == nil {
			r.files = append(r.files, fds...)
		}
	}
	return r, nil
}

// show prints what a descriptor reads.
func show(fd int) {
	var b [64]byte
	n, err := syscall.Pread(fd, b[:], 0)
	fmt.Printf("%q %v\n", b[:max(n, 0)], err)
}

func init() {
	// Open files and send them to a program, all at once.
	helpers["pass"] = func(args []string) int {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		cmd := exec.Command(args[0], "x")
		cmd.Env = append(os.Environ(), helperEnv+"=passed")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
		cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(pair[1]), "socket")}
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
			return 1
		}
		time.Sleep(100 * time.Millisecond) // so that the other end waits
		var fds []int
		for _, name := range args[1:] {
			flags := syscall.O_RDONLY
			if name[0] == '@' {
				flags |= linux.OPath
			}
			fd, err := syscall.Open(strings.TrimPrefix(name, "@"), flags, 0)
			if err != nil {
				fmt.Println(err)
				return 1
			}
			fds = append(fds, fd)
		}
		if err := syscall.Sendmsg(pair[0], []byte("hello"), syscall.UnixRights(fds...), nil, 0); err != nil {
			fmt.Println(err)
			return 1
		}
		if err := cmd.Wait(); err != nil {
			fmt.Println(err)
			return 1
		}
		return 0
	}
	helpers["passed"] = func([]string) int {
		r, err := receive(3, syscall.MSG_CMSG_CLOEXEC)
		fmt.Println(r.data, len(r.files), r.cut, err)
		for _, fd := range r.files {
			show(fd)
			var st syscall.Stat_t
			if err := syscall.Fstat(fd, &st); err != nil {
				fmt.Println(err)
			}
		}
		return 0
	}
}

// Who receives descriptors gets those that it may have, up to the first that it
// may not.
func TestReceiveFiles(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	const rules = `
(allow tdom_t unconfined_t (unix_stream_socket (read write getattr)))
(allow tdom_t user_tmp_t (file (read write append getattr)))
; what is open for nothing counts as open for ioctl
(allow tdom_t public_t (file (ioctl))) (allow tdom_t secret_t (dir (ioctl getattr)))
`
	tests := map[string]struct{ files, want string }{
		"one":   {"public", "hello 1 false <nil>\n\"public\\n\" <nil>\n"},
		"two":   {"public public", "hello 2 false <nil>\n\"public\\n\" <nil>\n\"public\\n\" <nil>\n"},
		"none":  {"secret", "hello 0 true <nil>\n"},
		"paths": {"@public public @dir", "hello 3 false <nil>\n\"\" bad file descriptor\n\"public\\n\" <nil>\n\"\" bad file descriptor\n"},
		"mixed": {"public secret public", "hello 1 true <nil>\n\"public\\n\" <nil>\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ways := []bool{false, true}
			if name == "paths" {
				ways = ways[:1] // references are handed over by another way yet
			}
			for _, send := range ways {
				dir := prepare(t)
				change := func(c *supervisor.Config) { c.Dir, c.SendDescriptors = dir, send }
				got := newWorld(t, confined+rules).run(t, change, "sh", "-c", raceStage+"SEWARD_TEST_HELPER=pass ./self ./prog "+tt.files)
				if got.stdout != tt.want {
					t.Errorf("descriptors sent: %v: got %q, want %q; %s %v", send, got.stdout, tt.want, got.stderr, got.avcs())
				}
			}
		})
	}
}

func init() {
	// All that receiving does beside descriptors.
	helpers["receive"] = func([]string) int {
		for _, kind := range []int{syscall.SOCK_STREAM, syscall.SOCK_DGRAM, syscall.SOCK_SEQPACKET} {
			if err := receiving(kind); err != nil {
				fmt.Println(kind, err)
				return 1
			}
		}
		fmt.Println("good")
		return 0
	}
}

func receiving(kind int) error {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, kind, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(pair[0])
	defer syscall.Close(pair[1])
	expect := func(what string, r received, err error, data string, want error) error {
		if r.data != data || !errors.Is(err, want) {
			return fmt.Errorf("%s: got %q, %w", what, r.data, err)
		}
		return nil
	}
	later := func(f func()) { go func() { time.Sleep(20 * time.Millisecond); f() }() }
	// Nothing there.
	r, err := receive(pair[0], syscall.MSG_DONTWAIT)
	if err := expect("empty", r, err, "", syscall.EAGAIN); err != nil {
		return err
	}
	// Something there, looked at and taken.
	if _, err := syscall.Write(pair[1], []byte("one")); err != nil {
		return err
	}
	for _, flags := range []int{syscall.MSG_PEEK, 0} {
		r, err = receive(pair[0], flags)
		if err := expect("ready", r, err, "one", nil); err != nil {
			return err
		}
	}
	// Something that comes later.
	later(func() { _, _ = syscall.Write(pair[1], []byte("two")) })
	r, err = receive(pair[0], 0)
	if err := expect("later", r, err, "two", nil); err != nil {
		return err
	}
	// A time limit.
	limit := syscall.Timeval{Usec: 30000}
	if err := syscall.SetsockoptTimeval(pair[0], syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit); err != nil {
		return err
	}
	begin := time.Now()
	r, err = receive(pair[0], 0)
	if errors.Is(err, syscall.EINTR) {
		err = syscall.EAGAIN // Go's own signals
	} else if time.Since(begin) < 20*time.Millisecond {
		return errors.New("no wait")
	}
	if err := expect("limit", r, err, "", syscall.EAGAIN); err != nil {
		return err
	}
	if err := syscall.SetsockoptTimeval(pair[0], syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{}); err != nil {
		return err
	}
	// Credentials.
	if err := syscall.SetsockoptInt(pair[0], syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1); err != nil {
		return err
	}
	if _, err := syscall.Write(pair[1], []byte("me")); err != nil {
		return err
	}
	buf, control := make([]byte, 1), make([]byte, 64)
	n, size, flags, _, err := syscall.Recvmsg(pair[0], buf, control, 0)
	if err != nil || n != 1 {
		return fmt.Errorf("credentials: %d, %w", n, err)
	}
	if cut := flags&syscall.MSG_TRUNC != 0; cut != (kind != syscall.SOCK_STREAM) {
		return fmt.Errorf("credentials: flags %#x", flags)
	}
	parts, err := syscall.ParseSocketControlMessage(control[:size])
	if err != nil || len(parts) != 1 {
		return fmt.Errorf("credentials: %v, %w", parts, err)
	}
	if c, err := syscall.ParseUnixCredentials(&parts[0]); err != nil || int(c.Pid) != os.Getpid() || int(c.Uid) != os.Getuid() {
		return fmt.Errorf("credentials: %v, %w", c, err)
	}
	if err := syscall.SetsockoptInt(pair[0], syscall.SOL_SOCKET, syscall.SO_PASSCRED, 0); err != nil {
		return err
	}
	if kind != syscall.SOCK_STREAM {
		return nil
	}
	if r, err = receive(pair[0], 0); err != nil || r.data != "e" {
		return fmt.Errorf("rest: %q, %w", r.data, err)
	}
	// All of it, or the end.
	later(func() {
		_, _ = syscall.Write(pair[1], make([]byte, 100))
		time.Sleep(20 * time.Millisecond)
		_, _ = syscall.Write(pair[1], make([]byte, 156))
	})
	r, err = receive(pair[0], syscall.MSG_WAITALL)
	if err != nil || len(r.data) != 256 {
		return fmt.Errorf("all: %d, %w", len(r.data), err)
	}
	later(func() { _ = syscall.Shutdown(pair[1], syscall.SHUT_RDWR) })
	r, err = receive(pair[0], 0)
	return expect("end", r, err, "", nil)
}

func TestReceive(t *testing.T) {
	t.Parallel()
	for _, send := range []bool{false, true} {
		got := newWorld(t, "").helper(t, func(c *supervisor.Config) { c.SendDescriptors = send }, "receive")
		if got.stdout != "good\n" {
			t.Errorf("descriptors sent: %v: got %q; %s", send, got.stdout, got.stderr)
		}
	}
}

func init() {
	// A signal ends a wait as its handler says.
	helpers["receive-signal"] = func([]string) int {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			return 1
		}
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGUSR1)
		go func() {
			for range 20 {
				time.Sleep(5 * time.Millisecond)
				_ = syscall.Kill(os.Getpid(), syscall.SIGUSR1)
			}
			_, _ = syscall.Write(pair[1], []byte("end"))
		}()
		for {
			r, err := receive(pair[0], 0)
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			fmt.Println(r.data, err, len(signals))
			return 0
		}
	}
}

func TestReceiveInterrupted(t *testing.T) {
	t.Parallel()
	got := newWorld(t, "").helper(t, nil, "receive-signal")
	if got.stdout != "end <nil> 1\n" {
		t.Errorf("got %q; %s", got.stdout, got.stderr)
	}
	// One with no handler ends the program.
	oracle.Need(t, "timeout")
	script := `SEWARD_TEST_HELPER=receive-forever timeout 0.3 ` + strings.TrimSpace(self(t)) + `; echo $?`
	if got := newWorld(t, "").shell(t, t.TempDir(), script); got.stdout != "124\n" {
		t.Errorf("got %q; %s", got.stdout, got.stderr)
	}
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func init() {
	helpers["receive-forever"] = func([]string) int {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
		if err != nil {
			return 1
		}
		_, err = receive(pair[0], 0)
		fmt.Println(err)
		return 1
	}
}

func init() {
	// Take descriptors of a process that another one has open at a number.
	helpers["getfd"] = func(args []string) int {
		pid, _ := strconv.Atoi(args[0])
		pidfd, err := linux.PidfdOpen(pid)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		for _, arg := range args[1:] {
			number, _ := strconv.Atoi(arg)
			fd, err := linux.PidfdGetfd(pidfd, number)
			if err != nil {
				fmt.Println(err)
				continue
			}
			show(fd)
		}
		return 0
	}
}

// Who takes another's descriptors needs to be allowed to trace it and to have
// them.
func TestGetFile(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	const script = raceStage + `cp prog dsh2; cp "$(readlink -f /bin/sh)" dsh2; chcon -t tdom2_exec_t dsh2; mkfifo p q
./dsh -c './dsh2 -c "exec 7<public 8<secret; echo >q; read x <p" & read x <q; SEWARD_TEST_HELPER=getfd ./prog $! 7 8 9; echo >p'`
	const more = secondDomain + `
(allow tdom_t user_tmp_t (fifo_file (read write getattr open)))
(allow tdom2_t user_tmp_t (fifo_file (read write getattr open)))
(allow tdom2_t secret_t (file (read open))) (allow tdom2_t public_t (file (open)))
(allow tdom_t tdom_exec_t (file (execute_no_trans)))
(allow tdom_t tdom2_t (fd (use)))
`
	for name, tt := range map[string]struct{ rules, want string }{
		"traced":  {"(allow tdom_t tdom2_t (process (ptrace))) (allow tdom_t self (capability (sys_ptrace)))", "\"public\\n\" <nil>\npermission denied\nbad file descriptor\n"},
		"refused": {"", "operation not permitted\noperation not permitted\noperation not permitted\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := prepare(t)
			// The tracer has less capabilities than the other one, but for one.
			keep := func(c *supervisor.Config) { c.Dir, c.KeepCapabilities = dir, true }
			got := newWorld(t, confined+more+tt.rules).run(t, keep, "sh", "-c", script)
			if got.stdout != tt.want {
				t.Errorf("got %q, want %q; %s %v", got.stdout, tt.want, got.stderr, got.avcs())
			}
		})
	}
}
