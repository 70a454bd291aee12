package security_test

import (
	"errors"
	"syscall"
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
)

// verb asks for a label.
func (s *tester) verb(verb, source, target, class, name string) string {
	s.t.Helper()
	src, tgt, c := s.sid(source), s.sid(target), s.class(class)
	switch verb {
	case "member":
		return s.text(s.Member(src, tgt, c))
	case "change":
		return s.text(s.Change(src, tgt, c))
	}
	return s.text(s.Create(src, tgt, c, name))
}

func TestLabelsOfNewObjects(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t", "shell_t", "dir_t", "dog_file_t", "log_t", "member_t", "change_t", "bone_t")
	m.attribute("animal", "dog_t")
	m.rules(policy.TypeTransition, "dog_t dir_t file dog_file_t", "dog_t shell_t process bone_t", "animal shell_t dir bone_t")
	m.rules(policy.TypeMember, "dog_t dir_t dir member_t")
	m.rules(policy.TypeChange, "dog_t dir_t file change_t")
	m.b.FilenameTransitions = []policy.FilenameTransition{
		{Name: "log", Target: m.id("dir_t"), Class: 2, Sources: ebitmap.SetOf(m.id("shell_t")), Result: m.id("bone_t")},
		{Name: "log", Target: m.id("dir_t"), Class: 2, Sources: ebitmap.SetOf(m.id("dog_t")), Result: m.id("log_t")},
	}
	m.b.RoleTransitions = []policy.RoleTransition{
		{Role: 2, Type: m.id("shell_t"), Class: 1, Result: 3},
		{Role: 2, Type: m.id("shell_t"), Class: 1, Result: 2}, // the first counts
	}
	m.b.RangeTransitions = []policy.RangeTransition{
		{Source: m.id("dog_t"), Target: m.id("shell_t"), Class: 1, Range: m.rng("s2-s3:c1")},
		{Source: m.id("dog_t"), Target: m.id("shell_t"), Class: 1, Range: m.rng("s1")},
	}
	s := m.enforcing()
	tests := map[string]struct{ verb, source, target, class, name, want string }{
		"object takes type of target":  {"create", "u:r:shell_t:s2-s3", "v:object_r:dir_t:s1", "file", "", "u:object_r:dir_t:s2"},
		"type transition":              {"create", "u:r:dog_t:s2-s3", "v:object_r:dir_t:s1", "file", "", "u:object_r:dog_file_t:s2"},
		"no rule by attribute":         {"create", "u:r:dog_t", "u:object_r:shell_t", "dir", "", "u:object_r:shell_t:s1"},
		"file name":                    {"create", "u:r:dog_t", "u:object_r:dir_t", "file", "log", "u:object_r:log_t:s1"},
		"file name of another source":  {"create", "u:r:shell_t", "u:object_r:dir_t", "file", "log", "u:object_r:bone_t:s1"},
		"file name without source":     {"create", "u:r:log_t", "u:object_r:dir_t", "file", "log", "u:object_r:dir_t:s1"},
		"other file name":              {"create", "u:r:dog_t", "u:object_r:dir_t", "file", "logs", "u:object_r:dog_file_t:s1"},
		"file name of another class":   {"create", "u:r:dog_t", "u:object_r:dir_t", "dir", "log", "u:object_r:dir_t:s1"},
		"process":                      {"create", "u:r:dog_t:s1-s4:c1", "u:object_r:shell_t", "process", "", "u:s:bone_t:s2-s3:c1"},
		"process without rules":        {"create", "u:s:dir_t:s1-s4:c1", "v:object_r:dog_t:s2", "process", "", "u:s:dir_t:s1-s4:c1"},
		"socket":                       {"create", "u:s:dir_t:s1-s4:c1", "v:object_r:dog_t:s2", "tcp_socket", "", "u:s:dir_t:s1-s4:c1"},
		"socket that the kernel lacks": {"create", "u:s:dir_t:s1-s4:c1", "v:object_r:dog_t:s2", "game_socket", "", "u:object_r:dog_t:s1"},
		"member":                       {"member", "u:r:dog_t:s2-s3", "v:object_r:dir_t:s1", "dir", "", "v:object_r:member_t:s2"},
		"member of a process":          {"member", "u:r:shell_t:s1-s2", "v:r:dog_t:s1", "process", "", "v:r:shell_t:s1"},
		"change":                       {"change", "u:r:dog_t:s2-s3", "v:object_r:dir_t:s1", "file", "", "u:object_r:change_t:s2"},
		"change of a process":          {"change", "u:r:dog_t:s2-s3", "v:object_r:shell_t:s1", "process", "", "u:r:dog_t:s2-s3"},
		"change ignores transitions":   {"change", "u:r:dog_t", "u:object_r:shell_t", "dir", "", "u:object_r:shell_t:s1"},
	}
	byName := func(p *policy.Policy) policy.ClassID { return p.ClassByName("file").ID }
	if got := s.text(s.CreateFor(s.sid("u:r:dog_t"), s.sid("u:object_r:dir_t"), byName, "log")); got != "u:object_r:log_t:s1" {
		t.Errorf("class by name: %q", got)
	}
	for name, tt := range tests {
		for range 2 { // the second time, the context exists
			if got := s.verb(tt.verb, tt.source, tt.target, tt.class, tt.name); got != tt.want {
				t.Errorf("%s: got %q, want %q", name, got, tt.want)
			}
		}
	}
}

