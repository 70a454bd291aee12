package compat

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// program writes an executable file and runs it.
func program(name, content string, mode os.FileMode, attr *syscall.SysProcAttr) string {
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		return errno(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		return errno(err)
	}
	return command(attr, "./"+name)
}

// command runs a program and says what came of it.
func command(attr *syscall.SysProcAttr, argv ...string) string {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec // G204: from the tables of these tests.
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		return errno(err)
	}
	return fmt.Sprintf("%q %s", out, cmd.ProcessState)
}

// shells are short scripts about processes, terminals and what /proc shows.
func shells(scripts ...string) (list []edge) {
	for _, s := range scripts {
		list = append(list, edge{fmt.Sprintf("%q", s), func() string { return command(nil, "/bin/sh", "-c", s) }})
	}
	return list
}

var processes = together(
	eachPath("exec", func(p string) string {
		err := unix.Exec(p, []string{"x"}, nil)
		return errno(err)
	}),
	[]edge{
		{"script", func() string { return program("s1", "#!/bin/sh\necho $0\n", 0o755, nil) }},
		{"script of script", func() string { return program("s2", "#!./s1\n", 0o755, nil) }},
		{"script of nothing", func() string { return program("s3", "#!/nothing\n", 0o755, nil) }},
		{"script of itself", func() string { return program("s4", "#!./s4\n", 0o755, nil) }},
		{"script without name", func() string { return program("s5", "#!\n", 0o755, nil) }},
		{"no format", func() string { return program("s6", "neither", 0o755, nil) }},
		{"empty", func() string { return program("s7", "", 0o755, nil) }},
		{"not executable", func() string { return program("s8", "#!/bin/sh\n", 0o644, nil) }},
		{"session", func() string { return command(&syscall.SysProcAttr{Setsid: true}, "/bin/sh", "-c", "echo x") }},
		{"group", func() string { return command(&syscall.SysProcAttr{Setpgid: true}, "/bin/sh", "-c", "echo x") }},
		{"group and session", func() string { return command(&syscall.SysProcAttr{Setpgid: true, Setsid: true}, "/bin/true") }},
		{"kill nobody", func() string { return errno(unix.Kill(1<<22-1, 0)) }},
		{"kill bad", func() string { return errno(unix.Kill(unix.Getpid(), 99)) }},
		{"kill self", func() string {
			c := make(chan os.Signal, 1)
			signal.Notify(c, unix.SIGUSR1)
			defer signal.Stop(c)
			err := unix.Kill(unix.Getpid(), unix.SIGUSR1)
			return errno(err) + fmt.Sprint(<-c)
		}},
		{"wait nobody", func() string { _, err := unix.Wait4(-1, nil, 0, nil); return errno(err) }},
		{"wait flags", func() string { _, err := unix.Wait4(-1, nil, 0x10, nil); return errno(err) }},
		{"group of nobody", func() string { _, err := unix.Getpgid(1<<22 - 1); return errno(err) }},
		{"setpgid nobody", func() string { return errno(unix.Setpgid(1<<22-1, 0)) }},
		{"limits", func() string {
			var old unix.Rlimit
			err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old)
			return fmt.Sprint(errno(err), errno(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 9, Max: 8})), errno(unix.Getrlimit(99, &old)))
		}},
		{"prctl", func() string { return errno(unix.Prctl(9999, 0, 0, 0, 0)) }},
		{"name", func() string { return errno(unix.Prctl(unix.PR_SET_PDEATHSIG, 999, 0, 0, 0)) }},
		{"priority", func() string { p, err := unix.Getpriority(unix.PRIO_PROCESS, 0); return both(p, err) }},
		{"priority of bad", func() string { return errno(unix.Setpriority(9, 0, 0)) }},
		{"affinity", func() string {
			var s unix.CPUSet
			return errno(unix.SchedGetaffinity(0, &s)) + errno(unix.SchedGetaffinity(1<<22-1, &s))
		}},
		{"pidfd", func() string {
			_, err := unix.PidfdOpen(1<<22-1, 0)
			fd, own := unix.PidfdOpen(unix.Getpid(), 0)
			defer unix.Close(fd)
			return fmt.Sprint(errno(err), errno(own), errno(unix.PidfdSendSignal(fd, 0, nil, 0)))
		}},
		{"chroot nowhere", func() string { return errno(unix.Chroot("nothing")) }},
		{"chroot file", func() string { return errno(unix.Chroot("file")) }},
		{"unmount", func() string { return errno(unix.Unmount("dir", 0)) }},
		{"mount nothing", func() string { return errno(unix.Mount("none", "nothing", "tmpfs", 0, "")) }},
		{"mount what", func() string { return errno(unix.Mount("none", "dir", "nosuchfs", 0, "")) }},
	},
	shells(
		"sleep 0.05 & kill -STOP $!; kill -CONT $!; wait $!; echo $?",
		"sh -c 'kill -TERM $$'; echo $?",
		"trap 'echo caught' USR1; kill -USR1 $$; echo after",
		"trap '' TERM; sh -c 'kill -TERM $$; echo alive'",
		"(exit 7) & wait $!; echo $?",
		"sleep 9 & kill $!; wait $!; echo $?",
		"ulimit -n 20; ulimit -n; ulimit -f 1; head -c 9999 /dev/zero >big 2>/dev/null; echo $?",
		"echo x | (read a; echo $a); false | true; echo $?",
		"exec 9>f; echo a >&9; exec 9>&-; (echo b >&9) 2>/dev/null || echo closed",
		"readlink /proc/self/exe | sed 's,.*/,,'; cat /proc/self/comm; tr '\\0' ' ' </proc/self/cmdline",
		"cd dir && pwd -P | sed 's,.*/,,'; readlink /proc/self/cwd | sed 's,.*/,,'; rmdir ../dir; touch x 2>/dev/null; echo $?",
		"ls /proc/self/fd; ls -d /proc/$$/task/$$ | wc -l",
		"umask 77; >private; mkdir pd; stat -c %a private pd",
		"nice -n 3 nice; echo ~ | wc -l; tty; stty 2>/dev/null; echo $?",
		"cat </proc/self/status | grep -E 'State|Threads|NoNewPrivs|Seccomp_none'",
		": >/dev/full; echo x >/dev/full; echo $?",
		"cp /bin/true t && ./t; echo $?; exec 8>>t; ./t 2>/dev/null; echo $?",
		"test -w /proc/self/mem; echo $?; echo x >/proc/version 2>/dev/null; echo $?",
	),
)

