package policydb

import (
	"cmp"
	"slices"

	"seward/policy"
	"seward/policy/ebitmap"
)

// order is a layout at work. A method returns the indices of a table's rows in
// the order to write them, nil for the table's own order.
type order interface {
	keep() bool
	commons([]policy.Common) []int32
	classes([]policy.Class) []int32
	roles([]policy.Role) []int32
	types([]policy.Type) []int32
	users([]policy.User) []int32
	booleans([]policy.Boolean) []int32
	sensitivities([]policy.Sensitivity) []int32
	categories([]policy.Category) []int32
	permissions([]policy.PermissionName) []int32
	rules([]policy.Rule) []int32
	ranges([]policy.RangeTransition) []int32
	filenames([]fileGroup) []fileGroup
	roleTypes(*policy.Role) ebitmap.Set[policy.TypeID]
	// classless reports whether a role transition stays in an image that has no
	// room for its class.
	classless(class, process policy.ClassID) bool
}

// keepOrder is LayoutKeep.
type keepOrder struct{}

func (keepOrder) keep() bool                                          { return true }
func (keepOrder) commons([]policy.Common) []int32                     { return nil }
func (keepOrder) classes([]policy.Class) []int32                      { return nil }
func (keepOrder) roles([]policy.Role) []int32                         { return nil }
func (keepOrder) types([]policy.Type) []int32                         { return nil }
func (keepOrder) users([]policy.User) []int32                         { return nil }
func (keepOrder) booleans([]policy.Boolean) []int32                   { return nil }
func (keepOrder) sensitivities([]policy.Sensitivity) []int32          { return nil }
func (keepOrder) categories([]policy.Category) []int32                { return nil }
func (keepOrder) permissions([]policy.PermissionName) []int32         { return nil }
func (keepOrder) rules([]policy.Rule) []int32                         { return nil }
func (keepOrder) ranges([]policy.RangeTransition) []int32             { return nil }
func (keepOrder) filenames(groups []fileGroup) []fileGroup            { return groups }
func (keepOrder) classless(class, process policy.ClassID) bool        { return class == process }
func (keepOrder) roleTypes(r *policy.Role) ebitmap.Set[policy.TypeID] { return r.Types }

// libsepol34 is LayoutLibsepol34. libsepol's tables are arrays of buckets,
// written one after the other; a bucket is a list that is kept sorted by key.
// The number of buckets is a power of two: it starts at a size that each table
// has of its own and doubles before an entry is added to a table that has at
// least as many entries as buckets (libsepol hashtab.c). So the order follows
// from the keys alone, but for one case that is not imitated: an attempt to add
// an existing key to a table that is just full doubles it too.
type libsepol34 struct{}

func (libsepol34) keep() bool { return false }

// Initial numbers of buckets (libsepol policydb.c, symtab_sizes, policydb_init;
// policydb.h, PERM_SYMTAB_SIZE).
const (
	bucketsCommons       = 2
	bucketsClasses       = 32
	bucketsRoles         = 16
	bucketsTypes         = 512
	bucketsUsers         = 128
	bucketsBooleans      = 16
	bucketsSensitivities = 16
	bucketsCategories    = 16
	bucketsPermissions   = 32
	bucketsFilenames     = 1024
	bucketsRanges        = 256
)

// ruleBuckets is the number of buckets for rules, which is fixed (libsepol
// avtab.c, avtab_alloc, for the size that cil_binary.c asks for).
const ruleBuckets = 1 << 20

// byBucket returns the order of n rows in a table that started with the given
// number of buckets.
func byBucket(n, buckets int, hash func(i int) uint32, compare func(i, j int) int) []int32 {
	for buckets < n {
		buckets *= 2
	}
	mask := uint32(buckets - 1) //nolint:gosec // G115: a power of two below twice the number of rows.
	hashes := make([]uint32, n)
	order := make([]int32, n)
	for i := range order {
		hashes[i], order[i] = hash(i)&mask, int32(i) //nolint:gosec // G115: Build bounds tables.
	}
	slices.SortStableFunc(order, func(i, j int32) int {
		if hashes[i] != hashes[j] {
			return cmp.Compare(hashes[i], hashes[j])
		}
		return compare(int(i), int(j))
	})
	return order
}

// symbolHash is the hash of a symbol's name: four bits of rotation for each
// byte, taken as signed (libsepol symtab.c).
func symbolHash(name string) uint32 {
	var h uint32
	for i := range len(name) {
		h = (h<<4 | h>>28) ^ uint32(int8(name[i])) //nolint:gosec // G115: char is signed where the images come from.
	}
	return h
}

// symbolOrder is the order of a table of symbols.
func symbolOrder[T any](rows []T, buckets int, name func(*T) string) []int32 {
	return byBucket(len(rows), buckets,
		func(i int) uint32 { return symbolHash(name(&rows[i])) },
		func(i, j int) int { return cmp.Compare(name(&rows[i]), name(&rows[j])) })
}

func (libsepol34) commons(rows []policy.Common) []int32 {
	return symbolOrder(rows, bucketsCommons, func(x *policy.Common) string { return x.Name })
}

func (libsepol34) classes(rows []policy.Class) []int32 {
	return symbolOrder(rows, bucketsClasses, func(x *policy.Class) string { return x.Name })
}

