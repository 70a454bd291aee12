package compile

import (
	"bytes"
	"sort"

	"seward/format/cil/resolve"
	"seward/format/diag"
	"seward/policy"
)

// lineIndex finds lines of offsets. Statements mostly come in the order of the
// source, so each look-up starts at the line of the last one.
type lineIndex struct {
	starts [][]int32 // by file: offsets of line starts
	last   []int32   // by file: index of the line found last
}

// pos returns the line of a statement.
func (c *compiler) pos(s resolve.Source) policy.Pos {
	x := &c.lines
	if s.File <= 0 || int(s.File) >= len(c.db.Files) {
		return policy.Pos{}
	}
	if x.starts == nil {
		x.starts = make([][]int32, len(c.db.Files))
		x.last = make([]int32, len(c.db.Files))
	}
	if x.starts[s.File] == nil {
		x.starts[s.File] = lineStarts(c.db.Files[s.File].Data)
	}
	starts := x.starts[s.File]
	i := int(x.last[s.File])
	// A few steps forward, and else a search.
	for n := 0; n < 8 && i+1 < len(starts) && starts[i+1] <= s.Offset; n++ {
		i++
	}
	if starts[i] > s.Offset || i+1 < len(starts) && starts[i+1] <= s.Offset {
		i = sort.Search(len(starts), func(i int) bool { return starts[i] > s.Offset }) - 1
	}
	x.last[s.File] = int32(i)
	return policy.Pos{File: policy.FileID(s.File), Line: uint32(i) + 1}
}

func lineStarts(data []byte) []int32 {
	starts := make([]int32, 1, 1+len(data)/60)
	for at := 0; ; {
		n := bytes.IndexByte(data[at:], '\n')
		if n < 0 {
			return starts
		}
		at += n + 1
		starts = append(starts, int32(at))
	}
}

// linePos returns the start of a line.
func (c *compiler) linePos(p policy.Pos) diag.Pos {
	if !p.Known() {
		return diag.Pos{}
	}
	// The line came out of the index.
	return diag.Pos{File: c.db.Files[p.File], Offset: c.lines.starts[p.File][p.Line-1]}
}
