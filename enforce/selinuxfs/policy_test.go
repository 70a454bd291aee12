package selinuxfs

import (
	"bytes"
	"testing"

	"seward/enforce/hooks"
	"seward/format/policydb"
	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
	"seward/security/avc"
)

// Types of the test policy.
const (
	typeTask policy.TypeID = iota + 1
	typeFile
	typeSecurity
	typeGuest // may nothing
	typeNamed
	typeBool
	types = 6
)

const (
	task  = "u:r:task_t"
	guest = "u:r:guest_t"
	file  = "u:object_r:file_t"
)

// numbered gives the names of permissions numbers from 1.
func numbered(names []string) []policy.PermissionName {
	perms := make([]policy.PermissionName, len(names))
	for i, name := range names {
		perms[i] = policy.PermissionName{Name: name, Number: uint32(i + 1)}
	}
	return perms
}

// builder is a policy with all classes of the kernel in which task_t may do
// anything to security_t and read file_t.
func builder() *policy.Builder {
	b := &policy.Builder{
		Version: policy.VersionMax, HandleUnknown: policy.DenyUnknown,
		Roles: []policy.Role{{Name: "object_r", ID: 1}, {Name: "r", ID: 2}},
		Users: []policy.User{{Name: "u", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](1, 2)}},
		Booleans: []policy.Boolean{
			{Name: "first", ID: 1, State: true}, {Name: "second", ID: 2},
		},
	}
	for i, name := range []string{"task_t", "file_t", "security_t", "guest_t", "named_t", "bool_t"} {
		b.Types = append(b.Types, policy.Type{Name: name, ID: policy.TypeID(i + 1)})
		b.TypeAttributes = append(b.TypeAttributes, ebitmap.SetOf(policy.TypeID(i+1)))
		b.Roles[1].Types.Add(policy.TypeID(i + 1))
	}
	ids := map[string]policy.ClassID{}
	for i, c := range hooks.Classes() {
		ids[c.String()] = policy.ClassID(i + 1)
		b.Classes = append(b.Classes, policy.Class{
			Name: c.String(), ID: policy.ClassID(i + 1), Permissions: numbered(c.PermissionNames()),
		})
	}
	context := func(t policy.TypeID) policy.Context { return policy.Context{User: 1, Role: 1, Type: t} }
	b.InitialSIDs = []policy.InitialSID{
		{SID: security.SIDKernel, Context: context(typeTask)},
		{SID: security.SIDSecurity, Context: context(typeSecurity)},
		{SID: security.SIDUnlabeled, Context: context(typeFile)},
		{SID: security.SIDDevnull, Context: context(typeNamed)},
	}
	b.GenFS = []policy.GenFS{{Filesystem: Type, Paths: []policy.GenFSPath{
		{Path: "/booleans/first", Context: context(typeBool)}, {Path: "/", Context: context(typeSecurity)},
	}}}
	process := uint32(hooks.ProcessSetexec | hooks.ProcessGetattr | hooks.ProcessFork | hooks.ProcessTransition)
	b.Rules = []policy.Rule{
		{Source: typeTask, Target: typeSecurity, Class: ids["security"], Kind: policy.Allow, Data: 0x1fff},
		{Source: typeTask, Target: typeFile, Class: ids["file"], Kind: policy.Allow, Data: 2},
		{Source: typeTask, Target: typeTask, Class: ids["process"], Kind: policy.Allow, Data: process},
		{Source: typeTask, Target: typeFile, Class: ids["dir"], Kind: policy.TypeTransition, Data: uint32(typeNamed)},
		{Source: typeTask, Target: typeFile, Class: ids["dir"], Kind: policy.TypeMember, Data: uint32(typeGuest)},
		{Source: typeTask, Target: typeFile, Class: ids["dir"], Kind: policy.TypeChange, Data: uint32(typeTask)},
	}
	b.FilenameTransitions = []policy.FilenameTransition{{
		Name: "a b%", Target: typeFile, Class: ids["file"], Sources: ebitmap.SetOf(typeTask), Result: typeNamed,
	}}
	b.Classes[ids["file"]-1].ValidateTrans = []policy.Constraint{{Expr: []policy.ConstraintOp{{
		Kind: policy.ConstraintAttr, Attr: policy.AttrType, Operator: policy.OpEqual,
	}}}}
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

func image0(t testing.TB, p *policy.Policy) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := policydb.Write(&buf, p, nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// stage is a Tree with two callers and what it reported.
type stage struct {
	*Tree
	server      *security.Server
	task, guest *Caller
	changes     []Change
	audited     []string
}

func newStage(t testing.TB, p *policy.Policy) *stage {
	t.Helper()
	server, err := security.New(p, &security.Options{Enforcing: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{server: server}
	caller := func(context string) *Caller {
		sid, err := server.SID(context)
		if err != nil {
			t.Fatal(err)
		}
		return &Caller{Subject: hooks.Subject{SID: sid}, Login: func() (uid, session uint32) { return 1000, Unset }}
	}
	s.task, s.guest = caller(task), caller(guest)
	s.Tree = New(&Options{
		Server: server, Asker: hooks.NewServer(avc.New(server, nil)),
		Changed: func(c Change) { s.changes = append(s.changes, c) },
		Audit:   func(_ *Caller, kind, text string) { s.audited = append(s.audited, kind+" "+text) },
	})
	return s
}
