package supervisor_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"seward/internal/linux"
	"seward/internal/oracle"
)

// socketScript runs operations on sockets, each a word with arguments after
// colons, and says how each ends. Sockets are numbered in the order of their
// making.
type socketScript struct{ fds []int }

func (s *socketScript) fd(f []string) int {
	if len(f) > 0 {
		if n, err := strconv.Atoi(f[0]); err == nil {
			return s.fds[n]
		}
	}
	return s.fds[len(s.fds)-1]
}

func number(f []string, i int) int {
	n, _ := strconv.Atoi(f[i])
	return n
}

func (s *socketScript) step(f []string) (string, error) {
	op, f := f[0], f[1:]
	switch op {
	case "socket":
		fd, err := syscall.Socket(number(f, 0), number(f, 1), number(f, 2))
		s.fds = append(s.fds, fd)
		return "", err
	case "pair":
		pair, err := syscall.Socketpair(number(f, 0), number(f, 1), 0)
		s.fds = append(s.fds, pair[:]...)
		return "", err
	case "bind":
		return "", syscall.Bind(s.fd(f), s.address(f[1:]))
	case "connect":
		return "", syscall.Connect(s.fd(f), s.address(f[1:]))
	case "unconnect":
		return "", linux.Connect(s.fd(f), make([]byte, 16))
	case "listen":
		return "", syscall.Listen(s.fd(f), 5)
	case "accept":
		fd, _, err := syscall.Accept(s.fd(f))
		s.fds = append(s.fds, fd)
		return "", err
	case "nonblock":
		return "", syscall.SetNonblock(s.fd(f), true)
	case "shutdown":
		return "", syscall.Shutdown(s.fd(f), syscall.SHUT_RDWR)
	case "name":
		_, err := syscall.Getsockname(s.fd(f))
		return "", err
	case "getopt":
		_, err := syscall.GetsockoptInt(s.fd(f), syscall.SOL_SOCKET, syscall.SO_RCVBUF)
		return "", err
	case "setopt":
		return "", syscall.SetsockoptInt(s.fd(f), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
	case "peer":
		var buf [256]byte
		n, err := linux.SocketOption(s.fd(f), 1, 31, buf[:])
		return typeOf(string(buf[:max(n-1, 0)])), err
	case "own":
		var buf [256]byte
		n, err := linux.Fgetxattr(s.fd(f), linux.MakeName("security.selinux"), buf[:])
		return typeOf(strings.TrimRight(string(buf[:max(n, 0)]), "\x00")), err
	case "range":
		var buf [256]byte
		n, err := linux.Fgetxattr(s.fd(f), linux.MakeName("security.selinux"), buf[:])
		_, level, _ := strings.Cut(string(buf[:max(n-1, 0)]), "_t:")
		return level, err
	case "close":
		return "", syscall.Close(s.fd(f))
	case "label":
		return "", os.WriteFile("/proc/thread-self/attr/sockcreate", []byte(strings.ReplaceAll(f[0], ",", ":")), 0)
	case "sendto":
		return "", syscall.Sendto(s.fd(f), []byte("x"), syscall.MSG_DONTWAIT, s.address(f[1:]))
	case "sendmsg":
		var to syscall.Sockaddr
		if len(f) > 1 {
			to = s.address(f[1:])
		}
		return "", syscall.Sendmsg(s.fd(f), []byte("x"), nil, to, syscall.MSG_DONTWAIT)
	case "nlmsg":
		m := make([]byte, 36)
		m[0], m[4], m[6] = 36, byte(number(f, 1)), 1
		return "", syscall.Sendto(s.fd(f), m, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK})
	case "recv":
		var buf [9]byte
		n, _, err := syscall.Recvfrom(s.fd(f), buf[:], syscall.MSG_DONTWAIT)
		return string(buf[:max(n, 0)]), err
	}
	return "", errors.New("no such step: " + op)
}

// address reads inet:PORT, of:SOCKET or a path, @ for a NUL.
func (s *socketScript) address(f []string) syscall.Sockaddr {
	if f[0] == "of" {
		name, _ := syscall.Getsockname(s.fds[number(f, 1)])
		return name
	}
	if f[0] == "inet" {
		return &syscall.SockaddrInet4{Port: number(f, 1), Addr: [4]byte{127, 0, 0, 1}}
	}
	return &syscall.SockaddrUnix{Name: f[0]}
}

