package avc_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
	"seward/security/avc"
)

// SIDs of the test policy's contexts.
type world struct {
	*security.Server
	cache              *avc.Cache
	dog, perm          policy.SID
	chow, other        policy.SID
	file               policy.ClassID
	read, write, ioctl policy.AccessVector
}

// newWorld makes a policy in which dog_t may read and use ioctl on chow_t,
// reading is logged, denied writing isn't; perm_t is permissive.
func newWorld(t *testing.T, opts *avc.Options, xperms ...policy.Rule) *world {
	t.Helper()
	names := []string{"unlabeled_t", "dog_t", "perm_t", "chow_t", "other_t"}
	b := &policy.Builder{Version: policy.VersionMax}
	b.Classes = []policy.Class{{Name: "file", ID: 1, Permissions: []policy.PermissionName{
		{Name: "read", Number: 1}, {Name: "write", Number: 2}, {Name: "ioctl", Number: 3}, {Name: "open", Number: 4},
	}}}
	b.Roles = []policy.Role{{Name: "object_r", ID: 1}, {Name: "r", ID: 2}}
	b.Users = []policy.User{{Name: "u", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](2)}}
	for i, name := range names {
		id := policy.TypeID(i + 1)
		b.Types = append(b.Types, policy.Type{Name: name, ID: id})
		b.TypeAttributes = append(b.TypeAttributes, ebitmap.SetOf(id))
		b.Roles[1].Types.Add(id)
	}
	b.Permissive = ebitmap.SetOf[policy.TypeID](3)
	b.Rules = []policy.Rule{
		{Kind: policy.Allow, Source: 2, Target: 4, Class: 1, Data: 1 | 4},
		{Kind: policy.AuditAllow, Source: 2, Target: 4, Class: 1, Data: 1 | 4},
		{Kind: policy.DontAudit, Source: 2, Target: 4, Class: 1, Data: ^uint32(2)},
		{Kind: policy.Allow, Source: 3, Target: 4, Class: 1, Data: 4},
	}
	b.Xperms = []policy.Xperms{
		{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: [8]uint32{1<<1 | 1<<2}},
		{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: [8]uint32{1 << 2}},
		{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: [8]uint32{1 << 3}},
	}
	b.Rules = append(b.Rules, xperms...)
	b.InitialSIDs = []policy.InitialSID{{SID: security.SIDUnlabeled, Context: policy.Context{User: 1, Role: 1, Type: 1}}}
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	s, err := security.New(p, &security.Options{Enforcing: true})
	if err != nil {
		t.Fatal(err)
	}
	sid := func(text string) policy.SID {
		sid, err := s.SID(text)
		if err != nil {
			t.Fatal(err)
		}
		return sid
	}
	return &world{
		Server: s, cache: avc.New(s, opts),
		dog: sid("u:r:dog_t"), perm: sid("u:r:perm_t"), chow: sid("u:object_r:chow_t"), other: sid("u:object_r:other_t"),
		file: 1, read: 1, write: 2, ioctl: 4,
	}
}

const all = ^policy.AccessVector(0)

