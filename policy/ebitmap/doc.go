// Package ebitmap holds the extensible bitmap, the set type of SELinux policies.
//
// A Bitmap is a sparse set of non-negative integers: only the 64-bit words
// that have a bit set are stored, in ascending order. It is the in-memory twin
// of the ebitmap of a kernel policy image, whose map units have 64 bits too, so
// that reading and writing one is a copy. A Set is a Bitmap indexed by the
// one-based identifiers that policies use: member n lives at bit n-1.
//
// The zero value is the empty set. Methods with a pointer receiver change it,
// all others return a new value and never share words with their operands
// unless they say so. A Bitmap that nobody changes any more may be read by any
// number of goroutines.
package ebitmap
