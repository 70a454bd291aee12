package syntax

import "math/bits"

// ParseNumber reads an unsigned number of at most the given bits. Base 0 means
// C's notation: 0x before hexadecimal digits, 0 before octal ones.
func ParseNumber(s string, base, size int) (uint64, bool) { return parseNumber(s, base, size) }

func parseNumber(s string, base, size int) (uint64, bool) {
	if s != "" && s[0] == '+' {
		s = s[1:]
	}
	if base == 0 {
		base = 10
		if len(s) > 1 && s[0] == '0' {
			base, s = 8, s[1:]
			if s[0]|0x20 == 'x' {
				base, s = 16, s[1:]
			}
		}
	}
	if s == "" {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		d := digit(s[i])
		if d >= base {
			return 0, false
		}
		hi, lo := bits.Mul64(n, uint64(base))
		sum, carry := bits.Add64(lo, uint64(d), 0)
		if hi != 0 || carry != 0 {
			return 0, false
		}
		n = sum
	}
	return n, size >= 64 || n>>size == 0
}

func digit(b byte) int {
	switch {
	case isDigit(b):
		return int(b - '0')
	case isLetter(b):
		return int(b|0x20-'a') + 10
	}
	return 99
}
