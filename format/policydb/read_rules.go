package policydb

import (
	"encoding/binary"
	"math/bits"

	"seward/policy"
	"seward/policy/ebitmap"
)

// ruleSize is the least number of bytes of a rule: source, target, class and
// kind of 16 bits each, and a word.
const ruleSize = 12

// xpermsSize is the number of bytes of extended permissions: kind, driver, bits.
const xpermsSize = 34

func (r *reader) rules() {
	r.enter(tableRules, -1)
	n := r.count(ruleSize)
	if n == 0 {
		return
	}
	rules := make([]policy.Rule, n)
	r.seen = newRuleSet(n)
	for i := range rules {
		r.enter(tableRules, i)
		x := &rules[i]
		start := r.off
		if enabled := r.rule(x); r.err != nil {
			return
		} else if enabled {
			r.failf(r.off-start-6, "enabled mark on an unconditional rule")
			return
		}
		if x.Kind&policy.XpermKinds == 0 && !r.seen.add(ruleKey(x)) {
			r.failf(r.off-start, "rule is given twice")
			return
		}
	}
	r.b.Rules = rules
}

// rule reads one rule and reports whether it is marked as enabled.
func (r *reader) rule(x *policy.Rule) (enabled bool) {
	head := r.take(8)
	if head == nil {
		return false
	}
	le := binary.LittleEndian
	x.Source = policy.TypeID(le.Uint16(head))
	x.Target = policy.TypeID(le.Uint16(head[2:]))
	x.Class = policy.ClassID(le.Uint16(head[4:]))
	kind := le.Uint16(head[6:])
	x.Kind = policy.RuleKind(kind &^ enabledMark)
	switch types := r.b.Sizes.Types; {
	case x.Source == 0 || uint32(x.Source) > types:
		r.failf(8, "source type %d out of range", x.Source)
	case x.Target == 0 || uint32(x.Target) > types:
		r.failf(6, "target type %d out of range", x.Target)
	case x.Class == 0 || uint32(x.Class) > r.b.Sizes.Classes:
		r.failf(4, "class %d out of range", x.Class)
	case bits.OnesCount16(uint16(x.Kind)) != 1 || x.Kind&(policy.VectorKinds|policy.TypeKinds|policy.XpermKinds) == 0:
		r.failf(2, "kind %#x of rule is unknown", kind)
	}
	if x.Kind&policy.XpermKinds != 0 {
		r.xperms(x)
		return kind&enabledMark != 0
	}
	x.Data = r.u32()
	if x.Kind&policy.TypeKinds != 0 && (x.Data == 0 || x.Data > r.b.Sizes.Types) {
		r.failf(4, "type %d out of range", x.Data)
	}
	return kind&enabledMark != 0
}

func (r *reader) xperms(x *policy.Rule) {
	if r.version < policy.VersionXperms {
		r.failf(2, "extended permissions in version %d", r.version)
	}
	body := r.take(xpermsSize)
	if body == nil {
		return
	}
	v := policy.Xperms{Kind: policy.XpermKind(body[0]), Driver: body[1]}
	for i := range v.Bits {
		v.Bits[i] = binary.LittleEndian.Uint32(body[2+4*i:])
	}
	switch v.Kind {
	case policy.XpermIoctlFunction, policy.XpermIoctlDriver, policy.XpermNetlink:
	default:
		r.failf(xpermsSize, "kind %d of extended permissions is unknown", v.Kind)
	}
	x.Data = uint32(len(r.b.Xperms)) //nolint:gosec // G115: bounded by the image, whose offsets fit.
	r.b.Xperms = append(r.b.Xperms, v)
}

func (r *reader) conditionals() {
	r.enter(tableConds, -1)
	n := r.count(24)
	if n == 0 {
		return
	}
	conds := make([]policy.Conditional, n)
	r.condTypes = make(map[uint64]bool)
	for i := range conds {
		r.enter(tableConds, i)
		c := &conds[i]
		c.State = int32(r.u32()) //nolint:gosec // G115: the image's word, -1 for undefined.
		if c.State < -1 || c.State > 1 {
			r.failf(4, "state %d is unknown", c.State)
		}
		ops := r.count(8)
		if r.err != nil {
			return
		}
		c.Expr = make([]policy.BoolOp, ops)
		for j := range c.Expr {
			op := policy.BoolOp{Kind: policy.BoolOpKind(r.u32()), Boolean: policy.BooleanID(r.u32())}
			if uint32(op.Boolean) > r.b.Sizes.Booleans {
				r.failf(4, "boolean %d out of range", op.Boolean)
			}
			c.Expr[j] = op
		}
		c.True = r.condRules(c.State == 1)
		c.False = r.condRules(c.State == 0)
		r.remember(c)
		if r.err != nil {
			return
		}
	}
	r.b.Conditionals = conds
}

