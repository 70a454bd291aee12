package ebitmap

// merge walks the words of both sets in ascending order and keeps what op makes
// of each pair, an absent word being zero.
func merge(a, b []Word, op func(x, y uint64) uint64) Bitmap {
	out := make([]Word, 0, max(len(a), len(b)))
	for len(a) > 0 || len(b) > 0 {
		var w Word
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Start < b[0].Start:
			w = Word{a[0].Start, op(a[0].Bits, 0)}
			a = a[1:]
		case len(a) == 0 || b[0].Start < a[0].Start:
			w = Word{b[0].Start, op(0, b[0].Bits)}
			b = b[1:]
		default:
			w = Word{a[0].Start, op(a[0].Bits, b[0].Bits)}
			a, b = a[1:], b[1:]
		}
		if w.Bits != 0 {
			out = append(out, w)
		}
	}
	return Bitmap{words: out}
}

// Or returns the union.
func (b Bitmap) Or(other Bitmap) Bitmap {
	return merge(b.words, other.words, func(x, y uint64) uint64 { return x | y })
}

// And returns the intersection.
func (b Bitmap) And(other Bitmap) Bitmap {
	return merge(b.words, other.words, func(x, y uint64) uint64 { return x & y })
}

// AndNot returns the members of b that are not members of other.
func (b Bitmap) AndNot(other Bitmap) Bitmap {
	return merge(b.words, other.words, func(x, y uint64) uint64 { return x &^ y })
}

// Xor returns the members of exactly one of both.
func (b Bitmap) Xor(other Bitmap) Bitmap {
	return merge(b.words, other.words, func(x, y uint64) uint64 { return x ^ y })
}

// Not returns the numbers below limit that are not members.
func (b Bitmap) Not(limit uint32) Bitmap {
	if limit == 0 {
		return Bitmap{}
	}
	return Range(0, limit-1).AndNot(b)
}

// Union adds the members of other to b in place.
func (b *Bitmap) Union(other Bitmap) {
	if b.Contains(other) {
		return
	}
	*b = b.Or(other)
}

// Intersects reports whether both have a common member.
func (b Bitmap) Intersects(other Bitmap) bool {
	x, y := b.words, other.words
	for len(x) > 0 && len(y) > 0 {
		switch {
		case x[0].Start < y[0].Start:
			x = x[1:]
		case x[0].Start > y[0].Start:
			y = y[1:]
		case x[0].Bits&y[0].Bits != 0:
			return true
		default:
			x, y = x[1:], y[1:]
		}
	}
	return false
}

// Contains reports whether every member of other is a member of b.
func (b Bitmap) Contains(other Bitmap) bool {
	x := b.words
	for _, w := range other.words {
		for len(x) > 0 && x[0].Start < w.Start {
			x = x[1:]
		}
		if len(x) == 0 || x[0].Start != w.Start || w.Bits&^x[0].Bits != 0 {
			return false
		}
	}
	return true
}
