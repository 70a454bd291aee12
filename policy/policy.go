package policy

import (
	"slices"
	"sync"

	"seward/policy/ebitmap"
)

// Policy is a validated policy. It never changes; any number of goroutines may
// read it.
type Policy struct {
	b Builder

	// By identifier: entry id holds the index in the table plus one, 0 for none.
	// Aliases are left out: an identifier finds its primary symbol.
	commons       []int32
	classes       []int32
	roles         []int32
	types         []int32
	users         []int32
	booleans      []int32
	sensitivities []int32
	categories    []int32

	// By name, aliases included, to the index in the table.
	commonNames      map[string]int32
	classNames       map[string]int32
	roleNames        map[string]int32
	typeNames        map[string]int32
	userNames        map[string]int32
	booleanNames     map[string]int32
	sensitivityNames map[string]int32
	categoryNames    map[string]int32

	bySource ruleIndex
	byTarget func() ruleIndex

	members func() []ebitmap.Set[TypeID]
}

// ruleIndex lists, for each type, indices into Rules: those of type id are
// rules[start[id]:start[id+1]], in table order.
type ruleIndex struct {
	start []int32
	rules []int32
}

func indexRules(rules []Rule, types uint32, key func(*Rule) TypeID) ruleIndex {
	x := ruleIndex{start: make([]int32, types+2), rules: make([]int32, len(rules))}
	for i := range rules {
		x.start[key(&rules[i])+1]++
	}
	for i := 1; i < len(x.start); i++ {
		x.start[i] += x.start[i-1]
	}
	next := slices.Clone(x.start)
	for i := range rules {
		k := key(&rules[i])
		x.rules[next[k]] = int32(i) //nolint:gosec // G115: Build bounds the number of rules.
		next[k]++
	}
	return x
}

func (x *ruleIndex) of(t TypeID) []int32 {
	if int(t)+1 >= len(x.start) {
		return nil
	}
	return x.rules[x.start[t]:x.start[t+1]]
}

// Data returns the policy's tables for reading: whoever changes them breaks
// every promise that this package makes.
func (p *Policy) Data() *Builder { return &p.b }

// Version returns the version of the image that the policy was read from or
// compiled for.
func (p *Policy) Version() uint32 { return p.b.Version }

// MLS reports whether contexts have a range of levels.
func (p *Policy) MLS() bool { return p.b.MLS }

// HandleUnknown says what becomes of classes and permissions that the kernel
// knows and the policy doesn't.
func (p *Policy) HandleUnknown() HandleUnknown { return p.b.HandleUnknown }

// Has reports whether the policy sets the policy capability.
func (p *Policy) Has(c Capability) bool { return p.b.Capabilities.Has(uint32(c)) }

// RulesBySource returns the indices in Data().Rules of the unconditional rules
// whose source is exactly the given type or attribute, in table order. The
// caller must not change the slice.
func (p *Policy) RulesBySource(t TypeID) []int32 { return p.bySource.of(t) }

// RulesByTarget is RulesBySource for the target. The first call builds the
// index.
func (p *Policy) RulesByTarget(t TypeID) []int32 {
	x := p.byTarget()
	return x.of(t)
}

// Attributes returns the attributes of a type, the type itself included; for an
// attribute what the policy says, usually itself.
func (p *Policy) Attributes(t TypeID) ebitmap.Set[TypeID] {
	if t == 0 || int(t) > len(p.b.TypeAttributes) {
		return ebitmap.Set[TypeID]{}
	}
	return p.b.TypeAttributes[t-1]
}

// Members returns the types that have the attribute; of a type, the type
// itself. The first call builds the index.
func (p *Policy) Members(attribute TypeID) ebitmap.Set[TypeID] {
	all := p.members()
	if attribute == 0 || int(attribute) > len(all) {
		return ebitmap.Set[TypeID]{}
	}
	return all[attribute-1]
}

func (p *Policy) indexMembers() []ebitmap.Set[TypeID] {
	all := make([]ebitmap.Set[TypeID], p.b.Sizes.Types)
	for i := range p.b.TypeAttributes {
		id := TypeID(i + 1) //nolint:gosec // G115: Build bounds the number of types.
		t := p.Type(id)
		if t == nil || t.Attribute {
			continue
		}
		for a := range p.b.TypeAttributes[i].All() {
			all[a-1].Add(id)
		}
	}
	return all
}

// index sets up everything that is found by look-up.
func (p *Policy) index() {
	b := &p.b
	p.bySource = indexRules(b.Rules, b.Sizes.Types, func(r *Rule) TypeID { return r.Source })
	p.byTarget = sync.OnceValue(func() ruleIndex {
		return indexRules(b.Rules, b.Sizes.Types, func(r *Rule) TypeID { return r.Target })
	})
	p.members = sync.OnceValue(p.indexMembers)
}

// Position returns a position as file name and line; the name is empty when
// unknown.
func (p *Policy) Position(pos Pos) (file string, line uint32) {
	if pos.File == 0 || int(pos.File) > len(p.b.Files) {
		return "", 0
	}
	return p.b.Files[pos.File-1], pos.Line
}

// Origins returns the statements that contributed to a rule, in source order.
func (p *Policy) Origins(r *Rule) []Origin {
	var out []Origin
	// Build refuses chains that run backwards, so this ends.
	for i := r.Origin; i != 0; i = p.b.Origins[i-1].Next {
		out = append(out, p.b.Origins[i-1])
	}
	return out
}
