package audit

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Errors of Parse.
var (
	// ErrNotAVC says that a line has no record of the access vector cache.
	ErrNotAVC = errors.New("no access vector record")
	errPerms  = errors.New("permissions expected between braces")
)

// untrusted are the keys whose values may be hexadecimal.
var untrusted = map[string]bool{
	"comm": true, "path": true, "name": true, "dev": true, "ocomm": true, "key_desc": true, "exe": true,
	"cmdline": true, "srawcon": true, "trawcon": true, "kmod": true, "cwd": true,
}

// Parse reads the record in a line of a log: audit.log, the kernel's ring buffer,
// the journal, or a bare record. What stands before "avc:" is only searched for a
// time stamp.
func Parse(line string) (*Record, error) {
	head, text, ok := strings.Cut(line, "avc:")
	if !ok {
		return nil, ErrNotAVC
	}
	r := &Record{}
	r.Time, r.Serial = parseStamp(head)
	text = strings.TrimLeft(text, " ")
	verdict, text, _ := strings.Cut(text, " ")
	switch verdict {
	case "granted":
		r.Granted = true
	case "denied":
	default:
		return nil, fmt.Errorf("%w: verdict %q", ErrNotAVC, verdict)
	}
	text = strings.TrimLeft(text, " ")
	if rest, null := strings.CutPrefix(text, "null"); null {
		text = rest
	} else {
		inner, rest, ok := strings.Cut(text, "}")
		list, open := strings.CutPrefix(inner, "{")
		if !ok || !open {
			return nil, errPerms
		}
		r.Perms = strings.Fields(list)
		text = rest
	}
	text = strings.TrimLeft(text, " ")
	text = strings.TrimPrefix(text, "for ")
	for {
		var f Field
		var ok bool
		f, text, ok = nextField(text)
		if !ok {
			break
		}
		r.put(f)
	}
	return r, nil
}

// put stores a field where it belongs.
func (r *Record) put(f Field) {
	switch f.Key {
	case "scontext":
		r.Source = f.Value
	case "tcontext":
		r.Target = f.Value
	case "tclass":
		r.Class = f.Value
	case "permissive":
		r.Permissive = f.Value == "1"
	case "srawcon":
		r.SourceRaw = f.Value
	case "trawcon":
		r.TargetRaw = f.Value
	default:
		r.Fields = append(r.Fields, f)
	}
}

// nextField cuts the next key=value from the text. Words without a sign of
// equality are skipped.
func nextField(text string) (f Field, rest string, ok bool) {
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return Field{}, "", false
		}
		end := strings.IndexAny(text, "= \t\r\n")
		if end < 0 {
			return Field{}, "", false
		}
		if text[end] == '=' && end > 0 {
			f.Key = text[:end]
			text = text[end+1:]
			break
		}
		text = text[end+1:]
	}
	if value, found := strings.CutPrefix(text, `"`); found {
		inner, rest, closed := strings.Cut(value, `"`)
		if closed {
			return Field{f.Key, inner, Untrusted}, rest, true
		}
	}
	value, rest := text, ""
	if end := strings.IndexAny(text, " \t\r\n"); end >= 0 {
		value, rest = text[:end], text[end:]
	}
	f.Value = value
	if untrusted[f.Key] && len(value)%2 == 0 && value != "" && strings.ToUpper(value) == value {
		if raw, err := hex.DecodeString(value); err == nil {
			f.Value, f.Encoding = string(raw), Untrusted
		}
	}
	return f, rest, true
}

// parseStamp finds audit(SECONDS.MILLISECONDS:SERIAL).
func parseStamp(head string) (at time.Time, serial uint64) {
	_, inner, ok := strings.Cut(head, "audit(")
	if !ok {
		return at, 0
	}
	inner, _, _ = strings.Cut(inner, ")")
	stamp, number, _ := strings.Cut(inner, ":")
	seconds, fraction, _ := strings.Cut(stamp, ".")
	sec, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return at, 0
	}
	ms, err := strconv.ParseUint(fraction, 10, 16)
	if err != nil {
		ms = 0
	}
	serial, err = strconv.ParseUint(number, 10, 64)
	if err != nil {
		serial = 0
	}
	return time.Unix(sec, int64(ms%1000)*int64(time.Millisecond)), serial //nolint:gosec // G115: below 1000.
}
