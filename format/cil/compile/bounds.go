package compile

import (
	"slices"

	"seward/format/cil/resolve"
	"seward/format/diag"
	"seward/policy"
	"seward/policy/assertion"
)

// checkBounds reports types, roles and users that may more than their parents.
func (c *compiler) checkBounds(p *policy.Policy) {
	c.checkTypeBounds(p)
	for _, x := range assertion.RoleBounds(p) {
		child := &c.db.Roles[slices.Index(c.roleIDs, x.Child)]
		e := c.errorf(child.Source, "role %q exceeds its parent %q", c.text(child.Name), p.Role(x.Parent).Name)
		e.Code = "bounds"
		for t := range x.Types.All() {
			e.Note(diag.Pos{}, "type %q is not allowed for the parent", p.Type(t).Name)
		}
	}
	for _, x := range assertion.UserBounds(p) {
		child := &c.db.Users[c.users.symbol[x.Child-1]]
		e := c.errorf(child.Source, "user %q exceeds its parent %q", c.text(child.Name), p.User(x.Parent).Name)
		e.Code = "bounds"
		for r := range x.Roles.All() {
			e.Note(diag.Pos{}, "role %q is not allowed for the parent", p.Role(r).Name)
		}
	}
}

// checkTypeBounds makes one diagnostic for each type that exceeds its parent, with
// a note for each statement that makes it so.
func (c *compiler) checkTypeBounds(p *policy.Policy) {
	excesses := assertion.Bounds(p)
	if len(excesses) == 0 {
		return
	}
	symbols := make(map[policy.TypeID]*resolve.Type)
	for i := range c.db.Types {
		if id := c.typeIDs[i]; id != 0 {
			symbols[id] = &c.db.Types[i]
		}
	}
	diagnostics := make(map[policy.TypeID]*diag.Error)
	for i := range excesses {
		x := &excesses[i]
		e := diagnostics[x.Child]
		if e == nil {
			child := symbols[x.Child]
			e = c.errorf(child.Source, "type %q exceeds its parent %q", c.text(child.Name), p.Type(x.Parent).Name)
			e.Code = "bounds"
			diagnostics[x.Child] = e
		}
		rule := policy.Rule{Source: x.Child, Target: x.Target, Class: x.Class}
		text := c.ruleText(p, &rule, x.Perms)
		for _, o := range p.Origins(ruleAt(p, x.Place)) {
			if o.Data&uint32(x.Perms) != 0 {
				e.Note(c.linePos(o.Pos), "%s", text)
			}
		}
	}
}

// ruleAt returns the rule at a place.
func ruleAt(p *policy.Policy, at assertion.Place) *policy.Rule {
	b := p.Data()
	if at.Conditional < 0 {
		return &b.Rules[at.Index]
	}
	if at.Branch {
		return &b.Conditionals[at.Conditional].True[at.Index]
	}
	return &b.Conditionals[at.Conditional].False[at.Index]
}
