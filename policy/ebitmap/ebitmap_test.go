package ebitmap

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// model is a set as a Go map, what a Bitmap must agree with.
type model map[uint32]bool

func members() *rapid.Generator[[]uint32] {
	// Small numbers meet in one word, big ones make the set sparse.
	return rapid.SliceOfN(rapid.OneOf(rapid.Uint32Range(0, 200), rapid.Uint32Range(0, 1<<20)), 0, 40)
}

func both(list []uint32) (Bitmap, model) {
	m := model{}
	for _, n := range list {
		m[n] = true
	}
	return Of(list...), m
}

func (m model) sorted() []uint32 { return slices.Sorted(maps.Keys(m)) }

func filter(keep func(n uint32) bool, sets ...model) []uint32 {
	out := model{}
	for _, s := range sets {
		for n := range s {
			if keep(n) {
				out[n] = true
			}
		}
	}
	return out.sorted()
}

func want(t *rapid.T, what string, got Bitmap, want []uint32) {
	if diff := cmp.Diff(want, slices.Collect(got.All())); diff != "" && len(want)+got.Len() > 0 {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
	if _, ok := FromWords(got.Words()); !ok {
		t.Fatalf("%s: words are not canonical: %v", what, got.Words())
	}
}

func TestAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		listA, listB := members().Draw(t, "a"), members().Draw(t, "b")
		a, ma := both(listA)
		b, mb := both(listB)
		want(t, "a", a, ma.sorted())
		want(t, "or", a.Or(b), filter(func(uint32) bool { return true }, ma, mb))
		want(t, "and", a.And(b), filter(func(n uint32) bool { return mb[n] }, ma))
		want(t, "andnot", a.AndNot(b), filter(func(n uint32) bool { return !mb[n] }, ma))
		want(t, "xor", a.Xor(b), filter(func(n uint32) bool { return ma[n] != mb[n] }, ma, mb))
		inPlace := a.Clone()
		inPlace.Union(b)
		if !inPlace.Equal(a.Or(b)) {
			t.Fatal("Union differs from Or")
		}
		limit := rapid.Uint32Range(0, 300).Draw(t, "limit")
		var rest []uint32
		for n := range limit {
			if !ma[n] {
				rest = append(rest, n)
			}
		}
		want(t, "not", a.Not(limit), rest)
		if got := a.Intersects(b); got != !a.And(b).Empty() {
			t.Fatalf("Intersects is %v", got)
		}
		if got := a.Contains(b); got != b.AndNot(a).Empty() {
			t.Fatalf("Contains is %v", got)
		}
		if !a.Or(b).Contains(b) {
			t.Fatal("a union doesn't contain its part")
		}
		if got := a.Len(); got != len(ma) {
			t.Fatalf("Len is %d, want %d", got, len(ma))
		}
		for _, n := range append(listA, listB...) {
			if a.Has(n) != ma[n] || a.Has(n+1) != ma[n+1] {
				t.Fatalf("Has around %d is wrong", n)
			}
		}
		if sorted := ma.sorted(); len(sorted) > 0 {
			low, _ := a.Min()
			high, _ := a.Max()
			if low != sorted[0] || high != sorted[len(sorted)-1] {
				t.Fatalf("Min and Max are %d and %d of %v", low, high, sorted)
			}
		}
		for _, n := range append(slices.Clone(listB), listA...) {
			a.Clear(n)
		}
		if !a.Empty() {
			t.Fatal("not empty after clearing every member")
		}
	})
}

func TestRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low, high := rapid.Uint32Range(0, 400).Draw(t, "low"), rapid.Uint32Range(0, 400).Draw(t, "high")
		var list []uint32
		for n := low; n <= high; n++ {
			list = append(list, n)
		}
		want(t, "range", Range(low, high), list)
		a, m := both(members().Draw(t, "a"))
		for _, n := range list {
			m[n] = true
		}
		a.SetRange(low, high)
		want(t, "set range", a, m.sorted())
	})
}

func TestFromWordsRefuses(t *testing.T) {
	for name, words := range map[string][]Word{
		"unaligned":  {{Start: 1, Bits: 1}},
		"empty word": {{Start: 0, Bits: 0}},
		"descending": {{Start: 64, Bits: 1}, {Start: 0, Bits: 1}},
		"twice":      {{Start: 64, Bits: 1}, {Start: 64, Bits: 2}},
	} {
		if _, ok := FromWords(words); ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEmptyHasNoEnds(t *testing.T) {
	var b Bitmap
	if _, ok := b.Min(); ok {
		t.Error("Min of the empty set")
	}
	if _, ok := b.Max(); ok {
		t.Error("Max of the empty set")
	}
	for n := range Of(1, 2, 3).All() {
		if n == 2 {
			break // an iterator must stop when asked
		}
	}
}

type id uint32

func TestSet(t *testing.T) {
	a, b := SetOf[id](1, 64, 65), SetOf[id](65, 900)
	c := a.Clone()
	c.Union(b)
	for name, x := range map[string]struct {
		got  Set[id]
		want []id
	}{
		"a":      {a, []id{1, 64, 65}},
		"or":     {a.Or(b), []id{1, 64, 65, 900}},
		"union":  {c, []id{1, 64, 65, 900}},
		"and":    {a.And(b), []id{65}},
		"andnot": {a.AndNot(b), []id{1, 64}},
	} {
		if diff := cmp.Diff(x.want, slices.Collect(x.got.All())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if !a.Intersects(b) || a.Contains(b) || !c.Contains(a) || !a.Equal(SetOf[id](65, 64, 1)) {
		t.Error("comparison is wrong")
	}
	if a.Has(0) || !a.Has(64) || a.Len() != 3 || a.Max() != 65 || a.Empty() {
		t.Error("membership is wrong")
	}
	a.Remove(0)
	a.Remove(65)
	if a.Has(65) || (Set[id]{}).Max() != 0 {
		t.Error("removal is wrong")
	}
	for x := range a.All() {
		if x == 1 {
			break
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("adding 0 did not panic")
		}
	}()
	a.Add(0)
}
