package resolve

import (
	"strings"

	"seward/format/cil/syntax"
)

// spread disables the optionals that failed and all that fail because of that. A
// round for each link of a long chain would take a time that grows with the
// square of the chain.
//
// Only statements that name something that is gone are tried again, those of steps up
// to the given one, since others need what later steps find out. What they put into
// the database, or find wrong, doesn't count: the next round begins from scratch.
func (r *resolver) spread(step int) {
	if r.users == nil {
		r.indexOptionals()
	}
	r.dry = true
	for len(r.failed) > 0 {
		var gone []syntax.Name
		r.onGone = func(n syntax.Name) { gone = append(gone, n) }
		r.disableFailed()
		r.onGone = nil
		for _, n := range gone {
			for _, k := range r.users[int32(n)] {
				if s := r.inOptionals[k]; s.step() <= step {
					r.tryAgain(s)
				}
			}
		}
	}
	r.dry = false
}

// dependent is a statement in an optional.
type dependent struct {
	stmtAt
	call int32 // the instance of a call
}

// step returns the step of a round in which the statement is resolved.
func (d dependent) step() int {
	switch d.st.Keyword {
	case syntax.KwCall:
		return stepArgs
	case syntax.KwBooleanif, syntax.KwTunableif:
		return stepOrders
	}
	return passSteps[passes[d.st.Keyword]]
}

// indexOptionals notes which names the statements in optionals have.
func (r *resolver) indexOptionals() {
	r.users = map[int32][]int32{}
	add := func(i int32, st *syntax.Stmt, call int32) {
		k := int32(len(r.inOptionals))
		r.inOptionals = append(r.inOptionals, dependent{stmtAt{i, st}, call})
		for _, w := range r.files[r.insts[i].file].Args(st) {
			if w.IsList() {
				continue
			}
			n := w.Name()
			text := r.names.Text(n)
			if dot := strings.LastIndexByte(text, '.'); dot >= 0 && !r.opts.QualifiedNames {
				n = r.names.Intern(text[dot+1:])
			}
			if u := r.users[int32(n)]; len(u) == 0 || u[len(u)-1] != k {
				r.users[int32(n)] = append(u, k)
			}
		}
	}
	for _, e := range r.events {
		in := &r.insts[e.inst]
		if e.end < 0 {
			if in.kind != syntax.KwTrue && in.kind != syntax.KwFalse && r.insts[in.parent].opt != 0 {
				add(in.parent, r.stmt(in.parent, in.stmt), e.inst)
			}
			continue
		}
		if in.opt == 0 {
			continue
		}
		for k := e.start; k < e.end; k++ {
			add(e.inst, &r.files[in.file].Stmts[k], 0)
		}
	}
}

// tryAgain finds out whether a statement in an optional can still be resolved.
func (r *resolver) tryAgain(at dependent) {
	if r.insts[r.insts[at.inst].opt].dead {
		return
	}
	c := &r.cur
	c.at(at.inst, at.st)
	switch at.st.Keyword {
	case syntax.KwCall:
		r.resolveArgs(at.call)
		return
	case syntax.KwBooleanif, syntax.KwTunableif:
		c.expr(0, tBools)
		return
	}
	switch passes[at.st.Keyword] {
	case passAliases:
		_, actual := aliasFlavors(at.st.Keyword)
		c.ref(1, tables[actual], actual.String())
	case passOrders:
		r.readOrder(c)
	case passCatSets:
		r.catSet(c)
	case passClasses:
		r.classStmt(c)
	case lastPass:
		if r.insts[at.inst].boolif != 0 {
			c.rule()
		} else {
			c.statement()
		}
	}
}
