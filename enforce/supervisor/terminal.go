package supervisor

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// What a change of label by exec takes away beside descriptors and signals: the
// controlling terminal, the signal for the parent's death, the bits of the
// personality that make attacks easier, and high limits.

// leaving is what a process doesn't take along into its new label.
type leaving struct {
	terminal    bool
	deathSignal bool
	personality uint64 // without what is unsafe
	unsafe      bool   // and whether that is a change
	limits      []int  // that it has to lower itself
}

func (l *leaving) nothing() bool {
	return !l.terminal && !l.deathSignal && !l.unsafe && len(l.limits) == 0
}

// leave finds out what a task that changes its label has to leave behind, and
// lowers the limits that the supervisor can lower for it.
func (t *tracer) leave(task *task, next *hooks.Subject, limits bool) leaving {
	l := leaving{terminal: t.losesTerminal(task, next), deathSignal: task.deathSignal}
	task.deathSignal = false
	l.personality, l.unsafe = unsafePersonality(task.tid)
	if limits {
		l.limits = lowerLimits(task.tid)
	}
	return l
}

// leave has the process do itself what only it can.
func (g *gate) leave(l *leaving) bool {
	done := true
	if l.terminal {
		g.dropTerminal()
	}
	if l.deathSignal {
		const setDeathSignal = 1
		done = g.succeeds(callPrctl, setDeathSignal, 0) && done
	}
	if l.unsafe {
		done = g.succeeds(callPersonality, l.personality) && done
		// A program that was mapped with MMAP_PAGE_ZERO has a page there. Nothing is
		// if it wasn't.
		done = g.succeeds(callMunmap, 0, uint64(os.Getpagesize())) && done //nolint:gosec // G115: positive.
	}
	for _, resource := range l.limits {
		done = g.lowerLimit(resource) && done
	}
	return done
}

// succeeds has the process run a system call that should return 0 or more.
func (g *gate) succeeds(number int, args ...uint64) bool {
	result, ok := g.call(number, args...)
	return ok && result >= 0
}

// losesTerminal reports whether the task has a controlling terminal that its new
// label may not read and write.
func (t *tracer) losesTerminal(task *task, next *hooks.Subject) bool {
	device, err := terminalOf(task.tid)
	if err != nil {
		return false
	}
	a := t.actor
	a.task, a.subject, a.entry = task, next, t.execEntry()
	defer a.forget()
	defer a.cleanUp()
	p := &a.argument
	if !a.findTerminal(p, device) {
		t.e.log.Warn("controlling terminal not found", "pid", task.tid, "device", device)
		return true
	}
	i := a.inode(p)
	return a.judge(hooks.InheritTerminal(t.e.auth, next, &i), nil) != 0
}

// findTerminal has p stand for a terminal's file: by its usual name, or by what
// the task has open.
func (a *actor) findTerminal(p *place, device uint64) bool {
	is := func() bool {
		number := uint64(p.st.Rdev_major)<<8&0xfff00 | uint64(p.st.Rdev_minor)&0xff | uint64(p.st.Rdev_minor)&^0xff<<12
		return isKind(&p.st, linux.SIFCHR) && number == device
	}
	if path := terminalPath(device); path != "" {
		fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName(path), linux.OPath|linux.OCloexec, 0)
		if err == nil && a.adoptFD(p, fd, true) == 0 && is() {
			return true
		}
	}
	list, err := descriptors(a.task.tid)
	if err != nil {
		return false
	}
	for _, fd := range list {
		if a.takeFD(p, fd) == 0 && is() {
			return true
		}
	}
	p.reset()
	return false
}

// dropTerminal has the process leave its controlling terminal. That one can't
// be opened means that there is none any more.
func (g *gate) dropTerminal() {
	const notTerminal = 0x5422 // TIOCNOTTY
	at, ok := g.put([]byte("/dev/tty\x00"))
	if !ok {
		return
	}
	flags := uint64(linux.ORdonly | linux.ONonblock | linux.ONoctty | linux.OCloexec)
	cwd := linux.AtFDCwd
	fd, ok := g.call(callOpenat, uint64(cwd), at, flags, 0) //nolint:gosec // G115: two's complement is meant.
	if !ok || fd < 0 {
		if ok {
			g.t.e.log.Warn("controlling terminal kept", "pid", g.task.tid, "err", syscall.Errno(-fd)) //nolint:gosec // G115: an errno.
		}
		return
	}
	_, _ = g.call(callIoctl, uint64(fd), notTerminal, 0) //nolint:gosec // G115: not negative.
	_, _ = g.call(callClose, uint64(fd))                 //nolint:gosec // G115: not negative.
}

// unsafeBits are those of the personality that exec clears for programs that
// gain privileges (include/uapi/linux/personality.h, PER_CLEAR_ON_SETID):
// executable data, no random addresses, the old layout and a mapped page 0.
const unsafeBits = 0x0400000 | 0x0040000 | 0x0200000 | 0x0100000

// unsafePersonality returns what a task's personality is to become, and whether
// that is something else than it is.
func unsafePersonality(tid int) (uint64, bool) {
	data, err := linux.ReadFile("/proc/" + strconv.Itoa(tid) + "/personality")
	if err != nil {
		return 0, false
	}
	now, err := strconv.ParseUint(strings.TrimSpace(string(data)), 16, 32)
	return now &^ unsafeBits, err == nil && now&unsafeBits != 0
}

// The soft limits that the kernel starts with (include/asm-generic/resource.h
// and kernel/fork.c, fork_init), by RLIMIT_*.
const noLimit = ^uint64(0)

func initialLimits() [16]uint64 {
	tasks := uint64(readNumber("/proc/sys/kernel/threads-max") / 2) //nolint:gosec // G115: not negative.
	return [16]uint64{
		noLimit, noLimit, noLimit, 8 << 20, 0, noLimit, tasks, 1024, 8 << 20, noLimit, noLimit, tasks, 819200, 0, 0, noLimit,
	}
}

// readNumber reads a setting, 0 if there is none.
func readNumber(path string) int {
	data, err := linux.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	return max(n, 0)
}

// lowerLimits lowers soft limits to the lesser of the own hard and the kernel's
// first soft ones, and returns those that the process has to lower itself.
func lowerLimits(tid int) (rest []int) {
	for r, initial := range initialLimits() {
		own, err := linux.SetLimit(tid, r, nil)
		if err == nil {
			lower := syscall.Rlimit{Cur: min(own.Max, initial), Max: own.Max}
			if lower == own {
				continue
			}
			_, err = linux.SetLimit(tid, r, &lower)
		}
		if err != nil {
			rest = append(rest, r)
		}
	}
	return rest
}

// lowerLimit is lowerLimits for one that the process lowers itself.
func (g *gate) lowerLimit(resource int) bool {
	// It is a call that asks; this one is the supervisor's.
	g.task.gate.Store(&gateJob{pass: true})
	defer g.task.gate.Store(nil)
	var data [16]byte
	at, ok := g.put(data[:])
	number := uint64(resource) //nolint:gosec // G115: small.
	if !ok || !g.succeeds(callPrlimit64, 0, number, 0, at) || g.memory.ReadAt(data[:], at) != nil {
		return false
	}
	hard := binary.NativeEndian.Uint64(data[8:])
	binary.NativeEndian.PutUint64(data[:], min(hard, initialLimits()[resource]))
	at, ok = g.put(data[:])
	return ok && g.succeeds(callPrlimit64, 0, number, at, 0)
}
