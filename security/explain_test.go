package security_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
)

// explained makes a policy with every kind of reason in it.
func explained(t *testing.T) *tester {
	m := newMaker(t, true)
	m.typ("dog_t", "cat_t", "chow_t", "pup_t", "p_t")
	m.attribute("animal", "dog_t", "cat_t", "pup_t")
	m.attribute("exempt", "cat_t")
	m.bound("dog_t", "pup_t")
	m.allow("dog_t chow_t file read write", "animal chow_t file read", "pup_t chow_t file read ioctl",
		"animal animal process transition signal", "animal animal food eat")
	m.rules(policy.DontAudit, "animal chow_t file relabelfrom")
	m.rules(policy.AuditAllow, "dog_t chow_t file write")
	a, b := m.boolean("hungry", false), m.boolean("rich", true)
	m.b.Conditionals = []policy.Conditional{{
		Expr: []policy.BoolOp{
			{Kind: policy.BoolOperand, Boolean: a},
			{Kind: policy.BoolOperand, Boolean: b},
			{Kind: policy.BoolNot},
			{Kind: policy.BoolAnd},
			{Kind: policy.BoolOperand, Boolean: a},
			{Kind: policy.BoolOr},
		},
		True: []policy.Rule{m.rule(policy.Allow, "dog_t chow_t file ioctl")},
		Pos:  policy.Pos{File: 1, Line: 90},
	}, {
		Expr: []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: b}},
		True: []policy.Rule{m.rule(policy.Allow, "dog_t chow_t dir search")},
	}}
	m.b.RoleAllows = []policy.RoleAllow{{From: 2, To: 3, Pos: policy.Pos{File: 1, Line: 95}}}
	m.classOf("file").Constraints = []policy.Constraint{{
		Perms: 3, Pos: policy.Pos{File: 1, Line: 97},
		Expr: []policy.ConstraintOp{
			{Kind: policy.ConstraintAttr, Attr: policy.AttrHigh1Low2, Operator: policy.OpDominates},
			{
				Kind: policy.ConstraintNames, Attr: policy.AttrType, Operator: policy.OpEqual,
				Names:     ebitmap.Of(uint32(m.id("cat_t")) - 1),
				TypeNames: policy.TypeSet{Types: ebitmap.SetOf(m.id("exempt")), Negated: ebitmap.SetOf(m.id("pup_t"))},
			},
			{Kind: policy.ConstraintOr},
			{Kind: policy.ConstraintAttr, Attr: policy.AttrUser, Operator: policy.OpEqual},
			{Kind: policy.ConstraintNames, Attr: policy.AttrRole | policy.AttrTarget, Operator: policy.OpEqual, Names: ebitmap.Of(0)},
			{Kind: policy.ConstraintNames, Attr: policy.AttrUser, Operator: policy.OpUnequal, Names: ebitmap.Of(0, 1)},
			{Kind: policy.ConstraintNot},
			{Kind: policy.ConstraintOr},
			{Kind: policy.ConstraintOr},
			{Kind: policy.ConstraintAnd},
		},
	}}
	m.b.Permissive = ebitmap.SetOf(m.id("p_t"))
	return m.enforcing()
}

