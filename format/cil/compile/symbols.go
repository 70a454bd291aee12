package compile

import (
	"slices"
	"strings"

	"seward/format/cil/resolve"
	"seward/format/diag"
	"seward/policy"
	"seward/policy/ebitmap"
)

// maxTypes is the greatest number of types and attributes together: rules hold
// them in 16 bits.
const maxTypes = 1<<16 - 1

func (c *compiler) symbols() {
	db := c.db
	c.types = newUniverse(db, len(db.Types), func(i int) bool { return db.Types[i].Attribute }, db.TypeAttributeSets)
	c.roles = newUniverse(db, len(db.Roles), func(i int) bool { return db.Roles[i].Attribute }, db.RoleAttributeSets)
	c.users = newUniverse(db, len(db.Users), func(i int) bool { return db.Users[i].Attribute }, db.UserAttributeSets)
	c.classes()
	c.defaults()
	c.numberTypes()
	if len(c.errs) > 0 {
		return
	}
	c.typeAttributes()
	c.numberRoles()
	c.booleans()
	c.sensitivities()
	c.numberUsers()
}

func (c *compiler) classes() {
	db := c.db
	c.classIDs = make([]policy.ClassID, len(db.Classes))
	commons := make([]policy.CommonID, len(db.Commons))
	for i, id := range db.ClassOrder {
		class := &db.Classes[id]
		c.classIDs[id] = policy.ClassID(i + 1)
		out := policy.Class{Name: c.text(class.Name), ID: policy.ClassID(i + 1), Pos: c.pos(class.Source)}
		first := 1
		if class.Common != 0 {
			// A common comes with the first class that has it.
			common := &db.Commons[class.Common]
			if commons[class.Common] == 0 {
				commons[class.Common] = policy.CommonID(len(c.b.Commons) + 1)
				c.b.Commons = append(c.b.Commons, policy.Common{
					Name: c.text(common.Name), ID: commons[class.Common],
					Permissions: c.permissions(common.Perms, 1), Pos: c.pos(common.Source),
				})
			}
			out.Common = commons[class.Common]
			first += len(common.Perms)
		}
		out.Permissions = c.permissions(class.Perms, first)
		c.b.Classes = append(c.b.Classes, out)
	}
}

func (c *compiler) permissions(names []resolve.Name, first int) []policy.PermissionName {
	out := make([]policy.PermissionName, len(names))
	for i, n := range names {
		out[i] = policy.PermissionName{Name: c.text(n), Number: uint32(first + i)}
	}
	return out
}

func (c *compiler) defaults() {
	for i := range c.db.Defaults {
		d := &c.db.Defaults[i]
		for _, id := range c.defaultClasses(d.Classes, d.Source) {
			class := &c.b.Classes[id-1]
			slot, what := &class.DefaultUser, "user"
			switch d.Kind {
			case resolve.DefaultRole:
				slot, what = &class.DefaultRole, "role"
			case resolve.DefaultType:
				slot, what = &class.DefaultType, "type"
			}
			if *slot != policy.DefaultUnset && *slot != policy.DefaultObject(d.Object) {
				c.errorf(d.Source, "class %q already has another default %s", class.Name, what)
			}
			*slot = policy.DefaultObject(d.Object)
		}
	}
	for i := range c.db.DefaultRanges {
		d := &c.db.DefaultRanges[i]
		for _, id := range c.defaultClasses(d.Classes, d.Source) {
			class := &c.b.Classes[id-1]
			if class.DefaultRange != policy.DefaultRangeUnset && class.DefaultRange != policy.DefaultRange(d.Range) {
				c.errorf(d.Source, "class %q already has another default range", class.Name)
			}
			class.DefaultRange = policy.DefaultRange(d.Range)
		}
	}
}

func (c *compiler) defaultClasses(list []resolve.DefaultClass, at resolve.Source) []policy.ClassID {
	var out []policy.ClassID
	for _, x := range list {
		out = append(out, c.classOrMap(x.Class, x.Map, at)...)
	}
	return out
}

