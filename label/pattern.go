package label

import (
	"regexp/syntax"
	"strings"
)

// Kinds of patterns by how they are looked up.
type patternKind uint8

const (
	patternLiteral patternKind = iota // found by its text
	patternRegexp                     // part of the automaton
)

// pattern is what the text of an entry's pattern tells without compiling it.
type pattern struct {
	kind patternKind
	// exact says that libselinux ranks the entry before all that have a regular
	// expression: it has no unescaped metacharacter.
	exact bool
	// prefix is what every match begins with; for a literal, the path.
	prefix string
	// rest is the regular expression for what follows the prefix.
	rest string
}

// metacharacters make an entry a regular expression in the eyes of libselinux.
const metacharacters = ".^$?*+|[({"

// analyse looks at the text of a valid pattern.
func analyse(text string) pattern {
	p := pattern{exact: !hasMeta(text)}
	if topLevelAlternative(text) {
		// libselinux puts ^ before and $ after the text without a group, so the
		// first and last alternative are anchored at one end only.
		p.kind, p.rest = patternRegexp, "(?s:.*)(?:^"+text+"$)(?s:.*)"
		return p
	}
	prefix, end := literalPrefix(text)
	if end == len(text) {
		p.kind, p.prefix = patternLiteral, prefix
		return p
	}
	p.kind, p.prefix, p.rest = patternRegexp, prefix, text[end:]
	return p
}

// hasMeta reports whether text has an unescaped metacharacter.
func hasMeta(text string) bool {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.IndexByte(metacharacters, text[i]) >= 0:
			return true
		}
	}
	return false
}

// literalPrefix returns what text begins with literally, escapes undone, and
// where in text the regular expression begins.
func literalPrefix(text string) (prefix string, end int) {
	var out []byte
	last := 0 // where the last literal byte begins
	i := 0
	for i < len(text) {
		c, width := text[i], 1
		if c == '\\' {
			if i+1 == len(text) || isWord(text[i+1]) {
				break
			}
			c, width = text[i+1], 2
		} else if strings.IndexByte(metacharacters+")", c) >= 0 {
			if (c == '?' || c == '*' || c == '+' || c == '{') && len(out) > 0 {
				// A quantifier belongs to the byte before it.
				return string(out[:len(out)-1]), last
			}
			break
		}
		last = i
		out = append(out, c)
		i += width
	}
	return string(out), i
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// topLevelAlternative reports whether text has a | outside of all groups.
func topLevelAlternative(text string) bool {
	if strings.IndexByte(text, '|') < 0 {
		return false
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			i = skipClass(text, i)
		case '(':
			depth++
		case ')':
			depth--
		case '|':
			if depth == 0 {
				return true
			}
		}
	}
	return false
}

// skipClass returns where the bracket expression that begins at i ends.
func skipClass(text string, i int) int {
	i++
	if i < len(text) && text[i] == '^' {
		i++
	}
	if i < len(text) && text[i] == ']' {
		i++
	}
	for i < len(text) && text[i] != ']' {
		switch {
		case text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], "[:"):
			if end := strings.Index(text[i+2:], ":]"); end >= 0 {
				i += end + 3
			}
		}
		i++
	}
	return i
}

// syntaxFlags are those of libselinux: Perl's language, a dot matches a line
// feed too.
const syntaxFlags = syntax.Perl | syntax.DotNL

// checkPattern reports what is wrong with a pattern. Most are seen to be valid
// without parsing them.
func checkPattern(text string) error {
	if plainPattern(text) {
		return nil
	}
	_, err := syntax.Parse(text, syntaxFlags)
	return err
}

// plainPattern reports whether text keeps to a part of the language that needs
// no parser to be known as valid: literals, escaped punctuation, dots, simple
// bracket expressions, groups and alternatives, each with at most one of the
// quantifiers *, + and ?.
func plainPattern(text string) bool {
	depth := 0
	repeatable := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch c {
		case '\\':
			i++
			if i == len(text) || isWord(text[i]) {
				return false
			}
			repeatable = true
		case '*', '+', '?':
			if !repeatable {
				return false
			}
			repeatable = false
		case '(':
			if i+1 < len(text) && text[i+1] == '?' {
				return false
			}
			depth++
			repeatable = false
		case ')':
			depth--
			if depth < 0 {
				return false
			}
			repeatable = true
		case '[':
			end := plainClass(text, i)
			if end < 0 {
				return false
			}
			i, repeatable = end, true
		case '|':
			repeatable = false
		case '{', '^', '$':
			return false
		default:
			if c >= 0x80 {
				return false
			}
			repeatable = true
		}
	}
	return depth == 0
}

// plainClass returns where a bracket expression without surprises ends, or -1:
// members are letters, digits and a few signs, ranges ascend.
func plainClass(text string, i int) int {
	i++
	if i < len(text) && text[i] == '^' {
		i++
	}
	start := i
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case c == ']':
			if i == start {
				return -1
			}
			return i
		case c == '-':
			if i == start || i+1 >= len(text) || text[i+1] == ']' || !isWord(text[i-1]) ||
				!isWord(text[i+1]) || text[i-1] > text[i+1] {
				return -1
			}
			// Neither end may be the end of another range.
			if i+2 < len(text) && text[i+2] == '-' || i-2 >= start && text[i-2] == '-' {
				return -1
			}
		case !isWord(c) && c != '/' && c != '.' && c != '_' && c != ':':
			return -1
		case c == ':' && i > start && text[i-1] == '[':
			return -1
		}
	}
	return -1
}
