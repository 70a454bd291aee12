package policy

import (
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// RuleKind is the kind of an access vector table entry. The values stand in the
// image.
type RuleKind uint16

// Kinds of rules. A DontAudit entry of an image holds the permissions that stay
// audited, the complement of what its statements say; Rule.Data is as in the
// image.
const (
	Allow           RuleKind = 0x0001
	AuditAllow      RuleKind = 0x0002
	DontAudit       RuleKind = 0x0004
	TypeTransition  RuleKind = 0x0010
	TypeMember      RuleKind = 0x0020
	TypeChange      RuleKind = 0x0040
	AllowXperm      RuleKind = 0x0100
	AuditAllowXperm RuleKind = 0x0200
	DontAuditXperm  RuleKind = 0x0400

	// VectorKinds, TypeKinds and XpermKinds tell what a rule's data is.
	VectorKinds = Allow | AuditAllow | DontAudit
	TypeKinds   = TypeTransition | TypeMember | TypeChange
	XpermKinds  = AllowXperm | AuditAllowXperm | DontAuditXperm
)

// Rule is one entry of the access vector table. Source and Target may be
// attributes.
type Rule struct {
	Source, Target TypeID
	Class          ClassID
	Kind           RuleKind
	// Data is an AccessVector for the vector kinds, a TypeID for the type kinds,
	// and for the xperm kinds an index into Builder.Xperms.
	Data uint32
	// Origin is an index into Builder.Origins counted from 1; 0: unknown.
	Origin uint32
}

// XpermKind tells what the bits of an Xperms stand for. The values stand in the
// image.
type XpermKind uint8

// Kinds of extended permissions: for Function the bits are the low bytes of the
// commands whose high byte is Driver; for Driver they are the high bytes of
// commands allowed whole.
const (
	XpermIoctlFunction XpermKind = 1
	XpermIoctlDriver   XpermKind = 2
	XpermNetlink       XpermKind = 3
)

// Xperms is the data of an extended permission rule.
type Xperms struct {
	Kind   XpermKind
	Driver uint8
	Bits   [8]uint32 // value n is bit n%32 of Bits[n/32]
}

// Has reports whether bit n is set.
func (x *Xperms) Has(n uint8) bool { return x.Bits[n/32]>>(n%32)&1 != 0 }

// Origin cites one statement that contributed to a rule.
type Origin struct {
	Pos Pos
	// Data is what the statement gave: an AccessVector for vector kinds (for
	// DontAudit the permissions that the statement names), else 0.
	Data uint32
	// Next is the next origin of the same rule, an index into Builder.Origins
	// counted from 1; 0: none.
	Next uint32
}

// Conditional is a pair of rule lists chosen by an expression over booleans.
type Conditional struct {
	Expr  []BoolOp // postfix
	State int32    // as stored in the image: 1 true, 0 false, -1 undefined
	True  []Rule
	False []Rule
	Pos   Pos
}

// BoolOpKind is an operator of a conditional expression. The values stand in
// the image.
type BoolOpKind uint32

// Operators of conditional expressions.
const (
	BoolOperand BoolOpKind = 1
	BoolNot     BoolOpKind = 2
	BoolOr      BoolOpKind = 3
	BoolAnd     BoolOpKind = 4
	BoolXor     BoolOpKind = 5
	BoolEqual   BoolOpKind = 6
	BoolUnequal BoolOpKind = 7
)

// BoolOp is one element of a postfix expression.
type BoolOp struct {
	Kind    BoolOpKind
	Boolean BooleanID // of a BoolOperand; the image's word otherwise
}

// FilenameTransition gives objects of Class that a source creates in a directory
// of type Target under exactly Name the type Result. Entries with one (Target,
// Class, Name) stand together when they did so in the image.
type FilenameTransition struct {
	Name    string
	Target  TypeID
	Class   ClassID
	Sources ebitmap.Set[TypeID]
	Result  TypeID
	Pos     Pos
}

// RoleAllow lets a process change from one role to another.
type RoleAllow struct {
	From, To RoleID
	Pos      Pos
}

// RoleTransition gives what Role creates with Type and Class the role Result.
type RoleTransition struct {
	Role   RoleID
	Type   TypeID
	Class  ClassID // the class process in images before version 26
	Result RoleID
	Pos    Pos
}

// RangeTransition gives what Source creates of Class from Target the range.
type RangeTransition struct {
	Source, Target TypeID
	Class          ClassID
	Range          mls.Range
	Pos            Pos
}

// Constraint restricts permissions of a class to pairs of contexts for which its
// expression holds.
type Constraint struct {
	Perms AccessVector
	Expr  []ConstraintOp // postfix
	Pos   Pos
}

// ConstraintOpKind is an element's kind. The values stand in the image.
type ConstraintOpKind uint32

// Elements of constraint expressions.
const (
	ConstraintNot   ConstraintOpKind = 1
	ConstraintAnd   ConstraintOpKind = 2
	ConstraintOr    ConstraintOpKind = 3
	ConstraintAttr  ConstraintOpKind = 4 // compares attributes of two contexts
	ConstraintNames ConstraintOpKind = 5 // compares an attribute with a set of names
)

// ConstraintAttribute tells what is compared, as flags. The values stand in the
// image.
type ConstraintAttribute uint32

// Attributes of contexts. The level ones compare an end of one range with an end
// of the other or the same range. Target and Third may be added to User, Role
// and Type in ConstraintNames elements.
const (
	AttrUser       ConstraintAttribute = 1
	AttrRole       ConstraintAttribute = 2
	AttrType       ConstraintAttribute = 4
	AttrTarget     ConstraintAttribute = 8
	AttrThird      ConstraintAttribute = 16
	AttrLow1Low2   ConstraintAttribute = 32
	AttrLow1High2  ConstraintAttribute = 64
	AttrHigh1Low2  ConstraintAttribute = 128
	AttrHigh1High2 ConstraintAttribute = 256
	AttrLow1High1  ConstraintAttribute = 512
	AttrLow2High2  ConstraintAttribute = 1024
)

// ConstraintOperator compares. The values stand in the image.
type ConstraintOperator uint32

// Comparison operators.
const (
	OpEqual        ConstraintOperator = 1
	OpUnequal      ConstraintOperator = 2
	OpDominates    ConstraintOperator = 3
	OpDominatedBy  ConstraintOperator = 4
	OpIncomparable ConstraintOperator = 5
)

// ConstraintOp is one element of a postfix constraint expression.
type ConstraintOp struct {
	Kind     ConstraintOpKind
	Attr     ConstraintAttribute
	Operator ConstraintOperator
	// Names holds the bits of a ConstraintNames element as in the image: user,
	// role or type identifiers, attributes already expanded. Bit n is
	// identifier n+1.
	Names ebitmap.Bitmap
	// TypeNames, from version 29 on, is what the source named, attributes not
	// expanded. It decides nothing.
	TypeNames TypeSet
}

// TypeSet is the image's unexpanded set of types.
type TypeSet struct {
	Types   ebitmap.Set[TypeID]
	Negated ebitmap.Set[TypeID]
	Flags   uint32
}
