package security_test

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
)

func TestSIDs(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t")
	m.attribute("animal", "dog_t")
	m.b.Types = append(m.b.Types, policy.Type{Name: "hound_t", ID: m.id("dog_t"), Alias: true})
	s := m.enforcing()
	dog := s.sid("u:r:dog_t:s1-s4:c1,c2,c3")
	for _, text := range []string{
		"u:r:dog_t:s1-s4:c1.c3", "u:r:hound_t:s1-s4:c1,c2,c3", "u:r:dog_t:s1-s4:c3,c2,c1", "u:r:dog_t:s1-s4:c1.c3\x00rest",
	} {
		if got, err := s.SID(text); err != nil || got != dog {
			t.Errorf("%q: SID %d, %v, want %d", text, got, err, dog)
		}
	}
	if got := s.text(dog, nil); got != "u:r:dog_t:s1-s4:c1.c3" {
		t.Errorf("text %q", got)
	}
	for _, text := range []string{
		"", "\x00", "u", "u:r", "u:r:dog_t", "u:r:dog_t:", "u:r:dog_t:s9", "u:r:dog_t:s1:c9", "u:r:dog_t:s1:", "u:r:dog_t:s1:c2.c1",
		"u:r:dog_t:s2-s1", "u:r:animal:s1", "x:r:dog_t:s1", "u:x:dog_t:s1", "u:r:x:s1", "v:s:dog_t:s1", "v:r:dog_t:s3", " u:r:dog_t:s1",
		"u:r:dog_t:s1 ", "u:r:dog_t:s1-", "u:r:dog_t:s1-s2-s3", "U:r:dog_t:s1",
	} {
		sid, err := s.SID(text)
		var e *security.Error
		if !errors.Is(err, syscall.EINVAL) || !errors.As(err, &e) || e.Errno != syscall.EINVAL || err.Error() == "" {
			t.Errorf("%q: SID %d, error %v", text, sid, err)
		}
	}
}

func TestUnknownContexts(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t")
	s := m.enforcing()
	sid, err := s.SIDOrUnknown("u:r:zebra_t:s1")
	if err != nil || sid == 0 {
		t.Fatal(err)
	}
	if again, _ := s.SIDOrUnknown("u:r:zebra_t:s1"); again != sid {
		t.Errorf("SID %d, then %d", sid, again)
	}
	if got := s.text(sid, nil); got != "u:object_r:unlabeled_t:s1" {
		t.Errorf("text %q", got)
	}
	if raw, valid := s.Snapshot().RawContext(sid); raw != "u:r:zebra_t:s1" || valid {
		t.Errorf("raw text %q, %v", raw, valid)
	}
	if raw, valid := s.Snapshot().RawContext(12345); raw != "u:object_r:unlabeled_t:s1" || !valid {
		t.Errorf("raw text of no context %q, %v", raw, valid)
	}
	if _, err := s.SID("u:r:zebra_t:s1"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("unknown context is valid: %v", err)
	}
	if known, _ := s.SIDOrUnknown("u:r:dog_t:s1"); known != s.sid("u:r:dog_t:s1") {
		t.Error("a known context is unknown")
	}
	if got, ok := s.Snapshot().ContextValue(sid); !ok || !got.Equal(m.context("u:object_r:unlabeled_t")) {
		t.Errorf("value %+v", got)
	}
	if x := s.Explain(sid, sid, s.class("food"), 1); x.RawSource != "u:r:zebra_t:s1" || x.RawTarget != x.RawSource {
		t.Errorf("explained as %q, %q", x.RawSource, x.RawTarget)
	}
}

