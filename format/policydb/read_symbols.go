package policydb

import (
	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// commonRef is what a class needs to know of its common, which it names.
type commonRef struct {
	id          policy.CommonID
	permissions uint32
}

// symbols reads the eight symbol tables.
func (r *reader) symbols() {
	b := &r.b
	r.commons = make(map[string]commonRef)
	symbolTable(r, tableCommons, 17, &b.Sizes.Commons, &b.Commons, r.common)
	symbolTable(r, tableClasses, 29, &b.Sizes.Classes, &b.Classes, r.class)
	symbolTable(r, tableRoles, 37, &b.Sizes.Roles, &b.Roles, r.role)
	symbolTable(r, tableTypes, 17, &b.Sizes.Types, &b.Types, r.typ)
	symbolTable(r, tableUsers, 57, &b.Sizes.Users, &b.Users, r.user)
	symbolTable(r, tableBooleans, 13, &b.Sizes.Booleans, &b.Booleans, r.boolean)
	symbolTable(r, tableLevels, 25, &b.Sizes.Sensitivities, &b.Sensitivities, r.sensitivity)
	symbolTable(r, tableCategories, 13, &b.Sizes.Categories, &b.Categories, r.category)
}

// symbolTable reads one table of symbols that take at least size bytes each.
func symbolTable[T any](r *reader, name string, size int, top *uint32, out *[]T, read func(*T)) {
	r.enter(name, -1)
	// The greatest identifier is a claim like any other. There may be gaps, but
	// libsepol as well refuses more identifiers than 12 bytes each could follow.
	*top = uint32(r.checkCount(r.u32(), 12)) //nolint:gosec // G115: was 32 bits before.
	n := r.count(size)
	if r.err != nil || n == 0 {
		return
	}
	rows := make([]T, n)
	for i := range rows {
		r.enter(name, i)
		if read(&rows[i]); r.err != nil {
			return
		}
	}
	*out = rows
}

// ident checks an identifier that was read size bytes ago against the number
// of identifiers.
func (r *reader) ident(what string, id, limit uint32, size int) {
	if id == 0 || id > limit {
		r.failf(size, "%s %d out of range", what, id)
	}
}

func (r *reader) common(c *policy.Common) {
	length, id, top, n := r.u32(), r.u32(), r.u32(), r.u32()
	r.ident("common", id, r.b.Sizes.Commons, 12)
	c.ID = policy.CommonID(id)
	c.Name = r.name(length)
	c.Permissions = r.permissions(n, 0, top)
	r.commons[c.Name] = commonRef{c.ID, top}
}

// permissions reads n permissions, which have the numbers above those that are
// inherited up to top.
func (r *reader) permissions(n, inherited, top uint32) []policy.PermissionName {
	switch {
	case top > 32:
		r.failf(0, "%d permissions, at most 32 are possible", top)
	case uint64(n)+uint64(inherited) != uint64(top):
		r.failf(0, "%d permissions and %d inherited ones, %d numbers", n, inherited, top)
	}
	if n == 0 || r.err != nil {
		return nil
	}
	out := make([]policy.PermissionName, n)
	for i := range out {
		length, number := r.u32(), r.u32()
		if number <= inherited || number > top {
			r.failf(4, "permission number %d is not between %d and %d", number, inherited+1, top)
		}
		out[i] = policy.PermissionName{Name: r.name(length), Number: number}
	}
	return out
}

func (r *reader) class(c *policy.Class) {
	length, commonLength := r.u32(), r.u32()
	id, top, perms, constraints := r.u32(), r.u32(), r.u32(), r.u32()
	r.ident("class", id, r.b.Sizes.Classes, 16)
	c.ID = policy.ClassID(id)
	c.Name = r.name(length)
	var inherited uint32
	if commonLength != 0 {
		start, name := r.off, r.name(commonLength)
		common := r.commons[name]
		if common.id == 0 && r.err == nil {
			r.failf(r.off-start, "common %q does not exist", name)
		}
		c.Common, inherited = common.id, common.permissions
	}
	c.Permissions = r.permissions(perms, inherited, top)
	if c.Name == "process" {
		r.process = c.ID
	}
	c.Constraints = r.constraints(constraints, false)
	c.ValidateTrans = r.constraints(r.u32(), true)
	if r.version >= policy.VersionNewObjectDefaults {
		c.DefaultUser = policy.DefaultObject(r.u32())
		c.DefaultRole = policy.DefaultObject(r.u32())
		c.DefaultRange = policy.DefaultRange(r.u32())
	}
	if r.version >= policy.VersionDefaultType {
		c.DefaultType = policy.DefaultObject(r.u32())
	}
}

func (r *reader) constraints(n uint32, transition bool) []policy.Constraint {
	count := r.checkCount(n, 20)
	if count == 0 {
		return nil
	}
	out := make([]policy.Constraint, count)
	for i := range out {
		c := &out[i]
		c.Perms = policy.AccessVector(r.u32())
		if transition && c.Perms != 0 {
			r.failf(4, "validatetrans with permissions %#x", uint32(c.Perms))
		}
		ops := r.count(12)
		if r.err != nil {
			return nil
		}
		c.Expr = make([]policy.ConstraintOp, ops)
		for j := range c.Expr {
			r.constraintOp(&c.Expr[j])
		}
		if r.err != nil {
			return nil
		}
	}
	return out
}

func (r *reader) constraintOp(op *policy.ConstraintOp) {
	op.Kind = policy.ConstraintOpKind(r.u32())
	op.Attr = policy.ConstraintAttribute(r.u32())
	op.Operator = policy.ConstraintOperator(r.u32())
	switch op.Kind {
	case policy.ConstraintNot, policy.ConstraintAnd, policy.ConstraintOr:
		if op.Attr != 0 || op.Operator != 0 {
			r.failf(8, "connective with attribute %#x and operator %d", uint32(op.Attr), op.Operator)
		}
	case policy.ConstraintNames:
		op.Names = r.bitmap()
		if r.version >= policy.VersionConstraintNames {
			op.TypeNames.Types = ebitmap.Set[policy.TypeID]{Bitmap: r.bitmap()}
			op.TypeNames.Negated = ebitmap.Set[policy.TypeID]{Bitmap: r.bitmap()}
			op.TypeNames.Flags = r.u32()
		}
	case policy.ConstraintAttr:
	default:
		r.failf(12, "constraint element %d is unknown", op.Kind)
	}
}

func (r *reader) role(role *policy.Role) {
	length, id, bounds := r.u32(), r.u32(), r.u32()
	r.ident("role", id, r.b.Sizes.Roles, 8)
	if bounds > r.b.Sizes.Roles {
		r.failf(4, "bounds role %d out of range", bounds)
	}
	role.ID, role.Bounds = policy.RoleID(id), policy.RoleID(bounds)
	role.Name = r.name(length)
	role.Dominates = ebitmap.Set[policy.RoleID]{Bitmap: r.bitmap()}
	role.Types = ebitmap.Set[policy.TypeID]{Bitmap: r.bitmap()}
}

func (r *reader) typ(t *policy.Type) {
	length, id, properties, bounds := r.u32(), r.u32(), r.u32(), r.u32()
	r.ident("type", id, r.b.Sizes.Types, 12)
	switch properties {
	case 0:
		t.Alias = true
	case propertyPrimary:
	case propertyPrimary | propertyAttribute:
		t.Attribute = true
	default:
		r.failf(8, "property word %#x of a type is unknown", properties)
	}
	if bounds > r.b.Sizes.Types {
		r.failf(4, "bounds type %d out of range", bounds)
	}
	t.ID, t.Bounds = policy.TypeID(id), policy.TypeID(bounds)
	t.Name = r.name(length)
}

func (r *reader) user(u *policy.User) {
	length, id, bounds := r.u32(), r.u32(), r.u32()
	r.ident("user", id, r.b.Sizes.Users, 8)
	if bounds > r.b.Sizes.Users {
		r.failf(4, "bounds user %d out of range", bounds)
	}
	u.ID, u.Bounds = policy.UserID(id), policy.UserID(bounds)
	u.Name = r.name(length)
	u.Roles = ebitmap.Set[policy.RoleID]{Bitmap: r.bitmap()}
	u.Range = r.mlsRange()
	u.Default = r.level()
}

// flag reads a word that is 0 or 1.
func (r *reader) flag(what string) bool {
	v := r.u32()
	if v > 1 {
		r.failf(4, "%s is %d, expected 0 or 1", what, v)
	}
	return v == 1
}

func (r *reader) boolean(x *policy.Boolean) {
	id := r.u32()
	r.ident("boolean", id, r.b.Sizes.Booleans, 4)
	x.ID = policy.BooleanID(id)
	x.State = r.flag("state")
	x.Name = r.name(r.u32())
}

func (r *reader) sensitivity(x *policy.Sensitivity) {
	length := r.u32()
	x.Alias = r.flag("alias mark")
	x.Name = r.name(length)
	start := r.off
	level := r.level()
	x.ID, x.Categories = level.Sensitivity, level.Categories
	if r.err == nil {
		r.ident("sensitivity", uint32(x.ID), r.b.Sizes.Sensitivities, r.off-start)
	}
}

func (r *reader) category(c *policy.Category) {
	length, id := r.u32(), r.u32()
	r.ident("category", id, r.b.Sizes.Categories, 4)
	c.ID = policy.CategoryID(id)
	c.Alias = r.flag("alias mark")
	c.Name = r.name(length)
}

func (r *reader) level() mls.Level {
	return mls.Level{
		Sensitivity: policy.SensitivityID(r.u32()),
		Categories:  ebitmap.Set[policy.CategoryID]{Bitmap: r.bitmap()},
	}
}

// mlsRange reads the number of levels, their sensitivities, their categories.
// One level is both ends.
func (r *reader) mlsRange() mls.Range {
	var x mls.Range
	n := r.u32()
	if r.err == nil && (n < 1 || n > 2) {
		r.failf(4, "range of %d levels, expected 1 or 2", n)
	}
	x.Low.Sensitivity = policy.SensitivityID(r.u32())
	if n == 2 {
		x.High.Sensitivity = policy.SensitivityID(r.u32())
	}
	x.Low.Categories = ebitmap.Set[policy.CategoryID]{Bitmap: r.bitmap()}
	if n != 2 {
		x.High = x.Low
		return x
	}
	x.High.Categories = ebitmap.Set[policy.CategoryID]{Bitmap: r.bitmap()}
	return x
}
