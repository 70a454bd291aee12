package policy

import "seward/policy/mls"

// Identifiers of symbols: the values of a policy image, counted from 1. Zero is
// invalid.
type (
	// CommonID numbers a common, a set of permissions that classes inherit.
	CommonID uint32
	// ClassID numbers an object class of a policy. It is the policy's own number,
	// not the kernel's.
	ClassID uint32
	// RoleID numbers a role.
	RoleID uint32
	// TypeID numbers a type or a type attribute: both share one space.
	TypeID uint32
	// UserID numbers a SELinux user.
	UserID uint32
	// BooleanID numbers a boolean.
	BooleanID uint32
	// SID is a security identifier. In a policy, that of an initial context.
	SID uint32

	// SensitivityID and CategoryID are those of package mls.
	SensitivityID = mls.SensitivityID
	// CategoryID numbers a category.
	CategoryID = mls.CategoryID
)

// ObjectRole is the role of every object, the first role of every policy.
const ObjectRole RoleID = 1

// AccessVector is a set of permissions of one class: permission number n, from
// 1 to 32, is bit n-1.
type AccessVector uint32

// Permission returns the vector of the permission with the given number, from 1
// to 32.
func Permission(number uint32) AccessVector { return 1 << (number - 1) }

// FileID numbers a source file of a policy, an index into Builder.Files counted
// from 1. Zero: no source is known.
type FileID uint32

// Pos is a position in a source file. The zero Pos is unknown.
type Pos struct {
	File FileID
	Line uint32 // counted from 1; 0 is unknown
}

// Known reports whether p names a file.
func (p Pos) Known() bool { return p.File != 0 }

// Versions of the binary image that seward reads and writes.
const (
	VersionMin = 24 // bounds; Linux 2.6.28
	VersionMax = 35 // never-audit types

	VersionFilenameTransitions = 25
	VersionRoleTransitionClass = 26
	VersionNewObjectDefaults   = 27
	VersionDefaultType         = 28
	VersionConstraintNames     = 29
	VersionXperms              = 30
	VersionInfiniband          = 31
	VersionGLBLUB              = 32
	VersionCompactFilename     = 33 // filename transitions grouped by key
	VersionConditionalXperms   = 34
	VersionNeverAudit          = 35
)

// HandleUnknown says what becomes of classes and permissions that the kernel
// knows and the policy doesn't.
type HandleUnknown uint8

// The values stand in the image's config word.
const (
	DenyUnknown   HandleUnknown = 0
	RejectUnknown HandleUnknown = 2
	AllowUnknown  HandleUnknown = 4
)

// String returns deny, reject or allow.
func (h HandleUnknown) String() string {
	switch h {
	case DenyUnknown:
		return "deny"
	case RejectUnknown:
		return "reject"
	case AllowUnknown:
		return "allow"
	}
	return "invalid"
}
