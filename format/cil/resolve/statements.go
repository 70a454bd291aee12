package resolve

// ClassPermsID indexes DB.ClassPerms, where equal lists are stored once.
type ClassPermsID int32

// ClassPerms is a list of permissions of classes.
type ClassPerms []ClassPerm

// ClassPerm is one element of ClassPerms: just one of Class, Map and Set is not 0.
type ClassPerm struct {
	Class ClassID
	// Perms of a Class: permission number n is bit n-1. Expressions have been
	// evaluated.
	Perms uint32
	Map   MapID
	// MapPerms are the permissions of a Map, indexes into MapClass.Perms, in the
	// order in which they are expanded: that of the source for a plain list, that
	// of libsepol's symbol table for what an expression yields.
	MapPerms []int32
	Set      PermSetID
}

// ExprID is where an expression starts in DB.Exprs; 0 is no expression.
type ExprID int32

// ExprOp is an operator or operand of an expression.
type ExprOp uint8

// Operators have Arg operands, which follow them. OpSet is the union of its operands
// (which may be none).
const (
	OpSet ExprOp = iota + 1
	OpAnd
	OpOr
	OpXor
	OpNot
	OpAll    // no operands
	OpRange  // categories or numbers from the first operand to the second
	OpSymbol // Arg is the identifier of a symbol
	OpCatSet // Arg is a CatSetID
	OpNumber // Arg is an extended permission

	// Conditionals and constraints.

	OpEqual
	OpUnequal
	OpDominates
	OpDominatedBy
	OpIncomparable
	OpU1 // u1 to h2 are operands
	OpU2
	OpU3
	OpR1
	OpR2
	OpR3
	OpT1
	OpT2
	OpT3
	OpL1
	OpL2
	OpH1
	OpH2
)

// Expr is one element of an expression in prefix form. The value of an expression over
// symbols is a set of them, that of a conditional or constraint a truth value.
//
// The first operand of a comparison in a constraint is one of OpU1 to OpH2; the second is
// one of them too, an OpSymbol of the kind of the first, or an OpSet of such.
type Expr struct {
	Op  ExprOp
	Arg int32
}

// AttributeSet adds the members of an expression to an attribute.
type AttributeSet struct {
	Attr int32
	Expr ExprID
	Source
}

// ExpandTypeAttribute says whether attributes are to be expanded in the image.
type ExpandTypeAttribute struct {
	Attrs  []TypeID
	Expand bool
	Source
}

// TypeStatement is a statement about a type.
type TypeStatement struct {
	Type TypeID
	Source
}

// RuleKind is the kind of a Rule.
type RuleKind uint8

// Kinds of rules.
const (
	Allow RuleKind = iota + 1
	AuditAllow
	DontAudit
	NeverAllow
	Deny
	AllowX
	AuditAllowX
	DontAuditX
	NeverAllowX
	TypeTransition
	TypeMember
	TypeChange
	NameTransition // typetransition with a file name other than "*"
)

// Rule is an access vector, extended, deny or type rule. Source is the place of
// the statement; From, To are its subject and object.
type Rule struct {
	Kind   RuleKind
	From   TypeID
	To     TypeID       // or one of TargetSelf, TargetNotSelf, TargetOther
	Perms  ClassPermsID // Allow to Deny
	Permx  PermxID      // AllowX to NeverAllowX
	Class  ClassID      // type rules
	Map    MapID        // type rules: instead of Class, all classes of a map class
	Result TypeID       // type rules; never an attribute
	Name   Name         // NameTransition
	Source
}

// Span is a part of a slice.
type Span struct{ Start, End int32 }

// Conditional is a booleanif with its rules in DB.CondRules.
type Conditional struct {
	Expr        ExprID // OpSymbol is a BoolID
	True, False Span
	// Tunable is set for a tunableif that was kept as a booleanif.
	Tunable bool
	Source
}

// RoleType lets a role (or attribute) have a type (or attribute).
type RoleType struct {
	Role RoleID
	Type TypeID
	Source
}

// RoleAllow lets processes change roles (or those of attributes).
type RoleAllow struct {
	From, To RoleID
	Source
}

// RoleTransition gives a new process or object a role.
type RoleTransition struct {
	Role   RoleID // or an attribute
	Type   TypeID // or an attribute
	Class  ClassID
	Map    MapID // instead of Class
	Result RoleID
	Source
}

