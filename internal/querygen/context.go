package querygen

import (
	"strings"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// contexts makes context texts for types.
type contexts struct {
	*random
	policy *policy.Policy
	types  []policy.TypeID // types proper
	roles  map[policy.TypeID][]policy.RoleID
	users  map[policy.RoleID][]policy.UserID
	attrs  []policy.TypeID // attributes, which no context may have as its type
	aliasT map[policy.TypeID][]string
}

func newContexts(p *policy.Policy, r *random) *contexts {
	c := &contexts{
		random: r, policy: p,
		roles:  map[policy.TypeID][]policy.RoleID{},
		users:  map[policy.RoleID][]policy.UserID{},
		aliasT: map[policy.TypeID][]string{},
	}
	d := p.Data()
	for i := range d.Types {
		switch t := &d.Types[i]; {
		case t.Alias:
			c.aliasT[t.ID] = append(c.aliasT[t.ID], t.Name)
		case t.Attribute:
			c.attrs = append(c.attrs, t.ID)
		default:
			c.types = append(c.types, t.ID)
		}
	}
	for i := range d.Roles {
		for t := range d.Roles[i].Types.All() {
			c.roles[t] = append(c.roles[t], d.Roles[i].ID)
		}
	}
	for i := range d.Users {
		for r := range d.Users[i].Roles.All() {
			c.users[r] = append(c.users[r], d.Users[i].ID)
		}
	}
	return c
}

// any returns the text of a context with a random type.
func (c *contexts) any() string { return c.of(pick(c.random, c.types)) }

// of returns the text of a context with the type: mostly a valid one.
func (c *contexts) of(t policy.TypeID) string {
	if c.chance(12) {
		return c.invalid(t)
	}
	return c.valid(t)
}

// valid returns the text of a valid context with the type. A type that only
// objects may have gets their role.
func (c *contexts) valid(t policy.TypeID) string {
	role, user := c.identity(t)
	name := c.policy.Type(t).Name
	if aliases := c.aliasT[t]; len(aliases) > 0 && c.chance(20) {
		name = pick(c.random, aliases)
	}
	text := user.Name + ":" + c.policy.Role(role).Name + ":" + name
	if !c.policy.MLS() {
		return text
	}
	return text + ":" + c.rangeText(c.within(user.Range))
}

// identity returns a role that may have the type, and a user who may have the
// role.
func (c *contexts) identity(t policy.TypeID) (policy.RoleID, *policy.User) {
	role := policy.ObjectRole
	if roles := c.roles[t]; len(roles) > 0 && !c.chance(25) {
		role = pick(c.random, roles)
	}
	users := c.users[role]
	if role == policy.ObjectRole || len(users) == 0 {
		role = policy.ObjectRole // which every user has
		return role, &c.policy.Data().Users[c.below(len(c.policy.Data().Users))]
	}
	return role, c.policy.User(pick(c.random, users))
}

// within returns a range inside another.
func (c *contexts) within(outer mls.Range) mls.Range {
	low := c.between(outer.Low, outer.High)
	if c.chance(50) {
		return low.Single()
	}
	return mls.Range{Low: low, High: c.between(low, outer.High)}
}

// between returns a level that dominates low and is dominated by high.
func (c *contexts) between(low, high mls.Level) mls.Level {
	span := int(high.Sensitivity) - int(low.Sensitivity)
	l := mls.Level{Sensitivity: low.Sensitivity}
	if span > 0 && c.chance(60) {
		l.Sensitivity += mls.SensitivityID(c.below(span + 1))
	}
	l.Categories = low.Categories.Clone()
	for _, cat := range c.categories(high.Categories.AndNot(low.Categories)) {
		l.Categories.Add(cat)
	}
	return l
}

// categories returns some of a set: none, all, a run or a few.
func (c *contexts) categories(from ebitmap.Set[policy.CategoryID]) []policy.CategoryID {
	var all []policy.CategoryID
	for cat := range from.All() {
		all = append(all, cat)
	}
	switch {
	case len(all) == 0 || c.chance(40):
		return nil
	case c.chance(15):
		return all
	case c.chance(30):
		start := c.below(len(all))
		return all[start : start+c.below(len(all)-start)+1]
	}
	var few []policy.CategoryID
	for range 1 + c.below(4) {
		few = append(few, pick(c.random, all))
	}
	return few
}

// rangeText writes a range, sometimes in words that are right but not canonical:
// both ends although they are equal, categories one by one.
func (c *contexts) rangeText(r mls.Range) string {
	if !c.chance(10) {
		return mls.FormatRange(c.policy, r)
	}
	return c.longLevel(r.Low) + "-" + c.longLevel(r.High)
}

func (c *contexts) longLevel(l mls.Level) string {
	text := c.policy.SensitivityName(l.Sensitivity)
	separator := ":"
	n := 0
	for cat := range l.Categories.All() {
		// Whole sets would outgrow the page that a question may have.
		if n++; n > 40 {
			return mls.FormatLevel(c.policy, l)
		}
		text += separator + c.policy.CategoryName(cat)
		separator = ","
	}
	return text
}

// invalid returns a context with the type that is wrong in one way, or looks as
// if it were.
func (c *contexts) invalid(t policy.TypeID) string {
	d := c.policy.Data()
	user := &d.Users[c.below(len(d.Users))]
	role := &d.Roles[c.below(len(d.Roles))]
	name := c.policy.Type(t).Name
	level := ""
	if c.policy.MLS() {
		level = ":" + c.rangeText(c.within(user.Range))
	}
	text := user.Name + ":" + role.Name + ":" + name + level
	switch c.below(14) {
	case 0: // any user, role and type: mostly not together
	case 1:
		text = "nobody_u:" + role.Name + ":" + name + level
	case 2:
		text = user.Name + ":nobody_r:" + name + level
	case 3:
		text = user.Name + ":object_r:nothing_t" + level
	case 4:
		text = strings.TrimSuffix(text, level)
	case 5:
		text = c.valid(t) + ":c1"
	case 6:
		if len(c.attrs) > 0 {
			text = user.Name + ":object_r:" + c.policy.Type(pick(c.random, c.attrs)).Name + level
		}
	case 7:
		text = user.Name + ":object_r:" + name + ":" + c.anyLevel() + "-" + c.anyLevel()
	case 8:
		text = user.Name + ":object_r:" + name + ":" + c.anyLevel()
	case 9:
		text = user.Name + ":object_r:" + name + ":" + pick(c.random, oddLevels)
	case 10:
		text = strings.ToUpper(text)
	case 11:
		text = pick(c.random, junk)
	case 12:
		text = strings.Replace(text, ":", "", 1)
	case 13:
		text = text[:c.below(len(text))+1]
	}
	return text
}

// anyLevel returns a level of existing names that need not be allowed.
func (c *contexts) anyLevel() string {
	d := c.policy.Data()
	if len(d.Sensitivities) == 0 {
		return "s0"
	}
	text := d.Sensitivities[c.below(len(d.Sensitivities))].Name
	separator := ":"
	for range c.below(3) {
		if len(d.Categories) == 0 {
			break
		}
		a, b := d.Categories[c.below(len(d.Categories))].Name, d.Categories[c.below(len(d.Categories))].Name
		if text += separator + a; c.chance(30) {
			text += "." + b
		}
		separator = ","
	}
	return text
}

var oddLevels = []string{
	"s0-", "-s0", "s0:", "s0:c0.", "s0:c0,", "s0:c1.c0", "s0:c0.c0", "s0:c0,c0", "s0:c3,c1", "s99", "s0:c9999",
	"s0:c0.c1023", "s0-s0:c0.c1023", "s0-s15:c0.c1023", "s1-s0", "s0:c1-s0:c2", "s0:c0.c5,c3.c9", "s0-s0-s0",
	"s0:c0:c1", "s0,c0", "S0", "s00", "s0:c0.c1.c2", "s0-s0:c5,c7.c9", "systemlow", "SystemLow-SystemHigh",
}

var junk = []string{
	"x", ":", "::", ":::", "::::", "unlabeled", "kernel", "-", "system_u", "system_u:object_r", "system_u:object_r:",
	"system_u::unlabeled_t:s0", ":object_r:unlabeled_t:s0", "a:b:c:d:e", "\u00e4:\u00f6:\u00fc:s0", "system_u:object_r:unlabeled_t:s0:",
	"system_u:object_r:unlabeled_t :s0", "%s:%s:%s", "system_u:object_r:unlabeled_t:s0\t", "0", "<<none>>",
}
