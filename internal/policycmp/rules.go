package policycmp

import (
	"fmt"
	"slices"
	"strings"

	"seward/policy"
)

func (w *writer) rule(prefix string, r *policy.Rule) {
	key := w.typ(r.Source) + " " + w.typ(r.Target) + ":" + w.class(r.Class)
	data := policy.AccessVector(r.Data)
	switch r.Kind {
	case policy.Allow:
		w.out = append(w.out, prefix+"allow "+key+" "+w.perms(r.Class, data))
	case policy.AuditAllow:
		w.out = append(w.out, prefix+"auditallow "+key+" "+w.perms(r.Class, data))
	case policy.DontAudit:
		w.out = append(w.out, prefix+"dontaudit "+key+" "+w.perms(r.Class, ^data&w.named(r.Class)))
	case policy.TypeTransition:
		w.out = append(w.out, prefix+"type_transition "+key+" "+w.typ(policy.TypeID(r.Data)))
	case policy.TypeMember:
		w.out = append(w.out, prefix+"type_member "+key+" "+w.typ(policy.TypeID(r.Data)))
	case policy.TypeChange:
		w.out = append(w.out, prefix+"type_change "+key+" "+w.typ(policy.TypeID(r.Data)))
	case policy.AllowXperm:
		w.xperms(prefix+"allowxperm "+key, r)
	case policy.AuditAllowXperm:
		w.xperms(prefix+"auditallowxperm "+key, r)
	case policy.DontAuditXperm:
		w.xperms(prefix+"dontauditxperm "+key, r)
	}
}

func (w *writer) xperms(statement string, r *policy.Rule) {
	x := &w.b.Xperms[r.Data]
	kind := map[policy.XpermKind]string{
		policy.XpermIoctlFunction: "ioctl",
		policy.XpermIoctlDriver:   "ioctl drivers",
		policy.XpermNetlink:       "nlmsg",
	}[x.Kind]
	if x.Kind != policy.XpermIoctlDriver {
		kind += fmt.Sprintf(" %#02x", x.Driver)
	}
	var ranges []string
	for n := 0; n < 256; n++ {
		if !x.Has(uint8(n)) { //nolint:gosec // G115: below 256.
			continue
		}
		low := n
		for n < 255 && x.Has(uint8(n+1)) { //nolint:gosec // G115: below 256.
			n++
		}
		if low == n {
			ranges = append(ranges, fmt.Sprintf("%#02x", n))
		} else {
			ranges = append(ranges, fmt.Sprintf("%#02x-%#02x", low, n))
		}
	}
	w.add(statement, kind, "{", strings.Join(ranges, " "), "}")
}

var boolOperators = map[policy.BoolOpKind]string{
	policy.BoolOr: "||", policy.BoolAnd: "&&", policy.BoolXor: "^", policy.BoolEqual: "==", policy.BoolUnequal: "!=",
}

// conditionals states each rule with its condition. Where several conditionals
// have one expression, as images may, they count as one.
func (w *writer) conditionals() {
	for i := range w.b.Conditionals {
		c := &w.b.Conditionals[i]
		expr := infix(len(c.Expr), func(i int) (string, int) {
			op := c.Expr[i]
			switch op.Kind {
			case policy.BoolOperand:
				return w.boolean(op.Boolean), 0
			case policy.BoolNot:
				return "!", 1
			}
			return boolOperators[op.Kind], 2
		})
		for j := range c.True {
			w.rule("if "+expr+" ", &c.True[j])
		}
		for j := range c.False {
			w.rule("if not "+expr+" ", &c.False[j])
		}
	}
}

// infix writes a postfix expression with parentheses. at returns an element's
// text and the number of its operands.
func infix(n int, at func(int) (string, int)) string {
	var stack []string
	for i := range n {
		text, operands := at(i)
		top := len(stack)
		switch operands {
		case 0:
			stack = append(stack, text)
		case 1:
			stack[top-1] = "(" + text + " " + stack[top-1] + ")"
		default:
			stack[top-2] = "(" + stack[top-2] + " " + text + " " + stack[top-1] + ")"
			stack = stack[:top-1]
		}
	}
	return strings.Join(stack, " , ")
}