// A class number that doesn't exist makes an object.
func TestLabelsOfUnknownClasses(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t")
	s := m.enforcing()
	for _, class := range []policy.ClassID{0, 99, 1 << 30} {
		if got := s.text(s.Create(s.sid("u:r:dog_t:s2-s3"), s.sid("v:object_r:unlabeled_t:s1"), class, "x")); got != "u:object_r:unlabeled_t:s2" {
			t.Errorf("class %d: %q", class, got)
		}
	}
	// The first class that the kernel has and this policy lacks is a socket, if the
	// policy has all before it; and class 0 is that one.
	m = newMaker(t, true)
	m.typ("dog_t")
	for _, name := range []string{
		"security", "process2", "system", "capability", "filesystem", "fd", "lnk_file", "chr_file", "blk_file", "sock_file", "fifo_file",
	} {
		m.class(name)
	}
	s = m.enforcing()
	if got := s.text(s.Create(s.sid("u:r:dog_t:s2-s3"), s.sid("v:object_r:unlabeled_t:s1"), 0, "")); got != "u:r:dog_t:s2-s3" {
		t.Errorf("class 0: %q", got)
	}
}

func TestDefaults(t *testing.T) {
	source, target := "u:r:dog_t:s2:c1-s4:c1,c2", "v:object_r:dir_t:s1-s3:c1"
	tests := map[string]struct {
		set  func(c *policy.Class)
		verb string
		want string
	}{
		"none":                {func(*policy.Class) {}, "create", "u:object_r:dir_t:s2:c1"},
		"user source":         {func(c *policy.Class) { c.DefaultUser = policy.DefaultSource }, "create", "u:object_r:dir_t:s2:c1"},
		"user target":         {func(c *policy.Class) { c.DefaultUser = policy.DefaultTarget }, "create", "v:object_r:dir_t:s2:c1"},
		"user target, change": {func(c *policy.Class) { c.DefaultUser = policy.DefaultTarget }, "change", "v:object_r:dir_t:s2:c1"},
		"user source, member": {func(c *policy.Class) { c.DefaultUser = policy.DefaultSource }, "member", "v:object_r:dir_t:s2:c1"},
		"role source":         {func(c *policy.Class) { c.DefaultRole = policy.DefaultSource }, "create", "u:r:dir_t:s2:c1"},
		"role target":         {func(c *policy.Class) { c.DefaultRole = policy.DefaultTarget }, "create", "u:object_r:dir_t:s2:c1"},
		"type source":         {func(c *policy.Class) { c.DefaultType = policy.DefaultSource }, "create", "u:object_r:dog_t:s2:c1"},
		"type target":         {func(c *policy.Class) { c.DefaultType = policy.DefaultTarget }, "create", "u:object_r:dir_t:s2:c1"},
		"source low":          {func(c *policy.Class) { c.DefaultRange = policy.DefaultRangeSourceLow }, "create", "u:object_r:dir_t:s2:c1"},
		"source high":         {func(c *policy.Class) { c.DefaultRange = policy.DefaultRangeSourceHigh }, "create", "u:object_r:dir_t:s4:c1,c2"},
		"source low-high":     {func(c *policy.Class) { c.DefaultRange = policy.DefaultRangeSourceLowHigh }, "create", "u:object_r:dir_t:s2:c1-s4:c1,c2"},
		"target low":          {func(c *policy.Class) { c.DefaultRange = policy.DefaultRangeTargetLow }, "create", "u:object_r:dir_t:s1"},
		"target high":         {func(c *policy.Class) { c.DefaultRange = policy.DefaultRangeTargetHigh }, "create", "u:object_r:dir_t:s3:c1"},
		"target low-high":     {func(c *policy.Class) { c.DefaultRange = policy.DefaultRangeTargetLowHigh }, "create", "u:object_r:dir_t:s1-s3:c1"},
		"glblub":              {func(c *policy.Class) { c.DefaultRange = policy.DefaultRangeGLBLUB }, "create", "u:object_r:dir_t:s2-s3:c1"},
		"range, change":       {func(c *policy.Class) { c.DefaultRange = policy.DefaultRangeTargetLow }, "change", "u:object_r:dir_t:s2:c1"},
		"range, member":       {func(c *policy.Class) { c.DefaultRange = policy.DefaultRangeTargetLow }, "member", "v:object_r:dir_t:s2:c1"},
	}
	for name, tt := range tests {
		m := newMaker(t, true)
		m.typ("dog_t", "dir_t")
		tt.set(m.classOf("file"))
		s := m.enforcing()
		if got := s.verb(tt.verb, source, target, "file", ""); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestDefaultsBeatInheritance(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t", "cat_t")
	c := m.classOf("process")
	c.DefaultRole, c.DefaultType = policy.DefaultTarget, policy.DefaultTarget
	s := m.enforcing()
	if got := s.verb("create", "u:r:dog_t:s1-s2", "u:s:cat_t:s2", "process", ""); got != "u:s:cat_t:s1-s2" {
		t.Errorf("got %q", got)
	}
}

func TestRangesWithoutCommonSensitivity(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t")
	m.classOf("file").DefaultRange = policy.DefaultRangeGLBLUB
	s := m.enforcing()
	_, err := s.Create(s.sid("u:r:dog_t:s1"), s.sid("u:object_r:dog_t:s2"), s.class("file"), "")
	if !errors.Is(err, syscall.EINVAL) {
		t.Errorf("error %v", err)
	}
}

// A label that the policy doesn't allow is an error, unless the mode is
// permissive; what came to be so is not valid for others.
func TestInvalidLabels(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t")
	m.add(policy.Type{Name: "bare_t"}) // no role may have it
	m.rules(policy.TypeTransition, "dog_t dog_t process bare_t")
	m.allow("bare_t dog_t food eat")
	var records []string
	s := m.server(&security.Options{Enforcing: true, Audit: func(r string) { records = append(records, r) }})
	dog, process := s.sid("u:r:dog_t"), s.class("process")
	refused := func() {
		t.Helper()
		if _, err := s.Create(dog, dog, process, ""); !errors.Is(err, syscall.EACCES) || !errors.Is(err, policy.ErrRoleType) {
			t.Errorf("error %v", err)
		}
	}
	refused()
	s.SetEnforcing(false)
	sid, err := s.Create(dog, dog, process, "")
	if err != nil || s.text(sid, nil) != "u:r:bare_t" {
		t.Fatalf("permissive: %q, %v", s.text(sid, nil), err)
	}
	if again, err := s.Create(dog, dog, process, ""); err != nil || again != sid {
		t.Errorf("permissive again: %d, %v, want %d", again, err, sid)
	}
	if got := s.ComputeAV(sid, dog, s.class("food")).Allowed; got != 1 {
		t.Errorf("allowed %#x", got)
	}
	if _, err := s.SID("u:r:bare_t"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("text of an invalid context: %v", err)
	}
	s.SetEnforcing(true)
	refused()
	if len(records) != 4 {
		t.Errorf("%d records", len(records))
	}
	const want = `op=security_compute_sid invalid_context="u:r:bare_t" scontext=u:r:dog_t tcontext=u:r:dog_t tclass=process`
	if records[0] != want {
		t.Errorf("records %q", records)
	}
}

// Names that would break a record are written in hexadecimal.
func TestInvalidLabelRecordIsEscaped(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t")
	m.add(policy.Type{Name: "b t"})
	m.rules(policy.TypeTransition, "dog_t dog_t process dog_t")
	m.b.Rules[0].Data = uint32(m.id("b t"))
	record := ""
	s := m.server(&security.Options{Audit: func(r string) { record = r }})
	s.verb("create", "u:r:dog_t", "u:r:dog_t", "process", "")
	if want := "op=security_compute_sid invalid_context=753A723A622074 scontext=u:r:dog_t tcontext=u:r:dog_t tclass=process"; record != want {
		t.Errorf("record %q, want %q", record, want)
	}
}
