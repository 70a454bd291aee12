package resolve

import "seward/format/cil/syntax"

// declared returns the identifier of what the statement declares, 0 when it is not
// the first declaration of the name.
func (c *cursor) declared() int32 {
	r := c.r
	s := r.get(r.insts[c.inst].scope, tables[r.flavor(c.st)], c.name(0))
	if s == 0 {
		return 0
	}
	if h := r.syms[s].head; h.inst != c.inst || r.stmt(h.inst, h.stmt) != c.st {
		return 0
	}
	return r.syms[s].id
}

// statement resolves a statement of the last pass.
func (c *cursor) statement() {
	switch c.st.Keyword {
	case syntax.KwAllow, syntax.KwAuditallow, syntax.KwDontaudit, syntax.KwNeverallow, syntax.KwDeny,
		syntax.KwAllowx, syntax.KwAuditallowx, syntax.KwDontauditx, syntax.KwNeverallowx,
		syntax.KwTypetransition, syntax.KwTypemember, syntax.KwTypechange:
		if rule, ok := c.rule(); ok {
			c.r.db.Rules = append(c.r.db.Rules, rule)
		}
	case syntax.KwTypeattributeset, syntax.KwExpandtypeattribute, syntax.KwTypebounds,
		syntax.KwTypepermissive, syntax.KwTypeneveraudit, syntax.KwRangetransition:
		c.typeStmt()
	case syntax.KwRoletype, syntax.KwRoletransition, syntax.KwRoleallow, syntax.KwRoleattributeset, syntax.KwRolebounds,
		syntax.KwUserrole, syntax.KwUserlevel, syntax.KwUserrange, syntax.KwUserbounds, syntax.KwUserprefix,
		syntax.KwUserattributeset, syntax.KwSelinuxuser, syntax.KwSelinuxuserdefault:
		c.roleStmt()
	case syntax.KwClasspermissionset, syntax.KwClassmapping, syntax.KwPermissionx,
		syntax.KwConstrain, syntax.KwMlsconstrain, syntax.KwValidatetrans, syntax.KwMlsvalidatetrans,
		syntax.KwDefaultuser, syntax.KwDefaultrole, syntax.KwDefaulttype, syntax.KwDefaultrange,
		syntax.KwMls, syntax.KwHandleunknown:
		c.classUse()
	case syntax.KwLevel, syntax.KwLevelrange, syntax.KwContext, syntax.KwSidcontext:
		c.securityStmt()
	case syntax.KwFilecon, syntax.KwGenfscon, syntax.KwFsuse, syntax.KwPortcon, syntax.KwNodecon, syntax.KwNetifcon,
		syntax.KwIbpkeycon, syntax.KwIbendportcon, syntax.KwPirqcon, syntax.KwIomemcon, syntax.KwIoportcon,
		syntax.KwPcidevicecon, syntax.KwDevicetreecon:
		c.label()
	}
}

// typeStmt resolves statements about types.
func (c *cursor) typeStmt() {
	db, src := c.r.db, c.source()
	switch c.st.Keyword {
	case syntax.KwTypeattributeset:
		attr := c.flavored(0, syntax.FlavorTypeAttribute)
		if attr == 0 {
			return
		}
		if e := c.expr(1, tTypes); c.ok {
			db.TypeAttributeSets = append(db.TypeAttributeSets, AttributeSet{attr, e, src})
		}
	case syntax.KwExpandtypeattribute:
		c.expandAttr()
	case syntax.KwTypebounds:
		c.bounds(tTypes)
	case syntax.KwTypepermissive:
		if t := c.flavored(0, syntax.FlavorType); t != 0 {
			db.TypePermissives = append(db.TypePermissives, TypeStatement{TypeID(t), src})
		}
	case syntax.KwTypeneveraudit:
		if t := c.flavored(0, syntax.FlavorType); t != 0 {
			db.TypeNeverAudits = append(db.TypeNeverAudits, TypeStatement{TypeID(t), src})
		}
	case syntax.KwRangetransition:
		t := RangeTransition{Source: src}
		if t.From = TypeID(c.symID(0, tTypes)); !c.ok {
			return
		}
		if t.To = TypeID(c.symID(1, tTypes)); !c.ok {
			return
		}
		if t.Class, t.Map = c.class(2); !c.ok {
			return
		}
		if t.Range = c.levelRange(3); c.ok {
			db.RangeTransitions = append(db.RangeTransitions, t)
		}
	}
}

func (c *cursor) expandAttr() {
	e := ExpandTypeAttribute{Source: c.source()}
	first, end := 0, 1
	if c.isList(0) {
		first, end = 1, c.next(0)
	}
	e.Expand = c.name(end) == syntax.KwTrue.Name()
	use := ExpandFalse
	if e.Expand {
		use = ExpandTrue
	}
	for i := first; i < end; i++ {
		t := TypeID(c.flavored(i, syntax.FlavorTypeAttribute))
		if t == 0 {
			return
		}
		c.r.use(t, use)
		if y := &c.r.db.Types[t]; y.Use&(ExpandTrue|ExpandFalse) == ExpandTrue|ExpandFalse {
			y.Use &^= ExpandTrue
			c.r.db.Warnings.Add(c.diag(i, "expandtypeattribute is both true and false for %q, false is taken", c.text(i)))
		}
		e.Attrs = append(e.Attrs, t)
	}
	c.r.db.ExpandTypeAttrs = append(c.r.db.ExpandTypeAttrs, e)
}