func TestExplain(t *testing.T) {
	tests := map[string]struct{ source, target, class, perms, want string }{
		"allowed": {"u:r:dog_t:s1-s2", "u:object_r:chow_t:s2", "file", "read write", `
allowed: file
source u:r:dog_t:s1-s2
target u:object_r:chow_t:s2
read: allowed
    allow dog_t chow_t:file { read write }; at policy.cil:1
    allow animal chow_t:file read; at policy.cil:2
    1 constraint holds
write: allowed, logged
    allow dog_t chow_t:file { read write }; at policy.cil:1
    auditallow dog_t chow_t:file write; at policy.cil:7
    1 constraint holds
`},
		"no rule": {"u:r:cat_t", "u:object_r:chow_t", "file", "write relabelfrom", `
denied: file
source u:r:cat_t:s1
target u:object_r:chow_t:s1
write: denied: no rule in force allows it
    would take (allow cat_t chow_t (file (write)))
relabelfrom: denied: no rule in force allows it, not logged
    dontaudit animal chow_t:file relabelfrom; at policy.cil:6
    would take (allow cat_t chow_t (file (relabelfrom)))
`},
		"no rule for itself": {"u:r:cat_t", "u:r:cat_t", "dir", "search", `
denied: dir
source u:r:cat_t:s1
target u:r:cat_t:s1
search: denied: no rule in force allows it
    would take (allow cat_t self (dir (search)))
`},
		"boolean": {"u:r:dog_t", "u:object_r:chow_t", "file", "ioctl", `
denied: file
source u:r:dog_t:s1
target u:object_r:chow_t:s1
ioctl: denied: no rule in force allows it
    allow dog_t chow_t:file ioctl; at policy.cil:8
        not in force: if (hungry && !rich) || hungry is true at policy.cil:90
        boolean hungry is false
        boolean rich is true
    would be allowed with boolean hungry=true
`},
		"boolean allows": {"u:r:dog_t", "u:object_r:chow_t", "dir", "search", `
allowed: dir
source u:r:dog_t:s1
target u:object_r:chow_t:s1
search: allowed
    allow dog_t chow_t:dir search; at policy.cil:9
        in force: if rich is true
        boolean rich is true
`},
		"constraint": {"u:r:dog_t:s1-s2", "v:object_r:chow_t:s2:c1", "file", "read", `
denied: file
source u:r:dog_t:s1-s2
target v:object_r:chow_t:s2:c1
read: denied: a constraint does not hold
    allow dog_t chow_t:file { read write }; at policy.cil:1
    allow animal chow_t:file read; at policy.cil:2
    constraint (h1 dom l2 or t1 == { exempt -pup_t }) and (u1 == u2 or r2 == object_r or not u1 != { u v }) at policy.cil:97
        h1 dom l2 is false: s2, s2:c1
        t1 == { exempt -pup_t } is false: dog_t
        u1 == u2 is false: u, v
        r2 == object_r is true: object_r
        u1 != { u v } is false: u
`},
		"role": {"u:s:dog_t", "u:r:cat_t", "process", "transition signal", `
denied: process
source u:s:dog_t:s1
target u:r:cat_t:s1
transition: denied: no rule allows the change of role
    allow animal animal:process { transition signal }; at policy.cil:4
    role s may not become r
    would take (roleallow s r)
signal: allowed
    allow animal animal:process { transition signal }; at policy.cil:4
`},
		"role may": {"u:r:dog_t", "u:s:cat_t", "process", "transition", `
allowed: process
source u:r:dog_t:s1
target u:s:cat_t:s1
transition: allowed
    allow animal animal:process { transition signal }; at policy.cil:4
    role r may become s at policy.cil:95
`},
		"bounds": {"u:r:pup_t", "u:object_r:chow_t", "file", "ioctl", `
denied: file
source u:r:pup_t:s1
target u:object_r:chow_t:s1
ioctl: denied: the type that bounds the source may not
    allow pup_t chow_t:file { read ioctl }; at policy.cil:3
    bounds:
        denied: file
        source u:r:dog_t:s1
        target u:object_r:chow_t:s1
        ioctl: denied: no rule in force allows it
            allow dog_t chow_t:file ioctl; at policy.cil:8
                not in force: if (hungry && !rich) || hungry is true at policy.cil:90
                boolean hungry is false
                boolean rich is true
            would be allowed with boolean hungry=true
`},
		"permissive domain": {"u:r:p_t", "u:object_r:chow_t", "food", "eat", `
denied, but the domain is permissive: food
source u:r:p_t:s1
target u:object_r:chow_t:s1
eat: denied: no rule in force allows it
    would take (allow p_t chow_t (food (eat)))
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := explained(t)
			class := s.Policy().ClassByName(tt.class)
			var perms policy.AccessVector
			for _, p := range strings.Fields(tt.perms) {
				perms |= s.Policy().Permission(class, p)
			}
			x := s.Explain(s.sid(tt.source), s.sid(tt.target), class.ID, perms)
			if diff := cmp.Diff(tt.want, "\n"+x.Format()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			d := s.ComputeAV(s.sid(tt.source), s.sid(tt.target), class.ID)
			if diff := cmp.Diff(d, x.Decision); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			if x.Granted() != (perms&^d.Allowed == 0 || d.Flags != 0) {
				t.Errorf("granted is %v", x.Granted())
			}
			var back security.Explanation
			text, err := json.Marshal(x)
			if err == nil {
				err = json.Unmarshal(text, &back)
			}
			if diff := cmp.Diff(x, &back, cmpopts.IgnoreFields(*x, "Decision")); err != nil || diff != "" {
				t.Errorf("JSON: %v\n%s", err, diff)
			}
		})
	}
}

func TestExplainUnknown(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t", "pn_t")
	m.b.Permissive, m.b.NeverAudit = ebitmap.SetOf(m.id("pn_t")), ebitmap.SetOf(m.id("pn_t"))
	s := m.server(nil)
	unknown, _ := s.SIDOrUnknown("zebra")
	for want, got := range map[string]string{
		"denied, but the system is permissive: an unknown class\nsource u:r:dog_t\ntarget u:object_r:unlabeled_t (the policy doesn't know \"zebra\")\n" +
			"(no name): denied: the policy has no such class\n": s.Explain(s.sid("u:r:dog_t"), unknown, 0, 1).Format(),
		"denied, but the system is permissive: food\nsource u:r:dog_t\ntarget u:r:dog_t\n(no name): the class has no such permission\n": s.Explain(s.sid("u:r:dog_t"), s.sid("u:r:dog_t"), s.class("food"), 2).Format(),
		"allowed: food\nsource u:r:pn_t\ntarget u:r:dog_t\neat: allowed: the domain is permissive and never audited, never logged\n":    s.Explain(s.sid("u:r:pn_t"), s.sid("u:r:dog_t"), s.class("food"), 1).Format(),
	} {
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	allow := policy.AllowUnknown
	s = newMaker(t, false).server(&security.Options{HandleUnknown: &allow})
	if got := s.Explain(3, 3, 0, 1).Format(); !strings.Contains(got, "allowed: the policy has no such class") {
		t.Error(got)
	}
}

// TestExplainNames writes out sets of names in all their forms.
func TestExplainNames(t *testing.T) {
	m := newMaker(t, false)
	m.typ("a_t", "b_t")
	m.allow("a_t a_t food eat")
	in := func(attr policy.ConstraintAttribute, set policy.TypeSet, names ...uint32) policy.ConstraintOp {
		return policy.ConstraintOp{Kind: policy.ConstraintNames, Attr: attr, Operator: policy.OpEqual, Names: ebitmap.Of(names...), TypeNames: set}
	}
	a, b := m.id("a_t"), m.id("b_t")
	m.b.Sizes.Types, m.b.Sizes.Users, m.b.Sizes.Roles = 20, 5, 5
	ops := []policy.ConstraintOp{
		in(policy.AttrType, policy.TypeSet{}, uint32(b)-1, 10),
		in(policy.AttrType, policy.TypeSet{}),
		in(policy.AttrType, policy.TypeSet{Flags: 1}, uint32(a)-1),
		in(policy.AttrType|policy.AttrTarget, policy.TypeSet{Flags: 2, Types: ebitmap.SetOf(b, 19)}, uint32(a)-1),
		in(policy.AttrUser|policy.AttrTarget, policy.TypeSet{}, 1, 4),
		in(policy.AttrRole, policy.TypeSet{}, 2, 4),
		{Kind: policy.ConstraintAttr, Attr: policy.AttrRole, Operator: policy.OpDominatedBy},
		{Kind: policy.ConstraintAttr, Attr: policy.AttrType, Operator: policy.OpUnequal},
	}
	for i := range ops {
		m.classOf("food").Constraints = append(m.classOf("food").Constraints, policy.Constraint{Perms: 1, Expr: ops[i : i+1]})
	}
	s := m.enforcing()
	x := s.Explain(s.sid("u:r:a_t"), s.sid("u:r:a_t"), s.class("food"), 1)
	var got []string
	for _, c := range x.Permissions[0].Constraints {
		got = append(got, c.Expression)
	}
	want := []string{"t1 == b_t", "t1 == { }", "t1 == *", "t2 == ~b_t", "u2 == v", "r1 == s", "r1 domby r2", "t1 != t2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("expressions (-want +got):\n%s", diff)
	}
}

func TestExplainXperms(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t", "tty_t")
	m.allow("dog_t tty_t file ioctl")
	m.xperm(policy.AllowXperm, "dog_t tty_t file", policy.Xperms{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: [8]uint32{0x1c | 1, 7: 1 << 31}})
	m.xperm(policy.AuditAllowXperm, "dog_t tty_t file", policy.Xperms{Kind: policy.XpermIoctlDriver, Bits: [8]uint32{6}})
	m.xperm(policy.DontAuditXperm, "dog_t tty_t file", policy.Xperms{Kind: policy.XpermNetlink, Bits: [8]uint32{1 << 16}})
	r := m.b.Rules[len(m.b.Rules)-1]
	m.b.Rules = m.b.Rules[:len(m.b.Rules)-1]
	m.b.Conditionals = []policy.Conditional{{Expr: []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: m.boolean("a", false)}}, True: []policy.Rule{r}}}
	for range 4 { // a rule of five statements
		m.b.Origins = append(m.b.Origins, policy.Origin{Pos: policy.Pos{File: 1, Line: uint32(len(m.b.Origins) + 1)}, Data: 4})
	}
	for i := range 4 {
		m.b.Origins[map[int]int{0: 0, 1: 4, 2: 5, 3: 6}[i]].Next = uint32(5 + i)
	}
	s := m.enforcing()
	const want = `allowed: file
source u:r:dog_t
target u:r:tty_t
ioctl: allowed
    allow dog_t tty_t:file ioctl; at policy.cil:1, policy.cil:5, policy.cil:6, 2 more
extended permissions: (allowx dog_t tty_t (ioctl file (0x5400 0x5402-0x5404 0x54ff))) at policy.cil:2
extended permissions: (auditallowx dog_t tty_t (ioctl file (0x100-0x2ff))) at policy.cil:3
extended permissions: (dontauditx dog_t tty_t (nlmsg file (0x10))) at policy.cil:4
    not in force: if a is true
    boolean a is false
`
	if diff := cmp.Diff(want, s.Explain(s.sid("u:r:dog_t"), s.sid("u:r:tty_t"), s.class("file"), 4).Format()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}
