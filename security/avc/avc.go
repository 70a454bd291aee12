package avc

import (
	"sync/atomic"

	"seward/policy"
	"seward/security"
)

// Options configure a Cache.
type Options struct {
	// Slots is the number of decisions to remember, rounded up to a power of
	// two. Default: 8192, about 1 MB when full.
	Slots int
}

const (
	defaultSlots = 8192
	maxSlots     = 1 << 24
)

// Cache remembers decisions of one server. New makes one.
type Cache struct {
	server *security.Server
	slots  []atomic.Pointer[entry]
	shift  uint8 // 64 minus the logarithm of the number of slots
}

type key struct {
	source, target policy.SID
	class          policy.ClassID
}

// entry never changes; a change replaces it.
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
	for n < want {
		n, shift = n<<1, shift-1
	}
	return &Cache{server: server, slots: make([]atomic.Pointer[entry], n), shift: shift}
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
	// Decision is the whole answer of the server.
	Decision security.Decision
}

// slot returns the place of a key.
func (c *Cache) slot(k key) *atomic.Pointer[entry] {
	h := (uint64(k.source)<<32|uint64(k.target))*0x9e3779b97f4a7c15 + uint64(k.class)*0xc2b2ae3d27d4eb4f
	h ^= h >> 29
	h *= 0x9e3779b97f4a7c15
	// A shift by 64, for one slot, gives 0.
	return &c.slots[h>>c.shift]
}

// find returns the entry for a key, deciding if there is none.
func (c *Cache) find(v *security.Snapshot, k key) *entry {
	slot := c.slot(k)
	e := slot.Load()
	if e != nil && e.epoch == v.Epoch() && e.key == k {
		return e
	}
	fresh := &entry{key: k, epoch: v.Epoch(), decision: v.ComputeAV(k.source, k.target, k.class)}
	// Who asks an old state must not push out what the present one decided.
	if e == nil || e.epoch <= fresh.epoch {
		slot.CompareAndSwap(e, fresh)
	}
	return fresh
}

// Decide returns the decision on a class under the present state.
func (c *Cache) Decide(src, tgt policy.SID, class policy.ClassID) security.Decision {
	return c.find(c.server.Snapshot(), key{src, tgt, class}).decision
}

// Check asks whether src may have all of perms on tgt, under the present state.
func (c *Cache) Check(src, tgt policy.SID, class policy.ClassID, perms policy.AccessVector) Result {
	return c.CheckAt(c.server.Snapshot(), src, tgt, class, perms)
}

// CheckAt is Check under a given state of the server, for callers who have
// looked up the numbers of classes and permissions in its policy.
func (c *Cache) CheckAt(v *security.Snapshot, src, tgt policy.SID, class policy.ClassID, perms policy.AccessVector) Result {
	e := c.find(v, key{src, tgt, class})
	r := Result{Granted: true, Decision: e.decision}
	r.Denied = perms &^ e.decision.Allowed
	switch {
	case perms == 0:
		// The kernel takes an empty request for a mistake of its caller and
		// denies it in enforcing mode; object managers ask for existence so.
	case r.Denied == 0:
		r.Audit = perms & e.decision.AuditAllow
	default:
		r.Audit = r.Denied & e.decision.AuditDeny
		c.denied(v, e, perms, nil, &r)
	}
	return r
}

// denied settles what a denial leads to: a refusal, or a grant that is
// remembered so that it is logged once.
func (c *Cache) denied(v *security.Snapshot, e *entry, perms policy.AccessVector, x *grants, r *Result) {
	if v.Enforcing() && e.decision.Flags&security.FlagPermissive == 0 {
		r.Granted = false
		return
	}
	r.Permissive = true
	widened := *e
	widened.decision.Allowed |= perms
	if x != nil {
		x.next = e.granted
		widened.granted = x
	}
	// If another goroutine was faster, one more record is logged at worst.
	c.slot(e.key).CompareAndSwap(e, &widened)
}
