package avc

import "sync/atomic"

// Stats are counts since a cache was made, as the kernel keeps them
// (security/selinux/avc.c). A look-up that is no miss was a hit.
type Stats struct {
	Lookups     uint64
	Misses      uint64
	Allocations uint64 // entries made
	Reclaims    uint64 // entries that were pushed out by others
	Frees       uint64 // entries given up, for whatever reason
}

// Usage is how full a cache is.
type Usage struct {
	Entries int // that are in force
	Used    int // sets with an entry
	Sets    int
	Longest int // entries of the fullest set
}

// lookupShards is over how many counters look-ups are spread, so that threads
// that ask about different things seldom meet on one. A power of two.
const lookupShards = 64

// counters is what a counting cache keeps. Entries come and go seldom: each has
// one counter only.
type counters struct {
	lookups                              [lookupShards]shard
	misses, allocations, reclaims, frees atomic.Uint64
}

// shard is a counter that has a cache line to itself.
type shard struct {
	n atomic.Uint64
	_ [56]byte
}

// Stats returns the counts, all 0 if the cache doesn't count.
func (c *Cache) Stats() Stats {
	n := c.counters
	if n == nil {
		return Stats{}
	}
	s := Stats{
		Misses: n.misses.Load(), Allocations: n.allocations.Load(),
		Reclaims: n.reclaims.Load(), Frees: n.frees.Load(),
	}
	for i := range n.lookups {
		s.Lookups += n.lookups[i].n.Load()
	}
	return s
}

// Usage counts what is in the cache under the present state.
func (c *Cache) Usage() Usage {
	epoch := c.server.Snapshot().Epoch()
	u := Usage{Sets: len(c.sets)}
	for i := range c.sets {
		n := 0
		for j := range c.sets[i] {
			if e := c.sets[i][j].Load(); e != nil && e.epoch == epoch {
				n++
			}
		}
		u.Entries += n
		u.Longest = max(u.Longest, n)
		if n > 0 {
			u.Used++
		}
	}
	return u
}

// made counts a new entry; pushed says that it took the place of one that was in
// force, old that it took that of any.
func (c *Cache) made(missed, pushed, old bool) {
	n := c.counters
	if n == nil {
		return
	}
	n.allocations.Add(1)
	if missed {
		n.misses.Add(1)
	}
	if pushed {
		n.reclaims.Add(1)
	}
	if old {
		n.frees.Add(1)
	}
}
