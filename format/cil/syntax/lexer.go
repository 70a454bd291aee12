package syntax

// token is a kind of lexeme.
type token uint8

const (
	tokEOF token = iota
	tokOpen
	tokClose
	tokAtom // also a quoted string
	tokMark // ";;*" at the start of a line
	tokBad
)

// Classes of bytes.
const (
	classBad byte = iota
	classSymbol
	classSpace
	classOpen
	classClose
	classQuote
	classComment
)

var classes = func() (t [256]byte) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = classSymbol, classSymbol
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = classSymbol
	}
	for _, c := range []byte("[].@=/*-_$%+!|&^:~`#{}'<>?,") {
		t[c] = classSymbol
	}
	for _, c := range []byte(" \t\n\r") {
		t[c] = classSpace
	}
	t['('], t[')'], t['"'], t[';'] = classOpen, classClose, classQuote, classComment
	return t
}()

// lexer cuts a text into tokens. After next, data[start:end] is the token's text, the
// quotes of a string left out, and hash its hash if it is an atom.
type lexer struct {
	data       []byte
	pos        int
	start, end int
	hash       uint32
}

func (l *lexer) next() token {
	data, pos := l.data, l.pos
	for pos < len(data) {
		switch c := data[pos]; classes[c] {
		case classSpace:
			pos++
		case classSymbol:
			h := uint32(hashStart)
			start := pos
			for pos < len(data) && classes[data[pos]] == classSymbol {
				h = (h ^ uint32(data[pos])) * hashPrime
				pos++
			}
			l.start, l.end, l.pos, l.hash = start, pos, pos, h
			return tokAtom
		case classOpen:
			l.start, l.end, l.pos = pos, pos+1, pos+1
			return tokOpen
		case classClose:
			l.start, l.end, l.pos = pos, pos+1, pos+1
			return tokClose
		case classQuote:
			return l.quoted(pos)
		case classComment:
			if l.atMark(pos) {
				l.start, l.end, l.pos = pos, pos+3, pos+3
				return tokMark
			}
			pos = skipLine(data, pos)
		default:
			l.start, l.end, l.pos = pos, pos+1, pos+1
			return tokBad
		}
	}
	l.start, l.end, l.pos = len(data), len(data), len(data)
	return tokEOF
}

// quoted reads a string, which may not span lines.
func (l *lexer) quoted(pos int) token {
	h := uint32(hashStart)
	for i := pos + 1; i < len(l.data); i++ {
		switch c := l.data[i]; c {
		case '"':
			l.start, l.end, l.pos, l.hash = pos+1, i, i+1, h
			return tokAtom
		case '\n', 0:
			l.start, l.end, l.pos = pos, pos+1, pos+1
			return tokBad
		default:
			h = (h ^ uint32(c)) * hashPrime
		}
	}
	l.start, l.end, l.pos = pos, pos+1, pos+1
	return tokBad
}

// atMark reports whether a line mark begins at pos.
func (l *lexer) atMark(pos int) bool {
	if pos > 0 && l.data[pos-1] != '\n' && l.data[pos-1] != '\r' {
		return false
	}
	return pos+2 < len(l.data) && l.data[pos+1] == ';' && l.data[pos+2] == '*'
}

// skipLine returns the position of the next line end at or after pos.
func skipLine(data []byte, pos int) int {
	for pos < len(data) && data[pos] != '\n' && data[pos] != '\r' {
		pos++
	}
	return pos
}