// numberTypes numbers types and those attributes that the image keeps in the
// order of their declarations.
func (c *compiler) numberTypes() {
	db := c.db
	kept := c.keptAttributes()
	c.typeIDs = make([]policy.TypeID, len(db.Types))
	c.memberIDs = make([]policy.TypeID, 0, c.types.size)
	next := policy.TypeID(0)
	for i := 1; i < len(db.Types); i++ {
		t := &db.Types[i]
		if t.Attribute && !kept[i] {
			continue
		}
		next++
		c.typeIDs[i] = next
		if !t.Attribute {
			c.memberIDs = append(c.memberIDs, next)
		}
		c.b.Types = append(c.b.Types, policy.Type{
			Name: c.text(t.Name), ID: next, Attribute: t.Attribute, Pos: c.pos(t.Source),
		})
	}
	if next > maxTypes {
		c.errs.Addf(diag.Pos{}, "policy has %d types and attributes, more than %d", next, maxTypes)
		return
	}
	for i := 1; i < len(db.Types); i++ {
		if bounds := db.Types[i].Bounds; bounds != 0 {
			c.b.Types[c.typeIDs[i]-1].Bounds = c.typeIDs[bounds]
		}
	}
	for i := range db.TypePermissives {
		c.b.Permissive.Add(c.typeIDs[db.TypePermissives[i].Type])
	}
	for i := range db.TypeNeverAudits {
		c.b.NeverAudit.Add(c.typeIDs[db.TypeNeverAudits[i].Type])
	}
}

// typeAliases adds the aliases behind all that has a number of its own.
func (c *compiler) typeAliases() {
	for i := range c.db.TypeAliases {
		a := &c.db.TypeAliases[i]
		c.b.Types = append(c.b.Types, policy.Type{
			Name: c.text(a.Name), ID: c.typeIDs[a.Actual], Alias: true, Pos: c.pos(a.Source),
		})
	}
}

// Names of attributes that compilers of other languages make up.
const (
	generatedRequire = "cil_gen_require" // for what a module requires
	generatedInfix   = "_typeattr_"      // for a set inside of a rule
)

// isRequire reports whether a name, which may be qualified, is generatedRequire.
func isRequire(name string) bool {
	return name[strings.LastIndexByte(name, '.')+1:] == generatedRequire
}

// keptAttributes decides which attributes stay in the image.
func (c *compiler) keptAttributes() []bool {
	db := c.db
	use := make([]resolve.TypeUse, len(db.Types))
	for i := range db.Types {
		use[i] = db.Types[i].Use
	}
	// A made-up attribute in a neverallow rule stands for the attributes that
	// it was made of.
	seen := make([]bool, len(db.Types))
	var mark func(i int32)
	mark = func(i int32) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, e := range c.types.exprs[c.types.start[i]:c.types.start[i+1]] {
			for op := range c.exprElements(e) {
				if op.Op != resolve.OpSymbol || !db.Types[op.Arg].Attribute {
					continue
				}
				if strings.Contains(c.text(db.Types[op.Arg].Name), generatedInfix) {
					mark(op.Arg)
				} else {
					use[op.Arg] |= resolve.UsedByNeverAllow
				}
			}
		}
	}
	for i := range db.Types {
		if db.Types[i].Use&resolve.UsedByNeverAllow != 0 && strings.Contains(c.text(db.Types[i].Name), generatedInfix) {
			mark(int32(i))
		}
	}
	kept := make([]bool, len(db.Types))
	for i := range db.Types {
		if db.Types[i].Attribute {
			kept[i] = c.keep(int32(i), use[i])
		}
	}
	return kept
}

// keep decides about one attribute.
func (c *compiler) keep(i int32, use resolve.TypeUse) bool {
	switch {
	case use&(resolve.UsedByRule|resolve.UsedByNeverAllow|resolve.UsedByConstraint|resolve.ExpandTrue|resolve.ExpandFalse) == 0:
		return false
	case use&resolve.ExpandFalse != 0:
		return true
	case use&resolve.ExpandTrue != 0:
		return false
	case use&resolve.UsedByConstraint != 0:
		return true
	}
	if c.opts.ExpandGenerated || use == resolve.UsedByNeverAllow {
		name := c.text(c.db.Types[i].Name)
		if isRequire(name) || strings.Contains(name, generatedInfix) {
			return false
		}
	}
	return use != resolve.UsedByRule || c.types.set(i).count() >= c.expandSize()
}

// exprElements yields the elements of the expression at e.
func (c *compiler) exprElements(e resolve.ExprID) func(func(resolve.Expr) bool) {
	return func(yield func(resolve.Expr) bool) {
		for left := int32(1); left > 0; e++ {
			x := c.db.Exprs[e]
			if !yield(x) {
				return
			}
			left--
			switch x.Op {
			case resolve.OpSymbol, resolve.OpCatSet, resolve.OpNumber:
			default:
				left += x.Arg
			}
		}
	}
}

