package optimize

import (
	"cmp"
	"slices"

	"seward/policy"
)

// Rules removes superfluous rules from b: from the unconditional ones first,
// then from the conditionals, of which those that are left without rules
// disappear.
func Rules(b *policy.Builder) {
	o := &optimizer{b: b}
	o.coveringTypes()
	o.index()
	o.unconditional()
	o.conditionals()
}

type optimizer struct {
	b         *policy.Builder
	attribute []bool            // by id
	covers    [][]policy.TypeID // by id-1: the types and attributes that include it, ascending
	first     map[key]int32     // index of the first rule that is left
	next      []int32           // the next rule of the same key, -1: none
	gone      []bool
	// sources has the (source, class, kind) that any rule ever had. Most pairs of
	// attributes have no rule, and this tells so without trying every target.
	sources map[key]bool
}

type key struct {
	source, target policy.TypeID
	class          policy.ClassID
	kind           policy.RuleKind
}

func keyOf(r *policy.Rule) key { return key{r.Source, r.Target, r.Class, r.Kind} }

// coveringTypes lists for a type itself and its attributes, for an attribute
// every attribute that has all its types.
func (o *optimizer) coveringTypes() {
	b := o.b
	out := make([][]policy.TypeID, len(b.TypeAttributes))
	var attributes []policy.TypeID
	for _, t := range b.Types {
		if t.Attribute {
			attributes = append(attributes, t.ID)
		}
	}
	slices.Sort(attributes)
	o.attribute = make([]bool, len(out)+1)
	for _, a := range attributes {
		o.attribute[a] = true
	}
	members := make([]policySet, len(out)+1)
	for i, attrs := range b.TypeAttributes {
		id := policy.TypeID(i + 1)
		if o.attribute[id] {
			continue
		}
		for a := range attrs.All() {
			out[i] = append(out[i], a)
			if a != id {
				members[a].Add(id)
			}
		}
	}
	for _, a := range attributes {
		for _, other := range attributes {
			if members[other].Contains(members[a]) {
				out[a-1] = append(out[a-1], other)
			}
		}
	}
	o.covers = out
}

// index links the rules of one key in their order.
func (o *optimizer) index() {
	rules := o.b.Rules
	o.first = make(map[key]int32, len(rules))
	o.sources = make(map[key]bool)
	o.next = make([]int32, len(rules))
	o.gone = make([]bool, len(rules))
	for i := len(rules) - 1; i >= 0; i-- {
		k := keyOf(&rules[i])
		o.next[i] = -1
		if after, ok := o.first[k]; ok {
			o.next[i] = after
		}
		o.first[k] = int32(i)
		k.target = 0
		o.sources[k] = true
	}
}

// unconditional goes through the rules in the order of libsepol's table.
func (o *optimizer) unconditional() {
	rules := o.b.Rules
	type place struct{ bucket, rule uint32 }
	order := make([]place, len(rules))
	for i := range rules {
		order[i] = place{bucket(&rules[i]), uint32(i)}
	}
	slices.SortFunc(order, func(x, y place) int {
		a, b := &rules[x.rule], &rules[y.rule]
		return cmp.Or(cmp.Compare(x.bucket, y.bucket), cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.Target, b.Target), cmp.Compare(a.Class, b.Class), cmp.Compare(x.rule, y.rule))
	})
	for _, p := range order {
		rule := &rules[p.rule]
		if !o.superfluous(rule, true) {
			continue
		}
		o.gone[p.rule] = true
		k := keyOf(rule)
		if o.first[k] == int32(p.rule) {
			if after := o.next[p.rule]; after >= 0 {
				o.first[k] = after
			} else {
				delete(o.first, k)
			}
		} else {
			before := o.first[k]
			for o.next[before] != int32(p.rule) {
				before = o.next[before]
			}
			o.next[before] = o.next[p.rule]
		}
	}
	kept := rules[:0]
	renumbered := make([]int32, len(rules))
	for i := range rules {
		renumbered[i] = int32(len(kept))
		if !o.gone[i] {
			kept = append(kept, rules[i])
		}
	}
	for k, i := range o.first {
		o.first[k] = renumbered[i]
	}
	o.b.Rules = kept
}

// superfluous takes from rule what unconditional rules for sets around its
// source and target say, and reports whether nothing is left. Where several
// extended permission rules have the same key, only the first is looked at.
func (o *optimizer) superfluous(rule *policy.Rule, unconditional bool) bool {
	if rule.Kind&(policy.VectorKinds|policy.XpermKinds) == 0 {
		return false
	}
	k := keyOf(rule)
	for _, k.source = range o.covers[rule.Source-1] {
		k.target = 0
		if !o.sources[k] {
			continue
		}
		for _, k.target = range o.covers[rule.Target-1] {
			if unconditional && k.source == rule.Source && k.target == rule.Target {
				continue
			}
			if i, ok := o.first[k]; ok && o.subtract(rule, &o.b.Rules[i]) {
				return true
			}
		}
	}
	return false
}

// subtract takes from rule what other says and reports whether nothing is left.
func (o *optimizer) subtract(rule, other *policy.Rule) bool {
	switch {
	case rule.Kind == policy.DontAudit:
		rule.Data |= ^other.Data
		return rule.Data == ^uint32(0)
	case rule.Kind&policy.VectorKinds != 0:
		rule.Data &^= other.Data
		return rule.Data == 0
	}
	x, y := &o.b.Xperms[rule.Data], &o.b.Xperms[other.Data]
	switch {
	case x.Kind == y.Kind && (x.Kind == policy.XpermIoctlDriver || x.Driver == y.Driver):
		left := uint32(0)
		for i := range x.Bits {
			x.Bits[i] &^= y.Bits[i]
			left |= x.Bits[i]
		}
		return left == 0
	case x.Kind == policy.XpermIoctlFunction && y.Kind == policy.XpermIoctlDriver:
		return y.Has(x.Driver)
	}
	return false
}
