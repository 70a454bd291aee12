package security

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"seward/policy"
)

// row merges all rules that apply to one source type and class under the
// present booleans: a bit set of the targets that they name, types or
// attributes, and a vector for each member.
type row struct {
	words   []rowWord
	vectors []vector
	xperms  []xpermRule
}

// rowWord is a word of the bit set that isn't empty.
type rowWord struct {
	bits  uint64
	word  uint32 // members are types word*64+1 and up
	first uint32 // index in vectors of the lowest member
}

// vector is what rules give to one target.
type vector struct {
	allow, auditAllow, auditDeny policy.AccessVector
}

// xpermRule is a rule with extended permissions.
type xpermRule struct {
	kind   policy.RuleKind
	target policy.TypeID
	xperms *policy.Xperms
}

var emptyRow row

// sourceRows has the rows of a source type by class, made on first use.
type sourceRows struct {
	rows []atomic.Pointer[row]
}

// rowTable has all rows of one policy under one set of booleans.
type rowTable struct {
	image   *image
	enabled []bool // values of the conditionals
	sources []atomic.Pointer[sourceRows]
}

func newRowTable(m *image, enabled []bool) *rowTable {
	return &rowTable{image: m, enabled: enabled, sources: make([]atomic.Pointer[sourceRows], len(m.targets))}
}

// row returns the row of a type and a class that exist.
func (x *rowTable) row(source policy.TypeID, class policy.ClassID) *row {
	rows := x.sources[source].Load()
	if rows == nil {
		rows = &sourceRows{rows: make([]atomic.Pointer[row], len(x.image.classes))}
		if !x.sources[source].CompareAndSwap(nil, rows) {
			rows = x.sources[source].Load()
		}
	}
	r := rows.rows[class].Load()
	if r == nil {
		// Two goroutines may do this at once; both make the same row.
		r = x.build(source, class)
		rows.rows[class].Store(r)
	}
	return r
}

// rowBuilder is the scratch memory for a row.
type rowBuilder struct {
	rules   []*policy.Rule
	members []uint64 // dense
	first   []uint32 // per word of members
}

var rowBuilders = sync.Pool{New: func() any { return new(rowBuilder) }}

func (x *rowTable) build(source policy.TypeID, class policy.ClassID) *row {
	b := rowBuilders.Get().(*rowBuilder) //nolint:errcheck // The pool holds nothing else.
	defer rowBuilders.Put(b)
	b.rules = b.rules[:0]
	x.collect(b, source, class)
	if len(b.rules) == 0 {
		return &emptyRow
	}
	r := &row{}
	b.layout(r, (len(x.image.targets)+62)/64)
	for _, rule := range b.rules {
		if rule.Kind&policy.XpermKinds != 0 {
			r.xperms = append(r.xperms, xpermRule{rule.Kind, rule.Target, &x.image.data.Xperms[rule.Data]})
			continue
		}
		n := uint32(rule.Target) - 1
		below := b.members[n/64] & (1<<(n%64) - 1)
		v := &r.vectors[b.first[n/64]+uint32(bits.OnesCount64(below))] //nolint:gosec // G115: at most 64.
		switch rule.Kind {
		case policy.Allow:
			v.allow |= policy.AccessVector(rule.Data)
		case policy.AuditAllow:
			v.auditAllow |= policy.AccessVector(rule.Data)
		case policy.DontAudit:
			v.auditDeny &= policy.AccessVector(rule.Data)
		}
	}
	return r
}

// collect finds the rules of a source type and of its attributes that are in
// force.
func (x *rowTable) collect(b *rowBuilder, source policy.TypeID, class policy.ClassID) {
	m := x.image
	for t := range typesOf(m.target(source)) {
		for _, k := range m.rules.of(t, class) {
			if r := &m.data.Rules[k.rule()]; r.Kind&(policy.VectorKinds|policy.XpermKinds) != 0 {
				b.rules = append(b.rules, r)
			}
		}
		for _, k := range m.conditional.of(t, class) {
			br := &m.branches[k.rule()]
			if br.rule.Kind&(policy.VectorKinds|policy.XpermKinds) != 0 && x.enabled[br.conditional] == br.when {
				b.rules = append(b.rules, br.rule)
			}
		}
	}
}

// layout lists the targets of the vector rules in r and gives each a vector.
func (b *rowBuilder) layout(r *row, words int) {
	if cap(b.members) < words {
		b.members, b.first = make([]uint64, words), make([]uint32, words)
	}
	b.members, b.first = b.members[:words], b.first[:words]
	clear(b.members)
	for _, rule := range b.rules {
		if rule.Kind&policy.VectorKinds != 0 {
			n := uint32(rule.Target) - 1
			b.members[n/64] |= 1 << (n % 64)
		}
	}
	used, n := 0, 0
	for i, w := range b.members {
		if w != 0 {
			b.first[i] = uint32(n) //nolint:gosec // G115: at most the number of types.
			used++
			n += bits.OnesCount64(w)
		}
	}
	r.words, r.vectors = make([]rowWord, 0, used), make([]vector, n)
	for i, w := range b.members {
		if w != 0 {
			r.words = append(r.words, rowWord{bits: w, word: uint32(i), first: b.first[i]}) //nolint:gosec // G115: as above.
		}
	}
	for i := range r.vectors {
		r.vectors[i].auditDeny = ^policy.AccessVector(0)
	}
}

// typesOf yields the members of a dense set of types.
func typesOf(words []uint64) func(yield func(policy.TypeID) bool) {
	return func(yield func(policy.TypeID) bool) {
		for i, w := range words {
			for ; w != 0; w &= w - 1 {
				if !yield(policy.TypeID(i*64 + bits.TrailingZeros64(w) + 1)) { //nolint:gosec // G115: bounded by the number of types.
					return
				}
			}
		}
	}
}

// decide merges the vectors of the targets that a type has as attributes.
func (r *row) decide(target []uint64) vector {
	v := vector{auditDeny: ^policy.AccessVector(0)}
	for i := range r.words {
		w := &r.words[i]
		hit := w.bits & target[w.word]
		for ; hit != 0; hit &= hit - 1 {
			below := w.bits & (hit&-hit - 1)
			x := &r.vectors[w.first+uint32(bits.OnesCount64(below))] //nolint:gosec // G115: at most 64.
			v.allow |= x.allow
			v.auditAllow |= x.auditAllow
			v.auditDeny &= x.auditDeny
		}
	}
	return v
}
