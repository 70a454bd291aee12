package supervisor

import (
	"syscall"

	"seward/internal/linux"
)

// Two kinds of write don't reach the files of a FUSE filesystem as they reach the
// kernel's own: one of no bytes doesn't at all, and a long one comes in pieces,
// whose last is the first that a refusal can answer. The filter sends both here;
// what isn't for such a file is the kernel's to do.

// filterWrite stops at a write of nothing, which unsets a label where the
// descriptor is for one, and at those longer than what FUSE carries in one piece.
func filterWrite(a *linux.Assembler) {
	note, allowed := a.Label(), a.Label()
	a.LoadArgumentHigh(2)
	a.JumpEqual(0, linux.Next, allowed)
	a.LoadArgument(2)
	a.JumpEqual(0, note, linux.Next)
	a.JumpAbove(longWrite, note, allowed)
	a.Place(note)
	a.Return(linux.SeccompNotify)
	a.Place(allowed)
	a.Return(linux.SeccompAllow)
}

// longWrite is what FUSE carries in one piece.
const longWrite = 1 << 20

// write answers those that the filter stops at.
func (a *actor) writeNode() answer {
	c := a.engine.carriers
	if c.mount == nil || a.takeFD(&a.argument, a.intArg(0)) != 0 || a.argument.carried == nil {
		return a.writeNatively()
	}
	if a.arg(2) == 0 {
		v, ok := c.mount.WriteNothing(a.argument.fd, a.task.caller())
		if !ok {
			return a.writeNatively()
		}
		return result(a.judge(v, nil))
	}
	if !a.argument.carried.whole() {
		return a.writeNatively()
	}
	flags, err := linux.StatusFlags(a.argument.fd)
	if err != nil || flags&linux.OAccmode == linux.ORdonly {
		return failure(syscall.EBADF)
	}
	a.yield()
	data, e := a.readBuffer(a.arg(1), a.arg(2))
	if e != 0 {
		return failure(e)
	}
	v, ok := c.mount.WriteWhole(a.argument.fd, a.task.caller(), data)
	if !ok {
		return a.writeNatively()
	}
	if e := a.judge(v, nil); e != 0 {
		return failure(e)
	}
	return value(int64(len(data)))
}

// writeNatively has the kernel perform a write, which a signal may interrupt.
func (a *actor) writeNatively() answer {
	a.task.interruptible.Store(true)
	return goOn
}

// whole reports whether what is written to a node must come in one piece.
func (n *node) whole() bool { return n.kind == nodeFS && n.file.IsLoad() }
