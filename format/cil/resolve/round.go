package resolve

import (
	"seward/format/cil/syntax"
)

// round is what one attempt to resolve all statements needs. When an optional turns
// out not to be resolvable it goes, with what it declares, and a new round
// begins, since what stood may have leaned on it.
type round struct {
	cur    cursor
	events []event
	early  [passCount][]stmtAt // statements of the passes before the last
	counts [256]int            // statements by keyword

	orders orders

	permLists  map[uint64]permList
	classPerms map[classPermKey]ClassPermsID
	levels     map[SensID]LevelID
	ranges     map[[2]LevelID]RangeID
	contexts   map[contextKey]ContextID

	singletons [256]stmtAt // the first mls, handleunknown, selinuxuserdefault
	permxUses  []permxUse

	inOptionals []dependent
	users       map[int32][]int32 // by name: indexes in inOptionals of statements with the name
}

// event is a part of a walk over the policy: statements start to end of an
// instance's file, which stand in its content; or, if end is -1, the instance itself.
type event struct{ inst, start, end int32 }

// stmtAt is a statement in the content of an instance.
type stmtAt struct {
	inst int32
	st   *syntax.Stmt
}

// pass is a stage of a round.
type pass uint8

const (
	lastPass pass = iota // all statements that aren't of another
	passAliases
	passActuals
	passOrders
	passCatSets
	passClasses
	passCount
)

// Steps of a round.
const (
	stepArgs = iota
	stepAliases
	stepActuals
	stepOrders
	stepCatSets
	stepClasses
	stepAll
)

var passSteps = [passCount]int{stepAll, stepAliases, stepActuals, stepOrders, stepCatSets, stepClasses}

// passes tells in which pass a statement is resolved.
var passes = [256]pass{
	syntax.KwTypealiasactual:        passAliases,
	syntax.KwSensitivityaliasactual: passAliases,
	syntax.KwCategoryaliasactual:    passAliases,
	syntax.KwTypealias:              passActuals,
	syntax.KwSensitivityalias:       passActuals,
	syntax.KwCategoryalias:          passActuals,
	syntax.KwSidorder:               passOrders,
	syntax.KwClassorder:             passOrders,
	syntax.KwCategoryorder:          passOrders,
	syntax.KwSensitivityorder:       passOrders,
	syntax.KwCategoryset:            passCatSets,
	syntax.KwSensitivitycategory:    passClasses,
	syntax.KwClasscommon:            passClasses,
}

// rounds resolves all statements, until nothing has to be disabled any more.
func (r *resolver) rounds() {
	const patience = 4
	for n := 1; !r.tryRound(n > patience); n++ {
	}
}

// tryRound resolves all statements. It returns false if optionals were disabled;
// if spread is set, all that depend on them as well.
func (r *resolver) tryRound(spread bool) bool {
	r.begin()
	steps := [...]func(){
		r.allArgs,
		func() { r.each(passAliases, r.bindAlias) },
		func() { r.each(passActuals, r.followAlias) },
		func() {
			r.each(passOrders, r.readOrder)
			r.conditionals()
		},
		func() { r.each(passCatSets, r.catSet) },
		func() { r.each(passClasses, r.classStmt) },
		r.allStatements,
	}
	for n, step := range steps {
		step()
		if n == stepOrders {
			r.mergeOrders()
		}
		if len(r.failed) == 0 {
			continue
		}
		if spread {
			r.spread(n)
		} else {
			r.disableFailed()
		}
		return false
	}
	return true
}

// begin plans the walk, numbers the symbols and empties the database.
func (r *resolver) begin() {
	r.events = r.events[:0]
	for p := range r.early {
		r.early[p] = r.early[p][:0]
	}
	r.counts = [256]int{}
	r.singletons = [256]stmtAt{}
	r.permxUses = r.permxUses[:0]
	r.orders = orders{}
	r.reset()
	r.plan(0)
	if n := r.countRules(); cap(r.db.Rules) < n || r.db.Rules == nil {
		r.db.Rules = make([]Rule, 0, n)
	}
	if r.permLists == nil {
		r.permLists = map[uint64]permList{}
	}
	clear(r.permLists)
	r.classPerms = map[classPermKey]ClassPermsID{}
	r.levels = map[SensID]LevelID{}
	r.ranges = map[[2]LevelID]RangeID{}
	r.contexts = map[contextKey]ContextID{}
	for i := range r.args {
		r.args[i].id = 0
	}
}

