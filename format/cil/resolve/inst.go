package resolve

import (
	"seward/format/cil/syntax"
	"seward/format/diag"
)

// inst is a container in the tree that grows as copies are made: a container of a
// text, a statement that gets content (a call, a blockinherit), or a splice, which
// is content put somewhere by such a statement. Statements that contain
// nothing are not in the tree: an inst refers to the Body of its file, which all
// copies share. So a copy costs its containers and declarations only.
type inst struct {
	kind   syntax.Keyword // 0: the root or a splice
	splice spliceKind
	dead   bool // content gone: a disabled optional, a decided tunableif
	// abstract blocks and macros are not walked once they have been copied from.
	abstract bool
	depth    int32

	file   int32 // of the content
	body   int32 // index in Bodies; noBody, or rootBody
	parent int32
	stmt   int32 // its own statement, in the parent's file; -1: none

	kids  []int32 // instances of the body's statements that have some, in order; 0 is a skipped macro
	extra []int32 // splices behind the body

	scope  int32 // where its content is declared
	sym    int32 // of a block, macro, optional; of a call its macro, of a blockinherit its block
	data   int32 // of a call: index in resolver.calls; of a booleanif: index in DB.Conditionals
	via    ViaID
	viaFor viaOwn

	// Nearest of a kind, the inst itself included; 0 is none.
	opt, boolif, macro int32
	naming             int32 // block, blockinherit, macro or call: what names are looked up in
	params             int32 // macro or call
	inherited          bool  // inside of what a blockinherit copied
}

// viaOwn is what a splice says about itself.
type viaOwn struct {
	kind   ViaKind
	name   syntax.Name
	source Source // without Via
}

type spliceKind uint8

const (
	notSplice spliceKind = iota
	spliceTunable
	spliceIn
	spliceCall
	spliceInherit
)

const (
	noBody   = -1
	rootBody = -2
	instCost = 4 // statements that an instance counts as
)

// hasInst tells which statements have an instance of their own.
var hasInst = func() (t [256]bool) {
	for k := range t {
		t[k] = syntax.Keyword(k).Container()
	}
	t[syntax.KwCall], t[syntax.KwBlockinherit], t[syntax.KwBlockabstract] = true, true, true
	return t
}()

// stmts returns the statements of an instance's body and the index of the first.
func (r *resolver) stmts(i int32) ([]syntax.Stmt, int32) {
	in := &r.insts[i]
	if in.body == noBody {
		return nil, 0
	}
	f := r.files[in.file]
	b := f.Root
	if in.body >= 0 {
		b = f.Bodies[in.body]
	}
	return f.Stmts[b.Start:b.End], b.Start
}

// stmt returns the statement of the given index in an instance's file.
func (r *resolver) stmt(i, stmt int32) *syntax.Stmt { return &r.files[r.insts[i].file].Stmts[stmt] }

// argName returns the first argument of a statement, an atom.
func (r *resolver) argName(i, stmt int32) syntax.Name {
	f := r.files[r.insts[i].file]
	return f.Words[f.Stmts[stmt].Word+2].Name()
}

func (r *resolver) source(i int32, st *syntax.Stmt) Source {
	in := &r.insts[i]
	return Source{File: in.file + 1, Offset: st.Offset, Via: in.via}
}

// newInst adds an instance, whose kind, splice, file, stmt, body, parent and viaFor are
// set.
func (r *resolver) newInst(in inst) int32 {
	if r.halted {
		return 0
	}
	if r.budget -= instCost; r.budget < 0 {
		r.halt(in, "policy expands to too many statements")
		return 0
	}
	n := int32(len(r.insts))
	if n > 1 || in.parent != 0 {
		p := &r.insts[in.parent]
		in.depth = p.depth + 1
		in.scope = p.scope
		in.via = p.via
		in.opt, in.boolif, in.macro, in.naming, in.params = p.opt, p.boolif, p.macro, p.naming, p.params
		in.inherited = p.inherited || in.splice == spliceInherit
	}
	if in.depth > maxDepth {
		r.halt(in, "copies are nested too deep")
		return 0
	}
	if in.viaFor.kind != 0 {
		v := Via{Kind: in.viaFor.kind, Name: Name(in.viaFor.name), Source: in.viaFor.source}
		v.Source.Via = in.via
		in.via = ViaID(len(r.db.Vias))
		r.db.Vias = append(r.db.Vias, v)
	}
	switch in.kind {
	case syntax.KwOptional:
		in.opt = n
	case syntax.KwBooleanif:
		in.boolif = n
	case syntax.KwMacro:
		in.macro, in.naming, in.params = n, n, n
	case syntax.KwCall:
		in.naming, in.params = n, n
	case syntax.KwBlock, syntax.KwBlockinherit:
		in.naming = n
	case syntax.KwIn:
		in.scope = r.newScope("")
	case syntax.KwTrue, syntax.KwFalse:
		if r.insts[in.parent].kind == syntax.KwTunableif {
			in.scope = r.newScope("")
		}
	}
	r.insts = append(r.insts, in)
	return n
}

