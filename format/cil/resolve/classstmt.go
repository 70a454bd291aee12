package resolve

import "seward/format/cil/syntax"

// catSet resolves a categoryset.
func (r *resolver) catSet(c *cursor) {
	id := c.declared()
	if e := c.expr(1, tCats); c.ok && id != 0 {
		r.db.CatSets[id].Expr = e
	}
}

// classStmt resolves a classcommon or sensitivitycategory.
func (r *resolver) classStmt(c *cursor) {
	if c.st.Keyword == syntax.KwSensitivitycategory {
		s := SensCat{Sens: SensID(c.flavored(0, syntax.FlavorSens)), Source: c.source()}
		if !c.ok {
			return
		}
		if s.Cats = c.expr(1, tCats); c.ok {
			r.db.SensCats = append(r.db.SensCats, s)
		}
		return
	}
	class := c.flavored(0, syntax.FlavorClass)
	if class == 0 {
		return
	}
	common := CommonID(c.symID(1, tCommons))
	if common == 0 {
		return
	}
	y := &r.db.Classes[class]
	if y.Common != 0 {
		c.errorf(0, "class %q has a common already", c.text(0))
		return
	}
	y.Common = common
	const most = 32
	if n := len(y.Perms) + len(r.db.Commons[common].Perms); n > most {
		c.errorf(0, "class %q has %d permissions with those of common %q, at most %d are possible", c.text(0), n, c.text(1), most)
	}
}

// classUse resolves statements that are about classes, and the policy's options.
func (c *cursor) classUse() {
	db, src := c.r.db, c.source()
	switch c.st.Keyword {
	case syntax.KwClasspermissionset:
		c.permSet()
	case syntax.KwClassmapping:
		c.mapping()
	case syntax.KwPermissionx:
		if id := c.declared(); id != 0 {
			if p := db.Permissionxs[id]; c.fillPermx(1, &p) {
				db.Permissionxs[id] = p
				c.r.permxUses = append(c.r.permxUses, permxUse{PermxID(id), stmtAt{c.inst, c.st}})
			}
		}
	case syntax.KwConstrain, syntax.KwMlsconstrain:
		con := Constraint{MLS: c.st.Keyword == syntax.KwMlsconstrain, Source: src}
		if con.Perms = c.classPermsList(0); !c.ok {
			return
		}
		if con.Expr = c.constraint(c.next(0)); c.ok {
			db.Constraints = append(db.Constraints, con)
		}
	case syntax.KwValidatetrans, syntax.KwMlsvalidatetrans:
		v := ValidateTrans{MLS: c.st.Keyword == syntax.KwMlsvalidatetrans, Source: src}
		if v.Class, v.Map = c.class(0); !c.ok {
			return
		}
		if v.Expr = c.constraint(1); c.ok {
			db.ValidateTrans = append(db.ValidateTrans, v)
		}
	case syntax.KwMls:
		if c.once("mls statement") {
			db.MLS = False
			if c.name(0) == syntax.KwTrue.Name() {
				db.MLS = True
			}
		}
	case syntax.KwHandleunknown:
		if c.once("handleunknown statement") {
			db.HandleUnknown = map[syntax.Name]HandleUnknown{
				syntax.KwAllow.Name(): HandleAllow, syntax.KwDeny.Name(): HandleDeny, syntax.KwReject.Name(): HandleReject,
			}[c.name(0)]
		}
	default:
		c.defaults()
	}
}

func (c *cursor) permSet() {
	ref := c.ref(0, tClassPerms, "classpermission")
	if ref < 0 {
		c.errorf(0, "%q stands for class permissions without a name, which can't be extended", c.text(0))
		return
	}
	id := c.id(0, ref)
	if id == 0 {
		return
	}
	if p := c.classPermsList(1); c.ok {
		set := &c.r.db.PermSets[id]
		set.ClassPerms = append(set.ClassPerms, p)
	}
}

func (c *cursor) mapping() {
	s := c.sym(0, tClasses)
	id := c.id(0, s)
	if id == 0 {
		return
	}
	y := &c.r.syms[s]
	if y.flavor != syntax.FlavorMapClass {
		c.errorf(0, "expected a classmap, found %s %q", y.flavor, c.text(0))
		return
	}
	k, ok := c.r.classes[y.info].index[c.name(1)]
	if !ok {
		c.unknownPerm(1, y)
		return
	}
	if p := c.classPermsList(2); c.ok {
		perm := &c.r.db.MapClasses[id].Perms[k]
		perm.ClassPerms = append(perm.ClassPerms, p)
	}
}

// defaults resolves defaultuser and its like.
func (c *cursor) defaults() {
	var classes []DefaultClass
	first, end := 0, 1
	if c.isList(0) {
		first, end = 1, c.next(0)
	}
	for i := first; i < end; i++ {
		class, m := c.class(i)
		if !c.ok {
			return
		}
		classes = append(classes, DefaultClass{class, m})
	}
	object := c.name(end)
	if c.st.Keyword == syntax.KwDefaultrange {
		v := uint8(7) // glblub
		if object != syntax.KwGlblub.Name() {
			v = map[syntax.Name]uint8{syntax.KwLow.Name(): 1, syntax.KwHigh.Name(): 2, syntax.KwLowHigh.Name(): 3}[c.name(end+1)]
			if object == syntax.KwTarget.Name() {
				v += 3
			}
		}
		c.r.db.DefaultRanges = append(c.r.db.DefaultRanges, DefaultRange{classes, v, c.source()})
		return
	}
	d := Default{Classes: classes, Object: 1, Source: c.source()}
	if object == syntax.KwTarget.Name() {
		d.Object = 2
	}
	switch c.st.Keyword {
	case syntax.KwDefaultuser:
		d.Kind = DefaultUser
	case syntax.KwDefaultrole:
		d.Kind = DefaultRole
	default:
		d.Kind = DefaultType
	}
	c.r.db.Defaults = append(c.r.db.Defaults, d)
}
