package compile

import (
	"cmp"
	"slices"
	"strings"

	"seward/format/cil/resolve"
)

// fileKindMarks are the columns of a file_contexts line.
var fileKindMarks = [...]string{
	resolve.FileRegular: "\t--",
	resolve.FileDir:     "\t-d",
	resolve.FileChar:    "\t-c",
	resolve.FileBlock:   "\t-b",
	resolve.FileSocket:  "\t-s",
	resolve.FilePipe:    "\t-p",
	resolve.FileSymlink: "\t-l",
}

// specificity is what orders path patterns, as libselinux wants them: the less
// specific first.
type specificity struct {
	literal bool // without a special character
	stem    int  // characters before the first special one
	length  int
}

// specificityOf measures a pattern. An escaped character counts as one.
func specificityOf(path string) specificity {
	s := specificity{literal: true}
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '.', '^', '$', '?', '*', '+', '|', '[', '(', '{':
			s.literal = false
		case '\\':
			i++
			fallthrough
		default:
			if s.literal {
				s.stem++
			}
		}
		s.length++
	}
	return s
}

func (s specificity) compare(o specificity) int {
	switch {
	case s.literal && !o.literal:
		return 1
	case !s.literal && o.literal:
		return -1
	}
	return cmp.Or(cmp.Compare(s.stem, o.stem), cmp.Compare(s.length, o.length))
}

// pathRank is the place of a path among all: first by specificity, which may be the
// same for several, then by text.
type pathRank struct{ specificity, text int32 }

// pathRanks ranks the paths of filecon statements, by name.
func (c *compiler) pathRanks() []pathRank {
	type measured struct {
		specificity
		path string
		name resolve.Name
	}
	ranks := make([]pathRank, len(c.db.Names))
	paths := make([]measured, 0, len(c.db.FileCons))
	for i := range c.db.FileCons {
		name := c.db.FileCons[i].Path
		if ranks[name].text == 0 {
			ranks[name].text = 1
			path := c.text(name)
			paths = append(paths, measured{specificityOf(path), path, name})
		}
	}
	slices.SortFunc(paths, func(a, b measured) int {
		return cmp.Or(a.compare(b.specificity), strings.Compare(a.path, b.path))
	})
	rank := int32(0)
	for i := range paths {
		if i > 0 && paths[i].compare(paths[i-1].specificity) != 0 {
			rank++
		}
		ranks[paths[i].name] = pathRank{rank, int32(i)}
	}
	return ranks
}

// fileCons returns the filecon statements in the order of a file_contexts file.
func (c *compiler) fileCons() []*resolve.FileCon {
	ranks := c.pathRanks()
	return sorted(c, "filecon", c.db.FileCons, func(a, b *resolve.FileCon) int {
		x, y := ranks[a.Path], ranks[b.Path]
		return cmp.Or(cmp.Compare(x.specificity, y.specificity), cmp.Compare(a.Kind, b.Kind), cmp.Compare(x.text, y.text))
	}, func(x *resolve.FileCon) [2]resolve.ContextID { return [2]resolve.ContextID{x.Context} },
		func(x *resolve.FileCon) resolve.Source { return x.Source })
}

// fileContexts returns the text of a file_contexts file.
func (c *compiler) fileContexts(list []*resolve.FileCon) []byte {
	db := c.db
	out := make([]byte, 0, 80*len(list))
	// Thousands of patterns share some hundred contexts.
	texts := make([]string, len(db.Contexts))
	for _, x := range list {
		out = append(out, c.text(x.Path)...)
		if x.Kind != resolve.FileAny {
			out = append(out, fileKindMarks[x.Kind]...)
		}
		out = append(out, '\t')
		if x.Context == 0 {
			out = append(out, "<<none>>\n"...)
			continue
		}
		if texts[x.Context] == "" {
			texts[x.Context] = c.contextText(&db.Contexts[x.Context])
		}
		out = append(out, texts[x.Context]...)
		out = append(out, '\n')
	}
	return out
}

func (c *compiler) contextText(x *resolve.Context) string {
	var b strings.Builder
	b.WriteString(c.text(c.db.Users[x.User].Name))
	b.WriteByte(':')
	b.WriteString(c.text(c.db.Roles[x.Role].Name))
	b.WriteByte(':')
	b.WriteString(c.text(c.db.Types[x.Type].Name))
	if !c.b.MLS {
		return b.String()
	}
	b.WriteByte(':')
	r := &c.db.LevelRanges[x.Range]
	c.writeLevel(&b, r.Low)
	if !c.mlsLevels[r.Low].Equal(c.mlsLevels[r.High]) {
		b.WriteByte('-')
		c.writeLevel(&b, r.High)
	}
	return b.String()
}

// writeLevel writes a level as secilc does: three categories in a row as a range,
// and after one that interrupts a row the next one starts a new row even if it
// continues the one that interrupted.
func (c *compiler) writeLevel(b *strings.Builder, id resolve.LevelID) {
	level := &c.db.Levels[id]
	b.WriteString(c.text(c.db.Sens[level.Sens].Name))
	if level.Cats == 0 {
		return
	}
	list := c.catList(id)
	b.WriteByte(':')
	row := func(low, high int32) {
		b.WriteString(c.catName(low))
		switch {
		case low == high:
		case high == low+1:
			b.WriteString("," + c.catName(high))
		default:
			b.WriteString("." + c.catName(high))
		}
	}
	low, high := int32(-1), int32(-1)
	for i, n := range list {
		switch {
		case low < 0:
			low, high = n, n
		case n == high+1:
			high = n
		default:
			row(low, high)
			b.WriteString("," + c.catName(n))
			low, high = -1, -1
			if i < len(list)-1 {
				b.WriteByte(',')
			}
		}
	}
	if low >= 0 {
		row(low, high)
	}
}

func (c *compiler) catName(n int32) string {
	return c.text(c.db.Cats[c.cats.symbol[n]].Name)
}

// catList returns the categories of a level: as written for a plain list, in
// their order else.
func (c *compiler) catList(id resolve.LevelID) []int32 {
	e := c.db.Levels[id].Cats
	x := c.db.Exprs[e]
	var list []int32
	if x.Op == resolve.OpSet {
		for _, operand := range c.db.Exprs[e+1 : e+1+resolve.ExprID(x.Arg)] {
			if operand.Op != resolve.OpSymbol {
				list = nil
				break
			}
			list = append(list, c.cats.member[operand.Arg])
		}
	}
	if list == nil {
		for n := range c.levelCats[id].all() {
			list = append(list, n)
		}
	}
	return list
}
