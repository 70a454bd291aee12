package compile

import (
	"seward/format/cil/resolve"
	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// sensitivities numbers sensitivities and categories in their order, also for a
// policy that turns out to have no MLS: ranges are checked in either case.
func (c *compiler) sensitivities() {
	db := c.db
	c.cats = &universe{
		db: db, size: len(db.CatOrder), member: make([]int32, len(db.Cats)),
		sets: make([]bitset, len(db.Cats)), catSets: make([]bitset, len(db.CatSets)),
	}
	for i := range c.cats.member {
		c.cats.member[i] = -1
	}
	for n, id := range db.CatOrder {
		c.cats.member[id] = int32(n)
		c.cats.symbol = append(c.cats.symbol, int32(id))
	}
	for i := 1; i < len(db.CatSets); i++ {
		c.catExpr(db.CatSets[i].Expr, db.CatSets[i].Source)
	}
	c.sensIDs = make([]policy.SensitivityID, len(db.Sens))
	c.sensCats = make([]bitset, len(db.Sens))
	for n, id := range db.SensOrder {
		c.sensIDs[id] = policy.SensitivityID(n + 1)
		c.sensCats[id] = newBitset(c.cats.size)
	}
	for i := range db.SensCats {
		x := &db.SensCats[i]
		c.sensCats[x.Sens].or(c.catExpr(x.Cats, x.Source))
	}
	if !c.b.MLS {
		return
	}
	for n, id := range db.CatOrder {
		cat := &db.Cats[id]
		c.b.Categories = append(c.b.Categories, policy.Category{Name: c.text(cat.Name), ID: policy.CategoryID(n + 1), Pos: c.pos(cat.Source)})
	}
	for i := range db.CatAliases {
		a := &db.CatAliases[i]
		c.b.Categories = append(c.b.Categories, policy.Category{
			Name: c.text(a.Name), ID: policy.CategoryID(c.cats.member[a.Actual] + 1), Alias: true, Pos: c.pos(a.Source),
		})
	}
	for _, id := range db.SensOrder {
		s := &db.Sens[id]
		c.b.Sensitivities = append(c.b.Sensitivities, policy.Sensitivity{
			Name: c.text(s.Name), ID: c.sensIDs[id], Categories: catSet(c.sensCats[id]), Pos: c.pos(s.Source),
		})
	}
	for i := range db.SensAliases {
		a := &db.SensAliases[i]
		c.b.Sensitivities = append(c.b.Sensitivities, policy.Sensitivity{
			Name: c.text(a.Name), ID: c.sensIDs[a.Actual], Alias: true, Categories: catSet(c.sensCats[a.Actual]), Pos: c.pos(a.Source),
		})
	}
}

// catExpr evaluates an expression over categories.
func (c *compiler) catExpr(e resolve.ExprID, at resolve.Source) bitset {
	c.cats.backwards = false
	s := c.cats.eval(e)
	if c.cats.backwards {
		c.errorf(at, "category range runs backwards: its first category stands behind the last in categoryorder")
	}
	return s
}

// catSet converts category numbers to identifiers.
func catSet(s bitset) ebitmap.Set[policy.CategoryID] {
	var out ebitmap.Set[policy.CategoryID]
	for n := range s.all() {
		out.Add(policy.CategoryID(n + 1))
	}
	return out
}

// levels evaluates and checks levels and ranges.
func (c *compiler) levels() {
	db := c.db
	c.mlsLevels = make([]mls.Level, len(db.Levels))
	c.levelCats = make([]bitset, len(db.Levels))
	for i := 1; i < len(db.Levels); i++ {
		x := &db.Levels[i]
		c.levelCats[i] = c.catExpr(x.Cats, x.Source)
		c.mlsLevels[i] = mls.Level{Sensitivity: c.sensIDs[x.Sens], Categories: catSet(c.levelCats[i])}
	}
	c.mlsRanges = make([]mls.Range, len(db.LevelRanges))
	for i := 1; i < len(db.LevelRanges); i++ {
		x := &db.LevelRanges[i]
		c.mlsRanges[i] = mls.Range{Low: c.mlsLevels[x.Low], High: c.mlsLevels[x.High]}
		c.checkRange(x)
	}
	if !c.b.MLS {
		return
	}
	for m, i := range c.users.symbol {
		c.b.Users[m].Default = c.mlsLevels[db.Users[i].Level]
		c.b.Users[m].Range = c.mlsRanges[db.Users[i].Range]
	}
}

func (c *compiler) checkRange(r *resolve.LevelRange) {
	low, high := &c.db.Levels[r.Low], &c.db.Levels[r.High]
	switch {
	case c.sensIDs[low.Sens] > c.sensIDs[high.Sens]:
		c.errorf(r.Source, "sensitivity %q of the low level is above %q of the high level",
			c.text(c.db.Sens[low.Sens].Name), c.text(c.db.Sens[high.Sens].Name))
	case !c.levelCats[r.High].contains(c.levelCats[r.Low]):
		c.errorf(r.Source, "category %q of the low level is not in the high level", c.firstOutside(c.levelCats[r.Low], c.levelCats[r.High]))
	default:
		for _, id := range []resolve.LevelID{r.Low, r.High} {
			level := &c.db.Levels[id]
			if allowed := c.sensCats[level.Sens]; !allowed.contains(c.levelCats[id]) {
				c.errorf(r.Source, "category %q is not allowed for sensitivity %q",
					c.firstOutside(c.levelCats[id], allowed), c.text(c.db.Sens[level.Sens].Name))
				return
			}
		}
	}
}

// firstOutside names the first category of s that isn't in within.
func (c *compiler) firstOutside(s, within bitset) string {
	rest := s.clone()
	rest.andNot(within)
	for n := range rest.all() {
		return c.text(c.db.Cats[c.cats.symbol[n]].Name)
	}
	return ""
}

// contexts converts and checks every context.
func (c *compiler) contexts() {
	db := c.db
	c.policyCtxs = make([]policy.Context, len(db.Contexts))
	for i := 1; i < len(db.Contexts); i++ {
		x := &db.Contexts[i]
		out := &c.policyCtxs[i]
		out.User, out.Role, out.Type = c.userIDs[x.User], c.roleIDs[x.Role], c.typeIDs[x.Type]
		if c.b.MLS {
			out.Range = c.mlsRanges[x.Range]
		}
		c.checkContext(x)
	}
}

func (c *compiler) checkContext(x *resolve.Context) {
	db := c.db
	user, role, typ := &db.Users[x.User], &db.Roles[x.Role], &db.Types[x.Type]
	if roles := c.userRoles[x.User]; roles == nil || !roles.has(c.roles.member[x.Role]) {
		c.errorf(x.Source, "role %q is not allowed for user %q", c.text(role.Name), c.text(user.Name))
		return
	}
	if types := c.roleTypes[x.Role]; types == nil || !types.has(c.types.member[x.Type]) {
		c.errorf(x.Source, "type %q is not allowed for role %q", c.text(typ.Name), c.text(role.Name))
		return
	}
	own, limit := c.mlsRanges[x.Range], c.mlsRanges[user.Range]
	if own.Low.Sensitivity < limit.Low.Sensitivity || own.High.Sensitivity > limit.High.Sensitivity {
		c.errorf(x.Source, "range is outside of the range of user %q", c.text(user.Name))
	}
}

// context returns a context for the image, where the kernel wants more of it
// than the language: that its user may have the categories too.
func (c *compiler) context(id resolve.ContextID) policy.Context {
	x := &c.db.Contexts[id]
	out := c.policyCtxs[id]
	if limit := c.mlsRanges[c.db.Users[x.User].Range]; c.b.MLS && !limit.Contains(out.Range) {
		c.errorf(x.Source, "range is outside of the range of user %q", c.text(c.db.Users[x.User].Name))
	}
	return out
}
