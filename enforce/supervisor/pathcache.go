package supervisor

import (
	"bytes"
	"hash/maphash"
	"syscall"

	"seward/internal/linux"
)

// Bounds of what an actor remembers of whole paths.
const (
	maxKnownPaths = 512
	maxKnownText  = 127
)

// knownPath is what an absolute path in the supervisor's own root led to when it
// was last walked, or that it led to nothing.
//
// It holds as long as its prefix does, which the generation tells, and one statx
// of the whole path by the kernel finds the same object, or nothing again. Where
// somebody outside of the tree has changed the path, it finds something else, and
// the path is walked.
type knownPath struct {
	generation uint64
	prefix     *prefix
	key        objectKey
	absent     bool
	cut, n     uint8 // of text: the last slash, and the length
	text       [maxKnownText + 1]byte
}

// pathCache holds paths by a hash of their text. It belongs to one actor.
type pathCache struct {
	seed  maphash.Seed
	paths []knownPath // nil until the first is kept
}

func (c *pathCache) entry(path []byte) *knownPath {
	return &c.paths[maphash.Bytes(c.seed, path)%maxKnownPaths]
}

func (c *pathCache) clear() { c.paths = nil }

// keepPath remembers the path that a walk has come to the end of. The walk used a
// prefix and took the last component: st is what that stands for, nil for nothing.
func (w *walker) keepPath(st *linux.Statx) {
	p := w.prefix
	if p == nil || w.links > 0 || len(w.whole) > maxKnownText {
		return
	}
	c := &w.a.paths
	if c.paths == nil {
		c.seed, c.paths = maphash.MakeSeed(), make([]knownPath, maxKnownPaths)
	}
	k := c.entry(w.whole)
	k.generation, k.prefix, k.absent = p.generation, p, st == nil
	if st != nil {
		k.key = keyOf(st)
	}
	k.n = uint8(copy(k.text[:], w.whole)) //nolint:gosec // G115: bounded by the array.
	k.text[k.n] = 0
	k.cut = uint8(bytes.LastIndexByte(w.whole, '/')) //nolint:gosec // G115: as above.
}

// usePath tries to end the walk at once with what the path led to before.
func (w *walker) usePath() bool {
	a, r := w.a, w.r
	if a.paths.paths == nil || len(w.rest) > maxKnownText {
		return false
	}
	k := a.paths.entry(w.rest)
	if k.prefix == nil || k.generation != a.engine.generation.Load() || !bytes.Equal(k.text[:k.n], w.rest) {
		return false
	}
	err := linux.Stat(a.engine.root.fd, k.text[1:k.n+1], linux.AtSymlinkNofollow|linux.AtNoAutomount, walkMask, &r.obj.st)
	switch {
	case k.absent && err != syscall.ENOENT, !k.absent && err != nil: //nolint:errorlint // package linux returns bare errnos.
		return false
	case !k.absent && (keyOf(&r.obj.st) != k.key || w.flags&walkFollow != 0 && isKind(&r.obj.st, linux.SIFLNK)):
		return false
	case !k.prefix.allowed(a):
		return false
	}
	r.dir.fd, r.dir.st = k.prefix.dir.fd, k.prefix.dir.st
	r.found, r.last = !k.absent, lastNormal
	r.setName(k.text[k.cut+1:k.n], false)
	if r.found {
		r.obj.at, r.obj.name = r.dir.fd, r.name
	}
	return true
}
