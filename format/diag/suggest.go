package diag

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Suggest adds a note with the names nearest to text, if any are near enough to be
// what was meant.
func (e *Error) Suggest(text string, names iter.Seq[string]) *Error {
	near := Nearest(text, names)
	if len(near) == 0 {
		return e
	}
	for i, n := range near {
		near[i] = strconv.Quote(n)
	}
	return e.Note(Pos{}, "did you mean %s?", strings.Join(near, " or "))
}

// Nearest returns up to three of the names that are near to text, nearest first:
// those that differ by few letters, at most a third of them.
func Nearest(text string, names iter.Seq[string]) []string {
	const most = 3
	if text == "" {
		return nil
	}
	limit := min(len(text)/3, 3)
	if limit == 0 {
		limit = 1
	}
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	var d distance
	for n := range names {
		if n == text || n == "" || abs(len(n)-len(text)) > limit {
			continue
		}
		if k := d.between(text, n, limit); k <= limit {
			found = append(found, candidate{n, k})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, c := range found {
		// What is twice as far as the best is no help.
		if len(out) < most && c.distance <= found[0].distance+1 && !slices.Contains(out, c.name) {
			out = append(out, c.name)
		}
	}
	return out
}

func abs(n int) int { return max(n, -n) }

// distance computes the number of letters to insert, delete, replace or swap with
// their neighbour. It keeps its rows between calls.
type distance struct{ before, prev, row []int }

// between returns the distance of a and b, or any number above limit if it
// exceeds limit.
func (d *distance) between(a, b string, limit int) int {
	if len(d.row) <= len(b) {
		d.before, d.prev, d.row = make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	}
	for j := range len(b) + 1 {
		d.prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		d.row[0] = i
		best := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			v := min(d.prev[j]+1, d.row[j-1]+1, d.prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				v = min(v, d.before[j-2]+1)
			}
			d.row[j] = v
			best = min(best, v)
		}
		if best > limit {
			return limit + 1
		}
		d.before, d.prev, d.row = d.prev, d.row, d.before
	}
	return d.prev[len(b)]
}
