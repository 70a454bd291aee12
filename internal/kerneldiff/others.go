package kerneldiff

import (
	"os"
	"strconv"
	"syscall"

	"seward/internal/linux"
)

// otherOps are operations on sockets, on objects of interprocess communication, and
// on the system.
var otherOps = []Op{
	socketing("tcp_socket", syscall.AF_INET, syscall.SOCK_STREAM, 0),
	socketing("udp_socket", syscall.AF_INET, syscall.SOCK_DGRAM, 0),
	socketing("rawip_socket", syscall.AF_INET, syscall.SOCK_RAW, 255),
	socketing("unix_stream_socket", syscall.AF_UNIX, syscall.SOCK_STREAM, 0),
	socketing("unix_dgram_socket", syscall.AF_UNIX, syscall.SOCK_DGRAM, 0),
	socketing("netlink_route_socket", syscall.AF_NETLINK, syscall.SOCK_RAW, 0),
	socketing("netlink_audit_socket", syscall.AF_NETLINK, syscall.SOCK_RAW, 9),
	socketing("netlink_kobject_uevent_socket", syscall.AF_NETLINK, syscall.SOCK_RAW, 15),
	socketing("netlink_generic_socket", syscall.AF_NETLINK, syscall.SOCK_RAW, 16),

	tcp("bind", "bind", func(c *scene) error { return syscall.Bind(c.fd, &syscall.SockaddrInet4{}) }),
	tcp("listen", "listen", func(c *scene) error { return syscall.Listen(c.fd, 1) }),
	tcp("getsockname", "getattr", func(c *scene) error { _, err := syscall.Getsockname(c.fd); return err }),
	tcp("getsockopt", "getopt", func(c *scene) error {
		_, err := syscall.GetsockoptInt(c.fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF)
		return err
	}),
	tcp("setsockopt", "setopt", func(c *scene) error {
		return syscall.SetsockoptInt(c.fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
	}),
	tcp("shutdown", "shutdown", func(c *scene) error { return syscall.Shutdown(c.fd, syscall.SHUT_RDWR) }),
	tcp("accept", "accept", func(c *scene) error { _, _, err := syscall.Accept4(c.fd, 0); return err }),
	tcp("ioctl of a socket", "ioctl", func(c *scene) error { return control(c.fd, 0x1234) }),
	with("unix bind", "unix_stream_socket", "bind", "object", socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0), bindUnix),
	with("unix bind, create", "sock_file", "create", "directory", socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0), bindUnix),
	with("unix bind, add_name", "dir", "add_name", "directory", socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0), bindUnix),
	connecting("unix connect", "unix_stream_socket", "connectto", "object"),
	connecting("unix connect, write", "sock_file", "write", "wanted"),
	with("unix sendto", "unix_dgram_socket", "sendto", "object", receiver(syscall.SOCK_DGRAM), func(c *scene) error {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
		if err != nil {
			return err
		}
		defer syscall.Close(fd)
		return syscall.Sendto(fd, []byte("x"), 0, &syscall.SockaddrUnix{Name: c.path("s")})
	}),

	on("shmget", "shm", "create", "self", func(*scene) error { return made(linux.Shmget(0, 4096, 0o600))("shmctl") }),
	on("semget", "sem", "create", "self", func(*scene) error { return made(linux.Semget(0, 1, 0o600))("semctl") }),
	on("msgget", "msgq", "create", "self", func(*scene) error { return made(linux.Msgget(0, 0o600))("msgctl") }),
	on("shmctl remove", "shm", "destroy", "self", func(*scene) error { return made(linux.Shmget(0, 4096, 0o600))("shmctl") }),
	on("semctl remove", "sem", "destroy", "self", func(*scene) error { return made(linux.Semget(0, 1, 0o600))("semctl") }),
	on("msgctl remove", "msgq", "destroy", "self", func(*scene) error { return made(linux.Msgget(0, 0o600))("msgctl") }),

	on("klogctl read all", "system", "syslog_read", "kernel_t", func(*scene) error {
		_, err := syscall.Klogctl(3, make([]byte, 16))
		return err
	}),
	on("klogctl size", "system", "syslog_mod", "kernel_t", func(*scene) error {
		_, err := syscall.Klogctl(9, nil)
		return err
	}),
	on("klogctl console", "system", "syslog_console", "kernel_t", func(*scene) error {
		_, err := syscall.Klogctl(8, nil)
		return err
	}),
	capability("sethostname", "sys_admin", sameName),
	capability("chroot", "sys_chroot", func(*scene) error { return syscall.Chroot("/") }),
	capability("SO_MARK", "net_admin", func(*scene) error {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer syscall.Close(fd)
		return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_MARK, 1)
	}),
}

// socketing makes a socket.
func socketing(class string, family, kind, protocol int) Op {
	return on("socket: "+class, class, "create", "self", func(*scene) error {
		fd, err := syscall.Socket(family, kind|syscall.SOCK_CLOEXEC, protocol)
		if err == nil {
			syscall.Close(fd)
		}
		return err
	})
}

// tcp is an operation on a TCP socket that was made before, with the object's
// type.
func tcp(name, perm string, act func(c *scene) error) Op {
	return with(name, "tcp_socket", perm, "object", socket(syscall.AF_INET, syscall.SOCK_STREAM, 0), act)
}

func bindUnix(c *scene) error { return syscall.Bind(c.fd, &syscall.SockaddrUnix{Name: c.path("s")}) }

// receiver is a socket at the name s, with the object's type; the file has
// another one.
func receiver(kind int) func(c *scene) error {
	return func(c *scene) error {
		if err := socket(syscall.AF_UNIX, kind, 0)(c); err != nil {
			return err
		}
		if err := bindUnix(c); err != nil {
			return err
		}
		if kind == syscall.SOCK_STREAM {
			if err := syscall.Listen(c.fd, 1); err != nil {
				return err
			}
		}
		return setLabel(c.path("s"), c.label(wanted))
	}
}

func connecting(name, class, perm, what string) Op {
	return with(name, class, perm, what, receiver(syscall.SOCK_STREAM), func(c *scene) error {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		defer syscall.Close(fd)
		return syscall.Connect(fd, &syscall.SockaddrUnix{Name: c.path("s")})
	})
}

// made removes an object of System V that was just made.
func made(id int, err error) func(call string) error {
	return func(call string) error {
		if err != nil {
			return err
		}
		return result(syscall.Syscall(uintptr(linux.SyscallNumber(call)), uintptr(id), 0, 0)) // IPC_RMID is 0
	}
}

func capability(name, perm string, act func(c *scene) error) Op {
	return on(name, "capability", perm, "self", act)
}

func readAttr(pid int, name string) error {
	fd, err := syscall.Open("/proc/"+strconv.Itoa(pid)+"/attr/"+name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	_, err = syscall.Read(fd, make([]byte, 256))
	return err
}

// sameName sets the host's name to what it is.
func sameName(*scene) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	return syscall.Sethostname([]byte(name))
}
