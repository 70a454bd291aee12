package resolve

import (
	"seward/format/cil/syntax"
	"seward/format/diag"
)

// cursor is a statement that is being resolved, as seen from an instance. Words
// are named by their index in args. When an argument of a call is resolved where the
// macro uses it, statement and file are those of the call.
type cursor struct {
	r    *resolver
	inst int32 // whose content it is
	st   *syntax.Stmt
	file int32
	args []syntax.Word
	ok   bool
}

// at moves the cursor to a statement of an instance's content.
func (c *cursor) at(i int32, st *syntax.Stmt) {
	c.inst, c.st, c.ok = i, st, true
	c.file = c.r.insts[i].file
	c.args = c.r.files[c.file].Args(st)
}

func (c *cursor) source() Source {
	return Source{File: c.file + 1, Offset: c.st.Offset, Via: c.r.insts[c.inst].via}
}

func (c *cursor) next(i int) int { return syntax.Skip(c.args, i) }

func (c *cursor) name(i int) syntax.Name { return c.args[i].Name() }

func (c *cursor) text(i int) string { return c.r.names.Text(c.args[i].Name()) }

func (c *cursor) isList(i int) bool { return c.args[i].IsList() }

// errorf reports an error that no optional hides. It returns false.
func (c *cursor) errorf(i int, format string, args ...any) bool {
	c.r.fail(c.diag(i, format, args...))
	c.ok = false
	return false
}

func (c *cursor) diag(i int, format string, args ...any) *diag.Error {
	return c.r.db.Trace(diag.Errorf(c.pos(i), format, args...), c.r.insts[c.inst].via)
}

// pos returns the position of args[i], or of the statement if i is negative.
func (c *cursor) pos(i int) diag.Pos {
	f := c.r.files[c.file]
	if i < 0 {
		return diag.Pos{File: f.Source, Offset: c.st.Offset}
	}
	return diag.Pos{File: f.Source, Offset: f.WordOffset(c.st, i)}
}

// missing reports what disables an optional around the statement, or is an error
// elsewhere. It returns false.
func (c *cursor) missing(reason func() *diag.Error) bool {
	c.ok = false
	if opt := c.r.insts[c.inst].opt; opt != 0 {
		c.r.disable(opt, reason)
	} else {
		c.r.fail(reason())
	}
	return false
}

// ref looks up the name args[i], following aliases. It returns 0 after an error.
func (c *cursor) ref(i int, t table, want string) int32 {
	ref, how := c.r.lookup(c.inst, t, c.name(i), false)
	if how == found {
		return c.r.follow(ref)
	}
	c.unresolved(i, t, want, how)
	return 0
}

func (c *cursor) unresolved(i int, t table, want string, how outcome) {
	n := c.name(i)
	if how == invalid {
		c.errorf(i, "invalid name %q: only blocks that are not abstract have names in them", c.text(i))
		return
	}
	if c.r.badArg(c.inst, t, n) {
		c.ok = false // the argument was reported
		return
	}
	opt := c.r.insts[c.inst].opt
	c.missing(func() *diag.Error {
		if opt != 0 {
			return c.diag(i, "unknown %s %q", want, c.text(i))
		}
		return c.r.unknown(c.inst, c.pos(i), t, n, want)
	})
}

// sym is ref for names that can't be arguments without a name of their own; it
// returns the symbol.
func (c *cursor) sym(i int, t table) int32 {
	ref := c.ref(i, t, tableNames[t])
	if ref < 0 {
		c.errorf(i, "%q is not a %s", c.text(i), tableNames[t])
		return 0
	}
	return ref
}

// id returns the identifier of a symbol. What has none stands where nothing is
// compiled.
func (c *cursor) id(i int, s int32) int32 {
	if s <= 0 {
		return 0
	}
	id := c.r.syms[s].id
	if id == 0 {
		c.errorf(i, "%s %q is not declared in the policy proper", c.r.syms[s].flavor, c.text(i))
	}
	return id
}

// symID looks up a name and returns the identifier.
func (c *cursor) symID(i int, t table) int32 { return c.id(i, c.sym(i, t)) }

// flavored looks up a name that must be of just the given flavor.
func (c *cursor) flavored(i int, f syntax.Flavor) int32 {
	s := c.sym(i, tables[f])
	if s == 0 {
		return 0
	}
	if got := c.r.syms[s].flavor; got != f {
		c.errorf(i, "expected a %s, found %s %q", f, got, c.text(i))
		return 0
	}
	return c.id(i, s)
}
