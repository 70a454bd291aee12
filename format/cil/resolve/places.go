package resolve

import (
	"seward/format/cil/syntax"
)

// checkPlaces reports statements that copying has put where they may not stand.
// The parser has checked where they were written.
func (r *resolver) checkPlaces() {
	r.walk(0, func(i int32) bool {
		in := &r.insts[i]
		if in.macro == 0 && in.opt == 0 && r.block(i) == 0 {
			return true
		}
		stmts, first := r.stmts(i)
		for j := range stmts {
			r.checkPlace(i, first+int32(j), &stmts[j])
		}
		return true
	})
}

// block returns the nearest block around the content of an instance.
func (r *resolver) block(i int32) int32 {
	for i = r.insts[i].naming; i != 0; i = r.insts[r.insts[i].parent].naming {
		if r.insts[i].kind == syntax.KwBlock {
			return i
		}
	}
	return 0
}

func (r *resolver) checkPlace(i, n int32, st *syntax.Stmt) {
	in := &r.insts[i]
	where := ""
	switch st.Keyword {
	case syntax.KwCategory, syntax.KwSensitivity:
		if r.block(i) != 0 {
			where = "a block"
		}
	case syntax.KwTunable:
		if in.macro != 0 && !r.opts.PreserveTunables {
			where = "a macro"
		} else if in.opt != 0 && !r.opts.PreserveTunables {
			where = "an optional"
		}
	case syntax.KwBlockinherit:
		if in.macro != 0 {
			where = "a macro"
		}
	case syntax.KwIn, syntax.KwBlock, syntax.KwBlockabstract, syntax.KwMacro:
		if st.Keyword == syntax.KwBlockabstract && in.inherited {
			break // what a block says of itself is not inherited
		}
		if in.macro != 0 {
			where = "a macro"
		} else if in.opt != 0 && !(st.Keyword == syntax.KwMacro && r.skippedMacro(i, n)) {
			where = "an optional"
		}
	}
	if where != "" {
		r.fail(r.errorAt(i, st, -1, "%s is not allowed in %s", st.Keyword, where))
	}
}

// skippedMacro reports whether the macro that a statement declares was left out of
// a copy.
func (r *resolver) skippedMacro(i, n int32) bool {
	stmts, first := r.stmts(i)
	k := 0
	for j := range stmts {
		if !hasInst[stmts[j].Keyword] {
			continue
		}
		if first+int32(j) == n {
			return r.insts[i].kids[k] == 0
		}
		k++
	}
	return false
}

// checkConditionals reports statements that calls have put in a booleanif and that
// may not stand there.
func (r *resolver) checkConditionals() {
	r.walk(0, func(i int32) bool {
		in := &r.insts[i]
		if in.abstract || in.kind == syntax.KwMacro {
			return false
		}
		if in.boolif == 0 || in.boolif == i {
			return true
		}
		stmts, _ := r.stmts(i)
		for j := range stmts {
			if st := &stmts[j]; !r.inConditional(st.Keyword) {
				r.fail(r.errorAt(i, st, -1, "%s is not allowed in a booleanif", st.Keyword))
			}
		}
		return true
	})
}

// inConditional reports whether a statement may stand in a booleanif.
func (r *resolver) inConditional(k syntax.Keyword) bool {
	switch k {
	case syntax.KwAllow, syntax.KwDontaudit, syntax.KwAuditallow, syntax.KwTypetransition,
		syntax.KwTypechange, syntax.KwTypemember, syntax.KwTunableif, syntax.KwCall,
		syntax.KwTrue, syntax.KwFalse, syntax.KwSrcInfo:
		return true
	case syntax.KwAllowx, syntax.KwAuditallowx, syntax.KwDontauditx:
		return r.opts.CondXperms
	}
	return false
}
