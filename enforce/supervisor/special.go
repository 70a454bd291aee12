package supervisor

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
	"time"

	"seward/internal/linux"
)

// Opens that wait for somebody, or that mean something else when the supervisor
// does them.

// patience is how long an actor waits between two looks at whether a waiting
// open can end.
const patience = 5 * time.Millisecond

// openPipe opens a named pipe, which waits for the other end. It waits on a
// thread of its own, until the other end comes, the caller dies or a signal for
// it arrives.
func (a *actor) openPipe(o *opening) answer {
	a.yield()
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	flags := o.flags&^(linux.OCreat|linux.OExcl|linux.ONofollow|linux.OTrunc) | linux.OCloexec
	var fd int
	var e syscall.Errno
	switch flags & linux.OAccmode {
	case linux.ORdonly:
		fd, e = a.awaitWriter(flags)
	case linux.OWronly:
		fd, e = a.awaitReader(flags)
	default:
		var err error
		fd, err = linux.Openat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], a.first.obj.fd), flags, 0)
		e = errnoOf(err)
	}
	if e != 0 {
		return failure(e)
	}
	a.fd = fd
	return answer{kind: answerFD, cloexec: uint32(o.flags & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

// awaitReader opens a pipe for writing.
func (a *actor) awaitReader(flags int) (int, syscall.Errno) {
	for {
		fd, err := linux.Openat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], a.first.obj.fd), flags|linux.ONonblock, 0)
		if err == nil {
			return fd, errnoOf(linux.SetStatusFlags(fd, flags&linux.OAppend))
		}
		if errnoOf(err) != syscall.ENXIO {
			return -1, errnoOf(err)
		}
		if e := a.interrupted(); e != 0 {
			return -1, e
		}
		time.Sleep(a.pause())
	}
}

// awaitReader's other half: a reader that opens without waiting would be seen as
// one by writers, so the open has to wait in the kernel, in a thread that is
// woken by a writer of our own if the caller gives up.
func (a *actor) awaitWriter(flags int) (int, syscall.Errno) {
	type opened struct {
		fd  int
		err error
	}
	name := append(linux.Name(nil), linux.ProcSelfFD(a.text[:0], a.first.obj.fd)...)
	done := make(chan opened, 1)
	go func() {
		fd, err := linux.Openat(linux.AtFDCwd, name, flags, 0)
		done <- opened{fd, err}
	}()
	for {
		select {
		case o := <-done:
			return o.fd, errnoOf(o.err)
		case <-time.After(a.pause()):
		}
		e := a.interrupted()
		if e == 0 {
			continue
		}
		if fd, err := linux.Openat(linux.AtFDCwd, name, linux.OWronly|linux.ONonblock|linux.OCloexec, 0); err == nil {
			linux.Close(fd)
		}
		if o := <-done; o.err == nil {
			if readable, hungUp, _ := linux.Poll(o.fd, 0); readable || !hungUp {
				return o.fd, 0 // somebody came after all, and may have left something
			}
			linux.Close(o.fd)
		}
		return -1, e
	}
}

// interrupted reports whether a call that waits should end: because its caller
// is gone, or has a signal to take. Then the kernel decides, by the signal's
// handler, whether the call starts again.
func (a *actor) interrupted() syscall.Errno {
	if !a.engine.listener.Valid(a.call.ID) {
		return syscall.EINTR
	}
	st, err := linux.ReadStatus(a.task.tid)
	if err != nil {
		return syscall.EINTR
	}
	if (st.Pending|st.ProcessPending)&^st.Blocked != 0 {
		a.task.interruptible.Store(true)
		return linux.ErrRestart
	}
	return 0
}

// openTerminal opens /dev/tty, which is the caller's controlling terminal and
// not the supervisor's.
func (a *actor) openTerminal(o *opening) answer {
	number, err := terminalOf(a.task.tgid)
	if err != nil {
		return failure(syscall.ENXIO)
	}
	own, err := terminalOf(a.engine.pid)
	path := "/dev/tty"
	if err != nil || own != number {
		if path = terminalPath(number); path == "" {
			return failure(syscall.ENXIO)
		}
	}
	a.yield()
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName(path), o.flags&^(linux.OCreat|linux.OExcl)|linux.ONoctty|linux.OCloexec, 0)
	if err != nil {
		return failure(errnoOf(err))
	}
	a.fd = fd
	return answer{kind: answerFD, cloexec: uint32(o.flags & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

var errNoTerminal = errors.New("no controlling terminal")

// terminalOf returns the device of a process' controlling terminal.
func terminalOf(pid int) (device uint64, err error) {
	data, err := linux.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything.
	_, rest, ok := strings.Cut(string(data[strings.LastIndexByte(string(data), ')')+1:]), " ")
	f := strings.Fields(rest)
	if !ok || len(f) < 5 {
		return 0, errNoTerminal
	}
	n, err := strconv.ParseUint(f[4], 10, 32)
	if err != nil || n == 0 {
		return 0, errNoTerminal
	}
	return n, nil
}

// terminalPath finds the file of a terminal by its device number.
func terminalPath(device uint64) string {
	major, minor := device>>8&0xfff, device&0xff|device>>12&0xfff00
	switch {
	case major >= 136 && major <= 143:
		return "/dev/pts/" + strconv.FormatUint((major-136)<<20|minor, 10)
	case major == 4 && minor < 64:
		return "/dev/tty" + strconv.FormatUint(minor, 10)
	case major == 4:
		return "/dev/ttyS" + strconv.FormatUint(minor-64, 10)
	}
	return ""
}
