package security

import (
	"seward/policy"
)

// XpermBase is the kind of request that extended permissions refine.
type XpermBase uint8

// Kinds of requests. The values are the kernel's flags.
const (
	XpermIoctl   XpermBase = 1
	XpermNetlink XpermBase = 2
)

// XpermSet is a set of the 256 values that share a driver.
type XpermSet [8]uint32

// Has reports whether n is a member.
func (x *XpermSet) Has(n uint8) bool { return x[n/32]>>(n%32)&1 != 0 }

func (x *XpermSet) set(n uint8) { x[n/32] |= 1 << (n % 32) }

func (x *XpermSet) union(other *XpermSet) {
	for i := range x {
		x[i] |= other[i]
	}
}

var allXperms = XpermSet{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}

// XpermDrivers tells which requests extended permissions may allow. Where it
// exists, what it doesn't have is denied.
type XpermDrivers struct {
	Bases   XpermBase // flags of the kinds that rules speak of
	Drivers XpermSet  // high bytes that rules speak of
}

// XpermDecision tells which values of one driver are allowed.
type XpermDecision struct {
	Base                           XpermBase
	Driver                         uint8
	Allowed, AuditAllow, DontAudit XpermSet
}

// Allows reports whether the rules can allow requests with a driver, the high
// byte of an ioctl command or of a message type.
func (x *XpermDrivers) Allows(base XpermBase, driver uint8) bool {
	return x.Bases&base != 0 && x.Drivers.Has(driver)
}

// drivers returns what the rules of a row say of a target, nil if they say
// nothing.
func (r *row) drivers(target []uint64) *XpermDrivers {
	var out *XpermDrivers
	for i := range r.xperms {
		x := &r.xperms[i]
		if !member(target, uint32(x.target)) {
			continue
		}
		if out == nil {
			out = &XpermDrivers{}
		}
		switch x.xperms.Kind {
		case policy.XpermIoctlDriver:
			out.Bases |= XpermIoctl
			bits := XpermSet(x.xperms.Bits)
			out.Drivers.union(&bits)
		case policy.XpermIoctlFunction:
			out.Bases |= XpermIoctl
			out.Drivers.set(x.xperms.Driver)
		case policy.XpermNetlink:
			out.Bases |= XpermNetlink
			out.Drivers.set(x.xperms.Driver)
		}
	}
	return out
}

// Xperms decides on the extended permissions with one driver: the high byte of
// an ioctl command or of a netlink message type. It is to be asked when a
// Decision has Xperms that allow the driver.
func (v *Snapshot) Xperms(src, tgt policy.SID, class policy.ClassID, base XpermBase, driver uint8) XpermDecision {
	d := XpermDecision{Base: base, Driver: driver}
	s, t := v.contexts.known(src), v.contexts.known(tgt)
	if s == nil || t == nil {
		return d
	}
	if class == 0 {
		if v.AllowUnknown() {
			d.Allowed = allXperms
		}
		return d
	}
	if v.image.policy.Class(class) == nil {
		return d
	}
	target := v.image.target(t.typ)
	r := v.row(s.typ, class)
	for i := range r.xperms {
		if x := &r.xperms[i]; member(target, uint32(x.target)) {
			d.add(x)
		}
	}
	return d
}

// add joins what a rule says of the decision's driver.
func (d *XpermDecision) add(x *xpermRule) {
	values := XpermSet(x.xperms.Bits)
	switch x.xperms.Kind {
	case policy.XpermIoctlDriver:
		if d.Base != XpermIoctl || !x.xperms.Has(d.Driver) {
			return
		}
		values = allXperms
	case policy.XpermIoctlFunction:
		if d.Base != XpermIoctl || x.xperms.Driver != d.Driver {
			return
		}
	case policy.XpermNetlink:
		if d.Base != XpermNetlink || x.xperms.Driver != d.Driver {
			return
		}
	}
	switch x.kind {
	case policy.AllowXperm:
		d.Allowed.union(&values)
	case policy.AuditAllowXperm:
		d.AuditAllow.union(&values)
	case policy.DontAuditXperm:
		d.DontAudit.union(&values)
	}
}
