package policydb

import (
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// Identifiers of the menagerie.
const (
	kernelT policy.TypeID = iota + 1
	dogT
	catT
	chowT
	bowlT
	pet
	food
	gapT // numbered, but not there
)

const (
	processC policy.ClassID = iota + 1
	fileC
	dirC
	routeC
)

// menagerie is a small policy that has everything an image of the version can
// hold.
func menagerie(version uint32) *policy.Builder {
	since := func(v uint32) bool { return version >= v }
	low := mls.Level{Sensitivity: 1}
	high := mls.Level{Sensitivity: 2, Categories: ebitmap.SetOf[policy.CategoryID](1, 3)}
	both := mls.Range{Low: low, High: high}
	object := policy.Context{User: 1, Role: policy.ObjectRole, Type: chowT, Range: both}
	bowl := policy.Context{User: 2, Role: policy.ObjectRole, Type: bowlT, Range: low.Single()}
	kernel := policy.Context{User: 1, Role: 2, Type: kernelT, Range: both}
	b := &policy.Builder{
		Version:       version,
		MLS:           true,
		HandleUnknown: policy.AllowUnknown,
		Capabilities:  ebitmap.Of(1, 5, 70),
		Commons: []policy.Common{{Name: "file_common", ID: 1, Permissions: []policy.PermissionName{
			{Name: "read", Number: 1}, {Name: "write", Number: 2}, {Name: "ioctl", Number: 3},
		}}},
		Classes: []policy.Class{
			{Name: "process", ID: processC, Permissions: []policy.PermissionName{{Name: "transition", Number: 1}, {Name: "dyntransition", Number: 2}}},
			{Name: "file", ID: fileC, Common: 1, Permissions: []policy.PermissionName{{Name: "execute", Number: 4}}},
			{Name: "dir", ID: dirC, Common: 1, Permissions: []policy.PermissionName{{Name: "search", Number: 4}, {Name: "add_name", Number: 5}}},
			{Name: "netlink_route_socket", ID: routeC, Permissions: []policy.PermissionName{{Name: "nlmsg", Number: 1}}},
		},
		Roles: []policy.Role{
			{Name: "object_r", ID: policy.ObjectRole},
			{Name: "system_r", ID: 2, Dominates: ebitmap.SetOf[policy.RoleID](2), Types: ebitmap.SetOf(kernelT, dogT)},
			{Name: "staff_r", ID: 3, Bounds: 2, Dominates: ebitmap.SetOf[policy.RoleID](3), Types: ebitmap.SetOf(dogT)},
		},
		Types: []policy.Type{
			{Name: "kernel_t", ID: kernelT},
			{Name: "dog_t", ID: dogT},
			{Name: "cat_t", ID: catT, Bounds: dogT},
			{Name: "chow_t", ID: chowT},
			{Name: "bowl_t", ID: bowlT},
			{Name: "hound_t", ID: dogT, Alias: true},
			{Name: "pet", ID: pet, Attribute: true},
			{Name: "food", ID: food, Attribute: true},
		},
		Users: []policy.User{
			{Name: "system_u", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](2, 3), Range: both, Default: low},
			{Name: "staff_u", ID: 2, Bounds: 1, Roles: ebitmap.SetOf[policy.RoleID](2, 3), Range: low.Single(), Default: low},
		},
		Booleans: []policy.Boolean{{Name: "hungry", ID: 1, State: true}, {Name: "asleep", ID: 2}},
		Sensitivities: []policy.Sensitivity{
			{Name: "s0", ID: 1, Categories: ebitmap.SetOf[policy.CategoryID](1, 2, 3)},
			{Name: "public", ID: 1, Alias: true, Categories: ebitmap.SetOf[policy.CategoryID](1, 2, 3)},
			{Name: "s1", ID: 2, Categories: ebitmap.SetOf[policy.CategoryID](1, 2, 3)},
		},
		Categories: []policy.Category{{Name: "c0", ID: 1}, {Name: "c1", ID: 2}, {Name: "paws", ID: 2, Alias: true}, {Name: "c2", ID: 3}},
		Sizes: policy.Sizes{
			Commons: 1, Classes: 4, Roles: 3, Types: uint32(gapT), Users: 2, Booleans: 2, Sensitivities: 2, Categories: 3,
		},
		Permissive: ebitmap.SetOf(catT, bowlT),
		TypeAttributes: []ebitmap.Set[policy.TypeID]{
			ebitmap.SetOf(kernelT), ebitmap.SetOf(dogT, pet), ebitmap.SetOf(catT, pet),
			ebitmap.SetOf(chowT, food), ebitmap.SetOf(bowlT, food), ebitmap.SetOf(pet), ebitmap.SetOf(food),
			{},
		},
		Rules: []policy.Rule{
			{Source: pet, Target: food, Class: fileC, Kind: policy.Allow, Data: 1},
			{Source: kernelT, Target: kernelT, Class: processC, Kind: policy.Allow, Data: 3},
			{Source: dogT, Target: chowT, Class: fileC, Kind: policy.AuditAllow, Data: 2},
			{Source: catT, Target: chowT, Class: fileC, Kind: policy.DontAudit, Data: ^uint32(3)},
			{Source: dogT, Target: chowT, Class: processC, Kind: policy.TypeTransition, Data: uint32(catT)},
			{Source: dogT, Target: chowT, Class: dirC, Kind: policy.TypeMember, Data: uint32(bowlT)},
			{Source: dogT, Target: chowT, Class: dirC, Kind: policy.TypeChange, Data: uint32(bowlT)},
		},
		Conditionals: []policy.Conditional{
			{
				Expr:  []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: 1}, {Kind: policy.BoolOperand, Boolean: 2}, {Kind: policy.BoolNot}, {Kind: policy.BoolAnd}},
				State: 1,
				True: []policy.Rule{
					{Source: dogT, Target: bowlT, Class: fileC, Kind: policy.Allow, Data: 4},
					{Source: catT, Target: chowT, Class: fileC, Kind: policy.TypeTransition, Data: uint32(bowlT)},
				},
				False: []policy.Rule{{Source: catT, Target: chowT, Class: fileC, Kind: policy.TypeTransition, Data: uint32(chowT)}},
			},
			{
				Expr:  []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: 2}},
				False: []policy.Rule{{Source: catT, Target: bowlT, Class: dirC, Kind: policy.DontAudit, Data: ^uint32(8)}},
			},
		},
		RoleTransitions: []policy.RoleTransition{{Role: 2, Type: dogT, Class: processC, Result: 3}},
		RoleAllows:      []policy.RoleAllow{{From: 2, To: 3}, {From: 3, To: 2}},
		RangeTransitions: []policy.RangeTransition{
			{Source: dogT, Target: chowT, Class: processC, Range: both},
			{Source: catT, Target: chowT, Class: fileC, Range: low.Single()},
		},
		InitialSIDs: []policy.InitialSID{{SID: 1, Context: kernel}, {SID: 3, Context: object}},
		FSContexts:  []policy.FSContext{{Name: "ext2", Filesystem: object, File: bowl}},
		Ports:       []policy.PortContext{{Protocol: 6, Low: 80, High: 80, Context: bowl}, {Protocol: 132, Low: 1, High: 1023, Context: object}},
		Netifs:      []policy.NetifContext{{Name: "lo", Interface: object, Packets: bowl}},
		Nodes:       []policy.NodeContext{{Address: []byte{127, 0, 0, 1}, Mask: []byte{255, 255, 255, 255}, Context: bowl}},
		FSUses: []policy.FSUse{
			{Behavior: policy.FSUseXattr, Name: "ext4", Context: object},
			{Behavior: policy.FSUseTask, Name: "pipefs", Context: bowl},
		},
		Nodes6: []policy.NodeContext{{
			Address: []byte{0xfe, 0x80, 15: 1}, Mask: []byte{0xff, 0xff, 0xff, 0xff, 15: 0}, Context: object,
		}},
		GenFS: []policy.GenFS{
			{Filesystem: "proc", Paths: []policy.GenFSPath{
				{Path: "/sys/kernel", Context: bowl},
				{Path: "/net", Class: fileC, Context: object},
				{Path: "/net", Class: dirC, Context: bowl},
				{Path: "/", Context: object},
			}},
			{Filesystem: "selinuxfs", Paths: []policy.GenFSPath{{Path: "/", Context: bowl}}},
			{Filesystem: "sysfs", Paths: []policy.GenFSPath{{Path: "/", Context: object}}},
		},
	}
	addConstraints(&b.Classes[1], since(policy.VersionConstraintNames))
	if since(policy.VersionNewObjectDefaults) {
		b.Classes[1].DefaultUser, b.Classes[1].DefaultRole = policy.DefaultSource, policy.DefaultTarget
		b.Classes[1].DefaultRange = policy.DefaultRangeTargetLowHigh
	}
	if since(policy.VersionDefaultType) {
		b.Classes[2].DefaultType = policy.DefaultSource
	}
	if since(policy.VersionGLBLUB) {
		b.Classes[2].DefaultRange = policy.DefaultRangeGLBLUB
	}
	if since(policy.VersionFilenameTransitions) {
		b.FilenameTransitions = []policy.FilenameTransition{
			{Name: "bone", Target: chowT, Class: fileC, Sources: ebitmap.SetOf(dogT, catT), Result: bowlT},
			{Name: "bone", Target: chowT, Class: fileC, Sources: ebitmap.SetOf(kernelT), Result: catT},
			{Name: "a name with blanks", Target: chowT, Class: dirC, Sources: ebitmap.SetOf(dogT), Result: bowlT},
		}
	}
	if since(policy.VersionRoleTransitionClass) {
		b.RoleTransitions = append(b.RoleTransitions, policy.RoleTransition{Role: 2, Type: catT, Class: fileC, Result: 3})
	}
	if since(policy.VersionXperms) {
		b.Xperms = []policy.Xperms{
			{Kind: policy.XpermIoctlFunction, Driver: 0x89, Bits: [8]uint32{0: 1 << 16, 7: 1 << 31}},
			{Kind: policy.XpermIoctlDriver, Bits: [8]uint32{2: 3}},
			{Kind: policy.XpermNetlink, Bits: [8]uint32{0: 1 << 18}},
		}
		b.Rules = append(b.Rules,
			policy.Rule{Source: dogT, Target: chowT, Class: fileC, Kind: policy.AllowXperm, Data: 0},
			policy.Rule{Source: dogT, Target: chowT, Class: fileC, Kind: policy.AllowXperm, Data: 1},
			policy.Rule{Source: pet, Target: food, Class: routeC, Kind: policy.DontAuditXperm, Data: 2},
		)
	}
	if since(policy.VersionInfiniband) {
		b.IBPKeys = []policy.IBPKeyContext{{SubnetPrefix: 0xfe80 << 48, Low: 1, High: 0xffff, Context: object}}
		b.IBEndPorts = []policy.IBEndPortContext{{Device: "mlx5_0", Port: 255, Context: bowl}}
	}
	if since(policy.VersionConditionalXperms) {
		b.Xperms = append(b.Xperms, policy.Xperms{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: [8]uint32{1, 2, 3, 4, 5, 6, 7, 8}})
		b.Conditionals[1].True = []policy.Rule{{Source: catT, Target: chowT, Class: fileC, Kind: policy.AuditAllowXperm, Data: 3}}
	}
	if since(policy.VersionNeverAudit) {
		b.NeverAudit = ebitmap.SetOf(dogT)
	}
	return b
}

