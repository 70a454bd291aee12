package policy

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// small returns a builder of a small valid policy: a process class with a
// common, two types with an attribute, an alias, MLS with three categories.
func small() *Builder {
	low := mls.Level{Sensitivity: 1}
	high := mls.Level{Sensitivity: 2, Categories: ebitmap.SetOf[CategoryID](1, 2, 3)}
	ctx := Context{User: 1, Role: 2, Type: 1, Range: low.Single()}
	return &Builder{
		Version: 33,
		MLS:     true,
		Commons: []Common{{Name: "base", ID: 1, Permissions: []PermissionName{{"read", 1}, {"write", 2}}}},
		Classes: []Class{
			{Name: "process", ID: 2, Permissions: []PermissionName{{"fork", 1}}},
			{
				Name: "file", ID: 1, Common: 1, Permissions: []PermissionName{{"entrypoint", 3}},
				Constraints: []Constraint{{Perms: 1, Expr: []ConstraintOp{
					{Kind: ConstraintAttr, Attr: AttrUser, Operator: OpEqual},
					{Kind: ConstraintNames, Attr: AttrType | AttrTarget, Operator: OpEqual, Names: ebitmap.Of(1)},
					{Kind: ConstraintNot},
					{Kind: ConstraintOr},
				}}},
				ValidateTrans: []Constraint{{Expr: []ConstraintOp{{Kind: ConstraintNames, Attr: AttrRole | AttrThird, Operator: OpUnequal, Names: ebitmap.Of(1)}}}},
			},
		},
		Roles: []Role{
			{Name: "object_r", ID: 1},
			{Name: "system_r", ID: 2, Types: ebitmap.SetOf[TypeID](1, 2)},
			{Name: "user_r", ID: 3, Bounds: 2},
		},
		Types: []Type{
			{Name: "domain", ID: 3, Attribute: true},
			{Name: "init_t", ID: 1},
			{Name: "old_t", ID: 1, Alias: true},
			{Name: "child_t", ID: 2, Bounds: 1},
		},
		TypeAttributes: []ebitmap.Set[TypeID]{ebitmap.SetOf[TypeID](1, 3), ebitmap.SetOf[TypeID](2, 3), ebitmap.SetOf[TypeID](3)},
		Users: []User{
			{Name: "system_u", ID: 1, Roles: ebitmap.SetOf[RoleID](2), Range: mls.Range{Low: low, High: high}, Default: low},
			{Name: "user_u", ID: 2, Bounds: 1, Roles: ebitmap.SetOf[RoleID](3), Range: low.Single(), Default: low},
		},
		Booleans: []Boolean{{Name: "on", ID: 1, State: true}},
		Sensitivities: []Sensitivity{
			{Name: "s0", ID: 1},
			{Name: "s1", ID: 2, Categories: ebitmap.SetOf[CategoryID](1, 2, 3)},
			{Name: "top", ID: 2, Alias: true},
		},
		Categories: []Category{{Name: "c0", ID: 1}, {Name: "c1", ID: 2}, {Name: "c2", ID: 3}, {Name: "blue", ID: 3, Alias: true}},
		Rules: []Rule{
			{Source: 3, Target: 3, Class: 2, Kind: Allow, Data: 1, Origin: 1},
			{Source: 1, Target: 2, Class: 2, Kind: TypeTransition, Data: 2},
			{Source: 1, Target: 1, Class: 1, Kind: AllowXperm, Data: 0},
			{Source: 3, Target: 1, Class: 1, Kind: Allow, Data: 3},
		},
		Xperms: []Xperms{{Kind: XpermIoctlFunction, Driver: 0x89, Bits: [8]uint32{1: 2}}},
		Conditionals: []Conditional{{
			Expr: []BoolOp{{Kind: BoolOperand, Boolean: 1}, {Kind: BoolNot}, {Kind: BoolOperand, Boolean: 1}, {Kind: BoolXor}},
			True: []Rule{{Source: 1, Target: 1, Class: 1, Kind: AuditAllow, Data: 1}},
		}},
		RoleTransitions:     []RoleTransition{{Role: 2, Type: 1, Class: 2, Result: 3}},
		RoleAllows:          []RoleAllow{{From: 2, To: 3}},
		FilenameTransitions: []FilenameTransition{{Name: "x", Target: 1, Class: 1, Sources: ebitmap.SetOf[TypeID](3), Result: 2}},
		RangeTransitions:    []RangeTransition{{Source: 1, Target: 2, Class: 2, Range: mls.Range{Low: low, High: high}}},
		InitialSIDs:         []InitialSID{{SID: 1, Context: ctx}},
		FSContexts:          []FSContext{{Name: "ext2", Filesystem: ctx, File: ctx}},
		Ports:               []PortContext{{Protocol: 6, Low: 80, High: 81, Context: ctx}},
		Netifs:              []NetifContext{{Name: "lo", Interface: ctx, Packets: ctx}},
		Nodes:               []NodeContext{{Address: make([]byte, 4), Mask: make([]byte, 4), Context: ctx}},
		Nodes6:              []NodeContext{{Address: make([]byte, 16), Mask: make([]byte, 16), Context: ctx}},
		FSUses:              []FSUse{{Behavior: FSUseXattr, Name: "ext4", Context: ctx}},
		IBPKeys:             []IBPKeyContext{{Low: 1, High: 2, Context: ctx}},
		IBEndPorts:          []IBEndPortContext{{Device: "mlx", Port: 1, Context: ctx}},
		GenFS:               []GenFS{{Filesystem: "proc", Paths: []GenFSPath{{Path: "/", Class: 1, Context: ctx}}}},
		Files:               []string{"base.cil"},
		Origins:             []Origin{{Pos: Pos{1, 4}, Data: 1, Next: 2}, {Pos: Pos{1, 9}, Data: 1}},
	}
}

