package resolve

import "seward/format/cil/syntax"

// aliasFlavors returns the flavors that a statement about an alias deals with.
func aliasFlavors(k syntax.Keyword) (alias, actual syntax.Flavor) {
	switch k {
	case syntax.KwTypealiasactual, syntax.KwTypealias:
		return syntax.FlavorTypeAlias, syntax.FlavorType
	case syntax.KwSensitivityaliasactual, syntax.KwSensitivityalias:
		return syntax.FlavorSensAlias, syntax.FlavorSens
	}
	return syntax.FlavorCatAlias, syntax.FlavorCat
}

// bindAlias resolves a typealiasactual or its like. What it binds may be an alias
// itself.
func (r *resolver) bindAlias(c *cursor) {
	alias, actual := aliasFlavors(c.st.Keyword)
	t := tables[actual]
	a, how := r.lookup(c.inst, t, c.name(0), false)
	if how != found {
		c.unresolved(0, t, alias.String(), how)
		return
	}
	if a < 0 || r.syms[a].flavor != alias {
		c.errorf(0, "expected a %s, found %s %q", alias, r.refFlavor(a), c.text(0))
		return
	}
	to := c.sym(1, t)
	if to == 0 {
		return
	}
	if f := r.syms[to].flavor; f != actual && f != alias {
		c.errorf(1, "expected a %s, found %s %q", actual, f, c.text(1))
		return
	}
	if r.syms[a].actual != 0 {
		c.errorf(0, "%s %q stands for something already", alias, c.text(0))
		return
	}
	r.syms[a].actual = to
}

func (r *resolver) refFlavor(ref int32) syntax.Flavor {
	if ref < 0 {
		return r.args[-ref].flavor
	}
	return r.syms[ref].flavor
}

// followAlias makes a declared alias stand for what is at the end of its chain.
func (r *resolver) followAlias(c *cursor) {
	alias, actual := aliasFlavors(c.st.Keyword)
	s := r.get(r.insts[c.inst].scope, tables[alias], c.name(0))
	if s == 0 {
		return
	}
	to := r.syms[s].actual
	for steps := 0; ; steps++ {
		switch {
		case to == 0:
			c.errorf(0, "%s %q stands for nothing: there is no %sactual for it", alias, c.text(0), alias)
			return
		case r.syms[to].flavor == actual:
			r.syms[s].actual = to
			r.addAlias(alias, s, to, c)
			return
		case to == s || steps > len(r.syms):
			c.errorf(0, "%s %q stands for itself", alias, c.text(0))
			return
		}
		to = r.syms[to].actual
	}
}

func (r *resolver) addAlias(alias syntax.Flavor, s, to int32, c *cursor) {
	a := Alias{Name: r.qualified(s), Actual: r.syms[to].id, Source: c.source()}
	if a.Actual == 0 {
		c.id(0, to)
		return
	}
	switch alias {
	case syntax.FlavorTypeAlias:
		r.db.TypeAliases = append(r.db.TypeAliases, a)
	case syntax.FlavorSensAlias:
		r.db.SensAliases = append(r.db.SensAliases, a)
	default:
		r.db.CatAliases = append(r.db.CatAliases, a)
	}
}
