package hooks

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
	"seward/security/avc"
)

// serverBuilder is a policy whose class file has other numbers than the kernel's
// and lacks some permissions, and whose class process has the kernel's.
func serverBuilder() *policy.Builder {
	b := &policy.Builder{
		Version: policy.VersionMax, HandleUnknown: policy.DenyUnknown,
		Classes: []policy.Class{
			{Name: "file", ID: 1, Permissions: []policy.PermissionName{
				{Name: "open", Number: 1}, {Name: "read", Number: 2}, {Name: "write", Number: 3}, {Name: "ioctl", Number: 4},
			}},
			{Name: "process", ID: 2},
		},
		Roles: []policy.Role{{Name: "object_r", ID: 1}, {Name: "r", ID: 2}},
		Users: []policy.User{{Name: "u", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](1, 2)}},
	}
	for i, name := range ClassProcess.PermissionNames() {
		b.Classes[1].Permissions = append(b.Classes[1].Permissions, policy.PermissionName{Name: name, Number: uint32(i + 1)})
	}
	for i, name := range []string{"task_t", "file_t", "free_t"} {
		id := policy.TypeID(i + 1)
		b.Types = append(b.Types, policy.Type{Name: name, ID: id})
		b.TypeAttributes = append(b.TypeAttributes, ebitmap.SetOf(id))
		b.Roles[1].Types.Add(id)
	}
	b.Types[1].Bounds = 1
	b.Permissive = ebitmap.SetOf[policy.TypeID](3)
	b.InitialSIDs = []policy.InitialSID{
		{SID: security.SIDKernel, Context: policy.Context{User: 1, Role: 2, Type: 1}},
		{SID: security.SIDUnlabeled, Context: policy.Context{User: 1, Role: 1, Type: 2}},
	}
	b.Xperms = []policy.Xperms{{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: [8]uint32{1 << 2}}}
	b.Rules = []policy.Rule{
		{Source: 1, Target: 2, Class: 1, Kind: policy.Allow, Data: 1 | 2 | 8},
		{Source: 1, Target: 2, Class: 1, Kind: policy.AuditAllow, Data: 1},
		{Source: 1, Target: 2, Class: 1, Kind: policy.DontAudit, Data: ^uint32(0) &^ 4},
		{Source: 1, Target: 2, Class: 1, Kind: policy.AllowXperm, Data: 0},
		{Source: 1, Target: 1, Class: 2, Kind: policy.Allow, Data: uint32(ProcessFork)},
		{Source: 1, Target: 2, Class: 1, Kind: policy.TypeTransition, Data: 3},
	}
	return b
}

type served struct {
	*Server
	server           *security.Server
	task, file, free policy.SID
}

func serve(t *testing.T, b *policy.Builder) served {
	t.Helper()
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	s, err := security.New(p, &security.Options{Enforcing: true})
	if err != nil {
		t.Fatal(err)
	}
	sid := func(context string) policy.SID {
		sid, err := s.SID(context)
		if err != nil {
			t.Fatal(err)
		}
		return sid
	}
	return served{
		Server: NewServer(avc.New(s, nil)), server: s,
		task: sid("u:r:task_t"), file: sid("u:object_r:file_t"), free: sid("u:r:free_t"),
	}
}

