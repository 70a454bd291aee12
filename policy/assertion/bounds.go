package assertion

import (
	"seward/policy"
	"seward/policy/ebitmap"
)

// TypeExcess is a right that a bounded type has and its parent doesn't.
type TypeExcess struct {
	Child, Parent policy.TypeID
	Target        policy.TypeID // what the child may act on
	Class         policy.ClassID
	Perms         policy.AccessVector
	Place         Place // the rule that gives it to the child
}

// rights maps a target type and class to what is allowed.
type rights map[uint64]policy.AccessVector

func rightsKey(target policy.TypeID, class policy.ClassID) uint64 {
	return uint64(target)<<32 | uint64(class)
}

// conditionalRights are what one conditional's lists allow.
type conditionalRights struct {
	whenTrue, whenFalse rights
}

// Bounds returns the rights of bounded types that exceed their parents'. A
// right to act on a bounded type is compared with the parent's right to act on
// that type's parent (libsepol hierarchy.c).
func Bounds(p *policy.Policy) []TypeExcess {
	children := make(map[policy.TypeID][]policy.TypeID)
	var parents []policy.TypeID // in order of first mention, so that results don't vary
	b := p.Data()
	for i := range b.Types {
		t := &b.Types[i]
		if t.Bounds == 0 || t.Alias {
			continue
		}
		if children[t.Bounds] == nil {
			parents = append(parents, t.Bounds)
		}
		children[t.Bounds] = append(children[t.Bounds], t.ID)
	}
	var out []TypeExcess
	for _, parent := range parents {
		always, cond := parentRights(p, parent)
		for _, child := range children[parent] {
			out = appendExcess(out, p, child, parent, always, cond)
		}
	}
	return out
}

// parentRights collects what the parent may do, unconditionally and in each
// conditional. What both branches of a conditional allow is unconditional.
func parentRights(p *policy.Policy, parent policy.TypeID) (rights, []conditionalRights) {
	b := p.Data()
	attributes := p.Attributes(parent)
	always := rights{}
	collect := func(into rights, r *policy.Rule) {
		if r.Kind != policy.Allow || !attributes.Has(r.Source) {
			return
		}
		for t := range p.Members(r.Target).All() {
			into[rightsKey(t, r.Class)] |= policy.AccessVector(r.Data)
		}
	}
	for a := range attributes.All() {
		for _, i := range p.RulesBySource(a) {
			collect(always, &b.Rules[i])
		}
	}
	cond := make([]conditionalRights, len(b.Conditionals))
	for i := range b.Conditionals {
		c := &b.Conditionals[i]
		cond[i] = conditionalRights{rights{}, rights{}}
		for j := range c.True {
			collect(cond[i].whenTrue, &c.True[j])
		}
		for j := range c.False {
			collect(cond[i].whenFalse, &c.False[j])
		}
		for k, av := range cond[i].whenFalse {
			if common := av & cond[i].whenTrue[k]; common != 0 {
				always[k] |= common
			}
		}
	}
	return always, cond
}

func appendExcess(out []TypeExcess, p *policy.Policy, child, parent policy.TypeID, always rights, cond []conditionalRights) []TypeExcess {
	attributes := p.Attributes(child)
	for r := range rules(p) {
		if r.rule.Kind != policy.Allow || !attributes.Has(r.rule.Source) {
			continue
		}
		for t := range p.Members(r.rule.Target).All() {
			target := t
			if bounded := p.Type(t); bounded != nil && bounded.Bounds != 0 {
				target = bounded.Bounds
			}
			k := rightsKey(target, r.rule.Class)
			excess := policy.AccessVector(r.rule.Data) &^ always[k]
			if r.conditional >= 0 && excess != 0 {
				if r.branch {
					excess &^= cond[r.conditional].whenTrue[k]
				} else {
					excess &^= cond[r.conditional].whenFalse[k]
				}
			}
			if excess != 0 {
				out = append(out, TypeExcess{child, parent, t, r.rule.Class, excess, r.place()})
			}
		}
	}
	return out
}

// RoleExcess lists the types that a bounded role may have and its parent may
// not.
type RoleExcess struct {
	Child, Parent policy.RoleID
	Types         ebitmap.Set[policy.TypeID]
}

// RoleBounds returns the bounded roles that exceed their parents.
func RoleBounds(p *policy.Policy) []RoleExcess {
	var out []RoleExcess
	for i := range p.Data().Roles {
		r := &p.Data().Roles[i]
		if r.Bounds == 0 {
			continue
		}
		if extra := r.Types.AndNot(p.Role(r.Bounds).Types); !extra.Empty() {
			out = append(out, RoleExcess{r.ID, r.Bounds, extra})
		}
	}
	return out
}

// UserExcess lists the roles that a bounded user may have and its parent may
// not.
type UserExcess struct {
	Child, Parent policy.UserID
	Roles         ebitmap.Set[policy.RoleID]
}

// UserBounds returns the bounded users that exceed their parents.
func UserBounds(p *policy.Policy) []UserExcess {
	var out []UserExcess
	for i := range p.Data().Users {
		u := &p.Data().Users[i]
		if u.Bounds == 0 {
			continue
		}
		if extra := u.Roles.AndNot(p.User(u.Bounds).Roles); !extra.Empty() {
			out = append(out, UserExcess{u.ID, u.Bounds, extra})
		}
	}
	return out
}