func TestCheck(t *testing.T) {
	w := newWorld(t, nil)
	quiet := all &^ w.write
	tests := map[string]struct {
		src, tgt policy.SID
		perms    policy.AccessVector
		want     avc.Result
	}{
		"granted and logged":        {w.dog, w.chow, w.read, avc.Result{Granted: true, Audit: w.read, AuditDeny: quiet}},
		"denied, not logged":        {w.dog, w.chow, w.write, avc.Result{Denied: w.write, AuditDeny: quiet}},
		"denied with granted":       {w.dog, w.chow, w.read | w.write | 8, avc.Result{Denied: w.write | 8, Audit: 8, AuditDeny: quiet}},
		"denied":                    {w.dog, w.other, w.read, avc.Result{Denied: w.read, Audit: w.read, AuditDeny: all}},
		"nothing":                   {w.dog, w.other, 0, avc.Result{Granted: true, AuditDeny: all}},
		"permissive domain granted": {w.perm, w.chow, w.ioctl, avc.Result{Granted: true, AuditDeny: all}},
	}
	for name, tt := range tests {
		for range 3 {
			if diff := cmp.Diff(tt.want, w.cache.Check(tt.src, tt.tgt, w.file, tt.perms)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
	if got, want := w.cache.Decide(w.dog, w.chow, w.file), w.ComputeAV(w.dog, w.chow, w.file); got != want {
		t.Errorf("decision %+v, want %+v", got, want)
	}
	if w.cache.Server() != w.Server {
		t.Error("another server")
	}
}

// What a permissive domain or system is denied is logged once.
func TestPermissive(t *testing.T) {
	w := newWorld(t, nil)
	check := func(when string, src policy.SID, want avc.Result) {
		t.Helper()
		if diff := cmp.Diff(want, w.cache.Check(src, w.other, w.file, w.read|w.write)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	rw := w.read | w.write
	first := avc.Result{Granted: true, Permissive: true, Denied: rw, Audit: rw, AuditDeny: all}
	again := avc.Result{Granted: true, AuditDeny: all}
	check("domain", w.perm, first)
	check("domain again", w.perm, again)
	refused := avc.Result{Denied: rw, Audit: rw, AuditDeny: all}
	check("enforcing", w.dog, refused)
	w.SetEnforcing(false)
	check("permissive", w.dog, first)
	check("permissive again", w.dog, again)
	check("domain after the change of mode", w.perm, first)
	w.SetEnforcing(true)
	check("enforcing again", w.dog, refused)
}

// A cache of one set forgets, and answers the same.
func TestEviction(t *testing.T) {
	w := newWorld(t, &avc.Options{Slots: 1})
	targets := []policy.SID{w.dog, w.perm, w.chow, w.other, security.SIDUnlabeled, 999}
	w.SetEnforcing(false)
	for range 3 {
		for _, tgt := range targets {
			r := w.cache.Check(w.dog, tgt, w.file, w.read|w.write)
			want := w.ComputeAV(w.dog, tgt, w.file)
			if r.AuditDeny != want.AuditDeny || r.Denied&^(w.read|w.write) != 0 || !r.Granted {
				t.Errorf("target %d: %+v", tgt, r)
			}
			// The entry in the second place is widened too.
			if r := w.cache.Check(w.dog, w.chow, w.file, w.write); !r.Granted {
				t.Errorf("after target %d: %+v", tgt, r)
			}
		}
	}
}

// Who asks an old state gets its answers, and doesn't disturb the present.
func TestOldSnapshot(t *testing.T) {
	w := newWorld(t, &avc.Options{Slots: 2})
	old := w.Snapshot()
	w.SetEnforcing(false)
	w.cache.Check(w.dog, w.other, w.file, w.read)
	if r := w.cache.CheckAt(old, w.dog, w.other, w.file, w.read); r.Granted || r.Denied != w.read {
		t.Errorf("old state: %+v", r)
	}
	if r := w.cache.Check(w.dog, w.other, w.file, w.read); !r.Granted || r.Denied != 0 {
		t.Errorf("present state: %+v", r)
	}
}

func TestCheckXperm(t *testing.T) {
	rule := func(kind policy.RuleKind, source policy.TypeID, n uint32) policy.Rule {
		return policy.Rule{Kind: kind, Source: source, Target: 4, Class: 1, Data: n}
	}
	w := newWorld(t, nil, rule(policy.AllowXperm, 2, 0), rule(policy.AuditAllowXperm, 2, 1), rule(policy.DontAuditXperm, 2, 2), rule(policy.AllowXperm, 3, 0))
	check := func(name string, src, tgt policy.SID, perms policy.AccessVector, base security.XpermBase, value uint16, want avc.Result) {
		t.Helper()
		if want.AuditDeny == 0 {
			want.AuditDeny = all &^ w.write
		}
		if diff := cmp.Diff(want, w.cache.CheckXperm(src, tgt, w.file, perms, base, value)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	ioctl := security.XpermIoctl
	check("allowed, not logged", w.dog, w.chow, w.ioctl, ioctl, 0x5401, avc.Result{Granted: true})
	check("allowed and logged", w.dog, w.chow, w.ioctl, ioctl, 0x5402, avc.Result{Granted: true, Audit: w.ioctl})
	check("denied, not logged", w.dog, w.chow, w.ioctl, ioctl, 0x5403, avc.Result{Denied: w.ioctl})
	check("denied", w.dog, w.chow, w.ioctl, ioctl, 0x5404, avc.Result{Denied: w.ioctl, Audit: w.ioctl})
	check("other driver", w.dog, w.chow, w.ioctl, ioctl, 0x5501, avc.Result{Denied: w.ioctl, Audit: w.ioctl})
	check("message", w.dog, w.chow, w.ioctl, security.XpermNetlink, 0x5401, avc.Result{Denied: w.ioctl, Audit: w.ioctl})
	check("base denied", w.dog, w.chow, w.ioctl|w.write, ioctl, 0x5401, avc.Result{Denied: w.write})
	check("no rules", w.dog, w.other, w.ioctl, ioctl, 0x5401, avc.Result{Denied: w.ioctl, Audit: w.ioctl, AuditDeny: all})
	check("nothing", w.dog, w.chow, 0, ioctl, 0x5404, avc.Result{Granted: true})

	first := avc.Result{Granted: true, Permissive: true, Denied: w.ioctl, Audit: w.ioctl, AuditDeny: all}
	again := avc.Result{Granted: true, AuditDeny: all}
	check("permissive", w.perm, w.chow, w.ioctl, ioctl, 0x5404, first)
	check("permissive again", w.perm, w.chow, w.ioctl, ioctl, 0x5404, again)
	check("permissive, other value", w.perm, w.chow, w.ioctl, ioctl, 0x5405, first)
	check("permissive, first value", w.perm, w.chow, w.ioctl, ioctl, 0x5404, again)
	for i := range uint16(100) {
		w.cache.CheckXperm(w.perm, w.chow, w.file, w.ioctl, ioctl, 0x6000+i)
	}
	check("the list is bounded", w.perm, w.chow, w.ioctl, ioctl, 0x6063, first)
}

// TestStats follows the counts through hits, misses, replacements and loads.
func TestStats(t *testing.T) {
	w := newWorld(t, &avc.Options{Slots: 2, Count: true})
	check := func(when string, want avc.Stats, used int) {
		t.Helper()
		if got := w.cache.Stats(); got != want {
			t.Errorf("%s: got %+v, want %+v", when, got, want)
		}
		if u := w.cache.Usage(); u.Entries != used || u.Sets != 1 || u.Longest != used || u.Used != min(used, 1) {
			t.Errorf("%s: usage %+v", when, u)
		}
	}
	check("new", avc.Stats{}, 0)
	w.cache.Check(w.dog, w.chow, w.file, w.read)
	w.cache.Check(w.dog, w.chow, w.file, w.read)
	w.cache.Check(w.dog, w.other, w.file, w.read)
	check("two entries", avc.Stats{Lookups: 3, Misses: 2, Allocations: 2}, 2)
	w.cache.Check(w.dog, w.dog, w.file, w.read)
	check("a third one", avc.Stats{Lookups: 4, Misses: 3, Allocations: 3, Reclaims: 1, Frees: 1}, 2)
	w.SetEnforcing(false)
	check("another mode", avc.Stats{Lookups: 4, Misses: 3, Allocations: 3, Reclaims: 1, Frees: 1}, 0)
	w.cache.Check(w.dog, w.other, w.file, w.read)
	check("a denial let pass", avc.Stats{Lookups: 5, Misses: 4, Allocations: 5, Reclaims: 1, Frees: 3}, 1)
	if got := newWorld(t, nil).cache.Stats(); got != (avc.Stats{}) {
		t.Errorf("not counting: %+v", got)
	}
}
