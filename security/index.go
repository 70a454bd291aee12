package security

import (
	"slices"

	"seward/policy"
)

// ruleKey orders rules of one source: class, target, then the rule's number, in
// 16, 16 and 32 bits. A policy's types and classes fit in 16.
type ruleKey uint64

func keyOf(class policy.ClassID, target policy.TypeID, rule int) ruleKey {
	return ruleKey(class)<<48 | ruleKey(target)<<32 | ruleKey(rule) //nolint:gosec // G115: a policy's rules are numbered in 31 bits.
}

func (k ruleKey) target() policy.TypeID { return policy.TypeID(k >> 32 & 0xffff) }
func (k ruleKey) rule() uint32          { return uint32(k) } //nolint:gosec // G115: the low half.

// index finds rules by source, class and target.
type index struct {
	start []int32 // those of source t are keys[start[t]:start[t+1]]
	keys  []ruleKey
}

// newIndex sorts n rules in time proportional to n: one pass per part of the
// key, the last one by source.
func newIndex(n int, sizes policy.Sizes, rule func(i int) *policy.Rule) index {
	order, next := make([]int32, n), make([]int32, n)
	for i := range order {
		order[i] = int32(i) //nolint:gosec // G115: a policy's rules are numbered in 31 bits.
	}
	pass := func(limit uint32, part func(r *policy.Rule) uint32) []int32 {
		start := make([]int32, limit+2)
		for _, i := range order {
			start[part(rule(int(i)))+1]++
		}
		for i := 1; i < len(start); i++ {
			start[i] += start[i-1]
		}
		at := slices.Clone(start)
		for _, i := range order {
			k := part(rule(int(i)))
			next[at[k]] = i
			at[k]++
		}
		order, next = next, order
		return start
	}
	pass(sizes.Types, func(r *policy.Rule) uint32 { return uint32(r.Target) })
	pass(sizes.Classes, func(r *policy.Rule) uint32 { return uint32(r.Class) })
	x := index{keys: make([]ruleKey, n)}
	x.start = pass(sizes.Types, func(r *policy.Rule) uint32 { return uint32(r.Source) })
	for i, n := range order {
		r := rule(int(n))
		x.keys[i] = keyOf(r.Class, r.Target, int(n))
	}
	return x
}

// of returns the keys of rules with exactly this source and class, by ascending
// target.
func (x *index) of(source policy.TypeID, class policy.ClassID) []ruleKey {
	if int(source)+1 >= len(x.start) {
		return nil
	}
	keys := x.keys[x.start[source]:x.start[source+1]]
	first := keyOf(class, 0, 0)
	return between(keys, first, first|(1<<48-1))
}

// exactly returns the keys of rules with this source, class and target.
func (x *index) exactly(source, target policy.TypeID, class policy.ClassID) []ruleKey {
	keys := x.of(source, class)
	first := keyOf(class, target, 0)
	return between(keys, first, first|(1<<32-1))
}

// between returns the keys from low to below high. No rule has a number of 32
// ones, so a bound that ends in them excludes nothing.
func between(keys []ruleKey, low, high ruleKey) []ruleKey {
	return keys[lowerBound(keys, low):lowerBound(keys, high)]
}

func lowerBound(keys []ruleKey, k ruleKey) int {
	low, high := 0, len(keys)
	for low < high {
		mid := int(uint(low+high) >> 1) //nolint:gosec // G115: both are indices.
		if keys[mid] < k {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}