// bounds resolves typebounds, rolebounds or userbounds.
func (c *cursor) bounds(t table) {
	f := syntax.FlavorType
	switch t {
	case tRoles:
		f = syntax.FlavorRole
	case tUsers:
		f = syntax.FlavorUser
	}
	parent := c.flavored(0, f)
	if parent == 0 {
		return
	}
	child := c.flavored(1, f)
	if child == 0 {
		return
	}
	db := c.r.db
	bound := false
	switch t {
	case tTypes:
		bound, db.Types[child].Bounds = db.Types[child].Bounds != 0, TypeID(parent)
	case tRoles:
		bound, db.Roles[child].Bounds = db.Roles[child].Bounds != 0, RoleID(parent)
	default:
		bound, db.Users[child].Bounds = db.Users[child].Bounds != 0, UserID(parent)
	}
	if bound {
		c.errorf(1, "%s %q is bound already", f, c.text(1))
	}
}

// roleStmt resolves statements about roles and users.
func (c *cursor) roleStmt() {
	db, src := c.r.db, c.source()
	switch c.st.Keyword {
	case syntax.KwRoletype:
		t := RoleType{Role: RoleID(c.symID(0, tRoles)), Source: src}
		if !c.ok {
			return
		}
		if t.Type = TypeID(c.symID(1, tTypes)); c.ok {
			db.RoleTypes = append(db.RoleTypes, t)
		}
	case syntax.KwRoletransition:
		c.roleTransition()
	case syntax.KwRoleallow:
		a := RoleAllow{From: RoleID(c.symID(0, tRoles)), Source: src}
		if !c.ok {
			return
		}
		if a.To = RoleID(c.symID(1, tRoles)); c.ok {
			db.RoleAllows = append(db.RoleAllows, a)
		}
	case syntax.KwRoleattributeset:
		attr := c.flavored(0, syntax.FlavorRoleAttribute)
		if attr == 0 {
			return
		}
		if e := c.expr(1, tRoles); c.ok {
			db.RoleAttributeSets = append(db.RoleAttributeSets, AttributeSet{attr, e, src})
		}
	case syntax.KwUserattributeset:
		attr := c.flavored(0, syntax.FlavorUserAttribute)
		if attr == 0 {
			return
		}
		if e := c.expr(1, tUsers); c.ok {
			db.UserAttributeSets = append(db.UserAttributeSets, AttributeSet{attr, e, src})
		}
	case syntax.KwRolebounds:
		c.bounds(tRoles)
	case syntax.KwUserbounds:
		c.bounds(tUsers)
	default:
		c.userStmt()
	}
}

func (c *cursor) roleTransition() {
	t := RoleTransition{Role: RoleID(c.symID(0, tRoles)), Source: c.source()}
	if !c.ok {
		return
	}
	if t.Type = TypeID(c.symID(1, tTypes)); !c.ok {
		return
	}
	if t.Class, t.Map = c.class(2); !c.ok {
		return
	}
	if t.Result = RoleID(c.flavored(3, syntax.FlavorRole)); c.ok {
		c.r.db.RoleTransitions = append(c.r.db.RoleTransitions, t)
	}
}

// userStmt resolves statements about users.
func (c *cursor) userStmt() {
	db, src := c.r.db, c.source()
	switch c.st.Keyword {
	case syntax.KwUserrole:
		u := UserRole{User: UserID(c.symID(0, tUsers)), Source: src}
		if !c.ok {
			return
		}
		if u.Role = RoleID(c.symID(1, tRoles)); c.ok {
			db.UserRoles = append(db.UserRoles, u)
		}
	case syntax.KwUserlevel:
		if u := c.flavored(0, syntax.FlavorUser); u != 0 {
			if l := c.level(1); c.ok {
				db.Users[u].Level = l
			}
		}
	case syntax.KwUserrange:
		if u := c.flavored(0, syntax.FlavorUser); u != 0 {
			if l := c.levelRange(1); c.ok {
				db.Users[u].Range = l
			}
		}
	case syntax.KwUserprefix:
		if u := c.flavored(0, syntax.FlavorUser); u != 0 {
			db.UserPrefixes = append(db.UserPrefixes, UserPrefix{UserID(u), Name(c.name(1)), src})
		}
	case syntax.KwSelinuxuser, syntax.KwSelinuxuserdefault:
		s := SELinuxUser{Source: src}
		user := 0
		if c.st.Keyword == syntax.KwSelinuxuser {
			s.Login, user = Name(c.name(0)), 1
		} else if !c.once("selinuxuserdefault") {
			return
		}
		if s.User = UserID(c.flavored(user, syntax.FlavorUser)); !c.ok {
			return
		}
		if s.Range = c.levelRange(user + 1); c.ok {
			db.SELinuxUsers = append(db.SELinuxUsers, s)
		}
	}
}

// once reports an error unless the statement is the first of its keyword.
func (c *cursor) once(what string) bool {
	first := &c.r.singletons[c.st.Keyword]
	if first.st == nil {
		*first = stmtAt{c.inst, c.st}
		return true
	}
	e := c.diag(-1, "policy has more than one %s", what)
	e.Note(c.r.pos(first.inst, first.st.Offset), "the first one")
	c.r.fail(e)
	c.ok = false
	return false
}
