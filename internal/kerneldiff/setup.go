package kerneldiff

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"seward/internal/linux"
)

var selinuxName = linux.MakeName("security.selinux")

func setLabel(path, context string) error {
	return linux.Lsetxattr(linux.MakeName(path), selinuxName, append([]byte(context), 0), 0)
}

// labelOf returns the type of a file's label.
func labelOf(path string) (string, error) {
	var buf [256]byte
	n, err := linux.Lgetxattr(linux.MakeName(path), selinuxName, buf[:])
	return typeOf(string(buf[:max(n, 0)])), err
}

// opened opens a file of the scene before the operation.
func opened(name string, flags int) func(c *scene) error {
	return func(c *scene) (err error) {
		c.fd, err = syscall.Open(c.path(name), flags|syscall.O_CLOEXEC, 0)
		return err
	}
}

// program puts a copy of this program into the file f.
func program(c *scene) error {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	return os.WriteFile(c.path("f"), self, 0o777)
}

// script makes the file f a script of a program s, which is labelled as usual.
func script(c *scene) error {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.path("s"), self, 0o777); err != nil {
		return err
	}
	if err := setLabel(c.path("s"), c.label(wanted)); err != nil {
		return err
	}
	return os.WriteFile(c.path("f"), []byte("#!"+c.path("s")+" -script\n"), 0o777)
}

// process starts a process with the object's type.
func process(c *scene) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	c.hold = w
	running, started, err := os.Pipe()
	if err != nil {
		return err
	}
	defer running.Close()
	if err := c.attr("exec", c.withType(object)); err != nil {
		started.Close()
		return err
	}
	c.pid, err = syscall.ForkExec("/proc/self/exe", []string{"program", "wait"}, &syscall.ProcAttr{Files: []uintptr{r.Fd(), started.Fd(), 2}})
	started.Close()
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(running, make([]byte, 1)); err != nil {
		return fmt.Errorf("wait for process: %w", err)
	}
	return c.attr("exec", "\x00")
}

// socket opens a socket before the operation, with the object's type.
func socket(family, kind, protocol int) func(c *scene) error {
	return func(c *scene) error {
		if err := c.attr("sockcreate", c.withType(object)); err != nil {
			return err
		}
		var err error
		if c.fd, err = syscall.Socket(family, kind|syscall.SOCK_CLOEXEC, protocol); err != nil {
			return err
		}
		return c.attr("sockcreate", "\x00")
	}
}
