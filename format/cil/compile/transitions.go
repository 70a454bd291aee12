package compile

import (
	"slices"

	"seward/policy"
)

// roleRules adds role transitions and role allow rules, which libsepol puts each
// before those that came earlier.
func (c *compiler) roleRules() {
	type key struct {
		role  policy.RoleID
		typ   policy.TypeID
		class policy.ClassID
	}
	seen := make(map[key]policy.RoleID)
	for i := range c.db.RoleTransitions {
		x := &c.db.RoleTransitions[i]
		pos := c.pos(x.Source)
		result := c.roleIDs[x.Result]
		conflict := false
		roles, types, classes := c.roles.set(int32(x.Role)), c.members(x.Type), c.classOrMap(x.Class, x.Map, x.Source)
		if !c.spend(x.Source, roles.count(), len(types), len(classes)) {
			break
		}
		for role := range roles.all() {
			for _, t := range types {
				for _, class := range classes {
					k := key{c.memberRoles[role], t, class}
					before, ok := seen[k]
					switch {
					case !ok:
						seen[k] = result
						c.b.RoleTransitions = append(c.b.RoleTransitions, policy.RoleTransition{
							Role: k.role, Type: t, Class: class, Result: result, Pos: pos,
						})
					case before != result && !conflict:
						conflict = true
						c.errorf(x.Source, "conflicting role transitions: for role %q, type %q and class %q another gives %q",
							c.roleName(k.role), c.typeName(t), c.b.Classes[class-1].Name, c.roleName(before))
					}
				}
			}
		}
	}
	slices.Reverse(c.b.RoleTransitions)
	for i := range c.db.RoleAllows {
		x := &c.db.RoleAllows[i]
		pos := c.pos(x.Source)
		froms, tos := c.roles.set(int32(x.From)), c.roles.set(int32(x.To))
		if !c.spend(x.Source, froms.count(), tos.count()) {
			break
		}
		for from := range froms.all() {
			for to := range tos.all() {
				c.b.RoleAllows = append(c.b.RoleAllows, policy.RoleAllow{
					From: c.memberRoles[from], To: c.memberRoles[to], Pos: pos,
				})
			}
		}
	}
	slices.Reverse(c.b.RoleAllows)
}

func (c *compiler) rangeTransitions() {
	if !c.b.MLS {
		return
	}
	seen := make(map[uint64]int)
	for i := range c.db.RangeTransitions {
		x := &c.db.RangeTransitions[i]
		pos := c.pos(x.Source)
		to := c.mlsRanges[x.Range]
		conflict := false
		sources, targets, classes := c.members(x.From), c.members(x.To), c.classOrMap(x.Class, x.Map, x.Source)
		if !c.spend(x.Source, len(sources), len(targets), len(classes)) {
			break
		}
		for _, s := range sources {
			for _, t := range targets {
				for _, class := range classes {
					key := ruleKey(s, t, class, 0)
					before, ok := seen[key]
					switch {
					case !ok:
						seen[key] = len(c.b.RangeTransitions)
						c.b.RangeTransitions = append(c.b.RangeTransitions, policy.RangeTransition{
							Source: s, Target: t, Class: class, Range: to, Pos: pos,
						})
					case !conflict && !c.b.RangeTransitions[before].Range.Equal(to):
						conflict = true
						c.errorf(x.Source, "conflicting range transitions for source %q, target %q and class %q",
							c.typeName(s), c.typeName(t), c.b.Classes[class-1].Name).
							Note(c.linePos(c.b.RangeTransitions[before].Pos), "the other one")
					}
				}
			}
		}
	}
}

func (c *compiler) roleName(id policy.RoleID) string {
	at := slices.IndexFunc(c.b.Roles, func(r policy.Role) bool { return r.ID == id })
	return c.b.Roles[at].Name
}
