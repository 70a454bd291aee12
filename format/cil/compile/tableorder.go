package compile

import (
	"cmp"
	"slices"
	"strings"
)

// tableOrder returns the order in which libsepol meets names that it keeps in the
// symbol table of a map class: by hash, then by name.
func tableOrder(names []string) []int {
	size := uint32(256)
	for int(size) < len(names) {
		size *= 2
	}
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := names[i], names[j]
		return cmp.Or(cmp.Compare(symbolHash(a)&(size-1), symbolHash(b)&(size-1)), strings.Compare(a, b))
	})
	return order
}

// symbolHash is the hash of libsepol's symbol tables.
func symbolHash(name string) uint32 {
	h := uint32(0)
	for i := range len(name) {
		h = h<<4 | h>>28
		h ^= uint32(int32(int8(name[i])))
	}
	return h
}
