package syntax

import "seward/format/diag"

// MaxDepth is the deepest nesting of parentheses, and of line marks.
const MaxDepth = 1 << 12

// Word is an atom or the head of a list.
type Word uint32

const listBit = 1 << 31

func atom(n Name) Word     { return Word(n) }
func listWord(n int) Word  { return listBit | Word(n) }
func (w Word) size() int32 { return 1 + int32(w&^listBit)*int32(w>>31) }

// IsList reports whether w is the head of a list.
func (w Word) IsList() bool { return w&listBit != 0 }

// Len returns the number of words that follow the head of a list and belong to
// it.
func (w Word) Len() int { return int(w &^ listBit) }

// Name returns an atom's name.
func (w Word) Name() Name { return Name(w) }

// Stmt is a statement. Its words are a list that begins at Word: the keyword and
// its arguments, of a container only those before the statements in it.
type Stmt struct {
	Keyword Keyword
	Word    int32
	Offset  int32 // of the opening parenthesis in the text
	Body    int32 // index of a container's content in File.Bodies, else -1
}

// Body is the content of a container: File.Stmts[Start:End].
type Body struct{ Start, End int32 }

// File is a text as statements.
type File struct {
	Source *diag.File
	Words  []Word
	Stmts  []Stmt
	Bodies []Body
	Root   Body // the statements of the top level
	Errors diag.List
}

// Args returns the words of a statement after its keyword.
func (f *File) Args(s *Stmt) []Word {
	n := f.Words[s.Word].Len()
	return f.Words[s.Word+2 : int(s.Word)+1+n]
}

// Arg returns the index in words of the n-th element, counted from 0, or -1 if
// there are fewer.
func Arg(words []Word, n int) int {
	for i := 0; i < len(words); i += int(words[i].size()) {
		if n == 0 {
			return i
		}
		n--
	}
	return -1
}

// List returns the elements of the list that begins at words[i].
func List(words []Word, i int) []Word {
	return words[i+1 : i+1+words[i].Len()]
}

// Skip returns the index of the element after that at words[i].
func Skip(words []Word, i int) int { return i + int(words[i].size()) }

// WordOffset returns the offset in the text of the n-th word of a statement's
// arguments (list heads count as words).
func (f *File) WordOffset(s *Stmt, n int) int32 {
	l := lexer{data: f.Source.Data, pos: int(s.Offset)}
	for n += 2; ; {
		switch l.next() {
		case tokEOF:
			return s.Offset
		case tokOpen, tokAtom:
			if n == 0 {
				return int32(l.start)
			}
			n--
		case tokMark:
			l.pos = skipLine(l.data, l.pos)
		case tokClose, tokBad:
		}
	}
}
