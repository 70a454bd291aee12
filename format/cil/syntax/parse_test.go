package syntax

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/format/diag"
	"seward/format/diag/errtest"
)

func parse(text string, opts *Options) (*File, *Names) {
	names := NewNames()
	return Parse(diag.NewFile("test.cil", []byte(text)), names, opts), names
}

func TestErrors(t *testing.T) {
	errtest.Run(t, "testdata/errors.cil", func(f *diag.File) diag.List {
		return Parse(f, NewNames(), nil).Errors
	})
}

// print writes a tree back as text, a statement a line.
func print(f *File, names *Names) string {
	var b strings.Builder
	var words func(w []Word)
	words = func(w []Word) {
		for i := 0; i < len(w); i = Skip(w, i) {
			if i > 0 {
				b.WriteByte(' ')
			}
			if w[i].IsList() {
				b.WriteByte('(')
				words(List(w, i))
				b.WriteByte(')')
			} else if s := names.Text(w[i].Name()); s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("();", r) }) {
				b.WriteString(`"` + s + `"`)
			} else {
				b.WriteString(s)
			}
		}
	}
	var stmts func(body Body, depth int)
	stmts = func(body Body, depth int) {
		for i := body.Start; i < body.End; i++ {
			s := &f.Stmts[i]
			b.WriteString(strings.Repeat("  ", depth) + "(" + s.Keyword.String())
			if args := f.Args(s); len(args) > 0 {
				b.WriteByte(' ')
				words(args)
			}
			if s.Body >= 0 {
				b.WriteByte('\n')
				stmts(f.Bodies[s.Body], depth+1)
				b.WriteString(strings.Repeat("  ", depth))
			}
			b.WriteString(")\n")
		}
	}
	stmts(f.Root, 0)
	return b.String()
}

func TestTree(t *testing.T) {
	text := `; a comment (with parentheses) and a "quote
(type a_t)(type "b_t") ; two on a line
(allow a_t b_t (file (read (not (write)))))
(block b (type x) (optional o (allow x .a_t (file (all))) (block_ x)) ;; unknown
  (macro m ((type p) (string "s")) (allow p self (file (read))))
  (call m (x "a b")))
(booleanif (and x (not y)) (false (allow a_t b_t (file (read)))) (true
  (tunableif z (true (dontaudit a_t b_t (file (read)))))))
(in after b (type "y"))
(filecon "/a(/.*)?" any ())
(macro none ())
`
	f, names := parse(text, nil)
	if len(f.Errors) != 1 || !strings.Contains(f.Errors[0].Error(), `unknown keyword "block_"`) {
		t.Errorf("errors: %v", f.Errors)
	}
	want := `(type a_t)
(type b_t)
(allow a_t b_t (file (read (not (write)))))
(block b
  (type x)
  (optional o
    (allow x .a_t (file (all)))
  )
  (macro m ((type p) (string s))
    (allow p self (file (read)))
  )
  (call m (x "a b"))
)
(booleanif (and x (not y))
  (false
    (allow a_t b_t (file (read)))
  )
  (true
    (tunableif z
      (true
        (dontaudit a_t b_t (file (read)))
      )
    )
  )
)
(in after b
  (type y)
)
(filecon "/a(/.*)?" any ())
(macro none ()
)
`
	if d := cmp.Diff(want, print(f, names)); d != "" {
		t.Error(d)
	}
	again, names := parse(want, nil)
	if d := cmp.Diff(want, print(again, names)); d != "" || len(again.Errors) > 0 {
		t.Errorf("printed and read again: %s, %v", d, again.Errors)
	}
}

func TestWordOffset(t *testing.T) {
	text := "; x\n(allow a ; b\n \"c\" (file (read\n;;* lms 1 x\n write)))\n;;* lme\n"
	f, _ := parse(text, nil)
	if len(f.Stmts) == 0 {
		t.Fatal(f.Errors)
	}
	s := &f.Stmts[0]
	var got []string
	for i, w := range f.Args(s) {
		rest := text[f.WordOffset(s, i):]
		if w.IsList() && rest[0] != '(' {
			t.Errorf("word %d: list at %q", i, rest)
		}
		got = append(got, strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(" ()\n\"", r) })[0])
	}
	if d := cmp.Diff([]string{"a", "c", "file", "file", "read", "read", "write"}, got); d != "" {
		t.Error(d)
	}
}