// halt reports that the tree grows too much; nothing is copied from then on.
func (r *resolver) halt(in inst, msg string) {
	r.halted = true
	var e *diag.Error
	via := r.insts[in.parent].via
	if in.stmt >= 0 {
		e = r.db.Errorf(r.source(in.parent, r.stmt(in.parent, in.stmt)), "%s", msg)
	} else if in.viaFor.kind != 0 {
		s := in.viaFor.source
		s.Via = via
		e = r.db.Errorf(s, "%s", msg)
	} else {
		e = r.db.Trace(&diag.Error{Msg: msg}, via)
	}
	r.fail(e)
}

// kind returns the keyword by which a statement's instance behaves.
func (r *resolver) kind(k syntax.Keyword) syntax.Keyword {
	if k == syntax.KwTunableif && r.opts.PreserveTunables {
		return syntax.KwBooleanif
	}
	return k
}

// fill makes the instances of a body and declares what is declared in it.
func (r *resolver) fill(i int32) {
	stmts, first := r.stmts(i)
	file := r.insts[i].file
	for j := range stmts {
		st := &stmts[j]
		n := first + int32(j)
		if !hasInst[st.Keyword] {
			if st.Keyword.Declares() != syntax.NoFlavor {
				r.declare(i, n, st, copying{})
			}
			continue
		}
		kid := r.newInst(inst{kind: r.kind(st.Keyword), file: file, stmt: n, body: st.Body, parent: i})
		r.insts[i].kids = append(r.insts[i].kids, kid)
		if kid == 0 || st.Keyword.Declares() != syntax.NoFlavor && !r.declareInst(kid, n, st, copying{}) {
			continue
		}
		if st.Body >= 0 {
			r.fill(kid)
		}
	}
}

// splice puts a copy of the content of src behind the content of dst.
func (r *resolver) splice(src, dst int32, kind spliceKind, via viaOwn) {
	in := &r.insts[src]
	n := r.newInst(inst{splice: kind, file: in.file, stmt: -1, body: in.body, parent: dst, viaFor: via})
	if n == 0 {
		return
	}
	r.insts[dst].extra = append(r.insts[dst].extra, n)
	r.copyContent(src, n, copying{on: true, inherit: kind == spliceInherit})
}

// copyContent copies the content of src, whose body dst shares already.
func (r *resolver) copyContent(src, dst int32, c copying) {
	if r.insts[src].dead {
		r.insts[dst].dead = true
		return
	}
	stmts, first := r.stmts(src)
	k := 0
	for j := range stmts {
		st := &stmts[j]
		n := first + int32(j)
		switch st.Keyword {
		case syntax.KwIn, syntax.KwSelinuxuser, syntax.KwSelinuxuserdefault:
			r.fail(r.errorAt(dst, st, -1, "%s can't be copied", st.Keyword))
		}
		if !hasInst[st.Keyword] {
			if r.budget--; r.budget < 0 && !r.halted {
				r.halt(r.insts[dst], "policy expands to too many statements")
			}
			if r.halted {
				return
			}
			if st.Keyword.Declares() != syntax.NoFlavor {
				r.declare(dst, n, st, c)
			}
			continue
		}
		kid := r.insts[src].kids[k]
		k++
		if kid != 0 {
			kid = r.copyInst(kid, dst, n, st, c)
		}
		r.insts[dst].kids = append(r.insts[dst].kids, kid)
		if r.halted {
			return
		}
	}
	// Splices that are made meanwhile are none of the content that is copied.
	for _, e := range r.insts[src].extra {
		in := &r.insts[e]
		n := r.newInst(inst{splice: in.splice, file: in.file, stmt: -1, body: in.body, parent: dst, viaFor: in.viaFor})
		if n == 0 {
			return
		}
		r.insts[dst].extra = append(r.insts[dst].extra, n)
		r.copyContent(e, n, c)
	}
}

// copyInst copies an instance, the n-th statement of its file, into dst.
func (r *resolver) copyInst(src, dst, n int32, st *syntax.Stmt, c copying) int32 {
	in := &r.insts[src]
	kid := r.newInst(inst{kind: in.kind, file: in.file, stmt: n, body: in.body, parent: dst})
	if kid == 0 {
		return 0
	}
	if st.Keyword.Declares() != syntax.NoFlavor && !r.declareInst(kid, n, st, c) {
		r.insts[kid].dead = true
		return 0
	}
	if st.Keyword == syntax.KwBlockinherit && r.insts[src].sym != 0 {
		block := r.insts[src].sym
		r.insts[kid].sym = block
		r.inherits[block] = append(r.inherits[block], kid)
	}
	r.copyContent(src, kid, c)
	return kid
}

// walk calls f for all instances under i in order, those that f adds included;
// f returns whether to go into the instance's content.
func (r *resolver) walk(i int32, f func(i int32) bool) {
	if r.insts[i].dead {
		return
	}
	for k := 0; k < len(r.insts[i].kids); k++ { //nolint:intrange // f may add to them.
		if kid := r.insts[i].kids[k]; kid != 0 && f(kid) {
			r.walk(kid, f)
		}
	}
	for k := 0; k < len(r.insts[i].extra); k++ { //nolint:intrange // As above.
		if e := r.insts[i].extra[k]; f(e) {
			r.walk(e, f)
		}
	}
}