func TestServer(t *testing.T) {
	s := serve(t, serverBuilder())
	query := func(source, target policy.SID, c Class, perms Perms) Query {
		return Query{Source: source, Target: target, Class: c, Perms: perms}
	}
	ioctl := func(value uint16) Query {
		q := query(s.task, s.file, ClassFile, FileIoctl)
		q.Xperm = Xperm{Kind: XpermIoctl, Value: value}
		return q
	}
	for name, tt := range map[string]struct {
		query Query
		want  Answer
	}{
		"nothing":        {query(s.task, s.file, ClassFile, 0), Answer{}},
		"allowed":        {query(s.task, s.file, ClassFile, FileRead), Answer{}},
		"audited":        {query(s.task, s.file, ClassFile, FileRead|FileOpen), Answer{Logged: FileOpen}},
		"dontaudit":      {query(s.task, s.file, ClassFile, FileRead|FileWrite), Answer{Refused: true, Denied: FileWrite}},
		"denied":         {query(s.file, s.task, ClassFile, FileRead|FileWrite), Answer{Refused: true, Denied: FileRead | FileWrite, Logged: FileRead | FileWrite}},
		"same numbers":   {query(s.task, s.task, ClassProcess, ProcessFork), Answer{}},
		"same, denied":   {query(s.task, s.task, ClassProcess, ProcessFork|ProcessPtrace), Answer{Refused: true, Denied: ProcessPtrace, Logged: ProcessPtrace}},
		"permissive":     {query(s.free, s.file, ClassFile, FileRead), Answer{Denied: FileRead, Logged: FileRead}},
		"unknown perm":   {query(s.task, s.file, ClassFile, FileRead|FileOpen|FileMap), Answer{Refused: true, Denied: FileMap, Logged: FileMap}},
		"unknown class":  {query(s.task, s.file, ClassDir, DirSearch), Answer{Refused: true, Denied: DirSearch, Logged: DirSearch}},
		"invalid class":  {query(s.task, s.file, 250, 1), Answer{Refused: true, Denied: 1, Logged: 1}},
		"permissive and": {query(s.free, s.file, ClassDir, DirSearch), Answer{Denied: DirSearch, Logged: DirSearch}},
		"ioctl":          {ioctl(0x5402), Answer{}},
		"other ioctl":    {ioctl(0x5403), Answer{Refused: true, Denied: FileIoctl, Logged: FileIoctl}},
		"netlink": {
			Query{Source: s.task, Target: s.task, Class: ClassProcess, Perms: ProcessPtrace, Xperm: Xperm{Kind: XpermNlmsg, Value: 1}},
			Answer{Refused: true, Denied: ProcessPtrace, Logged: ProcessPtrace},
		},
		"access": {
			Query{Source: s.file, Target: s.task, Class: ClassFile, Perms: FileRead, AuditIf: FileAuditAccess},
			Answer{Refused: true, Denied: FileRead, Logged: FileRead},
		},
		"access silenced": {
			Query{Source: s.task, Target: s.file, Class: ClassFile, Perms: FileMap, AuditIf: FileWrite},
			Answer{Refused: true, Denied: FileMap},
		},
	} {
		if got := s.Check(tt.query); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
	if got := s.Check(query(s.free, s.file, ClassFile, FileRead)); got != (Answer{}) {
		t.Errorf("a permissive denial is logged twice: %+v", got)
	}
	s.server.SetEnforcing(false)
	if got := s.Check(query(s.task, s.file, ClassFile, FileMap)); got.Refused || got.Denied != FileMap || s.Enforcing() {
		t.Errorf("permissive: %+v", got)
	}
}

func TestServerAllowUnknown(t *testing.T) {
	b := serverBuilder()
	b.HandleUnknown = policy.AllowUnknown
	s := serve(t, b)
	if !s.AllowUnknown() {
		t.Error("unknown isn't allowed")
	}
	for name, q := range map[string]Query{
		"class": {Source: s.task, Target: s.file, Class: ClassDir, Perms: DirSearch},
		"perm":  {Source: s.task, Target: s.file, Class: ClassFile, Perms: FileRead | FileMap},
	} {
		if got := s.Check(q); got != (Answer{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	q := Query{Source: s.file, Target: s.task, Class: ClassFile, Perms: FileRead, AuditIf: FileAuditAccess}
	if got := s.Check(q); got.Logged != 0 || !got.Refused {
		t.Errorf("access where audit_access is unknown: %+v", got)
	}
}

func TestServerLabels(t *testing.T) {
	s := serve(t, serverBuilder())
	sid, err := s.Transition(s.task, s.file, ClassFile, "x")
	if text, _ := s.Context(sid); err != nil || text != "u:object_r:free_t" {
		t.Errorf("transition: %s, %v", text, err)
	}
	if _, err := s.SID("u:r:none_t"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("unknown context: %v", err)
	}
	if sid, err := s.UnknownSID("u:r:none_t"); err != nil || sid == 0 {
		t.Errorf("unknown context kept: %v, %v", sid, err)
	}
	if !s.Bounded(s.task, s.file) || s.Bounded(s.file, s.task) {
		t.Error("bounds")
	}
	if err := s.ValidateTransition(s.file, s.task, ClassFile, s.task); err != nil {
		t.Errorf("validatetrans: %v", err)
	}
	if err := s.ValidateTransition(s.file, s.task, ClassDir, s.task); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("validatetrans of an unknown class: %v", err)
	}
	v := SetLabel(s, &Subject{SID: s.task}, &Inode{SID: s.file, Class: ClassDir, Private: true}, &Superblock{SID: s.file, Labels: true}, "u:r:free_t", Labeller{Owner: true})
	if v.Allowed() {
		t.Error("relabelled an object of a class that the policy lacks")
	}
	if s.Initial(SIDKernel) != security.SIDKernel || s.Initial(initialSIDCount) != 0 {
		t.Error("initial SIDs")
	}
	if s.Has(policy.CapOpenPerms) || s.Policy() != s.server.Policy() || s.Seqno() != s.server.Seqno() {
		t.Error("facts about the policy")
	}
}

func TestMap(t *testing.T) {
	s := serve(t, serverBuilder())
	m := s.Map()
	if m != s.Map() || m.Policy() != s.server.Policy() {
		t.Error("the map isn't kept")
	}
	if m.Class(ClassFile) != 1 || m.Class(ClassDir) != 0 || m.Class(250) != 0 {
		t.Error("numbers of classes")
	}
	if av, unknown := m.Vector(ClassFile, FileRead|FileOpen|FileMap); av != 3 || unknown != FileMap {
		t.Errorf("vector: %#x, unknown %#x", av, unknown)
	}
	if av, unknown := m.Vector(250, 5); av != 0 || unknown != 5 {
		t.Errorf("vector of no class: %#x, unknown %#x", av, unknown)
	}
	if got := m.Perms(ClassFile, FileRead|FileWrite|FileMap, 6); got != FileRead|FileWrite {
		t.Errorf("perms: %#x", got)
	}
	if got := m.Perms(250, 1, 1); got != 0 {
		t.Errorf("perms of no class: %#x", got)
	}
	missing := m.Missing()
	if !slices.Contains(missing, "dir") || !slices.Contains(missing, "file:map") || slices.Contains(missing, "process") {
		t.Errorf("missing: %v", missing)
	}
	next, err := serverBuilder().Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.Load(next); err != nil {
		t.Fatal(err)
	}
	if s.Map() == m {
		t.Error("the map is that of the old policy")
	}
}

func BenchmarkCheck(b *testing.B) {
	p, err := serverBuilder().Build()
	if err != nil {
		b.Fatal(err)
	}
	s, err := security.New(p, &security.Options{Enforcing: true})
	if err != nil {
		b.Fatal(err)
	}
	asker := NewServer(avc.New(s, nil))
	task, _ := s.SID("u:r:task_t")
	file, _ := s.SID("u:object_r:file_t")
	subject, i := &Subject{SID: task}, &Inode{SID: file, Class: ClassFile}
	b.ReportAllocs()
	for b.Loop() {
		Permission(asker, subject, i, AccessRead)
	}
}
