package compile

import (
	"iter"
	"math/bits"
)

// bitset is a set of the numbers below 64 times its length.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (s bitset) add(n int32)      { s[n/64] |= 1 << (n % 64) }
func (s bitset) has(n int32) bool { return s[n/64]>>(n%64)&1 != 0 }

func (s bitset) addRange(low, high int32) {
	for n := low; n <= high; n++ {
		s.add(n)
	}
}

func (s bitset) or(other bitset) {
	for i, w := range other {
		s[i] |= w
	}
}

func (s bitset) and(other bitset) {
	for i, w := range other {
		s[i] &= w
	}
}

func (s bitset) andNot(other bitset) {
	for i, w := range other {
		s[i] &^= w
	}
}

func (s bitset) xor(other bitset) {
	for i, w := range other {
		s[i] ^= w
	}
}

// complement keeps the numbers below n that weren't members.
func (s bitset) complement(n int) {
	for i := range s {
		s[i] = ^s[i]
	}
	if n%64 != 0 && len(s) > 0 {
		s[len(s)-1] &= 1<<(n%64) - 1
	}
}

func (s bitset) clone() bitset { return append(bitset(nil), s...) }

func (s bitset) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s bitset) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s bitset) contains(other bitset) bool {
	for i, w := range other {
		if w&^s[i] != 0 {
			return false
		}
	}
	return true
}

func (s bitset) intersects(other bitset) bool {
	for i, w := range other {
		if w&s[i] != 0 {
			return true
		}
	}
	return false
}

// all yields the members in ascending order.
func (s bitset) all() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(int32(i*64 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}
