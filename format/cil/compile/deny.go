package compile

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"seward/format/cil/resolve"
	"seward/policy"
	"seward/policy/ebitmap"
)

// denyRule is a deny rule with its sets expanded. A deny rule takes permissions
// away from what the allow rules of the whole policy give, wherever they stand.
type denyRule struct {
	from  bitset
	to    resolve.TypeID
	types bitset // of to, unless it is self, notself or other
	perms map[policy.ClassID]uint32
}

// denyRules collects the deny rules.
func (c *compiler) denyRules() {
	for i := range c.db.Rules {
		r := &c.db.Rules[i]
		if r.Kind != resolve.Deny {
			continue
		}
		d := denyRule{from: c.types.set(int32(r.From)), to: r.To, perms: make(map[policy.ClassID]uint32)}
		if r.To > 0 {
			d.types = c.types.set(int32(r.To))
		}
		for _, p := range c.permsOf(r.Perms, r.Source) {
			d.perms[p.class] |= p.perms
		}
		c.denies = append(c.denies, d)
	}
}

// row returns the targets that a rule names for one of its sources.
func (c *compiler) row(from bitset, to resolve.TypeID, types bitset, source int32) bitset {
	var row bitset
	switch to {
	case resolve.TargetSelf:
		row = newBitset(c.types.size)
		row.add(source)
		return row
	case resolve.TargetNotSelf:
		row = newBitset(c.types.size)
		row.complement(c.types.size)
	case resolve.TargetOther:
		row = from.clone()
	default:
		return types.clone()
	}
	row[source/64] &^= 1 << (source % 64)
	return row
}

// vectors calls f for everything that a vector rule gives. From allow rules that
// is what deny rules leave of them.
func (c *compiler) vectors(r *resolve.Rule, f func(s, t policy.TypeID, p classPerms)) {
	perms := c.permsOf(r.Perms, r.Source)
	if len(c.denies) == 0 || r.Kind != resolve.Allow {
		c.pairs(r, len(perms), func(s, t policy.TypeID) {
			for _, p := range perms {
				f(s, t, p)
			}
		})
		return
	}
	for _, p := range perms {
		for _, part := range c.denied(r, p) {
			if len(part.denies) == 0 {
				c.pairs(r, 1, func(s, t policy.TypeID) { f(s, t, part.classPerms) })
			} else {
				c.remaining(r, part, f)
			}
		}
	}
}

// deniedPart is permissions of an allow rule that the same deny rules mean.
type deniedPart struct {
	classPerms
	denies []int
}

// denied divides permissions of an allow rule by the deny rules that mean them.
func (c *compiler) denied(r *resolve.Rule, p classPerms) []deniedPart {
	from := c.types.set(int32(r.From))
	var matching []int
	for i := range c.denies {
		if d := &c.denies[i]; d.perms[p.class]&p.perms != 0 && d.from.intersects(from) {
			matching = append(matching, i)
		}
	}
	var parts []deniedPart
	index := make(map[string]int)
	for left := p.perms; left != 0; left &= left - 1 {
		bit := uint32(1) << bits.TrailingZeros32(left)
		var denies []int
		for _, i := range matching {
			if c.denies[i].perms[p.class]&bit != 0 {
				denies = append(denies, i)
			}
		}
		key := fmt.Sprint(denies)
		if at, ok := index[key]; ok {
			parts[at].perms |= bit
			continue
		}
		index[key] = len(parts)
		parts = append(parts, deniedPart{classPerms{p.class, bit}, denies})
	}
	return parts
}

// remaining calls f for the pairs that deny rules leave of a part of an allow
// rule. Sources that keep the same targets go together, through attributes that
// are made for them.
func (c *compiler) remaining(r *resolve.Rule, part deniedPart, f func(s, t policy.TypeID, p classPerms)) {
	from := c.types.set(int32(r.From))
	if !c.spend(r.Source, from.count(), len(from), len(part.denies)) {
		return
	}
	var types bitset
	if r.To > 0 {
		types = c.types.set(int32(r.To))
	}
	type group struct{ sources, targets bitset }
	var groups []group
	index := make(map[string]int)
	for s := range from.all() {
		row := c.row(from, r.To, types, s)
		for _, i := range part.denies {
			if d := &c.denies[i]; d.from.has(s) {
				row.andNot(c.row(d.from, d.to, d.types, s))
			}
		}
		if row.empty() {
			continue
		}
		key := setKey(row)
		at, ok := index[key]
		if !ok {
			at = len(groups)
			index[key] = at
			groups = append(groups, group{newBitset(c.types.size), row})
		}
		groups[at].sources.add(s)
	}
	for _, g := range groups {
		f(c.typeFor(g.sources), c.typeFor(g.targets), part.classPerms)
	}
}

func setKey(s bitset) string {
	key := make([]byte, 0, 8*len(s))
	for _, w := range s {
		key = binary.LittleEndian.AppendUint64(key, w)
	}
	return string(key)
}

// typeFor returns the type that is the only member of a set, or an attribute with
// just these types: one of the policy or a new one.
func (c *compiler) typeFor(s bitset) policy.TypeID {
	if s.count() == 1 {
		for m := range s.all() {
			return c.memberIDs[m]
		}
	}
	if c.bySet == nil {
		c.bySet = make(map[string]policy.TypeID)
		for i := range c.db.Types {
			if c.db.Types[i].Attribute && c.typeIDs[i] != 0 {
				c.bySet[setKey(c.types.set(int32(i)))] = c.typeIDs[i]
			}
		}
	}
	key := setKey(s)
	if id, ok := c.bySet[key]; ok {
		return id
	}
	id := policy.TypeID(len(c.b.TypeAttributes) + 1)
	c.bySet[key] = id
	c.b.Types = append(c.b.Types, policy.Type{Name: c.freeName(), ID: id, Attribute: true})
	c.b.TypeAttributes = append(c.b.TypeAttributes, ebitmap.SetOf(id))
	for m := range s.all() {
		c.b.TypeAttributes[c.memberIDs[m]-1].Add(id)
	}
	return id
}

// freeName returns a name for a new attribute.
func (c *compiler) freeName() string {
	if c.taken == nil {
		c.taken = make(map[string]bool, len(c.db.Types))
		for i := range c.db.Types {
			c.taken[c.text(c.db.Types[i].Name)] = true
		}
		for i := range c.db.TypeAliases {
			c.taken[c.text(c.db.TypeAliases[i].Name)] = true
		}
	}
	for n := len(c.taken); ; n++ {
		if name := fmt.Sprintf("deny_rule_attr%d", n); !c.taken[name] {
			c.taken[name] = true
			return name
		}
	}
}
