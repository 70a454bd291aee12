package assertion

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"seward/policy"
	"seward/policy/ebitmap"
)

// Types 1 to 6 are types, 7 to 9 attributes of them.
const (
	types      = 6
	attributes = 3
	classes    = 2
)

// base returns a policy of types with attributes and no rules; member tells
// whether a type has an attribute.
func base(member func(t, a int) bool) *policy.Builder {
	b := &policy.Builder{Version: 35, Roles: []policy.Role{{Name: "object_r", ID: 1}}, Booleans: []policy.Boolean{{Name: "b", ID: 1}}}
	for c := range classes {
		class := policy.Class{Name: fmt.Sprint("class", c+1), ID: policy.ClassID(c + 1)}
		for n := range uint32(4) {
			class.Permissions = append(class.Permissions, policy.PermissionName{Name: fmt.Sprint("p", n+1), Number: n + 1})
		}
		b.Classes = append(b.Classes, class)
	}
	for i := range types + attributes {
		id := policy.TypeID(i + 1)
		b.Types = append(b.Types, policy.Type{Name: fmt.Sprint("t", id), ID: id, Attribute: i >= types})
		set := ebitmap.SetOf(id)
		for a := range attributes {
			if i < types && member(i, a) {
				set.Add(policy.TypeID(types + a + 1))
			}
		}
		b.TypeAttributes = append(b.TypeAttributes, set)
	}
	return b
}

func build(t testing.TB, b *policy.Builder) *policy.Policy {
	t.Helper()
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func typeSet() *rapid.Generator[ebitmap.Set[policy.TypeID]] {
	return rapid.Custom(func(t *rapid.T) ebitmap.Set[policy.TypeID] {
		return ebitmap.SetOf(rapid.SliceOfN(rapid.Map(rapid.IntRange(1, types), func(n int) policy.TypeID { return policy.TypeID(n) }), 0, types).Draw(t, "types")...)
	})
}

func ruleOf(kind policy.RuleKind, data *rapid.Generator[uint32]) *rapid.Generator[policy.Rule] {
	return rapid.Custom(func(t *rapid.T) policy.Rule {
		id := rapid.IntRange(1, types+attributes)
		return policy.Rule{
			Source: policy.TypeID(id.Draw(t, "source")), Target: policy.TypeID(id.Draw(t, "target")),
			Class: policy.ClassID(rapid.IntRange(1, classes).Draw(t, "class")), Kind: kind, Data: data.Draw(t, "data"),
		}
	})
}

func randomPolicy(t *rapid.T) *policy.Builder {
	b := base(func(i, a int) bool { return rapid.Bool().Draw(t, fmt.Sprint("member", i, a)) })
	vector := rapid.Uint32Range(1, 15)
	b.Rules = rapid.SliceOfN(ruleOf(policy.Allow, vector), 0, 6).Draw(t, "rules")
	b.Conditionals = []policy.Conditional{{
		Expr:  []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: 1}},
		True:  rapid.SliceOfN(ruleOf(policy.Allow, vector), 0, 3).Draw(t, "true"),
		False: rapid.SliceOfN(ruleOf(policy.Allow, vector), 0, 3).Draw(t, "false"),
	}}
	return b
}

func has(p *policy.Policy, t, set policy.TypeID) bool { return p.Attributes(t).Has(set) }