// typeAttributes lists for each identifier itself and its attributes.
func (c *compiler) typeAttributes() {
	attrs := make([][]policy.TypeID, c.types.size)
	for i := range c.db.Types {
		if c.db.Types[i].Attribute && c.typeIDs[i] != 0 {
			types := c.types.set(int32(i))
			if !c.spend(c.db.Types[i].Source, types.count()) {
				return
			}
			for m := range types.all() {
				attrs[m] = append(attrs[m], c.typeIDs[i])
			}
		}
	}
	count := 0
	for _, id := range c.typeIDs {
		if id != 0 {
			count++
		}
	}
	c.b.TypeAttributes = make([]ebitmap.Set[policy.TypeID], count)
	for i := range c.b.TypeAttributes {
		c.b.TypeAttributes[i].Add(policy.TypeID(i + 1))
	}
	for m, list := range attrs {
		id := c.memberIDs[m]
		at, _ := slices.BinarySearch(list, id)
		c.b.TypeAttributes[id-1] = ebitmap.SetOf(slices.Insert(list, at, id)...)
	}
}

// typeSet converts type numbers to identifiers.
func (c *compiler) typeSet(s bitset) ebitmap.Set[policy.TypeID] {
	var out ebitmap.Set[policy.TypeID]
	for m := range s.all() {
		out.Add(c.memberIDs[m])
	}
	return out
}

func (c *compiler) numberRoles() {
	db := c.db
	c.roleIDs = make([]policy.RoleID, len(db.Roles))
	c.roleTypes = make([]bitset, len(db.Roles))
	// object_r is the first role of every policy, wherever it is declared and
	// also if it isn't.
	c.memberRoles = make([]policy.RoleID, c.roles.size)
	next := policy.ObjectRole + 1
	declared := false
	for m, i := range c.roles.symbol {
		id := next
		if c.text(db.Roles[i].Name) == "object_r" {
			id, declared = policy.ObjectRole, true
		} else {
			next++
		}
		c.roleIDs[i], c.memberRoles[m] = id, id
	}
	if !declared {
		c.b.Roles = append(c.b.Roles, policy.Role{Name: "object_r", ID: policy.ObjectRole})
	}
	for i := range db.RoleTypes {
		x := &db.RoleTypes[i]
		types := c.types.set(int32(x.Type))
		for m := range c.roles.set(int32(x.Role)).all() {
			role := c.roles.symbol[m]
			if c.roleTypes[role] == nil {
				if !c.spend(x.Source, len(types)) {
					return
				}
				c.roleTypes[role] = newBitset(c.types.size)
			}
			c.roleTypes[role].or(types)
		}
	}
	for _, i := range c.roles.symbol {
		r := &db.Roles[i]
		id := c.roleIDs[i]
		out := policy.Role{
			Name: c.text(r.Name), ID: id, Bounds: c.roleIDs[r.Bounds],
			Types: c.typeSet(c.roleTypes[i]), Pos: c.pos(r.Source),
		}
		// Dominance is history; libsepol still writes that a role dominates
		// itself, except for the one that it makes itself.
		if id != policy.ObjectRole {
			out.Dominates.Add(id)
		}
		c.b.Roles = append(c.b.Roles, out)
	}
}

func (c *compiler) booleans() {
	for i := 1; i < len(c.db.Booleans); i++ {
		x := &c.db.Booleans[i]
		c.b.Booleans = append(c.b.Booleans, policy.Boolean{
			Name: c.text(x.Name), ID: policy.BooleanID(i), State: x.Value, Pos: c.pos(x.Source),
		})
	}
}

func (c *compiler) numberUsers() {
	db := c.db
	c.userIDs = make([]policy.UserID, len(db.Users))
	c.userRoles = make([]bitset, len(db.Users))
	for m, i := range c.users.symbol {
		c.userIDs[i] = policy.UserID(m + 1)
	}
	for i := range db.UserRoles {
		x := &db.UserRoles[i]
		roles := c.roles.set(int32(x.Role))
		for m := range c.users.set(int32(x.User)).all() {
			user := c.users.symbol[m]
			if c.userRoles[user] == nil {
				if !c.spend(x.Source, len(roles)) {
					return
				}
				c.userRoles[user] = newBitset(c.roles.size)
			}
			c.userRoles[user].or(roles)
		}
	}
	for _, i := range c.users.symbol {
		u := &db.Users[i]
		out := policy.User{
			Name: c.text(u.Name), ID: c.userIDs[i], Bounds: c.userIDs[u.Bounds], Pos: c.pos(u.Source),
		}
		for m := range c.userRoles[i].all() {
			// Every user has object_r; the image doesn't say so.
			if id := c.memberRoles[m]; id != policy.ObjectRole {
				out.Roles.Add(id)
			}
		}
		c.b.Users = append(c.b.Users, out)
	}
}
