package policydb

import (
	"errors"
	"fmt"
)

// Reasons for refusing a file before its content is looked at.
var (
	ErrMagic  = errors.New("not a binary policy")
	ErrModule = errors.New("a policy module, not a kernel policy: link it into a policy first (semodule, secilc)")
	ErrXen    = errors.New("a policy for the Xen target, which seward does not support")
	// ErrTruncated is the reason where the image ends inside an element or before
	// as many elements as it claims: what any part of an image from its start
	// gives.
	ErrTruncated = errors.New("unexpected end of image")
)

// FormatError says what is wrong with an image and where.
type FormatError struct {
	File   string // name that Read was given
	Offset int64  // in bytes from the start of the image
	Path   string // element, as in avtab[812]; empty outside of tables
	Err    error
}

// Error returns `policy.33: offset 0x1a40: avtab[812]: class 97 out of range`.
func (e *FormatError) Error() string {
	text := fmt.Sprintf("offset %#x: ", e.Offset)
	if e.File != "" {
		text = e.File + ": " + text
	}
	if e.Path != "" {
		text += e.Path + ": "
	}
	return text + e.Err.Error()
}

// Unwrap returns the reason.
func (e *FormatError) Unwrap() error { return e.Err }

// VersionError says that a policy has something that an image of the wanted
// version can't hold and that may not be left out.
type VersionError struct {
	Version uint32 // wanted
	Needs   uint32 // the first version that has it
	What    string
}

// Error returns `policy version 29 has no extended permissions (30 needed)`.
func (e *VersionError) Error() string {
	return fmt.Sprintf("policy version %d has no %s (%d needed)", e.Version, e.What, e.Needs)
}