var memory = []edge{
	{"map file", mapping("file", unix.O_RDONLY, unix.PROT_READ, unix.MAP_SHARED, 7)},
	{"map write read only", mapping("file", unix.O_RDONLY, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED, 7)},
	{"map private", mapping("file", unix.O_RDONLY, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE, 7)},
	{"map write only", mapping("file", unix.O_WRONLY, unix.PROT_READ, unix.MAP_SHARED, 7)},
	{"map executable", mapping("file", unix.O_RDONLY, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE, 7)},
	{"map directory", mapping("dir", unix.O_RDONLY, unix.PROT_READ, unix.MAP_SHARED, 7)},
	{"map neither", mapping("file", unix.O_RDONLY, unix.PROT_READ, 0, 7)},
	{"map path", mapping("file", unix.O_PATH, unix.PROT_READ, unix.MAP_SHARED, 7)},
	{"anonymous", func() string {
		m, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			return errno(err)
		}
		return errno(unix.Mprotect(m, unix.PROT_READ|unix.PROT_EXEC)) + errno(unix.Mprotect(m, unix.PROT_READ|unix.PROT_WRITE)) + errno(unix.Munmap(m))
	}},
	{"memory file", func() string {
		fd, err := unix.MemfdCreate("m", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
		if err != nil {
			return errno(err)
		}
		defer unix.Close(fd)
		sealed := unix.Ftruncate(fd, 10)
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK)
		_, werr := unix.Write(fd, []byte("x"))
		return fmt.Sprint(errno(sealed), errno(err), errno(werr), errno(unix.Ftruncate(fd, 1)))
	}},
	{"memory file flags", func() string { _, err := unix.MemfdCreate("m", 0x4000); return errno(err) }},
	{"fallocate", func() string {
		return locked(func(a, _ int) string {
			return errno(unix.Fallocate(a, 0, 0, 100)) + errno(unix.Fallocate(a, 0, -1, 1)) + errno(unix.Fallocate(a, 0x4000, 0, 1))
		})
	}},
	{"seek", func() string {
		return locked(func(a, _ int) string {
			n, err := unix.Seek(a, -1, 0)
			m, end := unix.Seek(a, 0, 2)
			return fmt.Sprint(n, errno(err), m, errno(end))
		})
	}},
	{"lock memory", func() string { return errno(unix.Mlockall(0x100)) }},
	{"descriptor flags", func() string {
		return locked(func(a, b int) string {
			n, err := unix.FcntlInt(uintptr(a), unix.F_GETFD, 0)
			_, bad := unix.FcntlInt(uintptr(b), 9999, 0)
			_, closed := unix.FcntlInt(999, unix.F_GETFD, 0)
			_, dup := unix.FcntlInt(uintptr(a), unix.F_DUPFD, 1<<30)
			return fmt.Sprint(n, errno(err), errno(bad), errno(closed), errno(dup))
		})
	}},
	{"rename open", func() string {
		return locked(func(a, _ int) string {
			var st unix.Stat_t
			moved, gone := unix.Rename("file", "file2"), unix.Unlink("file2")
			err := unix.Fstat(a, &st)
			return fmt.Sprint(errno(moved), errno(gone), errno(err), st.Nlink)
		})
	}},
}

// mapping maps a file.
func mapping(path string, flags, prot, how, size int) func() string {
	return func() string {
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
		if err != nil {
			return errno(err)
		}
		defer unix.Close(fd)
		m, err := unix.Mmap(fd, 0, size, prot, how)
		if err != nil {
			return errno(err)
		}
		return "ok" + errno(unix.Munmap(m))
	}
}
