package policydb

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/internal/policycmp"
	"seward/policy"
	"seward/policy/ebitmap"
)

func TestRoundTrip(t *testing.T) {
	for version := uint32(policy.VersionMin); version <= policy.VersionMax; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			p := build(t, menagerie(version))
			lost := func(l Loss) { t.Errorf("lost %s", l) }
			data := image(t, p, &WriteOptions{Lost: lost})
			got := read(t, "menagerie", data)
			if diff := policycmp.Diff(p, got); len(diff) != 0 {
				t.Errorf("what was read differs: %q", diff)
			}
			if diff := cmp.Diff(menagerie(version), got.Data(), cmp.Comparer(func(x, y ebitmap.Bitmap) bool { return x.Equal(y) })); diff != "" {
				t.Errorf("tables differ: %s", diff)
			}
			sameBytes(t, "read and written", image(t, got, nil), data)

			bucketed := image(t, p, &WriteOptions{Layout: LayoutLibsepol34})
			if len(bucketed) != len(data) && version >= policy.VersionRoleTransitionClass {
				t.Errorf("layouts have %d and %d bytes", len(bucketed), len(data))
			}
			again := read(t, "bucketed", bucketed)
			sameBytes(t, "bucketed twice", image(t, again, &WriteOptions{Layout: LayoutLibsepol34}), bucketed)
			sameBytes(t, "bucketed and kept", image(t, again, nil), bucketed)
		})
	}
}

func TestReadKeepsNothingOfTheInput(t *testing.T) {
	data := image(t, build(t, menagerie(policy.VersionMax)), nil)
	want := bytes.Clone(data)
	p := read(t, "menagerie", data)
	clear(data)
	sameBytes(t, "after the input was cleared", image(t, p, nil), want)
}

func TestTrailingBytesAreIgnored(t *testing.T) {
	data := image(t, build(t, menagerie(33)), nil)
	p := read(t, "menagerie", append(bytes.Clone(data), "rest"...))
	sameBytes(t, "written", image(t, p, nil), data)
}

func TestLosses(t *testing.T) {
	b := menagerie(policy.VersionMax)
	b.Conditionals[1].True = nil
	b.Rules = b.Rules[:len(b.Rules)-len(b.Xperms)+1]
	b.Xperms = nil
	p := build(t, b)
	for version, want := range map[uint32][]string{
		24: {
			"4 filename transitions (version 25 needed)", "1 role transitions (version 26 needed)",
			"2 defaults for user, role or range of a class (version 27 needed)", "1 defaults for the type of a class (version 28 needed)",
			"1 contexts of InfiniBand partition keys (version 31 needed)", "1 contexts of InfiniBand end ports (version 31 needed)",
			"1 default ranges glblub (version 32 needed)", "1 never-audited types (version 35 needed)",
		},
		30: {
			"1 contexts of InfiniBand partition keys (version 31 needed)", "1 contexts of InfiniBand end ports (version 31 needed)",
			"1 default ranges glblub (version 32 needed)", "1 never-audited types (version 35 needed)",
		},
		34: {"1 never-audited types (version 35 needed)"},
		35: nil,
	} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			var got []string
			data := image(t, p, &WriteOptions{Version: version, Lost: func(l Loss) { got = append(got, l.String()) }})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			older := read(t, "older", data)
			if older.Version() != version {
				t.Errorf("version is %d, want %d", older.Version(), version)
			}
			// What is left is what a policy of that version has: writing it again
			// loses nothing.
			image(t, older, &WriteOptions{Lost: func(l Loss) { t.Errorf("lost %s the second time", l) }})
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	p := build(t, menagerie(policy.VersionMax))
	for name, tt := range map[string]struct {
		opts WriteOptions
		want string
	}{
		"xperms":             {WriteOptions{Version: 29}, "policy version 29 has no extended permissions (30 needed)"},
		"conditional xperms": {WriteOptions{Version: 33}, "policy version 33 has no conditional extended permissions (34 needed)"},
		"old":                {WriteOptions{Version: 23}, "write policy image: version 23 is not between 24 and 35"},
		"new":                {WriteOptions{Version: 36}, "write policy image: version 36 is not between 24 and 35"},
		"layout":             {WriteOptions{Layout: 9}, "write policy image: layout 9 is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := Write(&out, p, &tt.opts)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
			if out.Len() != 0 {
				t.Errorf("%d bytes were written", out.Len())
			}
		})
	}
	var version *VersionError
	if err := Write(&bytes.Buffer{}, p, &WriteOptions{Version: 29}); !errors.As(err, &version) || version.Needs != 30 {
		t.Errorf("error is %#v, want a VersionError", err)
	}
}

