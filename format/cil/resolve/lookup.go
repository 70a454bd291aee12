package resolve

import (
	"strings"

	"seward/format/cil/syntax"
)

// A reference is a symbol, an argument of a call (negative), or 0 for nothing.

// outcome says how a look-up ended.
type outcome uint8

const (
	found   outcome = iota
	missing         // disables an optional
	invalid         // an error even in an optional
)

// lookup finds a name as it is seen from the content of an instance, aliases not
// followed. fromIn is set for the name in an in-statement, which may go through
// macros and optionals.
func (r *resolver) lookup(i int32, t table, n syntax.Name, fromIn bool) (int32, outcome) {
	if !r.opts.QualifiedNames {
		if parts := r.dotted(n); parts != nil {
			return r.lookupDotted(i, t, n, parts, fromIn)
		}
	}
	if ref := r.lookupSimple(i, t, n); ref != 0 {
		return ref, found
	}
	return 0, missing
}

func (r *resolver) lookupSimple(i int32, t table, n syntax.Name) int32 {
	if r.insts[i].naming != 0 {
		l := search{r: r, table: t, name: n}
		if ref := l.from(i); ref != 0 {
			return ref
		}
	}
	return r.get(0, t, n)
}

// search looks a name up in the name spaces around an instance, the root
// excluded.
type search struct {
	r     *resolver
	table table
	name  syntax.Name
	depth int
	seen  map[int32]bool // where it has been in vain, once that may matter
}

func (l *search) from(i int32) int32 {
	r := l.r
	for i != 0 {
		i = r.insts[i].naming
		if i == 0 {
			return 0
		}
		in := &r.insts[i]
		switch in.kind {
		case syntax.KwBlock:
			if !in.abstract {
				if s := r.get(in.scope, l.table, l.name); s != 0 {
					return s
				}
			}
		case syntax.KwMacro:
			if s := r.get(in.scope, l.table, l.name); s != 0 {
				return s
			}
		case syntax.KwCall:
			if ref := l.inCall(in); ref != 0 {
				return ref
			}
		case syntax.KwBlockinherit:
			if l.been(i) {
				return 0
			}
			block := in.sym
			if ref := l.from(in.parent); ref != 0 || block == 0 {
				return ref
			}
			// Where the block was written, names mean something too.
			return l.beyond(r.insts[r.syms[block].inst].parent)
		}
		i = r.insts[i].parent
	}
	return 0
}

// inCall looks among a call's arguments and then around its macro. A name that
// the macro declares was declared around the call as well.
func (l *search) inCall(in *inst) int32 {
	r := l.r
	if in.sym == 0 || r.get(r.syms[in.sym].own, l.table, l.name) != 0 {
		return 0
	}
	if ref := r.callArg(in.data, l.table, l.name); ref != 0 {
		return ref
	}
	return l.beyond(r.insts[r.syms[in.sym].inst].parent)
}

// beyond searches elsewhere before the search goes on outwards.
func (l *search) beyond(i int32) int32 {
	if r := l.r; r.insts[i].naming == 0 || l.been(i) {
		return 0
	}
	l.depth++
	ref := l.from(i)
	l.depth--
	return ref
}

// been reports whether the search was at an instance before. Copies in copies could
// make it visit places exponentially often.
func (l *search) been(i int32) bool {
	const free = 2
	if l.depth < free {
		return false
	}
	if l.seen[i] {
		return true
	}
	if l.seen == nil {
		l.seen = map[int32]bool{}
	}
	l.seen[i] = true
	return false
}

// dotted returns the parts of a name with dots, the first being empty if the name
// begins with a dot; nil for a name without.
func (r *resolver) dotted(n syntax.Name) []syntax.Name {
	if parts, ok := r.parts[n]; ok {
		return parts
	}
	s := r.names.Text(n)
	if strings.IndexByte(s, '.') < 0 {
		return nil
	}
	parts := []syntax.Name{}
	if s[0] == '.' {
		parts = append(parts, 0)
	}
	for p := range strings.SplitSeq(s, ".") {
		if p != "" {
			parts = append(parts, r.names.Intern(p))
		}
	}
	r.parts[n] = parts
	return parts
}

func (r *resolver) lookupDotted(i int32, t table, n syntax.Name, parts []syntax.Name, fromIn bool) (int32, outcome) {
	if len(parts) == 0 || len(parts) == 1 && parts[0] == 0 {
		return 0, invalid
	}
	scope := int32(0)
	if parts[0] == 0 {
		parts = parts[1:]
	} else {
		ref := r.lookupSimple(i, tBlocks, parts[0])
		if ref <= 0 {
			return 0, missing
		}
		scope = r.syms[ref].scope
	}
	for ; len(parts) > 1; parts = parts[1:] {
		b := r.get(scope, tBlocks, parts[0])
		if b == 0 {
			return 0, missing
		}
		switch s := &r.syms[b]; s.flavor {
		case syntax.FlavorBlock:
			if r.insts[s.inst].abstract {
				return 0, invalid
			}
			scope = s.own
		case syntax.FlavorMacro:
			if !fromIn {
				return 0, invalid
			}
			scope = s.own
		default:
			if !fromIn {
				return 0, invalid
			}
		}
	}
	if s := r.get(scope, t, parts[0]); s != 0 {
		return s, found
	}
	return 0, missing
}

// follow returns what an alias stands for, once that is known; other references
// as they are.
func (r *resolver) follow(ref int32) int32 {
	if ref > 0 {
		switch s := &r.syms[ref]; s.flavor {
		case syntax.FlavorTypeAlias, syntax.FlavorSensAlias, syntax.FlavorCatAlias:
			if s.actual != 0 {
				return s.actual
			}
		}
	}
	return ref
}