func (libsepol34) roles(rows []policy.Role) []int32 {
	return symbolOrder(rows, bucketsRoles, func(x *policy.Role) string { return x.Name })
}

func (libsepol34) types(rows []policy.Type) []int32 {
	return symbolOrder(rows, bucketsTypes, func(x *policy.Type) string { return x.Name })
}

func (libsepol34) users(rows []policy.User) []int32 {
	return symbolOrder(rows, bucketsUsers, func(x *policy.User) string { return x.Name })
}

func (libsepol34) booleans(rows []policy.Boolean) []int32 {
	return symbolOrder(rows, bucketsBooleans, func(x *policy.Boolean) string { return x.Name })
}

func (libsepol34) sensitivities(rows []policy.Sensitivity) []int32 {
	return symbolOrder(rows, bucketsSensitivities, func(x *policy.Sensitivity) string { return x.Name })
}

func (libsepol34) categories(rows []policy.Category) []int32 {
	return symbolOrder(rows, bucketsCategories, func(x *policy.Category) string { return x.Name })
}

func (libsepol34) permissions(rows []policy.PermissionName) []int32 {
	return symbolOrder(rows, bucketsPermissions, func(x *policy.PermissionName) string { return x.Name })
}

// classless is false: libsepol compares with a process class that it only knows
// of policies that it read, and so drops all role transitions of one that it
// built (libsepol write.c, role_trans_write).
func (libsepol34) classless(policy.ClassID, policy.ClassID) bool { return false }

// roleTypes leaves out the types of object_r, which goes with every type
// (libsepol write.c, role_write).
func (libsepol34) roleTypes(r *policy.Role) ebitmap.Set[policy.TypeID] {
	if r.ID == policy.ObjectRole {
		return ebitmap.Set[policy.TypeID]{}
	}
	return r.Types
}

// ruleHash is MurmurHash3 over class, target and source (libsepol avtab.c).
func ruleHash(r *policy.Rule) uint32 {
	var h uint32
	for _, v := range [3]uint32{uint32(r.Class), uint32(r.Target), uint32(r.Source)} {
		v *= 0xcc9e2d51
		v = v<<15 | v>>17
		v *= 0x1b873593
		h ^= v
		h = h<<13 | h>>19
		h = h*5 + 0xe6546b64
	}
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return h
}

// rules sorts within a bucket by source, target and class. Rules that agree in
// those keep their order.
func (libsepol34) rules(rows []policy.Rule) []int32 {
	hashes := make([]uint32, len(rows))
	order := make([]int32, len(rows))
	for i := range rows {
		hashes[i], order[i] = ruleHash(&rows[i])%ruleBuckets, int32(i) //nolint:gosec // G115: Build bounds the number of rules.
	}
	compare := func(i, j int32) int {
		if hashes[i] != hashes[j] {
			return cmp.Compare(hashes[i], hashes[j])
		}
		return cmp.Compare(ruleKey(&rows[i])>>16, ruleKey(&rows[j])>>16)
	}
	if len(rows) < ruleBuckets/64 {
		slices.SortStableFunc(order, compare)
		return order
	}
	// There are ten times as many buckets as rules in a large policy: after
	// distribution by bucket hardly anything is left to sort.
	start := make([]int32, ruleBuckets+1)
	for _, h := range hashes {
		start[h+1]++
	}
	for i := range ruleBuckets {
		start[i+1] += start[i]
	}
	for i, h := range hashes {
		order[start[h]] = int32(i) //nolint:gosec // G115: as above.
		start[h]++
	}
	for low := 0; low < len(order); {
		high := low + 1
		for high < len(order) && hashes[order[high]] == hashes[order[low]] {
			high++
		}
		if high > low+1 {
			slices.SortStableFunc(order[low:high], compare)
		}
		low = high
	}
	return order
}

// filenames sorts by type, class and name (libsepol policydb.c,
// filenametr_hash, filenametr_cmp).
func (libsepol34) filenames(groups []fileGroup) []fileGroup {
	hash := func(i int) uint32 {
		k := &groups[i].key
		h := uint64(k.target) ^ uint64(k.class)
		for j := range len(k.name) {
			c := uint64(k.name[j])
			h = (h + c<<4 + c>>4) * 11
		}
		return uint32(h) //nolint:gosec // G115: the low bits choose the bucket.
	}
	compare := func(i, j int) int {
		x, y := &groups[i].key, &groups[j].key
		return cmp.Or(cmp.Compare(x.target, y.target), cmp.Compare(x.class, y.class), cmp.Compare(x.name, y.name))
	}
	out := make([]fileGroup, len(groups))
	for at, i := range byBucket(len(groups), bucketsFilenames, hash, compare) {
		out[at] = groups[i]
	}
	return out
}

// ranges sorts by source, target and class (libsepol policydb.c, rangetr_hash,
// rangetr_cmp).
func (libsepol34) ranges(rows []policy.RangeTransition) []int32 {
	return byBucket(len(rows), bucketsRanges,
		func(i int) uint32 {
			t := &rows[i]
			return uint32(t.Source) + uint32(t.Target)<<3 + uint32(t.Class)<<5
		},
		func(i, j int) int {
			x, y := &rows[i], &rows[j]
			return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Target, y.Target), cmp.Compare(x.Class, y.Class))
		})
}