// reset empties the database but for what expansion has put in it.
func (r *resolver) reset() {
	old := *r.db
	*r.db = DB{
		Files: r.db.Files, Vias: r.db.Vias, Names: r.db.Names,
		Commons: make([]Common, 1), Classes: make([]Class, 1), MapClasses: make([]MapClass, 1),
		PermSets: make([]PermSet, 1), Permissionxs: make([]Permissionx, 1),
		Types: make([]Type, 1), Roles: make([]Role, 1), Users: make([]User, 1), Booleans: make([]Boolean, 1),
		Sens: make([]Sens, 1), Cats: make([]Cat, 1), CatSets: make([]CatSet, 1), SIDs: make([]SID, 1),
		Levels: make([]Level, 1), LevelRanges: make([]LevelRange, 1), Contexts: make([]Context, 1),
		ClassPerms: make([]ClassPerms, 1), Exprs: make([]Expr, 1),
	}
	if old.Rules != nil { // what is large is used again
		db := r.db
		db.Rules, db.CondRules, db.Conditionals = old.Rules[:0], old.CondRules[:0], old.Conditionals[:0]
		db.Types, db.Exprs, db.TypeAttributeSets = old.Types[:1], old.Exprs[:1], old.TypeAttributeSets[:0]
		db.RoleTypes, db.FileCons = old.RoleTypes[:0], old.FileCons[:0]
		db.Levels, db.LevelRanges, db.Contexts = old.Levels[:1], old.LevelRanges[:1], old.Contexts[:1]
	}
	for i := range r.syms {
		r.syms[i].id, r.syms[i].actual = 0, 0
	}
}

func (r *resolver) countRules() int {
	n := 0
	for _, k := range []syntax.Keyword{
		syntax.KwAllow, syntax.KwAuditallow, syntax.KwDontaudit, syntax.KwNeverallow, syntax.KwDeny,
		syntax.KwAllowx, syntax.KwAuditallowx, syntax.KwDontauditx, syntax.KwNeverallowx,
		syntax.KwTypetransition, syntax.KwTypechange, syntax.KwTypemember,
	} {
		n += r.counts[k]
	}
	return n
}

// plan lists the events of a walk over an instance's content, numbers what is
// declared there, and sorts statements by pass.
func (r *resolver) plan(i int32) {
	if r.insts[i].dead {
		return
	}
	stmts, first := r.stmts(i)
	start := first
	k := 0
	for j := range stmts {
		st := &stmts[j]
		n := first + int32(j)
		r.counts[st.Keyword]++
		if st.Keyword.Declares() != syntax.NoFlavor {
			r.number(i, n, st)
		}
		if p := passes[st.Keyword]; p != lastPass {
			r.early[p] = append(r.early[p], stmtAt{i, st})
		}
		if !hasInst[st.Keyword] {
			continue
		}
		if n > start {
			r.events = append(r.events, event{i, start, n})
		}
		start = n + 1
		kid := r.insts[i].kids[k]
		k++
		if kid != 0 {
			r.planInst(kid)
		}
	}
	if end := first + int32(len(stmts)); end > start {
		r.events = append(r.events, event{i, start, end})
	}
	for _, e := range r.insts[i].extra {
		r.plan(e)
	}
}

func (r *resolver) planInst(i int32) {
	in := &r.insts[i]
	if in.abstract {
		return
	}
	switch in.kind {
	case syntax.KwMacro:
		return
	case syntax.KwCall, syntax.KwBooleanif, syntax.KwTrue, syntax.KwFalse:
		r.events = append(r.events, event{i, 0, -1})
	}
	r.plan(i)
}
