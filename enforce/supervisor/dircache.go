package supervisor

import (
	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// Bounds of what an actor remembers between calls. Each directory costs a
// descriptor.
const (
	maxDirs     = 2048
	maxPrefixes = 4096
)

// dirCache holds directories open, so that a walk through them costs one statx
// each. It belongs to one actor: no lock.
type dirCache struct{ byKey map[objectKey]*dirEntry }

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
}

// step is a check of a walk: search of a directory, reading of a link.
type step struct {
	sid   policy.SID
	class hooks.Class
	perms hooks.Perms
}

// allowed asks again what was asked when the prefix was walked.
func (p *prefix) allowed(a *actor) bool {
	for _, s := range p.steps {
		answer := a.engine.auth.Check(hooks.Query{
			Source: a.subject.SID, Target: s.sid, Class: s.class, Perms: s.perms,
		})
		// What is to be logged is asked again in full.
		if answer.Refused || answer.Logged != 0 {
			return false
		}
	}
	return true
}