func addConstraints(c *policy.Class, withNames bool) {
	pets := policy.ConstraintOp{Kind: policy.ConstraintNames, Attr: policy.AttrType | policy.AttrTarget, Operator: policy.OpUnequal, Names: ebitmap.SetOf(dogT, catT).Bitmap}
	if withNames {
		pets.TypeNames = policy.TypeSet{Types: ebitmap.SetOf(pet)}
	}
	c.Constraints = []policy.Constraint{
		{Perms: 3, Expr: []policy.ConstraintOp{
			{Kind: policy.ConstraintAttr, Attr: policy.AttrHigh1Low2, Operator: policy.OpDominates},
			pets,
			{Kind: policy.ConstraintNot},
			{Kind: policy.ConstraintOr},
		}},
		{Perms: 1, Expr: []policy.ConstraintOp{{Kind: policy.ConstraintAttr, Attr: policy.AttrUser, Operator: policy.OpEqual}}},
	}
	c.ValidateTrans = []policy.Constraint{{Expr: []policy.ConstraintOp{
		{Kind: policy.ConstraintNames, Attr: policy.AttrRole | policy.AttrThird, Operator: policy.OpEqual, Names: ebitmap.SetOf[policy.RoleID](2).Bitmap},
		{Kind: policy.ConstraintAttr, Attr: policy.AttrLow2High2, Operator: policy.OpIncomparable},
		{Kind: policy.ConstraintAnd},
	}}}
}

func build(t testing.TB, b *policy.Builder) *policy.Policy {
	t.Helper()
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func image(t testing.TB, p *policy.Policy, opts *WriteOptions) []byte {
	t.Helper()
	out, err := Append(nil, p, opts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t testing.TB, name string, data []byte) *policy.Policy {
	t.Helper()
	p, err := Read(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sameBytes fails with the first difference.
func sameBytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	n := min(len(got), len(want))
	for i := range n {
		if got[i] != want[i] {
			t.Errorf("%s: %d bytes, want %d; first difference at %#x: %#x, want %#x", what, len(got), len(want), i, got[i], want[i])
			return
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d bytes, want %d, which begin alike", what, len(got), len(want))
	}
}
