package compile

import (
	"cmp"
	"math/bits"
	"slices"

	"seward/format/cil/resolve"
	"seward/policy"
)

// extendedRules collects extended permission rules by the key that they have in
// an image, ioctl and netlink ones apart.
type extendedRules struct {
	index map[extendedKey]int
	keys  []extendedKey
	sets  []bitset
	owned []bool // the set isn't that of a statement
	tails []uint32
	heads []uint32
}

type extendedKey struct {
	key     uint64
	netlink bool
}

func newExtended() *extendedRules {
	return &extendedRules{index: make(map[extendedKey]int)}
}

// permx returns the set of extended permissions.
func (c *compiler) permx(id resolve.PermxID) bitset {
	if c.permxs == nil {
		c.permxs = make([]bitset, len(c.db.Permissionxs))
	}
	if c.permxs[id] == nil {
		x := &c.db.Permissionxs[id]
		u := &universe{db: c.db, size: 1 << 16}
		c.permxs[id] = u.eval(x.Expr)
		if u.backwards {
			c.errorf(x.Source, "range of extended permissions runs backwards")
		}
	}
	return c.permxs[id]
}

// extend adds a rule to those collected.
func (c *compiler) extend(x *extendedRules, r *resolve.Rule, kind policy.RuleKind) {
	permx := &c.db.Permissionxs[r.Permx]
	set := c.permx(r.Permx)
	pos := c.pos(r.Source)
	classes := c.classOrMap(permx.Class, permx.Map, r.Source)
	c.pairs(r, len(classes), func(s, t policy.TypeID) {
		for _, class := range classes {
			k := extendedKey{ruleKey(s, t, class, kind), permx.Kind == resolve.PermxNlmsg}
			i, ok := x.index[k]
			if !ok {
				i = len(x.keys)
				x.index[k] = i
				x.keys = append(x.keys, k)
				x.sets = append(x.sets, set)
				x.owned = append(x.owned, false)
				x.heads = append(x.heads, c.origins.one(pos, 0))
				x.tails = append(x.tails, x.heads[i])
				continue
			}
			if !x.sets[i].contains(set) {
				if !x.owned[i] {
					x.sets[i] = x.sets[i].clone()
					x.owned[i] = true
				}
				x.sets[i].or(set)
			}
			x.tails[i] = c.origins.add(x.tails[i], pos, 0)
		}
	})
}

// extendedEntries makes the image's rules of what was collected. Those of one
// key stand together. libsepol takes keys out of a hash table, which shows in
// the order of the kinds for one source, target and class.
func (c *compiler) extendedEntries(x *extendedRules) []policy.Rule {
	order := make([]int, len(x.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := x.keys[i], x.keys[j]
		if a.netlink != b.netlink {
			if b.netlink {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.bucket(), b.bucket())
	})
	var out []policy.Rule
	for _, i := range order {
		k := x.keys[i].key
		for _, entry := range xpermEntries(x.sets[i], x.keys[i].netlink) {
			out = append(out, policy.Rule{
				Source: policy.TypeID(k >> 48), Target: policy.TypeID(k >> 32 & 0xffff),
				Class: policy.ClassID(k >> 16 & 0xffff), Kind: policy.RuleKind(k & 0xffff),
				Data: uint32(len(c.b.Xperms)), Origin: x.heads[i],
			})
			c.b.Xperms = append(c.b.Xperms, entry)
		}
	}
	return out
}

// bucket is where libsepol keeps the key: MurmurHash3 over class, target, source
// and kind.
func (k extendedKey) bucket() uint32 {
	h := uint32(0)
	for _, v := range [...]uint32{uint32(k.key >> 16 & 0xffff), uint32(k.key >> 32 & 0xffff), uint32(k.key >> 48), uint32(k.key & 0xffff)} {
		h ^= bits.RotateLeft32(v*0xcc9e2d51, 15) * 0x1b873593
		h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
	}
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return h & (1<<10 - 1)
}

// xpermEntries returns the rule data that a set of 16 bit numbers amounts to, in
// the order in which an image holds it: ioctl drivers (high bytes) that are
// there whole, then one entry for each other high byte, from the highest down.
func xpermEntries(set bitset, netlink bool) []policy.Xperms {
	var out []policy.Xperms
	whole := policy.Xperms{Kind: policy.XpermIoctlDriver}
	kind := policy.XpermIoctlFunction
	if netlink {
		kind = policy.XpermNetlink
	}
	for driver := 255; driver >= 0; driver-- {
		words := set[driver*4 : driver*4+4]
		count := words.count()
		switch {
		case count == 0:
		case count == 256 && !netlink:
			whole.Bits[driver/32] |= 1 << (driver % 32)
		default:
			x := policy.Xperms{Kind: kind, Driver: uint8(driver)}
			for i, w := range words {
				x.Bits[2*i], x.Bits[2*i+1] = uint32(w), uint32(w>>32)
			}
			out = append(out, x)
		}
	}
	if whole.Bits != [8]uint32{} {
		out = append([]policy.Xperms{whole}, out...)
	}
	return out
}
