package label

import (
	"regexp/syntax"
	"strings"
)

// needsOwnMatcher reports whether a pattern uses what the automaton doesn't
// know: flags, word boundaries, classes and escapes that tell bytes above ASCII
// apart.
func needsOwnMatcher(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
			if i < len(text) && isWord(text[i]) && strings.IndexByte("dDsSwW", text[i]) < 0 {
				return true
			}
		case '(':
			if strings.HasPrefix(text[i:], "(?") && !strings.HasPrefix(text[i:], "(?:") {
				return true
			}
		}
	}
	return false
}

// instruction is one of a pattern's program. Numbers of others are those of all
// programs together.
type instruction struct {
	op       syntax.InstOp
	empty    syntax.EmptyOp
	out, arg int32
	rank     int32 // of the entry
	// endless marks a dot that repeats until the end: once there, the entry
	// matches whatever follows.
	endless bool
	match   [symbols/64 + 1]uint64 // the bytes that it consumes
}

// compile makes the programs of the entries whose prefix ends at n.
func (a *automaton) compile(n *prefixNode) {
	n.compiled = true
	for i, rest := range n.rests {
		re, err := syntax.Parse(rest, syntaxFlags)
		if err != nil {
			// The whole pattern was valid, so its rest is.
			panic("label: pattern with a valid prefix and an invalid rest: " + rest)
		}
		prog, err := syntax.Compile(re.Simplify())
		if err != nil {
			panic("label: a parsed pattern doesn't compile: " + rest)
		}
		n.starts = append(n.starts, a.load(prog, n.ranks[i]))
	}
	n.rests = nil
}

// load appends a program to those of the automaton and returns where it starts.
func (a *automaton) load(prog *syntax.Prog, rank int32) int32 {
	base := int32(len(a.programs)) //nolint:gosec // G115: patterns are bounded.
	for i := range prog.Inst {
		in := &prog.Inst[i]
		out := instruction{
			op: in.Op, rank: rank,
			out: base + int32(in.Out), //nolint:gosec // G115: an index.
		}
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			out.arg = base + int32(in.Arg) //nolint:gosec // G115: an index.
		case syntax.InstEmptyWidth:
			out.empty = syntax.EmptyOp(in.Arg) //nolint:gosec // G115: a set of flags.
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			out.match = consumed(in)
		}
		a.programs = append(a.programs, out)
		a.mark = append(a.mark, 0)
	}
	for i := int(base); i < len(a.programs); i++ {
		a.programs[i].endless = a.isEndless(int32(i)) //nolint:gosec // G115: an index.
	}
	return base + int32(prog.Start) //nolint:gosec // G115: an index.
}

// consumed is the set of bytes that an instruction matches.
func consumed(in *syntax.Inst) (set [symbols/64 + 1]uint64) {
	fill := func(low, high rune) {
		for r := low; r <= min(high, symbols-2); r++ {
			set[r/64] |= 1 << (r % 64)
		}
		if high >= symbols-1 {
			set[(symbols-1)/64] |= 1 << ((symbols - 1) % 64)
		}
	}
	switch {
	case in.Op == syntax.InstRuneAny:
		fill(0, symbols)
	case in.Op == syntax.InstRuneAnyNotNL:
		fill(0, '\n'-1)
		fill('\n'+1, symbols)
	case len(in.Rune) == 1:
		fill(in.Rune[0], in.Rune[0])
	default:
		for i := 0; i+1 < len(in.Rune); i += 2 {
			fill(in.Rune[i], in.Rune[i+1])
		}
	}
	return set
}

// isEndless reports whether the instruction consumes any byte, leads back to
// itself and to a match.
func (a *automaton) isEndless(t int32) bool {
	in := &a.programs[t]
	if in.op != syntax.InstRuneAny {
		return false
	}
	var self, match bool
	seen := map[int32]bool{}
	var walk func(t2 int32)
	walk = func(t2 int32) {
		if seen[t2] {
			return
		}
		seen[t2] = true
		next := &a.programs[t2]
		switch next.op {
		case syntax.InstAlt, syntax.InstAltMatch:
			walk(next.out)
			walk(next.arg)
		case syntax.InstCapture, syntax.InstNop:
			walk(next.out)
		case syntax.InstMatch:
			match = true
		}
		self = self || t2 == t
	}
	walk(in.out)
	return self && match
}

// consumes reports whether the instruction matches a byte.
func (in *instruction) consumes(symbol byte) bool { return in.match[symbol/64]>>(symbol%64)&1 != 0 }

// prune drops the threads of entries that can't win any more because a later one
// will match whatever follows.
func (a *automaton) prune() {
	sure := int32(-1)
	for _, t := range a.threads {
		if in := &a.programs[t]; in.endless && a.specs[in.rank].Mode == 0 {
			sure = max(sure, in.rank)
		}
	}
	kept := a.threads[:0]
	for _, t := range a.threads {
		if in := &a.programs[t]; in.rank > sure || in.rank == sure && (in.endless || in.op == syntax.InstMatch) {
			kept = append(kept, t)
		}
	}
	a.threads = kept
}