var constraintAttributes = map[policy.ConstraintAttribute]string{
	policy.AttrUser: "u1 %s u2", policy.AttrRole: "r1 %s r2", policy.AttrType: "t1 %s t2",
	policy.AttrLow1Low2: "l1 %s l2", policy.AttrLow1High2: "l1 %s h2", policy.AttrHigh1Low2: "h1 %s l2",
	policy.AttrHigh1High2: "h1 %s h2", policy.AttrLow1High1: "l1 %s h1", policy.AttrLow2High2: "l2 %s h2",
}

var constraintOperators = map[policy.ConstraintOperator]string{
	policy.OpEqual: "eq", policy.OpUnequal: "neq", policy.OpDominates: "dom", policy.OpDominatedBy: "domby", policy.OpIncomparable: "incomp",
}

func (w *writer) constraint(expr []policy.ConstraintOp) string {
	return infix(len(expr), func(i int) (string, int) {
		op := &expr[i]
		switch op.Kind {
		case policy.ConstraintNot:
			return "not", 1
		case policy.ConstraintAnd:
			return "and", 2
		case policy.ConstraintOr:
			return "or", 2
		case policy.ConstraintAttr:
			return "(" + fmt.Sprintf(constraintAttributes[op.Attr], constraintOperators[op.Operator]) + ")", 0
		}
		return w.constraintNames(op), 0
	})
}

func (w *writer) constraintNames(op *policy.ConstraintOp) string {
	which := "1"
	switch {
	case op.Attr&policy.AttrThird != 0:
		which = "3"
	case op.Attr&policy.AttrTarget != 0:
		which = "2"
	}
	var subject string
	var name func(uint32) string
	switch {
	case op.Attr&policy.AttrUser != 0:
		subject, name = "u", func(n uint32) string { return w.user(policy.UserID(n)) }
	case op.Attr&policy.AttrRole != 0:
		subject, name = "r", func(n uint32) string { return w.role(policy.RoleID(n)) }
	default:
		subject, name = "t", func(n uint32) string { return w.typ(policy.TypeID(n)) }
	}
	var names []string
	for n := range op.Names.All() {
		names = append(names, name(n+1))
	}
	slices.Sort(names)
	return fmt.Sprintf("(%s%s %s { %s })", subject, which, constraintOperators[op.Operator], strings.Join(names, " "))
}

// constraintSource states what the source of a constraint named, which decides
// nothing: one statement for each set of names.
func (w *writer) constraintSource(class string, expr []policy.ConstraintOp) {
	for i := range expr {
		if set := w.typeSet(&expr[i].TypeNames); set != "" {
			w.add("constraint names", class, set)
		}
	}
}

// typeSet is what a constraint's source named.
func (w *writer) typeSet(s *policy.TypeSet) string {
	if s.Types.Empty() && s.Negated.Empty() && s.Flags == 0 {
		return ""
	}
	var names []string
	for t := range s.Types.All() {
		names = append(names, w.typ(t))
	}
	for t := range s.Negated.All() {
		names = append(names, "-"+w.typ(t))
	}
	slices.Sort(names)
	return fmt.Sprintf("{ %s } flags %d", strings.Join(names, " "), s.Flags)
}

func (w *writer) transitions() {
	b := w.b
	for i := range b.RoleTransitions {
		t := &b.RoleTransitions[i]
		w.add("role_transition", w.role(t.Role), w.typ(t.Type)+":"+w.class(t.Class), w.role(t.Result))
	}
	for i := range b.RoleAllows {
		w.add("allow role", w.role(b.RoleAllows[i].From), w.role(b.RoleAllows[i].To))
	}
	for i := range b.FilenameTransitions {
		t := &b.FilenameTransitions[i]
		for source := range t.Sources.All() {
			w.addf("type_transition %s %s:%s %s %q", w.typ(source), w.typ(t.Target), w.class(t.Class), w.typ(t.Result), t.Name)
		}
	}
	for i := range b.RangeTransitions {
		t := &b.RangeTransitions[i]
		w.add("range_transition", w.typ(t.Source), w.typ(t.Target)+":"+w.class(t.Class), w.rangeText(t.Range))
	}
}
