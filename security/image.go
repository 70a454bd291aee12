package security

import (
	"sync"
	"sync/atomic"

	"seward/policy"
	"seward/policy/mls"
)

// image is a policy prepared for decisions. It doesn't depend on booleans and
// is shared by all snapshots of one load.
type image struct {
	policy *policy.Policy
	data   *policy.Builder

	rules       index
	conditional index
	branches    []branchRule // what the keys of conditional number

	targets []atomic.Pointer[[]uint64] // attributes of a type as dense words, by type
	classes []atomic.Pointer[classCode]
	sets    setTable
	spans   spans

	process   policy.ClassID
	processTo policy.AccessVector // transition and dyntransition
	sockets   []bool

	roleAllows      func() map[rolePair]int32
	roleTransitions func() map[roleKey]int32
	rangeTo         func() map[typeKey]*span
	filenames       func() map[nameKey][]int32
}

// branchRule is a rule of a conditional.
type branchRule struct {
	rule        *policy.Rule
	conditional int32
	when        bool // the value of the expression that enables the rule
}

type (
	rolePair struct{ from, to policy.RoleID }
	roleKey  struct {
		role  policy.RoleID
		typ   policy.TypeID
		class policy.ClassID
	}
	typeKey struct {
		source, target policy.TypeID
		class          policy.ClassID
	}
	nameKey struct {
		target policy.TypeID
		class  policy.ClassID
		name   string
	}
)

func newImage(p *policy.Policy) *image {
	data := p.Data()
	m := &image{policy: p, data: data, sockets: socketClasses(p)}
	m.rules = newIndex(len(data.Rules), data.Sizes, func(yield func(int, *policy.Rule) bool) {
		for i := range data.Rules {
			yield(i, &data.Rules[i])
		}
	})
	m.flattenConditionals()
	m.conditional = newIndex(len(m.branches), data.Sizes, func(yield func(int, *policy.Rule) bool) {
		for i := range m.branches {
			yield(i, m.branches[i].rule)
		}
	})
	m.targets = make([]atomic.Pointer[[]uint64], data.Sizes.Types+1)
	m.classes = make([]atomic.Pointer[classCode], data.Sizes.Classes+1)
	if c := p.ClassByName("process"); c != nil {
		m.process = c.ID
		m.processTo = p.Permission(c, "transition") | p.Permission(c, "dyntransition")
	}
	m.roleAllows = sync.OnceValue(m.indexRoleAllows)
	m.roleTransitions = sync.OnceValue(m.indexRoleTransitions)
	m.rangeTo = sync.OnceValue(m.indexRanges)
	m.filenames = sync.OnceValue(m.indexFilenames)
	return m
}

func (m *image) flattenConditionals() {
	n := 0
	for i := range m.data.Conditionals {
		n += len(m.data.Conditionals[i].True) + len(m.data.Conditionals[i].False)
	}
	m.branches = make([]branchRule, 0, n)
	for i := range m.data.Conditionals {
		c := &m.data.Conditionals[i]
		m.branches = appendBranch(m.branches, c.True, i, true)
		m.branches = appendBranch(m.branches, c.False, i, false)
	}
}

func appendBranch(to []branchRule, rules []policy.Rule, conditional int, when bool) []branchRule {
	for j := range rules {
		to = append(to, branchRule{rule: &rules[j], conditional: int32(conditional), when: when}) //nolint:gosec // G115: bounded by the rules of a policy.
	}
	return to
}

// Where an image has two entries for one key, the first counts, as for the
// kernel, which refuses to add the second.

func (m *image) indexRoleAllows() map[rolePair]int32 {
	x := make(map[rolePair]int32, len(m.data.RoleAllows))
	for i, a := range m.data.RoleAllows {
		addFirst(x, rolePair{a.From, a.To}, i)
	}
	return x
}

func (m *image) indexRoleTransitions() map[roleKey]int32 {
	x := make(map[roleKey]int32, len(m.data.RoleTransitions))
	for i := range m.data.RoleTransitions {
		t := &m.data.RoleTransitions[i]
		addFirst(x, roleKey{t.Role, t.Type, t.Class}, i)
	}
	return x
}

func addFirst[K comparable](x map[K]int32, k K, i int) {
	if _, dup := x[k]; !dup {
		x[k] = int32(i) //nolint:gosec // G115: an index of a table of the policy.
	}
}

func (m *image) indexRanges() map[typeKey]*span {
	x := make(map[typeKey]*span, len(m.data.RangeTransitions))
	for i := range m.data.RangeTransitions {
		t := &m.data.RangeTransitions[i]
		k := typeKey{t.Source, t.Target, t.Class}
		if _, dup := x[k]; !dup {
			x[k] = m.spans.of(t.Range)
		}
	}
	return x
}

func (m *image) indexFilenames() map[nameKey][]int32 {
	x := make(map[nameKey][]int32)
	for i := range m.data.FilenameTransitions {
		t := &m.data.FilenameTransitions[i]
		k := nameKey{t.Target, t.Class, t.Name}
		x[k] = append(x[k], int32(i)) //nolint:gosec // G115: an index of a table of the policy.
	}
	return x
}

// target returns the attributes of a type and the type itself as dense words:
// bit n%64 of word n/64 is type n+1.
func (m *image) target(t policy.TypeID) []uint64 {
	if words := m.targets[t].Load(); words != nil {
		return *words
	}
	dense := make([]uint64, (len(m.targets)+62)/64)
	for _, w := range m.policy.Attributes(t).Bitmap.Words() {
		dense[w.Start/64] = w.Bits
	}
	dense[(t-1)/64] |= 1 << ((t - 1) % 64)
	m.targets[t].Store(&dense)
	return dense
}

// rangeOf returns the span of a context's range.
func (m *image) rangeOf(r mls.Range) *span {
	if !m.policy.MLS() {
		return noRange
	}
	return m.spans.of(r)
}