// condRules reads the rules of one branch. Whoever wrote the image marked those
// in force, which must agree with the conditional's state.
func (r *reader) condRules(enabled bool) []policy.Rule {
	n := r.count(ruleSize)
	if n == 0 {
		return nil
	}
	rules := make([]policy.Rule, n)
	var here map[uint64]bool // keys of this branch's type rules
	for i := range rules {
		x := &rules[i]
		start := r.off
		mark := r.rule(x)
		if r.err != nil {
			return nil
		}
		size := r.off - start
		switch {
		case mark != enabled:
			r.failf(size-6, "rule %d: enabled mark contradicts the state", i)
		case x.Kind&policy.XpermKinds != 0 && r.version < policy.VersionConditionalXperms:
			r.failf(size-6, "rule %d: conditional extended permissions in version %d", i, r.version)
		case x.Kind&policy.TypeKinds != 0:
			// Two type rules in force at once would be ambiguous: only the other
			// branch of the same conditional may have the same.
			key := ruleKey(x)
			if r.seen.has(key) || r.condTypes[key] || here[key] {
				r.failf(size, "rule %d: type rule is given elsewhere", i)
			}
			if here == nil {
				here = make(map[uint64]bool)
			}
			here[key] = true
		}
	}
	return rules
}

// remember keeps the type rules of a conditional for those that follow.
func (r *reader) remember(c *policy.Conditional) {
	for _, list := range [][]policy.Rule{c.True, c.False} {
		for i := range list {
			if list[i].Kind&policy.TypeKinds != 0 {
				r.condTypes[ruleKey(&list[i])] = true
			}
		}
	}
}

func (r *reader) roleTransitions() {
	r.enter(tableRoleTrans, -1)
	size := 12
	if r.version >= policy.VersionRoleTransitionClass {
		size = 16
	}
	n := r.count(size)
	if n == 0 {
		return
	}
	out := make([]policy.RoleTransition, n)
	type key struct {
		role  policy.RoleID
		typ   policy.TypeID
		class policy.ClassID
	}
	seen := make(map[key]bool, n)
	for i := range out {
		r.enter(tableRoleTrans, i)
		t := &out[i]
		t.Role, t.Type, t.Result = policy.RoleID(r.u32()), policy.TypeID(r.u32()), policy.RoleID(r.u32())
		t.Class = r.process
		if r.version >= policy.VersionRoleTransitionClass {
			t.Class = policy.ClassID(r.u32())
		}
		k := key{t.Role, t.Type, t.Class}
		if seen[k] {
			r.failf(size, "role transition is given twice")
		}
		seen[k] = true
	}
	r.b.RoleTransitions = out
}

func (r *reader) roleAllows() {
	r.enter(tableRoleAllow, -1)
	n := r.count(8)
	if n == 0 {
		return
	}
	out := make([]policy.RoleAllow, n)
	for i := range out {
		r.enter(tableRoleAllow, i)
		out[i].From, out[i].To = policy.RoleID(r.u32()), policy.RoleID(r.u32())
	}
	r.b.RoleAllows = out
}

// fileKey is what a file's creation is looked up by, but for the source.
type fileKey struct {
	name   string
	target policy.TypeID
	class  policy.ClassID
}

