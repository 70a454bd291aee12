package basepolicy_test

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/basepolicy"
)

// TestBaseOrder holds the order in which the modules are given out: directory by
// directory, by name within, the same every time.
func TestBaseOrder(t *testing.T) {
	var dirs, names []string
	for _, f := range basepolicy.Base() {
		names = append(names, f.Name)
		if d := path.Dir(f.Name); !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	if diff := cmp.Diff([]string{"kernel", "managers", "system", "users", "services"}, dirs); diff != "" {
		t.Errorf("directories (-want +got):\n%s", diff)
	}
	for _, dir := range dirs {
		var in []string
		for _, n := range names {
			if path.Dir(n) == dir {
				in = append(in, n)
			}
		}
		if !slices.IsSorted(in) {
			t.Errorf("%s is not in order: %q", dir, in)
		}
	}
	if diff := cmp.Diff(basepolicy.Base(), basepolicy.Base()); diff != "" {
		t.Errorf("two calls differ:\n%s", diff)
	}
}

// TestOwnCopies: what one caller does to its copy reaches no other.
func TestOwnCopies(t *testing.T) {
	first := basepolicy.Base()
	want := bytes.Clone(first[0].Data)
	clear(first[0].Data)
	if got := basepolicy.Base()[0].Data; !bytes.Equal(got, want) {
		t.Error("a change to one copy shows in the next")
	}
}

func TestExample(t *testing.T) {
	for _, f := range basepolicy.Examples() {
		short := strings.TrimSuffix(path.Base(f.Name), ".cil")
		for _, name := range []string{short, short + ".cil"} {
			got, err := basepolicy.Example(name)
			if err != nil {
				t.Errorf("Example(%q): %v", name, err)
			} else if got.Name != f.Name {
				t.Errorf("Example(%q) = %s, want %s", name, got.Name, f.Name)
			}
		}
	}
	if _, err := basepolicy.Example("parrots"); err == nil || !strings.Contains(err.Error(), "pets") {
		t.Errorf("Example(parrots): error %v, want one that names those there are", err)
	}
}

// TestSources holds what every module's text must be: licensed, balanced, in
// lines that fit a screen.
func TestSources(t *testing.T) {
	for _, f := range slices.Concat(basepolicy.Base(), basepolicy.Examples()) {
		t.Run(f.Name, func(t *testing.T) {
			if !bytes.HasPrefix(f.Data, []byte("; SPDX-License-Identifier: Apache-2.0\n;\n; ")) {
				t.Error("does not begin with the licence and a sentence on what it is")
			}
			if !bytes.HasSuffix(f.Data, []byte(")\n")) {
				t.Error("does not end with a statement and a line feed")
			}
			if depth := balance(t, f.Data); depth != 0 {
				t.Errorf("%d parentheses are left open", depth)
			}
		})
	}
}

// balance returns the depth of parentheses at the end of a CIL text, and reports
// where a statement begins inside another one by mistake: in column 1.
func balance(t *testing.T, data []byte) int {
	t.Helper()
	depth := 0
	for number, line := range strings.Split(string(data), "\n") {
		if depth > 0 && strings.HasPrefix(line, "(") {
			t.Errorf("line %d: a statement begins %d deep", number+1, depth)
		}
		if len(line) > 120 {
			t.Errorf("line %d: %d columns", number+1, len(line))
		}
		if strings.TrimRight(line, " \t") != line {
			t.Errorf("line %d: blanks at the end", number+1)
		}
		quoted := false
		for _, c := range line {
			switch {
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == ';':
				// A comment reaches to the end of the line; a quote in it
				// must not be taken for a string.
			case c == '(':
				depth++
			case c == ')':
				depth--
			}
			if c == ';' && !quoted {
				break
			}
		}
	}
	return depth
}
