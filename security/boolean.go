package security

import (
	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// initialBooleans returns the values that the policy gives its booleans, by
// number.
func initialBooleans(p *policy.Policy) []bool {
	values := make([]bool, p.Data().Sizes.Booleans+1)
	for i := range p.Data().Booleans {
		b := &p.Data().Booleans[i]
		values[b.ID] = b.State
	}
	return values
}

// evaluate returns the values of all conditionals.
func (m *image) evaluate(booleans []bool) []bool {
	values := make([]bool, len(m.data.Conditionals))
	for i := range values {
		values[i] = evaluateBool(m.data.Conditionals[i].Expr, booleans)
	}
	return values
}

// evaluateBool computes a postfix expression, which Build has checked.
func evaluateBool(expr []policy.BoolOp, booleans []bool) bool {
	var stack []bool
	for _, op := range expr {
		top := len(stack) - 1
		switch op.Kind {
		case policy.BoolOperand:
			stack = append(stack, booleans[op.Boolean])
			continue
		case policy.BoolNot:
			stack[top] = !stack[top]
			continue
		case policy.BoolOr:
			stack[top-1] = stack[top-1] || stack[top]
		case policy.BoolAnd:
			stack[top-1] = stack[top-1] && stack[top]
		case policy.BoolXor, policy.BoolUnequal:
			stack[top-1] = stack[top-1] != stack[top]
		case policy.BoolEqual:
			stack[top-1] = stack[top-1] == stack[top]
		}
		stack = stack[:top]
	}
	return stack[0]
}

// renameLevel finds the names of a level of another policy in p.
func renameLevel(p, before *policy.Policy, l mls.Level) (mls.Level, bool) {
	var out mls.Level
	var ok bool
	if out.Sensitivity, ok = p.SensitivityByName(before.SensitivityName(l.Sensitivity)); !ok {
		return out, false
	}
	out.Categories = ebitmap.Set[mls.CategoryID]{}
	for c := range l.Categories.All() {
		id, ok := p.CategoryByName(before.CategoryName(c))
		if !ok {
			return out, false
		}
		out.Categories.Add(id)
	}
	return out, true
}