func TestDefaultRanges(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t")
	s := m.enforcing()
	def := s.sid("u:r:dog_t:s2:c1-s3:c1")
	for text, want := range map[string]string{
		"u:r:dog_t":       "u:r:dog_t:s2:c1-s3:c1",
		"u:r:dog_t:s4":    "u:r:dog_t:s4",
		"v:r:dog_t":       "u:object_r:unlabeled_t:s1", // not in v's range
		"nonsense":        "u:object_r:unlabeled_t:s1",
		"u:r:dog_t:":      "u:object_r:unlabeled_t:s1",
		"u:object_r:x_t:": "u:object_r:unlabeled_t:s1",
	} {
		sid, err := s.SIDWithDefault(text, def)
		if got := s.text(sid, err); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	m = newMaker(t, false)
	m.typ("dog_t")
	s = m.enforcing()
	sid, err := s.SIDWithDefault("u:r:dog_t:s2", 3)
	if got := s.text(sid, err); got != "u:r:dog_t" {
		t.Errorf("range in a policy without MLS: %q", got)
	}
	if _, err := s.SID("u:r:dog_t:s2"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("range in a policy without MLS: %v", err)
	}
}

func TestInitialSIDs(t *testing.T) {
	for name, want := range map[string]policy.SID{
		"kernel": 1, "security": 2, "unlabeled": 3, "fs": 4, "file": 5, "init": 7, "any_socket": 8, "port": 9,
		"netif": 10, "netmsg": 11, "node": 12, "scmp_packet": 26, "devnull": 27, "": 0, "zebra": 0,
	} {
		if got := security.InitialSIDByName(name); got != want {
			t.Errorf("%s: SID %d, want %d", name, got, want)
		}
		if got, _ := security.InitialSIDName(want); want != 0 && got != name {
			t.Errorf("SID %d is %q, want %q", want, got, name)
		}
	}
	if name, used := security.InitialSIDName(28); name != "" || used {
		t.Errorf("SID 28 is %q", name)
	}
	m := newMaker(t, false)
	m.typ("kernel_t", "init_t", "fs_t")
	isid := func(sid policy.SID, typ string) policy.InitialSID {
		return policy.InitialSID{SID: sid, Context: m.context("u:object_r:" + typ)}
	}
	m.b.InitialSIDs = append(m.b.InitialSIDs, isid(4, "fs_t"), isid(7, "init_t"), isid(1, "kernel_t"), isid(5, "kernel_t"), isid(99, "fs_t"))
	data := *m.b
	s := m.enforcing()
	for name, want := range map[string]string{
		"kernel": "kernel_t", "file": "kernel_t", "fs": "unlabeled_t", "port": "unlabeled_t",
		"init": "kernel_t", // by the kernel's own label, without the capability
	} {
		if got := s.text(s.InitialSID(name), nil); got != "u:object_r:"+want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := s.sid("u:object_r:kernel_t"); got != security.SIDInit && got != security.SIDKernel {
		t.Errorf("kernel's context has SID %d", got)
	}
	data.Capabilities = ebitmap.Of(uint32(policy.CapUserspaceInitialContext))
	p, err := data.Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(p); err != nil {
		t.Fatal(err)
	}
	if got := s.text(security.SIDInit, nil); got != "u:object_r:init_t" {
		t.Errorf("init with the capability is %q", got)
	}
}

// A policy may lack unlabeled; then a SID may stand for nothing.
func TestNoUnlabeled(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t")
	m.b.InitialSIDs = nil
	m.b.HandleUnknown = policy.AllowUnknown
	s := m.enforcing()
	dog := s.sid("u:r:dog_t")
	for _, pair := range [][2]policy.SID{{99, dog}, {dog, 99}} {
		for _, class := range []policy.ClassID{0, s.class("food")} {
			if got := s.ComputeAV(pair[0], pair[1], class); got.Allowed != 0 {
				t.Errorf("%v: allowed %#x", pair, got.Allowed)
			}
			if got := s.Xperms(pair[0], pair[1], class, security.XpermIoctl, 1); got.Allowed != (security.XpermSet{}) {
				t.Errorf("%v: allowed %v", pair, got.Allowed)
			}
			x := s.Explain(pair[0], pair[1], class, 1)
			if x.Granted() || x.Permissions[0].Reason != security.ReasonNoContext || x.Format() == "" {
				t.Errorf("%v: explained as %+v", pair, x)
			}
		}
		_, err := s.Create(pair[0], pair[1], 1, "")
		for _, err := range []error{
			err, s.ValidateTransition(pair[0], pair[1], 1, dog), s.ValidateTransition(dog, dog, 1, 99), s.BoundedTransition(pair[0], pair[1]),
		} {
			if !errors.Is(err, syscall.EINVAL) || !errors.Is(err, security.ErrNoUnlabeled) {
				t.Errorf("%v: %v", pair, err)
			}
		}
	}
	if _, err := s.Context(99); !errors.Is(err, syscall.EINVAL) {
		t.Error(err)
	}
	if raw, valid := s.Snapshot().RawContext(99); raw != "" || valid {
		t.Errorf("raw text %q", raw)
	}
	if _, ok := s.Snapshot().ContextValue(99); ok {
		t.Error("SID 99 has a value")
	}
	if sid, err := s.SIDWithDefault("u:r:dog_t", 99); err != nil || s.text(dog, nil) == "" {
		t.Error(sid, err)
	}
	plain := newMaker(t, false)
	plain.typ("dog_t")
	if err := s.Load(plain.policy()); err != nil {
		t.Fatal(err)
	}
	m = newMaker(t, true)
	m.typ("dog_t")
	m.b.InitialSIDs = nil
	if err := s.Load(m.policy()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Context(dog); err == nil {
		t.Error("a range came from nowhere")
	}
}

func TestNoPolicy(t *testing.T) {
	if _, err := security.New(nil, nil); err == nil {
		t.Error("a server without a policy")
	}
	s := newMaker(t, false).enforcing()
	if err := s.Load(nil); err == nil || s.Seqno() != 1 {
		t.Errorf("load of nothing: %v", err)
	}
}

func TestLoadKeepsSIDs(t *testing.T) {
	first := newMaker(t, true)
	first.typ("dog_t", "cat_t", "old_t")
	first.boolean("kept", false)
	first.boolean("gone", true)
	first.allow("dog_t cat_t food eat")
	s := first.enforcing()
	if err := s.SetBooleans(map[string]bool{"kept": true}); err != nil {
		t.Fatal(err)
	}
	dog, cat, old := s.sid("u:r:dog_t:s2:c1,c2"), s.sid("u:object_r:cat_t"), s.sid("u:r:old_t")
	later, _ := s.SIDOrUnknown("u:r:new_t:s1")
	never, _ := s.SIDOrUnknown("zebra")
	s2 := s.sid("u:s:dog_t")

	// Other numbers for everything, no old_t, no role s for u.
	second := newMaker(t, true)
	second.typ("new_t", "cat_t", "x_t", "dog_t")
	slices.Reverse(second.b.Classes)
	for i := range second.b.Classes {
		second.b.Classes[i].ID = policy.ClassID(i + 1)
	}
	second.b.Users[0].Roles = ebitmap.SetOf[policy.RoleID](2)
	second.boolean("fresh", true)
	second.boolean("kept", false)
	second.allow("dog_t cat_t food eat", "new_t unlabeled_t food eat", "unlabeled_t unlabeled_t dir search")
	before := s.Snapshot()
	if err := s.Load(second.policy()); err != nil {
		t.Fatal(err)
	}
	check := func(sid policy.SID, want, wantRaw string) {
		t.Helper()
		raw, _ := s.Snapshot().RawContext(sid)
		if got := s.text(sid, nil); got != want || raw != wantRaw {
			t.Errorf("SID %d is %q, raw %q, want %q, %q", sid, got, raw, want, wantRaw)
		}
	}
	const unlabeled = "u:object_r:unlabeled_t:s1"
	check(dog, "u:r:dog_t:s2:c1,c2", "u:r:dog_t:s2:c1,c2")
	check(cat, "u:object_r:cat_t:s1", "u:object_r:cat_t:s1")
	check(old, unlabeled, "u:r:old_t:s1")
	check(s2, unlabeled, "u:s:dog_t:s1")
	check(later, "u:r:new_t:s1", "u:r:new_t:s1")
	check(never, unlabeled, "zebra")
	if got := s.sid("u:r:new_t:s1"); got != later {
		t.Errorf("new_t has SID %d, want %d", got, later)
	}
	if got := s.ComputeAV(dog, cat, s.class("food")).Allowed; got != 1 {
		t.Errorf("dog may not eat: %#x", got)
	}
	if got := s.ComputeAV(old, never, s.class("dir")).Allowed; got != 1 {
		t.Errorf("unlabeled may not search: %#x", got)
	}
	if value, _ := s.Snapshot().Boolean("kept"); !value {
		t.Error("boolean lost its value")
	}
	if value, _ := s.Snapshot().Boolean("fresh"); !value {
		t.Error("new boolean lacks its value")
	}
	if s.Seqno() != 3 || s.Snapshot().Epoch() <= before.Epoch() {
		t.Errorf("sequence number %d, epoch %d after %d", s.Seqno(), s.Snapshot().Epoch(), before.Epoch())
	}
	// The old state still answers for itself.
	if got, _ := before.Context(old); got != "u:r:old_t:s1" || before.Seqno() != 2 {
		t.Errorf("the old snapshot says %q", got)
	}

	third := newMaker(t, true)
	third.typ("dog_t", "old_t")
	if err := s.Load(third.policy()); err != nil {
		t.Fatal(err)
	}
	check(old, "u:r:old_t:s1", "u:r:old_t:s1")
	check(s2, "u:s:dog_t:s1", "u:s:dog_t:s1")
	check(cat, unlabeled, "u:object_r:cat_t:s1")
	check(never, unlabeled, "zebra")
}

func TestLoadAcrossMLS(t *testing.T) {
	plain := func() *policy.Policy {
		m := newMaker(t, false)
		m.typ("dog_t")
		return m.policy()
	}
	m := newMaker(t, true)
	m.typ("dog_t")
	m.b.InitialSIDs[0].Context.Range = m.rng("s2:c1")
	s := m.enforcing()
	dog := s.sid("u:r:dog_t:s1-s4")
	if err := s.Load(plain()); err != nil {
		t.Fatal(err)
	}
	if got := s.text(dog, nil); got != "u:r:dog_t" {
		t.Errorf("without MLS: %q", got)
	}
	m = newMaker(t, true)
	m.typ("dog_t")
	m.b.InitialSIDs[0].Context.Range = m.rng("s2:c1")
	if err := s.Load(m.policy()); err != nil {
		t.Fatal(err)
	}
	if got := s.text(dog, nil); got != "u:r:dog_t:s2:c1" {
		t.Errorf("with MLS again: %q", got)
	}
}

func TestLoadLosesLevels(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t")
	s := m.enforcing()
	sensitivity, category := s.sid("u:r:dog_t:s1-s4"), s.sid("u:r:dog_t:s1-s2:c8")
	m = newMaker(t, true)
	m.typ("dog_t")
	m.b.Sensitivities[3].Name = "s99"
	m.b.Categories[7].Name = "c99"
	if err := s.Load(m.policy()); err != nil {
		t.Fatal(err)
	}
	for _, sid := range []policy.SID{sensitivity, category} {
		if _, valid := s.Snapshot().RawContext(sid); valid {
			t.Errorf("%q is still valid", s.text(sid, nil))
		}
	}
}

// In permissive mode a load keeps what the new policy wouldn't allow to exist.
func TestLoadInPermissiveMode(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t", "x_t")
	s := m.server(nil)
	if s.Enforcing() {
		t.Fatal("a server starts enforcing")
	}
	sid, attribute := s.sid("u:s:dog_t"), s.sid("u:s:x_t")
	m = newMaker(t, false)
	m.typ("dog_t")
	m.attribute("x_t")
	m.b.Users[0].Roles = ebitmap.SetOf[policy.RoleID](2)
	if err := s.Load(m.policy()); err != nil {
		t.Fatal(err)
	}
	if got := s.text(sid, nil); got != "u:s:dog_t" {
		t.Errorf("text %q", got)
	}
	if got := s.text(attribute, nil); got != "u:object_r:unlabeled_t" {
		t.Errorf("an attribute became a type: %q", got)
	}
	if _, err := s.SID("u:s:dog_t"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("new use of an invalid context: %v", err)
	}
}

func TestSetEnforcing(t *testing.T) {
	s := newMaker(t, false).server(nil)
	epoch := s.Snapshot().Epoch()
	s.SetEnforcing(false)
	if s.Snapshot().Epoch() != epoch {
		t.Error("no change changed the epoch")
	}
	s.SetEnforcing(true)
	if !s.Enforcing() || s.Seqno() != 1 || s.Snapshot().Epoch() == epoch {
		t.Errorf("enforcing %v, sequence number %d, epoch %d", s.Enforcing(), s.Seqno(), s.Snapshot().Epoch())
	}
}
