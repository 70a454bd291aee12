package resolve

import (
	"slices"

	"seward/format/cil/syntax"
	"seward/format/diag"
)

// expand grows the tree: tunables are decided, in-statements inserted, blocks
// inherited and macros called, in this order.
func (r *resolver) expand() {
	if !r.opts.PreserveTunables {
		r.walk(0, func(i int32) bool {
			if r.insts[i].kind == syntax.KwTunableif {
				r.decide(i)
				return false
			}
			return true
		})
		r.disableFailed()
	}
	steps := []func(){
		func() { r.insertAll(false) },
		r.linkInherits,
		r.checkInherits,
		r.inherit,
		r.markAbstract,
		func() { r.insertAll(true) },
		r.checkPlaces,
		r.callAll,
		r.checkConditionals,
	}
	for _, step := range steps {
		if r.stop() {
			return
		}
		step()
		r.disableFailed()
	}
}

// decide puts the branch that a tunableif chooses behind the content around it.
func (r *resolver) decide(i int32) {
	c := &r.cur
	c.at(r.insts[i].parent, r.stmt(r.insts[i].parent, r.insts[i].stmt))
	value, ok := c.tunableValue(0)
	if !ok {
		return
	}
	want := syntax.KwFalse
	if value {
		want = syntax.KwTrue
	}
	r.insts[i].dead = true
	parent := r.insts[i].parent
	for r.insts[parent].splice == spliceTunable {
		parent = r.insts[parent].parent
	}
	for _, kid := range r.insts[i].kids {
		if kid != 0 && r.insts[kid].kind == want {
			r.splice(kid, parent, spliceTunable, viaOwn{})
		}
	}
}

// tunableValue evaluates an expression over tunables.
func (c *cursor) tunableValue(i int) (value, ok bool) {
	if !c.isList(i) {
		s := c.sym(i, tTunables)
		if s == 0 {
			return false, false
		}
		h := c.r.syms[s].head
		f := c.r.files[c.r.insts[h.inst].file]
		return f.Args(c.r.stmt(h.inst, h.stmt))[1].Name() == syntax.KwTrue.Name(), true
	}
	op := exprOp(c.args[i+1])
	first := i + 1
	if op != OpSet {
		first++
	}
	var values [2]bool
	any, n := false, 0
	for j := first; j < c.next(i); j = c.next(j) {
		v, ok := c.tunableValue(j)
		if !ok {
			return false, false
		}
		if n < len(values) {
			values[n] = v
		}
		any = any || v
		n++
	}
	switch a, b := values[0], values[1]; op {
	case OpNot:
		return !a, true
	case OpAnd:
		return a && b, true
	case OpOr:
		return a || b, true
	case OpXor, OpUnequal:
		return a != b, true
	case OpEqual:
		return a == b, true
	}
	return any, true
}

// insertAll applies in-statements, those with "after" or the others. They are tried
// last first, again and again, since one may make the block of another known.
func (r *resolver) insertAll(after bool) {
	var ins []int32
	r.walk(0, func(i int32) bool {
		in := &r.insts[i]
		if in.kind == syntax.KwIn && r.isAfter(i) == after {
			ins = append(ins, i)
		}
		return !in.abstract || !after
	})
	slices.Reverse(ins)
	for len(ins) > 0 && !r.stop() {
		left := ins[:0]
		for _, i := range ins {
			if !r.insert(i) {
				left = append(left, i)
			}
		}
		if len(left) == len(ins) {
			for _, i := range left {
				r.unknownIn(i)
			}
			return
		}
		ins = left
	}
}

func (r *resolver) isAfter(i int32) bool {
	in := &r.insts[i]
	f := r.files[r.insts[in.parent].file]
	args := f.Args(&f.Stmts[in.stmt])
	return len(args) == 2 && args[0].Name() == syntax.KwAfter.Name()
}

// inTarget returns the name of the block that an in-statement extends, as an index
// of its arguments.
func (r *resolver) inTarget(i int32) int {
	f := r.files[r.insts[r.insts[i].parent].file]
	return len(f.Args(&f.Stmts[r.insts[i].stmt])) - 1
}

// insert applies an in-statement. It returns false if its block isn't known.
func (r *resolver) insert(i int32) bool {
	c := &r.cur
	c.at(r.insts[i].parent, r.stmt(r.insts[i].parent, r.insts[i].stmt))
	arg := r.inTarget(i)
	ref, how := r.lookup(c.inst, tBlocks, c.name(arg), true)
	if how != found || ref < 0 {
		return false
	}
	s := &r.syms[ref]
	if s.flavor == syntax.FlavorOptional && len(s.more) > 0 {
		e := c.diag(arg, "several optionals have the name %q", c.text(arg))
		for _, n := range append([]node{s.head}, s.more...) {
			e.Note(r.pos(n.inst, r.stmt(n.inst, n.stmt).Offset), "one of them")
		}
		r.fail(e)
		return true
	}
	src := c.source()
	src.Via = 0
	r.splice(i, s.inst, spliceIn, viaOwn{ViaIn, c.name(arg), src})
	r.insts[i].dead = true
	return true
}

func (r *resolver) unknownIn(i int32) {
	c := &r.cur
	c.at(r.insts[i].parent, r.stmt(r.insts[i].parent, r.insts[i].stmt))
	arg := r.inTarget(i)
	_, how := r.lookup(c.inst, tBlocks, c.name(arg), true)
	if how == missing {
		r.fail(r.unknown(c.inst, c.pos(arg), tBlocks, c.name(arg), tableNames[tBlocks]))
		return
	}
	c.unresolved(arg, tBlocks, tableNames[tBlocks], how)
}

