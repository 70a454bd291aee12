package diag

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPosition(t *testing.T) {
	f := NewFile("a.cil", []byte("one\n\nthree"))
	for offset, want := range map[int32]string{
		-5: "a.cil:1:1", 0: "a.cil:1:1", 2: "a.cil:1:3", 3: "a.cil:1:4", 4: "a.cil:2:1",
		5: "a.cil:3:1", 9: "a.cil:3:5", 10: "a.cil:3:6", 99: "a.cil:3:6",
	} {
		if got := (Pos{f, offset}).String(); got != want {
			t.Errorf("offset %d: got %s, want %s", offset, got, want)
		}
	}
	for line, want := range map[int]string{0: "", 1: "one", 2: "", 3: "three", 4: ""} {
		if got := f.Line(line); got != want {
			t.Errorf("line %d: got %q, want %q", line, got, want)
		}
	}
	if got := (Pos{}).String(); got != "-" {
		t.Errorf("unknown position: got %q", got)
	}
}

func TestGenerated(t *testing.T) {
	f := NewFile("a.cil", []byte("0\n1\n2\n3\n4\n5\n6\n"))
	f.Marks = []Mark{
		{Offset: 2, Line: 10, Advance: true, Name: "a.te"},
		{Offset: 6, Line: 30, Name: "b.te"},
		{Offset: 10},
	}
	var got []string
	for offset := int32(0); offset < 14; offset += 2 {
		s := ""
		if p, ok := f.Generated(offset); ok {
			s = p.String()
		}
		got = append(got, s)
	}
	want := []string{"", "a.te:10", "a.te:11", "b.te:30", "b.te:30", "", ""}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestListText(t *testing.T) {
	f := NewFile("a.cil", []byte("(one)\n(two)\n"))
	g := NewFile("b.cil", []byte("(three)\n"))
	var l List
	if l.Err() != nil {
		t.Error("an empty list is an error")
	}
	l.Addf(Pos{f, 6}, "second")
	l.Addf(Pos{f, 1}, "first").Note(Pos{g, 0}, "seen %s", "here").Note(Pos{}, "anywhere")
	l.Add(Errorf(Pos{}, "nowhere"))
	l.Sort()
	want := "a.cil:1:2: first\n\tb.cil:1:1: note: seen here\n\tnote: anywhere\na.cil:2:1: second\nnowhere"
	if d := cmp.Diff(want, l.Err().Error()); d != "" {
		t.Error(d)
	}
	if got := l.Text(1); !strings.HasSuffix(got, "(and 2 more errors)") {
		t.Errorf("shortened text: %q", got)
	}
	if got := len(l.Unwrap()); got != 3 {
		t.Errorf("unwrapped %d errors", got)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"httpd_t", "httpd_exec_t", "http_t", "init_t", "x", "read", "write", "ead"}
	for text, want := range map[string][]string{
		"httpd_exe_t":   {"httpd_exec_t"},
		"htpd_t":        {"httpd_t", "http_t"},
		"raed":          {"read"},
		"wrtie":         {"write"},
		"unlike_others": nil,
		"":              nil,
		"read":          {"ead"},
	} {
		if d := cmp.Diff(want, Nearest(text, slices.Values(names))); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}
