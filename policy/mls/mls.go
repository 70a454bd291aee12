package mls

import "seward/policy/ebitmap"

// SensitivityID is the number of a sensitivity, its rank in the dominance order
// as well: 1 is the lowest, 0 is invalid (and what a policy without MLS has).
type SensitivityID uint32

// CategoryID is the number of a category; 0 is invalid.
type CategoryID uint32

// Level is a sensitivity with a set of categories.
type Level struct {
	Sensitivity SensitivityID
	Categories  ebitmap.Set[CategoryID]
}

// Range is the span of levels from Low to High.
type Range struct {
	Low, High Level
}

// Equal reports whether both levels are the same.
func (l Level) Equal(other Level) bool {
	return l.Sensitivity == other.Sensitivity && l.Categories.Equal(other.Categories)
}

// Dominates reports whether l is at least as high as other in sensitivity and
// has all of its categories.
func (l Level) Dominates(other Level) bool {
	return l.Sensitivity >= other.Sensitivity && l.Categories.Contains(other.Categories)
}

// Incomparable reports whether neither level dominates the other.
func (l Level) Incomparable(other Level) bool { return !l.Dominates(other) && !other.Dominates(l) }

// Between reports whether l dominates r.Low and is dominated by r.High.
func (l Level) Between(r Range) bool { return l.Dominates(r.Low) && r.High.Dominates(l) }

// Single returns the range that holds just l.
func (l Level) Single() Range { return Range{Low: l, High: l} }

// Equal reports whether both ranges have the same ends.
func (r Range) Equal(other Range) bool { return r.Low.Equal(other.Low) && r.High.Equal(other.High) }

// Contains reports whether other lies inside r.
func (r Range) Contains(other Range) bool {
	return other.Low.Dominates(r.Low) && r.High.Dominates(other.High)
}

// GLBLUB returns what the kernel computes for "default_range glblub": the range
// from the greater of both low sensitivities to the lesser of both high ones,
// each end with the categories common to both ranges' ends. ok is false when
// the sensitivities of the ranges don't overlap
// (kernel security/selinux/ss/context.h, mls_context_glblub).
func GLBLUB(a, b Range) (r Range, ok bool) {
	if a.High.Sensitivity < b.Low.Sensitivity || b.High.Sensitivity < a.Low.Sensitivity {
		return Range{}, false
	}
	r.Low.Sensitivity = max(a.Low.Sensitivity, b.Low.Sensitivity)
	r.High.Sensitivity = min(a.High.Sensitivity, b.High.Sensitivity)
	r.Low.Categories = a.Low.Categories.And(b.Low.Categories)
	r.High.Categories = a.High.Categories.And(b.High.Categories)
	return r, true
}
