package ebitmap

import "iter"

// Set is a set of one-based identifiers: member id is bit id-1 of Bitmap. The
// identifier 0 is invalid and never a member.
type Set[ID ~uint32] struct {
	Bitmap Bitmap
}

// SetOf returns the set of the given identifiers.
func SetOf[ID ~uint32](ids ...ID) Set[ID] {
	var s Set[ID]
	for _, id := range ids {
		s.Add(id)
	}
	return s
}

// Add adds id. Adding 0 is a bug of the caller and panics.
func (s *Set[ID]) Add(id ID) {
	if id == 0 {
		panic("ebitmap: identifier 0 in a set")
	}
	s.Bitmap.Set(uint32(id) - 1)
}

// Remove removes id.
func (s *Set[ID]) Remove(id ID) {
	if id != 0 {
		s.Bitmap.Clear(uint32(id) - 1)
	}
}

// Union adds the members of other in place.
func (s *Set[ID]) Union(other Set[ID]) { s.Bitmap.Union(other.Bitmap) }

// Has reports whether id is a member.
func (s Set[ID]) Has(id ID) bool { return id != 0 && s.Bitmap.Has(uint32(id)-1) }

// Empty reports whether the set has no member.
func (s Set[ID]) Empty() bool { return s.Bitmap.Empty() }

// Len returns the number of members.
func (s Set[ID]) Len() int { return s.Bitmap.Len() }

// Max returns the greatest member, 0 for the empty set.
func (s Set[ID]) Max() ID {
	n, ok := s.Bitmap.Max()
	if !ok {
		return 0
	}
	return ID(n + 1)
}

// All yields the members in ascending order.
func (s Set[ID]) All() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for n := range s.Bitmap.All() {
			if !yield(ID(n + 1)) {
				return
			}
		}
	}
}

// Clone returns a copy that shares nothing with s.
func (s Set[ID]) Clone() Set[ID] { return Set[ID]{s.Bitmap.Clone()} }

// Equal reports whether both have the same members.
func (s Set[ID]) Equal(other Set[ID]) bool { return s.Bitmap.Equal(other.Bitmap) }

// Or returns the union.
func (s Set[ID]) Or(other Set[ID]) Set[ID] { return Set[ID]{s.Bitmap.Or(other.Bitmap)} }

// And returns the intersection.
func (s Set[ID]) And(other Set[ID]) Set[ID] { return Set[ID]{s.Bitmap.And(other.Bitmap)} }

// AndNot returns the members of s that are not members of other.
func (s Set[ID]) AndNot(other Set[ID]) Set[ID] { return Set[ID]{s.Bitmap.AndNot(other.Bitmap)} }

// Intersects reports whether both have a common member.
func (s Set[ID]) Intersects(other Set[ID]) bool { return s.Bitmap.Intersects(other.Bitmap) }

// Contains reports whether every member of other is a member of s.
func (s Set[ID]) Contains(other Set[ID]) bool { return s.Bitmap.Contains(other.Bitmap) }
