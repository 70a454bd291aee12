package resolve

import "seward/format/cil/syntax"

// number gives a symbol its identifier when the walk meets its first declaration.
func (r *resolver) number(i, n int32, st *syntax.Stmt) {
	flavor := r.flavor(st)
	s := r.get(r.insts[i].scope, tables[flavor], r.argName(i, n))
	if s == 0 {
		return
	}
	y := &r.syms[s]
	if y.flavor != flavor || y.head != (node{i, n}) {
		return
	}
	name, src, db := r.qualified(s), r.source(i, st), r.db
	switch flavor {
	case syntax.FlavorType, syntax.FlavorTypeAttribute:
		db.Types = append(db.Types, Type{Name: name, Attribute: flavor == syntax.FlavorTypeAttribute, Source: src})
		y.id = int32(len(db.Types) - 1)
	case syntax.FlavorRole, syntax.FlavorRoleAttribute:
		db.Roles = append(db.Roles, Role{Name: name, Attribute: flavor == syntax.FlavorRoleAttribute, Source: src})
		y.id = int32(len(db.Roles) - 1)
	case syntax.FlavorUser, syntax.FlavorUserAttribute:
		db.Users = append(db.Users, User{Name: name, Attribute: flavor == syntax.FlavorUserAttribute, Source: src})
		y.id = int32(len(db.Users) - 1)
	case syntax.FlavorCommon:
		db.Commons = append(db.Commons, Common{Name: name, Perms: r.permNames(y.info), Source: src})
		y.id = int32(len(db.Commons) - 1)
	case syntax.FlavorClass:
		db.Classes = append(db.Classes, Class{Name: name, Perms: r.permNames(y.info), Source: src})
		y.id = int32(len(db.Classes) - 1)
	case syntax.FlavorMapClass:
		m := MapClass{Name: name, Source: src}
		for _, p := range r.classes[y.info].perms {
			m.Perms = append(m.Perms, MapPerm{Name: Name(p)})
		}
		db.MapClasses = append(db.MapClasses, m)
		y.id = int32(len(db.MapClasses) - 1)
	case syntax.FlavorClassPermission:
		db.PermSets = append(db.PermSets, PermSet{Name: name, Source: src})
		y.id = int32(len(db.PermSets) - 1)
	case syntax.FlavorPermissionx:
		db.Permissionxs = append(db.Permissionxs, Permissionx{Name: name, Source: src})
		y.id = int32(len(db.Permissionxs) - 1)
	case syntax.FlavorBoolean:
		value := r.files[r.insts[i].file].Args(st)[1].Name() == syntax.KwTrue.Name()
		db.Booleans = append(db.Booleans, Boolean{Name: name, Value: value, Tunable: st.Keyword == syntax.KwTunable, Source: src})
		y.id = int32(len(db.Booleans) - 1)
	default:
		r.numberSecurity(y, flavor, name, src)
	}
}

// numberSecurity is number for what contexts and levels are made of.
func (r *resolver) numberSecurity(y *sym, flavor syntax.Flavor, name Name, src Source) {
	db := r.db
	switch flavor {
	case syntax.FlavorSens:
		db.Sens = append(db.Sens, Sens{Name: name, Source: src})
		y.id = int32(len(db.Sens) - 1)
	case syntax.FlavorCat:
		db.Cats = append(db.Cats, Cat{Name: name, Source: src})
		y.id = int32(len(db.Cats) - 1)
	case syntax.FlavorCatSet:
		db.CatSets = append(db.CatSets, CatSet{Name: name, Source: src})
		y.id = int32(len(db.CatSets) - 1)
	case syntax.FlavorSID:
		db.SIDs = append(db.SIDs, SID{Name: name, Source: src})
		y.id = int32(len(db.SIDs) - 1)
	case syntax.FlavorLevel:
		db.Levels = append(db.Levels, Level{Name: name, Source: src})
		y.id = int32(len(db.Levels) - 1)
	case syntax.FlavorLevelRange:
		db.LevelRanges = append(db.LevelRanges, LevelRange{Name: name, Source: src})
		y.id = int32(len(db.LevelRanges) - 1)
	case syntax.FlavorContext:
		db.Contexts = append(db.Contexts, Context{Name: name, Source: src})
		y.id = int32(len(db.Contexts) - 1)
	case syntax.FlavorPolicyCap:
		db.PolicyCaps = append(db.PolicyCaps, PolicyCap{Name: Name(y.name), Source: src})
		y.id = int32(len(db.PolicyCaps))
	}
}

func (r *resolver) permNames(info int32) []Name {
	perms := r.classes[info].perms
	names := make([]Name, len(perms))
	for k, p := range perms {
		names[k] = Name(p)
	}
	return names
}
