package policydb

import "seward/policy"

func (w *writer) symbols() {
	b, s, o := w.b, &w.b.Sizes, w.order
	symbolRows(w, s.Commons, b.Commons, o.commons(b.Commons), w.common)
	symbolRows(w, s.Classes, b.Classes, o.classes(b.Classes), w.class)
	symbolRows(w, s.Roles, b.Roles, o.roles(b.Roles), w.role)
	symbolRows(w, s.Types, b.Types, o.types(b.Types), w.typ)
	symbolRows(w, s.Users, b.Users, o.users(b.Users), w.user)
	symbolRows(w, s.Booleans, b.Booleans, o.booleans(b.Booleans), w.boolean)
	symbolRows(w, s.Sensitivities, b.Sensitivities, o.sensitivities(b.Sensitivities), w.sensitivity)
	symbolRows(w, s.Categories, b.Categories, o.categories(b.Categories), w.category)
}

// symbolRows writes one table of symbols in the given order, nil for as it is.
func symbolRows[T any](w *writer, top uint32, rows []T, order []int32, write func(*T)) {
	w.u32(top)
	w.length(len(rows))
	for i := range rows {
		if order != nil {
			write(&rows[order[i]])
		} else {
			write(&rows[i])
		}
	}
}

func (w *writer) common(c *policy.Common) {
	w.length(len(c.Name))
	w.u32(uint32(c.ID))
	w.length(len(c.Permissions))
	w.length(len(c.Permissions))
	w.text(c.Name)
	w.permissions(c.Permissions)
}

func (w *writer) permissions(list []policy.PermissionName) {
	order := w.order.permissions(list)
	for i := range list {
		x := &list[i]
		if order != nil {
			x = &list[order[i]]
		}
		w.length(len(x.Name))
		w.u32(x.Number)
		w.text(x.Name)
	}
}

func (w *writer) class(c *policy.Class) {
	var common string
	total := len(c.Permissions)
	if x := w.p.Common(c.Common); x != nil {
		common = x.Name
		total += len(x.Permissions)
	}
	w.length(len(c.Name))
	w.length(len(common))
	w.u32(uint32(c.ID))
	w.length(total)
	w.length(len(c.Permissions))
	w.length(len(c.Constraints))
	w.text(c.Name)
	w.text(common)
	w.permissions(c.Permissions)
	w.constraints(c.Constraints)
	w.length(len(c.ValidateTrans))
	w.constraints(c.ValidateTrans)
	if w.version >= policy.VersionNewObjectDefaults {
		level := c.DefaultRange
		if level == policy.DefaultRangeGLBLUB && w.version < policy.VersionGLBLUB {
			level = policy.DefaultRangeUnset
		}
		w.u32(uint32(c.DefaultUser), uint32(c.DefaultRole), uint32(level))
	}
	if w.version >= policy.VersionDefaultType {
		w.u32(uint32(c.DefaultType))
	}
}

func (w *writer) constraints(list []policy.Constraint) {
	for i := range list {
		c := &list[i]
		w.u32(uint32(c.Perms))
		w.length(len(c.Expr))
		for j := range c.Expr {
			op := &c.Expr[j]
			w.u32(uint32(op.Kind), uint32(op.Attr), uint32(op.Operator))
			if op.Kind != policy.ConstraintNames {
				continue
			}
			w.bitmap(op.Names)
			if w.version >= policy.VersionConstraintNames {
				w.bitmap(op.TypeNames.Types.Bitmap)
				w.bitmap(op.TypeNames.Negated.Bitmap)
				w.u32(op.TypeNames.Flags)
			}
		}
	}
}

func (w *writer) role(r *policy.Role) {
	w.length(len(r.Name))
	w.u32(uint32(r.ID), uint32(r.Bounds))
	w.text(r.Name)
	w.bitmap(r.Dominates.Bitmap)
	w.bitmap(w.order.roleTypes(r).Bitmap)
}

func (w *writer) typ(t *policy.Type) {
	var properties uint32
	if !t.Alias {
		properties |= propertyPrimary
	}
	if t.Attribute {
		properties |= propertyAttribute
	}
	w.length(len(t.Name))
	w.u32(uint32(t.ID), properties, uint32(t.Bounds))
	w.text(t.Name)
}

func (w *writer) user(u *policy.User) {
	w.length(len(u.Name))
	w.u32(uint32(u.ID), uint32(u.Bounds))
	w.text(u.Name)
	w.bitmap(u.Roles.Bitmap)
	w.mlsRange(&u.Range)
	w.level(&u.Default)
}

func (w *writer) flag(v bool) {
	if v {
		w.u32(1)
	} else {
		w.u32(0)
	}
}

func (w *writer) boolean(x *policy.Boolean) {
	w.u32(uint32(x.ID))
	w.flag(x.State)
	w.name(x.Name)
}

func (w *writer) sensitivity(s *policy.Sensitivity) {
	w.length(len(s.Name))
	w.flag(s.Alias)
	w.text(s.Name)
	w.u32(uint32(s.ID))
	w.bitmap(s.Categories.Bitmap)
}

func (w *writer) category(c *policy.Category) {
	w.length(len(c.Name))
	w.u32(uint32(c.ID))
	w.flag(c.Alias)
	w.text(c.Name)
}
