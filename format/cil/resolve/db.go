package resolve

import "seward/format/diag"

// DB is a resolved policy.
//
// # Order
//
// The image that a CIL policy compiles to depends on the order in which a walk
// of the fully expanded tree meets declarations and statements. That walk goes
// depth first, in source order, file after file. The content of a blockinherit
// and of a call stands where the blockinherit or call stands; the content of an
// in-statement stands at the end of the block that it extends, after what the
// block itself contains, in the order in which in-statements were applied; the
// chosen branch of a tunableif stands at the end of what surrounds the tunableif (its
// file, line mark section, block, macro, optional or branch), before the in-statements for it. Macro definitions, abstract
// blocks and disabled optional blocks are not walked.
//
// Every slice below is in the order of that walk, with two refinements:
//
//   - Symbols are numbered in the order of the walk: Types[1] is the first type
//     or attribute that the walk meets, and so on for each symbol table. A symbol
//     that is declared several times (which Options.MultipleDecls allows for some)
//     stands where its first declaration stands; first is what was read or copied
//     first.
//   - Order lists (ClassOrder and its like) are merged from all order statements.
//
// Rules holds access vector, extended, deny and type rules together, so that
// their mutual order is kept.
//
// # Identifiers
//
// Element 0 of every table that is referred to by number is a placeholder:
// identifiers index directly, and 0 means none. Tables that nothing refers to
// (statements) have no placeholder. Symbols of all kinds carry fully qualified
// names ("block.name").
//
// References have been taken through aliases: an identifier of a type, category
// or sensitivity never means an alias.
//
// # What has been checked
//
// Names resolve to symbols of the required kind; numbers and addresses are
// in range; attributes, category sets, class permissions and bounds do not
// contain themselves; map permissions and classpermissions mean something; classes,
// sensitivities, categories and initial SIDs are ordered, and the order statements agree; users
// have a level and a range; mls, handleunknown, selinuxuserdefault occur once at most.
// What needs evaluated sets is left to the compiler: whether contexts,
// levels and ranges are valid, conflicts between labelling statements and between type rules,
// neverallow, and what a child of bounds may do. So are the names of policy capabilities.
type DB struct {
	// Files holds the sources; element 0 is a placeholder, nil.
	Files []*diag.File
	// Names holds interned text by Name.
	Names []string
	// Vias tell how a statement was copied to its place. Element 0 is a
	// placeholder.
	Vias []Via

	// MLS and HandleUnknown are what the policy's statements say; Unset if they
	// don't.
	MLS           Tristate
	HandleUnknown HandleUnknown

	// Symbols.

	Commons      []Common
	Classes      []Class
	MapClasses   []MapClass
	PermSets     []PermSet // classpermission
	Permissionxs []Permissionx
	Types        []Type
	Roles        []Role
	Users        []User
	Booleans     []Boolean // with Options.PreserveTunables tunables as well
	Sens         []Sens
	Cats         []Cat
	CatSets      []CatSet
	SIDs         []SID
	TypeAliases  []Alias // Actual is a TypeID. No placeholder, as for the next two
	SensAliases  []Alias // Actual is a SensID
	CatAliases   []Alias // Actual is a CatID
	PolicyCaps   []PolicyCap

	ClassOrder []ClassID // classes by image number, ordered ones first
	SIDOrder   []SIDID
	CatOrder   []CatID
	SensOrder  []SensID

	// Parts that statements share. Those without a name are anonymous.

	Levels      []Level
	LevelRanges []LevelRange
	Contexts    []Context
	ClassPerms  []ClassPerms
	// Exprs holds all expressions in prefix form, see Expr.
	Exprs []Expr

	// Statements.

	TypeAttributeSets []AttributeSet // Attr and operands are TypeIDs
	RoleAttributeSets []AttributeSet // RoleIDs
	UserAttributeSets []AttributeSet // UserIDs
	ExpandTypeAttrs   []ExpandTypeAttribute
	TypePermissives   []TypeStatement
	TypeNeverAudits   []TypeStatement
	Rules             []Rule
	Conditionals      []Conditional
	CondRules         []Rule // of Conditionals
	RoleTypes         []RoleType
	RoleAllows        []RoleAllow
	RoleTransitions   []RoleTransition
	RangeTransitions  []RangeTransition
	UserRoles         []UserRole
	UserPrefixes      []UserPrefix
	SELinuxUsers      []SELinuxUser
	SensCats          []SensCat
	Constraints       []Constraint
	ValidateTrans     []ValidateTrans
	Defaults          []Default
	DefaultRanges     []DefaultRange

	FileCons       []FileCon
	GenFSCons      []GenFSCon
	FSUses         []FSUse
	PortCons       []PortCon
	NodeCons       []NodeCon
	NetifCons      []NetifCon
	IBPKeyCons     []IBPKeyCon
	IBEndPortCons  []IBEndPortCon
	PirqCons       []PirqCon // Xen, as the next four
	IOMemCons      []IOMemCon
	IOPortCons     []IOPortCon
	PCIDeviceCons  []PCIDeviceCon
	DeviceTreeCons []DeviceTreeCon

	// Disabled lists optional blocks that were left out, with the reason.
	Disabled []DisabledOptional
	Warnings diag.List
}

