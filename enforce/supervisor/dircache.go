package supervisor

import (
	"bytes"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// Bounds of what an actor remembers between calls. Each directory costs a
// descriptor: no more than a part of those that the supervisor may have.
const (
	maxDirs     = 512
	maxPrefixes = 4096
	dirsShare   = 16
)

// dirLimit is maxDirs, or less where descriptors are few.
func dirLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return maxDirs / dirsShare
	}
	return int(min(limit.Cur/dirsShare, maxDirs)) //nolint:gosec // G115: bounded.
}

// dirCache holds directories open, so that a walk through them costs one statx
// each. It belongs to one actor: no lock.
type dirCache struct {
	byKey map[objectKey]*dirEntry
	limit int
}

type dirEntry struct {
	fd int
	st linux.Statx // as of when it was last seen
}

func (c *dirCache) clear() {
	for _, d := range c.byKey {
		linux.Close(d.fd)
	}
	clear(c.byKey)
}

// prefix is the directory that an absolute path in the supervisor's own root
// leads to, and what was checked on the way.
//
// It holds as long as the generation does and one statx of the whole path finds
// the same directory. So changes from outside the tree are seen when they change
// where the path leads, not when they only change how.
type prefix struct {
	generation uint64
	key        objectKey
	dir        *dirEntry
	steps      []step
	// okFor and okAt are for whom, and under which state of the server, allowed has
	// last said yes.
	okFor policy.SID
	okAt  uint64
}

// step is a check of a walk: search of a directory, reading of a link.
type step struct {
	sid   policy.SID
	class hooks.Class
	perms hooks.Perms
}

// allowed asks again what was asked when the prefix was walked.
func (p *prefix) allowed(a *actor) bool {
	epoch := a.engine.auth.server.Snapshot().Epoch()
	if p.okFor == a.subject.SID && p.okAt == epoch {
		return true
	}
	for _, s := range p.steps {
		answer := a.engine.auth.Check(hooks.Query{
			Source: a.subject.SID, Target: s.sid, Class: s.class, Perms: s.perms,
		})
		// What is to be logged is asked again in full.
		if answer.Refused || answer.Logged != 0 {
			return false
		}
	}
	p.okFor, p.okAt = a.subject.SID, epoch
	return true
}

// usePrefix tries to begin at the directory that all but the last component lead
// to, as known from before. Where it isn't known, the walk takes notes.
func (w *walker) usePrefix() bool {
	a := w.a
	cut := bytes.LastIndexByte(w.rest, '/')
	if cut <= 0 || cut == len(w.rest)-1 {
		return false
	}
	p := a.prefixes[string(w.rest[:cut])]
	if p == nil || p.generation != a.engine.generation.Load() {
		w.recording, w.prefixEnd, w.prefixText = true, len(w.rest)-cut, w.rest[:cut]
		a.steps = a.steps[:0]
		return false
	}
	w.rest[cut] = 0
	err := linux.Stat(a.engine.root.fd, linux.Name(w.rest[1:cut+1]), linux.AtNoAutomount, walkMask, &w.r.obj.st)
	w.rest[cut] = '/'
	if err != nil || keyOf(&w.r.obj.st) != p.key || !p.allowed(a) {
		return false
	}
	p.dir.st = w.r.obj.st
	w.r.obj.fd, w.r.obj.owned = p.dir.fd, false
	w.prefix, w.whole = p, w.rest
	w.rest = w.rest[cut+1:]
	w.startMount = w.r.obj.st.Mnt_id
	return true
}

// keepPrefix remembers where the walk is now as a prefix.
func (w *walker) keepPrefix() {
	a := w.a
	w.recording = false
	cur := &w.r.obj
	d := a.dirs.byKey[keyOf(&cur.st)]
	if d == nil || d.fd != cur.fd || cur.node != nil {
		return
	}
	a.prefixes[string(w.prefixText)] = &prefix{
		generation: a.engine.generation.Load(), key: keyOf(&cur.st), dir: d,
		steps: append([]step(nil), a.steps...),
	}
}
