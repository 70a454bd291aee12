package selinuxfs

import (
	"fmt"
	"strconv"
	"syscall"

	"seward/enforce/hooks"
	"seward/security/avc"
)

// defaultThreshold is what the kernel starts avc/cache_threshold at.
const defaultThreshold = 512

// statistics returns the content of a file that tells about the cache or the
// table of labels. Counts have 32 bits, as the kernel's, and wrap.
func (t *Tree) statistics(k kind) []byte {
	var usage avc.Usage
	var stats avc.Stats
	if t.cache != nil && k == kindHashStats {
		usage = t.cache.Usage()
	}
	if t.cache != nil && k == kindCacheStats {
		stats = t.cache.Stats()
	}
	switch k {
	case kindThreshold:
		t.mu.Lock()
		defer t.mu.Unlock()
		return strconv.AppendInt(nil, int64(t.threshold), 10)
	case kindHashStats:
		return chains(usage.Entries, usage.Used, usage.Sets, usage.Longest)
	case kindSIDStats:
		// Labels are found by their whole text: each has a bucket to itself.
		n := t.server.Snapshot().SIDs()
		return chains(n, n, n, 1)
	default:
		return fmt.Appendf(nil, "lookups hits misses allocations reclaims frees\n%d %d %d %d %d %d\n",
			uint32(stats.Lookups), uint32(stats.Lookups-stats.Misses), uint32(stats.Misses),
			uint32(stats.Allocations), uint32(stats.Reclaims), uint32(stats.Frees))
	}
}

func chains(entries, used, buckets, longest int) []byte {
	return fmt.Appendf(nil, "entries: %d\nbuckets used: %d/%d\nlongest chain: %d\n", entries, used, buckets, longest)
}

// setThreshold keeps what is written to avc/cache_threshold. The cache itself has
// a fixed size.
func (h *plain) setThreshold(c *Caller, p []byte, offset int64) hooks.Verdict {
	verdict := hooks.Security(h.tree.asker, &c.Subject, hooks.SecuritySetsecparam)
	if !verdict.Allowed() {
		return verdict
	}
	value, errno := writtenInt(p, offset)
	if errno == 0 && value < 0 {
		errno = syscall.EINVAL
	}
	if errno != 0 {
		verdict.Errno = errno
		return verdict
	}
	h.tree.mu.Lock()
	defer h.tree.mu.Unlock()
	h.tree.threshold = value
	return verdict
}