type failing struct{ calls int }

func (f *failing) Write([]byte) (int, error) { f.calls++; return 0, errors.New("disk full") }

func TestWriteReportsItsWriter(t *testing.T) {
	f := &failing{}
	err := Write(f, build(t, menagerie(33)), nil)
	if err == nil || err.Error() != "write policy image: disk full" || f.calls != 1 {
		t.Errorf("error is %v after %d calls", err, f.calls)
	}
}

// Entries of one key that stand apart, as old compilers wrote them, come
// together in the compact form.
func TestFilenameTransitionsAreGathered(t *testing.T) {
	b := menagerie(32)
	b.FilenameTransitions = []policy.FilenameTransition{
		{Name: "bone", Target: chowT, Class: fileC, Sources: ebitmap.SetOf(catT), Result: bowlT},
		{Name: "ball", Target: chowT, Class: fileC, Sources: ebitmap.SetOf(dogT), Result: bowlT},
		{Name: "bone", Target: chowT, Class: fileC, Sources: ebitmap.SetOf(dogT), Result: bowlT},
	}
	p := build(t, b)
	flat := image(t, p, nil)
	sameBytes(t, "flat", image(t, read(t, "flat", flat), nil), flat)
	got := read(t, "compact", image(t, p, &WriteOptions{Version: 33})).Data().FilenameTransitions
	want := []policy.FilenameTransition{
		{Name: "bone", Target: chowT, Class: fileC, Sources: ebitmap.SetOf(dogT, catT), Result: bowlT},
		{Name: "ball", Target: chowT, Class: fileC, Sources: ebitmap.SetOf(dogT), Result: bowlT},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(x, y ebitmap.Bitmap) bool { return x.Equal(y) })); diff != "" {
		t.Error(diff)
	}
}

func TestDuplicateFilenameTransitionIsDropped(t *testing.T) {
	b := menagerie(32)
	b.FilenameTransitions = []policy.FilenameTransition{
		{Name: "bone", Target: chowT, Class: fileC, Sources: ebitmap.SetOf(catT), Result: bowlT},
		{Name: "bone", Target: chowT, Class: fileC, Sources: ebitmap.SetOf(catT), Result: chowT},
	}
	got := read(t, "flat", image(t, build(t, b), nil)).Data().FilenameTransitions
	if len(got) != 1 || got[0].Result != bowlT {
		t.Errorf("transitions are %v, want the first alone", got)
	}
}

func TestLoadable(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*policy.Builder)
		want   error
	}{
		"whole":         {func(*policy.Builder) {}, nil},
		"no rules":      {func(b *policy.Builder) { b.Rules = nil }, ErrNoRules},
		"no process":    {func(b *policy.Builder) { b.Classes[0].Name = "food" }, ErrNoProcess},
		"user bounds":   {func(b *policy.Builder) { b.Users[1].Roles.Add(1) }, ErrBounds},
		"role bounds":   {func(b *policy.Builder) { b.Roles[2].Types.Add(catT) }, ErrBounds},
		"no selinuxfs":  {func(b *policy.Builder) { b.GenFS[1].Filesystem = "debugfs" }, ErrNoSelinuxfs},
		"other class":   {func(b *policy.Builder) { b.GenFS[1].Paths[0].Class = dirC }, ErrNoSelinuxfs},
		"no transition": {func(b *policy.Builder) { b.Classes[0].Permissions[0].Name = "eat" }, ErrNoTransition},
	} {
		t.Run(name, func(t *testing.T) {
			b := menagerie(33)
			tt.change(b)
			// Tools read all of them.
			p := read(t, name, image(t, build(t, b), nil))
			if err := Loadable(p); !errors.Is(err, tt.want) {
				t.Errorf("error is %v, want %v", err, tt.want)
			}
		})
	}
}
