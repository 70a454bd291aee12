package compile

import (
	"fmt"
	"slices"
	"strings"

	"seward/policy"
)

// maxBoolDepth is how many operands an expression may need on the kernel's
// evaluation stack (kernel security/selinux/ss/conditional.h).
const maxBoolDepth = 10

// maxTabulated is the number of booleans up to which conditionals are compared
// by their truth tables; beyond it by their text.
const maxTabulated = 5

// normalize strips one negation from the end of a postfix expression: image and
// kernel then hold the opposite expression with the rule lists swapped.
func normalize(expr []policy.BoolOp) (stripped []policy.BoolOp, swapped bool) {
	if last := len(expr) - 1; last > 0 && expr[last].Kind == policy.BoolNot {
		return expr[:last], true
	}
	return expr, false
}

// checkDepth reports an expression that the kernel's stack can't hold.
func checkDepth(expr []policy.BoolOp) error {
	depth := 0
	for _, op := range expr {
		switch op.Kind {
		case policy.BoolOperand:
			depth++
		case policy.BoolNot:
		default:
			depth--
		}
		if depth > maxBoolDepth {
			return fmt.Errorf("conditional expression nests deeper than %d", maxBoolDepth)
		}
	}
	return nil
}

// evaluate computes a valid postfix expression.
func evaluate(expr []policy.BoolOp, value func(policy.BooleanID) bool) bool {
	var stack [maxBoolDepth + 1]bool
	top := -1
	for _, op := range expr {
		switch op.Kind {
		case policy.BoolOperand:
			top++
			stack[top] = value(op.Boolean)
			continue
		case policy.BoolNot:
			stack[top] = !stack[top]
			continue
		}
		a, b := stack[top-1], stack[top]
		top--
		switch op.Kind {
		case policy.BoolOr:
			stack[top] = a || b
		case policy.BoolAnd:
			stack[top] = a && b
		case policy.BoolXor, policy.BoolUnequal:
			stack[top] = a != b
		case policy.BoolEqual:
			stack[top] = a == b
		}
	}
	return stack[0]
}

// operands returns the booleans of an expression in the order of their first
// use.
func operands(expr []policy.BoolOp) []policy.BooleanID {
	var ids []policy.BooleanID
	for _, op := range expr {
		if op.Kind == policy.BoolOperand && !slices.Contains(ids, op.Boolean) {
			ids = append(ids, op.Boolean)
		}
	}
	return ids
}

// truthTable has bit n set when the expression holds with the booleans ids[i]
// being bit i of n. There are at most maxTabulated of them.
func truthTable(expr []policy.BoolOp, ids []policy.BooleanID) uint32 {
	var table uint32
	for n := range uint32(1) << len(ids) {
		if evaluate(expr, func(id policy.BooleanID) bool { return n>>slices.Index(ids, id)&1 != 0 }) {
			table |= 1 << n
		}
	}
	return table
}

// conditionalKey is equal for expressions whose conditionals share one entry of
// the image. Those are the ones that mean the same and, as in libsepol, have the
// same truth table with the booleans taken in the order in which the expression
// names them. libsepol looks at nothing else, and so takes (and a (not b)) for
// (and b (not a)); hence the second table, over the booleans in fixed order.
func conditionalKey(expr []policy.BoolOp) string {
	ids := operands(expr)
	if len(ids) > maxTabulated {
		var text strings.Builder
		for _, op := range expr {
			fmt.Fprintf(&text, "%d.%d ", op.Kind, op.Boolean)
		}
		return text.String()
	}
	named := truthTable(expr, ids)
	slices.Sort(ids)
	return fmt.Sprint(ids, named, truthTable(expr, ids))
}