// linkInherits finds the blocks that are inherited.
func (r *resolver) linkInherits() {
	r.walk(0, func(i int32) bool {
		if r.insts[i].kind != syntax.KwBlockinherit {
			return true
		}
		c := &r.cur
		c.at(r.insts[i].parent, r.stmt(r.insts[i].parent, r.insts[i].stmt))
		s := c.sym(0, tBlocks)
		if s == 0 {
			return false
		}
		if f := r.syms[s].flavor; f != syntax.FlavorBlock {
			return c.errorf(0, "expected a block, found %s %q", f, c.text(0))
		}
		r.insts[i].sym = s
		r.inherits[s] = append(r.inherits[s], i)
		return false
	})
}

// checkInherits reports blocks that inherit themselves, and inheritance that
// multiplies without measure.
func (r *resolver) checkInherits() {
	const most, growth = 1 << 10, 10
	actual := 0
	for i := range r.insts {
		if in := &r.insts[i]; in.kind == syntax.KwBlockinherit && in.sym != 0 {
			actual++
		}
	}
	if actual == 0 {
		return
	}
	w := inheritCheck{r: r, left: max(growth*actual, most), steps: 4 * r.budget, on: map[int32]bool{}}
	w.visit(0)
}

type inheritCheck struct {
	r     *resolver
	left  int
	steps int
	depth int
	on    map[int32]bool // blocks that are being inherited
	stack []int32        // by which instances
	done  bool
}

func (w *inheritCheck) visit(i int32) {
	r := w.r
	in := &r.insts[i]
	if w.steps--; w.steps < 0 || w.depth > maxDepth {
		w.fail(i, "inheritance makes too many copies")
		return
	}
	if w.done || in.dead {
		return
	}
	w.depth++
	defer func() { w.depth-- }()
	if in.kind == syntax.KwBlockinherit && in.sym != 0 {
		if w.left--; w.left < 0 {
			w.fail(i, "inheritance makes too many copies")
			return
		}
		w.stack = append(w.stack, i)
		if block := r.syms[in.sym].inst; w.on[block] {
			w.fail(i, "blocks inherit each other")
		} else {
			w.on[block] = true
			w.visit(block)
			delete(w.on, block)
		}
		w.stack = w.stack[:len(w.stack)-1]
	}
	for _, kid := range in.kids {
		if kid != 0 {
			w.visit(kid)
		}
	}
	for _, e := range in.extra {
		w.visit(e)
	}
}

func (w *inheritCheck) fail(i int32, msg string) {
	if w.done {
		return
	}
	w.done = true
	r := w.r
	e := &diag.Error{Msg: msg}
	if len(w.stack) > 0 {
		i = w.stack[len(w.stack)-1]
	}
	if in := &r.insts[i]; in.stmt >= 0 {
		e.Pos = r.pos(in.parent, r.stmt(in.parent, in.stmt).Offset)
	}
	const most = 8
	for k := len(w.stack) - 1; k >= 0 && k >= len(w.stack)-most; k-- {
		in := &r.insts[w.stack[k]]
		s := &r.syms[in.sym]
		e.Note(r.pos(in.parent, r.stmt(in.parent, in.stmt).Offset), "block %q is inherited here", r.names.Text(s.name))
	}
	r.fail(e)
}

// inherit copies blocks to where they are inherited.
func (r *resolver) inherit() {
	r.walk(0, func(i int32) bool {
		in := &r.insts[i]
		// A block that an inherited block was merged into is not the original.
		if in.kind != syntax.KwBlock || in.sym == 0 || r.syms[in.sym].inst != i {
			return true
		}
		for k := 0; k < len(r.inherits[in.sym]) && !r.halted; k++ {
			to := r.inherits[in.sym][k]
			at := r.insts[to].parent
			src := r.source(at, r.stmt(at, r.insts[to].stmt))
			src.Via = 0
			r.splice(i, to, spliceInherit, viaOwn{ViaInherit, r.syms[in.sym].name, src})
			in = &r.insts[i]
		}
		return !r.halted
	})
}

// markAbstract marks the blocks of blockabstract statements.
func (r *resolver) markAbstract() {
	var blocks []int32
	r.walk(0, func(i int32) bool {
		in := &r.insts[i]
		if in.kind != syntax.KwBlockabstract || in.inherited {
			return true
		}
		c := &r.cur
		c.at(in.parent, r.stmt(in.parent, in.stmt))
		if s := c.sym(0, tBlocks); s != 0 {
			if f := r.syms[s].flavor; f != syntax.FlavorBlock {
				return c.errorf(0, "expected a block, found %s %q", f, c.text(0))
			}
			blocks = append(blocks, r.syms[s].inst)
		}
		return false
	})
	for _, b := range blocks {
		r.abstract(b)
	}
}

func (r *resolver) abstract(i int32) {
	r.insts[i].abstract = true
	for _, kid := range r.insts[i].kids {
		if kid != 0 && r.insts[kid].kind == syntax.KwBlock {
			r.abstract(kid)
		}
	}
}

// callAll expands all calls, those that macros bring along included.
func (r *resolver) callAll() {
	r.walk(0, func(i int32) bool {
		in := &r.insts[i]
		if in.kind == syntax.KwMacro || in.abstract || r.halted {
			return false
		}
		if in.kind == syntax.KwCall {
			r.expandCall(i)
		}
		return true
	})
}
