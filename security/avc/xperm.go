package avc

import (
	"seward/policy"
	"seward/security"
)

// maxGrants bounds the extended permissions that an entry remembers to have let
// pass. More than these are logged each time.
const maxGrants = 64

// has reports whether a request is in the list.
func (g *grants) has(want *grants) bool {
	for ; g != nil; g = g.next {
		if g.base == want.base && g.value == want.value && want.perms&^g.perms == 0 {
			return true
		}
	}
	return false
}

func (g *grants) len() int {
	n := 0
	for ; g != nil; g = g.next {
		n++
	}
	return n
}

// CheckXperm is Check for a request with an extended permission: an ioctl command
// (its low 16 bits) or a netlink message type. If rules with extended
// permissions exist for the triple, they must allow the value as well.
func (c *Cache) CheckXperm(src, tgt policy.SID, class policy.ClassID, perms policy.AccessVector, base security.XpermBase, value uint16) Result {
	return c.CheckXpermAt(c.server.Snapshot(), src, tgt, class, perms, base, value)
}

// CheckXpermAt is CheckXperm under a given state of the server.
func (c *Cache) CheckXpermAt(v *security.Snapshot, src, tgt policy.SID, class policy.ClassID, perms policy.AccessVector, base security.XpermBase, value uint16) Result {
	e := c.find(v, key{src, tgt, class})
	if e.decision.Xperms == nil || perms == 0 {
		return c.CheckAt(v, src, tgt, class, perms)
	}
	r := Result{Granted: true, AuditDeny: e.decision.AuditDeny}
	request := &grants{perms: perms, base: base, value: value}
	var x *security.XpermDecision
	if driver := uint8(value >> 8); e.decision.Xperms.Allows(base, driver) {
		d := v.Xperms(src, tgt, class, base, driver)
		x = &d
	}
	number := uint8(value) //nolint:gosec // G115: the low byte.
	r.Denied = perms &^ e.decision.Allowed
	if (x == nil || !x.Allowed.Has(number)) && !e.granted.has(request) {
		r.Denied = perms
	}
	if r.Denied == 0 {
		r.Audit = perms & e.decision.AuditAllow
		if x != nil && !x.AuditAllow.Has(number) {
			r.Audit = 0
		}
		return r
	}
	r.Audit = r.Denied & e.decision.AuditDeny
	if x != nil && x.DontAudit.Has(number) {
		r.Audit = 0
	}
	if e.granted.len() >= maxGrants {
		request = nil
	}
	r.Granted = c.denied(v, e, perms, request)
	r.Permissive = r.Granted
	return r
}
