package secctx

import (
	"errors"
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

func testPolicy(t testing.TB, withMLS bool) *policy.Policy {
	t.Helper()
	b := &policy.Builder{
		Version: 33,
		MLS:     withMLS,
		Roles: []policy.Role{
			{Name: "object_r", ID: 1},
			{Name: "system_r", ID: 2, Types: ebitmap.SetOf[policy.TypeID](1)},
		},
		Types: []policy.Type{{Name: "init_t", ID: 1}, {Name: "old_t", ID: 1, Alias: true}, {Name: "domain", ID: 2, Attribute: true}},
		Users: []policy.User{{Name: "system_u", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](2)}},
	}
	if withMLS {
		all := ebitmap.SetOf[policy.CategoryID](1, 2, 3)
		b.Sensitivities = []policy.Sensitivity{{Name: "s0", ID: 1, Categories: all}, {Name: "s1", ID: 2, Categories: all}}
		b.Categories = []policy.Category{{Name: "c0", ID: 1}, {Name: "c1", ID: 2}, {Name: "c2", ID: 3}}
		low := mls.Level{Sensitivity: 1}
		b.Users[0].Range = mls.Range{Low: low, High: mls.Level{Sensitivity: 2, Categories: all}}
		b.Users[0].Default = low
	}
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParse(t *testing.T) {
	full, plain := testPolicy(t, true), testPolicy(t, false)
	for _, c := range []struct {
		p    *policy.Policy
		text string
		want string
		err  error
	}{
		{full, "system_u:system_r:init_t:s0", "system_u:system_r:init_t:s0", nil},
		{full, "system_u:object_r:old_t:s0-s1:c2,c1,c0", "system_u:object_r:init_t:s0-s1:c0.c2", nil},
		{full, "system_u:system_r:init_t", "", policy.ErrRange},
		{full, "system_u:system_r:init_t:", "", ErrForm},
		{full, "system_u:system_r", "", ErrForm},
		{full, "", "", ErrForm},
		{full, "::", "", ErrForm},
		{full, "x:system_r:init_t:s0", "", policy.ErrNoUser},
		{full, "system_u:x:init_t:s0", "", policy.ErrNoRole},
		{full, "system_u:system_r:x:s0", "", policy.ErrNoType},
		{full, "system_u:system_r:domain:s0", "", policy.ErrNoType},
		{full, "system_u:system_r:init_t:s7", "", mls.ErrSensitivity},
		{full, "system_u:system_r:init_t:s1-s0", "", policy.ErrRange},
		{full, "system_u:system_r:init_t:s0 ", "", mls.ErrSensitivity},
		{plain, "system_u:system_r:init_t", "system_u:system_r:init_t", nil},
		{plain, "system_u:system_r:init_t:s0", "", policy.ErrRangeWithout},
	} {
		got, err := Parse(c.p, c.text)
		switch {
		case !errors.Is(err, c.err):
			t.Errorf("%q: got error %v, want %v", c.text, err, c.err)
		case err == nil && Format(c.p, got) != c.want:
			t.Errorf("%q: prints %q, want %q", c.text, Format(c.p, got), c.want)
		}
	}
}

func TestPartsRoundTrip(t *testing.T) {
	for _, text := range []string{"a:b:c", "a:b:c:s0-s1:c0.c5,c7"} {
		parts, err := Split(text)
		if err != nil || parts.String() != text {
			t.Errorf("%q splits into %+v, %v", text, parts, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	p := testPolicy(f, true)
	for _, seed := range []string{"system_u:system_r:init_t:s0", "system_u:object_r:old_t:s0-s1:c0.c2", ":::", "a:b:c:d:e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(p, text)
		if err != nil {
			return
		}
		again, err := Parse(p, Format(p, c))
		if err != nil || !again.Equal(c) {
			t.Errorf("%q prints as %q, which parses to %v, %v", text, Format(p, c), again, err)
		}
	})
}
