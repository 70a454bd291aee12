package security_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
)

const everything = ^policy.AccessVector(0)

func TestRulesApplyThroughAttributes(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t", "cat_t", "chow_t")
	m.attribute("animal", "dog_t", "cat_t")
	m.attribute("edible", "chow_t")
	m.allow("dog_t chow_t file read", "animal chow_t file write", "dog_t edible file ioctl",
		"animal edible file relabelfrom", "animal animal process signal", "cat_t cat_t food eat")
	s := m.enforcing()
	tests := []struct{ source, target, class, want string }{
		{"u:r:dog_t", "u:object_r:chow_t", "file", "read write ioctl relabelfrom"},
		{"u:r:cat_t", "u:object_r:chow_t", "file", "write relabelfrom"},
		{"u:r:chow_t", "u:object_r:chow_t", "file", ""},
		{"u:r:dog_t", "u:r:cat_t", "process", "signal"},
		{"u:r:dog_t", "u:r:dog_t", "process", "signal"},
		{"u:r:dog_t", "u:r:cat_t", "food", ""},
		{"u:r:cat_t", "u:r:cat_t", "food", "eat"},
		{"u:r:dog_t", "u:object_r:chow_t", "dir", ""},
	}
	for _, tt := range tests {
		if got := s.allowed(tt.source, tt.target, tt.class); got != tt.want {
			t.Errorf("%s %s %s: allowed %q, want %q", tt.source, tt.target, tt.class, got, tt.want)
		}
	}
}

func TestAuditRules(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t", "chow_t")
	m.attribute("animal", "dog_t")
	m.allow("dog_t chow_t file read")
	m.rules(policy.AuditAllow, "dog_t chow_t file read", "animal chow_t file write")
	m.rules(policy.DontAudit, "dog_t chow_t file write", "animal chow_t file ioctl")
	s := m.enforcing()
	want := security.Decision{Allowed: 1, AuditAllow: 3, AuditDeny: everything &^ 6, Seqno: 1}
	if diff := cmp.Diff(want, s.decide("u:r:dog_t", "u:object_r:chow_t", "file")); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}

