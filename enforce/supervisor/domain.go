package supervisor

import (
	"encoding/binary"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// What a change of label by exec takes away from the process: descriptors that
// the new label may not use, trust in its environment, signals and limits that
// it was to inherit.

// enterDomain prepares a process that stopped at its exec for its new label.
// false means that it couldn't be, and must not run.
func (t *tracer) enterDomain(task *task, old, next *hooks.Subject, secure bool) bool {
	stack, ok := t.readStack(task.tid)
	if !ok {
		return false
	}
	defer stack.memory.Close()
	if secure && !stack.setSecure() {
		return false
	}
	commitment := hooks.Commit(t.e.auth, old.SID, next.SID)
	t.log(task, commitment.Records)
	refused, ok := t.refusedFiles(task, old, next)
	if !ok {
		return false
	}
	missing := t.e.toDrop(task, next.SID)
	task.dropped = 0
	left := t.leave(task, next, commitment.ResetLimits)
	if len(refused) == 0 && !commitment.ResetSignals && missing == 0 && left.nothing() {
		return true
	}
	base, _, ok := stack.entry(auxVDSO)
	return ok && t.atExecEnd(task, stack.memory, base, func(g *gate) bool {
		done := g.leave(&left)
		done = t.replaceFiles(g, refused) && done
		if commitment.ResetSignals {
			done = g.resetSignals() && done
		}
		if missing != 0 {
			done = g.dropCapabilities(missing) && done
		}
		return done
	})
}

// atExecEnd has a task go on to the end of its execve, from where it can be made
// to make calls, and opens a gate there.
func (t *tracer) atExecEnd(task *task, m linux.Memory, base uint64, f func(*gate) bool) bool {
	g := &gate{t: t, task: task}
	if !g.advance() {
		return false
	}
	signals := g.signals
	g, ok := t.openGate(task, m, base)
	if !ok {
		return false
	}
	g.signals = signals
	done := f(g)
	return g.close() && done
}

// stack is what exec put on a new program's stack.
type stack struct {
	memory linux.Memory
	sp     uint64
	auxv   uint64 // address
	data   []byte // the vector without its end
}

// Entries of the auxiliary vector.
const (
	auxSecure = 23
	auxVDSO   = 33
	maxStack  = 1 << 24 // the pointers take less than this
	maxAuxv   = 16 * 64
)

// readStack reads the auxiliary vector of a process at its exec. It lies behind
// the pointers to arguments and environment, each list ended by a null.
func (t *tracer) readStack(tid int) (*stack, bool) {
	var r linux.Registers
	if linux.GetRegisters(tid, &r) != nil {
		return nil, false
	}
	m, err := linux.OpenMemory(tid)
	if err != nil {
		return nil, false
	}
	s := &stack{memory: m, sp: r.Stack()}
	if !s.find() {
		m.Close()
		return nil, false
	}
	return s, true
}

func (s *stack) find() bool {
	var word [8]byte
	if s.memory.ReadAt(word[:], s.sp) != nil {
		return false
	}
	arguments := binary.LittleEndian.Uint64(word[:])
	if arguments > maxStack/8 {
		return false
	}
	at := s.sp + 8*(arguments+2)
	for {
		if at > s.sp+maxStack || s.memory.ReadAt(word[:], at) != nil {
			return false
		}
		at += 8
		if binary.LittleEndian.Uint64(word[:]) == 0 {
			break
		}
	}
	s.auxv = at
	for len(s.data) < maxAuxv {
		var entry [16]byte
		if s.memory.ReadAt(entry[:], s.auxv+uint64(len(s.data))) != nil {
			return false
		}
		if binary.LittleEndian.Uint64(entry[:]) == 0 {
			return true
		}
		s.data = append(s.data, entry[:]...)
	}
	return false
}

// entry returns the value of an entry of the vector and where it is.
func (s *stack) entry(kind uint64) (value, address uint64, ok bool) {
	for i := 0; i < len(s.data); i += 16 {
		if binary.LittleEndian.Uint64(s.data[i:]) == kind {
			return binary.LittleEndian.Uint64(s.data[i+8:]), s.auxv + uint64(i) + 8, true //nolint:gosec // G115: not negative.
		}
	}
	return 0, 0, false
}

// setSecure has the program's loader and library distrust the environment.
func (s *stack) setSecure() bool {
	_, address, ok := s.entry(auxSecure)
	return ok && s.memory.WriteAt([]byte{1, 0, 0, 0, 0, 0, 0, 0}, address) == nil
}

// refusedFiles lists the descriptors that a process may not keep under its new
// label. From then on those that it keeps are of another label than its own.
func (t *tracer) refusedFiles(task *task, old, next *hooks.Subject) (refused []int, ok bool) {
	a := t.actor
	a.task, a.subject, a.entry = task, old, t.execEntry()
	defer a.forget()
	defer a.cleanUp()
	list, err := descriptors(task.tid)
	if err != nil {
		return nil, false
	}
	kept := map[fileKey]policy.SID{}
	for _, fd := range list {
		p := &a.argument
		switch e := a.takeFD(p, fd); {
		case e == syscall.EBADF:
			continue // closed by the exec
		case e != 0:
			refused = append(refused, fd) // what can't be looked at isn't kept
			continue
		case !p.open || t.e.isNull(task.tid, fd, p):
			continue
		}
		file := a.file(p)
		if a.judge(hooks.InheritFile(t.e.auth, next, &file), nil) != 0 {
			refused = append(refused, fd)
			continue
		}
		if file.SID != next.SID {
			kept[fileKeyOf(p)] = file.SID
		}
	}
	task.files.Load().replaceForeign(kept)
	return refused, true
}

// replaceFiles puts the null device in the place of descriptors.
func (t *tracer) replaceFiles(g *gate, refused []int) bool {
	if len(refused) == 0 {
		return true
	}
	null, ok := t.e.nullDevice()
	return ok && g.replace(null, refused)
}

// log has records of the tracer's own hooks logged.
func (t *tracer) log(task *task, records []hooks.Record) {
	t.actor.task, t.actor.entry = task, t.execEntry()
	t.actor.record(records)
	t.actor.forget()
}

// signals of which a handler may be set.
const lastSignal = 64

// resetSignals clears timers, pending signals, handlers and the mask.
func (g *gate) resetSignals() bool {
	// A page's corner with a struct sigaction that says SIG_IGN, and zeros.
	data := make([]byte, 128)
	data[64] = 1
	zeros, ok := g.put(data)
	if !ok {
		return false
	}
	ignore := zeros + 64
	for timer := range uint64(3) {
		if _, ok := g.call(callSetitimer, timer, zeros, 0); !ok {
			return false
		}
	}
	st, err := linux.ReadStatus(g.task.tid)
	if err != nil {
		return false
	}
	pending := st.Pending | st.ProcessPending
	for sig := uint64(1); sig <= lastSignal; sig++ {
		bit := uint64(1) << (sig - 1)
		if sig == uint64(syscall.SIGKILL) || sig == uint64(syscall.SIGSTOP) || (pending|st.Ignored)&bit == 0 {
			continue
		}
		if pending&bit != 0 {
			// To ignore a signal drops it.
			if _, ok := g.call(callRtSigaction, sig, ignore, 0, 8); !ok {
				return false
			}
		}
		if _, ok := g.call(callRtSigaction, sig, zeros, 0, 8); !ok {
			return false
		}
	}
	const setMask = 2
	_, ok = g.call(callRtSigprocmask, setMask, zeros, 0, 8)
	return ok
}
