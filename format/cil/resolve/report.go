package resolve

import (
	"seward/format/cil/syntax"
	"seward/format/diag"
)

// maxErrors is the number of different errors after which no more are collected.
const maxErrors = 1000

// maxSuggest limits for how many errors the nearest names are looked for.
const maxSuggest = 50

// errorKey tells errors apart that copies of one statement have in common.
type errorKey struct {
	pos diag.Pos
	msg string
}

// fail collects an error. What copies of one statement have in common is reported
// once.
func (r *resolver) fail(e *diag.Error) {
	k := errorKey{e.Pos, e.Msg}
	if r.dry || r.seen[k] || len(r.errs) > maxErrors {
		return
	}
	if len(r.errs) == maxErrors {
		e = &diag.Error{Pos: e.Pos, Msg: "too many errors"}
	}
	r.seen[k] = true
	r.errs.Add(e)
}

// errorAt makes a diagnostic at a word of a statement's arguments, with the chain
// of copies that led there.
func (r *resolver) errorAt(i int32, st *syntax.Stmt, word int, format string, args ...any) *diag.Error {
	offset := st.Offset
	if f := r.files[r.insts[i].file]; word >= 0 {
		offset = f.WordOffset(st, word)
	}
	return r.db.Trace(diag.Errorf(r.pos(i, offset), format, args...), r.insts[i].via)
}

// disable notes that an optional can't be resolved, and why. The first reason is
// kept.
func (r *resolver) disable(opt int32, reason func() *diag.Error) {
	if r.why[opt] == nil {
		r.why[opt] = reason()
	}
	r.failed = append(r.failed, opt)
}

// disableFailed takes away the content of the optionals that failed in a pass.
func (r *resolver) disableFailed() bool {
	any := len(r.failed) > 0
	for _, opt := range r.failed {
		if !r.insts[opt].dead {
			r.undeclare(opt, opt)
			r.insts[opt].dead = true
		}
	}
	r.failed = r.failed[:0]
	return any
}

// unknown makes the diagnostic for a name that isn't found in a table.
func (r *resolver) unknown(i int32, pos diag.Pos, t table, n syntax.Name, want string) *diag.Error {
	text := r.names.Text(n)
	e := diag.Errorf(pos, "unknown %s %q", want, text)
	e.Code = "unknown"
	if opt, ok := r.gone[tableName{t, n}]; ok {
		in := &r.insts[opt]
		e.Note(r.pos(in.parent, r.stmt(in.parent, in.stmt).Offset),
			"%q is declared in optional %q, which is disabled", text, r.names.Text(r.argName(in.parent, in.stmt)))
		if why := r.why[opt]; why != nil {
			e.Note(why.Pos, "because of %s", why.Msg)
		}
	} else if len(r.errs) < maxSuggest {
		r.suggest(e, i, t, n)
	}
	return r.db.Trace(e, r.insts[i].via)
}

// suggest adds what may have been meant: a thing of another kind, of another block,
// or with a similar name.
func (r *resolver) suggest(e *diag.Error, i int32, t table, n syntax.Name) {
	for other := range tableCount {
		if other == t {
			continue
		}
		if ref := r.lookupSimple(i, other, n); ref > 0 {
			s := &r.syms[ref]
			at := r.stmt(s.head.inst, s.head.stmt)
			e.Note(r.pos(s.head.inst, at.Offset), "there is a %s of that name", s.flavor)
			return
		}
	}
	for k := 1; k < len(r.syms); k++ {
		s := &r.syms[k]
		if s.name == n && tables[s.flavor] == t && r.get(s.scope, t, n) == int32(k) && r.scopes[s.scope].prefix != "" {
			e.Note(diag.Pos{}, "did you mean %q?", r.names.Text(syntax.Name(r.qualified(int32(k)))))
			return
		}
	}
	e.Suggest(r.names.Text(n), func(yield func(string) bool) {
		for k := 1; k < len(r.syms); k++ {
			s := &r.syms[k]
			if tables[s.flavor] == t && r.scopes[s.scope].prefix == "" && r.get(s.scope, t, s.name) == int32(k) && !yield(r.names.Text(s.name)) {
				return
			}
		}
	})
}
