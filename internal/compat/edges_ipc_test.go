package compat

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

var domains = map[string]int{"unix": unix.AF_UNIX, "inet": unix.AF_INET, "inet6": unix.AF_INET6, "netlink": unix.AF_NETLINK, "packet": unix.AF_PACKET, "none": 99, "unspec": 0}

// eachSocket tries to make a socket of each kind.
func eachSocket() (list []edge) {
	for _, d := range []string{"unix", "inet", "inet6", "netlink", "none", "unspec"} {
		for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET, unix.SOCK_RAW, 77} {
			for _, proto := range []int{0, unix.IPPROTO_TCP, unix.IPPROTO_UDP, 200} {
				list = append(list, edge{fmt.Sprint("socket ", d, kind, proto), func() string {
					fd, err := unix.Socket(domains[d], kind|unix.SOCK_CLOEXEC, proto)
					if err == nil {
						unix.Close(fd)
					}
					return errno(err)
				}})
			}
		}
	}
	return list
}

// with makes a socket for do.
func with(domain, kind int, do func(fd int) string) func() string {
	return func() string {
		fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return errno(err)
		}
		defer unix.Close(fd)
		return do(fd)
	}
}

// pair makes a pair of local sockets for do.
func pair(kind int, do func(a, b int) string) func() string {
	return func() string {
		p, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return errno(err)
		}
		defer unix.Close(p[0])
		defer unix.Close(p[1])
		return do(p[0], p[1])
	}
}

func local(name string) *unix.SockaddrUnix { return &unix.SockaddrUnix{Name: name} }

// passed sends descriptors over a pair and says what arrives.
func passed(kind int, flags int) func() string {
	return pair(kind, func(a, b int) string {
		file, err := unix.Open("file", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return errno(err)
		}
		defer unix.Close(file)
		if err := unix.Sendmsg(a, []byte("hello"), unix.UnixRights(file, file), nil, 0); err != nil {
			return errno(err)
		}
		oob := make([]byte, unix.CmsgSpace(8))
		data := make([]byte, 10)
		n, oobn, got, _, err := unix.Recvmsg(b, data, oob, flags)
		if err != nil {
			return errno(err)
		}
		messages, err := unix.ParseSocketControlMessage(oob[:oobn])
		if err != nil || len(messages) != 1 {
			return fmt.Sprint(len(messages), " messages ", errno(err))
		}
		fds, err := unix.ParseUnixRights(&messages[0])
		if err != nil {
			return errno(err)
		}
		text := fmt.Sprintf("%q flags %#x", data[:n], got)
		for _, fd := range fds {
			m, err := unix.Pread(fd, data, 0)
			text += fmt.Sprintf(" %q %s", data[:max(m, 0)], errno(err))
			unix.Close(fd)
		}
		return text
	})
}

