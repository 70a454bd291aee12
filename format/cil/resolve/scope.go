package resolve

import (
	"seward/format/cil/syntax"
	"seward/format/diag"
)

// table is a symbol table: one for each kind of name, so that a type and a role
// may have the same name.
type table uint8

const (
	tBlocks table = iota // with macros and optionals
	tUsers
	tRoles
	tTypes
	tCommons
	tClasses
	tClassPerms
	tBools
	tTunables
	tSens
	tCats
	tSIDs
	tContexts
	tLevels
	tRanges
	tPolicyCaps
	tAddrs
	tStrings
	tPermx
	tableCount
)

var tables = [syntax.FlavorCount]table{
	syntax.FlavorBlock: tBlocks, syntax.FlavorMacro: tBlocks, syntax.FlavorOptional: tBlocks,
	syntax.FlavorUser: tUsers, syntax.FlavorUserAttribute: tUsers,
	syntax.FlavorRole: tRoles, syntax.FlavorRoleAttribute: tRoles,
	syntax.FlavorType: tTypes, syntax.FlavorTypeAttribute: tTypes, syntax.FlavorTypeAlias: tTypes,
	syntax.FlavorCommon: tCommons, syntax.FlavorClass: tClasses, syntax.FlavorMapClass: tClasses,
	syntax.FlavorClassPermission: tClassPerms, syntax.FlavorBoolean: tBools, syntax.FlavorTunable: tTunables,
	syntax.FlavorSens: tSens, syntax.FlavorSensAlias: tSens,
	syntax.FlavorCat: tCats, syntax.FlavorCatAlias: tCats, syntax.FlavorCatSet: tCats,
	syntax.FlavorSID: tSIDs, syntax.FlavorContext: tContexts, syntax.FlavorLevel: tLevels,
	syntax.FlavorLevelRange: tRanges, syntax.FlavorPolicyCap: tPolicyCaps, syntax.FlavorIPAddr: tAddrs,
	syntax.FlavorString: tStrings, syntax.FlavorPermissionx: tPermx,
}

// tableNames says what is looked for in a table.
var tableNames = [tableCount]string{
	"block, macro or optional", "user", "role", "type", "common", "class", "classpermission",
	"boolean", "tunable", "sensitivity", "category", "sid", "context", "level", "levelrange",
	"policycap", "ipaddr", "string", "permissionx",
}

// node is one declaration of a symbol.
type node struct{ inst, stmt int32 }

// sym is a symbol.
type sym struct {
	flavor syntax.Flavor
	name   syntax.Name
	scope  int32 // where it is declared
	own    int32 // the scope of a block or macro
	inst   int32 // of a block, macro or optional: its first instance
	head   node  // the first declaration
	more   []node
	id     int32 // identifier in the DB, of this round
	actual int32 // of an alias: what it stands for
	info   int32 // of a class, common or map class: index in resolver.classes
	fqn    Name
}

// scope is a name space.
type scope struct {
	prefix string // of fully qualified names
	has    [tableCount]bool
}

type scopedName struct {
	scope int32
	table table
	name  syntax.Name
}

type tableName struct {
	table table
	name  syntax.Name
}

// maxName is the length that qualified names must stay below.
const maxName = 2048

// copying says how a declaration comes about.
type copying struct {
	on      bool // by a copy
	inherit bool // by a blockinherit
}

func (r *resolver) newScope(prefix string) int32 {
	r.scopes = append(r.scopes, scope{prefix: prefix})
	return int32(len(r.scopes) - 1)
}

// get returns the symbol of a name in just one scope, or 0.
func (r *resolver) get(scope int32, t table, n syntax.Name) int32 {
	if scope == 0 {
		if int(n) < len(r.root[t]) {
			return r.root[t][n]
		}
		return 0
	}
	if !r.scopes[scope].has[t] {
		return 0
	}
	return r.local[scopedName{scope, t, n}]
}

func (r *resolver) set(scope int32, t table, n syntax.Name, s int32) {
	if scope == 0 {
		r.root[t][n] = s
		return
	}
	r.scopes[scope].has[t] = true
	if s == 0 {
		delete(r.local, scopedName{scope, t, n})
		return
	}
	r.local[scopedName{scope, t, n}] = s
}

// flavor returns what a statement declares.
func (r *resolver) flavor(st *syntax.Stmt) syntax.Flavor {
	f := st.Keyword.Declares()
	if f == syntax.FlavorTunable && r.opts.PreserveTunables {
		return syntax.FlavorBoolean
	}
	return f
}

// mayRepeat reports whether things of a flavor may be declared again.
func (r *resolver) mayRepeat(f syntax.Flavor) bool {
	switch f {
	case syntax.FlavorType, syntax.FlavorTypeAttribute, syntax.FlavorRole:
		return r.opts.MultipleDecls
	case syntax.FlavorOptional, syntax.FlavorPolicyCap:
		return true
	}
	return false
}

