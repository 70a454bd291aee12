package querygen

import (
	"strings"
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
	"seward/policy/secctx"
)

// testPolicy has one of each thing that questions are made from.
func testPolicy(t *testing.T) *policy.Policy {
	t.Helper()
	categories := ebitmap.SetOf[policy.CategoryID](1, 2, 3, 4)
	low := mls.Level{Sensitivity: 1}
	high := mls.Level{Sensitivity: 2, Categories: categories}
	b := &policy.Builder{
		Version: 33,
		MLS:     true,
		Classes: []policy.Class{
			{Name: "file", ID: 1, Permissions: []policy.PermissionName{{Name: "read", Number: 1}}},
			{Name: "process", ID: 2, Permissions: []policy.PermissionName{{Name: "fork", Number: 1}}},
		},
		Roles: []policy.Role{{Name: "object_r", ID: 1}, {Name: "user_r", ID: 2, Types: ebitmap.SetOf[policy.TypeID](1)}},
		Types: []policy.Type{
			{Name: "user_t", ID: 1}, {Name: "home_t", ID: 2}, {Name: "old_home_t", ID: 2, Alias: true}, {Name: "all", ID: 3, Attribute: true},
		},
		TypeAttributes: []ebitmap.Set[policy.TypeID]{
			ebitmap.SetOf[policy.TypeID](1, 3), ebitmap.SetOf[policy.TypeID](2, 3), ebitmap.SetOf[policy.TypeID](3),
		},
		Users: []policy.User{{Name: "user_u", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](2), Range: mls.Range{Low: low, High: high}, Default: low}},
		Sensitivities: []policy.Sensitivity{
			{Name: "s0", ID: 1, Categories: categories}, {Name: "s1", ID: 2, Categories: categories},
		},
		Categories: []policy.Category{{Name: "c0", ID: 1}, {Name: "c1", ID: 2}, {Name: "c2", ID: 3}, {Name: "c3", ID: 4}},
		Rules: []policy.Rule{
			{Source: 1, Target: 3, Class: 1, Kind: policy.Allow, Data: 1},
			{Source: 1, Target: 2, Class: 1, Kind: policy.TypeTransition, Data: 2},
		},
		FilenameTransitions: []policy.FilenameTransition{{Name: "a b", Target: 2, Class: 1, Sources: ebitmap.SetOf[policy.TypeID](1), Result: 2}},
		RoleTransitions:     []policy.RoleTransition{{Role: 2, Type: 2, Class: 2, Result: 2}},
		RangeTransitions:    []policy.RangeTransition{{Source: 1, Target: 2, Class: 2, Range: low.Single()}},
	}
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSameSeedSameQuestions(t *testing.T) {
	p := testPolicy(t)
	a, b, c := New(p, 1), New(p, 1), New(p, 2)
	same := true
	for range 1000 {
		qa, qb, qc := a.Next(), b.Next(), c.Next()
		if qa != qb {
			t.Fatalf("one seed gives %v and %v", qa, qb)
		}
		same = same && qa == qc
	}
	if same {
		t.Error("two seeds give the same questions")
	}
}

func TestQuestions(t *testing.T) {
	p := testPolicy(t)
	g := New(p, 1)
	files := map[File]int{}
	valid, invalid := 0, 0
	for range 20_000 {
		q := g.Next()
		files[q.File]++
		for _, line := range []string{q.Kernel(), q.Line()} {
			if !strings.HasPrefix(line, string(q.File)+" ") || strings.ContainsAny(line, "\n\x00") {
				t.Errorf("malformed line %q", line)
			}
		}
		if _, err := secctx.Parse(p, q.Source); err == nil {
			valid++
		} else {
			invalid++
		}
	}
	for _, file := range []File{Access, Create, Member, Relabel, Context, ValidateTrans} {
		if files[file] < 500 {
			t.Errorf("%d questions of 20000 are for %s", files[file], file)
		}
	}
	if share := 100 * invalid / (valid + invalid); share < 4 || share > 15 {
		t.Errorf("%d%% of contexts are invalid", share)
	}
}

func TestNamesAreEncoded(t *testing.T) {
	for name, want := range map[string]string{"plain.txt": "plain.txt", "a b": "a%20b", "100%": "100%25", "a+b": "a%2bb", "\xff": "%ff"} {
		if got := encode(name); got != want {
			t.Errorf("encode(%q) = %q, want %q", name, got, want)
		}
	}
}
