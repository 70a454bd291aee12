package security

import (
	"iter"

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

// newIndex sorts n rules in time proportional to n: a counting sort for each
// part of the key, the last one by source. What moves is packed, as a policy's
// rules are too many to be looked up again and again.
func newIndex(n int, sizes policy.Sizes, rules iter.Seq2[int, *policy.Rule]) index {
	x := index{keys: make([]ruleKey, n), start: make([]int32, sizes.Types+2)}
	keys, sources := make([]ruleKey, n), make([]uint16, n)
	byTarget, byClass := make([]int32, sizes.Types+2), make([]int32, sizes.Classes+2)
	for i, r := range rules {
		keys[i], sources[i] = keyOf(r.Class, r.Target, i), uint16(r.Source) //nolint:gosec // G115: a policy's types fit in 16 bits.
		byTarget[r.Target+1]++
		byClass[r.Class+1]++
		x.start[r.Source+1]++
	}
	for _, counts := range [][]int32{byTarget, byClass, x.start} {
		for i := 1; i < len(counts); i++ {
			counts[i] += counts[i-1]
		}
	}
	moved := make([]uint16, n)
	for i, k := range keys {
		at := &byTarget[k.target()]
		x.keys[*at], moved[*at] = k, sources[i]
		*at++
	}
	for i, k := range x.keys {
		at := &byClass[k>>48]
		keys[*at], sources[*at] = k, moved[i]
		*at++
	}
	next := append([]int32(nil), x.start...)
	for i, k := range keys {
		at := &next[sources[i]]
		x.keys[*at] = k
		*at++
	}
	return x
}

// source returns the keys of rules with exactly this source.
func (x *index) source(t policy.TypeID) []ruleKey {
	return x.keys[x.start[t]:x.start[t+1]]
}

// of returns the keys of rules with exactly this source and class, by ascending
// target.
func (x *index) of(source policy.TypeID, class policy.ClassID) []ruleKey {
	keys := x.source(source)
	first := keyOf(class, 0, 0)
	keys = keys[lowerBound(keys, first):]
	// No rule has a number of 32 ones, so the bound excludes nothing.
	return keys[:lowerBound(keys, first|(1<<48-1))]
}

// exactly returns the keys of rules with this source, class and target.
func (x *index) exactly(source, target policy.TypeID, class policy.ClassID) []ruleKey {
	keys := x.source(source)
	first := keyOf(class, target, 0)
	keys = keys[lowerBound(keys, first):]
	n := 0
	for n < len(keys) && keys[n]>>32 == first>>32 {
		n++
	}
	return keys[:n]
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
