package resolve

import (
	"seward/format/cil/syntax"
	"seward/format/diag"
)

// Options change how a policy is resolved. Nil means defaults.
type Options struct {
	// MultipleDecls allows types, type attributes and roles to be declared more
	// than once.
	MultipleDecls bool
	// QualifiedNames takes a dot in a name as part of it. Blocks are not allowed
	// then.
	QualifiedNames bool
	// PreserveTunables treats tunables as booleans.
	PreserveTunables bool
	// CondXperms allows extended permission rules in a booleanif.
	CondXperms bool
	// MaxExpansion limits the number of statements that calls, inheritance and
	// in-statements may make. Default 1 << 20 and 16 for each statement of the
	// sources.
	MaxExpansion int
}

// maxDepth limits how deep copies and containers may be nested in each other.
const maxDepth = 20000

// resolver holds the state of one Resolve.
type resolver struct {
	db    *DB
	opts  *Options
	files []*syntax.File
	names *syntax.Names

	insts  []inst // 0 is the root
	budget int    // statements that may still be made
	halted bool   // the budget or the depth was exceeded

	syms   []sym // 0 is none
	scopes []scope
	root   [tableCount][]int32 // symbols of the root scope by name
	local  map[scopedName]int32
	parts  map[syntax.Name][]syntax.Name // of names with dots

	classes   []classInfo // by sym.info
	classInfo map[stmtRef]int32
	inherits  map[int32][]int32 // by symbol of a block: instances of blockinherit
	calls     []call            // by inst.call data; 0 is none
	args      []callArg         // a negative reference r is args[-r]

	errs   diag.List
	seen   map[errorKey]bool
	dry    bool              // errors are not collected
	onGone func(syntax.Name) // called for names that are no longer declared
	failed []int32           // optional instances to disable after the pass
	gone   map[tableName]int32
	why    map[int32]*diag.Error // by optional instance

	round
}

// stmtRef is a statement of a file.
type stmtRef struct{ file, stmt int32 }

// Resolve resolves parsed files. The files must have no errors of syntax; names is
// their table. The error is a diag.List.
func Resolve(files []*syntax.File, names *syntax.Names, opts *Options) (*DB, error) {
	if opts == nil {
		opts = &Options{}
	}
	r := &resolver{
		db:        newDB(files, names),
		opts:      opts,
		files:     files,
		names:     names,
		insts:     append(make([]inst, 0, 1024), inst{body: noBody, stmt: -1}),
		syms:      make([]sym, 1, 4096),
		scopes:    make([]scope, 1, 64),
		local:     map[scopedName]int32{},
		parts:     map[syntax.Name][]syntax.Name{},
		classes:   make([]classInfo, 1),
		classInfo: map[stmtRef]int32{},
		inherits:  map[int32][]int32{},
		calls:     make([]call, 1),
		args:      make([]callArg, 1),
		gone:      map[tableName]int32{},
		why:       map[int32]*diag.Error{},
		seen:      map[errorKey]bool{},
	}
	for t := range r.root {
		r.root[t] = make([]int32, names.Len())
	}
	r.cur.r = r
	r.budget = opts.MaxExpansion
	if r.budget == 0 {
		r.budget = 1 << 20
		for _, f := range files {
			r.budget += 16 * len(f.Stmts)
		}
	}
	r.build()
	if r.stop() {
		return nil, r.errors()
	}
	r.expand()
	if r.stop() {
		return nil, r.errors()
	}
	r.rounds()
	if r.stop() {
		return nil, r.errors()
	}
	r.verify()
	if r.stop() {
		return nil, r.errors()
	}
	r.finish()
	return r.db, nil
}

func (r *resolver) stop() bool { return len(r.errs) > 0 }

func (r *resolver) errors() error {
	r.errs.Sort()
	return r.errs.Err()
}

func newDB(files []*syntax.File, names *syntax.Names) *DB {
	db := &DB{Files: make([]*diag.File, 1, len(files)+1), Vias: make([]Via, 1), Names: names.All()}
	for _, f := range files {
		db.Files = append(db.Files, f.Source)
	}
	return db
}

// build makes the tree of all files and declares what they declare.
func (r *resolver) build() {
	r.budget += 4 * len(r.files)
	for i, f := range r.files {
		// What the text itself has costs nothing.
		r.budget += instCost*len(f.Bodies) + len(f.Stmts)*(instCost+1)
		n := r.newInst(inst{kind: syntax.KwSrcInfo, file: int32(i), stmt: -1, body: rootBody})
		r.insts[0].extra = append(r.insts[0].extra, n)
		r.fill(n)
	}
}

// finish completes the database.
func (r *resolver) finish() {
	r.db.Names = r.names.All()
	for i := range r.insts {
		if e := r.why[int32(i)]; e != nil {
			in := &r.insts[i]
			st := r.stmt(in.parent, in.stmt)
			r.db.Disabled = append(r.db.Disabled, DisabledOptional{
				Name: Name(r.argName(in.parent, in.stmt)), Source: r.source(in.parent, st), Reason: e,
			})
		}
	}
}
