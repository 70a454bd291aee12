package diag

import (
	"sort"
	"strconv"
	"sync"
)

// MaxFileSize is the largest source that positions can address.
const MaxFileSize = 1<<31 - 2

// File is one source text.
type File struct {
	Name string
	Data []byte

	// Marks tell, in ascending order of Offset, which part of the text was
	// generated from where. A reader sets them before it hands the File on.
	Marks []Mark

	once  sync.Once
	lines []int32 // offsets of line starts
}

// Mark says that the text from Offset on stands for a line of another file, until
// the next mark. A Mark without a name ends the stretch.
type Mark struct {
	Offset int32
	// Line is the line in the other file that Start of the generated line stands
	// for.
	Line int32
	// Advance is set when every following line of the generated text stands for
	// the next line of the other file; else they all stand for Line.
	Advance bool
	Name    string
}

// NewFile returns a File of the given name and text. The File keeps data.
func NewFile(name string, data []byte) *File { return &File{Name: name, Data: data} }

// Position is a place in a text as people count: Line and Column from 1, the
// column in bytes. The zero Position is unknown.
type Position struct {
	Name         string
	Line, Column int
}

// String returns name:line:column, without what is unknown.
func (p Position) String() string {
	name := p.Name
	if name == "" {
		name = "-"
	}
	if p.Line == 0 {
		return name
	}
	s := name + ":" + strconv.Itoa(p.Line)
	if p.Column > 0 {
		s += ":" + strconv.Itoa(p.Column)
	}
	return s
}

// Position returns where offset lies. Offsets outside of the text count as its
// nearest end.
func (f *File) Position(offset int32) Position {
	f.once.Do(f.index)
	offset = max(0, min(offset, int32(len(f.Data))))
	i := sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > offset })
	return Position{Name: f.Name, Line: i, Column: int(offset-f.lines[i-1]) + 1}
}

// Line returns the text of a line counted from 1, without its end; empty if there
// is no such line.
func (f *File) Line(line int) string {
	f.once.Do(f.index)
	if line < 1 || line > len(f.lines) {
		return ""
	}
	start, end := int(f.lines[line-1]), len(f.Data)
	if line < len(f.lines) {
		end = int(f.lines[line]) - 1
	}
	return string(f.Data[start:end])
}

// Generated returns the place in another file that the text at offset was
// generated from.
func (f *File) Generated(offset int32) (Position, bool) {
	i := sort.Search(len(f.Marks), func(i int) bool { return f.Marks[i].Offset > offset }) - 1
	if i < 0 || f.Marks[i].Name == "" {
		return Position{}, false
	}
	m := f.Marks[i]
	line := int(m.Line)
	if m.Advance {
		line += f.Position(offset).Line - f.Position(m.Offset).Line
	}
	return Position{Name: m.Name, Line: line}, true
}

func (f *File) index() {
	lines := make([]int32, 1, 1+len(f.Data)/40)
	for i, c := range f.Data {
		if c == '\n' {
			lines = append(lines, int32(i)+1)
		}
	}
	f.lines = lines
}

// Pos is a place in a File. The zero Pos is unknown.
type Pos struct {
	File   *File
	Offset int32
}

// Known reports whether p names a file.
func (p Pos) Known() bool { return p.File != nil }

// Position returns the place as people count.
func (p Pos) Position() Position {
	if p.File == nil {
		return Position{}
	}
	return p.File.Position(p.Offset)
}

// String returns name:line:column.
func (p Pos) String() string { return p.Position().String() }
