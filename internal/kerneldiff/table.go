package kerneldiff

import (
	"slices"
	"syscall"
)

// Ops is the table.
var Ops = slices.Concat(fileOps, processOps, otherOps)

// Flags of open that the standard library doesn't name.
const (
	oPath    = 0x200000
	oTmpfile = 0x400000 | syscall.O_DIRECTORY
)

// on is an operation without preparation.
func on(name, class, perm, what string, act func(c *scene) error) Op {
	return with(name, class, perm, what, nil, act)
}

// with is an operation that something is prepared for.
func with(name, class, perm, what string, setup, act func(c *scene) error) Op {
	return Op{Name: name, Class: class, Perm: perm, On: what, Setup: setup, Act: func(c *scene) (string, error) { return "", act(c) }}
}

// making is an operation that makes the file "new".
func making(name, class, perm, what string, act func(c *scene) error) Op {
	o := on(name, class, perm, what, act)
	o.Made = "new"
	return o
}

func result(_, _ uintptr, errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

func fcntl(fd, command, value int) error {
	return result(syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), uintptr(command), uintptr(value)))
}

func control(fd int, command uintptr) error {
	return result(syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), command, 0))
}
