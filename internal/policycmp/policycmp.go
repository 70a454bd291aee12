package policycmp

import (
	"fmt"
	"slices"
	"strings"

	"seward/policy"
	"seward/policy/mls"
	"seward/policy/secctx"
)

// Diff returns what differs, sorted by statement: lines that begin with "- "
// are statements that only a has, those with "+ " only b. Equal policies give
// none.
func Diff(a, b *policy.Policy) []string {
	x, y := Statements(a), Statements(b)
	var out []string
	for len(x) > 0 || len(y) > 0 {
		switch {
		case len(y) == 0 || len(x) > 0 && x[0] < y[0]:
			out = append(out, "- "+x[0])
			x = x[1:]
		case len(x) == 0 || y[0] < x[0]:
			out = append(out, "+ "+y[0])
			y = y[1:]
		default:
			x, y = x[1:], y[1:]
		}
	}
	return out
}

// Statements returns what the policy says, sorted. A statement that an image
// has twice is there twice.
func Statements(p *policy.Policy) []string {
	w := &writer{p: p, b: p.Data()}
	w.out = make([]string, 0, len(w.b.Rules)+len(w.b.Rules)/4)
	w.header()
	w.classes()
	w.types()
	w.rolesAndUsers()
	w.levels()
	for i := range w.b.Rules {
		w.rule("", &w.b.Rules[i])
	}
	w.conditionals()
	w.transitions()
	w.labels()
	slices.Sort(w.out)
	return w.out
}

type writer struct {
	p   *policy.Policy
	b   *policy.Builder
	out []string
}

func (w *writer) addf(format string, args ...any) {
	w.out = append(w.out, fmt.Sprintf(format, args...))
}

func (w *writer) add(parts ...string) { w.out = append(w.out, strings.Join(parts, " ")) }

// The names of things; a number that has none stands as #number.

func (w *writer) typ(id policy.TypeID) string {
	if t := w.p.Type(id); t != nil {
		return t.Name
	}
	return fmt.Sprintf("#%d", id)
}

func (w *writer) role(id policy.RoleID) string {
	if r := w.p.Role(id); r != nil {
		return r.Name
	}
	return fmt.Sprintf("#%d", id)
}

func (w *writer) user(id policy.UserID) string {
	if u := w.p.User(id); u != nil {
		return u.Name
	}
	return fmt.Sprintf("#%d", id)
}

func (w *writer) class(id policy.ClassID) string {
	if c := w.p.Class(id); c != nil {
		return c.Name
	}
	return fmt.Sprintf("#%d", id)
}

func (w *writer) boolean(id policy.BooleanID) string {
	if x := w.p.Boolean(id); x != nil {
		return x.Name
	}
	return fmt.Sprintf("#%d", id)
}

func (w *writer) rangeText(r mls.Range) string {
	if !w.b.MLS {
		return "-"
	}
	return string(mls.AppendRange(nil, w.p, r))
}

func (w *writer) context(c policy.Context) string { return secctx.Format(w.p, c) }

// perms lists the names of a vector's permissions, sorted: the numbers may
// differ. Bits without a name are told in hex.
func (w *writer) perms(class policy.ClassID, av policy.AccessVector) string {
	var names []string
	if c := w.p.Class(class); c != nil {
		names = w.p.PermissionNames(c, av)
		for _, x := range w.p.Permissions(c) {
			av &^= policy.Permission(x.Number)
		}
	}
	slices.Sort(names)
	if av != 0 {
		names = append(names, fmt.Sprintf("%#x", uint32(av)))
	}
	return "{ " + strings.Join(names, " ") + " }"
}

// named returns the vector of all permissions that a class has.
func (w *writer) named(class policy.ClassID) policy.AccessVector {
	var av policy.AccessVector
	if c := w.p.Class(class); c != nil {
		for _, x := range w.p.Permissions(c) {
			av |= policy.Permission(x.Number)
		}
	}
	return av
}

func (w *writer) header() {
	w.addf("version %d", w.b.Version)
	w.addf("mls %t", w.b.MLS)
	w.add("handle_unknown", w.b.HandleUnknown.String())
	for n := range w.b.Capabilities.All() {
		w.addf("policycap %d %s", n, policy.Capability(n))
	}
}
