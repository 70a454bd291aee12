package resolve

import (
	"net/netip"

	"seward/format/cil/syntax"
	"seward/format/diag"
)

// param is a parameter of a macro.
type param struct {
	flavor syntax.Flavor
	name   syntax.Name
}

// call is what a resolved call has beside its content.
type call struct {
	params []param
	args   int32 // the first of them in resolver.args
}

// callArg is one argument of a call: a name, or something without a name.
type callArg struct {
	param
	inst int32 // of the call
	word int   // in the call's arguments
	ref  int32 // what a name means, resolved in each round; itself when it has none
	text syntax.Name
	anon bool // without a name: a list, an address, a string
	// What a list without a name became, in this round.
	id int32
}

// macroParams returns the parameters of the macro that is the instance m.
func (r *resolver) macroParams(m int32) []param {
	in := &r.insts[m]
	f := r.files[r.insts[in.parent].file]
	args := f.Args(&f.Stmts[in.stmt])
	var params []param
	for i := 2; i < len(args); i = syntax.Skip(args, i) {
		params = append(params, param{syntax.ParamFlavor(args[i+1].Name()), args[i+2].Name()})
	}
	return params
}

// callArg returns the meaning of a parameter's name in a call, or 0 if the call's
// macro has no such parameter.
func (r *resolver) callArg(data int32, t table, n syntax.Name) int32 {
	if data == 0 {
		return 0
	}
	for k, p := range r.calls[data].params {
		if p.name == n && tables[p.flavor] == t {
			return r.args[r.calls[data].args+int32(k)].ref
		}
	}
	return 0
}

// badArg reports whether a name is a parameter in a call around an instance whose
// argument means nothing.
func (r *resolver) badArg(i int32, t table, n syntax.Name) bool {
	for i = r.insts[i].params; i != 0; i = r.insts[r.insts[i].parent].params {
		data := r.insts[i].data
		if r.insts[i].kind != syntax.KwCall || data == 0 {
			continue
		}
		for k, p := range r.calls[data].params {
			if p.name == n && tables[p.flavor] == t {
				return r.args[r.calls[data].args+int32(k)].ref == 0
			}
		}
	}
	return false
}

// expandCall puts a macro's content into a call.
func (r *resolver) expandCall(i int32) {
	c := &r.cur
	c.at(r.insts[i].parent, r.stmt(r.insts[i].parent, r.insts[i].stmt))
	m := c.sym(0, tBlocks)
	if m == 0 {
		return
	}
	s := &r.syms[m]
	if s.flavor != syntax.FlavorMacro {
		c.errorf(0, "expected a macro, found %s %q", s.flavor, c.text(0))
		return
	}
	r.insts[i].sym = m
	if !r.bindArgs(i, r.macroParams(s.inst), c) || !r.notRecursive(i, m, c) {
		return
	}
	src := c.source()
	src.Via = 0
	r.splice(s.inst, i, spliceCall, viaOwn{ViaCall, s.name, src})
}

// notRecursive reports an error when a call stands in the content of a call of the
// same macro.
func (r *resolver) notRecursive(i, m int32, c *cursor) bool {
	for p := r.insts[r.insts[i].parent].params; p != 0; p = r.insts[r.insts[p].parent].params {
		if in := &r.insts[p]; in.kind == syntax.KwCall && in.sym == m {
			e := c.diag(0, "macro %q calls itself", c.text(0))
			r.fail(e)
			return false
		}
	}
	return true
}

// bindArgs binds the arguments of a call to the parameters.
func (r *resolver) bindArgs(i int32, params []param, c *cursor) bool {
	args := c.args
	w, end := 2, len(args)
	if len(args) == 1 {
		w, end = 1, 1
	}
	if len(params) == 0 && len(args) > 1 {
		return c.errorf(1, "macro %q has no parameters, found a list of arguments", c.text(0))
	}
	first := int32(len(r.args))
	for _, p := range params {
		if w >= end {
			return c.errorf(-1, "call of macro %q has too few arguments: expected %s for %q", c.text(0), p.flavor, r.names.Text(p.name))
		}
		a := callArg{param: p, inst: i, word: w, text: args[w].Name()}
		if !r.bindArg(&a, c) {
			return false
		}
		if a.anon {
			a.ref = -int32(len(r.args))
		}
		r.args = append(r.args, a)
		w = syntax.Skip(args, w)
	}
	if w < end {
		return c.errorf(w, "call of macro %q has too many arguments", c.text(0))
	}
	r.insts[i].data = int32(len(r.calls))
	r.calls = append(r.calls, call{params: params, args: first})
	return true
}

