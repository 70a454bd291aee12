package syntax

import (
	"slices"

	"seward/format/diag"
)

// Options change which texts are accepted.
type Options struct {
	// QualifiedNames allows dots in declared names, and forbids blocks and what goes
	// with them.
	QualifiedNames bool
	// PreserveTunables makes booleans of tunables, so that a tunableif may hold only
	// what a booleanif may.
	PreserveTunables bool
	// CondXperms allows extended permission rules in a booleanif.
	CondXperms bool
}

// Parse reads one text. Names are added to names.
func Parse(src *diag.File, names *Names, opts *Options) *File {
	if opts == nil {
		opts = &Options{}
	}
	p := &parser{
		lexer: lexer{data: src.Data},
		file:  &File{Source: src},
		names: names,
		opts:  opts,
	}
	if len(src.Data) > diag.MaxFileSize {
		p.file.Errors.Addf(diag.Pos{File: src}, "file is larger than %d bytes", diag.MaxFileSize)
		return p.file
	}
	// A file of rules has a word in ten bytes and a statement in eighty.
	p.file.Words = make([]Word, 0, len(src.Data)/8)
	p.parse()
	return p.file
}

// frame is an open container.
type frame struct {
	keyword Keyword
	mark    bool // opened by a line mark
	offset  int32
	stmt    Stmt
	bad     bool // had an error: leave it out
	first   int  // where its statements begin in parser.pending
	within  place
	branch  [2]bool // of a conditional: true and false were seen
	errors  int     // that the file had before
}

type parser struct {
	lexer
	file  *File
	names *Names
	opts  *Options

	frames  []frame
	pending []Stmt // statements of open containers
	heads   []int  // open lists of the statement that is being read
	parens  int
	hll     lineCount
	oddEnd  int32 // offset of a statement at the start of a line inside of another, -1: none
}

// place is a set of kinds of containers around a statement.
type place uint8

const (
	inTunableif place = 1 << iota
	inIn
	inAfter
	inMacro
	inOptional
	inBooleanif
	inPreserved // a tunableif that is treated as a booleanif
)

func (p *parser) pos(offset int) diag.Pos {
	return diag.Pos{File: p.file.Source, Offset: int32(offset)}
}

func (p *parser) errorf(offset int, format string, args ...any) *diag.Error {
	return p.file.Errors.Addf(p.pos(offset), format, args...)
}

func (p *parser) top() *frame { return &p.frames[len(p.frames)-1] }

func (p *parser) parse() {
	p.oddEnd = -1
	p.frames = append(p.frames, frame{})
	strayAtom := false
	for {
		tok := p.next()
		if tok != tokAtom {
			strayAtom = false
		}
		switch tok {
		case tokEOF:
			p.finish()
			return
		case tokOpen:
			p.statement()
		case tokClose:
			p.closeParen()
		case tokAtom:
			if !strayAtom {
				p.strayAtom()
			}
			strayAtom = true
		case tokMark:
			p.lineMark()
		case tokBad:
			p.badByte()
		}
	}
}

func (p *parser) strayAtom() {
	if len(p.frames) == 1 || p.top().mark && p.parens == 0 {
		p.errorf(p.start, "expected %q, found %s", "(", p.found(tokAtom))
		return
	}
	p.errorf(p.start, "expected a statement in %s, found %s", p.top().keyword, p.found(tokAtom))
}

func (p *parser) badByte() {
	p.errorf(p.start, "%s", p.badText())
	if p.data[p.start] == '"' {
		p.lexer.pos = skipLine(p.data, p.start)
	}
}

func (p *parser) badText() string {
	if p.data[p.start] == '"' {
		return "string is not closed on its line"
	}
	return "invalid character " + quoteByte(p.data[p.start])
}

// found describes a token.
func (p *parser) found(tok token) string {
	switch tok {
	case tokEOF:
		return "end of file"
	case tokBad:
		return quoteByte(p.data[p.start])
	case tokOpen, tokClose, tokAtom, tokMark:
	}
	return quoteName(string(p.data[p.start:p.end]))
}

// closeParen ends the container on top.
func (p *parser) closeParen() {
	f := p.top()
	if len(p.frames) == 1 {
		p.errorf(p.start, "close parenthesis without matching open")
		return
	}
	if f.mark {
		p.errorf(p.start, "close parenthesis inside of a line mark that began after its open parenthesis")
		p.closeMark()
		p.closeParen()
		return
	}
	p.parens--
	if p.endContainer(); f.bad {
		p.frames = p.frames[:len(p.frames)-1]
		return
	}
	done := *f
	p.frames = p.frames[:len(p.frames)-1]
	p.pending = append(p.pending, done.stmt)
}

