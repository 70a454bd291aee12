package secctx

import (
	"fmt"
	"strings"

	"seward/policy"
	"seward/policy/mls"
)

// Names that policies give to the role and user of the system's own processes
// and objects. Where a policy has them, they complete a type.
const (
	systemRole = "system_r"
	systemUser = "system_u"
)

// Complete reads a context of which parts may be left out: a whole one, one
// without its range, a type alone, or a type with a range. What is left out is
// what the system's own processes and objects have, where the policy allows it:
//
//   - role: system_r, else the first role that the type may have, else the role
//     of objects;
//   - user: system_u, else the first user that may have the role;
//   - range: the user's default level, else the user's lowest.
//
// The context is valid under the policy.
func Complete(p *policy.Policy, text string) (policy.Context, error) {
	c, err := complete(p, text)
	if err == nil {
		err = p.ValidContext(c)
	}
	if err != nil {
		return policy.Context{}, fmt.Errorf("context %q: %w", text, err)
	}
	return c, nil
}

func complete(p *policy.Policy, text string) (policy.Context, error) {
	name, levels, _ := strings.Cut(text, ":")
	t := p.TypeByName(name)
	if parts, err := Split(text); err == nil && (t == nil || p.UserByName(name) != nil) {
		if p.MLS() && parts.Range == "" {
			user := p.UserByName(parts.User)
			if user == nil {
				return policy.Context{}, fmt.Errorf("%w: %q", policy.ErrNoUser, parts.User)
			}
			parts.Range = mls.FormatLevel(p, initial(user))
		}
		return Resolve(p, parts)
	}
	if t == nil || t.Attribute {
		return policy.Context{}, fmt.Errorf("%w: %q", policy.ErrNoType, name)
	}
	c := ForType(p, t.ID)
	if levels == "" {
		return c, nil
	}
	if !p.MLS() {
		return policy.Context{}, policy.ErrRangeWithout
	}
	r, err := mls.ParseRange(p, levels)
	if err != nil {
		return policy.Context{}, fmt.Errorf("%w: %w", policy.ErrRange, err)
	}
	c.Range = r
	return c, nil
}

// ForType returns the context that Complete makes of a type.
func ForType(p *policy.Policy, t policy.TypeID) policy.Context {
	c := policy.Context{Role: policy.ObjectRole, Type: t}
	if r := p.RoleByName(systemRole); r != nil && r.Types.Has(t) {
		c.Role = r.ID
	} else {
		for i := range p.Data().Roles {
			if r := &p.Data().Roles[i]; r.Types.Has(t) && (c.Role == policy.ObjectRole || r.ID < c.Role) {
				c.Role = r.ID
			}
		}
	}
	user := p.UserByName(systemUser)
	if user == nil || c.Role != policy.ObjectRole && !user.Roles.Has(c.Role) {
		for i := range p.Data().Users {
			u := &p.Data().Users[i]
			if (c.Role == policy.ObjectRole || u.Roles.Has(c.Role)) && (user == nil || !user.Roles.Has(c.Role) || u.ID < user.ID) {
				user = u
			}
		}
	}
	if user != nil {
		c.User, c.Range = user.ID, initial(user).Single()
	}
	return c
}

// initial is the level that somebody starts with who asks for none.
func initial(u *policy.User) mls.Level {
	if u.Default.Between(u.Range) {
		return u.Default
	}
	return u.Range.Low
}
