package mls

import (
	"errors"
	"fmt"
	"strings"
)

// Names finds sensitivities and categories of a policy by name, aliases
// included, and names them. *policy.Policy has these methods.
type Names interface {
	SensitivityByName(name string) (SensitivityID, bool)
	CategoryByName(name string) (CategoryID, bool)
	SensitivityName(id SensitivityID) string
	CategoryName(id CategoryID) string
}

// Errors that parsing wraps.
var (
	ErrSensitivity = errors.New("unknown sensitivity")
	ErrCategory    = errors.New("unknown category")
	ErrSpan        = errors.New("category span must ascend")
)

// ParseLevel reads a level as the kernel does: `s0`, `s0:c1,c5.c7`. No blanks
// are allowed, and a colon wants at least one category.
func ParseLevel(names Names, text string) (Level, error) {
	var l Level
	sens, cats, has := strings.Cut(text, ":")
	id, ok := names.SensitivityByName(sens)
	if !ok {
		return Level{}, fmt.Errorf("%w %q", ErrSensitivity, sens)
	}
	l.Sensitivity = id
	if !has {
		return l, nil
	}
	for part := range strings.SplitSeq(cats, ",") {
		low, high, span := strings.Cut(part, ".")
		first, ok := names.CategoryByName(low)
		if !ok {
			return Level{}, fmt.Errorf("%w %q", ErrCategory, low)
		}
		if !span {
			l.Categories.Add(first)
			continue
		}
		last, ok := names.CategoryByName(high)
		if !ok {
			return Level{}, fmt.Errorf("%w %q", ErrCategory, high)
		}
		if first >= last {
			return Level{}, fmt.Errorf("%w: %q", ErrSpan, part)
		}
		l.Categories.Bitmap.SetRange(uint32(first)-1, uint32(last)-1)
	}
	return l, nil
}

// ParseRange reads `LEVEL` or `LEVEL-LEVEL`. It doesn't check that the levels
// are valid nor that the high one dominates: a policy's ValidRange does.
func ParseRange(names Names, text string) (Range, error) {
	low, high, two := strings.Cut(text, "-")
	l, err := ParseLevel(names, low)
	if err != nil {
		return Range{}, err
	}
	if !two {
		return l.Single(), nil
	}
	h, err := ParseLevel(names, high)
	if err != nil {
		return Range{}, err
	}
	return Range{Low: l, High: h}, nil
}

// AppendLevel appends the level's canonical text: three or more consecutive
// categories become a span, as the kernel prints them, two don't.
func AppendLevel(buf []byte, names Names, l Level) []byte {
	buf = append(buf, names.SensitivityName(l.Sensitivity)...)
	sep := byte(':')
	var first, last CategoryID
	flush := func() {
		if first == 0 {
			return
		}
		buf = append(buf, sep)
		sep = ','
		buf = append(buf, names.CategoryName(first)...)
		if last > first {
			if last > first+1 {
				buf = append(buf, '.')
			} else {
				buf = append(buf, ',')
			}
			buf = append(buf, names.CategoryName(last)...)
		}
	}
	for c := range l.Categories.All() {
		if first != 0 && c == last+1 {
			last = c
			continue
		}
		flush()
		first, last = c, c
	}
	flush()
	return buf
}

// AppendRange appends the range's canonical text, one level when both are the
// same.
func AppendRange(buf []byte, names Names, r Range) []byte {
	buf = AppendLevel(buf, names, r.Low)
	if !r.High.Equal(r.Low) {
		buf = append(buf, '-')
		buf = AppendLevel(buf, names, r.High)
	}
	return buf
}

// FormatLevel returns the level's canonical text.
func FormatLevel(names Names, l Level) string { return string(AppendLevel(nil, names, l)) }

// FormatRange returns the range's canonical text.
func FormatRange(names Names, r Range) string { return string(AppendRange(nil, names, r)) }
