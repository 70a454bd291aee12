package security

import (
	"encoding/binary"
	"sync"

	"seward/policy"
	"seward/policy/mls"
)

// classCode has the constraints of a class, compiled.
type classCode struct {
	constraints []code
	transitions []code // validatetrans
}

// code is a constraint as tests that jump. Execution starts at the last one.
type code struct {
	perms policy.AccessVector
	tests []test
	index int32 // of the constraint in its class
}

// Where a jump ends the expression.
const (
	jumpTrue  int32 = -1
	jumpFalse int32 = -2
)

// test compares one attribute and jumps.
type test struct {
	op      testOp
	operand uint8 // for levels which pair, for sets whose attribute
	truth   uint8 // for levels: bit n is the outcome for relation n
	yes, no int32 // index of the next test
	set     []uint64
}

type testOp uint8

const (
	testUsers testOp = iota // are both the same?
	testRoles
	testTypes
	testRoleDominates
	testRoleDominatedBy
	testRoleIncomparable
	testLevels
	testUserIn // is it in the set?
	testRoleIn
	testTypeIn
)

// relation tells how two levels compare: bit 0, the first dominates; bit 1, the
// second dominates. Equal ones do both.
type relation uint8

const relationKnown relation = 4

// setTable holds sets of names, each content once, as dense words.
type setTable struct {
	mu   sync.Mutex
	sets map[string][]uint64
}

