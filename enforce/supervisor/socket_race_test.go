package supervisor_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"seward/internal/linux"
)

// The confined domain may reach sockets labelled pub_t and not those labelled
// sec_t. Another thread changes the name or the descriptor in the middle of
// calls; what arrives at the latter is an escape.
const socketRacePolicy = socketPolicy + `
(type pub_t) (type sec_t) (roletype unconfined_r pub_t) (roletype unconfined_r sec_t)
(typeattribute racer) (typeattributeset racer (pub_t sec_t))
(allow tdom_t racer (unix_dgram_socket (create bind connect write read)))
(allow tdom_t racer (unix_stream_socket (create bind connect write read listen accept getopt)))
(allow pub_t pub_t (unix_dgram_socket (sendto)))
(allow pub_t pub_t (unix_stream_socket (connectto)))
`

// raced are the sockets of a race.
type raced struct{ public, private int }

func (r *raced) make(s *socketScript, kind, name string) error {
	for _, label := range []string{"pub_t", "sec_t"} {
		for _, step := range []string{"label:unconfined_u,unconfined_r," + label + ",s0", "socket:1:" + kind + ":0"} {
			if _, err := s.step(strings.Split(step, ":")); err != nil {
				return fmt.Errorf("%s: %w", step, err)
			}
		}
		fd := s.fds[len(s.fds)-1]
		if name != "" {
			if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: "@" + name + label}); err != nil {
				return err
			}
			_ = syscall.SetNonblock(fd, true)
			if kind == "1" {
				if err := syscall.Listen(fd, 100); err != nil {
					return err
				}
			}
		}
		r.public, r.private = r.private, fd
	}
	return nil
}

func rawName(name string) linux.Name {
	return append(linux.Name{syscall.AF_UNIX, 0, 0}, name...)
}

// swap has another thread put one descriptor after the other at a number, until
// the returned function is called.
func swap(at int, fds *[2]atomic.Int64) (stop func()) {
	var done atomic.Bool
	ended := make(chan struct{})
	go func() {
		for i := 0; !done.Load(); i++ {
			_ = syscall.Dup3(int(fds[i%2].Load()), at, 0)
		}
		close(ended)
	}()
	return func() { done.Store(true); <-ended }
}

func init() {
	helpers["race-socket"] = func(args []string) int {
		runtime.LockOSThread() // which labels belong to
		what := args[0]
		kind := "2"
		if strings.HasPrefix(what, "connect") {
			kind = "1"
		}
		name := fmt.Sprintf("race%d", syscall.Getpid())
		var s socketScript
		var to, from raced
		if err := to.make(&s, kind, name); err != nil {
			fmt.Println(err)
			return 1
		}
		if err := from.make(&s, kind, map[string]string{"2": "from" + name}[kind]); err != nil {
			fmt.Println(err)
			return 1
		}
		return raceSockets(what, rawName(name+"pub_t"), rawName(name+"sec_t"), &s, to, from)
	}
}

func raceSockets(what string, public, private linux.Name, s *socketScript, to, from raced) int {
	const number = 100
	_ = syscall.Dup3(from.public, number, 0)
	target := append(linux.Name(nil), public...)
	var current [2]atomic.Int64
	current[0].Store(int64(from.public))
	current[1].Store(int64(from.private))
	if strings.HasSuffix(what, "name") {
		defer flip(target, string(private))()
	} else {
		defer swap(number, &current)()
	}
	got, sent := 0, 0
	var fresh raced
	for end := time.Now().Add(raceTime); time.Now().Before(end); {
		var err error
		switch what {
		case "sendto-name", "sendto-fd":
			err = linux.Sendto(number, []byte("x"), syscall.MSG_DONTWAIT, target)
		case "sendmsg-name", "sendmsg-fd":
			_, err = linux.SendMessage(number, target, []byte("x"), nil, syscall.MSG_DONTWAIT)
		default:
			fresh = raced{}
			if err := fresh.make(s, "1", ""); err != nil {
				fmt.Println(err)
				return 1
			}
			current[0].Store(int64(fresh.public))
			current[1].Store(int64(fresh.private))
			fd := fresh.public
			if what == "connect-fd" {
				fd = number
			}
			err = linux.Connect(fd, target)
		}
		if err == nil {
			sent++
		}
		got += to.escaped(what)
		if fresh != (raced{}) {
			syscall.Close(fresh.public)
			syscall.Close(fresh.private)
		}
	}
	if got > 0 {
		fmt.Println("reached what it may not", got, "times")
		return 1
	}
	fmt.Println("sent", sent > 0)
	return 0
}

// escaped counts what came to the private socket, or to the public one from a
// private one.
func (r *raced) escaped(what string) (n int) {
	var buf [256]byte
	if strings.HasPrefix(what, "connect") {
		for _, fd := range []int{r.private, r.public} {
			for {
				c, _, err := syscall.Accept(fd)
				if err != nil {
					break
				}
				size, _ := linux.SocketOption(c, 1, 31, buf[:])
				if fd == r.private || typeOf(string(buf[:max(0, size-1)])) != "pub_t" {
					n++
				}
				syscall.Close(c)
			}
		}
		return n
	}
	for _, fd := range []int{r.private, r.public} {
		for {
			_, from, err := syscall.Recvfrom(fd, buf[:], syscall.MSG_DONTWAIT)
			if err != nil {
				break
			}
			if u, ok := from.(*syscall.SockaddrUnix); fd == r.private || !ok || !strings.HasSuffix(u.Name, "pub_t") {
				n++
			}
		}
	}
	return n
}

// Names and descriptors that change meanwhile reach no socket that they may not.
func TestSocketRaces(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("slow")
	}
	for _, what := range []string{"sendto-name", "sendmsg-name", "connect-name", "sendto-fd", "sendmsg-fd", "connect-fd"} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, socketRacePolicy)
			got := w.shell(t, prepare(t), raceStage+"SEWARD_TEST_HELPER=race-socket ./prog "+what)
			if got.exit != 0 || got.stdout != "sent true\n" {
				t.Errorf("exit %d: %s%s", got.exit, got.stdout, got.stderr)
			}
		})
	}
}