var sockets = together(
	eachSocket(),
	eachPath("bind", func(p string) string {
		return with(unix.AF_UNIX, unix.SOCK_DGRAM, func(fd int) string { return errno(unix.Bind(fd, local(p))) })()
	}),
	eachPath("connect", func(p string) string {
		return with(unix.AF_UNIX, unix.SOCK_STREAM, func(fd int) string { return errno(unix.Connect(fd, local(p))) })()
	}),
	eachPath("sendto", func(p string) string {
		return with(unix.AF_UNIX, unix.SOCK_DGRAM, func(fd int) string { return errno(unix.Sendto(fd, []byte("x"), 0, local(p))) })()
	}),
	[]edge{
		{"rights stream", passed(unix.SOCK_STREAM, 0)},
		{"rights datagram", passed(unix.SOCK_DGRAM, 0)},
		{"rights packet", passed(unix.SOCK_SEQPACKET, 0)},
		{"rights peek", passed(unix.SOCK_STREAM, unix.MSG_PEEK)},
		{"rights cloexec", passed(unix.SOCK_STREAM, unix.MSG_CMSG_CLOEXEC)},
		{"rights of nothing", pair(unix.SOCK_STREAM, func(a, _ int) string {
			return errno(unix.Sendmsg(a, []byte("x"), unix.UnixRights(999), nil, 0))
		})},
		{"peer", pair(unix.SOCK_STREAM, func(a, _ int) string {
			c, err := unix.GetsockoptUcred(a, unix.SOL_SOCKET, unix.SO_PEERCRED)
			if err != nil {
				return errno(err)
			}
			return fmt.Sprint(c.Pid == int32(unix.Getpid()), c.Uid, c.Gid) //nolint:gosec // G115: a number of a process.
		})},
		{"credentials", pair(unix.SOCK_DGRAM, func(a, b int) string {
			if err := unix.SetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
				return errno(err)
			}
			if _, err := unix.Write(a, []byte("x")); err != nil {
				return errno(err)
			}
			oob := make([]byte, 100)
			n, oobn, flags, _, err := unix.Recvmsg(b, make([]byte, 10), oob, 0)
			return fmt.Sprint(n, oobn, flags, errno(err))
		})},
		{"no message", pair(unix.SOCK_STREAM, func(a, _ int) string {
			_, _, _, _, err := unix.Recvmsg(a, make([]byte, 1), nil, unix.MSG_DONTWAIT)
			return errno(err)
		})},
		{"shut down", pair(unix.SOCK_STREAM, func(a, b int) string {
			err := unix.Shutdown(a, unix.SHUT_WR)
			n, rerr := unix.Read(b, make([]byte, 1))
			_, werr := unix.Write(a, []byte("x"))
			return fmt.Sprint(errno(err), n, errno(rerr), errno(werr), errno(unix.Shutdown(a, 9)))
		})},
		{"truncated datagram", pair(unix.SOCK_DGRAM, func(a, b int) string {
			if err := unix.Sendmsg(a, []byte("longer"), nil, nil, 0); err != nil {
				return errno(err)
			}
			n, _, flags, _, err := unix.Recvmsg(b, make([]byte, 2), nil, 0)
			return fmt.Sprint(n, flags, errno(err))
		})},
		{"listen unbound", with(unix.AF_UNIX, unix.SOCK_STREAM, func(fd int) string { return errno(unix.Listen(fd, 1)) })},
		{"listen datagram", with(unix.AF_UNIX, unix.SOCK_DGRAM, func(fd int) string { return errno(unix.Listen(fd, 1)) })},
		{"accept unbound", with(unix.AF_UNIX, unix.SOCK_STREAM, func(fd int) string { _, _, err := unix.Accept(fd); return errno(err) })},
		{"bind twice", with(unix.AF_UNIX, unix.SOCK_STREAM, func(fd int) string {
			return errno(unix.Bind(fd, local("bound"))) + errno(unix.Bind(fd, local("bound2")))
		})},
		{"connect bound, not listening", with(unix.AF_UNIX, unix.SOCK_STREAM, func(fd int) string { return errno(unix.Connect(fd, local("bound"))) })},
		{"bind inet elsewhere", with(unix.AF_INET, unix.SOCK_STREAM, func(fd int) string {
			return errno(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 1}}))
		})},
		{"connect refused", with(unix.AF_INET, unix.SOCK_STREAM, func(fd int) string {
			return errno(unix.Connect(fd, &unix.SockaddrInet4{Port: 1, Addr: [4]byte{127, 0, 0, 1}}))
		})},
		{"connect other family", with(unix.AF_INET, unix.SOCK_STREAM, func(fd int) string { return errno(unix.Connect(fd, local("bound"))) })},
		{"local stream", func() string { return conversation(unix.AF_UNIX, local("talk")) }},
		{"inet stream", func() string { return conversation(unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}) }},
		{"option unknown", with(unix.AF_INET, unix.SOCK_STREAM, func(fd int) string { return errno(unix.SetsockoptInt(fd, unix.SOL_SOCKET, 9999, 1)) })},
		{"option of no socket", func() string { return errno(unix.SetsockoptInt(1, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)) }},
	},
)

// conversation listens, connects, and talks.
func conversation(domain int, at unix.Sockaddr) string {
	return with(domain, unix.SOCK_STREAM, func(server int) string {
		if err := unix.Bind(server, at); err != nil {
			return errno(err)
		}
		name, err := unix.Getsockname(server)
		if err != nil {
			return errno(err)
		}
		if err := unix.Listen(server, 1); err != nil {
			return errno(err)
		}
		return with(domain, unix.SOCK_STREAM, func(client int) string {
			if err := unix.Connect(client, name); err != nil {
				return errno(err)
			}
			again := unix.Connect(client, name)
			peer, from, err := unix.Accept(server)
			if err != nil {
				return errno(err)
			}
			defer unix.Close(peer)
			_, werr := unix.Write(client, []byte("hello"))
			data := make([]byte, 10)
			n, _, err := unix.Recvfrom(peer, data, 0)
			return fmt.Sprintf("%s %T %s %q %s", errno(again), from, errno(werr), data[:max(n, 0)], errno(err))
		})()
	})()
}

