package supervisor

import (
	"encoding/binary"
	"errors"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Reading and writing another process' memory, by calls of its own. The
// supervisor opens that memory with the caller's credentials, which is the
// kernel's own check of who may trace whom, and copies.

func (a *actor) processVMRead() answer { return a.processVM(false) }

func (a *actor) processVMWrite() answer { return a.processVM(true) }

func (a *actor) processVM(write bool) answer {
	pid := a.numberArg(0)
	switch {
	case a.arg(5) != 0:
		return failure(syscall.EINVAL)
	case a.engine.ownProcess(a.task, pid):
		return goOn
	case a.engine.supervisorThread(pid):
		return failure(syscall.EPERM)
	}
	local, e := a.readVector(a.arg(1), a.arg(2))
	if e != 0 {
		return failure(e)
	}
	remote, e := a.readVector(a.arg(3), a.arg(4))
	if e != 0 {
		return failure(e)
	}
	if len(local) == 0 || len(remote) == 0 {
		return value(0)
	}
	a.yield()
	m, e := a.openForeign(pid)
	if e != 0 {
		return failure(e)
	}
	defer m.Close()
	return a.transfer(m, local, remote, write)
}

// openForeign opens another process' memory as the task may.
func (a *actor) openForeign(pid int) (linux.Memory, syscall.Errno) {
	if e := a.mayTraceAtAll(pid); e != 0 {
		return linux.Memory{}, e
	}
	if e := a.becomeTask(); e != 0 {
		return linux.Memory{}, e
	}
	m, err := linux.OpenMemory(pid)
	if err != nil {
		if errors.Is(err, syscall.ENOENT) {
			return linux.Memory{}, syscall.ESRCH
		}
		return linux.Memory{}, syscall.EPERM
	}
	// The label is looked at after the memory: what the process executes later has
	// another.
	if e := a.judge(hooks.Task(a.engine.auth, a.subject, a.engine.taskLabel(pid), hooks.TaskPtrace), nil); e != 0 {
		m.Close()
		return linux.Memory{}, e
	}
	return m, 0
}

// mayTraceAtAll is the part of the discretionary check that looks at who asks,
// which is the supervisor: that Yama lets only ancestors trace.
func (a *actor) mayTraceAtAll(pid int) syscall.Errno {
	scope := a.engine.sysctl.ptraceScope
	switch {
	case scope == 0:
		return 0
	case scope < 3 && a.capable(linux.CapSysPtrace) == 0:
		return 0
	case scope > 1:
		return syscall.EPERM
	}
	for range maxAncestors {
		st, err := linux.ReadStatus(pid)
		if err != nil || st.PPID <= 1 {
			return syscall.EPERM
		}
		if st.PPID == a.task.tgid {
			return 0
		}
		pid = st.PPID
	}
	return syscall.EPERM
}

const maxAncestors = 1 << 10

// stretch is a piece of memory.
type stretch struct{ address, length uint64 }

// readVector copies a struct iovec array.
func (a *actor) readVector(address, count uint64) ([]stretch, syscall.Errno) {
	const most, size = 1024, 16
	if count > most {
		return nil, syscall.EINVAL
	}
	raw := make([]byte, size*count)
	if len(raw) == 0 {
		return nil, 0
	}
	if e := a.read(raw, address); e != 0 {
		return nil, e
	}
	var v []stretch
	for ; len(raw) > 0; raw = raw[size:] {
		s := stretch{binary.LittleEndian.Uint64(raw), binary.LittleEndian.Uint64(raw[8:])}
		if int64(s.length) < 0 { //nolint:gosec // G115: two's complement is meant.
			return nil, syscall.EINVAL
		}
		if s.length > 0 {
			v = append(v, s)
		}
	}
	return v, 0
}

// transfer copies between the task and another process. What was copied before
// something failed counts.
func (a *actor) transfer(m linux.Memory, local, remote []stretch, write bool) answer {
	const piece = 1 << 16
	buf := make([]byte, piece)
	var total int64
	for len(local) > 0 && len(remote) > 0 {
		n := min(local[0].length, remote[0].length, piece)
		part := buf[:n]
		var e syscall.Errno
		if write {
			if e = a.read(part, local[0].address); e == 0 {
				e = errnoOf(m.WriteAt(part, remote[0].address))
			}
		} else if e = errnoOf(m.ReadAt(part, remote[0].address)); e == 0 {
			e = a.write(part, local[0].address)
		}
		if e != 0 {
			if total > 0 {
				break
			}
			return failure(syscall.EFAULT)
		}
		total += int64(n) //nolint:gosec // G115: bounded.
		local, remote = advance(local, n), advance(remote, n)
	}
	return value(total)
}

func advance(v []stretch, n uint64) []stretch {
	v[0].address += n
	if v[0].length -= n; v[0].length == 0 {
		return v[1:]
	}
	return v
}

// processMadvise advises on another's memory, whose addresses are told by memory.
func (a *actor) processMadvise() answer {
	const most, size = 1024, 16
	count := a.arg(2)
	if count > most {
		return failure(syscall.EINVAL)
	}
	vector := make([]byte, size*count)
	if len(vector) > 0 {
		if e := a.read(vector, a.arg(1)); e != 0 {
			return failure(e)
		}
	}
	pid, e := a.takePidfd(a.intArg(0))
	if e != 0 {
		return failure(e)
	}
	own := a.engine.ownProcess(a.task, pid)
	if !own {
		if e := a.inspect(pid); e != 0 {
			return failure(e)
		}
		if e := a.becomeTask(); e != 0 {
			return failure(e)
		}
	}
	a.yield()
	n, err := 0, error(nil)
	madvise := func() {
		n, err = linux.ProcessMadvise(a.argument.fd, vector, int(count), a.arg(3), a.arg(4)) //nolint:gosec // G115: bounded.
	}
	if own {
		a.asSelf(madvise)
	} else {
		madvise()
	}
	if err != nil {
		return failure(errnoOf(err))
	}
	return value(int64(n))
}
