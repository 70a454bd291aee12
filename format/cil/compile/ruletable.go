package compile

import "seward/policy"

// origins keeps which statements gave which rules, as chains in the order of
// the statements.
type origins struct {
	list []policy.Origin
}

// one starts a chain.
func (o *origins) one(pos policy.Pos, data uint32) uint32 {
	o.list = append(o.list, policy.Origin{Pos: pos, Data: data})
	return uint32(len(o.list))
}

// add appends to the chain that ends at tail and returns its new end. A
// statement that gives a rule twice over, as one naming overlapping sets does,
// is cited once.
func (o *origins) add(tail uint32, pos policy.Pos, data uint32) uint32 {
	last := &o.list[tail-1]
	if last.Pos == pos {
		last.Data |= data
		return tail
	}
	o.list = append(o.list, policy.Origin{Pos: pos, Data: data})
	o.list[tail-1].Next = uint32(len(o.list))
	return uint32(len(o.list))
}

// ruleTable holds rules that are unique by source, target, class and kind, in
// the order in which they first came.
//
// A policy has some hundred thousand of them and most statements meet one that
// exists, so the index is one open-addressed table with the whole key in the
// slot.
type ruleTable struct {
	rules []policy.Rule
	tails []uint32 // per rule the end of its chain of origins
	slots []ruleSlot
	shift uint
}

type ruleSlot struct {
	key  uint64 // 0: free; no key is 0, because identifiers count from 1
	rule uint32
}

func newRuleTable(expect int) *ruleTable {
	bits := uint(10)
	for 1<<bits < 2*expect {
		bits++
	}
	return &ruleTable{
		rules: make([]policy.Rule, 0, expect),
		tails: make([]uint32, 0, expect),
		slots: make([]ruleSlot, 1<<bits),
		shift: 64 - bits,
	}
}

// ruleKey packs what identifies a rule. Types and classes fit 16 bits: the
// image has no more, and numbering has checked it.
func ruleKey(source, target policy.TypeID, class policy.ClassID, kind policy.RuleKind) uint64 {
	return uint64(source)<<48 | uint64(target)<<32 | uint64(class)<<16 | uint64(kind)
}

// slot returns the slot that holds key or the free one where it belongs.
func (t *ruleTable) slot(key uint64) *ruleSlot {
	mask := uint64(len(t.slots) - 1)
	for i := key * 0x9e3779b97f4a7c15 >> t.shift; ; i++ {
		s := &t.slots[i&mask]
		if s.key == key || s.key == 0 {
			return s
		}
	}
}

// find returns the rule with the key, nil when there is none.
func (t *ruleTable) find(key uint64) *policy.Rule {
	s := t.slot(key)
	if s.key == 0 {
		return nil
	}
	return &t.rules[s.rule]
}

// place returns the index of the rule with the key, which it adds when it is
// new.
func (t *ruleTable) place(key uint64, data uint32) (index int, added bool) {
	s := t.slot(key)
	if s.key != 0 {
		return int(s.rule), false
	}
	if 4*len(t.rules) >= 3*len(t.slots) {
		t.grow()
		s = t.slot(key)
	}
	*s = ruleSlot{key: key, rule: uint32(len(t.rules))}
	t.rules = append(t.rules, policy.Rule{
		Source: policy.TypeID(key >> 48),
		Target: policy.TypeID(key >> 32 & 0xffff),
		Class:  policy.ClassID(key >> 16 & 0xffff),
		Kind:   policy.RuleKind(key & 0xffff),
		Data:   data,
	})
	t.tails = append(t.tails, 0)
	return len(t.rules) - 1, true
}

func (t *ruleTable) grow() {
	old := t.slots
	t.slots = make([]ruleSlot, 2*len(old))
	t.shift--
	for _, s := range old {
		if s.key != 0 {
			*t.slot(s.key) = s
		}
	}
}

// vector adds permissions to a rule of a vector kind. data is what the statement
// says, also for DontAudit, whose rules hold the complement.
func (t *ruleTable) vector(key uint64, data uint32, pos policy.Pos, o *origins) {
	stored := data
	dontAudit := policy.RuleKind(key&0xffff) == policy.DontAudit
	if dontAudit {
		stored = ^data
	}
	i, added := t.place(key, stored)
	rule := &t.rules[i]
	switch {
	case added:
		t.tails[i] = o.one(pos, data)
		rule.Origin = t.tails[i]
		return
	case dontAudit:
		rule.Data &= stored
	default:
		rule.Data |= stored
	}
	t.tails[i] = o.add(t.tails[i], pos, data)
}