func TestOptions(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		opts Options
		want string // of the error, none if empty
	}{
		"dot":              {"(type a.b)", Options{}, `invalid character "."`},
		"qualified":        {"(type a.b)", Options{QualifiedNames: true}, ""},
		"qualified block":  {"(block b)", Options{QualifiedNames: true}, "block is not allowed where names are qualified"},
		"qualified in":     {"(in b (type a))", Options{QualifiedNames: true}, "not allowed"},
		"tunableif":        {"(tunableif b (true (type x)))", Options{}, ""},
		"preserved":        {"(tunableif b (true (type x)))", Options{PreserveTunables: true}, "not allowed in a tunableif that is treated as a booleanif"},
		"conditional x":    {"(booleanif b (true (allowx a b p)))", Options{CondXperms: true}, ""},
		"conditional no x": {"(booleanif b (true (neverallowx a b p)))", Options{CondXperms: true}, "not allowed"},
	} {
		f, _ := parse(tt.text, &tt.opts)
		got := ""
		if len(f.Errors) > 0 {
			got = f.Errors[0].Error()
		}
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// TestDepth checks that deep nesting is an error, at every place where parentheses
// are read.
func TestDepth(t *testing.T) {
	deep := strings.Repeat
	for name, text := range map[string]string{
		"blocks":     deep("(block b", 10000) + deep(")", 10000),
		"unclosed":   deep("(block b", 10000),
		"expression": "(typeattributeset a " + deep("(not ", 10000) + "b" + deep(")", 10000) + ")",
		"header":     "(booleanif " + deep("(not ", 10000) + "b" + deep(")", 10000) + "(true (allow a b c)))",
		"bare":       deep("(", 100000),
		"unknown":    "(x " + deep("(", 100000),
	} {
		f, _ := parse(text, nil)
		if len(f.Errors) == 0 || len(f.Errors) > 3*MaxDepth {
			t.Errorf("%s: %d errors", name, len(f.Errors))
		}
	}
	text := deep("(block b", MaxDepth) + deep(")", MaxDepth)
	if f, _ := parse(text, nil); len(f.Errors) > 0 {
		t.Errorf("the deepest nesting that is allowed: %v", f.Errors)
	}
}

func TestMarks(t *testing.T) {
	for text, want := range map[string]string{
		";;* lme\n":                                 "line mark end without start",
		";;* lms 1 a\n(type b)\n":                   "line mark without end",
		";;* lms 1 a\n;;* lme\n":                    "",
		" ;;* lms 1 a\n":                            "", // not at the start of the line: a comment
		";;* lms x a\n;;* lme\n":                    "expected a line number in line mark, found \"x\"",
		";;* lms 1 \"a b\"\n;;* lme":                "",
		";;* lms 1\n":                               "invalid line mark",
		strings.Repeat(";;* lms 1 a\n", MaxDepth+5): "more than 4096 open line marks",
	} {
		f, _ := parse(text, nil)
		got := ""
		if len(f.Errors) > 0 {
			got = f.Errors.Text(0)
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%.40q: got %.200q, want %q", text, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct {
		text       string
		base, size int
		want       uint64
		ok         bool
	}{
		{"0", 10, 16, 0, true},
		{"65535", 10, 16, 65535, true},
		{"65536", 10, 16, 0, false},
		{"010", 10, 16, 10, true},
		{"010", 0, 16, 8, true},
		{"0x10", 0, 16, 16, true},
		{"0xFf", 0, 16, 255, true},
		{"0x", 0, 16, 0, false},
		{"08", 0, 16, 0, false},
		{"0x10", 10, 16, 0, false},
		{"+5", 10, 16, 5, true},
		{"-5", 10, 16, 0, false},
		{"", 10, 16, 0, false},
		{"1_0", 0, 16, 0, false},
		{"18446744073709551615", 0, 64, 1<<64 - 1, true},
		{"18446744073709551616", 0, 64, 0, false},
		{"99999999999999999999999", 10, 64, 0, false},
	} {
		got, ok := ParseNumber(tt.text, tt.base, tt.size)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q, base %d, %d bits: got %d, %v", tt.text, tt.base, tt.size, got, ok)
		}
	}
}

// TestParseAll checks that names don't depend on how the work was shared.
func TestParseAll(t *testing.T) {
	var srcs []*diag.File
	var want []string
	for i := range 50 {
		text := fmt.Sprintf("(type t%d)\n(allow t%d t%d (file (read)))\n", i, i, i/2)
		srcs = append(srcs, diag.NewFile(fmt.Sprint(i), []byte(text)))
		want = append(want, text)
	}
	var first []string
	for range 5 {
		files, names := ParseAll(srcs, nil)
		for i, f := range files {
			if d := cmp.Diff(want[i], print(f, names)); d != "" {
				t.Error(d)
			}
		}
		if first == nil {
			first = names.All()
		}
		if d := cmp.Diff(first, names.All()); d != "" {
			t.Errorf("names are numbered otherwise: %s", d)
		}
	}
}

func TestUsage(t *testing.T) {
	for k := Keyword(1); k < statementCount; k++ {
		if u := k.Usage(); !strings.HasPrefix(u, "("+k.String()) || !strings.HasSuffix(u, ")") {
			t.Errorf("usage of %s: %s", k, u)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"(type a)", "(block b (type a) (optional o (allow a self (c (p)))))",
		"(macro m ((type x)(string s)) (call m (x s)))",
		"(booleanif (and a b) (true (allow a b (c (p)))) (false (call m)))",
		";;* lms 1 \"a b\"\n(type a)\n;;* lmx 2 c\n(x\n;;* lme\n;;* lme\n",
		"(filecon \"/a(/.*)?\" any (u r t ((s0)(s0 (range c0 c1)))))",
		"(constrain (c (p)) (and (eq u1 u2) (not (eq t1 (a b)))))",
		"(in after b.c (macro m ()", "\")(", "(a \x00 b)", "(permissionx p (ioctl c (range 1 0x2)))",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		src := diag.NewFile("fuzz.cil", data)
		names := NewNames()
		file := Parse(src, names, nil)
		for _, e := range file.Errors {
			if e.Error() == "" || int(e.Pos.Offset) > len(data) {
				t.Errorf("bad error %q", e)
			}
		}
		if len(file.Words) > 2*len(data)+2 || len(file.Stmts) > len(data)+1 {
			t.Errorf("%d bytes became %d words, %d statements", len(data), len(file.Words), len(file.Stmts))
		}
		text := print(file, names)
		if len(file.Errors) > 0 || strings.Contains(text, "\\") || strings.Contains(text, KwSrcInfo.String()) {
			return
		}
		again := Parse(diag.NewFile("again.cil", []byte(text)), names, nil)
		if d := cmp.Diff(text, print(again, names)); d != "" {
			t.Errorf("printed and read again: %s", d)
		}
	})
}
