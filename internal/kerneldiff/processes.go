package kerneldiff

import (
	"syscall"
)

// processOps are operations that execute programs, on processes, and on the
// attributes of the process itself.
var processOps = []Op{
	executing("execute", "execute", false),
	executing("execute, execute_no_trans", "execute_no_trans", false),
	executing("execute, read", "read", false),
	executing("execute, open", "open", false),
	executing("enter, execute", "execute", true),
	executing("enter, execute_no_trans", "execute_no_trans", true),
	entering("enter, transition", "process", "transition", "entered"),
	entering("enter, noatsecure", "process", "noatsecure", "entered"),
	entering("enter, siginh", "process", "siginh", "entered"),
	entering("enter, rlimitinh", "process", "rlimitinh", "entered"),
	scripting("run a script", "execute"),
	scripting("run a script, execute_no_trans", "execute_no_trans"),
	scripting("run a script, read", "read"),
	scripting("run a script, open", "open"),
	asking("execute in a label", "process", "setexec", "self"),
	asking("execute in a label, transition", "process", "transition", "entered"),
	asking("execute in a label, execute", "file", "execute", "object"),

	attribute("attr/exec", "setexec", "exec"),
	attribute("attr/fscreate", "setfscreate", "fscreate"),
	attribute("attr/sockcreate", "setsockcreate", "sockcreate"),
	attribute("attr/keycreate", "setkeycreate", "keycreate"),
	attribute("attr/current", "setcurrent", "current"),

	to("signal 0", "signull", func(c *scene) error { return syscall.Kill(c.pid, 0) }),
	to("SIGTERM", "signal", func(c *scene) error { return syscall.Kill(c.pid, syscall.SIGTERM) }),
	to("SIGKILL", "sigkill", func(c *scene) error { return syscall.Kill(c.pid, syscall.SIGKILL) }),
	to("SIGSTOP", "sigstop", func(c *scene) error { return syscall.Kill(c.pid, syscall.SIGSTOP) }),
	to("SIGCHLD", "sigchld", func(c *scene) error { return syscall.Kill(c.pid, syscall.SIGCHLD) }),
	to("getpgid", "getpgid", func(c *scene) error { _, err := syscall.Getpgid(c.pid); return err }),
	to("getsid", "getsession", func(c *scene) error {
		return result(syscall.Syscall(syscall.SYS_GETSID, uintptr(c.pid), 0, 0))
	}),
	to("setpriority", "setsched", func(c *scene) error { return syscall.Setpriority(syscall.PRIO_PROCESS, c.pid, 5) }),
	to("sched_getscheduler", "getsched", func(c *scene) error {
		return result(syscall.Syscall(syscall.SYS_SCHED_GETSCHEDULER, uintptr(c.pid), 0, 0))
	}),
	to("ioprio_get", "getsched", func(c *scene) error { return result(syscall.Syscall(syscall.SYS_IOPRIO_GET, 1, uintptr(c.pid), 0)) }),
	to("ioprio_set", "setsched", func(c *scene) error {
		return result(syscall.Syscall(syscall.SYS_IOPRIO_SET, 1, uintptr(c.pid), 2<<13|3))
	}),
	to("read another's label", "getattr", func(c *scene) error { return readAttr(c.pid, "current") }),
	to("read another's attr/exec", "getattr", func(c *scene) error { return readAttr(c.pid, "exec") }),
	on("getpgid of itself", "process", "getpgid", "self", func(*scene) error { _, err := syscall.Getpgid(syscall.Gettid()); return err }),
	on("setpgid of itself", "process", "setpgid", "self", func(*scene) error { return syscall.Setpgid(0, 0) }),
	on("nice of itself", "process", "setsched", "self", func(*scene) error {
		return syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), 1)
	}),
	on("fork", "process", "fork", "self", func(c *scene) error {
		_, err := syscall.ForkExec(c.path("none"), nil, &syscall.ProcAttr{})
		return err
	}),
	with("map to execute", "file", "execute", "object", opened("f", syscall.O_RDONLY), mapping(syscall.PROT_READ|syscall.PROT_EXEC, syscall.MAP_PRIVATE)),
	with("map", "file", "map", "object", opened("f", syscall.O_RDONLY), mapping(syscall.PROT_READ, syscall.MAP_PRIVATE)),
	with("map shared, write", "file", "write", "object", opened("f", syscall.O_RDWR), mapping(syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)),
	with("map to write and execute", "process", "execmem", "self", opened("f", syscall.O_RDWR), mapping(syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC, syscall.MAP_PRIVATE)),
	on("execmem by mmap", "process", "execmem", "self", func(*scene) error {
		m, err := syscall.Mmap(-1, 0, 4096, 7, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		if err == nil {
			err = syscall.Munmap(m)
		}
		return err
	}),
	on("execmem by mprotect", "process", "execmem", "self", func(*scene) error {
		m, err := syscall.Mmap(-1, 0, 4096, 3, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		if err != nil {
			return err
		}
		m[0] = 1
		err = syscall.Mprotect(m, 7)
		if e := syscall.Munmap(m); err == nil {
			err = e
		}
		return err
	}),
	with("execmod", "file", "execmod", "object", opened("f", syscall.O_RDWR), func(c *scene) error {
		m, err := syscall.Mmap(c.fd, 0, 4096, 3, syscall.MAP_PRIVATE)
		if err != nil {
			return err
		}
		m[0] = 1
		err = syscall.Mprotect(m, 5)
		if e := syscall.Munmap(m); err == nil {
			err = e
		}
		return err
	}),
}

func mapping(protection, flags int) func(c *scene) error {
	return func(c *scene) error {
		m, err := syscall.Mmap(c.fd, 0, 7, protection, flags)
		if err == nil {
			err = syscall.Munmap(m)
		}
		return err
	}
}

func executing(name, perm string, transition bool) Op {
	return Op{
		Name: name, Class: "file", Perm: perm, On: "object", Transition: transition, Setup: program,
		Act: func(c *scene) (string, error) { return c.execute(c.path("f"), "child") },
	}
}

func entering(name, class, perm, what string) Op {
	o := executing(name, perm, true)
	o.Class, o.On = class, what
	return o
}

func scripting(name, perm string) Op {
	return Op{
		Name: name, Class: "file", Perm: perm, On: "object", Setup: script,
		Act: func(c *scene) (string, error) { return c.execute(c.path("f")) },
	}
}

// asking is executing in a label that was asked for.
func asking(name, class, perm, what string) Op {
	return Op{
		Name: name, Class: class, Perm: perm, On: what, Setup: program,
		Act: func(c *scene) (string, error) {
			if err := c.attr("exec", c.withType(entered)); err != nil {
				return "", err
			}
			return c.execute(c.path("f"), "child")
		},
	}
}

// attribute writes one of the thread's attributes the label that it has.
func attribute(name, perm, file string) Op {
	return on(name, "process", perm, "self", func(c *scene) error { return c.attr(file, c.withType(byte(c.outcome))) })
}

// to is an operation on another process.
func to(name, perm string, act func(c *scene) error) Op {
	return with(name, "process", perm, "object", process, act)
}
