package compile

import (
	"fmt"
	"slices"

	"seward/format/cil/resolve"
	"seward/policy"
)

// maxConstraintDepth is how many operands a constraint may need on the kernel's
// evaluation stack (kernel security/selinux/ss/constraint.h).
const maxConstraintDepth = 5

// constraints adds constraints and validatetrans statements to their classes.
// libsepol puts each before those that the class has.
func (c *compiler) constraints() {
	for i := range c.db.Constraints {
		x := &c.db.Constraints[i]
		if x.MLS && !c.b.MLS {
			continue
		}
		perms := c.permsOf(x.Perms, x.Source)
		if len(perms) == 0 {
			continue
		}
		expr, err := c.constraintExpr(x.Expr)
		if err != nil {
			c.errorf(x.Source, "%v", err)
			continue
		}
		pos := c.pos(x.Source)
		for _, p := range perms {
			class := &c.b.Classes[p.class-1]
			class.Constraints = append(class.Constraints, policy.Constraint{Perms: policy.AccessVector(p.perms), Expr: expr, Pos: pos})
		}
	}
	for i := range c.db.ValidateTrans {
		x := &c.db.ValidateTrans[i]
		if x.MLS && !c.b.MLS {
			continue
		}
		expr, err := c.constraintExpr(x.Expr)
		if err != nil {
			c.errorf(x.Source, "%v", err)
			continue
		}
		pos := c.pos(x.Source)
		for _, id := range c.classOrMap(x.Class, x.Map, x.Source) {
			class := &c.b.Classes[id-1]
			class.ValidateTrans = append(class.ValidateTrans, policy.Constraint{Expr: expr, Pos: pos})
		}
	}
	for i := range c.b.Classes {
		slices.Reverse(c.b.Classes[i].Constraints)
		slices.Reverse(c.b.Classes[i].ValidateTrans)
	}
}

// constraintExpr returns the postfix form of the expression at e.
func (c *compiler) constraintExpr(e resolve.ExprID) ([]policy.ConstraintOp, error) {
	out, _ := c.constraintTerm(nil, e)
	depth := 0
	for _, op := range out {
		switch op.Kind {
		case policy.ConstraintNot:
		case policy.ConstraintAnd, policy.ConstraintOr:
			depth--
		default:
			depth++
		}
		if depth > maxConstraintDepth {
			return nil, fmt.Errorf("constraint expression nests deeper than %d", maxConstraintDepth)
		}
	}
	return out, nil
}

var constraintOperators = map[resolve.ExprOp]policy.ConstraintOperator{
	resolve.OpEqual:        policy.OpEqual,
	resolve.OpUnequal:      policy.OpUnequal,
	resolve.OpDominates:    policy.OpDominates,
	resolve.OpDominatedBy:  policy.OpDominatedBy,
	resolve.OpIncomparable: policy.OpIncomparable,
}

func (c *compiler) constraintTerm(out []policy.ConstraintOp, e resolve.ExprID) ([]policy.ConstraintOp, resolve.ExprID) {
	x := c.db.Exprs[e]
	switch x.Op {
	case resolve.OpNot:
		out, e = c.constraintTerm(out, e+1)
		return append(out, policy.ConstraintOp{Kind: policy.ConstraintNot}), e
	case resolve.OpAnd, resolve.OpOr:
		out, e = c.constraintTerm(out, e+1)
		out, e = c.constraintTerm(out, e)
		kind := policy.ConstraintAnd
		if x.Op == resolve.OpOr {
			kind = policy.ConstraintOr
		}
		return append(out, policy.ConstraintOp{Kind: kind}), e
	}
	op := policy.ConstraintOp{Operator: constraintOperators[x.Op]}
	left, right := c.db.Exprs[e+1], c.db.Exprs[e+2]
	e += 2
	switch right.Op {
	case resolve.OpSymbol, resolve.OpSet:
		op.Kind = policy.ConstraintNames
		op.Attr = constraintAttribute(left.Op, left.Op)
		e = c.constraintNames(&op, left.Op, e)
	default:
		op.Kind = policy.ConstraintAttr
		op.Attr = constraintAttribute(left.Op, right.Op)
		e++
	}
	return append(out, op), e
}

// constraintNames reads the names that are compared with.
func (c *compiler) constraintNames(op *policy.ConstraintOp, left resolve.ExprOp, e resolve.ExprID) resolve.ExprID {
	x := c.db.Exprs[e]
	e++
	if x.Op == resolve.OpSet {
		for range x.Arg {
			e = c.constraintNames(op, left, e)
		}
		return e
	}
	switch left {
	case resolve.OpU1, resolve.OpU2, resolve.OpU3:
		for m := range c.users.set(x.Arg).all() {
			op.Names.Set(uint32(m))
		}
	case resolve.OpR1, resolve.OpR2, resolve.OpR3:
		for m := range c.roles.set(x.Arg).all() {
			op.Names.Set(uint32(c.memberRoles[m] - 1))
		}
	default:
		op.Names.Union(c.typeSet(c.types.set(x.Arg)).Bitmap)
		if id := c.typeIDs[x.Arg]; id != 0 {
			op.TypeNames.Types.Add(id)
		}
	}
	return e
}

// constraintAttribute tells what a comparison compares. The operands of
// comparisons by name are the same twice.
func constraintAttribute(left, right resolve.ExprOp) policy.ConstraintAttribute {
	switch left {
	case resolve.OpU1:
		return policy.AttrUser
	case resolve.OpU2:
		return policy.AttrUser | policy.AttrTarget
	case resolve.OpU3:
		return policy.AttrUser | policy.AttrThird
	case resolve.OpR1:
		return policy.AttrRole
	case resolve.OpR2:
		return policy.AttrRole | policy.AttrTarget
	case resolve.OpR3:
		return policy.AttrRole | policy.AttrThird
	case resolve.OpT1:
		return policy.AttrType
	case resolve.OpT2:
		return policy.AttrType | policy.AttrTarget
	case resolve.OpT3:
		return policy.AttrType | policy.AttrThird
	case resolve.OpL1:
		switch right {
		case resolve.OpL2:
			return policy.AttrLow1Low2
		case resolve.OpH1:
			return policy.AttrLow1High1
		}
		return policy.AttrLow1High2
	case resolve.OpL2:
		return policy.AttrLow2High2
	case resolve.OpH1:
		if right == resolve.OpL2 {
			return policy.AttrHigh1Low2
		}
		return policy.AttrHigh1High2
	}
	return 0
}
