package resolve

import "seward/format/cil/syntax"

// exprOp returns the operator that an expression's first word is, OpSet if it is
// none.
func exprOp(w syntax.Word) ExprOp {
	if w.IsList() {
		return OpSet
	}
	switch w.Name() {
	case syntax.KwAnd.Name():
		return OpAnd
	case syntax.KwOr.Name():
		return OpOr
	case syntax.KwXor.Name():
		return OpXor
	case syntax.KwNot.Name():
		return OpNot
	case syntax.KwAll.Name():
		return OpAll
	case syntax.KwRange.Name():
		return OpRange
	case syntax.KwEq.Name():
		return OpEqual
	case syntax.KwNeq.Name():
		return OpUnequal
	}
	return OpSet
}

// expr resolves the expression args[i] over the symbols of a table, or over
// numbers for tPermx. It returns 0 after an error.
func (c *cursor) expr(i int, t table) ExprID {
	start := ExprID(len(c.r.db.Exprs))
	if !c.addExpr(i, t, OpSet) {
		return 0
	}
	return start
}

func (c *cursor) emit(op ExprOp, arg int32) {
	c.r.db.Exprs = append(c.r.db.Exprs, Expr{Op: op, Arg: arg})
}

// addExpr appends an expression that is an operand of the operator within.
func (c *cursor) addExpr(i int, t table, within ExprOp) bool {
	if !c.isList(i) {
		return c.addOperand(i, t, within)
	}
	op := exprOp(c.args[i+1])
	at := len(c.r.db.Exprs)
	c.emit(op, 0)
	j := i + 1
	if op != OpSet {
		j++
	}
	n := int32(0)
	for end := c.next(i); j < end; j = c.next(j) {
		if !c.addExpr(j, t, op) {
			return false
		}
		n++
	}
	c.r.db.Exprs[at].Arg = n
	return true
}

func (c *cursor) addOperand(i int, t table, within ExprOp) bool {
	if t == tPermx {
		n, ok := syntax.ParseNumber(c.text(i), 0, 16)
		if !ok {
			return c.errorf(i, "expected a number of at most 0xffff, found %q", c.text(i))
		}
		c.emit(OpNumber, int32(n))
		return true
	}
	ref := c.ref(i, t, tableNames[t])
	if ref == 0 {
		return false
	}
	if ref < 0 {
		// A set of categories without a name.
		if within == OpRange {
			return c.errorf(i, "a categoryset can't be the end of a range")
		}
		a := &c.r.args[-ref]
		sub := c.argCursor(a)
		ok := sub.addExpr(a.word, tCats, OpSet)
		c.ok = c.ok && ok
		return ok
	}
	id := c.id(i, ref)
	if id == 0 {
		return false
	}
	op := OpSymbol
	if c.r.syms[ref].flavor == syntax.FlavorCatSet {
		if within == OpRange {
			return c.errorf(i, "categoryset %q can't be the end of a range", c.text(i))
		}
		op = OpCatSet
	}
	c.emit(op, id)
	return true
}

// constraint resolves the constraint expression args[i].
func (c *cursor) constraint(i int) ExprID {
	start := ExprID(len(c.r.db.Exprs))
	if !c.addConstraint(i) {
		return 0
	}
	return start
}

func (c *cursor) addConstraint(i int) bool {
	op := exprOp(c.args[i+1])
	switch c.name(i + 1) {
	case syntax.KwDom.Name():
		op = OpDominates
	case syntax.KwDomby.Name():
		op = OpDominatedBy
	case syntax.KwIncomp.Name():
		op = OpIncomparable
	}
	left := i + 2
	right := c.next(left)
	switch op {
	case OpNot:
		c.emit(op, 1)
		return c.addConstraint(left)
	case OpAnd, OpOr:
		c.emit(op, 2)
		return c.addConstraint(left) && c.addConstraint(right)
	}
	c.emit(op, 2)
	l := constraintOperand(c.name(left))
	c.emit(l, 0)
	if !c.isList(right) {
		if o := constraintOperand(c.name(right)); o != 0 {
			c.emit(o, 0)
			return true
		}
		return c.addConstraintName(right, l)
	}
	at := len(c.r.db.Exprs)
	c.emit(OpSet, 0)
	n := int32(0)
	for j := right + 1; j < c.next(right); j++ {
		if !c.addConstraintName(j, l) {
			return false
		}
		n++
	}
	c.r.db.Exprs[at].Arg = n
	return true
}

func constraintOperand(n syntax.Name) ExprOp {
	if n >= syntax.KwU1.Name() && n <= syntax.KwH2.Name() {
		return OpU1 + ExprOp(n-syntax.KwU1.Name())
	}
	return 0
}

// addConstraintName appends a name that is compared with the operand left.
func (c *cursor) addConstraintName(i int, left ExprOp) bool {
	t := tTypes
	switch left {
	case OpU1, OpU2, OpU3:
		t = tUsers
	case OpR1, OpR2, OpR3:
		t = tRoles
	}
	id := c.symID(i, t)
	if id == 0 {
		return false
	}
	if t == tTypes {
		c.r.use(TypeID(id), UsedByConstraint)
	}
	c.emit(OpSymbol, id)
	return true
}

// use notes how statements use an attribute.
func (r *resolver) use(t TypeID, use TypeUse) {
	if t > 0 && r.db.Types[t].Attribute {
		r.db.Types[t].Use |= use
	}
}
