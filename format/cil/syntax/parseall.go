package syntax

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"seward/format/diag"
)

// ParseAll reads several texts in parallel. The files stand in the order of srcs
// and share the names.
func ParseAll(srcs []*diag.File, opts *Options) ([]*File, *Names) {
	files := make([]*File, len(srcs))
	workers := min(runtime.GOMAXPROCS(0), len(srcs))
	if workers <= 1 {
		names := NewNames()
		for i, src := range srcs {
			files[i] = Parse(src, names, opts)
		}
		return files, names
	}
	// The largest first, so that no worker is left with one at the end.
	order := make([]int, len(srcs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(srcs[b].Data), len(srcs[a].Data)) })
	tables := make([]*Names, workers)
	by := make([]int, len(srcs)) // which worker read a file
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range tables {
		tables[w] = NewNames()
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(order) {
					return
				}
				files[order[n]] = Parse(srcs[order[n]], tables[w], opts)
				by[order[n]] = w
			}
		})
	}
	wg.Wait()
	return files, renumber(files, by, tables)
}

// renumber makes one table of the workers' tables, in the order in which the
// files name things.
func renumber(files []*File, by []int, tables []*Names) *Names {
	all := NewNames()
	renamed := make([][]Name, len(tables))
	for w, t := range tables {
		renamed[w] = make([]Name, t.Len())
		for n := range Name(keywordCount) {
			renamed[w][n] = n
		}
	}
	for i, f := range files {
		table, to := tables[by[i]], renamed[by[i]]
		for j, w := range f.Words {
			if w.IsList() || w.Name() < Name(keywordCount) {
				continue
			}
			n := to[w.Name()]
			if n == 0 {
				n = all.Intern(table.Text(w.Name()))
				to[w.Name()] = n
			}
			f.Words[j] = atom(n)
		}
	}
	return all
}
