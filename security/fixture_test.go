package security_test

import (
	"fmt"
	"strings"
	"testing"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
	"seward/security"
)

// maker builds small policies by name.
type maker struct {
	t testing.TB
	b *policy.Builder
}

// newMaker returns a policy with the classes process, file, dir, tcp_socket,
// food and game_socket, the users u (roles r and s) and v (role r), the roles
// object_r, r and s, and the type unlabeled_t. With MLS it has s1 to s4 and c1
// to c8; u may be s1-s4:c1.c8 and v s1-s2:c1.c4.
func newMaker(t testing.TB, withMLS bool) *maker {
	t.Helper()
	m := &maker{t: t, b: &policy.Builder{Version: policy.VersionMax, MLS: withMLS, HandleUnknown: policy.DenyUnknown}}
	m.class("process", "transition", "dyntransition", "signal")
	m.class("file", "read", "write", "ioctl", "relabelfrom")
	m.class("dir", "search")
	m.class("tcp_socket", "nlmsg", "ioctl")
	m.class("food", "eat")
	m.class("game_socket", "play")
	for i, name := range []string{"object_r", "r", "s"} {
		m.b.Roles = append(m.b.Roles, policy.Role{Name: name, ID: policy.RoleID(i + 1)})
	}
	u := policy.User{Name: "u", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](2, 3)}
	v := policy.User{Name: "v", ID: 2, Roles: ebitmap.SetOf[policy.RoleID](2)}
	if withMLS {
		var all ebitmap.Set[mls.CategoryID]
		for n := range mls.CategoryID(8) {
			all.Add(n + 1)
			m.b.Categories = append(m.b.Categories, policy.Category{Name: fmt.Sprint("c", n+1), ID: n + 1})
		}
		for n := range mls.SensitivityID(4) {
			m.b.Sensitivities = append(m.b.Sensitivities, policy.Sensitivity{Name: fmt.Sprint("s", n+1), ID: n + 1, Categories: all})
		}
		u.Range = mls.Range{Low: mls.Level{Sensitivity: 1}, High: mls.Level{Sensitivity: 4, Categories: all}}
		u.Default = u.Range.Low
		v.Range = mls.Range{Low: mls.Level{Sensitivity: 1}, High: mls.Level{Sensitivity: 2, Categories: ebitmap.SetOf[mls.CategoryID](1, 2, 3, 4)}}
		v.Default = v.Range.Low
	}
	m.b.Users = []policy.User{u, v}
	m.typ("unlabeled_t")
	m.b.InitialSIDs = []policy.InitialSID{{SID: security.SIDUnlabeled, Context: m.context("u:object_r:unlabeled_t")}}
	return m
}

func (m *maker) class(name string, perms ...string) *policy.Class {
	c := policy.Class{Name: name, ID: policy.ClassID(len(m.b.Classes) + 1)}
	for i, p := range perms {
		c.Permissions = append(c.Permissions, policy.PermissionName{Name: p, Number: uint32(i + 1)})
	}
	m.b.Classes = append(m.b.Classes, c)
	return m.classOf(name)
}

func (m *maker) classOf(name string) *policy.Class {
	for i := range m.b.Classes {
		if m.b.Classes[i].Name == name {
			return &m.b.Classes[i]
		}
	}
	m.t.Fatalf("no class %s", name)
	return nil
}

// typ adds types that both roles may have.
func (m *maker) typ(names ...string) {
	for _, name := range names {
		id := m.add(policy.Type{Name: name})
		for i := range m.b.Roles[1:] {
			m.b.Roles[i+1].Types.Add(id)
		}
	}
}

func (m *maker) add(t policy.Type) policy.TypeID {
	t.ID = policy.TypeID(len(m.b.Types) + 1)
	m.b.Types = append(m.b.Types, t)
	m.b.TypeAttributes = append(m.b.TypeAttributes, ebitmap.SetOf(t.ID))
	return t.ID
}

// attribute adds an attribute of the types.
func (m *maker) attribute(name string, types ...string) {
	id := m.add(policy.Type{Name: name, Attribute: true})
	for _, t := range types {
		m.b.TypeAttributes[m.id(t)-1].Add(id)
	}
}

func (m *maker) id(name string) policy.TypeID {
	for i := range m.b.Types {
		if m.b.Types[i].Name == name {
			return m.b.Types[i].ID
		}
	}
	m.t.Fatalf("no type %s", name)
	return 0
}

// bound makes the first type the parent of the second.
func (m *maker) bound(parent, child string) {
	m.b.Types[m.id(child)-1].Bounds = m.id(parent)
}

func (m *maker) perms(class string, names string) policy.AccessVector {
	var av policy.AccessVector
	for _, name := range strings.Fields(names) {
		found := false
		for _, p := range m.classOf(class).Permissions {
			if p.Name == name {
				av |= policy.Permission(p.Number)
				found = true
			}
		}
		if !found {
			m.t.Fatalf("no permission %s in %s", name, class)
		}
	}
	return av
}