var pipes = []edge{
	{"pipe", func() string {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
			return errno(err)
		}
		_, empty := unix.Read(p[0], make([]byte, 1))
		_, wrong := unix.Write(p[0], []byte("x"))
		unix.Close(p[1])
		n, err := unix.Read(p[0], make([]byte, 1))
		unix.Close(p[0])
		return fmt.Sprint(errno(empty), errno(wrong), n, errno(err))
	}},
	{"pipe flags", func() string { var p [2]int; return errno(unix.Pipe2(p[:], 0x7)) }},
	{"FIFO meets", func() string {
		done := make(chan string)
		go func() {
			fd, err := unix.Open("fifo", unix.O_WRONLY|unix.O_CLOEXEC, 0)
			unix.Close(fd)
			done <- errno(err)
		}()
		fd, err := unix.Open("fifo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		defer unix.Close(fd)
		return errno(err) + <-done
	}},
	{"FIFO nobody reads", func() string { return opening("fifo", unix.O_WRONLY) }},
	{"FIFO both", func() string { return opening("fifo", unix.O_RDWR) }},
	{"lock", func() string {
		return locked(func(a, b int) string {
			err := unix.Flock(a, unix.LOCK_EX)
			held := unix.Flock(b, unix.LOCK_EX|unix.LOCK_NB)
			return fmt.Sprint(errno(err), errno(held), errno(unix.Flock(a, 0x77)), errno(unix.Flock(999, unix.LOCK_SH)))
		})
	}},
	{"record lock", func() string {
		return locked(func(a, b int) string {
			k := unix.Flock_t{Type: unix.F_WRLCK, Len: 3}
			err := unix.FcntlFlock(uintptr(a), unix.F_OFD_SETLK, &k)
			k.Type = unix.F_RDLCK
			held := unix.FcntlFlock(uintptr(b), unix.F_OFD_SETLK, &k)
			k.Type = 99
			return fmt.Sprint(errno(err), errno(held), errno(unix.FcntlFlock(uintptr(b), unix.F_SETLK, &k)))
		})
	}},
	{"watch", func() string {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
		if err != nil {
			return errno(err)
		}
		defer unix.Close(fd)
		_, err = unix.InotifyAddWatch(fd, "dir", unix.IN_CREATE)
		_, absent := unix.InotifyAddWatch(fd, "nothing", unix.IN_CREATE)
		_, file := unix.InotifyAddWatch(fd, "file", unix.IN_CREATE|unix.IN_ONLYDIR)
		_, none := unix.InotifyAddWatch(fd, "dir", 0)
		made := unix.Mkdir("dir/seen", 0o700)
		n, seen := unix.Read(fd, make([]byte, 300))
		return fmt.Sprint(errno(err), errno(absent), errno(file), errno(none), errno(made), n, errno(seen))
	}},
	{"epoll", func() string {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			return errno(err)
		}
		defer unix.Close(fd)
		file, err := unix.Open("file", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return errno(err)
		}
		defer unix.Close(file)
		return fmt.Sprint(errno(unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, file, &unix.EpollEvent{})),
			errno(unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{})), errno(unix.EpollCtl(fd, unix.EPOLL_CTL_DEL, 0, nil)))
	}},
	{"eventfd", func() string { _, err := unix.Eventfd(0, 0x7); return errno(err) }},
	{"shared memory", func() string {
		id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, 0o600)
		if err != nil {
			return errno(err)
		}
		data, err := unix.SysvShmAttach(id, 0, 0)
		_, gone := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		if err == nil {
			data[0] = 1
			err = unix.SysvShmDetach(data)
		}
		_, absent := unix.SysvShmAttach(id, 0, 0)
		return errno(err) + errno(gone) + errno(absent)
	}},
	{"shared memory absent", func() string { _, err := unix.SysvShmGet(0x7abcde, 1, 0); return errno(err) }},
	{"shared memory empty", func() string { _, err := unix.SysvShmGet(unix.IPC_PRIVATE, 0, 0o600); return errno(err) }},
	{"key", func() string {
		_, err := unix.AddKey("nosuchtype", "d", nil, unix.KEY_SPEC_PROCESS_KEYRING)
		return errno(err)
	}},
	{"keyctl", func() string { _, err := unix.KeyctlInt(9999, 0, 0, 0, 0); return errno(err) }},
	{"timeout", func() string {
		fds := []unix.PollFd{{Fd: -1}}
		n, err := unix.Poll(fds, int((10 * time.Millisecond).Milliseconds()))
		return both(n, err)
	}},
}

// locked opens a file twice.
func locked(do func(a, b int) string) string {
	a, err := unix.Open("file", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return errno(err)
	}
	defer unix.Close(a)
	b, err := unix.Open("file", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return errno(err)
	}
	defer unix.Close(b)
	return do(a, b)
}