// TestNeverallowAgainstPairs compares with looking at every pair of types.
func TestNeverallowAgainstPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := randomPolicy(t).Build()
		if err != nil {
			t.Fatal(err)
		}
		rule := Rule{
			Sources: typeSet().Draw(t, "sources"), Targets: typeSet().Draw(t, "targets"),
			Pairing:     rapid.SampledFrom([]Pairing{AllPairs, Self, NotSelf}).Draw(t, "pairing"),
			Permissions: []ClassPermissions{{Class: 1, Perms: 5}, {Class: 2, Perms: 8}},
		}
		var want []string
		for r := range rules(p) {
			for _, cp := range rule.Permissions {
				if r.rule.Class != cp.Class || policy.AccessVector(r.rule.Data)&cp.Perms == 0 {
					continue
				}
				for s := policy.TypeID(1); s <= types; s++ {
					for o := policy.TypeID(1); o <= types; o++ {
						meant := rule.Targets.Has(o)
						switch rule.Pairing {
						case Self:
							meant = s == o
						case NotSelf:
							meant = s != o && (meant || rule.Targets.Empty())
						case AllPairs:
						}
						if meant && rule.Sources.Has(s) && has(p, s, r.rule.Source) && has(p, o, r.rule.Target) {
							want = append(want, fmt.Sprint(r.place(), s, o, policy.AccessVector(r.rule.Data)&cp.Perms))
						}
					}
				}
			}
		}
		var got []string
		for _, v := range Check(p, []Rule{rule}) {
			for s, o := range v.pairs(rule.Pairing) {
				got = append(got, fmt.Sprint(v.Place, s, o, v.Perms))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// TestBoundsAgainstPairs compares with asking for each right of the child, in
// each state of the boolean.
func TestBoundsAgainstPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := randomPolicy(t)
		b.Types[1].Bounds, b.Types[2].Bounds = 1, 1
		p, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		allowed := func(state bool, s, o policy.TypeID, class policy.ClassID) (av policy.AccessVector) {
			for r := range rules(p) {
				if r.conditional >= 0 && r.branch != state {
					continue
				}
				if r.rule.Class == class && has(p, s, r.rule.Source) && has(p, o, r.rule.Target) {
					av |= policy.AccessVector(r.rule.Data)
				}
			}
			return av
		}
		want := map[string]policy.AccessVector{}
		for _, child := range []policy.TypeID{2, 3} {
			for o := policy.TypeID(1); o <= types; o++ {
				for class := policy.ClassID(1); class <= classes; class++ {
					for _, state := range []bool{false, true} {
						of := o
						if p.Type(o).Bounds != 0 {
							of = p.Type(o).Bounds
						}
						if extra := allowed(state, child, o, class) &^ allowed(state, 1, of, class); extra != 0 {
							want[fmt.Sprint(child, o, class)] |= extra
						}
					}
				}
			}
		}
		got := map[string]policy.AccessVector{}
		for _, x := range Bounds(p) {
			got[fmt.Sprint(x.Child, x.Target, x.Class)] |= x.Perms
		}
		// A right in each branch may be granted by a rule that is in neither
		// list's parent rights but in both: the sets of pairs must be the same.
		for k, av := range want {
			if got[k]&av != av {
				t.Fatalf("%s: got %#x, want %#x", k, got[k], av)
			}
		}
	})
}

func TestExtendedPermissions(t *testing.T) {
	read := []policy.Xperms{{Kind: policy.XpermIoctlFunction, Driver: 0x89, Bits: [8]uint32{0: 0b110}}}
	whole := []policy.Xperms{{Kind: policy.XpermIoctlDriver, Bits: [8]uint32{4: 1 << 9}}} // driver 0x89
	nlmsg := []policy.Xperms{{Kind: policy.XpermNetlink, Bits: [8]uint32{0: 0b110}}}
	for name, x := range map[string]struct {
		limits []policy.Xperms
		rule   []policy.Xperms
		want   string
	}{
		"no limit allows all":          {nil, read, "all"},
		"other command":                {[]policy.Xperms{{Kind: policy.XpermIoctlFunction, Driver: 0x89, Bits: [8]uint32{0: 1}}}, read, ""},
		"other driver":                 {[]policy.Xperms{{Kind: policy.XpermIoctlFunction, Driver: 0x90, Bits: [8]uint32{0: 7}}}, read, ""},
		"the command":                  {[]policy.Xperms{{Kind: policy.XpermIoctlFunction, Driver: 0x89, Bits: [8]uint32{0: 3}}}, read, "0x2"},
		"whole driver allowed":         {whole, read, "0x6"},
		"whole driver forbidden":       {read, whole, "0x6"},
		"whole driver on both sides":   {whole, whole, "driver"},
		"netlink message":              {nlmsg, nlmsg, "0x6"},
		"netlink is not ioctl":         {nlmsg, read, ""},
		"whole other driver":           {[]policy.Xperms{{Kind: policy.XpermIoctlDriver, Bits: [8]uint32{4: 1}}}, read, ""},
		"two rules, one of them fails": {append(slices.Clone(nlmsg), read...), read, "0x6"},
	} {
		b := base(func(_, a int) bool { return a == 0 })
		b.Rules = []policy.Rule{{Source: 7, Target: 2, Class: 1, Kind: policy.Allow, Data: 1}}
		b.Xperms = slices.Clone(x.limits)
		for i := range x.limits {
			b.Rules = append(b.Rules, policy.Rule{Source: 1, Target: 7, Class: 1, Kind: policy.AllowXperm, Data: uint32(i)})
		}
		rule := Rule{
			Sources: ebitmap.SetOf[policy.TypeID](1), Targets: ebitmap.SetOf[policy.TypeID](2),
			Permissions: []ClassPermissions{{Class: 1, Perms: 1}}, Xperms: x.rule,
		}
		var got []string
		for _, v := range Check(build(t, b), []Rule{rule}) {
			if len(v.Xperms) == 0 {
				got = append(got, "all")
			}
			for _, f := range v.Xperms {
				if f.Kind == policy.XpermIoctlDriver {
					got = append(got, "driver")
				} else {
					got = append(got, fmt.Sprintf("%#x", f.Bits[0]))
				}
			}
		}
		if strings.Join(got, " ") != x.want {
			t.Errorf("%s: got %v, want %q", name, got, x.want)
		}
	}
}

