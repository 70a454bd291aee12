package compile

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/policy"
)

func TestRuleTable(t *testing.T) {
	table := newRuleTable(0)
	var o origins
	want := map[uint64]uint32{}
	var order []uint64
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 20000 {
		kind := []policy.RuleKind{policy.Allow, policy.DontAudit}[random.IntN(2)]
		key := ruleKey(policy.TypeID(1+random.IntN(100)), policy.TypeID(1+random.IntN(100)), policy.ClassID(1+random.IntN(3)), kind)
		perms := uint32(1) << random.IntN(8)
		if _, ok := want[key]; !ok {
			order = append(order, key)
		}
		want[key] |= perms
		table.vector(key, perms, policy.Pos{File: 1, Line: uint32(n)}, &o)
	}
	if len(table.rules) != len(order) {
		t.Fatalf("got %d rules, want %d", len(table.rules), len(order))
	}
	for i, r := range table.rules {
		key := ruleKey(r.Source, r.Target, r.Class, r.Kind)
		data := r.Data
		if r.Kind == policy.DontAudit {
			data = ^data
		}
		if key != order[i] || data != want[key] {
			t.Fatalf("rule %d: got key %#x data %#x, want key %#x data %#x", i, key, data, order[i], want[key])
		}
		given, line := uint32(0), uint32(0)
		for at := r.Origin; at != 0; at = o.list[at-1].Next {
			given |= o.list[at-1].Data
			if at != r.Origin && o.list[at-1].Pos.Line <= line {
				t.Fatalf("rule %d: origins are out of order", i)
			}
			line = o.list[at-1].Pos.Line
		}
		if given != data {
			t.Fatalf("rule %d: origins give %#x, want %#x", i, given, data)
		}
		if table.find(key) != &table.rules[i] {
			t.Fatalf("rule %d is not found", i)
		}
	}
}

func operand(id policy.BooleanID) policy.BoolOp {
	return policy.BoolOp{Kind: policy.BoolOperand, Boolean: id}
}

func operator(kind policy.BoolOpKind) policy.BoolOp { return policy.BoolOp{Kind: kind} }

func TestConditionalKey(t *testing.T) {
	a, b := operand(1), operand(2)
	and, or, not := operator(policy.BoolAnd), operator(policy.BoolOr), operator(policy.BoolNot)
	for name, tt := range map[string]struct {
		x, y []policy.BoolOp
		same bool
	}{
		"symmetric":             {[]policy.BoolOp{a, b, and}, []policy.BoolOp{b, a, and}, true},
		"De Morgan":             {[]policy.BoolOp{a, b, or}, []policy.BoolOp{a, not, b, not, and, not}, true},
		"other operator":        {[]policy.BoolOp{a, b, or}, []policy.BoolOp{a, b, and}, false},
		"roles swapped":         {[]policy.BoolOp{a, b, not, and}, []policy.BoolOp{b, a, not, and}, false},
		"same with other order": {[]policy.BoolOp{a, b, not, and}, []policy.BoolOp{b, not, a, and}, false},
		"other boolean":         {[]policy.BoolOp{a}, []policy.BoolOp{b}, false},
	} {
		if got := conditionalKey(tt.x) == conditionalKey(tt.y); got != tt.same {
			t.Errorf("%s: same is %v, want %v", name, got, tt.same)
		}
	}
	long := []policy.BoolOp{operand(1)}
	for id := policy.BooleanID(2); id <= 8; id++ {
		long = append(long, operand(id), or)
	}
	if conditionalKey(long) != conditionalKey(slices.Clone(long)) || conditionalKey(long) == conditionalKey(long[:13]) {
		t.Error("expressions of many booleans are not compared by their text")
	}
	stripped, swapped := normalize([]policy.BoolOp{a, b, or, not})
	if diff := cmp.Diff([]policy.BoolOp{a, b, or}, stripped); diff != "" || !swapped {
		t.Errorf("normalize: swapped %v (-want +got):\n%s", swapped, diff)
	}
}

func TestXpermEntries(t *testing.T) {
	set := newBitset(1 << 16)
	set.addRange(0x0100, 0x01ff)
	set.add(0x0210)
	set.addRange(0x03f0, 0x04ff)
	want := []policy.Xperms{
		{Kind: policy.XpermIoctlDriver, Bits: [8]uint32{1<<1 | 1<<4}},
		{Kind: policy.XpermIoctlFunction, Driver: 3, Bits: [8]uint32{7: 0xffff0000}},
		{Kind: policy.XpermIoctlFunction, Driver: 2, Bits: [8]uint32{0: 1 << 16}},
	}
	if diff := cmp.Diff(want, xpermEntries(set, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, x := range xpermEntries(set, true) {
		if x.Kind != policy.XpermNetlink {
			t.Errorf("netlink set has an entry of kind %d", x.Kind)
		}
	}
	if got := xpermEntries(newBitset(1<<16), false); got != nil {
		t.Errorf("empty set has entries %v", got)
	}
}

func TestSpecificity(t *testing.T) {
	paths := []string{".*", "/.*", "/usr/.*", "/usr/bin/.*", "/usr/bin/x[ab]", "/a", "/a\\.b", "/etc/passwd"}
	for i, a := range paths {
		for j, b := range paths {
			got := specificityOf(a).compare(specificityOf(b))
			if want := min(max(i-j, -1), 1); got != want {
				t.Errorf("%q against %q: got %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestCompareInterfaces(t *testing.T) {
	names := []string{"wlan0", "eth*", "e?h0", "eth0", "e*", "eth?", "*"}
	slices.SortFunc(names, func(a, b string) int { return compareInterfaces(a, b, true) })
	if diff := cmp.Diff([]string{"eth0", "wlan0", "eth?", "eth*", "e?h0", "e*", "*"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTableOrder(t *testing.T) {
	names := []string{"b", "a", "ab", "c"}
	var got []string
	for _, i := range tableOrder(names) {
		got = append(got, names[i])
	}
	// The hash of a short name ends in its last letter.
	if diff := cmp.Diff([]string{"a", "b", "c", "ab"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBitset(t *testing.T) {
	s := newBitset(130)
	s.add(0)
	s.add(64)
	s.add(129)
	s.complement(130)
	if s.count() != 127 || s.has(64) || !s.has(128) {
		t.Errorf("complement has %d members: %v", s.count(), slices.Collect(s.all()))
	}
	s.complement(130)
	if got := slices.Collect(s.all()); !slices.Equal(got, []int32{0, 64, 129}) {
		t.Errorf("got %v", got)
	}
}
