package compile

import (
	"strings"

	"seward/format/cil/resolve"
	"seward/format/diag"
	"seward/policy"
	"seward/policy/assertion"
)

// assertions checks neverallow rules and bounds.
func (c *compiler) assertions(p *policy.Policy) {
	rules, statements := c.neverallows()
	if len(rules) > 0 {
		violations := assertion.Check(p, rules)
		c.reportNeverallows(p, violations, statements)
	}
	c.checkBounds(p)
}

// neverallows expands the neverallow rules, and returns beside each the
// statement.
func (c *compiler) neverallows() (rules []assertion.Rule, statements []*resolve.Rule) {
	for i := range c.db.Rules {
		r := &c.db.Rules[i]
		if r.Kind != resolve.NeverAllow && r.Kind != resolve.NeverAllowX {
			continue
		}
		rule := assertion.Rule{Sources: c.memberSet(r.From), Pos: c.pos(r.Source)}
		switch r.To {
		case resolve.TargetSelf:
			rule.Pairing = assertion.Self
		case resolve.TargetNotSelf:
			rule.Pairing = assertion.NotSelf
		case resolve.TargetOther:
			rule.Pairing, rule.Targets = assertion.NotSelf, rule.Sources
		default:
			rule.Targets = c.memberSet(r.To)
		}
		if rule.Sources.Empty() || r.To > 0 && rule.Targets.Empty() {
			continue
		}
		if r.Kind == resolve.NeverAllow {
			for _, x := range c.permsOf(r.Perms, r.Source) {
				rule.Permissions = append(rule.Permissions, assertion.ClassPermissions{Class: x.class, Perms: policy.AccessVector(x.perms)})
			}
		} else if !c.neverallowx(&rule, r) {
			continue
		}
		rules = append(rules, rule)
		statements = append(statements, r)
	}
	return rules, statements
}

// neverallowx fills in a rule about extended permissions; it reports whether
// there are any.
func (c *compiler) neverallowx(rule *assertion.Rule, r *resolve.Rule) bool {
	x := &c.db.Permissionxs[r.Permx]
	name := "ioctl"
	if x.Kind == resolve.PermxNlmsg {
		name = "nlmsg"
	}
	rule.Xperms = xpermEntries(c.permx(r.Permx), x.Kind == resolve.PermxNlmsg)
	for _, id := range c.classOrMap(x.Class, x.Map, r.Source) {
		if perm := c.permission(id, name); perm != 0 {
			rule.Permissions = append(rule.Permissions, assertion.ClassPermissions{Class: id, Perms: perm})
		}
	}
	return len(rule.Xperms) > 0 && len(rule.Permissions) > 0
}

// permission returns a permission of a class by name, 0 if it hasn't got it.
func (c *compiler) permission(id policy.ClassID, name string) policy.AccessVector {
	class := &c.b.Classes[id-1]
	lists := [][]policy.PermissionName{class.Permissions}
	if class.Common != 0 {
		lists = append(lists, c.b.Commons[class.Common-1].Permissions)
	}
	for _, list := range lists {
		for _, p := range list {
			if p.Name == name {
				return policy.Permission(p.Number)
			}
		}
	}
	return 0
}

// reportNeverallows makes one diagnostic for each neverallow rule that is
// violated; every allow rule that does is a note at each of its statements.
func (c *compiler) reportNeverallows(p *policy.Policy, violations []assertion.Violation, statements []*resolve.Rule) {
	var e *diag.Error
	last := -1
	for i := range violations {
		v := &violations[i]
		if v.Rule != last {
			last = v.Rule
			kind := "neverallow"
			if statements[v.Rule].Kind == resolve.NeverAllowX {
				kind = "neverallowx"
			}
			e = c.errorf(statements[v.Rule].Source, "%s rule is violated", kind)
			e.Code = "neverallow"
		}
		rule := c.ruleText(p, &v.Allow, v.Perms)
		noted := false
		for _, o := range p.Origins(&v.Allow) {
			if v.Allow.Kind == policy.Allow && o.Data&uint32(v.Perms) == 0 {
				continue
			}
			e.Note(c.linePos(o.Pos), "%s", rule)
			noted = true
		}
		if !noted {
			e.Note(diag.Pos{}, "%s", rule)
		}
	}
}

// ruleText writes an allow rule of the image with the given permissions.
func (c *compiler) ruleText(p *policy.Policy, r *policy.Rule, perms policy.AccessVector) string {
	class := p.Class(r.Class)
	return "(allow " + p.Type(r.Source).Name + " " + p.Type(r.Target).Name +
		" (" + class.Name + " (" + strings.Join(p.PermissionNames(class, perms), " ") + ")))"
}
