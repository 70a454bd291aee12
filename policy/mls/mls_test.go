package mls

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"seward/policy/ebitmap"
)

// numbered names sensitivity n s(n-1) and category n c(n-1), 16 and 128 of them,
// with the aliases low and secret.
type numbered struct{}

func number(text, prefix string, limit uint32) (uint32, bool) {
	var n uint32
	if _, err := fmt.Sscanf(text, prefix+"%d", &n); err != nil || n >= limit || fmt.Sprint(prefix, n) != text {
		return 0, false
	}
	return n + 1, true
}

func (numbered) SensitivityByName(s string) (SensitivityID, bool) {
	if s == "low" {
		return 1, true
	}
	n, ok := number(s, "s", 16)
	return SensitivityID(n), ok
}

func (numbered) CategoryByName(s string) (CategoryID, bool) {
	n, ok := number(s, "c", 128)
	return CategoryID(n), ok
}
func (numbered) SensitivityName(id SensitivityID) string { return fmt.Sprint("s", id-1) }
func (numbered) CategoryName(id CategoryID) string       { return fmt.Sprint("c", id-1) }

func level() *rapid.Generator[Level] {
	return rapid.Custom(func(t *rapid.T) Level {
		l := Level{Sensitivity: SensitivityID(rapid.Uint32Range(1, 16).Draw(t, "sensitivity"))}
		for _, c := range rapid.SliceOfN(rapid.Uint32Range(1, 128), 0, 12).Draw(t, "categories") {
			l.Categories.Add(CategoryID(c))
		}
		for _, c := range rapid.SliceOfN(rapid.Uint32Range(1, 120), 0, 2).Draw(t, "spans") {
			l.Categories.Bitmap.SetRange(c-1, c+3)
		}
		return l
	})
}

func TestLevelTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Range{level().Draw(t, "low"), level().Draw(t, "high")}
		text := FormatRange(numbered{}, r)
		got, err := ParseRange(numbered{}, text)
		if err != nil || !got.Equal(r) {
			t.Fatalf("%q parses to %v, %v", text, got, err)
		}
		if one := FormatLevel(numbered{}, r.Low); FormatRange(numbered{}, r.Low.Single()) != one || strings.Contains(one, "-") {
			t.Fatalf("a single level prints %q", one)
		}
	})
}

func TestCanonicalText(t *testing.T) {
	for text, want := range map[string]string{
		"low":              "s0",
		"s1:c1":            "s1:c1",
		"s1:c2,c1":         "s1:c1,c2",
		"s1:c1.c2":         "s1:c1,c2",
		"s1:c1,c2,c3":      "s1:c1.c3",
		"s1:c3.c5,c1,c9":   "s1:c1,c3.c5,c9",
		"s0-s0":            "s0",
		"s0-s1:c0.c127":    "s0-s1:c0.c127",
		"s2:c1-s2:c1":      "s2:c1",
		"s0:c0.c3,c2.c127": "s0:c0.c127",
	} {
		r, err := ParseRange(numbered{}, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := FormatRange(numbered{}, r); got != want {
			t.Errorf("%s prints as %s, want %s", text, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]error{
		"":             ErrSensitivity,
		"s16":          ErrSensitivity,
		" s0":          ErrSensitivity,
		"s0-":          ErrSensitivity,
		"-s0":          ErrSensitivity,
		"s0-s1-s2":     ErrSensitivity,
		"s0:":          ErrCategory,
		"s0:c1,":       ErrCategory,
		"s0:c1,,c2":    ErrCategory,
		"s0:c1.":       ErrCategory,
		"s0:.c1":       ErrCategory,
		"s0:c128":      ErrCategory,
		"s0:c1.c2.c3":  ErrCategory,
		"s0:c5.c1":     ErrSpan,
		"s0:c5.c5":     ErrSpan,
		"s0:c1 ":       ErrCategory,
		"s0:c1:c2":     ErrCategory,
		"s0-s1:c1.c00": ErrCategory,
	} {
		if _, err := ParseRange(numbered{}, text); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
	}
}

func TestDominanceIsAPartialOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := level().Draw(t, "a"), level().Draw(t, "b"), level().Draw(t, "c")
		if !a.Dominates(a) {
			t.Fatal("not reflexive")
		}
		if a.Dominates(b) && b.Dominates(a) != a.Equal(b) {
			t.Fatal("not antisymmetric")
		}
		if a.Dominates(b) && b.Dominates(c) && !a.Dominates(c) {
			t.Fatal("not transitive")
		}
		if a.Incomparable(b) != (!a.Dominates(b) && !b.Dominates(a)) {
			t.Fatal("incomparable is wrong")
		}
		r := Range{a, b}
		if c.Between(r) != r.Contains(c.Single()) {
			t.Fatal("Between and Contains disagree")
		}
	})
}

func TestGLBLUB(t *testing.T) {
	cats := func(ids ...CategoryID) ebitmap.Set[CategoryID] { return ebitmap.SetOf(ids...) }
	a := Range{Level{1, cats(1, 2)}, Level{5, cats(1, 2, 3)}}
	b := Range{Level{2, cats(2)}, Level{4, cats(2, 3, 4)}}
	got, ok := GLBLUB(a, b)
	want := Range{Level{2, cats(2)}, Level{4, cats(2, 3)}}
	if !ok || !got.Equal(want) {
		t.Errorf("got %v, %v, want %v", got, ok, want)
	}
	if _, ok := GLBLUB(Range{Level{1, cats()}, Level{1, cats()}}, b); ok {
		t.Error("ranges that don't overlap have a result")
	}
	if _, ok := GLBLUB(b, Range{Level{1, cats()}, Level{1, cats()}}); ok {
		t.Error("ranges that don't overlap have a result, the other way round")
	}
}

func FuzzParseRange(f *testing.F) {
	for _, seed := range []string{"s0", "s0:c1,c5.c7", "s0-s15:c0.c127", "s0:c1.c0", "s0:", "low-s1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRange(numbered{}, text)
		if err != nil {
			return
		}
		again, err := ParseRange(numbered{}, FormatRange(numbered{}, r))
		if err != nil || !again.Equal(r) {
			t.Errorf("%q prints as %q, which parses to %v, %v", text, FormatRange(numbered{}, r), again, err)
		}
	})
}