func init() {
	helpers["sockets"] = func(args []string) int {
		runtime.LockOSThread() // which the labels belong to
		var s socketScript
		for i, arg := range args {
			text, err := s.step(strings.Split(arg, ":"))
			var e syscall.Errno
			switch {
			case errors.As(err, &e):
				text = strconv.Itoa(int(e))
			case err != nil:
				text = err.Error()
			case text == "":
				text = "ok"
			}
			if i > 0 {
				fmt.Print(" ")
			}
			fmt.Print(text)
		}
		fmt.Println()
		return 0
	}
}

// socketPolicy lets the confined domain make sockets, and lacks what single tests
// add.
const socketPolicy = confined + `
(type sdom_t) (roletype unconfined_r sdom_t)
(allow tdom_t sdom_t (unix_stream_socket (create)))
(allow tdom_t self (unix_stream_socket (create)))
(allow tdom_t self (unix_dgram_socket (create)))
(allow tdom_t self (tcp_socket (create read write)))
(allow tdom_t self (udp_socket (create read write)))
(allow tdom_t sdom_t (udp_socket (read write)))
(allow tdom_t sdom_t (unix_stream_socket (read write)))
(allow tdom_t self (netlink_route_socket (create)))
(allow tdom_t self (process (setsockcreate)))
(allow tdom_t unconfined_t (fifo_file (read write getattr)))
(allow tdom_t sysctl_t (dir (search))) (allow tdom_t sysctl_t (file (read open getattr)))
(allow tdom_t sysfs_t (dir (search))) (allow tdom_t sysfs_t (file (read open getattr)))
(allow tdom_t user_tmp_t (dir (search read open getattr)))
(allow tdom_t tdom_exec_t (file (execute_no_trans ioctl)))
(typeattributeset file_type (sock_t)) (type sock_t)
`

