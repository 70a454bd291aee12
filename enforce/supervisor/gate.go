package supervisor

import (
	"bytes"
	"syscall"

	"seward/internal/linux"
)

// gate is a process that stopped at its exec and is made to run system calls of
// the supervisor's choice, from the kernel's own code in its address space,
// before its program begins. Nothing of it is left behind.
//
// One call, that no kernel has, is always notified: answering it is the occasion
// to put descriptors into the process.
type gate struct {
	t           *tracer
	task        *task
	saved       linux.Registers
	instruction uint64
	scratch     uint64 // memory below the stack, zeroed
	stack       *stack
	signals     []syscall.Signal // that came meanwhile
}

// gateJob is what the answer to a gate call does.
type gateJob struct {
	null   int
	fds    []int
	failed bool
}

const (
	vdsoSize    = 4 * 4096
	scratchSize = 128
	redZone     = 1024
)

// openGate brings a process from its exec's event to the end of the call.
func (t *tracer) openGate(task *task, s *stack) (*gate, bool) {
	g := &gate{t: t, task: task, stack: s}
	base, _, ok := s.entry(auxVDSO)
	if !ok || !g.findInstruction(base) {
		return nil, false
	}
	// To the stop at the end of execve.
	if !g.advance() || linux.GetRegisters(task.tid, &g.saved) != nil {
		return nil, false
	}
	g.scratch = (s.sp - redZone - 2*scratchSize) &^ 15
	if s.memory.WriteAt(make([]byte, 2*scratchSize), g.scratch) != nil {
		return nil, false
	}
	// SIG_IGN is 1, the rest of the structure zero.
	return g, s.memory.WriteAt([]byte{1}, g.ignore()) == nil
}

// zeros is the address of a page's part that is zero, ignore that of a struct
// sigaction with SIG_IGN.
func (g *gate) zeros() uint64  { return g.scratch }
func (g *gate) ignore() uint64 { return g.scratch + scratchSize }

func (g *gate) findInstruction(base uint64) bool {
	code := make([]byte, vdsoSize)
	for n := len(code); n >= 4096; n -= 4096 {
		if g.stack.memory.ReadAt(code[:n], base) != nil {
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
		if linux.ContSyscall(g.task.tid, 0) != nil {
			return false
		}
		var status linux.WaitStatus
		if _, err := linux.WaitTraced(g.task.tid, &status, 0); err != nil {
			return false
		}
		if !status.Stopped() {
			// It is gone; what the loop would have heard is done here.
			g.t.exited(g.task.tid, status)
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

// call has the process run a system call.
func (g *gate) call(number int, args ...uint64) (int64, bool) {
	r := g.saved
	r.Inject(g.instruction, number, args...)
	if linux.SetRegisters(g.task.tid, &r) != nil || !g.advance() || !g.advance() {
		return 0, false
	}
	if linux.GetRegisters(g.task.tid, &r) != nil {
		return 0, false
	}
	return r.Result(), true
}

// replace puts a copy of a descriptor in the place of others.
func (g *gate) replace(null int, fds []int) bool {
	job := &gateJob{null: null, fds: fds}
	g.task.gate.Store(job)
	result, ok := g.call(callGate)
	g.task.gate.Store(nil)
	return ok && result == 0 && !job.failed
}

// close lets the program begin as if nothing had been.
func (g *gate) close() bool {
	if g.stack.memory.WriteAt(make([]byte, 2*scratchSize), g.scratch) != nil ||
		linux.SetRegisters(g.task.tid, &g.saved) != nil {
		return false
	}
	for _, sig := range g.signals {
		_ = linux.Tgkill(g.task.tgid, g.task.tid, sig)
	}
	return true
}

// gate answers the call that no kernel has: with what the tracer wants done, or,
// from a program, as the kernel would.
func (a *actor) gate() answer {
	job := a.task.gate.Load()
	if job == nil {
		return failure(syscall.ENOSYS)
	}
	for _, fd := range job.fds {
		if err := a.engine.listener.AddFDAt(a.call.ID, job.null, fd, 0); err != nil {
			a.engine.log.Error("replace a descriptor", "pid", a.task.tid, "fd", fd, "err", err)
			job.failed = true
		}
	}
	return value(0)
}