// rule makes a rule of `source target class perms` or `source target class type`.
// Its origin is line n of policy.cil.
func (m *maker) rule(kind policy.RuleKind, text string) policy.Rule {
	f := strings.SplitN(text, " ", 4)
	r := policy.Rule{Kind: kind, Source: m.id(f[0]), Target: m.id(f[1]), Class: m.classOf(f[2]).ID}
	origin := policy.Origin{Pos: policy.Pos{File: 1, Line: uint32(len(m.b.Origins) + 1)}}
	switch {
	case kind&policy.TypeKinds != 0:
		r.Data = uint32(m.id(f[3]))
	case kind == policy.DontAudit:
		origin.Data = uint32(m.perms(f[2], f[3]))
		r.Data = ^origin.Data
	case kind&policy.VectorKinds != 0:
		origin.Data = uint32(m.perms(f[2], f[3]))
		r.Data = origin.Data
	}
	m.b.Files = []string{"policy.cil"}
	m.b.Origins = append(m.b.Origins, origin)
	r.Origin = uint32(len(m.b.Origins))
	return r
}

func (m *maker) rules(kind policy.RuleKind, texts ...string) {
	for _, text := range texts {
		m.b.Rules = append(m.b.Rules, m.rule(kind, text))
	}
}

func (m *maker) allow(texts ...string) { m.rules(policy.Allow, texts...) }

func (m *maker) xperm(kind policy.RuleKind, where string, x policy.Xperms) {
	r := m.rule(kind, where+" ")
	r.Data = uint32(len(m.b.Xperms))
	m.b.Xperms = append(m.b.Xperms, x)
	m.b.Rules = append(m.b.Rules, r)
}

func (m *maker) boolean(name string, state bool) policy.BooleanID {
	id := policy.BooleanID(len(m.b.Booleans) + 1)
	m.b.Booleans = append(m.b.Booleans, policy.Boolean{Name: name, ID: id, State: state})
	return id
}

// level reads `s2:c1,c3`.
func (m *maker) level(text string) mls.Level {
	var l mls.Level
	sens, cats, _ := strings.Cut(text, ":")
	fmt.Sscanf(sens, "s%d", &l.Sensitivity)
	for _, c := range strings.FieldsFunc(cats, func(r rune) bool { return r == ',' }) {
		var n mls.CategoryID
		fmt.Sscanf(c, "c%d", &n)
		l.Categories.Add(n)
	}
	return l
}

func (m *maker) rng(text string) mls.Range {
	low, high, ok := strings.Cut(text, "-")
	if !ok {
		high = low
	}
	return mls.Range{Low: m.level(low), High: m.level(high)}
}

// context reads `user:role:type` or `user:role:type:range`; without a range it
// gives s1 in a policy with MLS.
func (m *maker) context(text string) policy.Context {
	f := strings.SplitN(text, ":", 4)
	c := policy.Context{Type: m.id(f[2])}
	for i := range m.b.Users {
		if m.b.Users[i].Name == f[0] {
			c.User = m.b.Users[i].ID
		}
	}
	for i := range m.b.Roles {
		if m.b.Roles[i].Name == f[1] {
			c.Role = m.b.Roles[i].ID
		}
	}
	if m.b.MLS {
		c.Range = m.rng("s1")
		if len(f) == 4 {
			c.Range = m.rng(f[3])
		}
	}
	return c
}

func (m *maker) policy() *policy.Policy {
	m.t.Helper()
	p, err := m.b.Build()
	if err != nil {
		m.t.Fatal(err)
	}
	return p
}

// enforcing returns a server in enforcing mode.
func (m *maker) enforcing() *tester {
	m.t.Helper()
	return m.server(&security.Options{Enforcing: true})
}

func (m *maker) server(opts *security.Options) *tester {
	m.t.Helper()
	s, err := security.New(m.policy(), opts)
	if err != nil {
		m.t.Fatal(err)
	}
	return &tester{m.t, s}
}

// tester asks a server by name.
type tester struct {
	t testing.TB
	*security.Server
}

// sid returns the SID of a context. With MLS, one without a range has s1.
func (s *tester) sid(text string) policy.SID {
	s.t.Helper()
	if s.Policy().MLS() && strings.Count(text, ":") == 2 {
		text += ":s1"
	}
	sid, err := s.SID(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return sid
}

func (s *tester) class(name string) policy.ClassID {
	s.t.Helper()
	if c := s.Policy().ClassByName(name); c != nil {
		return c.ID
	}
	s.t.Fatalf("no class %s", name)
	return 0
}

func (s *tester) decide(source, target, class string) security.Decision {
	s.t.Helper()
	return s.ComputeAV(s.sid(source), s.sid(target), s.class(class))
}

// allowed returns the names of allowed permissions.
func (s *tester) allowed(source, target, class string) string {
	s.t.Helper()
	return s.names(class, s.decide(source, target, class).Allowed)
}

func (s *tester) names(class string, av policy.AccessVector) string {
	return strings.Join(s.Policy().PermissionNames(s.Policy().ClassByName(class), av), " ")
}

func (s *tester) text(sid policy.SID, err error) string {
	s.t.Helper()
	if err != nil {
		return err.Error()
	}
	text, err := s.Context(sid)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}
