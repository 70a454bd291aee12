package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Shown is the number of diagnostics that the text of a List shows.
const Shown = 10

// Note explains an Error: Pos may be unknown.
type Note struct {
	Pos Pos
	Msg string
}

// Error is one diagnostic.
type Error struct {
	Pos   Pos
	Code  string // a stable name where tools tell diagnostics apart; often empty
	Msg   string // lower case, no full stop
	Notes []Note
}

// Errorf makes an Error at a position.
func Errorf(pos Pos, format string, args ...any) *Error {
	return &Error{Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

// Note adds a note and returns e.
func (e *Error) Note(pos Pos, format string, args ...any) *Error {
	e.Notes = append(e.Notes, Note{Pos: pos, Msg: fmt.Sprintf(format, args...)})
	return e
}

// Error returns the diagnostic's text: its position and message, and a line for
// each note.
func (e *Error) Error() string {
	var b strings.Builder
	writeLine(&b, e.Pos, "", e.Msg)
	if e.Pos.Known() {
		if from, ok := e.Pos.File.Generated(e.Pos.Offset); ok {
			fmt.Fprintf(&b, "\n\t%s: note: generated from here", from)
		}
	}
	for _, n := range e.Notes {
		b.WriteString("\n\t")
		writeLine(&b, n.Pos, "note: ", n.Msg)
	}
	return b.String()
}

func writeLine(b *strings.Builder, pos Pos, prefix, msg string) {
	if pos.Known() {
		b.WriteString(pos.String())
		b.WriteString(": ")
	}
	b.WriteString(prefix)
	b.WriteString(msg)
}

// List is a collection of diagnostics.
type List []*Error

// Add appends a diagnostic.
func (l *List) Add(e *Error) { *l = append(*l, e) }

// Addf appends a diagnostic made of its parts and returns it, so that notes may
// be added.
func (l *List) Addf(pos Pos, format string, args ...any) *Error {
	e := Errorf(pos, format, args...)
	*l = append(*l, e)
	return e
}

// Sort orders the list by file and offset; diagnostics of one place keep their
// order. Files stand in the order in which they first appear.
func (l List) Sort() {
	order := map[*File]int{}
	for _, e := range l {
		if _, ok := order[e.Pos.File]; !ok {
			order[e.Pos.File] = len(order)
		}
	}
	slices.SortStableFunc(l, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(order[a.Pos.File], order[b.Pos.File]), cmp.Compare(a.Pos.Offset, b.Pos.Offset))
	})
}

// Err returns the list as an error, nil when it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Error returns the text of the first diagnostics and how many more there are.
func (l List) Error() string { return l.Text(Shown) }

// Text returns the text of at most limit diagnostics, all of them when limit is
// 0, a line or more each.
func (l List) Text(limit int) string {
	if len(l) == 0 {
		return "no errors"
	}
	var b strings.Builder
	for i, e := range l {
		if limit > 0 && i == limit {
			fmt.Fprintf(&b, "\n(and %d more errors)", len(l)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

// Unwrap returns the diagnostics as errors.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}
