package policydb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"seward/policy/ebitmap"
)

// scanner reads an image from front to back. It remembers the first error and
// where it was; afterwards all reads return zero and the loops that ask for
// counts end, so that callers look at err only where they would go wrong.
type scanner struct {
	file string
	data []byte
	off  int
	err  *FormatError

	// Where we are, for the path of an error.
	table string
	index int // -1: the table as a whole

	// Asking for the offset of one element: see locate.
	wantTable string
	wantIndex int
	wantOff   int

	// Names are slices of block, a copy of the image from blockOff on: many
	// names share one allocation, and parts of an image without names are
	// never copied.
	block    string
	blockOff int

	words []ebitmap.Word // free space for bitmaps
}

const (
	nameBlock = 16 << 10
	wordBlock = 1024
	wordSize  = 12 // start bit and map of a bitmap's node in the image
)

// enter says that element index of table begins here; index -1 is its head.
func (s *scanner) enter(table string, index int) {
	s.table, s.index = table, index
	if index == s.wantIndex && table == s.wantTable && s.wantOff < 0 {
		s.wantOff = s.off
	}
}

func (s *scanner) path() string {
	switch {
	case s.table == "":
		return ""
	case s.index < 0:
		return s.table
	}
	return fmt.Sprintf("%s[%d]", s.table, s.index)
}

// failAt records an error at an offset, unless there is one.
func (s *scanner) failAt(off int, err error) {
	if s.err == nil {
		s.err = &FormatError{File: s.file, Offset: int64(off), Path: s.path(), Err: err}
	}
}

// failf records an error at the element that was read last, of the given size.
func (s *scanner) failf(size int, format string, args ...any) {
	s.failAt(max(0, s.off-size), fmt.Errorf(format, args...))
}

func (s *scanner) left() int { return len(s.data) - s.off }

// take returns the next n bytes, nil at an error.
func (s *scanner) take(n int) []byte {
	if s.err != nil {
		return nil
	}
	if n > s.left() {
		s.failAt(s.off, fmt.Errorf("%w: %d bytes needed, %d left", ErrTruncated, n, s.left()))
		return nil
	}
	b := s.data[s.off : s.off+n : s.off+n]
	s.off += n
	return b
}

func (s *scanner) u32() uint32 {
	if b := s.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// count reads the number of entries of which each takes at least size bytes,
// which bounds it.
func (s *scanner) count(size int) int { return s.checkCount(s.u32(), size) }

// checkCount bounds a number that has just been read, like count.
func (s *scanner) checkCount(n uint32, size int) int {
	if s.err != nil {
		return 0
	}
	if uint64(n)*uint64(size) > uint64(s.left()) { //nolint:gosec // G115: neither is negative.
		s.failf(4, "%w: %d entries claimed, %d bytes left", ErrTruncated, n, s.left())
		return 0
	}
	return int(n)
}

var errZeroByte = errors.New("name contains a zero byte")

// name reads n bytes of text. No name is empty.
func (s *scanner) name(n uint32) string {
	if s.err != nil {
		return ""
	}
	if n == 0 {
		s.failAt(s.off, errors.New("name is empty"))
		return ""
	}
	if uint64(n) > uint64(s.left()) { //nolint:gosec // G115: what is left isn't negative.
		s.failAt(s.off, fmt.Errorf("%w: name of %d bytes, %d left", ErrTruncated, n, s.left()))
		return ""
	}
	size := int(n)
	if s.off+size > s.blockOff+len(s.block) {
		end := min(s.off+max(size, nameBlock), len(s.data))
		s.block, s.blockOff = string(s.data[s.off:end]), s.off
	}
	text := s.block[s.off-s.blockOff:][:size]
	if i := strings.IndexByte(text, 0); i >= 0 {
		s.failAt(s.off+i, errZeroByte)
		return ""
	}
	s.off += size
	return text
}

// bitmap reads an extensible bitmap: the size of its map unit, the bit after
// its last unit, the number of units; then each unit's first bit and map.
func (s *scanner) bitmap() ebitmap.Bitmap {
	head := s.take(12)
	if head == nil {
		return ebitmap.Bitmap{}
	}
	le := binary.LittleEndian
	unit, high, n := le.Uint32(head), le.Uint32(head[4:]), le.Uint32(head[8:])
	switch {
	case unit != ebitmap.WordBits:
		s.failf(12, "bitmap has map units of %d bits, expected %d", unit, ebitmap.WordBits)
		return ebitmap.Bitmap{}
	case high%ebitmap.WordBits != 0:
		s.failf(8, "bitmap ends at bit %d, not a multiple of %d", high, ebitmap.WordBits)
		return ebitmap.Bitmap{}
	case (high == 0) != (n == 0):
		s.failf(8, "bitmap of %d units ends at bit %d", n, high)
		return ebitmap.Bitmap{}
	}
	count := s.checkCount(n, wordSize)
	if count == 0 {
		return ebitmap.Bitmap{}
	}
	body := s.take(count * wordSize)
	words := s.space(count)
	for i := range words {
		words[i].Start = le.Uint32(body[i*wordSize:])
		words[i].Bits = le.Uint64(body[i*wordSize+4:])
	}
	b, ok := ebitmap.FromWords(words)
	if !ok || words[count-1].Start != high-ebitmap.WordBits {
		s.failf(12+len(body), "%w", faultyWords(words, high))
		return ebitmap.Bitmap{}
	}
	return b
}

// space returns n words out of a larger allocation, which never exceeds what
// the rest of the image could fill.
func (s *scanner) space(n int) []ebitmap.Word {
	if n > cap(s.words)-len(s.words) {
		s.words = make([]ebitmap.Word, 0, max(n, min(wordBlock, s.left()/wordSize)))
	}
	at := len(s.words)
	s.words = s.words[:at+n]
	return s.words[at : at+n : at+n]
}

// faultyWords says what is wrong with the words of a bitmap that ends at high.
func faultyWords(words []ebitmap.Word, high uint32) error {
	for i, w := range words {
		switch {
		case w.Start%ebitmap.WordBits != 0:
			return fmt.Errorf("bitmap: unit %d starts at bit %d, not a multiple of %d", i, w.Start, ebitmap.WordBits)
		case w.Bits == 0:
			return fmt.Errorf("bitmap: unit %d is empty", i)
		case i > 0 && w.Start <= words[i-1].Start:
			return fmt.Errorf("bitmap: unit %d starts at bit %d, the one before it at %d", i, w.Start, words[i-1].Start)
		}
	}
	return fmt.Errorf("bitmap ends at bit %d, its last unit starts at %d", high, words[len(words)-1].Start)
}