// declare declares what a statement in the content of an instance declares. It
// returns the symbol, 0 if it may not be declared.
func (r *resolver) declare(i, stmt int32, st *syntax.Stmt, c copying) int32 {
	flavor := r.flavor(st)
	name := r.argName(i, stmt)
	scope := r.insts[i].scope
	t := tables[flavor]
	r.shadows(i, stmt, st, flavor, name, c)
	if old := r.get(scope, t, name); old != 0 {
		s := &r.syms[old]
		if s.flavor == flavor && (r.mayRepeat(flavor) || flavor == syntax.FlavorBlock && c.inherit) {
			s.more = append(s.more, node{i, stmt})
			return old
		}
		r.redeclared(i, st, flavor, s)
		return 0
	}
	n := int32(len(r.syms))
	r.syms = append(r.syms, sym{flavor: flavor, name: name, scope: scope, head: node{i, stmt}})
	r.set(scope, t, name, n)
	switch flavor {
	case syntax.FlavorClass, syntax.FlavorCommon, syntax.FlavorMapClass:
		r.syms[n].info = r.classOf(i, stmt, st)
	}
	return n
}

func (r *resolver) redeclared(i int32, st *syntax.Stmt, flavor syntax.Flavor, s *sym) {
	e := r.errorAt(i, st, 0, "%s %q is declared already", flavor, r.names.Text(s.name))
	e.Code = "redeclared"
	at := r.stmt(s.head.inst, s.head.stmt)
	if s.flavor == flavor {
		e.Note(r.pos(s.head.inst, at.Offset), "previous declaration")
	} else {
		e.Note(r.pos(s.head.inst, at.Offset), "as %s", s.flavor)
	}
	r.db.Trace(e, r.insts[s.head.inst].via)
	r.fail(e)
}

// declareInst declares the block, macro or optional that an instance is. It returns
// false when the instance is to be left out.
func (r *resolver) declareInst(kid, stmt int32, st *syntax.Stmt, c copying) bool {
	i := r.insts[kid].parent
	if st.Keyword == syntax.KwMacro && c.inherit {
		if s := r.get(r.insts[i].scope, tBlocks, r.argName(i, stmt)); s != 0 && r.syms[s].flavor == syntax.FlavorMacro {
			return false // the block's own macro wins
		}
	}
	n := r.declare(i, stmt, st, c)
	if n == 0 {
		return false
	}
	s := &r.syms[n]
	if s.inst == 0 {
		s.inst = kid
		if s.flavor != syntax.FlavorOptional {
			prefix := ""
			if s.flavor == syntax.FlavorBlock {
				prefix = r.scopes[s.scope].prefix + r.names.Text(s.name) + "."
				if len(prefix) >= maxName {
					r.fail(r.errorAt(i, st, 0, "qualified name of block %q is longer than %d bytes", r.names.Text(s.name), maxName-1))
					prefix = ""
				}
			}
			s.own = r.newScope(prefix)
		}
	}
	r.insts[kid].sym = n
	if s.flavor != syntax.FlavorOptional {
		r.insts[kid].scope = s.own
	}
	return true
}

// shadows reports a declaration in a macro of what one of its parameters is.
func (r *resolver) shadows(i, stmt int32, st *syntax.Stmt, flavor syntax.Flavor, name syntax.Name, c copying) {
	m := r.insts[i].macro
	if m == 0 || !c.on && m != i || r.insts[r.insts[i].naming].kind == syntax.KwBlock {
		return
	}
	for _, p := range r.macroParams(m) {
		if p.name == name && p.flavor == flavor {
			r.fail(r.errorAt(i, st, 0, "%s %q has the name of a parameter of the macro", flavor, r.names.Text(name)))
		}
	}
}

// undeclare removes what is declared in the content of an instance. Why is the
// optional that was disabled.
func (r *resolver) undeclare(i, why int32) {
	stmts, first := r.stmts(i)
	for j := range stmts {
		if stmts[j].Keyword.Declares() != syntax.NoFlavor {
			r.removeNode(i, first+int32(j), &stmts[j], why)
		}
	}
	for _, kid := range r.insts[i].kids {
		if kid != 0 && !r.insts[kid].dead {
			r.undeclare(kid, why)
		}
	}
	for _, e := range r.insts[i].extra {
		r.undeclare(e, why)
	}
}

func (r *resolver) removeNode(i, stmt int32, st *syntax.Stmt, why int32) {
	t, name := tables[r.flavor(st)], r.argName(i, stmt)
	scope := r.insts[i].scope
	n := r.get(scope, t, name)
	if n == 0 {
		return
	}
	s := &r.syms[n]
	at := node{i, stmt}
	switch {
	case s.head == at && len(s.more) == 0:
		r.set(scope, t, name, 0)
		r.gone[tableName{t, name}] = why
		if r.onGone != nil {
			r.onGone(name)
		}
	case s.head == at:
		s.head, s.more = s.more[0], s.more[1:]
	default:
		for k, m := range s.more {
			if m == at {
				s.more = append(s.more[:k:k], s.more[k+1:]...)
				break
			}
		}
	}
}

// qualified returns the fully qualified name of a symbol.
func (r *resolver) qualified(n int32) Name {
	s := &r.syms[n]
	if s.fqn == 0 {
		s.fqn = Name(s.name)
		if p := r.scopes[s.scope].prefix; p != "" {
			s.fqn = Name(r.names.Intern(p + r.names.Text(s.name)))
			if len(r.names.Text(syntax.Name(s.fqn))) >= maxName {
				r.fail(r.errorAt(s.head.inst, r.stmt(s.head.inst, s.head.stmt), 0, "qualified name of %q is longer than %d bytes", r.names.Text(s.name), maxName-1))
			}
		}
	}
	return s.fqn
}

func (r *resolver) pos(i, offset int32) diag.Pos {
	return diag.Pos{File: r.files[r.insts[i].file].Source, Offset: offset}
}
