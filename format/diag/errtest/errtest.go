// Package errtest tests diagnostics by texts that say on which lines they have
// errors.
//
// A test file consists of chunks, each a text of its own, separated by lines that
// are just "---". A comment
//
//	;;; "regexp" "regexp"
//
// at the end of a line expects one diagnostic on that line for each regexp, which
// matches the diagnostic's text with its notes. Diagnostics without a position
// are expected on the first line of their chunk. Every diagnostic must be
// expected, and the other way round.
package errtest

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"seward/format/diag"
)

const marker = ";;; "

// expectation is one regexp of a line.
type expectation struct {
	line int
	re   *regexp.Regexp
	met  bool
}

// Run reads the chunks of a file and calls check with each of them, which returns
// the diagnostics for the text.
func Run(t *testing.T, path string, check func(file *diag.File) diag.List) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	start := 1
	for _, chunk := range strings.Split(string(data), "\n---\n") {
		t.Run(fmt.Sprintf("line%d", start), func(t *testing.T) {
			runChunk(t, path, chunk, start, check)
		})
		start += strings.Count(chunk, "\n") + 2
	}
}

func runChunk(t *testing.T, path, chunk string, start int, check func(file *diag.File) diag.List) {
	t.Helper()
	want, err := expectations(chunk)
	if err != nil {
		t.Fatalf("%s: chunk at line %d: %v", path, start, err)
	}
	// The chunk stands at its own lines, so that what is printed can be found.
	file := diag.NewFile(path, []byte(strings.Repeat("\n", start-1)+chunk))
	for _, e := range check(file) {
		line := 1
		if e.Pos.Known() && e.Pos.File == file {
			line = e.Pos.Position().Line - start + 1
		}
		if !meet(want, line, e.Error()) {
			t.Errorf("unexpected: %s", e)
		}
	}
	for _, w := range want {
		if !w.met {
			t.Errorf("%s:%d: no error that matches %q", path, start+w.line-1, w.re)
		}
	}
}

func meet(want []*expectation, line int, text string) bool {
	for _, w := range want {
		if !w.met && w.line == line && w.re.MatchString(text) {
			w.met = true
			return true
		}
	}
	return false
}

func expectations(chunk string) ([]*expectation, error) {
	var want []*expectation
	for i, line := range strings.Split(chunk, "\n") {
		_, rest, ok := strings.Cut(line, marker)
		for rest = strings.TrimSpace(rest); ok && rest != ""; rest = strings.TrimSpace(rest) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, fmt.Errorf("line %d: expected a quoted regexp, found %s", i+1, rest)
			}
			rest = rest[len(quoted):]
			text, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			re, err := regexp.Compile(text)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			want = append(want, &expectation{line: i + 1, re: re})
		}
	}
	return want, nil
}