// The bits of rules count as they are, even those that name no permission.
func TestBitsBeyondTheClass(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t")
	r := m.rule(policy.Allow, "dog_t dog_t food eat")
	r.Data = 0x80000001
	m.b.Rules = append(m.b.Rules, r)
	s := m.enforcing()
	if got := s.decide("u:r:dog_t", "u:r:dog_t", "food").Allowed; got != 0x80000001 {
		t.Errorf("allowed %#x", got)
	}
	x := s.Explain(s.sid("u:r:dog_t"), s.sid("u:r:dog_t"), s.class("food"), 0xc0000001)
	var reasons []security.Reason
	for _, p := range x.Permissions {
		reasons = append(reasons, p.Reason)
	}
	if diff := cmp.Diff([]security.Reason{security.ReasonAllowed, security.ReasonUnknownPerm, security.ReasonAllowed}, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestConditionals(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t", "chow_t", "other_t")
	a, b := m.boolean("a", true), m.boolean("b", false)
	op := func(kind policy.BoolOpKind, id policy.BooleanID) policy.BoolOp {
		return policy.BoolOp{Kind: kind, Boolean: id}
	}
	m.allow("dog_t chow_t file read")
	m.b.Conditionals = []policy.Conditional{
		{
			Expr:  []policy.BoolOp{op(policy.BoolOperand, a), op(policy.BoolOperand, b), op(policy.BoolNot, 0), op(policy.BoolAnd, 0)},
			True:  []policy.Rule{m.rule(policy.Allow, "dog_t chow_t file write"), m.rule(policy.TypeTransition, "dog_t chow_t file other_t")},
			False: []policy.Rule{m.rule(policy.Allow, "dog_t chow_t file ioctl"), m.rule(policy.DontAudit, "dog_t chow_t file write")},
		},
		{
			Expr: []policy.BoolOp{op(policy.BoolOperand, a), op(policy.BoolOperand, b), op(policy.BoolEqual, 0)},
			True: []policy.Rule{m.rule(policy.Allow, "dog_t chow_t file relabelfrom"), m.rule(policy.AuditAllow, "dog_t chow_t file read")},
		},
	}
	s := m.enforcing()
	ask := func() string {
		d := s.decide("u:r:dog_t", "u:object_r:chow_t", "file")
		made := s.text(s.Create(s.sid("u:r:dog_t"), s.sid("u:object_r:chow_t"), s.class("file"), ""))
		return s.names("file", d.Allowed) + "/" + s.names("file", d.AuditAllow) + "/" + s.names("file", ^d.AuditDeny) + "/" + made
	}
	steps := []struct {
		set  map[string]bool
		want string
	}{
		{nil, "read write///u:object_r:other_t"},
		{map[string]bool{"b": true}, "read ioctl relabelfrom/read/write/u:object_r:chow_t"},
		{map[string]bool{"a": false}, "read ioctl//write/u:object_r:chow_t"},
		{map[string]bool{"b": false}, "read ioctl relabelfrom/read/write/u:object_r:chow_t"},
		{map[string]bool{"a": true}, "read write///u:object_r:other_t"},
	}
	for i, step := range steps {
		if step.set != nil {
			if err := s.SetBooleans(step.set); err != nil {
				t.Fatal(err)
			}
		}
		if got := ask(); got != step.want {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
		if got := s.Seqno(); got != uint32(i+1) {
			t.Errorf("step %d: sequence number %d", i, got)
		}
	}
	if err := s.SetBooleans(map[string]bool{"a": false, "zebra": true}); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("unknown boolean: %v", err)
	}
	if diff := cmp.Diff(map[string]bool{"a": true, "b": false}, s.Booleans()); diff != "" {
		t.Errorf("booleans (-want +got):\n%s", diff)
	}
	if _, ok := s.Snapshot().Boolean("zebra"); ok {
		t.Error("zebra exists")
	}
	if value, ok := s.Snapshot().Boolean("a"); !ok || !value {
		t.Error("a is not true")
	}
}

func TestBooleanOperators(t *testing.T) {
	operand := policy.BoolOp{Kind: policy.BoolOperand}
	for kind, want := range map[policy.BoolOpKind][4]bool{ // for false false, false true, true false, true true
		policy.BoolOr:      {false, true, true, true},
		policy.BoolAnd:     {false, false, false, true},
		policy.BoolXor:     {false, true, true, false},
		policy.BoolUnequal: {false, true, true, false},
		policy.BoolEqual:   {true, false, false, true},
	} {
		m := newMaker(t, false)
		m.typ("dog_t")
		a, b := operand, operand
		a.Boolean, b.Boolean = m.boolean("a", false), m.boolean("b", false)
		m.b.Conditionals = []policy.Conditional{{
			Expr: []policy.BoolOp{a, b, {Kind: kind}},
			True: []policy.Rule{m.rule(policy.Allow, "dog_t dog_t food eat")},
		}}
		s := m.enforcing()
		for i, want := range want {
			if err := s.SetBooleans(map[string]bool{"a": i >= 2, "b": i%2 == 1}); err != nil {
				t.Fatal(err)
			}
			if got := s.allowed("u:r:dog_t", "u:r:dog_t", "food") != ""; got != want {
				t.Errorf("operator %d, values %d: %v, want %v", kind, i, got, want)
			}
		}
	}
}

func TestRoleChange(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t")
	m.allow("dog_t dog_t process transition dyntransition signal", "dog_t dog_t food eat")
	m.b.RoleAllows = []policy.RoleAllow{{From: 2, To: 3}}
	s := m.enforcing()
	tests := []struct{ source, target, class, want string }{
		{"u:r:dog_t", "u:r:dog_t", "process", "transition dyntransition signal"},
		{"u:r:dog_t", "u:s:dog_t", "process", "transition dyntransition signal"},
		{"u:s:dog_t", "u:r:dog_t", "process", "signal"},
		{"u:s:dog_t", "u:r:dog_t", "food", "eat"},
	}
	for _, tt := range tests {
		if got := s.allowed(tt.source, tt.target, tt.class); got != tt.want {
			t.Errorf("%s %s %s: allowed %q, want %q", tt.source, tt.target, tt.class, got, tt.want)
		}
	}
}

func TestBounds(t *testing.T) {
	m := newMaker(t, false)
	m.typ("parent_t", "child_t", "grand_t", "file_t", "bounded_file_t")
	m.bound("parent_t", "child_t")
	m.bound("child_t", "grand_t")
	m.bound("file_t", "bounded_file_t")
	m.allow(
		"parent_t file_t file read write",
		"child_t file_t file read ioctl",
		"child_t bounded_file_t file write relabelfrom",
		"grand_t file_t file read write ioctl",
		// The parent's own right to the bounded file counts for nothing: its right to
		// what bounds the file does.
		"parent_t bounded_file_t file relabelfrom",
		"parent_t file_t dir search", "child_t file_t dir search",
	)
	var records []string
	s := m.server(&security.Options{Enforcing: true, Audit: func(r string) { records = append(records, r) }})
	tests := []struct{ source, target, want string }{
		{"u:r:parent_t", "u:object_r:file_t", "read write"},
		{"u:r:child_t", "u:object_r:file_t", "read"},
		{"u:r:child_t", "u:object_r:bounded_file_t", "write"},
		{"u:r:grand_t", "u:object_r:file_t", "read"},
		{"u:r:parent_t", "u:object_r:bounded_file_t", "relabelfrom"},
	}
	for _, tt := range tests {
		if got := s.allowed(tt.source, tt.target, "file"); got != tt.want {
			t.Errorf("%s %s: allowed %q, want %q", tt.source, tt.target, got, tt.want)
		}
	}
	if got := s.allowed("u:r:child_t", "u:object_r:file_t", "dir"); got != "search" {
		t.Errorf("within bounds: %q", got)
	}
	want := []string{
		"op=security_compute_av reason=bounds scontext=u:r:child_t tcontext=u:object_r:file_t tclass=file perms=ioctl",
		"op=security_compute_av reason=bounds scontext=u:r:child_t tcontext=u:object_r:bounded_file_t tclass=file perms=relabelfrom",
		"op=security_compute_av reason=bounds scontext=u:r:child_t tcontext=u:object_r:file_t tclass=file perms=ioctl",
		"op=security_compute_av reason=bounds scontext=u:r:grand_t tcontext=u:object_r:file_t tclass=file perms=write,ioctl",
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	for text, bounded := range map[string]bool{"u:r:parent_t": true, "u:r:child_t": true, "u:r:grand_t": true, "u:object_r:file_t": false} {
		err := s.BoundedTransition(s.sid("u:s:parent_t"), s.sid(text))
		if (err == nil) != bounded || err != nil && !errors.Is(err, syscall.EPERM) {
			t.Errorf("transition to %s: %v", text, err)
		}
	}
	if got := records[len(records)-1]; got != "op=security_bounded_transition seresult=denied oldcontext=u:s:parent_t newcontext=u:object_r:file_t" {
		t.Error(got)
	}
}

func TestMaskedBitsWithoutName(t *testing.T) {
	m := newMaker(t, false)
	m.typ("parent_t", "child_t")
	m.bound("parent_t", "child_t")
	r := m.rule(policy.Allow, "child_t child_t food eat")
	r.Data = 3
	m.b.Rules = append(m.b.Rules, r)
	record := ""
	s := m.server(&security.Options{Audit: func(r string) { record = r }})
	s.decide("u:r:child_t", "u:r:child_t", "food")
	if want := "op=security_compute_av reason=bounds scontext=u:r:child_t tcontext=u:r:child_t tclass=food perms=eat,????"; record != want {
		t.Errorf("record %q, want %q", record, want)
	}
}

func TestUnknown(t *testing.T) {
	for _, handle := range []policy.HandleUnknown{policy.AllowUnknown, policy.DenyUnknown, policy.RejectUnknown} {
		m := newMaker(t, false)
		m.typ("dog_t")
		m.b.HandleUnknown = handle
		s := m.enforcing()
		dog := s.sid("u:r:dog_t")
		want := security.Decision{AuditDeny: everything, Seqno: 1}
		if handle == policy.AllowUnknown {
			want.Allowed = everything
		}
		if diff := cmp.Diff(want, s.ComputeAV(dog, dog, 0)); diff != "" {
			t.Errorf("%v, class 0 (-want +got):\n%s", handle, diff)
		}
		want.Allowed = 0
		for _, class := range []policy.ClassID{7, 1000, 1 << 20} {
			if diff := cmp.Diff(want, s.ComputeAV(dog, dog, class)); diff != "" {
				t.Errorf("%v, class %d (-want +got):\n%s", handle, class, diff)
			}
		}
		if got := s.Snapshot().AllowUnknown(); got != (handle == policy.AllowUnknown) {
			t.Errorf("%v: AllowUnknown is %v", handle, got)
		}
	}
	m := newMaker(t, false)
	allow := policy.AllowUnknown
	s := m.server(&security.Options{HandleUnknown: &allow})
	if s.ComputeAV(3, 3, 0).Allowed != everything {
		t.Error("override is not obeyed")
	}
}

func TestHoleInClasses(t *testing.T) {
	m := newMaker(t, false)
	m.b.Sizes.Classes = 9
	s := m.enforcing()
	if got := s.ComputeAV(3, 3, 8); got.Allowed != 0 {
		t.Errorf("a class that isn't there allows %#x", got.Allowed)
	}
}

func TestPermissiveAndNeverAudit(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t", "p_t", "n_t", "pn_t")
	m.rules(policy.AuditAllow, "n_t dog_t food eat")
	m.allow("n_t dog_t food eat")
	m.b.Permissive = ebitmap.SetOf(m.id("p_t"), m.id("pn_t"))
	m.b.NeverAudit = ebitmap.SetOf(m.id("n_t"), m.id("pn_t"))
	s := m.enforcing()
	for source, want := range map[string]security.Decision{
		"u:r:dog_t": {AuditDeny: everything, Seqno: 1},
		"u:r:p_t":   {AuditDeny: everything, Seqno: 1, Flags: security.FlagPermissive},
		"u:r:n_t":   {Allowed: 1, Seqno: 1, Flags: security.FlagNeverAudit},
		"u:r:pn_t":  {Allowed: everything, Seqno: 1, Flags: security.FlagPermissive | security.FlagNeverAudit},
	} {
		if diff := cmp.Diff(want, s.decide(source, "u:object_r:dog_t", "food")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", source, diff)
		}
	}
}

func TestStrangeSIDsAreUnlabeled(t *testing.T) {
	m := newMaker(t, false)
	m.allow("unlabeled_t unlabeled_t food eat")
	s := m.enforcing()
	for _, sid := range []policy.SID{0, 3, 5, 26, 27, 28, 1 << 30} {
		if got := s.ComputeAV(sid, sid, s.class("food")).Allowed; got != 1 {
			t.Errorf("SID %d: allowed %#x", sid, got)
		}
		if got := s.text(sid, nil); got != "u:object_r:unlabeled_t" {
			t.Errorf("SID %d is %q", sid, got)
		}
	}
}

func TestXperms(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t", "tty_t", "plain_t")
	m.attribute("animal", "dog_t")
	bits := func(n ...uint8) (b [8]uint32) {
		for _, n := range n {
			b[n/32] |= 1 << (n % 32)
		}
		return b
	}
	m.allow("dog_t tty_t file ioctl", "dog_t tty_t tcp_socket ioctl nlmsg", "dog_t plain_t file ioctl")
	m.xperm(policy.AllowXperm, "dog_t tty_t file", policy.Xperms{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: bits(1, 2)})
	m.xperm(policy.AllowXperm, "animal tty_t file", policy.Xperms{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: bits(200)})
	m.xperm(policy.AllowXperm, "dog_t tty_t file", policy.Xperms{Kind: policy.XpermIoctlDriver, Bits: bits(0x89, 0x90)})
	m.xperm(policy.AuditAllowXperm, "dog_t tty_t file", policy.Xperms{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: bits(2)})
	m.xperm(policy.DontAuditXperm, "dog_t tty_t file", policy.Xperms{Kind: policy.XpermIoctlFunction, Driver: 0x54, Bits: bits(9)})
	m.xperm(policy.AllowXperm, "dog_t tty_t tcp_socket", policy.Xperms{Kind: policy.XpermNetlink, Driver: 0, Bits: bits(16)})
	s := m.enforcing()
	dog, tty := s.sid("u:r:dog_t"), s.sid("u:object_r:tty_t")
	if got := s.decide("u:r:dog_t", "u:object_r:plain_t", "file").Xperms; got != nil {
		t.Errorf("plain_t has extended permissions: %+v", got)
	}
	d := s.decide("u:r:dog_t", "u:object_r:tty_t", "file")
	var drivers security.XpermSet = bits(0x54, 0x89, 0x90)
	if diff := cmp.Diff(&security.XpermDrivers{Bases: security.XpermIoctl, Drivers: drivers}, d.Xperms); diff != "" {
		t.Errorf("drivers (-want +got):\n%s", diff)
	}
	if !d.Xperms.Allows(security.XpermIoctl, 0x54) || d.Xperms.Allows(security.XpermIoctl, 0x55) || d.Xperms.Allows(security.XpermNetlink, 0x54) {
		t.Error("Allows is wrong")
	}
	if x := s.decide("u:r:dog_t", "u:object_r:tty_t", "tcp_socket").Xperms; x == nil || x.Bases != security.XpermNetlink {
		t.Errorf("drivers of messages: %+v", x)
	}
	all := security.XpermSet{}
	for i := range all {
		all[i] = ^uint32(0)
	}
	file, socket := s.class("file"), s.class("tcp_socket")
	tests := map[string]struct {
		class  policy.ClassID
		target policy.SID
		want   security.XpermDecision
	}{
		"functions":               {file, tty, security.XpermDecision{Base: security.XpermIoctl, Driver: 0x54, Allowed: bits(1, 2, 200), AuditAllow: bits(2), DontAudit: bits(9)}},
		"driver":                  {file, tty, security.XpermDecision{Base: security.XpermIoctl, Driver: 0x89, Allowed: all}},
		"no driver":               {file, tty, security.XpermDecision{Base: security.XpermIoctl, Driver: 0x88}},
		"netlink":                 {socket, tty, security.XpermDecision{Base: security.XpermNetlink, Driver: 0, Allowed: bits(16)}},
		"messages are no ioctls":  {socket, tty, security.XpermDecision{Base: security.XpermIoctl, Driver: 0}},
		"ioctls are no messages":  {file, tty, security.XpermDecision{Base: security.XpermNetlink, Driver: 0x54}},
		"drivers are no messages": {file, tty, security.XpermDecision{Base: security.XpermNetlink, Driver: 0x89}},
		"other driver":            {socket, tty, security.XpermDecision{Base: security.XpermNetlink, Driver: 1}},
		"no class":                {99, tty, security.XpermDecision{Base: security.XpermIoctl, Driver: 0x54}},
		"unknown class":           {0, tty, security.XpermDecision{Base: security.XpermIoctl, Driver: 0x54}},
		"other target":            {file, dog, security.XpermDecision{Base: security.XpermIoctl, Driver: 0x54}},
	}
	for name, tt := range tests {
		got := s.Xperms(dog, tt.target, tt.class, tt.want.Base, tt.want.Driver)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	m = newMaker(t, false)
	m.b.HandleUnknown = policy.AllowUnknown
	if got := m.enforcing().Xperms(3, 3, 0, security.XpermIoctl, 1); got.Allowed != all {
		t.Error("extended permissions of an unknown class are not allowed")
	}
}

// Conditional rules may have extended permissions too.
func TestConditionalXperms(t *testing.T) {
	m := newMaker(t, false)
	m.typ("dog_t")
	m.allow("dog_t dog_t file ioctl")
	m.xperm(policy.AllowXperm, "dog_t dog_t file", policy.Xperms{Kind: policy.XpermIoctlDriver, Bits: [8]uint32{2}})
	r := m.b.Rules[len(m.b.Rules)-1]
	m.b.Rules = m.b.Rules[:len(m.b.Rules)-1]
	a := m.boolean("a", false)
	m.b.Conditionals = []policy.Conditional{{Expr: []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: a}}, True: []policy.Rule{r}}}
	s := m.enforcing()
	if s.decide("u:r:dog_t", "u:r:dog_t", "file").Xperms != nil {
		t.Error("rule is in force")
	}
	if err := s.SetBooleans(map[string]bool{"a": true}); err != nil {
		t.Fatal(err)
	}
	if x := s.decide("u:r:dog_t", "u:r:dog_t", "file").Xperms; x == nil || !x.Allows(security.XpermIoctl, 1) {
		t.Error("rule is not in force")
	}
}
