package ebitmap

import (
	"iter"
	"math/bits"
	"slices"
	"sort"
)

// WordBits is the number of bits in a stored word, the map unit size of the
// kernel's image.
const WordBits = 64

// Word is one stored word: bit i of Bits stands for the number Start+i.
// Start is a multiple of WordBits and Bits is never zero inside a Bitmap.
type Word struct {
	Start uint32
	Bits  uint64
}

// Bitmap is a sparse set of numbers below 2^32-WordBits.
type Bitmap struct {
	words []Word
}

// Of returns the set of the given numbers.
func Of(members ...uint32) Bitmap {
	var b Bitmap
	for _, m := range members {
		b.Set(m)
	}
	return b
}

// Range returns the set of the numbers low to high, both included. It is empty
// when high < low.
func Range(low, high uint32) Bitmap {
	var b Bitmap
	b.SetRange(low, high)
	return b
}

// FromWords makes a Bitmap of words as they stand in an image. It reports
// false unless every Start is a multiple of WordBits, they ascend strictly, and
// no word is empty. The Bitmap keeps the slice.
func FromWords(words []Word) (Bitmap, bool) {
	for i, w := range words {
		if w.Start%WordBits != 0 || w.Bits == 0 || i > 0 && w.Start <= words[i-1].Start {
			return Bitmap{}, false
		}
	}
	return Bitmap{words: words}, true
}

// Words returns the stored words in ascending order. The caller must not
// change them.
func (b Bitmap) Words() []Word { return b.words }

// find returns the index of the word that holds n or where it would stand.
func (b *Bitmap) find(n uint32) (int, bool) {
	start := n &^ (WordBits - 1)
	// Sets are mostly built in ascending order, and many have one word.
	if last := len(b.words) - 1; last < 0 || b.words[last].Start < start {
		return last + 1, false
	} else if b.words[last].Start == start {
		return last, true
	}
	i := sort.Search(len(b.words), func(i int) bool { return b.words[i].Start >= start })
	return i, b.words[i].Start == start
}

// Set adds n.
func (b *Bitmap) Set(n uint32) {
	i, ok := b.find(n)
	if !ok {
		b.words = slices.Insert(b.words, i, Word{Start: n &^ (WordBits - 1)})
	}
	b.words[i].Bits |= 1 << (n % WordBits)
}

// SetRange adds the numbers low to high, both included.
func (b *Bitmap) SetRange(low, high uint32) {
	if high < low {
		return
	}
	var add Bitmap
	first, last := low&^(WordBits-1), high&^(WordBits-1)
	for start := first; ; start += WordBits {
		mask := ^uint64(0)
		if start == first {
			mask &= ^uint64(0) << (low % WordBits)
		}
		if start == last {
			mask &= ^uint64(0) >> (WordBits - 1 - high%WordBits)
		}
		add.words = append(add.words, Word{Start: start, Bits: mask})
		if start == last {
			break
		}
	}
	if len(b.words) == 0 {
		b.words = add.words
		return
	}
	*b = b.Or(add)
}

// Clear removes n.
func (b *Bitmap) Clear(n uint32) {
	i, ok := b.find(n)
	if !ok {
		return
	}
	b.words[i].Bits &^= 1 << (n % WordBits)
	if b.words[i].Bits == 0 {
		b.words = slices.Delete(b.words, i, i+1)
	}
}

// Has reports whether n is a member.
func (b Bitmap) Has(n uint32) bool {
	start := n &^ (WordBits - 1)
	if len(b.words) <= 8 {
		for _, w := range b.words {
			if w.Start == start {
				return w.Bits>>(n%WordBits)&1 != 0
			}
		}
		return false
	}
	low, high := 0, len(b.words)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if b.words[mid].Start < start {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low < len(b.words) && b.words[low].Start == start && b.words[low].Bits>>(n%WordBits)&1 != 0
}

// Empty reports whether the set has no member.
func (b Bitmap) Empty() bool { return len(b.words) == 0 }

// Len returns the number of members.
func (b Bitmap) Len() int {
	n := 0
	for _, w := range b.words {
		n += bits.OnesCount64(w.Bits)
	}
	return n
}

// Max returns the greatest member; ok is false for the empty set.
func (b Bitmap) Max() (n uint32, ok bool) {
	if len(b.words) == 0 {
		return 0, false
	}
	w := b.words[len(b.words)-1]
	return w.Start + uint32(bits.Len64(w.Bits)) - 1, true //nolint:gosec // G115: Len64 is at most 64.
}

// Min returns the least member; ok is false for the empty set.
func (b Bitmap) Min() (n uint32, ok bool) {
	if len(b.words) == 0 {
		return 0, false
	}
	w := b.words[0]
	return w.Start + uint32(bits.TrailingZeros64(w.Bits)), true //nolint:gosec // G115: at most 63, the word is not empty.
}

// All yields the members in ascending order.
func (b Bitmap) All() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, w := range b.words {
			for rest := w.Bits; rest != 0; rest &= rest - 1 {
				if !yield(w.Start + uint32(bits.TrailingZeros64(rest))) { //nolint:gosec // G115: at most 63.
					return
				}
			}
		}
	}
}

// Clone returns a copy that shares nothing with b.
func (b Bitmap) Clone() Bitmap { return Bitmap{words: slices.Clone(b.words)} }

// Equal reports whether both have the same members.
func (b Bitmap) Equal(other Bitmap) bool { return slices.Equal(b.words, other.words) }
