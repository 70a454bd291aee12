package syntax

import "seward/format/diag"

// setExpr checks an expression over types, roles, users, categories or booleans.
func (c *checker) setExpr(i int, a *arg) bool {
	if a.form == formCatList && !c.args[i].IsList() {
		return c.expected("a list of "+a.label, i)
	}
	return c.expr(i, a.form)
}

// operator returns the operator of set and boolean expressions that a word is.
func operator(w Word) Keyword {
	if w.IsList() || w.Name() >= Name(keywordCount) {
		return 0
	}
	switch k := Keyword(w.Name()); k {
	case KwAnd, KwOr, KwNot, KwXor, KwEq, KwNeq, KwAll, KwRange:
		return k
	}
	return 0
}

// expr checks the expression at args[i]. Depth is that of the parentheses, which
// the parser limits.
func (c *checker) expr(i int, f form) bool {
	w := c.args[i]
	if !w.IsList() {
		if op := operator(w); op != 0 {
			c.fail(i, "operator %q needs parentheses around it and its operands", op)
			return false
		}
		return true
	}
	if w.Len() == 0 {
		return c.expected("an expression", i)
	}
	end := Skip(c.args, i)
	op := operator(c.args[i+1])
	if op == 0 {
		for j := i + 1; j < end; j = Skip(c.args, j) {
			if !c.expr(j, f) {
				return false
			}
		}
		return true
	}
	if !c.operatorFits(i+1, op, f) {
		return false
	}
	want := 2
	switch op {
	case KwNot:
		want = 1
	case KwAll:
		want = 0
	}
	n := 0
	for j := i + 2; j < end; j = Skip(c.args, j) {
		if n++; n > want {
			c.fail(j, "operator %q has %d operands, found %s as well", op, want, c.found(j))
			return false
		}
		if op == KwRange && c.args[j].IsList() {
			c.fail(j, "expected a name as operand of %q, found %s", op, c.found(j))
			return false
		}
		if !c.expr(j, f) {
			return false
		}
	}
	if n < want {
		c.fail(i+1, "operator %q has %d operands, found %d", op, want, n)
		return false
	}
	return true
}

// operatorFits reports whether an operator may be used in the kind of expression.
func (c *checker) operatorFits(i int, op Keyword, f form) bool {
	boolean := f == formBoolExpr
	var kind string
	switch {
	case (op == KwEq || op == KwNeq) && !boolean:
		kind = "conditional expressions"
	case op == KwAll && boolean:
		kind = "set expressions"
	case op == KwRange && f != formCatExpr && f != formCatList && f != formPermissionx:
		kind = "expressions of categories and extended permissions"
	default:
		return true
	}
	c.fail(i, "operator %q can be used in %s only", op, kind)
	return false
}

// classPerms checks the name of a classpermission or (CLASS (PERMISSION...)).
func (c *checker) classPerms(i int, label string) bool {
	w := c.args[i]
	if !w.IsList() {
		return true
	}
	if w.Len() == 0 {
		return c.expected(label, i)
	}
	if c.args[i+1].IsList() {
		c.fail(i+1, "expected a class, found %s", c.found(i+1))
		return false
	}
	if w.Len() == 1 || !c.args[i+2].IsList() || c.args[i+2].Len() == 0 {
		at := i + min(w.Len(), 2)
		c.fail(at, "expected a list of permissions for %s", c.found(i+1)).
			Note(diag.Pos{}, "class permissions are a classpermission or (CLASS (PERMISSION...))")
		return false
	}
	if j := Skip(c.args, i+2); j < Skip(c.args, i) {
		c.fail(j, "unexpected %s after the permissions of %s", c.found(j), c.found(i+1))
		return false
	}
	return c.expr(i+2, formClassPerms)
}

// permissionx checks (KIND CLASS EXPRESSION).
func (c *checker) permissionx(i int, a *arg) bool {
	w := c.args[i]
	if !w.IsList() && a.form == formPermx {
		return true
	}
	if !w.IsList() || w.Len() < 3 || c.args[i+1].IsList() || c.args[i+2].IsList() ||
		!c.args[i+3].IsList() || c.args[i+3].Len() == 0 || Skip(c.args, i+3) != Skip(c.args, i) {
		c.fail(i, "expected extended permissions (ioctl|nlmsg CLASS (NUMBER...)), found %s", c.found(i))
		return false
	}
	if k := c.args[i+1].Name(); k != KwIoctl.Name() && k != KwNlmsg.Name() {
		c.fail(i+1, `expected "ioctl" or "nlmsg", found %s`, c.found(i+1))
		return false
	}
	return c.expr(i+3, formPermissionx)
}

// constraint checks the constraint expression that is the list at args[i].
func (c *checker) constraint(i int, transition bool) bool {
	w := c.args[i]
	if !w.IsList() || w.Len() == 0 || c.args[i+1].IsList() {
		c.fail(i, "expected a constraint expression, found %s", c.found(i))
		return false
	}
	end := Skip(c.args, i)
	var ops [2]int
	n := 0
	for j := i + 2; j < end; j = Skip(c.args, j) {
		if n < len(ops) {
			ops[n] = j
		}
		n++
	}
	op := Keyword(0)
	if c.args[i+1].Name() < Name(keywordCount) {
		op = Keyword(c.args[i+1].Name())
	}
	want := 2
	switch op {
	case KwNot:
		want = 1
	case KwAnd, KwOr, KwEq, KwNeq, KwDom, KwDomby, KwIncomp:
	default:
		c.fail(i+1, "unknown operator %s in a constraint", c.found(i+1))
		return false
	}
	if n != want {
		c.fail(i+1, "operator %q has %d operands, found %d", op, want, n)
		return false
	}
	switch op {
	case KwNot:
		return c.constraint(ops[0], transition)
	case KwAnd, KwOr:
		return c.constraint(ops[0], transition) && c.constraint(ops[1], transition)
	}
	return c.comparison(op, ops[0], ops[1], transition)
}

