package resolve

// Common is a named set of permissions that classes inherit.
type Common struct {
	Name  Name
	Perms []Name // permission number n, from 1, is Perms[n-1]
	Source
}

// Class is a kernel class. Its permissions are numbered from 1: those of its
// common first, then Perms.
type Class struct {
	Name   Name
	Common CommonID
	Perms  []Name
	Source
}

// MapClass is a class that stands for permissions of other classes.
type MapClass struct {
	Name  Name
	Perms []MapPerm
	Source
}

// MapPerm is a permission of a map class: the sum of its classmapping statements.
type MapPerm struct {
	Name       Name
	ClassPerms []ClassPermsID
}

// PermSet is a classpermission: the sum of its classpermissionset statements.
type PermSet struct {
	Name       Name // 0 for an anonymous macro argument
	ClassPerms []ClassPermsID
	Source
}

// Permissionx is a set of extended permissions.
type Permissionx struct {
	Name  Name // 0 for one written inside of a rule
	Kind  PermxKind
	Class ClassID
	Map   MapID  // instead of Class: all classes of a map class
	Expr  ExprID // over OpNumber
	Source
}

// PermxKind is the kind of extended permissions.
type PermxKind uint8

// Kinds of extended permissions.
const (
	PermxIoctl PermxKind = iota + 1
	PermxNlmsg
)

// TypeUse tells how statements use an attribute, and what
// expandtypeattribute statements say of it.
type TypeUse uint8

// Uses of an attribute.
const (
	UsedByRule TypeUse = 1 << iota
	UsedByNeverAllow
	UsedByConstraint
	ExpandTrue
	ExpandFalse // wins over ExpandTrue
)

// Type is a type or a type attribute.
type Type struct {
	Name      Name
	Attribute bool
	Use       TypeUse // of an attribute
	Bounds    TypeID  // parent
	Source
}

// Role is a role or a role attribute.
type Role struct {
	Name      Name
	Attribute bool
	Bounds    RoleID
	Source
}

// User is a user or a user attribute.
type User struct {
	Name      Name
	Attribute bool
	Bounds    UserID
	Level     LevelID // of a user: its default level
	Range     RangeID
	Source
}

// Boolean is a boolean with its default.
type Boolean struct {
	Name    Name
	Value   bool
	Tunable bool // declared as a tunable
	Source
}

// Sens is a sensitivity.
type Sens struct {
	Name Name
	Source
}

// Cat is a category.
type Cat struct {
	Name Name
	Source
}

// CatSet is a named set of categories.
type CatSet struct {
	Name Name
	Expr ExprID
	Source
}

// SID is an initial SID.
type SID struct {
	Name    Name
	Context ContextID // 0: none was given
	Source
}

// Alias is another name.
type Alias struct {
	Name   Name
	Actual int32
	Source
}

// PolicyCap enables a policy capability.
type PolicyCap struct {
	Name Name
	Source
}

// Level is a sensitivity with categories.
type Level struct {
	Name Name
	Sens SensID
	Cats ExprID // 0: none
	Source
}

// LevelRange is a range of levels.
type LevelRange struct {
	Name      Name
	Low, High LevelID
	Source
}

// Context is a security context.
type Context struct {
	Name  Name
	User  UserID // a user, never an attribute, as the next two
	Role  RoleID
	Type  TypeID
	Range RangeID
	Source
}
