package security_test

import (
	"errors"
	"syscall"
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
)

// FuzzQuery asks everything about whatever contexts, class numbers and names
// come. An answer is a value or an error with the kernel's errno, a label that
// is given is valid, and an explanation agrees with the decision.
func FuzzQuery(f *testing.F) {
	m := newMaker(f, true)
	m.typ("dog_t", "dir_t", "log_t", "child_t")
	m.attribute("animal", "dog_t", "child_t")
	m.bound("dog_t", "child_t")
	m.allow("animal dir_t file read write", "animal animal process transition signal", "dog_t dir_t food eat")
	m.rules(policy.DontAudit, "animal dir_t file ioctl")
	m.rules(policy.TypeTransition, "dog_t dir_t file log_t")
	m.classOf("file").Constraints = []policy.Constraint{{Perms: 1, Expr: []policy.ConstraintOp{
		{Kind: policy.ConstraintAttr, Attr: policy.AttrHigh1High2, Operator: policy.OpDominates},
	}}}
	m.classOf("file").ValidateTrans = []policy.Constraint{{Expr: []policy.ConstraintOp{
		{Kind: policy.ConstraintNames, Attr: policy.AttrType | policy.AttrThird, Operator: policy.OpEqual, Names: ebitmap.Of(1)},
	}}}
	m.classOf("dir").DefaultRange = policy.DefaultRangeGLBLUB
	m.b.FilenameTransitions = []policy.FilenameTransition{{Name: "x", Target: m.id("dir_t"), Class: 2, Sources: ebitmap.SetOf(m.id("dog_t")), Result: m.id("log_t")}}
	p := m.policy()

	f.Add("u:r:dog_t:s1-s2:c1.c3", "v:object_r:dir_t:s1", uint32(2), "x")
	f.Add("u:r:child_t:s3", "u:s:dog_t:s1:c1,c3", uint32(1), "")
	f.Add("u:r:zebra_t", "::::", uint32(0), "\x00")
	f.Add("u:r:dog_t:s1", "u:object_r:dir_t:s2", uint32(3), "")
	f.Fuzz(func(t *testing.T, source, target string, class uint32, name string) {
		s, err := security.New(p, &security.Options{Enforcing: true})
		if err != nil {
			t.Fatal(err)
		}
		var sids [2]policy.SID
		for i, text := range []string{source, target} {
			known, err := s.SID(text)
			if (known == 0) != errors.Is(err, syscall.EINVAL) {
				t.Fatalf("%q: SID %d, %v", text, known, err)
			}
			if sids[i], err = s.SIDOrUnknown(text); err != nil || known != 0 && sids[i] != known {
				t.Fatalf("%q: SID %d, %v, want %d", text, sids[i], err, known)
			}
			checkLabel(t, s, sids[i])
		}
		c := policy.ClassID(class)
		d := s.ComputeAV(sids[0], sids[1], c)
		x := s.Explain(sids[0], sids[1], c, ^policy.AccessVector(0))
		for i, p := range x.Permissions {
			if p.Allowed != (d.Allowed>>i&1 != 0) || p.Allowed != (p.Reason == security.ReasonAllowed) {
				t.Fatalf("permission %d: %+v of %#x", i+1, p, d.Allowed)
			}
		}
		if x.Format() == "" {
			t.Fatal("no text")
		}
		for verb, ask := range map[string]func() (policy.SID, error){
			"create": func() (policy.SID, error) { return s.Create(sids[0], sids[1], c, name) },
			"member": func() (policy.SID, error) { return s.Member(sids[0], sids[1], c) },
			"change": func() (policy.SID, error) { return s.Change(sids[0], sids[1], c) },
		} {
			sid, err := ask()
			if (sid == 0) != (errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EACCES)) {
				t.Fatalf("%s: SID %d, %v", verb, sid, err)
			}
			if err == nil {
				checkLabel(t, s, sid)
			}
		}
		if err := s.ValidateTransition(sids[0], sids[1], c, sids[0]); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EPERM) {
			t.Fatal(err)
		}
	})
}

// checkLabel checks that a SID's text leads to an equal context.
func checkLabel(t *testing.T, s *security.Server, sid policy.SID) {
	t.Helper()
	text, err := s.Context(sid)
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.SID(text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Context(back); err != nil || again != text {
		t.Fatalf("%q became %q, %v", text, again, err)
	}
}
