package security_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
	"seward/security"
)

// levelEnds tells, for a level attribute, the two levels that it compares.
func levelEnds(attr policy.ConstraintAttribute, s, t policy.Context) (a, b mls.Level, ok bool) {
	switch attr {
	case policy.AttrLow1Low2:
		return s.Range.Low, t.Range.Low, true
	case policy.AttrLow1High2:
		return s.Range.Low, t.Range.High, true
	case policy.AttrHigh1Low2:
		return s.Range.High, t.Range.Low, true
	case policy.AttrHigh1High2:
		return s.Range.High, t.Range.High, true
	case policy.AttrLow1High1:
		return s.Range.Low, s.Range.High, true
	case policy.AttrLow2High2:
		return t.Range.Low, t.Range.High, true
	}
	return mls.Level{}, mls.Level{}, false
}

// holds evaluates an expression the plain way, on a stack.
func holds(p *policy.Policy, expr []policy.ConstraintOp, c [3]policy.Context) bool {
	var stack []bool
	for _, op := range expr {
		top := len(stack) - 1
		switch op.Kind {
		case policy.ConstraintNot:
			stack[top] = !stack[top]
		case policy.ConstraintAnd:
			stack[top-1] = stack[top-1] && stack[top]
			stack = stack[:top]
		case policy.ConstraintOr:
			stack[top-1] = stack[top-1] || stack[top]
			stack = stack[:top]
		case policy.ConstraintNames:
			side := c[0]
			if op.Attr&policy.AttrTarget != 0 {
				side = c[1]
			} else if op.Attr&policy.AttrThird != 0 {
				side = c[2]
			}
			id := uint32(side.Type)
			if op.Attr&policy.AttrUser != 0 {
				id = uint32(side.User)
			} else if op.Attr&policy.AttrRole != 0 {
				id = uint32(side.Role)
			}
			stack = append(stack, op.Names.Has(id-1) == (op.Operator == policy.OpEqual))
		case policy.ConstraintAttr:
			stack = append(stack, compares(p, op, c[0], c[1]))
		}
	}
	return stack[0]
}

func compares(p *policy.Policy, op policy.ConstraintOp, s, t policy.Context) bool {
	if a, b, ok := levelEnds(op.Attr, s, t); ok {
		switch op.Operator {
		case policy.OpEqual:
			return a.Equal(b)
		case policy.OpUnequal:
			return !a.Equal(b)
		case policy.OpDominates:
			return a.Dominates(b)
		case policy.OpDominatedBy:
			return b.Dominates(a)
		}
		return a.Incomparable(b)
	}
	same := s.User == t.User
	switch op.Attr {
	case policy.AttrType:
		same = s.Type == t.Type
	case policy.AttrRole:
		same = s.Role == t.Role
		dom := p.Role(s.Role).Dominates.Has(t.Role)
		domby := p.Role(t.Role).Dominates.Has(s.Role)
		switch op.Operator {
		case policy.OpDominates:
			return dom
		case policy.OpDominatedBy:
			return domby
		case policy.OpIncomparable:
			return !dom && !domby
		}
	}
	return same == (op.Operator == policy.OpEqual)
}

// randomExpr makes an expression no deeper than the kernel allows. Third says
// whether there is a third context.
func randomExpr(r *rand.Rand, third bool) []policy.ConstraintOp {
	var expr []policy.ConstraintOp
	attrs := []policy.ConstraintAttribute{
		policy.AttrUser, policy.AttrRole, policy.AttrType, policy.AttrLow1Low2, policy.AttrLow1High2,
		policy.AttrHigh1Low2, policy.AttrHigh1High2, policy.AttrLow1High1, policy.AttrLow2High2,
	}
	depth := 0
	for n := 1 + r.IntN(12); n > 0 || depth > 1; {
		switch {
		case depth > 0 && r.IntN(5) == 0:
			expr = append(expr, policy.ConstraintOp{Kind: policy.ConstraintNot})
		case depth > 1 && (n <= 0 || depth == 5 || r.IntN(2) == 0):
			expr = append(expr, policy.ConstraintOp{Kind: policy.ConstraintAnd + policy.ConstraintOpKind(r.IntN(2))})
			depth--
		case depth < 5:
			expr = append(expr, randomOperand(r, attrs, third))
			depth++
			n--
		}
	}
	return expr
}

func randomOperand(r *rand.Rand, attrs []policy.ConstraintAttribute, third bool) policy.ConstraintOp {
	attr := attrs[r.IntN(len(attrs))]
	op := policy.ConstraintOp{Kind: policy.ConstraintAttr, Attr: attr, Operator: policy.OpEqual + policy.ConstraintOperator(r.IntN(5))}
	if attr <= policy.AttrType {
		if attr != policy.AttrRole {
			op.Operator = policy.OpEqual + policy.ConstraintOperator(r.IntN(2))
		}
		if r.IntN(2) == 0 {
			op.Kind, op.Operator = policy.ConstraintNames, policy.OpEqual+policy.ConstraintOperator(r.IntN(2))
			op.Attr |= policy.ConstraintAttribute(r.IntN(2)) * policy.AttrTarget
			if third && r.IntN(3) == 0 {
				op.Attr = attr | policy.AttrThird
			}
			for range r.IntN(3) {
				op.Names.Set(r.Uint32N(2))
			}
		}
	}
	return op
}

func constraintMaker(t *testing.T) *maker {
	m := newMaker(t, true)
	m.typ("a_t", "b_t")
	// A type above 64 makes the sets of names long.
	for i := range 70 {
		m.typ(fmt.Sprint("t", i))
	}
	m.b.Roles[1].Dominates = ebitmap.SetOf[policy.RoleID](2, 3)
	m.b.Roles[2].Dominates = ebitmap.SetOf[policy.RoleID](3)
	m.b.Roles[0].Dominates = ebitmap.SetOf[policy.RoleID](1)
	return m
}

