package security

import (
	"seward/policy"
)

// Snapshot is one state of a Server: what it answers doesn't change, save that
// contexts may be added to it. It is safe for concurrent use.
type Snapshot struct {
	*rowTable
	contexts  *contexts
	booleans  []bool // by number
	enforcing bool
	unknown   policy.HandleUnknown
	seqno     uint32
	epoch     uint64
	audit     func(record string)
}

// Flags of a Decision. The values are the kernel's.
const (
	// FlagPermissive: the source domain is permissive, what it is denied happens.
	FlagPermissive uint32 = 1
	// FlagNeverAudit: nothing that the source domain does is audited.
	FlagNeverAudit uint32 = 2
)

// Decision is what a policy says of a source, a target and a class. Bits that
// stand for no permission of the class are as the rules have them.
type Decision struct {
	Allowed    policy.AccessVector
	AuditAllow policy.AccessVector // granted permissions to log
	AuditDeny  policy.AccessVector // denied permissions to log
	Flags      uint32
	Seqno      uint32 // of the policy that decided
	// Xperms is not nil if there are rules with extended permissions.
	Xperms *XpermDrivers
}

// Policy returns the policy in force.
func (v *Snapshot) Policy() *policy.Policy { return v.image.policy }

// Seqno returns the number of the policy in force. It counts loads and commits
// of booleans.
func (v *Snapshot) Seqno() uint32 { return v.seqno }

// Epoch returns a number that is another in every Snapshot of a Server, and a
// greater one in a later Snapshot. It is never 0.
func (v *Snapshot) Epoch() uint64 { return v.epoch }

// Enforcing reports whether denials are enforced.
func (v *Snapshot) Enforcing() bool { return v.enforcing }

// AllowUnknown reports whether classes and permissions that the policy lacks are
// allowed.
func (v *Snapshot) AllowUnknown() bool { return v.unknown == policy.AllowUnknown }

// ComputeAV decides on all permissions of a class, by the policy's numbers, as
// the kernel does for /sys/fs/selinux/access. A SID that stands for nothing is
// unlabeled. A class that doesn't exist allows nothing; class 0 is one that the
// policy lacks, for which AllowUnknown decides.
func (v *Snapshot) ComputeAV(src, tgt policy.SID, class policy.ClassID) Decision {
	d := Decision{AuditDeny: ^policy.AccessVector(0), Seqno: v.seqno}
	s := v.contexts.known(src)
	if s == nil {
		return d
	}
	if v.image.data.Permissive.Has(s.typ) {
		d.Flags |= FlagPermissive
	}
	if v.image.data.NeverAudit.Has(s.typ) {
		d.Flags |= FlagNeverAudit
	}
	switch t := v.contexts.known(tgt); {
	case d.Flags == FlagPermissive|FlagNeverAudit:
		d.Allowed = ^policy.AccessVector(0)
	case t == nil:
	case class == 0:
		if v.AllowUnknown() {
			d.Allowed = ^policy.AccessVector(0)
		}
	default:
		v.compute(s, t, class, &d)
	}
	if d.Flags&FlagNeverAudit != 0 {
		d.AuditAllow, d.AuditDeny = 0, 0
	}
	return d
}

// compute decides by rules, constraints, roles and bounds, in this order.
func (v *Snapshot) compute(s, t *context, class policy.ClassID, d *Decision) {
	m := v.image
	code := m.code(class)
	if code == nil {
		return
	}
	target := m.target(t.typ)
	r := v.row(s.typ, class)
	given := r.decide(target)
	d.Allowed, d.AuditAllow, d.AuditDeny = given.allow, given.auditAllow, given.auditDeny
	if len(r.xperms) != 0 {
		d.Xperms = r.drivers(target)
	}
	if d.Allowed == 0 {
		return
	}
	d.Allowed &^= m.constrained(code, s, t, d.Allowed)
	if class == m.process && s.role != t.role && d.Allowed&m.processTo != 0 && !m.roleMayBecome(s.role, t.role) {
		d.Allowed &^= m.processTo
	}
	if m.policy.Type(s.typ).Bounds != 0 && d.Allowed != 0 {
		v.bound(s, t, class, d)
	}
}

// constrained returns those of the given permissions that a constraint takes
// away.
func (m *image) constrained(code *classCode, s, t *context, given policy.AccessVector) policy.AccessVector {
	var taken policy.AccessVector
	e := evaluation{image: m, contexts: [3]*context{s, t}}
	for i := range code.constraints {
		c := &code.constraints[i]
		if c.perms&given&^taken != 0 && !e.run(c) {
			taken |= c.perms
		}
	}
	return taken & given
}

// roleMayBecome reports whether a rule allows the change of role.
func (m *image) roleMayBecome(from, to policy.RoleID) bool {
	_, ok := m.roleAllows()[rolePair{from, to}]
	return ok
}

// bound takes away what the bounds of the source type don't have: a bounded
// domain can do no more than its parent, on the target or on what bounds the
// target.
func (v *Snapshot) bound(s, t *context, class policy.ClassID, d *Decision) {
	var parent Decision
	ps, pt := v.parents(s, t)
	v.compute(ps, pt, class, &parent)
	masked := d.Allowed &^ parent.Allowed
	if masked == 0 {
		return
	}
	d.Allowed &^= masked
	if v.audit != nil {
		v.audit(v.maskedRecord(s, t, class, masked))
	}
}

// parents returns the contexts whose rights bound those of s, which has a
// parent, on t. The text of what they are is not theirs.
func (v *Snapshot) parents(s, t *context) (ps, pt *context) {
	up := *s
	up.typ = v.image.policy.Type(s.typ).Bounds
	if b := v.image.policy.Type(t.typ).Bounds; b != 0 {
		other := *t
		other.typ = b
		t = &other
	}
	return &up, t
}
