package avc

import (
	"sync/atomic"

	"seward/policy"
	"seward/security"
)

// Options configure a Cache.
type Options struct {
	// Slots is the number of decisions to remember, rounded up to a power of
	// two. Default: 8192, about 600 kB when full.
	Slots int
	// Count has Stats kept, which costs some 5 ns a look-up. Default: not.
	Count bool
}

const (
	defaultSlots = 8192
	maxSlots     = 1 << 24
)

// Cache remembers decisions of one server. New makes one.
type Cache struct {
	server *security.Server
	sets   []set
	shift  uint8 // 64 minus the logarithm of the number of sets
	*counters
}

// set has the two places where an entry may be: the newer one first.
type set [2]atomic.Pointer[entry]

type key struct {
	source, target policy.SID
	class          policy.ClassID
}

// entry never changes; a change replaces it. It fills a cache line.
type entry struct {
	key
	epoch    uint64
	decision security.Decision
	// granted holds extended permissions that a permissive state has let pass.
	granted *grants
}

// grants is a list of extended permissions.
type grants struct {
	perms policy.AccessVector
	base  security.XpermBase
	value uint16
	next  *grants
}

// New returns a cache before the server. Options may be nil.
func New(server *security.Server, opts *Options) *Cache {
	want := defaultSlots
	if opts != nil && opts.Slots > 0 {
		want = min(opts.Slots, maxSlots)
	}
	n, shift := 1, uint8(64)
	for 2*n < want {
		n, shift = n<<1, shift-1
	}
	c := &Cache{server: server, sets: make([]set, n), shift: shift}
	if opts != nil && opts.Count {
		c.counters = &counters{}
	}
	return c
}

// Server returns the server behind the cache.
func (c *Cache) Server() *security.Server { return c.server }

// Result is what becomes of a request.
type Result struct {
	// Granted reports that the operation may go on: nothing was denied, or what
	// was is let pass.
	Granted bool
	// Permissive reports that something was denied and let pass.
	Permissive bool
	// Denied has the permissions asked for and not allowed.
	Denied policy.AccessVector
	// Audit has the permissions to log: denied ones if Denied isn't 0, else
	// granted ones.
	Audit policy.AccessVector
	// AuditDeny has all permissions of the class whose denial is to be logged.
	AuditDeny policy.AccessVector
}

// place returns where the places for a key are.
func (c *Cache) place(k key) uint64 {
	h := (uint64(k.source)<<32 | uint64(k.target)) * 0x9e3779b97f4a7c15
	h = (h ^ h>>32 ^ uint64(k.class)) * 0xc2b2ae3d27d4eb4f
	// A shift by 64, for one set, gives 0.
	return h >> c.shift
}

// find returns the entry for a key, deciding if there is none.
func (c *Cache) find(v *security.Snapshot, k key) *entry {
	at, epoch := c.place(k), v.Epoch()
	places := &c.sets[at]
	if c.counters != nil {
		c.lookups[at%lookupShards].n.Add(1)
	}
	if e := places[0].Load(); e != nil && e.epoch == epoch && e.key == k {
		return e
	}
	if e := places[1].Load(); e != nil && e.epoch == epoch && e.key == k {
		return e
	}
	return c.decide(v, k, places)
}

// decide makes the entry for a key and keeps it in the first place, the entry
// from there in the second one.
func (c *Cache) decide(v *security.Snapshot, k key, places *set) *entry {
	fresh := &entry{key: k, epoch: v.Epoch(), decision: v.ComputeAV(k.source, k.target, k.class)}
	old := places[0].Load()
	// Who asks an old state must not push out what the present one decided.
	if old != nil && old.epoch > fresh.epoch {
		c.made(true, false, true)
		return fresh
	}
	if !places[0].CompareAndSwap(old, fresh) {
		c.made(true, false, true)
		return fresh
	}
	if old != nil && old.epoch == fresh.epoch {
		old = places[1].Swap(old)
	}
	c.made(true, old != nil && old.epoch == fresh.epoch, old != nil)
	return fresh
}

// Decide returns the decision on a class under the present state.
func (c *Cache) Decide(src, tgt policy.SID, class policy.ClassID) security.Decision {
	return c.find(c.server.Snapshot(), key{src, tgt, class}).decision
}

// Check asks whether src may have all of perms on tgt, under the present state.
// No permissions at all are granted.
func (c *Cache) Check(src, tgt policy.SID, class policy.ClassID, perms policy.AccessVector) Result {
	return c.CheckAt(c.server.Snapshot(), src, tgt, class, perms)
}

// CheckAt is Check under a given state of the server, for callers who have
// looked up the numbers of classes and permissions in its policy.
func (c *Cache) CheckAt(v *security.Snapshot, src, tgt policy.SID, class policy.ClassID, perms policy.AccessVector) Result {
	e := c.find(v, key{src, tgt, class})
	r := Result{Granted: true, Denied: perms &^ e.decision.Allowed, AuditDeny: e.decision.AuditDeny}
	if r.Denied == 0 {
		r.Audit = perms & e.decision.AuditAllow
		return r
	}
	r.Audit = r.Denied & r.AuditDeny
	r.Granted = c.denied(v, e, perms, nil)
	r.Permissive = r.Granted
	return r
}

// denied settles what a denial leads to: a refusal, or a grant that is
// remembered so that it is logged once. It returns whether to go on.
func (c *Cache) denied(v *security.Snapshot, e *entry, perms policy.AccessVector, x *grants) bool {
	if v.Enforcing() && e.decision.Flags&security.FlagPermissive == 0 {
		return false
	}
	widened := *e
	widened.decision.Allowed |= perms
	if x != nil {
		x.next = e.granted
		widened.granted = x
	}
	// If another goroutine was faster, one more record is logged at worst.
	places := &c.sets[c.place(e.key)]
	if places[0].CompareAndSwap(e, &widened) || places[1].CompareAndSwap(e, &widened) {
		c.made(false, false, true)
	}
	return true
}
