package policycmp

import (
	"slices"
	"strings"

	"seward/policy"
	"seward/policy/mls"
)

func permissionList(list []policy.PermissionName) string {
	names := make([]string, len(list))
	for i, x := range list {
		names[i] = x.Name
	}
	slices.Sort(names)
	return "{ " + strings.Join(names, " ") + " }"
}

func (w *writer) classes() {
	for i := range w.b.Commons {
		w.add("common", w.b.Commons[i].Name, permissionList(w.b.Commons[i].Permissions))
	}
	for i := range w.b.Classes {
		c := &w.b.Classes[i]
		common := "-"
		if x := w.p.Common(c.Common); x != nil {
			common = x.Name
		}
		w.add("class", c.Name, "inherits", common, permissionList(c.Permissions))
		w.addf("default %s user %d role %d type %d range %d", c.Name, c.DefaultUser, c.DefaultRole, c.DefaultType, c.DefaultRange)
		for j := range c.Constraints {
			w.add("constrain", c.Name, w.perms(c.ID, c.Constraints[j].Perms), w.constraint(c.Constraints[j].Expr))
			w.constraintSource(c.Name, c.Constraints[j].Expr)
		}
		for j := range c.ValidateTrans {
			w.add("validatetrans", c.Name, w.constraint(c.ValidateTrans[j].Expr))
			w.constraintSource(c.Name, c.ValidateTrans[j].Expr)
		}
	}
}

func (w *writer) types() {
	for i := range w.b.Types {
		t := &w.b.Types[i]
		switch {
		case t.Alias:
			w.add("typealias", t.Name, "of", w.typ(t.ID))
			continue
		case t.Attribute:
			w.add("attribute", t.Name)
		default:
			w.add("type", t.Name)
		}
		if t.Bounds != 0 {
			w.add("typebounds", w.typ(t.Bounds), t.Name)
		}
		for a := range w.p.Attributes(t.ID).All() {
			if a != t.ID {
				w.add("typeattribute", t.Name, w.typ(a))
			}
		}
	}
	for t := range w.b.Permissive.All() {
		w.add("permissive", w.typ(t))
	}
	for t := range w.b.NeverAudit.All() {
		w.add("neveraudit", w.typ(t))
	}
}

func (w *writer) rolesAndUsers() {
	for i := range w.b.Roles {
		r := &w.b.Roles[i]
		w.add("role", r.Name)
		if r.Bounds != 0 {
			w.add("rolebounds", w.role(r.Bounds), r.Name)
		}
		for d := range r.Dominates.All() {
			w.add("dominance", r.Name, w.role(d))
		}
		if r.ID == policy.ObjectRole {
			continue // goes with every type, whatever is listed
		}
		for t := range r.Types.All() {
			w.add("roletype", r.Name, w.typ(t))
		}
	}
	for i := range w.b.Users {
		u := &w.b.Users[i]
		level := "-"
		if w.b.MLS {
			level = string(mls.AppendLevel(nil, w.p, u.Default))
		}
		w.add("user", u.Name, "level", level, "range", w.rangeText(u.Range))
		if u.Bounds != 0 {
			w.add("userbounds", w.user(u.Bounds), u.Name)
		}
		for r := range u.Roles.All() {
			w.add("userrole", u.Name, w.role(r))
		}
	}
	for i := range w.b.Booleans {
		w.addf("bool %s %t", w.b.Booleans[i].Name, w.b.Booleans[i].State)
	}
}

// levels states sensitivities and categories with their rank, which is their
// meaning: sensitivities dominate by it, and ranges of categories follow it.
func (w *writer) levels() {
	for i := range w.b.Sensitivities {
		s := &w.b.Sensitivities[i]
		if s.Alias {
			w.add("sensitivityalias", s.Name, "of", w.p.SensitivityName(s.ID))
			continue
		}
		level := mls.Level{Sensitivity: s.ID, Categories: s.Categories}
		w.addf("sensitivity %d %s", s.ID, mls.AppendLevel(nil, w.p, level))
	}
	for i := range w.b.Categories {
		c := &w.b.Categories[i]
		if c.Alias {
			w.add("categoryalias", c.Name, "of", w.p.CategoryName(c.ID))
			continue
		}
		w.addf("category %d %s", c.ID, c.Name)
	}
}
