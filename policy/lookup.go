package policy

import "slices"

// at returns the element of table that the index names by identifier, nil if
// there is none.
func at[T any, ID ~uint32](table []T, index []int32, id ID) *T {
	if uint64(id) >= uint64(len(index)) || index[id] == 0 {
		return nil
	}
	return &table[index[id]-1]
}

// named returns the element of table with the name, nil if there is none.
func named[T any](table []T, index map[string]int32, name string) *T {
	i, ok := index[name]
	if !ok {
		return nil
	}
	return &table[i]
}

// Common returns the common with the identifier, nil if there is none.
func (p *Policy) Common(id CommonID) *Common { return at(p.b.Commons, p.commons, id) }

// Class returns the class with the identifier, nil if there is none.
func (p *Policy) Class(id ClassID) *Class { return at(p.b.Classes, p.classes, id) }

// Role returns the role with the identifier, nil if there is none.
func (p *Policy) Role(id RoleID) *Role { return at(p.b.Roles, p.roles, id) }

// Type returns the type or attribute with the identifier, nil if there is none.
func (p *Policy) Type(id TypeID) *Type { return at(p.b.Types, p.types, id) }

// User returns the user with the identifier, nil if there is none.
func (p *Policy) User(id UserID) *User { return at(p.b.Users, p.users, id) }

// Boolean returns the boolean with the identifier, nil if there is none.
func (p *Policy) Boolean(id BooleanID) *Boolean { return at(p.b.Booleans, p.booleans, id) }

// Sensitivity returns the sensitivity with the identifier, nil if there is none.
func (p *Policy) Sensitivity(id SensitivityID) *Sensitivity {
	return at(p.b.Sensitivities, p.sensitivities, id)
}

// Category returns the category with the identifier, nil if there is none.
func (p *Policy) Category(id CategoryID) *Category { return at(p.b.Categories, p.categories, id) }

// CommonByName returns the common with the name, nil if there is none.
func (p *Policy) CommonByName(name string) *Common { return named(p.b.Commons, p.commonNames, name) }

// ClassByName returns the class with the name, nil if there is none.
func (p *Policy) ClassByName(name string) *Class { return named(p.b.Classes, p.classNames, name) }

// RoleByName returns the role with the name, nil if there is none.
func (p *Policy) RoleByName(name string) *Role { return named(p.b.Roles, p.roleNames, name) }

// TypeByName returns the type, attribute or alias with the name, nil if there is
// none. An alias has the ID of its type.
func (p *Policy) TypeByName(name string) *Type { return named(p.b.Types, p.typeNames, name) }

// UserByName returns the user with the name, nil if there is none.
func (p *Policy) UserByName(name string) *User { return named(p.b.Users, p.userNames, name) }

// BooleanByName returns the boolean with the name, nil if there is none.
func (p *Policy) BooleanByName(name string) *Boolean {
	return named(p.b.Booleans, p.booleanNames, name)
}

// SensitivityByName returns the identifier of the sensitivity or alias with the
// name.
func (p *Policy) SensitivityByName(name string) (SensitivityID, bool) {
	if s := named(p.b.Sensitivities, p.sensitivityNames, name); s != nil {
		return s.ID, true
	}
	return 0, false
}

// CategoryByName returns the identifier of the category or alias with the name.
func (p *Policy) CategoryByName(name string) (CategoryID, bool) {
	if c := named(p.b.Categories, p.categoryNames, name); c != nil {
		return c.ID, true
	}
	return 0, false
}

// SensitivityName returns the primary name, empty if there is none.
func (p *Policy) SensitivityName(id SensitivityID) string {
	if s := p.Sensitivity(id); s != nil {
		return s.Name
	}
	return ""
}

// CategoryName returns the primary name, empty if there is none.
func (p *Policy) CategoryName(id CategoryID) string {
	if c := p.Category(id); c != nil {
		return c.Name
	}
	return ""
}

// Permission returns the vector of the named permission of a class, its
// common's permissions included; 0 if there is none.
func (p *Policy) Permission(c *Class, name string) AccessVector {
	for _, x := range c.Permissions {
		if x.Name == name {
			return Permission(x.Number)
		}
	}
	if common := p.Common(c.Common); common != nil {
		for _, x := range common.Permissions {
			if x.Name == name {
				return Permission(x.Number)
			}
		}
	}
	return 0
}

// Permissions returns all permissions of a class, its common's included, by
// ascending number.
func (p *Policy) Permissions(c *Class) []PermissionName {
	out := slices.Clone(c.Permissions)
	if common := p.Common(c.Common); common != nil {
		out = append(out, common.Permissions...)
	}
	slices.SortFunc(out, func(x, y PermissionName) int { return int(x.Number) - int(y.Number) })
	return out
}

// PermissionNames returns the names of the permissions in a vector by ascending
// number. Bits that the class doesn't define are left out.
func (p *Policy) PermissionNames(c *Class, av AccessVector) []string {
	var out []string
	for _, x := range p.Permissions(c) {
		if av&Permission(x.Number) != 0 {
			out = append(out, x.Name)
		}
	}
	return out
}
