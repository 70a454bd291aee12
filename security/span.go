package security

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"seward/policy/mls"
)

// span is a range of levels. Each range exists once in an image, so that equal
// ranges are equal pointers; the same holds for levels.
type span struct {
	mls.Range
	low, high *mls.Level
	lowOnly   atomic.Pointer[span] // from low to low
	highOnly  atomic.Pointer[span] // from high to high
}

// spans holds the ranges of an image.
type spans struct {
	mu     sync.Mutex
	ranges map[string]*span
	levels map[string]*mls.Level
}

// noRange is the range of every context of a policy without MLS.
var noRange = func() *span {
	s := &span{}
	s.low, s.high = &s.Low, &s.Low
	s.lowOnly.Store(s)
	s.highOnly.Store(s)
	return s
}()

func appendLevelKey(key []byte, l mls.Level) []byte {
	key = binary.LittleEndian.AppendUint32(key, uint32(l.Sensitivity))
	words := l.Categories.Bitmap.Words()
	key = binary.LittleEndian.AppendUint32(key, uint32(len(words))) //nolint:gosec // G115: a set has fewer words than members.
	for _, w := range words {
		key = binary.LittleEndian.AppendUint32(key, w.Start)
		key = binary.LittleEndian.AppendUint64(key, w.Bits)
	}
	return key
}

// of returns the span of a range.
func (x *spans) of(r mls.Range) *span {
	key := appendLevelKey(make([]byte, 0, 64), r.Low)
	split := len(key)
	key = appendLevelKey(key, r.High)
	x.mu.Lock()
	defer x.mu.Unlock()
	if s := x.ranges[string(key)]; s != nil {
		return s
	}
	if x.ranges == nil {
		x.ranges, x.levels = make(map[string]*span), make(map[string]*mls.Level)
	}
	s := &span{Range: r, low: x.level(key[:split], r.Low), high: x.level(key[split:], r.High)}
	if s.low == s.high {
		s.lowOnly.Store(s)
		s.highOnly.Store(s)
	}
	x.ranges[string(key)] = s
	return s
}

func (x *spans) level(key []byte, l mls.Level) *mls.Level {
	if known := x.levels[string(key)]; known != nil {
		return known
	}
	known := &l
	x.levels[string(key)] = known
	return known
}

// single returns the range that holds just one end of s.
func (x *spans) single(s *span, high bool) *span {
	memo, level := &s.lowOnly, s.low
	if high {
		memo, level = &s.highOnly, s.high
	}
	one := memo.Load()
	if one == nil {
		one = x.of(level.Single())
		memo.Store(one)
	}
	return one
}