func (r *reader) filenameTransitions() {
	if r.version < policy.VersionFilenameTransitions {
		return
	}
	r.enter(tableFileTrans, -1)
	if r.version < policy.VersionCompactFilename {
		r.singleFilenameTransitions()
		return
	}
	n := r.count(37)
	if n == 0 {
		return
	}
	out := make([]policy.FilenameTransition, 0, n)
	seen := make(map[fileKey]bool, n)
	for range n {
		r.enter(tableFileTrans, len(out))
		start := r.off
		name := r.name(r.u32())
		target, class := policy.TypeID(r.u32()), policy.ClassID(r.u32())
		results := r.count(16)
		if r.err != nil {
			return
		}
		key := fileKey{name, target, class}
		if seen[key] || results == 0 {
			r.failf(r.off-start, "filename transition of %q is given twice or has no result", name)
			return
		}
		seen[key] = true
		// No source may have two results, and no result comes twice.
		var sources, given ebitmap.Set[policy.TypeID]
		for range results {
			r.enter(tableFileTrans, len(out))
			t := policy.FilenameTransition{Name: name, Target: target, Class: class}
			t.Sources.Bitmap = r.bitmap()
			t.Result = policy.TypeID(r.u32())
			r.ident("type", uint32(t.Result), r.b.Sizes.Types, 4)
			if top := t.Sources.Max(); uint32(top) > r.b.Sizes.Types {
				r.failf(4, "source type %d out of range", top)
			}
			if r.err != nil {
				return
			}
			if results > 1 {
				if given.Has(t.Result) || sources.Intersects(t.Sources) {
					r.failf(4, "results of filename transition %q overlap", name)
					return
				}
				given.Add(t.Result)
				sources.Union(t.Sources)
			}
			out = append(out, t)
		}
	}
	r.b.FilenameTransitions = out
}

// singleFilenameTransitions reads the form before version 33: one entry for
// each source. Entries in a row that differ only in an ascending source make
// one FilenameTransition, so that writing gives the same rows again. A source
// that already has a result for a key keeps it: old compilers wrote such
// duplicates, and libsepol and the kernel ignore them too.
func (r *reader) singleFilenameTransitions() {
	n := r.count(21)
	var out []policy.FilenameTransition
	type sourceKey struct {
		fileKey
		source policy.TypeID
	}
	seen := make(map[sourceKey]bool)
	for range n {
		r.enter(tableFileTrans, len(out))
		name := r.name(r.u32())
		source, target := policy.TypeID(r.u32()), policy.TypeID(r.u32())
		class, result := policy.ClassID(r.u32()), policy.TypeID(r.u32())
		if r.err != nil {
			return
		}
		r.ident("source type", uint32(source), r.b.Sizes.Types, 16)
		key := sourceKey{fileKey{name, target, class}, source}
		if r.err != nil || seen[key] {
			continue
		}
		seen[key] = true
		if last := len(out) - 1; last >= 0 {
			t := &out[last]
			if t.Name == name && t.Target == target && t.Class == class && t.Result == result && source > t.Sources.Max() {
				t.Sources.Add(source)
				continue
			}
		}
		out = append(out, policy.FilenameTransition{
			Name: name, Target: target, Class: class, Result: result,
			Sources: ebitmap.SetOf(source),
		})
	}
	r.b.FilenameTransitions = out
}

func (r *reader) rangeTransitions() {
	r.enter(tableRangeTrans, -1)
	n := r.count(32)
	if n == 0 {
		return
	}
	out := make([]policy.RangeTransition, n)
	type key struct {
		source, target policy.TypeID
		class          policy.ClassID
	}
	seen := make(map[key]bool, n)
	for i := range out {
		r.enter(tableRangeTrans, i)
		t := &out[i]
		t.Source, t.Target, t.Class = policy.TypeID(r.u32()), policy.TypeID(r.u32()), policy.ClassID(r.u32())
		k := key{t.Source, t.Target, t.Class}
		if seen[k] {
			r.failf(12, "range transition is given twice")
		}
		seen[k] = true
		if t.Range = r.mlsRange(); r.err != nil {
			return
		}
	}
	r.b.RangeTransitions = out
}

// typeAttributes reads, for each type or attribute, the attributes it has. As
// the kernel does, every type is made one of its own.
func (r *reader) typeAttributes() {
	r.enter(tableAttributes, -1)
	n := r.checkCount(r.b.Sizes.Types, 12)
	if n == 0 {
		return
	}
	plain := make([]bool, n+1)
	for i := range r.b.Types {
		t := &r.b.Types[i]
		plain[t.ID] = plain[t.ID] || !t.Alias && !t.Attribute
	}
	out := make([]ebitmap.Set[policy.TypeID], n)
	for i := range out {
		r.enter(tableAttributes, i)
		out[i].Bitmap = r.bitmap()
		if plain[i+1] && !out[i].Bitmap.Has(uint32(i)) {
			out[i] = out[i].Clone()
			out[i].Add(policy.TypeID(i + 1))
		}
		if r.err != nil {
			return
		}
	}
	r.b.TypeAttributes = out
}
