package security

import (
	"slices"
	"strings"

	"seward/policy"
	"seward/policy/mls"
)

// ConstraintReason is a constraint on a permission.
type ConstraintReason struct {
	Expression string          `json:"expression"` // infix, as in a policy's source
	Holds      bool            `json:"holds"`
	Operands   []OperandReason `json:"operands"` // in the order of the expression
	Position   Position        `json:"position"`
}

// OperandReason is one comparison of a constraint.
type OperandReason struct {
	Text  string `json:"text"`            // for example `l1 dom l2`
	Left  string `json:"left"`            // what the left side is here
	Right string `json:"right,omitempty"` // what the right side is, unless it is names
	Holds bool   `json:"holds"`
}

// conditionalReason writes out the condition of a rule.
func (e *explainer) conditionalReason(f *foundRule) *ConditionalReason {
	r := &ConditionalReason{
		Expression: e.boolText(f.conditional.Expr), Value: f.value, When: f.when,
		Position: e.position(f.conditional.Pos),
	}
	for _, id := range operandsOf(f.conditional.Expr) {
		r.Booleans = append(r.Booleans, BooleanValue{Name: e.Policy().Boolean(id).Name, Value: e.booleans[id]})
	}
	return r
}

// operandsOf lists the booleans of an expression, each once.
func operandsOf(expr []policy.BoolOp) []policy.BooleanID {
	var ids []policy.BooleanID
	for _, op := range expr {
		if op.Kind == policy.BoolOperand && !slices.Contains(ids, op.Boolean) {
			ids = append(ids, op.Boolean)
		}
	}
	return ids
}

// settings returns the booleans that, changed alone, put the rule in force.
func (e *explainer) settings(f *foundRule) []BooleanValue {
	var out []BooleanValue
	values := slices.Clone(e.booleans)
	for _, id := range operandsOf(f.conditional.Expr) {
		values[id] = !values[id]
		if evaluateBool(f.conditional.Expr, values) == f.when {
			out = append(out, BooleanValue{Name: e.Policy().Boolean(id).Name, Value: values[id]})
		}
		values[id] = !values[id]
	}
	return out
}

// infix is an operand of an expression in the making, with the operator that
// binds its parts.
type infix struct {
	text string
	op   string
}

// in returns the text as an operand of op.
func (x infix) in(op string) string {
	if x.op == "" || x.op == op {
		return x.text
	}
	return "(" + x.text + ")"
}

func joinInfix(a, b infix, op string) infix {
	return infix{a.in(op) + " " + op + " " + b.in(op), op}
}

var boolOperators = map[policy.BoolOpKind]string{
	policy.BoolOr: "||", policy.BoolAnd: "&&", policy.BoolXor: "^",
	policy.BoolEqual: "==", policy.BoolUnequal: "!=",
}

func (e *explainer) boolText(expr []policy.BoolOp) string {
	var stack []infix
	for _, op := range expr {
		top := len(stack) - 1
		switch op.Kind {
		case policy.BoolOperand:
			stack = append(stack, infix{e.Policy().Boolean(op.Boolean).Name, ""})
		case policy.BoolNot:
			stack[top] = infix{"!" + stack[top].in(""), ""}
		default:
			stack[top-1] = joinInfix(stack[top-1], stack[top], boolOperators[op.Kind])
			stack = stack[:top]
		}
	}
	return stack[0].text
}

// constraints explains the constraints on a permission.
func (e *explainer) constraints(bit policy.AccessVector) []ConstraintReason {
	var out []ConstraintReason
	run := evaluation{image: e.image, contexts: [3]*context{e.s, e.t}}
	for i := range e.code.constraints {
		c := &e.code.constraints[i]
		if c.perms&bit == 0 {
			continue
		}
		source := &e.class.Constraints[i]
		text, operands := e.constraintText(source.Expr, &run)
		out = append(out, ConstraintReason{
			Expression: text, Holds: run.run(c), Operands: operands, Position: e.position(source.Pos),
		})
	}
	return out
}

func (e *explainer) constraintText(expr []policy.ConstraintOp, run *evaluation) (string, []OperandReason) {
	var stack []infix
	var operands []OperandReason
	b := compiler{image: e.image}
	for i := range expr {
		op := &expr[i]
		top := len(stack) - 1
		switch op.Kind {
		case policy.ConstraintNot:
			stack[top] = infix{"not " + stack[top].in(""), ""}
		case policy.ConstraintAnd:
			stack[top-1] = joinInfix(stack[top-1], stack[top], "and")
			stack = stack[:top]
		case policy.ConstraintOr:
			stack[top-1] = joinInfix(stack[top-1], stack[top], "or")
			stack = stack[:top]
		default:
			t := b.leaf(op)
			r := e.operand(op, &t)
			r.Holds = run.outcome(&t)
			operands = append(operands, r)
			stack = append(stack, infix{r.Text, ""})
		}
	}
	return stack[0].text, operands
}

