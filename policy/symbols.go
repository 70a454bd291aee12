package policy

import (
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// PermissionName is one permission of a class or common with its number, 1 to
// 32.
type PermissionName struct {
	Name   string
	Number uint32
}

// Common is a named set of permissions that classes inherit.
type Common struct {
	Name        string
	ID          CommonID
	Permissions []PermissionName // in image order
	Pos         Pos
}

// Class is an object class. The permissions of its common come first in number
// and aren't repeated in Permissions.
type Class struct {
	Name          string
	ID            ClassID
	Common        CommonID // 0: none
	Permissions   []PermissionName
	Constraints   []Constraint
	ValidateTrans []Constraint // Perms is 0
	DefaultUser   DefaultObject
	DefaultRole   DefaultObject
	DefaultType   DefaultObject
	DefaultRange  DefaultRange
	Pos           Pos
}

// DefaultObject says whose user, role or type a new object of a class gets.
type DefaultObject uint32

// The values stand in the image; 0 leaves the kernel's own default.
const (
	DefaultUnset  DefaultObject = 0
	DefaultSource DefaultObject = 1
	DefaultTarget DefaultObject = 2
)

// DefaultRange says whose range a new object of a class gets.
type DefaultRange uint32

// The values stand in the image; 0 leaves the kernel's own default.
const (
	DefaultRangeUnset         DefaultRange = 0
	DefaultRangeSourceLow     DefaultRange = 1
	DefaultRangeSourceHigh    DefaultRange = 2
	DefaultRangeSourceLowHigh DefaultRange = 3
	DefaultRangeTargetLow     DefaultRange = 4
	DefaultRangeTargetHigh    DefaultRange = 5
	DefaultRangeTargetLowHigh DefaultRange = 6
	DefaultRangeGLBLUB        DefaultRange = 7
)

// Role is a role with the types it may be combined with.
type Role struct {
	Name      string
	ID        RoleID
	Bounds    RoleID // 0: none
	Dominates ebitmap.Set[RoleID]
	Types     ebitmap.Set[TypeID]
	Pos       Pos
}

// Type is a type, a type attribute, or an alias: another name for a type, with
// the type's ID.
type Type struct {
	Name      string
	ID        TypeID
	Alias     bool
	Attribute bool
	Bounds    TypeID // 0: none
	Pos       Pos
}

// User is a SELinux user.
type User struct {
	Name    string
	ID      UserID
	Bounds  UserID // 0: none
	Roles   ebitmap.Set[RoleID]
	Range   mls.Range // zero without MLS
	Default mls.Level // zero without MLS
	Pos     Pos
}

// Boolean is a boolean with the state that the policy gives it.
type Boolean struct {
	Name  string
	ID    BooleanID
	State bool
	Pos   Pos
}

// Sensitivity is a sensitivity or an alias of one.
type Sensitivity struct {
	Name       string
	ID         SensitivityID
	Alias      bool
	Categories ebitmap.Set[CategoryID] // those a level of it may have
	Pos        Pos
}

// Category is a category or an alias of one.
type Category struct {
	Name  string
	ID    CategoryID
	Alias bool
	Pos   Pos
}

// Sizes gives the number of identifiers in each symbol table, the greatest
// valid identifier. Build raises each to the greatest one in use.
type Sizes struct {
	Commons, Classes, Roles, Types, Users, Booleans, Sensitivities, Categories uint32
}
