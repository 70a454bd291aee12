package secctx

import (
	"errors"
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// completePolicy has a role and a user beside the system's own.
func completePolicy(t *testing.T, withMLS bool) *policy.Policy {
	t.Helper()
	types := []policy.Type{{Name: "user_t", ID: 1}, {Name: "init_t", ID: 2}, {Name: "etc_t", ID: 3}, {Name: "odd_t", ID: 4}}
	b := &policy.Builder{
		Version: 33,
		MLS:     withMLS,
		Roles: []policy.Role{
			{Name: "object_r", ID: 1},
			{Name: "user_r", ID: 2, Types: ebitmap.SetOf[policy.TypeID](1, 4)},
			{Name: "system_r", ID: 3, Types: ebitmap.SetOf[policy.TypeID](2)},
		},
		Types: types,
		Users: []policy.User{
			{Name: "user_u", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](2)},
			{Name: "system_u", ID: 2, Roles: ebitmap.SetOf[policy.RoleID](3)},
		},
	}
	if withMLS {
		all := ebitmap.SetOf[policy.CategoryID](1, 2)
		b.Sensitivities = []policy.Sensitivity{{Name: "s0", ID: 1, Categories: all}}
		b.Categories = []policy.Category{{Name: "c0", ID: 1}, {Name: "c1", ID: 2}}
		low := mls.Level{Sensitivity: 1}
		for i := range b.Users {
			b.Users[i].Range = mls.Range{Low: low, High: mls.Level{Sensitivity: 1, Categories: all}}
			b.Users[i].Default = low
		}
		b.Users[0].Range.High = low
	}
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestComplete(t *testing.T) {
	full, plain := completePolicy(t, true), completePolicy(t, false)
	for _, tt := range []struct {
		policy     *policy.Policy
		text, want string
		err        error
	}{
		{full, "init_t", "system_u:system_r:init_t:s0", nil},
		{full, "user_t", "user_u:user_r:user_t:s0", nil},
		{full, "etc_t", "system_u:object_r:etc_t:s0", nil},
		{full, "init_t:s0:c1", "system_u:system_r:init_t:s0:c1", nil},
		{full, "init_t:s0-s0:c0.c1", "system_u:system_r:init_t:s0-s0:c0,c1", nil},
		{full, "system_u:object_r:user_t", "system_u:object_r:user_t:s0", nil},
		{full, "user_u:user_r:user_t:s0", "user_u:user_r:user_t:s0", nil},
		{full, "user_t:s0:c0", "", policy.ErrUserRange},
		{full, "user_u:system_r:init_t", "", policy.ErrUserRole},
		{full, "nobody_u:object_r:etc_t", "", policy.ErrNoUser},
		{full, "init_t:s9", "", policy.ErrRange},
		{full, "nothing_t", "", policy.ErrNoType},
		{full, "", "", policy.ErrNoType},
		{plain, "init_t", "system_u:system_r:init_t", nil},
		{plain, "system_u:object_r:etc_t", "system_u:object_r:etc_t", nil},
		{plain, "init_t:s0", "", policy.ErrRangeWithout},
	} {
		got, err := Complete(tt.policy, tt.text)
		switch {
		case !errors.Is(err, tt.err):
			t.Errorf("%q: got error %v, want %v", tt.text, err, tt.err)
		case err == nil && Format(tt.policy, got) != tt.want:
			t.Errorf("%q: got %s, want %s", tt.text, Format(tt.policy, got), tt.want)
		}
	}
}
