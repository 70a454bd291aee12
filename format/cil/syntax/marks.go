package syntax

import (
	"strings"

	"seward/format/diag"
)

// lineCount follows line marks: which line of the generator's source the current
// line stands for.
type lineCount struct {
	lines  int // lines that count so far: those outside of lmx stretches
	read   int // up to here lines have been counted
	expand bool
	stack  []openMark
}

type openMark struct {
	mark diag.Mark
	base int // lines at the first line of the stretch
	// offset of the mark, and whether it opened a frame
	framed bool
}

// count counts line ends up to pos.
func (c *lineCount) count(data []byte, pos int) {
	if !c.expand {
		for _, b := range data[min(c.read, pos):pos] {
			if b == '\n' {
				c.lines++
			}
		}
	}
	c.read = pos
}

// lineMark reads the rest of a line mark:
//
//	;;* lms LINE FILE   the next lines stand for LINE, LINE+1 ... of FILE
//	;;* lmx LINE FILE   the next lines all stand for LINE
//	;;* lme             ends the last of these
func (p *parser) lineMark() {
	at := p.start
	p.hll.count(p.data, at)
	end := skipLine(p.data, p.lexer.pos)
	line := lexer{data: p.data[:end], pos: p.lexer.pos}
	var fields []string
	for tok := line.next(); tok != tokEOF && len(fields) < 5; tok = line.next() {
		if tok != tokAtom {
			fields = nil
			break
		}
		fields = append(fields, string(line.data[line.start:line.end]))
	}
	p.lexer.pos = end
	switch {
	case len(fields) == 1 && fields[0] == "lme":
		if len(p.hll.stack) == 0 {
			p.errorf(at, "line mark end without start")
			return
		}
		p.endMark(at, end)
	case len(fields) == 3 && (fields[0] == "lms" || fields[0] == "lmx"):
		n, ok := parseNumber(fields[1], 10, 32)
		if !ok || n > diag.MaxFileSize {
			p.errorf(at, "expected a line number in line mark, found %s", quoteName(fields[1]))
			n = 0
		}
		p.beginMark(at, end, fields[0] == "lms", int32(n), fields[2])
	default:
		p.errorf(at, "invalid line mark %s", quoteName(strings.TrimSpace(string(p.data[at:end])))).
			Note(diag.Pos{}, "expected \";;* lms LINE FILE\", \";;* lmx LINE FILE\" or \";;* lme\"")
	}
}

func (p *parser) beginMark(at, end int, advance bool, line int32, name string) {
	if len(p.hll.stack) >= MaxDepth {
		if len(p.hll.stack) == MaxDepth {
			p.errorf(at, "more than %d open line marks", MaxDepth)
		}
		return
	}
	next := min(end+1, len(p.data))
	p.hll.count(p.data, next)
	m := diag.Mark{Offset: int32(next), Line: line, Advance: advance, Name: name}
	p.file.Source.Marks = append(p.file.Source.Marks, m)
	open := openMark{mark: m, base: p.hll.lines}
	// Between statements a stretch is a container of its own: what a tunableif in
	// it chooses is put at its end. Inside of a statement it only counts lines.
	if open.framed = len(p.heads) == 0; open.framed {
		st := Stmt{Keyword: KwSrcInfo, Word: int32(len(p.file.Words)), Offset: int32(at), Body: -1}
		p.file.Words = append(p.file.Words, listWord(1), atom(KwSrcInfo.Name()))
		p.frames = append(p.frames, frame{
			keyword: p.top().keyword, mark: true, offset: int32(at), stmt: st,
			first: len(p.pending), within: p.top().within, branch: p.top().branch, errors: len(p.file.Errors),
		})
	}
	p.hll.stack = append(p.hll.stack, open)
	p.hll.expand = !advance
}

func (p *parser) endMark(at, end int) {
	last := len(p.hll.stack) - 1
	open := p.hll.stack[last]
	p.hll.stack = p.hll.stack[:last]
	wasExpand := p.hll.expand
	p.hll.expand = last > 0 && !p.hll.stack[last-1].mark.Advance
	if wasExpand && !p.hll.expand {
		p.hll.read = at // the line of the mark counts
	}
	p.hll.count(p.data, min(end+1, len(p.data)))
	m := diag.Mark{Offset: int32(min(end+1, len(p.data)))}
	if last > 0 {
		outer := p.hll.stack[last-1]
		m.Line, m.Advance, m.Name = outer.mark.Line, outer.mark.Advance, outer.mark.Name
		if m.Advance {
			m.Line += int32(p.hll.lines - outer.base)
		}
	}
	p.file.Source.Marks = append(p.file.Source.Marks, m)
	if !open.framed {
		return
	}
	if !p.top().mark {
		p.errorf(at, "line mark ends inside of %s, which began after the line mark", p.top().keyword)
		// The container stays open; its mark is closed with it.
		for i := len(p.frames) - 1; i > 0; i-- {
			if p.frames[i].mark {
				p.frames = append(p.frames[:i], p.frames[i+1:]...)
				return
			}
		}
		return
	}
	p.closeMark()
}

// closeMark ends the stretch on top.
func (p *parser) closeMark() {
	f := p.top()
	start := len(p.file.Stmts)
	p.file.Stmts = append(p.file.Stmts, p.pending[f.first:]...)
	f.stmt.Body = int32(len(p.file.Bodies))
	p.file.Bodies = append(p.file.Bodies, Body{int32(start), int32(len(p.file.Stmts))})
	p.pending = p.pending[:f.first]
	done := *f
	p.frames = p.frames[:len(p.frames)-1]
	if p.top().keyword == done.keyword {
		p.top().branch = done.branch
	}
	p.pending = append(p.pending, done.stmt)
}
