package resolve

import "seward/format/cil/syntax"

type contextKey struct {
	user UserID
	role RoleID
	typ  TypeID
	rng  RangeID
}

// securityStmt resolves declarations of levels, ranges and contexts.
func (c *cursor) securityStmt() {
	db := c.r.db
	switch c.st.Keyword {
	case syntax.KwLevel:
		if id := c.declared(); id != 0 {
			l := db.Levels[id]
			if c.fillLevel(1, &l) {
				db.Levels[id] = l
			}
		}
	case syntax.KwLevelrange:
		if id := c.declared(); id != 0 {
			l := db.LevelRanges[id]
			if c.fillRange(1, &l) {
				db.LevelRanges[id] = l
			}
		}
	case syntax.KwContext:
		if id := c.declared(); id != 0 {
			x := db.Contexts[id]
			if c.fillContext(1, &x) {
				db.Contexts[id] = x
			}
		}
	case syntax.KwSidcontext:
		sid := c.symID(0, tSIDs)
		if sid == 0 {
			return
		}
		x := c.context(1)
		if !c.ok {
			return
		}
		if db.SIDs[sid].Context != 0 {
			c.errorf(0, "sid %q has a context already", c.text(0))
			return
		}
		db.SIDs[sid].Context = x
	}
}

// level returns the level args[i], which is a name or (SENSITIVITY
// [CATEGORIES]).
func (c *cursor) level(i int) LevelID {
	r := c.r
	if !c.isList(i) {
		ref := c.ref(i, tLevels, "level")
		if ref < 0 {
			a := &r.args[-ref]
			if a.id == 0 {
				sub := c.argCursor(a)
				a.id = int32(sub.level(a.word))
				c.ok = c.ok && sub.ok
			}
			return LevelID(a.id)
		}
		return LevelID(c.id(i, ref))
	}
	l := Level{Source: c.source()}
	if !c.fillLevel(i, &l) {
		return 0
	}
	if l.Cats == 0 {
		if id := r.levels[l.Sens]; id != 0 {
			return id
		}
		r.levels[l.Sens] = LevelID(len(r.db.Levels))
	}
	r.db.Levels = append(r.db.Levels, l)
	return LevelID(len(r.db.Levels) - 1)
}

func (c *cursor) fillLevel(i int, l *Level) bool {
	if l.Sens = SensID(c.symID(i+1, tSens)); l.Sens == 0 {
		return false
	}
	if i+2 < c.next(i) {
		l.Cats = c.expr(i+2, tCats)
	}
	return c.ok
}

// levelRange returns the range args[i], a name or (LOW HIGH).
func (c *cursor) levelRange(i int) RangeID {
	r := c.r
	if !c.isList(i) {
		ref := c.ref(i, tRanges, "levelrange")
		if ref < 0 {
			a := &r.args[-ref]
			if a.id == 0 {
				sub := c.argCursor(a)
				a.id = int32(sub.levelRange(a.word))
				c.ok = c.ok && sub.ok
			}
			return RangeID(a.id)
		}
		return RangeID(c.id(i, ref))
	}
	l := LevelRange{Source: c.source()}
	if !c.fillRange(i, &l) {
		return 0
	}
	key := [2]LevelID{l.Low, l.High}
	id, ok := r.ranges[key]
	if !ok {
		id = RangeID(len(r.db.LevelRanges))
		r.db.LevelRanges = append(r.db.LevelRanges, l)
		r.ranges[key] = id
	}
	return id
}

func (c *cursor) fillRange(i int, l *LevelRange) bool {
	if l.Low = c.level(i + 1); !c.ok {
		return false
	}
	l.High = c.level(c.next(i + 1))
	return c.ok
}

// context returns the context args[i], a name or (USER ROLE TYPE RANGE).
func (c *cursor) context(i int) ContextID {
	r := c.r
	if !c.isList(i) {
		return ContextID(c.symID(i, tContexts))
	}
	x := Context{Source: c.source()}
	if !c.fillContext(i, &x) {
		return 0
	}
	key := contextKey{x.User, x.Role, x.Type, x.Range}
	id, ok := r.contexts[key]
	if !ok {
		id = ContextID(len(r.db.Contexts))
		r.db.Contexts = append(r.db.Contexts, x)
		r.contexts[key] = id
	}
	return id
}

func (c *cursor) fillContext(i int, x *Context) bool {
	if x.User = UserID(c.flavored(i+1, syntax.FlavorUser)); !c.ok {
		return false
	}
	if x.Role = RoleID(c.flavored(i+2, syntax.FlavorRole)); !c.ok {
		return false
	}
	if x.Type = TypeID(c.flavored(i+3, syntax.FlavorType)); !c.ok {
		return false
	}
	x.Range = c.levelRange(i + 4)
	return c.ok
}
