package optimize

import (
	"slices"

	"seward/policy"
	"seward/policy/ebitmap"
)

type policySet = ebitmap.Set[policy.TypeID]

// conditionals removes rules that an unconditional one or one of the same list
// covers, and then conditionals without rules.
func (o *optimizer) conditionals() {
	kept := o.b.Conditionals[:0]
	for _, c := range o.b.Conditionals {
		c.True = o.list(c.True)
		c.False = o.list(c.False)
		if len(c.True)+len(c.False) > 0 {
			kept = append(kept, c)
		}
	}
	o.b.Conditionals = kept
}

// list returns what stays of one list. The rules that may cover others, those
// that name an attribute, move to its end in reverse.
func (o *optimizer) list(rules []policy.Rule) []policy.Rule {
	out := make([]policy.Rule, 0, len(rules))
	var wide []policy.Rule
	for _, r := range rules {
		if o.attribute[r.Source] || o.attribute[r.Target] {
			wide = append(wide, r)
		} else {
			out = append(out, r)
		}
	}
	slices.Reverse(wide)

	narrow := out
	out = out[:0]
	for i := range narrow {
		r := &narrow[i]
		if !o.superfluous(r, false) && !o.covered(r, wide) {
			out = append(out, *r)
		}
	}
	for i := 0; i < len(wide); {
		r := &wide[i]
		if o.superfluous(r, false) || o.covered(r, wide) {
			wide = slices.Delete(wide, i, i+1)
		} else {
			i++
		}
	}
	return append(out, wide...)
}

// covered takes from rule what others of its list say and reports whether
// nothing is left.
func (o *optimizer) covered(rule *policy.Rule, others []policy.Rule) bool {
	if rule.Kind&(policy.VectorKinds|policy.XpermKinds) == 0 {
		return false
	}
	for i := range others {
		r := &others[i]
		if r.Kind != rule.Kind || r.Class != rule.Class || r.Source == rule.Source && r.Target == rule.Target {
			continue
		}
		_, source := slices.BinarySearch(o.covers[rule.Source-1], r.Source)
		_, target := slices.BinarySearch(o.covers[rule.Target-1], r.Target)
		if source && target && o.subtract(rule, r) {
			return true
		}
	}
	return false
}