func TestConditionalLimits(t *testing.T) {
	other := policy.Rule{Source: 1, Target: 2, Class: 1, Kind: policy.AllowXperm, Data: 0}
	allow := policy.Rule{Source: 1, Target: 2, Class: 1, Kind: policy.Allow, Data: 1}
	for name, x := range map[string]struct {
		always, whenTrue, whenFalse []policy.Rule
		violations                  int
	}{
		"limit in one branch only":   {[]policy.Rule{allow}, []policy.Rule{other}, nil, 1},
		"limit in both branches":     {[]policy.Rule{allow}, []policy.Rule{other}, []policy.Rule{other}, 0},
		"limit beside the allow":     {nil, []policy.Rule{allow, other}, nil, 0},
		"limit in the other branch":  {nil, []policy.Rule{allow}, []policy.Rule{other}, 1},
		"limit that always applies":  {[]policy.Rule{other}, []policy.Rule{allow}, nil, 0},
		"no allow rule, no question": {nil, []policy.Rule{other}, nil, 0},
	} {
		b := base(func(_, _ int) bool { return false })
		b.Xperms = []policy.Xperms{{Kind: policy.XpermIoctlFunction, Driver: 1, Bits: [8]uint32{0: 1}}}
		b.Rules = x.always
		b.Conditionals = []policy.Conditional{{Expr: []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: 1}}, True: x.whenTrue, False: x.whenFalse}}
		rule := Rule{
			Sources: ebitmap.SetOf[policy.TypeID](1), Targets: ebitmap.SetOf[policy.TypeID](2),
			Permissions: []ClassPermissions{{Class: 1, Perms: 1}},
			Xperms:      []policy.Xperms{{Kind: policy.XpermIoctlFunction, Driver: 1, Bits: [8]uint32{0: 2}}},
		}
		if got := len(Check(build(t, b), []Rule{rule})); got != x.violations {
			t.Errorf("%s: %d violations, want %d", name, got, x.violations)
		}
	}
}

func TestRoleAndUserBounds(t *testing.T) {
	b := base(func(_, _ int) bool { return false })
	b.Roles = append(b.Roles,
		policy.Role{Name: "parent_r", ID: 2, Types: ebitmap.SetOf[policy.TypeID](1, 2)},
		policy.Role{Name: "fine_r", ID: 3, Bounds: 2, Types: ebitmap.SetOf[policy.TypeID](2)},
		policy.Role{Name: "bad_r", ID: 4, Bounds: 2, Types: ebitmap.SetOf[policy.TypeID](2, 3)})
	b.Users = []policy.User{
		{Name: "parent", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](2)},
		{Name: "fine", ID: 2, Bounds: 1, Roles: ebitmap.SetOf[policy.RoleID](2)},
		{Name: "bad", ID: 3, Bounds: 1, Roles: ebitmap.SetOf[policy.RoleID](2, 4)},
	}
	p := build(t, b)
	roles, users := RoleBounds(p), UserBounds(p)
	if len(roles) != 1 || roles[0].Child != 4 || !roles[0].Types.Equal(ebitmap.SetOf[policy.TypeID](3)) {
		t.Errorf("roles: %+v", roles)
	}
	if len(users) != 1 || users[0].Child != 3 || !users[0].Roles.Equal(ebitmap.SetOf[policy.RoleID](4)) {
		t.Errorf("users: %+v", users)
	}
}
