package supervisor

import (
	"fmt"
	"syscall"

	"seward/internal/linux"
)

// The filter that every supervised thread has. It decides by the architecture
// and the number of a call, for a few by arguments that are values, never
// pointers. What it doesn't know fails.
//
// Numbers are found by a tree of comparisons over runs of equal decisions, so
// that an allowed call costs eight or nine instructions.

// span is a run of numbers with one decision.
type span struct {
	first int
	row   *call
}

// buildFilter assembles the filter for a table of an architecture's calls and a
// coverage.
func buildFilter(arch uint32, table []call, coverage Coverage) ([]linux.Instruction, error) {
	var a linux.Assembler
	native := a.Label()
	a.LoadArch()
	a.JumpEqual(arch, native, linux.Next)
	a.Return(refusal(syscall.ENOSYS))
	a.Place(native)
	a.LoadNumber()
	search(&a, spansOf(table, coverage))
	// The number of an x32 call has a high bit, so that it lies behind all rows,
	// with what is unknown.
	program, err := a.Program()
	if err != nil {
		return nil, fmt.Errorf("assemble filter: %w", err)
	}
	return program, nil
}

func refusal(e syscall.Errno) uint32 { return linux.SeccompErrno | uint32(e) }

// spansOf cuts the numbers into runs. The last one has no end.
func spansOf(table []call, coverage Coverage) []span {
	unknown, allowed, notified := &call{}, &call{action: actionAllow}, &call{action: actionNotify}
	refused := map[syscall.Errno]*call{}
	var spans []span
	add := func(first int, row *call) {
		if len(spans) == 0 || spans[len(spans)-1].row != row {
			spans = append(spans, span{first, row})
		}
	}
	for i := range table {
		c := &table[i]
		switch {
		case c.action == actionAllow, c.reads && coverage == CoverageCore:
			add(i, allowed)
		case c.action == actionNotify:
			add(i, notified)
		case c.action == actionFilter && c.core != nil && coverage == CoverageCore:
			add(i, &call{name: c.name, action: actionFilter, filter: c.core})
		case c.action == actionFilter:
			add(i, c)
		case c.action == actionRefuse:
			if refused[c.errno] == nil {
				refused[c.errno] = c
			}
			add(i, refused[c.errno])
		default:
			add(i, unknown)
		}
	}
	add(len(table), unknown)
	return spans
}

// nearSpans is how many spans a conditional jump surely passes.
const nearSpans = 12

// search writes the tree: halves while there is more than one span, then what
// the span decides.
func search(a *linux.Assembler, spans []span) {
	if len(spans) == 1 {
		decide(a, spans[0].row)
		return
	}
	half := len(spans) / 2
	first := uint32(spans[half].first) //nolint:gosec // G115: numbers of calls.
	upper := a.Label()
	if half <= nearSpans {
		a.JumpAtLeast(first, upper, linux.Next)
	} else {
		lower := a.Label()
		a.JumpAtLeast(first, linux.Next, lower)
		a.Goto(upper)
		a.Place(lower)
	}
	search(a, spans[:half])
	a.Place(upper)
	search(a, spans[half:])
}

func decide(a *linux.Assembler, row *call) {
	switch row.action {
	case actionAllow:
		a.Return(linux.SeccompAllow)
	case actionNotify:
		a.Return(linux.SeccompNotify)
	case actionFilter:
		row.filter(a)
	case actionRefuse:
		a.Return(refusal(row.errno))
	case actionUnknown:
		a.Return(refusal(syscall.ENOSYS))
	}
}

// forbidden are the namespaces in which privileges would mean something else than
// they do to the supervisor.
const forbidden = linux.CloneNewUser

// filterClone lets processes and threads be made, but none that escape ptrace.
func filterClone(a *linux.Assembler) {
	refused, note := a.Label(), a.Label()
	a.LoadArgument(0)
	a.JumpSet(forbidden|linux.CloneUntraced, refused, linux.Next)
	a.JumpSet(newNamespaces, note, linux.Next)
	a.Return(linux.SeccompAllow)
	a.Place(refused)
	a.Return(refusal(syscall.EPERM))
	a.Place(note)
	a.Return(linux.SeccompNotify)
}