// endContainer moves the statements of the container on top to the file.
func (p *parser) endContainer() {
	f := p.top()
	// A statement that is missing because of an error isn't another one.
	quiet := f.bad || len(p.file.Errors) > f.errors
	if f.keyword == KwBooleanif || f.keyword == KwTunableif {
		if !f.branch[0] && !f.branch[1] && !quiet {
			p.errorf(p.start, "expected a true or false block in %s, found %s", f.keyword, quoteName(")")).
				Note(diag.Pos{}, "usage: %s", f.keyword.Usage())
			f.bad = true
		}
	}
	if !f.mark && len(p.pending) == f.first && !quiet && p.needsContent(f) {
		p.errorf(p.start, "expected a statement in %s, found %s", f.keyword, quoteName(")"))
		f.bad = true
	}
	if !f.bad {
		start := len(p.file.Stmts)
		p.file.Stmts = append(p.file.Stmts, p.pending[f.first:]...)
		f.stmt.Body = int32(len(p.file.Bodies))
		p.file.Bodies = append(p.file.Bodies, Body{int32(start), int32(len(p.file.Stmts))})
	}
	p.pending = p.pending[:f.first]
}

// needsContent reports whether a container may not be empty.
func (p *parser) needsContent(f *frame) bool {
	switch f.keyword {
	case KwTrue, KwFalse:
		return true
	case KwIn:
		return len(p.file.Args(&f.stmt)) == 1 // with "before" or "after" it may
	}
	return false
}

// finish is for the end of the text.
func (p *parser) finish() {
	for i := len(p.frames) - 1; i > 0; i-- {
		f := &p.frames[i]
		if f.mark {
			p.errorf(int(f.offset), "line mark without end")
			continue
		}
		p.unclosed(int(f.offset))
	}
	if len(p.frames) > 1 {
		p.pending = p.pending[:p.frames[1].first]
	}
	start := len(p.file.Stmts)
	p.file.Stmts = append(p.file.Stmts, p.pending...)
	p.file.Root = Body{int32(start), int32(len(p.file.Stmts))}
	p.file.Stmts = slices.Clip(p.file.Stmts)
	p.file.Words = slices.Clip(p.file.Words)
	p.file.Errors.Sort()
}

func (p *parser) unclosed(offset int) {
	e := p.errorf(offset, "open parenthesis without matching close")
	if p.oddEnd > int32(offset) {
		e.Note(p.pos(int(p.oddEnd)), "this statement at the start of a line is inside of it")
	}
}

// statement reads a statement whose parenthesis was just read, or opens it when it
// is a container.
func (p *parser) statement() {
	open := p.start
	if p.parens++; p.parens > MaxDepth {
		p.errorf(open, "more than %d open parentheses", MaxDepth)
		p.lexer.pos = len(p.data) // nothing sensible follows
		p.frames = p.frames[:1]
		p.pending = p.pending[:0]
		return
	}
	if p.parens > 1 && p.oddEnd < 0 && (open == 0 || p.data[open-1] == '\n') {
		p.oddEnd = int32(open)
	}
	tok := p.next()
	for tok == tokMark {
		p.lineMark()
		tok = p.next()
	}
	first := len(p.file.Words)
	if tok != tokAtom {
		e := p.errorf(p.start, "expected a keyword, found %s", p.found(tok))
		if tok == tokOpen || tok == tokClose {
			p.skip(tok, 1)
			return
		}
		if tok == tokEOF {
			e.Note(p.pos(open), "statement begins here")
		}
		p.skip(tokAtom, 1)
		return
	}
	keyword, known := p.keyword()
	st := Stmt{Keyword: keyword, Word: int32(first), Offset: int32(open), Body: -1}
	if !known {
		p.unknownKeyword(string(p.data[p.start:p.end]))
		p.skip(tokAtom, 1)
		return
	}
	p.file.Words = append(p.file.Words, 0, atom(keyword.Name()))
	legal := p.legal(&st)
	if containers[keyword] {
		p.container(st, legal)
		return
	}
	if p.words(first) && legal && p.check(&st, p.start) {
		p.pending = append(p.pending, st)
		return
	}
	p.file.Words = p.file.Words[:first]
}

// keyword looks up the atom just read.
func (p *parser) keyword() (Keyword, bool) {
	n := p.names.internBytes(p.data[p.start:p.end], p.hash)
	return n.Statement()
}

// words reads the words of a statement up to its close parenthesis.
func (p *parser) words(first int) bool {
	p.heads = append(p.heads[:0], first)
	for {
		switch tok := p.next(); tok {
		case tokAtom:
			p.file.Words = append(p.file.Words, atom(p.names.internBytes(p.data[p.start:p.end], p.hash)))
		case tokOpen:
			if p.parens++; p.parens > MaxDepth {
				p.errorf(p.start, "more than %d open parentheses", MaxDepth)
				return p.skip(tokAtom, len(p.heads)+1)
			}
			if p.oddEnd < 0 && p.data[p.start-1] == '\n' {
				p.oddEnd = int32(p.start)
			}
			p.heads = append(p.heads, len(p.file.Words))
			p.file.Words = append(p.file.Words, 0)
		case tokClose:
			p.parens--
			head := p.heads[len(p.heads)-1]
			p.heads = p.heads[:len(p.heads)-1]
			p.file.Words[head] = listWord(len(p.file.Words) - head - 1)
			if len(p.heads) == 0 {
				return true
			}
		case tokMark:
			p.lineMark()
		case tokBad:
			p.badByte()
			return p.skip(tokAtom, len(p.heads))
		case tokEOF:
			p.parens -= len(p.heads)
			p.heads = p.heads[:0]
			p.unclosed(p.offsetOf(first))
			return false
		}
	}
}

