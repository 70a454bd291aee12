package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"seward/internal/kernelvm/wire"
)

// run runs the machine's program in a context, the first argument. What goes
// wrong with it is part of what it printed.
func run(args []string) ([]byte, error) {
	// The kernel prints each record of a denial, not so many a second.
	if err := os.WriteFile("/proc/sys/kernel/printk_ratelimit", []byte("0"), 0); err != nil {
		return nil, err
	}
	if err := prepare(); err != nil {
		return nil, err
	}
	cmd := exec.Command(wire.Program, args[1:]...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/", "HOME=/", "TMPDIR=/tmp"}
	out, err := startIn(args[0], cmd)
	if err != nil {
		out = fmt.Appendf(out, "\n%v\n", err)
	}
	log, err := kernelLog()
	if err != nil {
		return nil, err
	}
	return append(append(out, 0), log...), nil
}

// prepare mounts what programs use and this guest doesn't.
func prepare() error {
	if err := syscall.Mount("none", "/tmp", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount /tmp: %w", err)
	}
	return nil
}

// startIn runs a program in a context.
func startIn(context string, cmd *exec.Cmd) ([]byte, error) {
	runtime.LockOSThread() // which the attribute belongs to
	defer runtime.UnlockOSThread()
	const attribute = "/proc/thread-self/attr/exec"
	if err := os.WriteFile(attribute, []byte(context), 0); err != nil {
		return nil, err
	}
	out, err := cmd.CombinedOutput()
	return out, errors.Join(err, os.WriteFile(attribute, []byte("\x00"), 0))
}

// kernelLog returns the kernel's messages so far. Records of denials reach it by
// way of a thread of the kernel's: it is read until nothing comes any more.
func kernelLog() ([]byte, error) {
	fd, err := syscall.Open("/dev/kmsg", syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open kernel's log: %w", err)
	}
	defer syscall.Close(fd)
	var out bytes.Buffer
	var buf [8192]byte
	for quiet := 0; quiet < 20; {
		n, err := syscall.Read(fd, buf[:])
		switch {
		case errors.Is(err, syscall.EAGAIN):
			time.Sleep(50 * time.Millisecond)
			quiet++
		case err != nil:
			return nil, fmt.Errorf("read kernel's log: %w", err)
		default:
			out.Write(buf[:n])
			quiet = 0
		}
	}
	return out.Bytes(), nil
}
