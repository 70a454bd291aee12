package policy

import (
	"fmt"

	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// maxBoundsDepth is the longest chain of bounds that the kernel accepts.
const maxBoundsDepth = 4

func (p *Policy) checkSymbols() error {
	b := &p.b
	for i := range b.Commons {
		if err := checkPermissions(b.Commons[i].Permissions, nil); err != nil {
			return invalid("commons", i, "%s: %w", b.Commons[i].Name, err)
		}
	}
	for i := range b.Classes {
		if err := p.checkClass(&b.Classes[i]); err != nil {
			return invalid("classes", i, "%s: %w", b.Classes[i].Name, err)
		}
	}
	if err := p.checkTypes(); err != nil {
		return err
	}
	if err := p.checkRoles(); err != nil {
		return err
	}
	for i := range b.Sensitivities {
		if max := b.Sensitivities[i].Categories.Max(); uint32(max) > b.Sizes.Categories {
			return invalid("levels", i, "%s: category %d does not exist", b.Sensitivities[i].Name, max)
		}
	}
	return p.checkUsers()
}

func checkPermissions(own, inherited []PermissionName) error {
	var seen AccessVector
	names := make(map[string]bool, len(own)+len(inherited))
	for _, list := range [][]PermissionName{inherited, own} {
		for _, x := range list {
			switch {
			case x.Name == "":
				return fmt.Errorf("name of permission %d is empty", x.Number)
			case x.Number < 1 || x.Number > 32:
				return fmt.Errorf("permission %s has number %d, not 1 to 32", x.Name, x.Number)
			case seen&Permission(x.Number) != 0:
				return fmt.Errorf("permission number %d is given twice", x.Number)
			case names[x.Name]:
				return fmt.Errorf("permission %s is given twice", x.Name)
			}
			seen |= Permission(x.Number)
			names[x.Name] = true
		}
	}
	return nil
}

func (p *Policy) checkClass(c *Class) error {
	var inherited []PermissionName
	if c.Common != 0 {
		common := p.Common(c.Common)
		if common == nil {
			return fmt.Errorf("common %d does not exist", c.Common)
		}
		inherited = common.Permissions
	}
	if err := checkPermissions(c.Permissions, inherited); err != nil {
		return err
	}
	if c.DefaultUser > DefaultTarget || c.DefaultRole > DefaultTarget || c.DefaultType > DefaultTarget {
		return fmt.Errorf("default is neither source nor target")
	}
	if c.DefaultRange > DefaultRangeGLBLUB {
		return fmt.Errorf("default range %d is unknown", c.DefaultRange)
	}
	for i := range c.Constraints {
		if err := p.checkConstraint(&c.Constraints[i], false); err != nil {
			return fmt.Errorf("constraint %d: %w", i, err)
		}
	}
	for i := range c.ValidateTrans {
		if err := p.checkConstraint(&c.ValidateTrans[i], true); err != nil {
			return fmt.Errorf("validatetrans %d: %w", i, err)
		}
	}
	return nil
}

func (p *Policy) checkTypes() error {
	b := &p.b
	for i := range b.Types {
		t := &b.Types[i]
		if t.Bounds == 0 {
			continue
		}
		parent := p.Type(t.Bounds)
		if parent == nil {
			return invalid("types", i, "%s: bounds type %d does not exist", t.Name, t.Bounds)
		}
		if parent.Attribute || t.Attribute {
			return invalid("types", i, "%s: an attribute can't take part in bounds", t.Name)
		}
		depth := 0
		for x := parent; x != nil; x = p.Type(x.Bounds) {
			if depth++; depth > maxBoundsDepth {
				return invalid("types", i, "%s: more than %d bounds above it", t.Name, maxBoundsDepth)
			}
		}
	}
	if len(b.TypeAttributes) > int(b.Sizes.Types) {
		return invalid("type attributes", -1, "%d entries for %d types", len(b.TypeAttributes), b.Sizes.Types)
	}
	for i := range b.TypeAttributes {
		if top := b.TypeAttributes[i].Max(); uint32(top) > b.Sizes.Types {
			return invalid("type attributes", i, "type %d does not exist", top)
		}
	}
	for _, set := range []*ebitmap.Set[TypeID]{&b.Permissive, &b.NeverAudit} {
		if top := set.Max(); uint32(top) > b.Sizes.Types {
			return invalid("permissive types", -1, "type %d does not exist", top)
		}
	}
	return nil
}

func (p *Policy) checkRoles() error {
	b := &p.b
	for i := range b.Roles {
		r := &b.Roles[i]
		if (r.ID == ObjectRole) != (r.Name == "object_r") {
			return invalid("roles", i, "%s has identifier %d; %d is object_r's", r.Name, r.ID, ObjectRole)
		}
		if top := r.Types.Max(); uint32(top) > b.Sizes.Types {
			return invalid("roles", i, "%s: type %d does not exist", r.Name, top)
		}
		if top := r.Dominates.Max(); uint32(top) > b.Sizes.Roles {
			return invalid("roles", i, "%s: role %d does not exist", r.Name, top)
		}
		depth := 0
		for x := r; x.Bounds != 0; depth++ {
			parent := p.Role(x.Bounds)
			if parent == nil {
				return invalid("roles", i, "%s: bounds role %d does not exist", r.Name, x.Bounds)
			}
			if depth == maxBoundsDepth {
				return invalid("roles", i, "%s: more than %d bounds above it", r.Name, maxBoundsDepth)
			}
			x = parent
		}
	}
	return nil
}

func (p *Policy) checkUsers() error {
	b := &p.b
	for i := range b.Users {
		u := &b.Users[i]
		if top := u.Roles.Max(); uint32(top) > b.Sizes.Roles {
			return invalid("users", i, "%s: role %d does not exist", u.Name, top)
		}
		if b.MLS {
			if !p.ValidRange(u.Range) {
				return invalid("users", i, "%s: range is not valid", u.Name)
			}
			if !p.ValidLevel(u.Default) {
				return invalid("users", i, "%s: default level is not valid", u.Name)
			}
		} else if !u.Range.Equal(mls.Range{}) {
			return invalid("users", i, "%s: %w", u.Name, ErrRangeWithout)
		}
		depth := 0
		for x := u; x.Bounds != 0; depth++ {
			parent := p.User(x.Bounds)
			if parent == nil {
				return invalid("users", i, "%s: bounds user %d does not exist", u.Name, x.Bounds)
			}
			if depth == maxBoundsDepth {
				return invalid("users", i, "%s: more than %d bounds above it", u.Name, maxBoundsDepth)
			}
			x = parent
		}
	}
	return nil
}