var constraintContexts = []string{
	"u:object_r:unlabeled_t:s1", "u:r:a_t:s1-s4:c1,c2", "u:s:b_t:s2:c1-s2:c1,c3", "v:r:a_t:s2:c3",
	"v:object_r:t69:s1:c1,c2-s3:c1,c2,c3", "u:s:unlabeled_t:s3:c2", "u:r:b_t:s1:c1-s4:c1,c2",
}

// TestConstraints compares random constraints with the plain way to evaluate
// them.
func TestConstraints(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		m := constraintMaker(t)
		m.attribute("all", "unlabeled_t", "a_t", "b_t", "t69")
		m.allow("all all file read write ioctl")
		var list []policy.Constraint
		for range 1 + r.IntN(3) {
			list = append(list, policy.Constraint{Perms: policy.AccessVector(1 + r.Uint32N(15)), Expr: randomExpr(r, false)})
		}
		m.classOf("file").Constraints = list
		s := m.enforcing()
		for _, source := range constraintContexts {
			for _, target := range constraintContexts {
				want := policy.AccessVector(7)
				for _, c := range list {
					if !holds(s.Policy(), c.Expr, [3]policy.Context{m.context(source), m.context(target)}) {
						want &^= c.Perms
					}
				}
				if got := s.decide(source, target, "file").Allowed; got != want {
					t.Fatalf("round %d: %s %s: allowed %#x, want %#x by %+v", round, source, target, got, want, list)
				}
				checkExplained(t, s, source, target, list)
			}
		}
	}
}

// checkExplained checks that an explanation says the same as a decision.
func checkExplained(t *testing.T, s *tester, source, target string, list []policy.Constraint) {
	t.Helper()
	x := s.Explain(s.sid(source), s.sid(target), s.class("file"), 15)
	for i, p := range x.Permissions {
		bit := policy.AccessVector(1) << i
		denied := false
		for _, c := range p.Constraints {
			denied = denied || !c.Holds
		}
		want := security.ReasonNoRule
		if bit != 8 {
			want = security.ReasonAllowed
			if denied {
				want = security.ReasonConstraint
			}
			n := 0
			for _, c := range list {
				if c.Perms&bit != 0 {
					n++
				}
			}
			if n != len(p.Constraints) {
				t.Fatalf("%d constraints are explained, want %d", len(p.Constraints), n)
			}
		}
		if p.Reason != want || p.Allowed != (want == security.ReasonAllowed) {
			t.Fatalf("%s %s %s: reason %s, allowed %v, want %s", source, target, p.Permission, p.Reason, p.Allowed, want)
		}
	}
	if x.Format() == "" {
		t.Fatal("no text")
	}
}

func TestValidateTransition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		m := constraintMaker(t)
		list := []policy.Constraint{{Expr: randomExpr(r, true)}, {Expr: randomExpr(r, true)}}
		m.classOf("file").ValidateTrans = list
		logged := 0
		s := m.server(&security.Options{Enforcing: true, Audit: func(string) { logged++ }})
		for range 20 {
			var c [3]policy.Context
			var sids [3]policy.SID
			for i := range c {
				text := constraintContexts[r.IntN(len(constraintContexts))]
				c[i], sids[i] = m.context(text), s.sid(text)
			}
			want := holds(s.Policy(), list[0].Expr, c) && holds(s.Policy(), list[1].Expr, c)
			err := s.ValidateTransition(sids[0], sids[1], s.class("file"), sids[2])
			if (err == nil) != want || err != nil && !errors.Is(err, syscall.EPERM) {
				t.Fatalf("%v: %v, want %v by %+v", c, err, want, list)
			}
			logged = 0
			if err := s.EnforceTransition(sids[0], sids[1], s.class("file"), sids[2]); (err == nil) != want || (logged == 0) != want {
				t.Fatalf("enforced: %v, %d records, want %v", err, logged, want)
			}
			s.SetEnforcing(false)
			if err := s.ValidateTransition(sids[0], sids[1], s.class("file"), sids[2]); (err == nil) != want {
				t.Fatalf("permissive: %v, want %v", err, want)
			}
			if err := s.EnforceTransition(sids[0], sids[1], s.class("file"), sids[2]); err != nil {
				t.Fatalf("enforced in permissive mode: %v", err)
			}
			s.SetEnforcing(true)
		}
		if err := s.ValidateTransition(3, 3, 0, 3); !errors.Is(err, syscall.EINVAL) {
			t.Fatalf("class 0: %v", err)
		}
		if err := s.ValidateTransition(3, 3, 99, 3); !errors.Is(err, syscall.EINVAL) {
			t.Fatalf("class 99: %v", err)
		}
	}
}

func TestTransitionRecord(t *testing.T) {
	m := newMaker(t, false)
	m.typ("a_t", "b_t")
	m.classOf("file").ValidateTrans = []policy.Constraint{{Expr: []policy.ConstraintOp{
		{Kind: policy.ConstraintAttr, Attr: policy.AttrType, Operator: policy.OpEqual},
	}}}
	var records []string
	s := m.server(&security.Options{Audit: func(r string) { records = append(records, r) }})
	if err := s.EnforceTransition(s.sid("u:object_r:a_t"), s.sid("u:object_r:b_t"), s.class("file"), s.sid("u:r:a_t")); err != nil {
		t.Error(err)
	}
	want := []string{"op=security_validate_transition seresult=denied oldcontext=u:object_r:a_t newcontext=u:object_r:b_t taskcontext=u:r:a_t tclass=file"}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}
