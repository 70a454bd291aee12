package policydb

import "seward/policy"

// ruleKey packs what identifies a rule into one word: types, classes and kinds
// have 16 bits each in an image. It is never zero.
func ruleKey(r *policy.Rule) uint64 {
	return uint64(r.Source)<<48 | uint64(r.Target)<<32 | uint64(r.Class)<<16 | uint64(r.Kind)
}

// ruleSet is a set of rule keys with open addressing: an image has a hundred
// thousand rules, and all are looked up once.
type ruleSet struct {
	slots []uint64
	shift uint
}

func newRuleSet(n int) ruleSet {
	shift := uint(60)
	for 1<<(64-shift) < 2*n {
		shift--
	}
	return ruleSet{slots: make([]uint64, 1<<(64-shift)), shift: shift}
}

// find returns the slot of a key or the free one where it belongs.
func (s *ruleSet) find(key uint64) *uint64 {
	// Multiplication by 2^64 divided by the golden ratio spreads the high bits.
	i := key * 0x9e3779b97f4a7c15 >> s.shift
	for s.slots[i] != 0 && s.slots[i] != key {
		i = (i + 1) & uint64(len(s.slots)-1) //nolint:gosec // G115: slots are never empty.
	}
	return &s.slots[i]
}

// add reports whether the key is new.
func (s *ruleSet) add(key uint64) bool {
	slot := s.find(key)
	if *slot == key {
		return false
	}
	*slot = key
	return true
}

func (s *ruleSet) has(key uint64) bool {
	return len(s.slots) > 0 && *s.find(key) == key
}