var operatorNames = map[policy.ConstraintOperator]string{
	policy.OpEqual: "==", policy.OpUnequal: "!=", policy.OpDominates: "dom",
	policy.OpDominatedBy: "domby", policy.OpIncomparable: "incomp",
}

// levelNames has the two ends that each pair of levels compares: an end's name,
// whose range it is of, and which end.
var levelNames = [...][2]struct {
	name string
	side int
	high bool
}{
	{{"l1", 0, false}, {"l2", 1, false}},
	{{"l1", 0, false}, {"h2", 1, true}},
	{{"h1", 0, true}, {"l2", 1, false}},
	{{"h1", 0, true}, {"h2", 1, true}},
	{{"l1", 0, false}, {"h1", 0, true}},
	{{"l2", 1, false}, {"h2", 1, true}},
}

func (e *explainer) operand(op *policy.ConstraintOp, t *test) OperandReason {
	sides := [2]*context{e.s, e.t}
	operator := " " + operatorNames[op.Operator] + " "
	switch t.op {
	case testLevels:
		var names, values [2]string
		for i, end := range levelNames[t.operand] {
			level := sides[end.side].span.low
			if end.high {
				level = sides[end.side].span.high
			}
			names[i], values[i] = end.name, mls.FormatLevel(e.Policy(), *level)
		}
		return OperandReason{Text: names[0] + operator + names[1], Left: values[0], Right: values[1]}
	case testUserIn, testRoleIn, testTypeIn:
		letter := map[testOp]string{testUserIn: "u", testRoleIn: "r", testTypeIn: "t"}[t.op]
		number := [...]string{"1", "2"}[t.operand]
		return OperandReason{
			Text: letter + number + operator + e.nameList(op, t.op),
			Left: e.part(letter, sides[t.operand]),
		}
	}
	letter := "r"
	switch t.op {
	case testUsers:
		letter = "u"
	case testTypes:
		letter = "t"
	}
	return OperandReason{
		Text: letter + "1" + operator + letter + "2",
		Left: e.part(letter, e.s), Right: e.part(letter, e.t),
	}
}

// part returns the name of a context's user, role or type.
func (e *explainer) part(letter string, c *context) string {
	p := e.Policy()
	switch letter {
	case "u":
		return p.User(c.user).Name
	case "r":
		return p.Role(c.role).Name
	}
	return p.Type(c.typ).Name
}

// Flags of a set of types in an image.
const (
	typeSetStar       = 1
	typeSetComplement = 2
)

// nameList returns the names that an operand compares with: attributes as such
// where the policy kept them.
func (e *explainer) nameList(op *policy.ConstraintOp, kind testOp) string {
	p := e.Policy()
	var names []string
	switch {
	case kind == testUserIn:
		for n := range op.Names.All() {
			if u := p.User(policy.UserID(n + 1)); u != nil {
				names = append(names, u.Name)
			}
		}
	case kind == testRoleIn:
		for n := range op.Names.All() {
			if r := p.Role(policy.RoleID(n + 1)); r != nil {
				names = append(names, r.Name)
			}
		}
	case op.TypeNames.Types.Empty() && op.TypeNames.Flags == 0:
		for n := range op.Names.All() {
			names = e.appendType(names, "", policy.TypeID(n+1))
		}
	default:
		if op.TypeNames.Flags&typeSetStar != 0 {
			names = append(names, "*")
		}
		for t := range op.TypeNames.Types.All() {
			names = e.appendType(names, "", t)
		}
		for t := range op.TypeNames.Negated.All() {
			names = e.appendType(names, "-", t)
		}
	}
	text := braced(names)
	if op.TypeNames.Flags&typeSetComplement != 0 {
		text = "~" + text
	}
	return text
}

func (e *explainer) appendType(names []string, prefix string, t policy.TypeID) []string {
	if x := e.Policy().Type(t); x != nil {
		names = append(names, prefix+x.Name)
	}
	return names
}

// braced writes a list as policies do, in braces unless it has one element.
func braced(names []string) string {
	switch len(names) {
	case 0:
		return "{ }"
	case 1:
		return names[0]
	}
	return "{ " + strings.Join(names, " ") + " }"
}
