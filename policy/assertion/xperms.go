package assertion

import (
	"seward/policy"
)

// xpermIndex finds the extended permission rules by source, target and class.
type xpermIndex struct {
	rules map[xpermKey][]ref
	// sources and targets are the types and attributes that stand in any of
	// them, so that a pair is looked up for those only.
	sources, targets map[policy.TypeID]bool
}

type xpermKey struct {
	source, target policy.TypeID
	class          policy.ClassID
}

// xperms returns the index, made on first use.
func (c *Checker) xperms() *xpermIndex {
	if c.extended != nil {
		return c.extended
	}
	x := &xpermIndex{
		rules:   make(map[xpermKey][]ref),
		sources: make(map[policy.TypeID]bool),
		targets: make(map[policy.TypeID]bool),
	}
	for r := range rules(c.p) {
		if r.rule.Kind == policy.AllowXperm {
			k := xpermKey{r.rule.Source, r.rule.Target, r.rule.Class}
			x.rules[k] = append(x.rules[k], r)
			x.sources[k.source] = true
			x.targets[k.target] = true
		}
	}
	c.extended = x
	return x
}

// matchXperms decides whether an allow rule contradicts a rule about extended
// permissions: a pair violates it when a forbidden command is allowed, or when
// no command is named at all, since then all are. Pairs that don't are taken
// out of v's sources and targets; false if none is left.
//
// Which commands a pair is limited to depends on booleans when the limiting rule
// is conditional. Like libsepol (assertion.c), a conditional limit counts when
// both branches of its conditional have one.
func (c *Checker) matchXperms(rule *Rule, r ref, v *Violation) bool {
	bad := Violation{}
	var found []policy.Xperms
	for s, t := range v.pairs(rule.Pairing) {
		forbidden, limited := c.pairXperms(rule, s, t, r)
		if len(forbidden) == 0 && limited {
			continue
		}
		bad.Sources.Add(s)
		bad.Targets.Add(t)
		for _, x := range forbidden {
			found = mergeXperms(found, x)
		}
	}
	v.Sources, v.Targets, v.Xperms = bad.Sources, bad.Targets, found
	return !bad.Sources.Empty()
}

// pairXperms returns the forbidden commands that source may do to target, and
// whether any rule limits the commands where the allow rule r applies.
func (c *Checker) pairXperms(rule *Rule, source, target policy.TypeID, r ref) (forbidden []policy.Xperms, limited bool) {
	x := c.xperms()
	// For each conditional: has the true list a limit, has the false one?
	branches := make(map[int32][2]bool)
	for a := range c.p.Attributes(source).All() {
		if !x.sources[a] {
			continue
		}
		for b := range c.p.Attributes(target).All() {
			if !x.targets[b] {
				continue
			}
			for _, limit := range x.rules[xpermKey{a, b, r.rule.Class}] {
				allowed := &c.p.Data().Xperms[limit.rule.Data]
				for i := range rule.Xperms {
					if both, ok := intersect(&rule.Xperms[i], allowed); ok {
						forbidden = mergeXperms(forbidden, both)
					}
				}
				switch {
				case limit.conditional < 0:
					limited = true
				case limit.conditional == r.conditional && limit.branch == r.branch:
					limited = true
				default:
					has := branches[limit.conditional]
					if limit.branch {
						has[0] = true
					} else {
						has[1] = true
					}
					branches[limit.conditional] = has
				}
			}
		}
	}
	for _, has := range branches {
		limited = limited || has[0] && has[1]
	}
	return forbidden, limited
}

// intersect returns the commands in both sets.
func intersect(a, b *policy.Xperms) (policy.Xperms, bool) {
	if (a.Kind == policy.XpermNetlink) != (b.Kind == policy.XpermNetlink) {
		return policy.Xperms{}, false
	}
	if a.Kind == policy.XpermIoctlDriver && b.Kind == policy.XpermIoctlFunction {
		a, b = b, a
	}
	out := *a
	if a.Kind != policy.XpermIoctlDriver && b.Kind == policy.XpermIoctlDriver {
		return out, b.Has(a.Driver)
	}
	if a.Kind != policy.XpermIoctlDriver && a.Driver != b.Driver {
		return policy.Xperms{}, false
	}
	some := false
	for i := range out.Bits {
		out.Bits[i] = a.Bits[i] & b.Bits[i]
		some = some || out.Bits[i] != 0
	}
	return out, some
}

// mergeXperms adds commands to a list with one element per kind and driver.
func mergeXperms(list []policy.Xperms, x policy.Xperms) []policy.Xperms {
	for i := range list {
		if list[i].Kind == x.Kind && list[i].Driver == x.Driver {
			for j := range x.Bits {
				list[i].Bits[j] |= x.Bits[j]
			}
			return list
		}
	}
	return append(list, x)
}