// RangeTransition gives a new process or object a range.
type RangeTransition struct {
	From, To TypeID // or attributes
	Class    ClassID
	Map      MapID // instead of Class
	Range    RangeID
	Source
}

// UserRole lets a user (or attribute) have a role (or attribute).
type UserRole struct {
	User UserID
	Role RoleID
	Source
}

// UserPrefix gives a user the prefix for its home directories.
type UserPrefix struct {
	User   UserID
	Prefix Name
	Source
}

// SELinuxUser maps a login name to a user.
type SELinuxUser struct {
	Login Name // 0 for selinuxuserdefault
	User  UserID
	Range RangeID
	Source
}

// SensCat lets levels of a sensitivity have categories.
type SensCat struct {
	Sens SensID
	Cats ExprID
	Source
}

// Constraint restricts permissions.
type Constraint struct {
	MLS   bool // applies in MLS policies only
	Perms ClassPermsID
	Expr  ExprID
	Source
}

// ValidateTrans restricts relabelling.
type ValidateTrans struct {
	MLS   bool
	Class ClassID
	Map   MapID // instead of Class
	Expr  ExprID
	Source
}

// DefaultKind is what a Default is about.
type DefaultKind uint8

// Kinds of defaults.
const (
	DefaultUser DefaultKind = iota + 1
	DefaultRole
	DefaultType
)

// Default says whose user, role or type new objects get. Object has the values
// of policy.DefaultObject.
type Default struct {
	Kind    DefaultKind
	Classes []DefaultClass
	Object  uint8
	Source
}

// DefaultClass is a class, or a map class that stands for all classes it maps.
type DefaultClass struct {
	Class ClassID
	Map   MapID
}

// DefaultRange says whose range new objects get. Range has the values of
// policy.DefaultRange.
type DefaultRange struct {
	Classes []DefaultClass
	Range   uint8
	Source
}

// FileKind restricts a labelling statement to a kind of file.
type FileKind uint8

// Kinds of files.
const (
	FileAny FileKind = iota
	FileRegular
	FileDir
	FileChar
	FileBlock
	FileSocket
	FilePipe
	FileSymlink
)

// FileCon labels files.
type FileCon struct {
	Path    Name
	Kind    FileKind
	Context ContextID // 0: no label
	Source
}

// GenFSCon labels paths of a filesystem without labels.
type GenFSCon struct {
	Filesystem, Path Name
	Kind             FileKind
	Context          ContextID
	Source
}

// FSUse labels a filesystem. Behavior has the values of policy.FSUseBehavior.
type FSUse struct {
	Behavior   uint8
	Filesystem Name
	Context    ContextID
	Source
}

// PortCon labels ports. Protocol is an IPPROTO number.
type PortCon struct {
	Protocol  uint8
	Low, High uint16
	Context   ContextID
	Source
}

// NodeCon labels addresses.
type NodeCon struct {
	V6            bool
	Address, Mask [16]byte // the first 4 bytes for IPv4
	Context       ContextID
	Source
}

// NetifCon labels network interfaces.
type NetifCon struct {
	Name              Name
	Interface, Packet ContextID
	Source
}

// IBPKeyCon labels InfiniBand partition keys.
type IBPKeyCon struct {
	SubnetPrefix uint64 // the upper half of the address, host order
	Text         Name   // the address as written, by which images are sorted
	Low, High    uint16
	Context      ContextID
	Source
}

// IBEndPortCon labels InfiniBand ports.
type IBEndPortCon struct {
	Device  Name
	Port    uint32
	Context ContextID
	Source
}

// PirqCon labels a Xen interrupt.
type PirqCon struct {
	Pirq    uint32
	Context ContextID
	Source
}

// IOMemCon labels Xen memory.
type IOMemCon struct {
	Low, High uint64
	Context   ContextID
	Source
}

// IOPortCon labels Xen ports.
type IOPortCon struct {
	Low, High uint32
	Context   ContextID
	Source
}

// PCIDeviceCon labels a Xen PCI device.
type PCIDeviceCon struct {
	Device  uint32
	Context ContextID
	Source
}

// DeviceTreeCon labels a Xen device tree node.
type DeviceTreeCon struct {
	Path    Name
	Context ContextID
	Source
}