// Name is an interned string, an index into DB.Names; 0 is the empty one.
type Name int32

// Identifiers of symbols, indexes into the DB's tables; 0 is none.
//
//nolint:revive // One comment for all.
type (
	CommonID  int32 // Commons
	ClassID   int32 // Classes
	MapID     int32 // MapClasses
	PermSetID int32 // PermSets
	PermxID   int32 // Permissionxs
	TypeID    int32 // Types: a type or an attribute
	RoleID    int32 // Roles: a role or an attribute
	UserID    int32 // Users: a user or an attribute
	BoolID    int32 // Booleans
	SensID    int32 // Sens
	CatID     int32 // Cats
	CatSetID  int32 // CatSets
	SIDID     int32 // SIDs
	LevelID   int32 // Levels
	RangeID   int32 // LevelRanges
	ContextID int32 // Contexts
)

// Targets of rules that aren't a type or attribute.
const (
	TargetSelf    TypeID = -1 // each source type with itself
	TargetNotSelf TypeID = -2 // each source type with every other type
	TargetOther   TypeID = -3 // each source type with the other types of the source
)

// Source is where a statement was written: offset Offset of Files[File], brought
// to its place by Vias[Via].
type Source struct {
	File, Offset int32
	Via          ViaID
}

// ViaID indexes DB.Vias; 0: the statement stands where it was written.
type ViaID int32

// ViaKind is a way of copying statements.
type ViaKind uint8

// Kinds of copies.
const (
	ViaCall ViaKind = iota + 1
	ViaInherit
	ViaIn
)

// Via is one copy of statements: a call of the macro Name, an inheritance of the
// block Name, an in-statement for the block Name. Source.Via leads to the copy that
// brought this statement itself.
type Via struct {
	Kind ViaKind
	Name Name
	Source
}

// Tristate is a truth value that may be unset.
type Tristate uint8

// Values of a Tristate.
const (
	Unset Tristate = iota
	False
	True
)

// HandleUnknown is the argument of a handleunknown statement.
type HandleUnknown uint8

// Values of HandleUnknown.
const (
	HandleUnset HandleUnknown = iota
	HandleAllow
	HandleDeny
	HandleReject
)

// DisabledOptional is an optional block that was left out.
type DisabledOptional struct {
	Name Name
	Source
	// Reason says which statement couldn't be resolved and why.
	Reason *diag.Error
}

// Pos returns a source's position.
func (db *DB) Pos(s Source) diag.Pos {
	if int(s.File) >= len(db.Files) || db.Files[s.File] == nil {
		return diag.Pos{}
	}
	return diag.Pos{File: db.Files[s.File], Offset: s.Offset}
}

// Errorf makes a diagnostic at a source, with the chain of copies as notes.
func (db *DB) Errorf(s Source, format string, args ...any) *diag.Error {
	return db.Trace(diag.Errorf(db.Pos(s), format, args...), s.Via)
}

// Trace adds the chain of copies that starts at via to a diagnostic.
func (db *DB) Trace(e *diag.Error, via ViaID) *diag.Error {
	const most = 16
	for n := 0; via != 0; n++ {
		v := &db.Vias[via]
		if n == most {
			e.Note(diag.Pos{}, "and more copies around")
			break
		}
		var what string
		switch v.Kind {
		case ViaCall:
			what = "in a call of macro"
		case ViaInherit:
			what = "in a blockinherit of"
		case ViaIn:
			what = "in an in-statement for"
		}
		e.Note(db.Pos(v.Source), "%s %q", what, db.Names[v.Name])
		via = v.Via
	}
	return e
}

// Text returns the text of a name.
func (db *DB) Text(n Name) string { return db.Names[n] }
