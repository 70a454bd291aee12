package policycmp

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// build makes a policy in which the types have the given identifiers.
func build(t *testing.T, dog, cat policy.TypeID, change func(*policy.Builder)) *policy.Policy {
	t.Helper()
	all := ebitmap.SetOf(dog, cat)
	low := mls.Level{Sensitivity: 1}.Single()
	context := policy.Context{User: 1, Role: policy.ObjectRole, Type: dog, Range: low}
	attributes := make([]ebitmap.Set[policy.TypeID], 2)
	attributes[dog-1], attributes[cat-1] = ebitmap.SetOf(dog), ebitmap.SetOf(cat)
	b := &policy.Builder{
		Version: policy.VersionMax,
		MLS:     true,
		Classes: []policy.Class{{
			Name: "food", ID: 1,
			Permissions: []policy.PermissionName{{Name: "eat", Number: 1}, {Name: "smell", Number: 2}},
			Constraints: []policy.Constraint{{Perms: 1, Expr: []policy.ConstraintOp{
				{Kind: policy.ConstraintAttr, Attr: policy.AttrLow1Low2, Operator: policy.OpDominates},
				{Kind: policy.ConstraintNames, Attr: policy.AttrType, Operator: policy.OpEqual, Names: ebitmap.SetOf(dog).Bitmap},
				{Kind: policy.ConstraintNot},
				{Kind: policy.ConstraintOr},
			}}},
		}},
		Roles:          []policy.Role{{Name: "object_r", ID: 1}, {Name: "pet_r", ID: 2, Types: all}},
		Types:          []policy.Type{{Name: "dog", ID: dog}, {Name: "cat", ID: cat}},
		Users:          []policy.User{{Name: "pets", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](2), Range: low, Default: low.Low}},
		Booleans:       []policy.Boolean{{Name: "hungry", ID: 1}},
		Sensitivities:  []policy.Sensitivity{{Name: "s0", ID: 1}},
		TypeAttributes: attributes,
		Rules: []policy.Rule{
			{Source: dog, Target: dog, Class: 1, Kind: policy.Allow, Data: 3},
			{Source: dog, Target: cat, Class: 1, Kind: policy.DontAudit, Data: ^uint32(1)},
			{Source: cat, Target: cat, Class: 1, Kind: policy.AllowXperm, Data: 0},
		},
		Xperms: []policy.Xperms{{Kind: policy.XpermIoctlFunction, Driver: 0x89, Bits: [8]uint32{0x0e}}},
		Conditionals: []policy.Conditional{{
			Expr: []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: 1}, {Kind: policy.BoolNot}},
			True: []policy.Rule{{Source: cat, Target: dog, Class: 1, Kind: policy.Allow, Data: 2}},
		}},
		InitialSIDs: []policy.InitialSID{{SID: 1, Context: context}},
	}
	if change != nil {
		change(b)
	}
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStatements(t *testing.T) {
	want := []string{
		"allow dog dog:food { eat smell }",
		"allowxperm cat cat:food ioctl 0x89 { 0x01-0x03 }",
		"bool hungry false",
		"class food inherits - { eat smell }",
		"constrain food { eat } ((l1 dom l2) or (not (t1 eq { dog })))",
		"default food user 0 role 0 type 0 range 0",
		"dontaudit dog cat:food { eat }",
		"handle_unknown deny",
		"if (! hungry) allow cat dog:food { smell }",
		"mls true",
		"role object_r",
		"role pet_r",
		"roletype pet_r cat",
		"roletype pet_r dog",
		"sensitivity 1 s0",
		"sid 1 pets:object_r:dog:s0",
		"type cat",
		"type dog",
		"user pets level s0 range s0",
		"userrole pets pet_r",
		"version 35",
	}
	if diff := cmp.Diff(want, Statements(build(t, 1, 2, nil))); diff != "" {
		t.Error(diff)
	}
}

func TestDiffIgnoresNumbers(t *testing.T) {
	if diff := Diff(build(t, 1, 2, nil), build(t, 2, 1, nil)); len(diff) != 0 {
		t.Errorf("policies that differ in numbers only: %q", diff)
	}
}

func TestDiffFinds(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*policy.Builder)
		want   []string
	}{
		"permission": {
			func(b *policy.Builder) { b.Rules[0].Data = 1 },
			[]string{"- allow dog dog:food { eat smell }", "+ allow dog dog:food { eat }"},
		},
		"rule given twice": {
			func(b *policy.Builder) { b.Rules = append(b.Rules, b.Rules[0]) },
			[]string{"+ allow dog dog:food { eat smell }"},
		},
		"permissive": {
			func(b *policy.Builder) { b.Permissive.Add(2) },
			[]string{"+ permissive cat"},
		},
		"boolean": {
			func(b *policy.Builder) { b.Booleans[0].State = true },
			[]string{"- bool hungry false", "+ bool hungry true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Diff(build(t, 1, 2, nil), build(t, 1, 2, tt.change))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