// offsetOf finds the offset of the statement whose words begin at first, at the
// end of the text.
func (p *parser) offsetOf(first int) int {
	depth := 0
	l := lexer{data: p.data}
	opens := make([]int, 0, 8)
	for tok := l.next(); tok != tokEOF; tok = l.next() {
		switch tok {
		case tokOpen:
			opens = append(opens, l.start)
			depth++
		case tokClose:
			if len(opens) > 0 {
				opens = opens[:len(opens)-1]
			}
		case tokMark:
			l.pos = skipLine(l.data, l.pos)
		case tokAtom, tokBad, tokEOF:
		}
	}
	// Open containers stand before the statement.
	n := 0
	for _, f := range p.frames[1:] {
		if !f.mark {
			n++
		}
	}
	if n < len(opens) {
		return opens[n]
	}
	return len(p.data)
}

// skip reads on to behind the close parenthesis of a statement in which depth
// parentheses are open, tok being the last token read. It returns false.
func (p *parser) skip(tok token, depth int) bool {
	// What is skipped is the inside of a statement, as line marks must know.
	p.heads = append(p.heads[:0], 0)
	defer func() { p.heads = p.heads[:0] }()
	for {
		switch tok {
		case tokOpen:
			depth++
			p.parens++
		case tokClose:
			depth--
			p.parens--
		case tokMark:
			p.lineMark()
		case tokEOF:
			p.parens -= depth
			return false
		case tokAtom, tokBad:
		}
		if depth == 0 {
			return false
		}
		tok = p.next()
	}
}

// container reads the header of a container and opens it.
func (p *parser) container(st Stmt, legal bool) {
	first := int(st.Word)
	f := frame{
		keyword: st.Keyword, offset: st.Offset, first: len(p.pending), errors: len(p.file.Errors),
		within: p.top().within | p.around(st.Keyword),
	}
	want := len(grammar[st.Keyword])
	ok, whole := true, true
	for n := 0; n < want && ok; n++ {
		mark := p.lexer
		switch tok := p.next(); {
		case tok == tokAtom:
			p.file.Words = append(p.file.Words, atom(p.names.internBytes(p.data[p.start:p.end], p.hash)))
		case tok == tokOpen && !(st.Keyword == KwIn) && grammar[st.Keyword][n].form != formDecl:
			ok = p.headerList()
		default:
			p.lexer = mark
			want = n // the checks below say what is missing
			whole = grammar[st.Keyword][n].optional
		}
	}
	p.file.Words[first] = listWord(len(p.file.Words) - first - 1)
	f.stmt = st
	f.bad = !legal
	if !ok {
		f.bad = true
	} else if !p.check(&st, p.peek()) {
		f.bad = true
	}
	if st.Keyword == KwIn && !f.bad {
		if args := p.file.Args(&st); len(args) == 2 && args[0].Name() == KwAfter.Name() {
			f.within |= inAfter
		}
	}
	if !f.bad {
		p.frames = append(p.frames, f)
		return
	}
	p.file.Words = p.file.Words[:first]
	if !ok {
		return // headerList has skipped it
	}
	if !legal || !whole {
		p.skip(tokAtom, 1)
		return
	}
	// Its content may be read for more errors.
	p.frames = append(p.frames, f)
}

// peek returns where the next token begins.
func (p *parser) peek() int {
	l := p.lexer
	l.next()
	return l.start
}

// headerList reads a list in a container's header.
func (p *parser) headerList() bool {
	first := len(p.file.Words)
	p.file.Words = append(p.file.Words, 0)
	p.parens++
	heads := 1
	p.heads = append(p.heads[:0], first)
	for heads > 0 {
		switch tok := p.next(); tok {
		case tokAtom:
			p.file.Words = append(p.file.Words, atom(p.names.internBytes(p.data[p.start:p.end], p.hash)))
		case tokOpen:
			if p.parens++; p.parens > MaxDepth {
				p.errorf(p.start, "more than %d open parentheses", MaxDepth)
				return p.skip(tokAtom, heads+2)
			}
			p.heads = append(p.heads, len(p.file.Words))
			p.file.Words = append(p.file.Words, 0)
			heads++
		case tokClose:
			p.parens--
			heads--
			head := p.heads[heads]
			p.heads = p.heads[:heads]
			p.file.Words[head] = listWord(len(p.file.Words) - head - 1)
		case tokMark:
			p.lineMark()
		case tokBad:
			p.badByte()
			return p.skip(tokAtom, heads+1)
		case tokEOF:
			p.parens -= heads + 1
			p.heads = p.heads[:0]
			p.errorf(p.start, "expected %q, found end of file", ")")
			return false
		}
	}
	return true
}
