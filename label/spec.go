package label

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// None is what stands in place of a context where nothing is to be labelled.
const None = "<<none>>"

// Types of files, as the format bits of a mode.
const (
	ModeFormat    = 0o170000
	ModeFIFO      = 0o010000
	ModeCharacter = 0o020000
	ModeDirectory = 0o040000
	ModeBlock     = 0o060000
	ModeRegular   = 0o100000
	ModeSymlink   = 0o120000
	ModeSocket    = 0o140000
)

// Spec is one entry of a file contexts file.
type Spec struct {
	Pattern string
	Mode    uint32 // type of file as in ModeFormat; 0: any
	Context string // None: don't label
	File    string // name of the source
	Line    int
}

// IsNone reports whether objects that match are to be left alone.
func (s *Spec) IsNone() bool { return s.Context == None }

// TypeLetter returns the field that names the entry's type of file in the text,
// such as -d, empty for any.
func (s *Spec) TypeLetter() string {
	for text, mode := range modesByText {
		if mode == s.Mode {
			return text
		}
	}
	return ""
}

var modesByText = map[string]uint32{
	"--": ModeRegular, "-b": ModeBlock, "-c": ModeCharacter, "-d": ModeDirectory,
	"-l": ModeSymlink, "-p": ModeFIFO, "-s": ModeSocket,
}

// ParseError is a fault in a file contexts file.
type ParseError struct {
	File string
	Line int
	Msg  string
}

// Error returns the position and what is wrong there.
func (e *ParseError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// maxPattern bounds a pattern, as libselinux does from 3.8 on.
const maxPattern = 4095

// parseSpecs reads the entries of one file. All faults are returned, joined.
func parseSpecs(name string, data []byte) ([]Spec, error) {
	var specs []Spec
	var faults []error
	specs = make([]Spec, 0, bytes.Count(data, []byte{'\n'})+1)
	for line := 1; len(data) > 0; line++ {
		text, rest, _ := bytes.Cut(data, []byte{'\n'})
		data = rest
		spec, ok, err := parseLine(name, line, text)
		switch {
		case err != nil:
			faults = append(faults, err)
		case ok:
			specs = append(specs, spec)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return specs, nil
}

// parseLine reads one line; ok is false if there is nothing on it.
func parseLine(name string, line int, text []byte) (spec Spec, ok bool, err error) {
	fault := func(format string, args ...any) (Spec, bool, error) {
		return Spec{}, false, &ParseError{File: name, Line: line, Msg: fmt.Sprintf(format, args...)}
	}
	// What follows a NUL can't be seen by programs in C either.
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	var fields [3]string
	n := splitFields(text, &fields)
	if n == 0 || strings.HasPrefix(fields[0], "#") {
		return Spec{}, false, nil
	}
	if n == 1 {
		return fault("expected a context after %q", fields[0])
	}
	for _, f := range fields[:n] {
		if !isASCII(f) {
			return fault("%q has bytes that are not ASCII", f)
		}
	}
	spec = Spec{Pattern: fields[0], Context: fields[n-1], File: name, Line: line}
	if n == 3 {
		mode, known := modesByText[fields[1]]
		if !known {
			return fault("unknown file type %q, expected one of --, -b, -c, -d, -l, -p, -s", fields[1])
		}
		spec.Mode = mode
	}
	if len(spec.Pattern) > maxPattern {
		return fault("pattern of %d bytes is too long", len(spec.Pattern))
	}
	if err := checkPattern(spec.Pattern); err != nil {
		return fault("pattern %q: %v", spec.Pattern, err)
	}
	return spec, true, nil
}

// splitFields puts the first three fields into out; a fourth and all after it
// are ignored.
func splitFields(text []byte, out *[3]string) int {
	n := 0
	for i := 0; n < len(out); n++ {
		for i < len(text) && isSpace(text[i]) {
			i++
		}
		start := i
		for i < len(text) && !isSpace(text[i]) {
			i++
		}
		if i == start {
			break
		}
		out[n] = string(text[start:i])
	}
	return n
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