func (r *resolver) bindArg(a *callArg, c *cursor) bool {
	if !c.isList(a.word) {
		switch a.flavor {
		case syntax.FlavorString:
			// It may be a parameter of the macro in which the call stands.
			a.anon = !r.stringParam(r.insts[c.inst].params, a.text)
		case syntax.FlavorIPAddr:
			a.anon = syntax.IsAddress(c.text(a.word)) || containsDot(c.text(a.word))
			if _, ok := syntax.ParseAddress(c.text(a.word)); a.anon && !ok {
				return c.errorf(a.word, "expected an IP address, found %q", c.text(a.word))
			}
		}
		return true
	}
	a.anon, a.text = true, 0
	f := r.files[c.file]
	var e *diag.Error
	if c.args[a.word].Len() > 0 {
		switch a.flavor {
		case syntax.FlavorCatSet, syntax.FlavorLevel, syntax.FlavorLevelRange, syntax.FlavorClassPermission:
			if e = f.CheckArg(c.st, a.word, a.flavor, r.names); e == nil {
				return true
			}
		}
	}
	if e == nil {
		return c.errorf(a.word, "expected a %s for parameter %q, found a list", a.flavor, r.names.Text(a.name))
	}
	e.Note(diag.Pos{}, "as argument for parameter %q of macro %q", r.names.Text(a.name), c.text(0))
	c.ok = false
	r.fail(r.db.Trace(e, r.insts[c.inst].via))
	return false
}

func containsDot(s string) bool {
	for i := range len(s) {
		if s[i] == '.' {
			return true
		}
	}
	return false
}

// stringParam reports whether the macro that the instance is (or calls) has a
// parameter of the name for a string.
func (r *resolver) stringParam(i int32, n syntax.Name) bool {
	if i == 0 {
		return false
	}
	in := &r.insts[i]
	var params []param
	switch {
	case in.kind == syntax.KwMacro:
		params = r.macroParams(i)
	case in.data != 0:
		params = r.calls[in.data].params
	}
	for _, p := range params {
		if p.flavor == syntax.FlavorString && p.name == n {
			return true
		}
	}
	return false
}

// str returns the string args[i], which in a macro may be a parameter.
func (c *cursor) str(i int) syntax.Name {
	n := c.name(i)
	p := c.r.insts[c.inst].params
	if p == 0 || !c.r.stringParam(p, n) {
		return n
	}
	if ref := c.ref(i, tStrings, "string"); ref < 0 {
		return c.r.args[-ref].text
	}
	return n
}

// resolveArgs resolves the names that a call has as arguments.
func (r *resolver) resolveArgs(i int32) {
	data := r.insts[i].data
	if data == 0 {
		return
	}
	c := &r.cur
	c.at(r.insts[i].parent, r.stmt(r.insts[i].parent, r.insts[i].stmt))
	first := r.calls[data].args
	for k := range r.calls[data].params {
		a := &r.args[first+int32(k)]
		a.id = 0
		if a.anon {
			continue
		}
		t := tables[a.flavor]
		a.ref = 0
		ref, how := r.lookup(c.inst, t, a.text, false)
		if how == found && ref > 0 && r.within(r.syms[r.follow(ref)].head.inst, i) {
			ref, how = r.lookupOutside(i, t, a.text, ref)
		}
		if how != found {
			c.unresolved(a.word, t, a.flavor.String(), how)
			return
		}
		a.ref = r.follow(ref)
	}
}

// within reports whether an instance is inside of another.
func (r *resolver) within(i, outer int32) bool {
	for ; i != 0; i = r.insts[i].parent {
		if i == outer {
			return true
		}
	}
	return false
}

// lookupOutside looks a name up as if the call's macro hadn't declared it: an
// argument never means what the call itself declares.
func (r *resolver) lookupOutside(i int32, t table, n syntax.Name, ref int32) (int32, outcome) {
	s := r.follow(ref)
	scope, name := r.syms[s].scope, r.syms[s].name
	r.set(scope, t, name, 0)
	ref, how := r.lookup(r.insts[i].parent, t, n, false)
	r.set(scope, t, name, s)
	return ref, how
}

// argCursor returns a cursor at an argument without a name, seen from where c
// is.
func (c *cursor) argCursor(a *callArg) *cursor {
	r := c.r
	parent := r.insts[a.inst].parent
	st := r.stmt(parent, r.insts[a.inst].stmt)
	file := r.insts[parent].file
	return &cursor{r: r, inst: c.inst, st: st, file: file, args: r.files[file].Args(st), ok: true}
}

// addr returns the address args[i], text or the name of one.
func (c *cursor) addr(i int) (netip.Addr, bool) {
	if c.isList(i) {
		i++
	} else if !syntax.IsAddress(c.text(i)) {
		ref := c.ref(i, tAddrs, "ipaddr")
		switch {
		case ref > 0:
			h := c.r.syms[ref].head
			args := c.r.files[c.r.insts[h.inst].file].Args(c.r.stmt(h.inst, h.stmt))
			return c.parseAddr(args[1].Name())
		case ref < 0:
			return c.parseAddr(c.r.args[-ref].text)
		}
		return netip.Addr{}, false
	}
	return c.parseAddr(c.name(i))
}

func (c *cursor) parseAddr(n syntax.Name) (netip.Addr, bool) {
	return syntax.ParseAddress(c.r.names.Text(n))
}
