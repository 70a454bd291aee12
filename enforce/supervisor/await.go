package supervisor

import (
	"seward/internal/linux"
)

// A receiving call that has to wait is turned into one that waits for the same
// and receives nothing: it looks for data without taking any. When there is some,
// or the end, or an error, the task makes its own call again. A signal ends the
// wait as it would have ended the call.

// shortWait is how many milliseconds are waited for an answer that comes at
// once, which costs much less than to have the task wait.
const shortWait = 2

// maxAwaited is how often a call looks again for what others took in between.
const maxAwaited = 16

// await has the task wait until its socket can be read, and make its call again
// then.
func (a *actor) await() answer {
	a.yield()
	// To look for data at an offset would wait for more than there has to be.
	offset := linux.PeekOffset(a.argument.fd) >= 0
	for {
		readable, hungUp, _ := linux.Poll(a.argument.fd, shortWait)
		switch {
		case (readable || hungUp) && a.awaited < maxAwaited:
			a.awaited++
			return a.entry.handle(a)
		case !offset:
			return a.handOverAll(&handOverJob{wait: true, socket: a.intArg(0)})
		}
		if e := a.interrupted(); e != 0 {
			return failure(e)
		}
	}
}

// startWait has a stopped task wait instead of calling again.
func (t *tracer) startWait(task *task, r *linux.Registers, socket int) {
	saved := *r
	wait := *r
	wait.Again(callRecvfrom, uint64(socket), 0, 0, linux.MsgPeek, 0, 0) //nolint:gosec // G115: a descriptor.
	if linux.SetRegisters(task.tid, &wait) == nil {
		task.waiting = &saved
	}
}

// waitStop handles the stops at the entry to the wait and at its exit.
func (t *tracer) waitStop(task *task) {
	entry, err := linux.AtSyscallEntry(task.tid)
	var r linux.Registers
	if err != nil || linux.GetRegisters(task.tid, &r) != nil {
		task.waiting = nil
		t.cont(task.tid, 0)
		return
	}
	if entry {
		t.cont(task.tid, 0)
		return
	}
	back := *task.waiting
	task.waiting = nil
	if result := r.Result(); result >= 0 {
		back.Again(back.Syscall(), arguments(&back)...)
	} else {
		// Of an interrupted one the kernel decides, by the signal's handler, whether
		// it starts again: then it is the task's own call that does.
		back.SetResult(result)
	}
	_ = linux.SetRegisters(task.tid, &back)
	t.cont(task.tid, 0)
}

// arguments returns those of the call in the registers.
func arguments(r *linux.Registers) []uint64 {
	list := make([]uint64, 6)
	for i := range list {
		list[i] = r.Argument(i)
	}
	return list
}
