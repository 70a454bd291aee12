package security_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"seward/policy"
)

// plainly decides by walking all rules for each pair of attributes, as the
// kernel does.
func plainly(p *policy.Policy, booleans []bool, source, target policy.TypeID, class policy.ClassID) (allow, auditAllow, auditDeny policy.AccessVector) {
	auditDeny = everything
	apply := func(rules []policy.Rule) {
		for i := range rules {
			r := &rules[i]
			if r.Class != class || !p.Attributes(source).Has(r.Source) || !p.Attributes(target).Has(r.Target) {
				continue
			}
			switch r.Kind {
			case policy.Allow:
				allow |= policy.AccessVector(r.Data)
			case policy.AuditAllow:
				auditAllow |= policy.AccessVector(r.Data)
			case policy.DontAudit:
				auditDeny &= policy.AccessVector(r.Data)
			}
		}
	}
	apply(p.Data().Rules)
	for i := range p.Data().Conditionals {
		if c := &p.Data().Conditionals[i]; booleans[c.Expr[0].Boolean] {
			apply(c.True)
		} else {
			apply(c.False)
		}
	}
	return allow, auditAllow, auditDeny
}

// TestRandomPolicies compares decisions under random policies with the plain
// way, before and after booleans change.
func TestRandomPolicies(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for round := range 20 {
		m := newMaker(t, false)
		var types []string
		for i := range 150 {
			types = append(types, fmt.Sprint("t", i))
		}
		m.typ(types...)
		for i := range 40 {
			var members []string
			for range r.IntN(20) {
				members = append(members, types[r.IntN(len(types))])
			}
			m.attribute(fmt.Sprint("a", i), members...)
		}
		some := func() policy.Rule {
			kinds := []policy.RuleKind{policy.Allow, policy.Allow, policy.AuditAllow, policy.DontAudit, policy.TypeTransition}
			rule := policy.Rule{
				Kind: kinds[r.IntN(len(kinds))], Source: policy.TypeID(2 + r.Uint32N(190)), Target: policy.TypeID(2 + r.Uint32N(190)),
				Class: policy.ClassID(1 + r.Uint32N(3)), Data: r.Uint32(),
			}
			if rule.Kind == policy.TypeTransition {
				rule.Data = 1
			}
			return rule
		}
		for range 4000 {
			m.b.Rules = append(m.b.Rules, some())
		}
		names := []string{"x", "y", "z"}
		for _, name := range names {
			c := policy.Conditional{Expr: []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: m.boolean(name, r.IntN(2) == 0)}}}
			for range 300 {
				c.True, c.False = append(c.True, some()), append(c.False, some())
			}
			m.b.Conditionals = append(m.b.Conditionals, c)
		}
		s := m.enforcing()
		p := s.Policy()
		for range 4 {
			values := []bool{false}
			for _, name := range names {
				value, _ := s.Snapshot().Boolean(name)
				values = append(values, value)
			}
			for range 1000 {
				source, target := policy.TypeID(1+r.Uint32N(151)), policy.TypeID(1+r.Uint32N(151))
				class := policy.ClassID(1 + r.Uint32N(3))
				d := s.ComputeAV(s.sid("u:r:"+p.Type(source).Name), s.sid("u:r:"+p.Type(target).Name), class)
				allow, auditAllow, auditDeny := plainly(p, values, source, target, class)
				if d.Allowed != allow || d.AuditAllow != auditAllow || d.AuditDeny != auditDeny {
					t.Fatalf("round %d: %s %s %d: %x %x %x, want %x %x %x", round, p.Type(source).Name, p.Type(target).Name, class,
						d.Allowed, d.AuditAllow, d.AuditDeny, allow, auditAllow, auditDeny)
				}
			}
			if err := s.SetBooleans(map[string]bool{names[r.IntN(3)]: r.IntN(2) == 0}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
