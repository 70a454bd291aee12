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
// doesn't come.
func (c *compiler) permsOf(id resolve.ClassPermsID) []classPerms {
	if c.classPerms == nil {
		c.classPerms = make([][]classPerms, len(c.db.ClassPerms))
	}
	if c.classPerms[id] == nil {
		c.classPerms[id] = c.appendPerms(make([]classPerms, 0, len(c.db.ClassPerms[id])), id)
	}
	return c.classPerms[id]
}

func (c *compiler) appendPerms(out []classPerms, id resolve.ClassPermsID) []classPerms {
	for _, p := range c.db.ClassPerms[id] {
		switch {
		case p.Class != 0:
			if p.Perms != 0 {
				out = append(out, classPerms{c.classIDs[p.Class], p.Perms})
			}
		case p.Map != 0:
			for _, i := range p.MapPerms {
				for _, inner := range c.db.MapClasses[p.Map].Perms[i].ClassPerms {
					out = c.appendPerms(out, inner)
				}
			}
		case p.Set != 0:
			for _, inner := range c.db.PermSets[p.Set].ClassPerms {
				out = c.appendPerms(out, inner)
			}
		}
	}
	return out
}

// classOrMap returns the classes that a class or a map class stands for.
func (c *compiler) classOrMap(class resolve.ClassID, m resolve.MapID) []policy.ClassID {
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
		out := []policy.ClassID{}
		for _, i := range tableOrder(names) {
			for _, id := range perms[i].ClassPerms {
				out = c.appendClasses(out, id)
			}
		}
		c.mapClasses[m] = out
	}
	return c.mapClasses[m]
}

// appendClasses appends the classes of a list, also those without permissions.
func (c *compiler) appendClasses(out []policy.ClassID, id resolve.ClassPermsID) []policy.ClassID {
	for _, p := range c.db.ClassPerms[id] {
		switch {
		case p.Class != 0:
			out = append(out, c.classIDs[p.Class])
		case p.Map != 0:
			for _, i := range p.MapPerms {
				for _, inner := range c.db.MapClasses[p.Map].Perms[i].ClassPerms {
					out = c.appendClasses(out, inner)
				}
			}
		case p.Set != 0:
			for _, inner := range c.db.PermSets[p.Set].ClassPerms {
				out = c.appendClasses(out, inner)
			}
		}
	}
	return out
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

// pairs calls f for the pairs of source and target that a vector rule gives.
func (c *compiler) pairs(from, to resolve.TypeID, f func(s, t policy.TypeID)) {
	switch to {
	case resolve.TargetSelf:
		for _, s := range c.members(from) {
			f(s, s)
		}
		return
	case resolve.TargetNotSelf, resolve.TargetOther:
		targets := c.memberIDs
		if to == resolve.TargetOther {
			targets = c.members(from)
		}
		for _, s := range c.members(from) {
			for _, t := range targets {
				if s != t {
					f(s, t)
				}
			}
		}
		return
	}
	targets := c.side(to)
	for _, s := range c.side(from) {
		for _, t := range targets {
			f(s, t)
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
