package assertion

import (
	"iter"

	"seward/policy"
	"seward/policy/ebitmap"
)

// Pairing narrows a rule to some pairs of its sources and targets.
type Pairing uint8

// Pairings of a neverallow rule.
const (
	AllPairs Pairing = iota
	// Self means each source with itself. Targets isn't looked at.
	Self
	// NotSelf leaves out a source with itself. Empty Targets mean every type.
	NotSelf
)

// ClassPermissions are permissions of one class.
type ClassPermissions struct {
	Class policy.ClassID
	Perms policy.AccessVector
}

// Rule is a neverallow rule with its sets expanded to types.
type Rule struct {
	Sources, Targets ebitmap.Set[policy.TypeID]
	Pairing          Pairing
	Permissions      []ClassPermissions
	// Xperms makes it a rule about extended permissions: it forbids these
	// commands to pairs that Permissions (the ioctl or nlmsg permission) are
	// allowed to.
	Xperms []policy.Xperms
	Pos    policy.Pos
}

// Place tells where in a policy a rule stands.
type Place struct {
	Conditional int  // index in Conditionals; -1: an unconditional rule
	Branch      bool // of a conditional's rule: in the true list
	Index       int  // in Rules, or in the list
}

// Violation is an allow rule that contradicts a neverallow rule.
type Violation struct {
	Rule  int // index of the neverallow rule
	Place Place
	Allow policy.Rule
	// Sources and Targets are the types of the allow rule that the neverallow
	// rule means too; with Self or NotSelf not all their pairs are.
	Sources, Targets ebitmap.Set[policy.TypeID]
	Perms            policy.AccessVector
	// Xperms, for a rule about extended permissions, are the forbidden commands
	// that are allowed. Empty: the permission is allowed with no command named,
	// which allows them all.
	Xperms []policy.Xperms
}

// Checker checks neverallow rules against one policy.
type Checker struct {
	p *policy.Policy
	// allows lists the allow rules of each class: those of class id are
	// refs[start[id]:start[id+1]].
	start []int32
	refs  []ref
	// extended is set up on the first rule about extended permissions.
	extended   *xpermIndex
	attributes []policy.TypeID
	sources    []bool // by type or attribute: has a member among the rule's sources
	targets    []bool
}

// ref is an allow rule with its place.
type ref struct {
	rule        *policy.Rule
	conditional int32
	branch      bool
	index       int32
}

func (r ref) place() Place {
	return Place{Conditional: int(r.conditional), Branch: r.branch, Index: int(r.index)}
}

// rules yields every rule of the policy with its place, unconditional ones
// first.
func rules(p *policy.Policy) iter.Seq[ref] {
	return func(yield func(ref) bool) {
		b := p.Data()
		for i := range b.Rules {
			if !yield(ref{&b.Rules[i], -1, false, int32(i)}) { //nolint:gosec // G115: a policy has fewer than 2^31 rules.
				return
			}
		}
		for i := range b.Conditionals {
			c := &b.Conditionals[i]
			for j := range c.True {
				if !yield(ref{&c.True[j], int32(i), true, int32(j)}) { //nolint:gosec // G115: as above.
					return
				}
			}
			for j := range c.False {
				if !yield(ref{&c.False[j], int32(i), false, int32(j)}) { //nolint:gosec // G115: as above.
					return
				}
			}
		}
	}
}

// NewChecker prepares to check rules against the policy.
func NewChecker(p *policy.Policy) *Checker {
	sizes := &p.Data().Sizes
	c := &Checker{
		p:       p,
		start:   make([]int32, sizes.Classes+2),
		sources: make([]bool, sizes.Types+1),
		targets: make([]bool, sizes.Types+1),
	}
	for r := range rules(p) {
		if r.rule.Kind == policy.Allow {
			c.start[r.rule.Class+1]++
		}
	}
	for i := 1; i < len(c.start); i++ {
		c.start[i] += c.start[i-1]
	}
	c.refs = make([]ref, c.start[len(c.start)-1])
	next := append([]int32(nil), c.start...)
	for r := range rules(p) {
		if r.rule.Kind == policy.Allow {
			c.refs[next[r.rule.Class]] = r
			next[r.rule.Class]++
		}
	}
	for i := range p.Data().Types {
		if t := &p.Data().Types[i]; t.Attribute && !t.Alias {
			c.attributes = append(c.attributes, t.ID)
		}
	}
	return c
}

// Check returns every violation of the rules, in the order of the rules and,
// for one rule, of the policy's table.
func Check(p *policy.Policy, list []Rule) []Violation {
	if len(list) == 0 {
		return nil
	}
	c := NewChecker(p)
	var out []Violation
	for i := range list {
		out = c.check(out, &list[i], i)
	}
	return out
}

// mark sets hit for every type of the set and every attribute with a member in
// it.
func (c *Checker) mark(hit []bool, set ebitmap.Set[policy.TypeID]) {
	clear(hit)
	for t := range set.All() {
		if int(t) < len(hit) {
			hit[t] = true
		}
	}
	for _, a := range c.attributes {
		hit[a] = c.p.Members(a).Intersects(set)
	}
}

func (c *Checker) check(out []Violation, rule *Rule, number int) []Violation {
	if rule.Sources.Empty() {
		return out
	}
	c.mark(c.sources, rule.Sources)
	anyTarget := rule.Pairing == NotSelf && rule.Targets.Empty()
	switch {
	case rule.Pairing == Self:
		copy(c.targets, c.sources)
	case !anyTarget:
		c.mark(c.targets, rule.Targets)
	}
	for _, cp := range rule.Permissions {
		if int(cp.Class)+1 >= len(c.start) {
			continue
		}
		for _, r := range c.refs[c.start[cp.Class]:c.start[cp.Class+1]] {
			perms := policy.AccessVector(r.rule.Data) & cp.Perms
			if perms == 0 || !c.sources[r.rule.Source] || !anyTarget && !c.targets[r.rule.Target] {
				continue
			}
			v, ok := c.match(rule, r)
			if !ok {
				continue
			}
			v.Rule, v.Perms = number, perms
			if rule.Xperms != nil && !c.matchXperms(rule, r, &v) {
				continue
			}
			out = append(out, v)
		}
	}
	return out
}

// match finds the pairs that both the neverallow rule and the allow rule mean;
// ok is false when there is none.
func (c *Checker) match(rule *Rule, r ref) (v Violation, ok bool) {
	sources := c.p.Members(r.rule.Source).And(rule.Sources)
	targets := c.p.Members(r.rule.Target)
	switch rule.Pairing {
	case Self:
		sources = sources.And(targets)
		targets = sources
	case NotSelf:
		if !rule.Targets.Empty() {
			targets = targets.And(rule.Targets)
		}
		if sources.Len() == 1 && targets.Equal(sources) {
			return v, false
		}
	case AllPairs:
		targets = targets.And(rule.Targets)
	}
	v = Violation{Place: r.place(), Allow: *r.rule, Sources: sources, Targets: targets}
	return v, !sources.Empty() && !targets.Empty()
}

// pairs yields the pairs of a violation that the rule's pairing leaves.
func (v *Violation) pairs(pairing Pairing) iter.Seq2[policy.TypeID, policy.TypeID] {
	return func(yield func(s, t policy.TypeID) bool) {
		for s := range v.Sources.All() {
			for t := range v.Targets.All() {
				if pairing == Self && s != t || pairing == NotSelf && s == t {
					continue
				}
				if !yield(s, t) {
					return
				}
			}
		}
	}
}