func build(t *testing.T) *Policy {
	t.Helper()
	p, err := small().Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLookups(t *testing.T) {
	p := build(t)
	file := p.ClassByName("file")
	if file == nil || file.ID != 1 || p.Class(1) != file || p.Class(9) != nil || p.Class(0) != nil {
		t.Fatal("class file isn't found")
	}
	if got := p.TypeByName("old_t"); got.ID != 1 || p.Type(1).Name != "init_t" {
		t.Errorf("alias is %+v", got)
	}
	for _, missing := range []bool{
		p.ClassByName("x") == nil, p.CommonByName("x") == nil, p.RoleByName("x") == nil, p.TypeByName("x") == nil,
		p.UserByName("x") == nil, p.BooleanByName("x") == nil, p.Sensitivity(9) == nil, p.Boolean(7) == nil,
		p.SensitivityName(9) == "", p.CategoryName(9) == "", p.Attributes(0).Empty(), p.Members(9).Empty(),
	} {
		if !missing {
			t.Error("something that doesn't exist is found")
		}
	}
	if id, ok := p.SensitivityByName("top"); !ok || id != 2 || p.SensitivityName(2) != "s1" {
		t.Error("sensitivity alias is wrong")
	}
	if id, ok := p.CategoryByName("blue"); !ok || id != 3 || p.CategoryName(3) != "c2" {
		t.Error("category alias is wrong")
	}
	if p.CommonByName("base") != p.Common(1) || p.RoleByName("user_r") != p.Role(3) || p.UserByName("user_u") != p.User(2) || p.BooleanByName("on") != p.Boolean(1) {
		t.Error("look-ups by name and identifier disagree")
	}
	if diff := cmp.Diff([]string{"read", "entrypoint"}, p.PermissionNames(file, 5|1<<20)); diff != "" {
		t.Error(diff)
	}
	if p.Permission(file, "write") != 2 || p.Permission(file, "entrypoint") != 4 || p.Permission(file, "fork") != 0 {
		t.Error("permissions are wrong")
	}
}

func TestRuleIndices(t *testing.T) {
	p := build(t)
	if diff := cmp.Diff([]int32{1, 2}, p.RulesBySource(1)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int32{2, 3}, p.RulesByTarget(1)); diff != "" {
		t.Error(diff)
	}
	if p.RulesBySource(99) != nil || len(p.RulesBySource(2)) != 0 {
		t.Error("rules of a type that has none")
	}
	if got := slices.Collect(p.Members(3).All()); !slices.Equal(got, []TypeID{1, 2}) {
		t.Errorf("members of domain are %v", got)
	}
	if !p.Attributes(2).Has(3) {
		t.Error("child_t lacks its attribute")
	}
	origins := p.Origins(&p.Data().Rules[0])
	if len(origins) != 2 || origins[1].Pos.Line != 9 {
		t.Errorf("origins are %v", origins)
	}
	if file, line := p.Position(origins[0].Pos); file != "base.cil" || line != 4 {
		t.Errorf("position is %s:%d", file, line)
	}
	if file, _ := p.Position(Pos{}); file != "" || (Pos{}).Known() {
		t.Error("an unknown position has a file")
	}
}

func TestValidContext(t *testing.T) {
	p := build(t)
	s0 := mls.Level{Sensitivity: 1}.Single()
	blue := mls.Level{Sensitivity: 2, Categories: ebitmap.SetOf[CategoryID](3)}
	for name, c := range map[string]struct {
		ctx  Context
		want error
	}{
		"fine":            {Context{1, 2, 1, s0}, nil},
		"object":          {Context{2, 1, 2, blue.Single()}, nil},
		"no user":         {Context{9, 2, 1, s0}, ErrNoUser},
		"no role":         {Context{1, 9, 1, s0}, ErrNoRole},
		"no type":         {Context{1, 2, 9, s0}, ErrNoType},
		"attribute":       {Context{1, 2, 3, s0}, ErrNoType},
		"role and type":   {Context{2, 3, 1, s0}, ErrRoleType},
		"user and role":   {Context{2, 2, 1, s0}, ErrUserRole},
		"no range":        {Context{1, 2, 1, mls.Range{}}, ErrRange},
		"low above high":  {Context{1, 2, 1, mls.Range{Low: blue, High: s0.Low}}, ErrRange},
		"category of s0":  {Context{1, 2, 1, mls.Level{Sensitivity: 1, Categories: ebitmap.SetOf[CategoryID](1)}.Single()}, ErrRange},
		"outside of user": {Context{1, 2, 1, mls.Range{Low: s0.Low, High: mls.Level{Sensitivity: 2, Categories: ebitmap.SetOf[CategoryID](1, 2, 3)}}}, nil},
	} {
		if err := p.ValidContext(c.ctx); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for want, change := range map[string]func(*Builder){
		"header: version 23":                              func(b *Builder) { b.Version = 23 },
		"header: handle_unknown is 3":                     func(b *Builder) { b.HandleUnknown = 3 },
		"origins[1]: next is 1":                           func(b *Builder) { b.Origins[1].Next = 1 },
		"commons[0]: base: permission read has number 33": func(b *Builder) { b.Commons[0].Permissions[0].Number = 33 },
		"classes[0]: name is empty":                       func(b *Builder) { b.Classes[0].Name = "" },
		"classes[1]: file is also element 0":              func(b *Builder) { b.Classes[0].Name = "file" },
		"classes[1]: file has identifier 1 of element 0":  func(b *Builder) { b.Classes[0].ID = 1 },
		"classes[1]: file: common 7 does not exist":       func(b *Builder) { b.Classes[1].Common = 7 },
		"permission number 1 is given twice":              func(b *Builder) { b.Classes[1].Permissions[0].Number = 1 },
		"permission read is given twice":                  func(b *Builder) { b.Classes[1].Permissions[0].Name = "read" },
		"default is neither source nor target":            func(b *Builder) { b.Classes[1].DefaultRole = 3 },
		"default range 8 is unknown":                      func(b *Builder) { b.Classes[1].DefaultRange = 8 },
		"constraint 0: expression lacks an operand":       func(b *Builder) { b.Classes[1].Constraints[0].Expr = b.Classes[1].Constraints[0].Expr[3:] },
		"constraint 0: expression leaves 2 values":        func(b *Builder) { b.Classes[1].Constraints[0].Expr = b.Classes[1].Constraints[0].Expr[:3] },
		"a third context only exists in validatetrans":    func(b *Builder) { b.Classes[1].Constraints[0].Expr[1].Attr |= AttrThird },
		"constraint 0: identifier 4 does not exist":       func(b *Builder) { b.Classes[1].Constraints[0].Expr[1].Names.Set(3) },
		"constraint 0: operator 6 is unknown":             func(b *Builder) { b.Classes[1].Constraints[0].Expr[0].Operator = 6 },
		"types[2]: old_t is an alias of identifier 8":     func(b *Builder) { b.Types[2].ID = 8 },
		"types[3]: child_t: bounds type 9":                func(b *Builder) { b.Types[3].Bounds = 9 },
		"types[3]: child_t: an attribute can't":           func(b *Builder) { b.Types[3].Bounds = 3 },
		"types[3]: child_t: more than 4 bounds":           func(b *Builder) { b.Types[3].Bounds = 2 },
		"type attributes[0]: type 40 does not exist":      func(b *Builder) { b.TypeAttributes[0].Add(40) },
		"permissive types: type 40":                       func(b *Builder) { b.Permissive.Add(40) },
		"roles[0]: object has identifier 1":               func(b *Builder) { b.Roles[0].Name = "object" },
		"roles[1]: system_r: type 77":                     func(b *Builder) { b.Roles[1].Types.Add(77) },
		"roles[2]: user_r: more than 4 bounds":            func(b *Builder) { b.Roles[2].Bounds = 3 },
		"users[0]: system_u: role 8":                      func(b *Builder) { b.Users[0].Roles.Add(8) },
		"users[1]: user_u: range is not valid":            func(b *Builder) { b.Users[1].Range.Low.Sensitivity = 2 },
		"users[1]: user_u: bounds user 5":                 func(b *Builder) { b.Users[1].Bounds = 5 },
		"levels[1]: s1: category 4":                       func(b *Builder) { b.Sensitivities[1].Categories.Add(4) },
		"avtab[0]: source type 0":                         func(b *Builder) { b.Rules[0].Source = 0 },
		"avtab[0]: target type 4":                         func(b *Builder) { b.Rules[0].Target = 4 },
		"avtab[0]: class 97 does not exist":               func(b *Builder) { b.Rules[0].Class = 97 },
		"avtab[0]: kind 0x3":                              func(b *Builder) { b.Rules[0].Kind = 3 },
		"avtab[0]: origin 3":                              func(b *Builder) { b.Rules[0].Origin = 3 },
		"avtab[1]: type 3 does not exist":                 func(b *Builder) { b.Rules[1].Data = 3 },
		"avtab[2]: extended permissions 1":                func(b *Builder) { b.Rules[2].Data = 1 },
		"avtab[2]: kind 9 of extended permissions":        func(b *Builder) { b.Xperms[0].Kind = 9 },
		"conditionals[0]: boolean 2":                      func(b *Builder) { b.Conditionals[0].Expr[0].Boolean = 2 },
		"conditionals[0]: operator 9":                     func(b *Builder) { b.Conditionals[0].Expr[1].Kind = 9 },
		"conditionals[0]: expression leaves 2 values":     func(b *Builder) { b.Conditionals[0].Expr = b.Conditionals[0].Expr[:3] },
		"conditionals[0]: rule 0: class 0":                func(b *Builder) { b.Conditionals[0].True[0].Class = 0 },
		"role transitions[0]":                             func(b *Builder) { b.RoleTransitions[0].Result = 9 },
		"role allows[0]":                                  func(b *Builder) { b.RoleAllows[0].To = 9 },
		"filename transitions[0]: name is empty":          func(b *Builder) { b.FilenameTransitions[0].Name = "" },
		"filename transitions[0]: source type 50":         func(b *Builder) { b.FilenameTransitions[0].Sources.Add(50) },
		"range transitions[0]: range is not valid":        func(b *Builder) { b.RangeTransitions[0].Range.High.Sensitivity = 0 },
		"initial SIDs[0]: SID 1: user does not exist":     func(b *Builder) { b.InitialSIDs[0].Context.User = 4 },
		"filesystems[0]":                                  func(b *Builder) { b.FSContexts[0].File.Type = 4 },
		"ports[0]: low 80 is above high 79":               func(b *Builder) { b.Ports[0].High = 79 },
		"network interfaces[0]":                           func(b *Builder) { b.Netifs[0].Packets.Role = 4 },
		"nodes[0]: address and mask have 4 and 16":        func(b *Builder) { b.Nodes[0].Mask = make([]byte, 16) },
		"IPv6 nodes[0]: node: context":                    func(b *Builder) { b.Nodes6[0].Context.Type = 3 },
		"fs_use[0]: ext4: behavior 4":                     func(b *Builder) { b.FSUses[0].Behavior = 4 },
		"InfiniBand partition keys[0]: low 1":             func(b *Builder) { b.IBPKeys[0].High = 0 },
		"InfiniBand end ports[0]":                         func(b *Builder) { b.IBEndPorts[0].Context.User = 0 },
		"genfscon[0]: proc /: class 5":                    func(b *Builder) { b.GenFS[0].Paths[0].Class = 5 },
		"genfscon[1]: filesystem \"proc\" is empty or":    func(b *Builder) { b.GenFS = append(b.GenFS, b.GenFS[0]) },
	} {
		b := small()
		change(b)
		p, err := b.Build()
		var bad *InvalidError
		switch {
		case err == nil || p != nil:
			t.Errorf("%s: accepted", want)
		case !errors.As(err, &bad):
			t.Errorf("%s: not an InvalidError: %v", want, err)
		case !strings.Contains(err.Error(), want):
			t.Errorf("got %q, want %q", err, want)
		}
	}
}

func TestNames(t *testing.T) {
	for i := range Capabilities {
		c := Capability(i)
		if got, ok := CapabilityByName(c.String()); !ok || got != c {
			t.Errorf("%v finds %v, %v", c, got, ok)
		}
	}
	if _, ok := CapabilityByName("nonsense"); ok || Capability(99).String() != "" {
		t.Error("an unknown capability has a name")
	}
	if AllowUnknown.String()+DenyUnknown.String()+RejectUnknown.String()+HandleUnknown(1).String() != "allowdenyrejectinvalid" {
		t.Error("names of handle_unknown are wrong")
	}
	p := build(t)
	if p.Version() != 33 || !p.MLS() || p.HandleUnknown() != DenyUnknown || p.Has(CapOpenPerms) {
		t.Error("header is wrong")
	}
	x := Xperms{Bits: [8]uint32{1: 2}}
	if !x.Has(33) || x.Has(32) {
		t.Error("bits of extended permissions are wrong")
	}
}