// filterUnshare has the supervisor take note of what is no longer shared.
func filterUnshare(a *linux.Assembler) {
	refused, note := a.Label(), a.Label()
	a.LoadArgument(0)
	a.JumpSet(forbidden, refused, linux.Next)
	a.JumpSet(linux.CloneFS|linux.CloneFiles|newNamespaces, note, linux.Next)
	a.Return(linux.SeccompAllow)
	a.Place(refused)
	a.Return(refusal(syscall.EPERM))
	a.Place(note)
	a.Return(linux.SeccompNotify)
}

// filterCloseRange has the supervisor take note of what is no longer shared.
func filterCloseRange(a *linux.Assembler) {
	const unshare = 2
	note := a.Label()
	a.LoadArgument(2)
	a.JumpSet(unshare, note, linux.Next)
	a.Return(linux.SeccompAllow)
	a.Place(note)
	a.Return(linux.SeccompNotify)
}

// Options of prctl that change what the supervisor must know.
const (
	prSetPdeathsig  = 1
	prSetDumpable   = 4
	prSetKeepCaps   = 8
	prSetSecurebits = 28
	prSetNoNewPrivs = 38
	prCapAmbient    = 47
)

// prSetDispatch has a program's calls become signals, those too that the
// supervisor has it make: whoever decides that could pretend to have made them.
const prSetDispatch = 59

func filterPrctl(a *linux.Assembler) {
	note, refused := a.Label(), a.Label()
	a.LoadArgument(0)
	a.JumpEqual(prSetDispatch, refused, linux.Next)
	for _, option := range []uint32{prSetPdeathsig, prSetDumpable, prSetKeepCaps, prSetSecurebits, prSetNoNewPrivs, prCapAmbient} {
		a.JumpEqual(option, note, linux.Next)
	}
	a.Return(linux.SeccompAllow)
	a.Place(note)
	a.Return(linux.SeccompNotify)
	a.Place(refused)
	a.Return(refusal(syscall.EINVAL))
}

// Terminal commands that put input in the way of whoever else reads the
// terminal, which may be the shell that the supervisor was started from.
const (
	tiocSTI   = 0x5412
	tiocLinux = 0x541c
)

// filterIoctl asks about every command that isn't refused.
func filterIoctl(a *linux.Assembler) { ioctlFilter(a, linux.SeccompNotify) }

// filterIoctlCore leaves all to the kernel that isn't refused.
func filterIoctlCore(a *linux.Assembler) { ioctlFilter(a, linux.SeccompAllow) }

func ioctlFilter(a *linux.Assembler, others uint32) {
	refused := a.Label()
	a.LoadArgument(1)
	a.JumpEqual(tiocSTI, refused, linux.Next)
	a.JumpEqual(tiocLinux, refused, linux.Next)
	a.JumpEqual(ioctlSetOwner, refused, linux.Next)
	a.JumpEqual(ioctlSetGroup, refused, linux.Next)
	a.JumpEqual(ioctlUserfaultfd, refused, linux.Next)
	a.Return(others)
	a.Place(refused)
	a.Return(refusal(syscall.EPERM))
}

// filterOther lets a task do to itself (number 0) what needs a check when done
// to others.
func filterOther(a *linux.Assembler) {
	note := a.Label()
	a.LoadArgument(0)
	a.JumpEqual(0, linux.Next, note)
	a.Return(linux.SeccompAllow)
	a.Place(note)
	a.Return(linux.SeccompNotify)
}

// filterLimit lets a task read its own limits.
func filterLimit(a *linux.Assembler) {
	note := a.Label()
	a.LoadArgument(0)
	a.JumpEqual(0, linux.Next, note)
	a.LoadArgument(2)
	a.JumpEqual(0, linux.Next, note)
	a.LoadArgumentHigh(2)
	a.JumpEqual(0, linux.Next, note)
	a.Return(linux.SeccompAllow)
	a.Place(note)
	a.Return(linux.SeccompNotify)
}