func (x *setTable) of(op *policy.ConstraintOp) []uint64 {
	words := op.Names.Words()
	if len(words) == 0 {
		return nil
	}
	key := make([]byte, 0, 12*len(words))
	for _, w := range words {
		key = binary.LittleEndian.AppendUint32(key, w.Start)
		key = binary.LittleEndian.AppendUint64(key, w.Bits)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if set, ok := x.sets[string(key)]; ok {
		return set
	}
	// Build has checked that no member is greater than the table of symbols.
	set := make([]uint64, words[len(words)-1].Start/64+1)
	for _, w := range words {
		set[w.Start/64] = w.Bits
	}
	if x.sets == nil {
		x.sets = make(map[string][]uint64)
	}
	x.sets[string(key)] = set
	return set
}

// code returns the compiled constraints of a class, nil if the policy doesn't
// have the class.
func (m *image) code(class policy.ClassID) *classCode {
	if class == 0 || int(class) >= len(m.classes) {
		return nil
	}
	if c := m.classes[class].Load(); c != nil {
		return c
	}
	cls := m.policy.Class(class)
	if cls == nil {
		return nil
	}
	c := &classCode{constraints: m.compile(cls.Constraints), transitions: m.compile(cls.ValidateTrans)}
	m.classes[class].Store(c)
	return c
}

func (m *image) compile(list []policy.Constraint) []code {
	out := make([]code, len(list))
	for i := range list {
		b := compiler{image: m}
		b.emit(parseConstraint(list[i].Expr), jumpTrue, jumpFalse)
		out[i] = code{perms: list[i].Perms, tests: b.tests, index: int32(i)} //nolint:gosec // G115: an index of a table of the policy.
	}
	return out
}

// exprNode is a postfix constraint as a tree. Negation is folded in.
type exprNode struct {
	op          *policy.ConstraintOp
	negated     bool
	left, right *exprNode
}

// parseConstraint makes a tree. Build has checked that the expression leaves one
// value and is never deeper than the kernel's stack.
func parseConstraint(expr []policy.ConstraintOp) *exprNode {
	var stack []*exprNode
	for i := range expr {
		op := &expr[i]
		top := len(stack) - 1
		switch op.Kind {
		case policy.ConstraintNot:
			stack[top].negated = !stack[top].negated
		case policy.ConstraintAnd, policy.ConstraintOr:
			stack[top-1] = &exprNode{op: op, left: stack[top-1], right: stack[top]}
			stack = stack[:top]
		case policy.ConstraintAttr, policy.ConstraintNames:
			stack = append(stack, &exprNode{op: op})
		}
	}
	return stack[0]
}

type compiler struct {
	image *image
	tests []test
}

// emit appends the tests of a tree, last operand first, and returns where they
// start. Only right operands recurse, which the kernel's stack bounds.
func (b *compiler) emit(n *exprNode, yes, no int32) int32 {
	for {
		if n.negated {
			yes, no = no, yes
		}
		switch n.op.Kind {
		case policy.ConstraintAnd:
			right := b.emit(n.right, yes, no)
			n, yes = n.left, right
		case policy.ConstraintOr:
			right := b.emit(n.right, yes, no)
			n, no = n.left, right
		default:
			t := b.leaf(n.op)
			t.yes, t.no = yes, no
			b.tests = append(b.tests, t)
			return int32(len(b.tests) - 1) //nolint:gosec // G115: bounded by the elements of the expression.
		}
	}
}

// Outcomes of operators on levels, bit n for relation n.
var levelTruth = map[policy.ConstraintOperator]uint8{
	policy.OpEqual:        1 << 3,
	policy.OpUnequal:      1<<0 | 1<<1 | 1<<2,
	policy.OpDominates:    1<<1 | 1<<3,
	policy.OpDominatedBy:  1<<2 | 1<<3,
	policy.OpIncomparable: 1 << 0,
}

var levelPairs = map[policy.ConstraintAttribute]uint8{
	policy.AttrLow1Low2:   0,
	policy.AttrLow1High2:  1,
	policy.AttrHigh1Low2:  2,
	policy.AttrHigh1High2: 3,
	policy.AttrLow1High1:  4,
	policy.AttrLow2High2:  5,
}

func (b *compiler) leaf(op *policy.ConstraintOp) test {
	if op.Kind == policy.ConstraintNames {
		return b.names(op)
	}
	if pair, ok := levelPairs[op.Attr]; ok {
		return test{op: testLevels, operand: pair, truth: levelTruth[op.Operator]}
	}
	t := test{truth: 1}
	switch op.Attr {
	case policy.AttrUser:
		t.op = testUsers
	case policy.AttrType:
		t.op = testTypes
	default:
		t.op = testRoles
		switch op.Operator {
		case policy.OpDominates:
			t.op = testRoleDominates
		case policy.OpDominatedBy:
			t.op = testRoleDominatedBy
		case policy.OpIncomparable:
			t.op = testRoleIncomparable
		}
	}
	if op.Operator == policy.OpUnequal {
		t.truth = 0
	}
	return t
}

func (b *compiler) names(op *policy.ConstraintOp) test {
	t := test{truth: 1, set: b.image.sets.of(op)}
	switch {
	case op.Attr&policy.AttrTarget != 0:
		t.operand = 1
	case op.Attr&policy.AttrThird != 0:
		t.operand = 2
	}
	switch {
	case op.Attr&policy.AttrUser != 0:
		t.op = testUserIn
	case op.Attr&policy.AttrRole != 0:
		t.op = testRoleIn
	default:
		t.op = testTypeIn
	}
	if op.Operator == policy.OpUnequal {
		t.truth = 0
	}
	return t
}

// evaluation is one run of constraints over contexts.
type evaluation struct {
	image     *image
	contexts  [3]*context // source and target, or old, new and task
	relations [6]relation // of the pairs of levels, once known
}

// run evaluates one constraint.
func (e *evaluation) run(c *code) bool {
	at := int32(len(c.tests) - 1) //nolint:gosec // G115: bounded by the elements of the expression.
	for at >= 0 {
		t := &c.tests[at]
		if e.outcome(t) {
			at = t.yes
		} else {
			at = t.no
		}
	}
	return at == jumpTrue
}

func (e *evaluation) outcome(t *test) bool {
	s, o := e.contexts[0], e.contexts[1]
	var is bool
	switch t.op {
	case testLevels:
		return t.truth>>(e.relation(t.operand)&3)&1 != 0
	case testTypeIn:
		is = member(t.set, uint32(e.contexts[t.operand].typ))
	case testRoleIn:
		is = member(t.set, uint32(e.contexts[t.operand].role))
	case testUserIn:
		is = member(t.set, uint32(e.contexts[t.operand].user))
	case testTypes:
		is = s.typ == o.typ
	case testRoles:
		is = s.role == o.role
	case testUsers:
		is = s.user == o.user
	case testRoleDominates:
		is = e.image.roleDominates(s.role, o.role)
	case testRoleDominatedBy:
		is = e.image.roleDominates(o.role, s.role)
	case testRoleIncomparable:
		is = !e.image.roleDominates(s.role, o.role) && !e.image.roleDominates(o.role, s.role)
	}
	return is == (t.truth != 0)
}

func member(set []uint64, id uint32) bool {
	n := id - 1
	return uint64(n/64) < uint64(len(set)) && set[n/64]>>(n%64)&1 != 0
}

func (m *image) roleDominates(a, b policy.RoleID) bool {
	r := m.policy.Role(a)
	return r != nil && r.Dominates.Has(b)
}

// relation compares the pair of levels, once for all constraints.
func (e *evaluation) relation(pair uint8) relation {
	if r := e.relations[pair]; r != 0 {
		return r
	}
	s, o := e.contexts[0].span, e.contexts[1].span
	var r relation
	switch pair {
	case 0:
		r = compare(s.low, o.low)
	case 1:
		r = compare(s.low, o.high)
	case 2:
		r = compare(s.high, o.low)
	case 3:
		r = compare(s.high, o.high)
	case 4:
		r = compare(s.low, s.high)
	default:
		r = compare(o.low, o.high)
	}
	e.relations[pair] = r
	return r
}

// compare relates two levels of one image.
func compare(a, b *mls.Level) relation {
	if a == b {
		return relationKnown | 1 | 2
	}
	r := relationKnown
	if a.Dominates(*b) {
		r |= 1
	}
	if b.Dominates(*a) {
		r |= 2
	}
	return r
}