// Each permission for a socket is asked for: what it guards works with it and
// fails without it.
func TestSocketPermissions(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	const stream, tcp, udp, dgram = "label:unconfined_u,unconfined_r,sdom_t,s0 socket:1:1:0", "socket:2:1:0", "socket:2:2:0", "socket:1:2:0"
	tests := map[string]struct {
		rules, steps  string
		allowed, want string // with the rules and without
		denial        string
	}{
		"create":       {"(allow tdom_t self (packet_socket (create)))", "socket:17:2:0", "", "13", "create packet_socket tdom_t tdom_t"},
		"bind":         {"(allow tdom_t self (tcp_socket (bind))) (allow tdom_t node_t (tcp_socket (node_bind)))", tcp + " bind:0:inet:0", "ok ok", "ok 13", "bind tcp_socket tdom_t tdom_t"},
		"node_bind":    {"(allow tdom_t node_t (udp_socket (node_bind)))", udp + " bind:0:inet:0", "ok ok", "ok 13", "node_bind udp_socket tdom_t node_t"},
		"name_bind":    {"(allow tdom_t http_port_t (tcp_socket (name_bind)))", tcp + " bind:0:inet:8008", "ok ok", "ok 13", "name_bind tcp_socket tdom_t http_port_t"},
		"name_connect": {"(allow tdom_t http_port_t (tcp_socket (name_connect)))", tcp + " connect:0:inet:8008", "ok 111", "ok 13", "name_connect tcp_socket tdom_t http_port_t"},
		"connect":      {"(allow tdom_t self (udp_socket (connect)))", udp + " connect:0:inet:9", "ok ok", "ok 13", "connect udp_socket tdom_t tdom_t"},
		"unconnect":    {"(allow tdom_t self (udp_socket (connect)))", udp + " unconnect", "ok ok", "ok 13", "connect udp_socket tdom_t tdom_t"},
		"listen":       {"(allow tdom_t sdom_t (unix_stream_socket (listen)))", stream + " bind:0:@l1 listen", "ok ok ok ok", "ok ok ok 13", "listen unix_stream_socket tdom_t sdom_t"},
		"accept": {
			"(allow tdom_t sdom_t (unix_stream_socket (accept)))", stream + " bind:0:@l2 listen nonblock accept",
			"ok ok ok ok ok 11", "ok ok ok ok ok 13", "accept unix_stream_socket tdom_t sdom_t",
		},
		"getopt":   {"(allow tdom_t self (udp_socket (getopt)))", udp + " getopt", "ok ok", "ok 13", "getopt udp_socket tdom_t tdom_t"},
		"setopt":   {"(allow tdom_t self (udp_socket (setopt)))", udp + " setopt", "ok ok", "ok 13", "setopt udp_socket tdom_t tdom_t"},
		"shutdown": {"(allow tdom_t sdom_t (unix_stream_socket (shutdown)))", "label:unconfined_u,unconfined_r,sdom_t,s0 pair:1:1 shutdown", "ok ok ok", "ok ok 13", "shutdown unix_stream_socket tdom_t sdom_t"},
		"getattr":  {"(allow tdom_t self (udp_socket (getattr)))", udp + " name", "ok ok", "ok 13", "getattr udp_socket tdom_t tdom_t"},
		"sockcreate": {
			"(allow tdom_t sdom_t (udp_socket (create)))", "label:unconfined_u,unconfined_r,sdom_t,s0 " + udp, "ok ok", "ok 13",
			"create udp_socket tdom_t sdom_t",
		},
		"sendto": {
			"(allow sdom_t self (unix_dgram_socket (sendto)))", "label:unconfined_u,unconfined_r,sdom_t,s0 " + dgram + " " + dgram + " bind:0:@d1 sendto:1:@d1 recv:0 sendmsg:1:@d1 recv:0",
			"ok ok ok ok ok x ok x", "ok ok ok ok 13 11 13 11", "sendto unix_dgram_socket sdom_t sdom_t",
		},
		"connected": {
			"(allow sdom_t self (unix_dgram_socket (sendto)))", "label:unconfined_u,unconfined_r,sdom_t,s0 " + dgram + " " + dgram + " bind:0:@d2 connect:1:@d2 sendmsg:1 recv:0",
			"ok ok ok ok ok ok x", "ok ok ok ok 13 107 11", "sendto unix_dgram_socket sdom_t sdom_t",
		},
		"file": {
			"(allow tdom_t sock_t (sock_file (write)))", dgram + " bind:0:d " + dgram + " sendto:1:d sendmsg:1:d connect:1:d", "ok ok ok ok ok ok",
			"ok ok ok 13 13 13", "write sock_file tdom_t sock_t",
		},
		"nlmsg_read": {
			"(allow tdom_t sdom_t (netlink_route_socket (nlmsg_read)))", "label:unconfined_u,unconfined_r,sdom_t,s0 socket:16:3:0 nlmsg:0:18 nlmsg:0:16",
			"ok ok ok 13", "ok ok 13 13", "nlmsg_read netlink_route_socket tdom_t sdom_t",
		},
		"connectto": {
			"(allow sdom_t self (unix_stream_socket (connectto)))", stream + " bind:0:@l3 listen " + stream + " connect:1:@l3 getopt:1 peer:1",
			"ok ok ok ok ok ok ok ok sdom_t", "ok ok ok ok ok ok 13 ok unlabeled_t", "connectto unix_stream_socket sdom_t sdom_t",
		},
	}
	// What every test has but the one about it.
	const common = `
(allow tdom_t sdom_t (unix_stream_socket (bind listen connect getopt)))
(allow tdom_t self (tcp_socket (bind connect)))
(allow tdom_t self (udp_socket (bind connect)))
(allow tdom_t node_t (tcp_socket (node_bind)))
(allow tdom_t http_port_t (tcp_socket (name_bind)))
(allow tdom_t sdom_t (unix_dgram_socket (bind connect read write create)))
(allow tdom_t self (unix_dgram_socket (bind connect read write)))
(allow tdom_t sdom_t (netlink_route_socket (create read write bind)))
(allow tdom_t user_tmp_t (dir (write add_name)))
(allow tdom_t sock_t (sock_file (create)))
(typetransition tdom_t user_tmp_t sock_file sock_t)
(allow sdom_t tdom_t (unix_dgram_socket (sendto))) (allow tdom_t self (unix_dgram_socket (sendto)))
`
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			without := strings.NewReplacer(" "+name+")", ")", " "+name+" ", " ", "("+name+" ", "(", "("+name+")", "(ioctl)").Replace(common)
			if name == "unconnect" {
				without = strings.ReplaceAll(without, " connect", "")
			}
			for i, rules := range []string{tt.rules, ""} {
				w := newWorld(t, socketPolicy+without+rules)
				got := w.shell(t, prepare(t), raceStage+"export SEWARD_TEST_HELPER=sockets; ./prog "+strings.ReplaceAll(tt.steps, "@", "@"+t.Name()))
				want := []string{tt.allowed, tt.want}[i]
				if want == "" {
					continue // depends on privileges
				}
				if got.stdout != want+"\n" {
					t.Errorf("got %q, want %q: %s\n%s", got.stdout, want, got.stderr, strings.Join(got.avcs(), "\n"))
				}
				if denied := strings.Contains(strings.Join(got.avcs(), "\n"), tt.denial); denied != (i == 1) {
					t.Errorf("denial %q logged is %v: %s", tt.denial, denied, strings.Join(got.avcs(), "\n"))
				}
			}
		})
	}
}