// operand returns the keyword u1 to h2 that a word is.
func operand(w Word) Keyword {
	if !w.IsList() && w.Name() >= KwU1.Name() && w.Name() <= KwH2.Name() {
		return Keyword(w.Name())
	}
	return 0
}

// comparison checks one comparison of a constraint.
func (c *checker) comparison(op Keyword, left, right int, transition bool) bool {
	l, r := operand(c.args[left]), operand(c.args[right])
	if l == 0 {
		c.fail(left, "expected one of u1 to u3, r1 to r3, t1 to t3, l1, l2, h1, h2 on the left of %q, found %s", op, c.found(left))
		return false
	}
	if r == 0 {
		return c.compareNames(op, l, right, transition)
	}
	equality := op == KwEq || op == KwNeq
	ok := false
	switch r {
	case KwU2:
		ok = l == KwU1 && equality
	case KwR2:
		ok = l == KwR1
	case KwT2:
		ok = l == KwT1 && equality
	case KwL2:
		ok = l == KwL1 || l == KwH1
	case KwH2:
		ok = l == KwL1 || l == KwL2 || l == KwH1
	case KwH1:
		ok = l == KwL1
	}
	if !ok {
		c.fail(right, "%q can't compare %s with %s", op, l, r)
	}
	return ok
}

// compareNames checks a comparison with a name or a list of names.
func (c *checker) compareNames(op, l Keyword, right int, transition bool) bool {
	w := c.args[right]
	if op != KwEq && op != KwNeq {
		// The image could say it, but no kernel knows what it means.
		c.fail(right, "%q can't compare with names, found %s", op, c.found(right))
		return false
	}
	switch l {
	case KwL1, KwL2, KwH1, KwH2:
		c.fail(right, "%s can't be compared with names, found %s", l, c.found(right))
		return false
	case KwU3, KwR3, KwT3:
		if !transition {
			c.fail(right, "%s can be used in validatetrans and mlsvalidatetrans only", l)
			return false
		}
	}
	if !w.IsList() {
		return true
	}
	if w.Len() == 0 {
		return c.expected("names", right)
	}
	for j := right + 1; j < Skip(c.args, right); j = Skip(c.args, j) {
		if !c.atom(j, "a name") {
			return false
		}
	}
	return true
}

// security checks levels, ranges and contexts.
func (c *checker) security(i int, a *arg) bool {
	list := c.args[i].IsList()
	switch a.form {
	case formLevelRef, formRangeRef, formContextRef, formFileContext:
		if !list {
			return true
		}
	}
	if a.form == formFileContext && (c.args[i].Len() == 0 || Skip(c.args, i+1) == Skip(c.args, i)) {
		return true // no label
	}
	if !list || c.args[i].Len() == 0 {
		return c.expected(a.label, i)
	}
	switch a.form {
	case formLevel, formLevelRef:
		return c.level(i)
	case formRange, formRangeRef:
		return c.levelRange(i)
	}
	return c.context(i)
}

// level checks (SENSITIVITY [CATEGORIES]).
func (c *checker) level(i int) bool {
	end := Skip(c.args, i)
	if c.args[i].Len() == 0 || c.args[i+1].IsList() {
		c.fail(i, "expected a level (SENSITIVITY [CATEGORIES]), found %s", c.found(i))
		return false
	}
	if i+2 == end {
		return true
	}
	if j := Skip(c.args, i+2); j < end {
		c.fail(j, "unexpected %s in a level", c.found(j)).
			Note(diag.Pos{}, "a level is (SENSITIVITY [CATEGORIES]); several categories are a list")
		return false
	}
	return c.expr(i+2, formCatExpr)
}

// levelRange checks (LOW HIGH).
func (c *checker) levelRange(i int) bool {
	end := Skip(c.args, i)
	n := 0
	for j := i + 1; j < end; j = Skip(c.args, j) {
		if n++; n > 2 {
			c.fail(j, "unexpected %s in a range", c.found(j)).Note(diag.Pos{}, "a range is (LOW HIGH)")
			return false
		}
		if c.args[j].IsList() && !c.level(j) {
			return false
		}
	}
	if n != 2 {
		c.fail(i, "expected a range (LOW HIGH), found a list of %d", n)
	}
	return n == 2
}

// context checks (USER ROLE TYPE RANGE).
func (c *checker) context(i int) bool {
	w := c.args[i]
	if w.Len() < 4 || c.args[i+1].IsList() || c.args[i+2].IsList() || c.args[i+3].IsList() || Skip(c.args, i+4) != Skip(c.args, i) {
		c.fail(i, "expected a context (USER ROLE TYPE RANGE), found %s", c.found(i))
		return false
	}
	if !c.args[i+4].IsList() {
		return true
	}
	if c.args[i+4].Len() == 0 {
		return c.expected("a range", i+4)
	}
	return c.levelRange(i + 4)
}
