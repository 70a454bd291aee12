package compile

import (
	"seward/format/cil/resolve"
	"seward/policy"
	"seward/policy/ebitmap"
)

// classPerms are permissions of one class.
type classPerms struct {
	class policy.ClassID
	perms uint32
}

// permsOf returns what a list of permissions amounts to, class by class in the
// order of expansion. A class may come several times; one without permissions
// doesn't come. at is who asks.
func (c *compiler) permsOf(id resolve.ClassPermsID, at resolve.Source) []classPerms {
	if c.classPerms == nil {
		c.classPerms = make([][]classPerms, len(c.db.ClassPerms))
	}
	if c.classPerms[id] == nil {
		c.classPerms[id] = make([]classPerms, 0, len(c.db.ClassPerms[id]))
		c.walkPerms(id, at, func(class policy.ClassID, perms uint32) {
			if perms != 0 {
				c.classPerms[id] = append(c.classPerms[id], classPerms{class, perms})
			}
		})
	}
	return c.classPerms[id]
}

// walkPerms calls f for the classes of a list with their permissions, through map
// classes and permission sets. Those may multiply, so each step counts.
func (c *compiler) walkPerms(id resolve.ClassPermsID, at resolve.Source, f func(policy.ClassID, uint32)) {
	for _, p := range c.db.ClassPerms[id] {
		if !c.spend(at) {
			return
		}
		switch {
		case p.Class != 0:
			f(c.classIDs[p.Class], p.Perms)
		case p.Map != 0:
			for _, i := range p.MapPerms {
				for _, inner := range c.db.MapClasses[p.Map].Perms[i].ClassPerms {
					c.walkPerms(inner, at, f)
				}
			}
		case p.Set != 0:
			for _, inner := range c.db.PermSets[p.Set].ClassPerms {
				c.walkPerms(inner, at, f)
			}
		}
	}
}

// classOrMap returns the classes that a class or a map class stands for, also
// those that it maps no permissions of.
func (c *compiler) classOrMap(class resolve.ClassID, m resolve.MapID, at resolve.Source) []policy.ClassID {
	if m == 0 {
		return c.classIDs[class : class+1]
	}
	if c.mapClasses == nil {
		c.mapClasses = make([][]policy.ClassID, len(c.db.MapClasses))
	}
	if c.mapClasses[m] == nil {
		perms := c.db.MapClasses[m].Perms
		names := make([]string, len(perms))
		for i := range perms {
			names[i] = c.text(perms[i].Name)
		}
		c.mapClasses[m] = []policy.ClassID{}
		for _, i := range tableOrder(names) {
			for _, id := range perms[i].ClassPerms {
				c.walkPerms(id, at, func(class policy.ClassID, _ uint32) {
					c.mapClasses[m] = append(c.mapClasses[m], class)
				})
			}
		}
	}
	return c.mapClasses[m]
}

// members returns the types of a type or attribute.
func (c *compiler) members(t resolve.TypeID) []policy.TypeID {
	if !c.db.Types[t].Attribute {
		return c.typeIDs[t : t+1]
	}
	if c.expansions == nil {
		c.expansions = make([][]policy.TypeID, len(c.db.Types))
	}
	if c.expansions[t] == nil {
		set := c.types.set(int32(t))
		list := make([]policy.TypeID, 0, set.count())
		for m := range set.all() {
			list = append(list, c.memberIDs[m])
		}
		c.expansions[t] = list
	}
	return c.expansions[t]
}

// memberSet returns the types of a type or attribute as a set, which is shared.
func (c *compiler) memberSet(t resolve.TypeID) ebitmap.Set[policy.TypeID] {
	if c.memberSets == nil {
		c.memberSets = make([]ebitmap.Set[policy.TypeID], len(c.db.Types))
	}
	if c.memberSets[t].Empty() {
		c.memberSets[t] = ebitmap.SetOf(c.members(t)...)
	}
	return c.memberSets[t]
}

// side returns what an image's rule names for a type or attribute: itself, or
// its types if the image hasn't the attribute or it is too small.
func (c *compiler) side(t resolve.TypeID) []policy.TypeID {
	if c.db.Types[t].Attribute && c.typeIDs[t] != 0 && len(c.members(t)) >= c.expandSize() {
		return c.typeIDs[t : t+1]
	}
	return c.members(t)
}

// pairs calls f for the pairs of source and target that a vector rule gives, each
// of which makes the given number of rules.
func (c *compiler) pairs(r *resolve.Rule, each int, f func(s, t policy.TypeID)) {
	switch r.To {
	case resolve.TargetSelf:
		sources := c.members(r.From)
		if !c.spend(r.Source, len(sources), each) {
			return
		}
		for _, s := range sources {
			f(s, s)
		}
	case resolve.TargetNotSelf:
		c.cross(r.Source, c.members(r.From), c.memberIDs, each, false, f)
	case resolve.TargetOther:
		sources := c.members(r.From)
		c.cross(r.Source, sources, sources, each, false, f)
	default:
		c.cross(r.Source, c.side(r.From), c.side(r.To), each, true, f)
	}
}

// cross calls f for every source with every target, same or not.
func (c *compiler) cross(at resolve.Source, sources, targets []policy.TypeID, each int, same bool, f func(s, t policy.TypeID)) {
	if !c.spend(at, len(sources), len(targets), each) {
		return
	}
	for _, s := range sources {
		for _, t := range targets {
			if same || s != t {
				f(s, t)
			}
		}
	}
}

// vectorKind returns the kind of the image's rules for a vector rule that has
// some, else 0.
func (c *compiler) vectorKind(kind resolve.RuleKind) policy.RuleKind {
	switch kind {
	case resolve.Allow:
		return policy.Allow
	case resolve.AuditAllow:
		return policy.AuditAllow
	case resolve.DontAudit:
		if !c.opts.DisableDontaudit {
			return policy.DontAudit
		}
	}
	return 0
}

// extendedKind is vectorKind for extended rules.
func (c *compiler) extendedKind(kind resolve.RuleKind) policy.RuleKind {
	switch kind {
	case resolve.AllowX:
		return policy.AllowXperm
	case resolve.AuditAllowX:
		return policy.AuditAllowXperm
	case resolve.DontAuditX:
		if !c.opts.DisableDontaudit {
			return policy.DontAuditXperm
		}
	}
	return 0
}

// vectorRules adds the unconditional access vector and extended rules.
func (c *compiler) vectorRules() {
	extended := newExtended()
	for i := range c.db.Rules {
		r := &c.db.Rules[i]
		if kind := c.vectorKind(r.Kind); kind != 0 {
			pos := c.pos(r.Source)
			c.vectors(r, func(s, t policy.TypeID, p classPerms) {
				c.rules.vector(ruleKey(s, t, p.class, kind), p.perms, pos, &c.origins)
			})
		} else if kind := c.extendedKind(r.Kind); kind != 0 {
			c.extend(extended, r, kind)
		}
	}
	c.rules.rules = append(c.rules.rules, c.extendedEntries(extended)...)
}