// Sockets have the label that was asked for, or their maker's; connections have
// the listening socket's with the client's level, and show each end the other's.
func TestSocketLabels(t *testing.T) {
	t.Parallel()
	const pub, sec = "label:unconfined_u,unconfined_r,pub_t,s0-s0", "label:unconfined_u,unconfined_r,sec_t,s0-s3"
	none := "92" // ENOPROTOOPT
	for name, tt := range map[string]struct{ steps, want string }{
		"maker":   {"socket:1:1:0 own socket:2:2:0 own pair:1:2 own:2 peer:2", "ok unconfined_t ok unconfined_t ok unconfined_t " + none},
		"pair":    {"pair:1:1 own:0 peer:0 peer:1 " + pub + " pair:1:1 own:2 own:3 peer:2 peer:3", "ok unconfined_t unconfined_t unconfined_t ok ok pub_t pub_t pub_t pub_t"},
		"asked":   {pub + " socket:1:1:0 peer own " + sec + " socket:2:1:0 own own:0", "ok ok unlabeled_t pub_t ok ok sec_t pub_t"},
		"accept":  {pub + " socket:1:1:0 bind:0:@a listen " + sec + " socket:1:1:0 connect:1:@a peer:1 nonblock:0 accept:0 own:2 peer:2 range:2", "ok ok ok ok ok ok ok pub_t ok ok pub_t sec_t s0-s3"},
		"wait":    {pub + " socket:1:1:0 bind:0:@w listen " + sec + " socket:1:1:0 connect:1:@w accept:0 peer:2 own:2 range:2", "ok ok ok ok ok ok ok ok sec_t pub_t s0-s3"},
		"gone":    {pub + " socket:1:1:0 bind:0:@g listen " + sec + " socket:1:1:0 connect:1:@g close:1 nonblock:0 accept:0 own:2 peer:2", "ok ok ok ok ok ok ok ok ok ok pub_t sec_t"},
		"network": {pub + " socket:2:1:0 bind:0:inet:0 listen " + sec + " socket:2:1:0 connect:1:of:0 accept:0 own:2 peer:2 peer:1", "ok ok ok ok ok ok ok ok pub_t " + none + " " + none},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, socketRacePolicy+"(allow unconfined_t racer (unix_stream_socket (all))) (allow unconfined_t racer (tcp_socket (all))) (allow racer racer (unix_stream_socket (connectto))) (allow racer port_type (tcp_socket (name_bind name_connect))) (allow racer node_type (tcp_socket (node_bind)))")
			got := w.helper(t, nil, "sockets", strings.Fields(strings.ReplaceAll(tt.steps, "@", "@"+t.Name()+strconv.Itoa(os.Getpid())))...)
			if got.stdout != tt.want+"\n" {
				t.Errorf("got  %q\nwant %q: %s\n%s", got.stdout, tt.want, got.stderr, strings.Join(got.avcs(), "\n"))
			}
		})
	}
}
