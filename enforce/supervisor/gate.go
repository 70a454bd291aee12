package supervisor

import (
	"bytes"
	"sync/atomic"
	"syscall"

	"seward/internal/linux"
)

// gate is a stopped thread that is made to run system calls of the supervisor's
// choice, from the kernel's own code in its address space, before it goes on.
// Nothing of it is left behind.
//
// One call, that no kernel has, is always notified: answering it is the occasion
// to put descriptors into the process.
type gate struct {
	t           *tracer
	task        *task
	memory      linux.Memory
	saved       linux.Registers
	instruction uint64
	scratch     uint64           // memory below the stack
	before      []byte           // what was there
	signals     []syscall.Signal // that came meanwhile
}

// gateJob is what the answer to a gate call does.
type gateJob struct {
	source int
	// replace are the descriptors that source takes the place of; without any it
	// becomes a new one, the call's result.
	replace []int
	failed  bool
	// done says that the notification came: a filter of the program's own can answer
	// the call in the supervisor's place.
	done atomic.Bool
	// pass says that the thread makes a call that is usually asked about.
	pass bool
}

const (
	vdsoSize    = 4 * 4096
	scratchSize = 256
	redZone     = 1024
)

// openGate takes hold of a stopped thread. base is where its vdso is.
func (t *tracer) openGate(task *task, m linux.Memory, base uint64) (*gate, bool) {
	g := &gate{t: t, task: task, memory: m}
	if linux.GetRegisters(task.tid, &g.saved) != nil || !g.findInstruction(base) {
		return nil, false
	}
	g.scratch = (g.saved.Stack() - redZone - scratchSize) &^ 15
	g.before = make([]byte, scratchSize)
	if m.ReadAt(g.before, g.scratch) != nil {
		// Below a stack that hasn't grown there yet.
		clear(g.before)
	}
	return g, true
}

func (g *gate) findInstruction(base uint64) bool {
	code := make([]byte, vdsoSize)
	for n := len(code); n >= 4096; n -= 4096 {
		if g.memory.ReadAt(code[:n], base) != nil {
			continue
		}
		if i := bytes.Index(code[:n], linux.SyscallInstruction); i >= 0 {
			g.instruction = base + uint64(i) //nolint:gosec // G115: not negative.
			return true
		}
		return false
	}
	return false
}

// advance lets the process go on to its next stop at a call's entry or exit.
func (g *gate) advance() bool {
	for {
		g.task.settle()
		if linux.ContSyscall(g.task.tid, 0) != nil {
			return false
		}
		var status linux.WaitStatus
		if _, err := linux.WaitTraced(g.task.tid, &status, 0); err != nil {
			return false
		}
		g.task.settle()
		switch event := int(status) >> 16; {
		case !status.Stopped():
			// It is gone; what the loop would have heard is done here.
			g.t.exited(g.task.tid, status)
			g.task.lost = true
			return false
		case event == linux.EventExec:
			// Another thread has called exec and goes by this number now.
			g.task.lost = true
			g.t.execed(g.task.tid)
			return false
		}
		if status.StopSignal() == syscall.SIGTRAP|0x80 {
			return true
		}
		if int(status)>>16 == 0 {
			g.signals = append(g.signals, status.StopSignal())
		}
	}
}

// maxAgain is how often a call that signals interrupt is made again: before its
// notification is received, any signal does.
const maxAgain = 100_000

// call has the process run a system call.
func (g *gate) call(number int, args ...uint64) (int64, bool) {
	g.task.inGate.Store(true)
	defer g.task.inGate.Store(false)
	var r linux.Registers
	for range maxAgain {
		r = g.saved
		r.Inject(g.instruction, number, args...)
		if linux.SetRegisters(g.task.tid, &r) != nil || !g.advance() || !g.advance() {
			return 0, false
		}
		if linux.GetRegisters(g.task.tid, &r) != nil {
			return 0, false
		}
		if !r.Interrupted() {
			break
		}
	}
	return r.Result(), true
}

// replace puts a copy of a descriptor in the place of others.
func (g *gate) replace(null int, fds []int) bool {
	job := &gateJob{source: null, replace: fds}
	result, ok := g.job(job)
	return ok && result == 0 && !job.failed
}

// job has the thread make a gate call.
func (g *gate) job(job *gateJob) (int64, bool) {
	g.task.gate.Store(job)
	defer g.task.gate.Store(nil)
	result, ok := g.call(callGate)
	return result, ok && job.done.Load()
}

// put writes to the scratch memory and returns its address.
func (g *gate) put(data []byte) (uint64, bool) {
	return g.scratch, g.memory.WriteAt(data, g.scratch) == nil
}

// close lets the thread go on as if nothing had been.
func (g *gate) close() bool { return g.closeAs(g.saved) }

// closeAs is close with other registers.
func (g *gate) closeAs(r linux.Registers) bool {
	if g.memory.WriteAt(g.before, g.scratch) != nil || linux.SetRegisters(g.task.tid, &r) != nil {
		return false
	}
	for _, sig := range g.signals {
		_ = linux.Tgkill(g.task.tgid, g.task.tid, sig)
	}
	return true
}

// passes reports whether the call is one that the tracer has the task make, and
// that needs no check.
func (a *actor) passes() bool {
	job := a.task.gate.Load()
	return job != nil && job.pass
}

// gate answers the call that no kernel has: with what the tracer wants done, or,
// from a program, as the kernel would.
func (a *actor) gate() answer {
	job := a.task.gate.Load()
	if job == nil {
		return failure(syscall.ENOSYS)
	}
	job.done.Store(true)
	if len(job.replace) == 0 {
		fd, err := linux.Dup(job.source)
		if err != nil {
			return failure(errnoOf(err))
		}
		a.fd = fd
		return answer{kind: answerFD, cloexec: linux.OCloexec}
	}
	for _, fd := range job.replace {
		if err := a.engine.listener.AddFDAt(a.call.ID, job.source, fd, 0); err != nil {
			a.engine.log.Error("replace a descriptor", "pid", a.task.tid, "fd", fd, "err", err)
			job.failed = true
		}
	}
	return value(0)
}
