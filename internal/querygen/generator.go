package querygen

import (
	"fmt"
	"strconv"
	"strings"

	"seward/policy"
)

// File is a query file of selinuxfs.
type File string

// The query files.
const (
	Access        File = "access"
	Create        File = "create"
	Member        File = "member"
	Relabel       File = "relabel"
	Context       File = "context"
	ValidateTrans File = "validatetrans"
)

// Query is one question.
type Query struct {
	File           File
	Source, Target string // the only context of Context, old and new of ValidateTrans
	Class          uint32 // as a number, not necessarily of a class
	ClassName      string // empty where the number is to be used
	Last           string // the name of Create, percent-encoded, empty for none; the task of ValidateTrans
}

// Kernel returns the question with the class as a number, as the kernel's file
// takes it, behind the file's name.
func (q *Query) Kernel() string { return q.text(strconv.FormatUint(uint64(q.Class), 10)) }

// Line returns the question with the class as it came, by name mostly.
func (q *Query) Line() string {
	if q.ClassName != "" {
		return q.text(q.ClassName)
	}
	return q.Kernel()
}

func (q *Query) text(class string) string {
	if q.File == Context {
		return string(q.File) + " " + q.Source
	}
	text := fmt.Sprintf("%s %s %s %s", q.File, q.Source, q.Target, class)
	if q.Last != "" {
		text += " " + q.Last
	}
	return text
}

// Generator makes questions about one policy.
type Generator struct {
	*contexts
	rules       map[policy.RuleKind][]*policy.Rule
	classes     []policy.ClassID
	constrained []policy.ClassID // classes with constraints
	validated   []policy.ClassID // classes with validatetrans
}

// New returns a generator for a policy.
func New(p *policy.Policy, seed uint64) *Generator {
	g := &Generator{contexts: newContexts(p, newRandom(seed)), rules: map[policy.RuleKind][]*policy.Rule{}}
	d := p.Data()
	add := func(rules []policy.Rule) {
		for i := range rules {
			g.rules[rules[i].Kind] = append(g.rules[rules[i].Kind], &rules[i])
		}
	}
	add(d.Rules)
	for i := range d.Conditionals {
		// Once more than their share: they are few.
		for range 3 {
			add(d.Conditionals[i].True)
			add(d.Conditionals[i].False)
		}
	}
	for i := range d.Classes {
		c := &d.Classes[i]
		g.classes = append(g.classes, c.ID)
		if len(c.Constraints) > 0 {
			g.constrained = append(g.constrained, c.ID)
		}
		if len(c.ValidateTrans) > 0 {
			g.validated = append(g.validated, c.ID)
		}
	}
	return g
}

// Next returns the next question.
func (g *Generator) Next() Query {
	var q Query
	switch n := g.below(100); {
	case n < 50:
		q = g.access()
	case n < 72:
		q = g.create()
	case n < 78:
		q = g.computed(Member, policy.TypeMember)
	case n < 84:
		q = g.computed(Relabel, policy.TypeChange)
	case n < 92:
		return Query{File: Context, Source: g.any()}
	default:
		q = g.validateTrans()
	}
	return g.spell(q)
}

// spell decides how the class is written, and sometimes takes a number that no
// class has.
func (g *Generator) spell(q Query) Query {
	if g.chance(2) {
		q.Class = pick(g.random, []uint32{0, uint32(len(g.classes)) + 1, 255, 1000, 65535, 65536 + q.Class, 4294967295})
		return q
	}
	if c := g.policy.Class(policy.ClassID(q.Class)); c != nil && g.chance(70) {
		q.ClassName = c.Name
	}
	return q
}

// pair returns types and class of a rule of one of the kinds, or of none.
func (g *Generator) pair(kinds ...policy.RuleKind) (source, target policy.TypeID, class policy.ClassID) {
	source, target, class = pick(g.random, g.types), pick(g.random, g.types), pick(g.random, g.classes)
	if g.chance(33) {
		return source, target, class
	}
	rules := g.rules[pick(g.random, kinds)]
	if len(rules) == 0 {
		rules = g.rules[policy.Allow]
	}
	if len(rules) == 0 {
		return source, target, class
	}
	r := pick(g.random, rules)
	s, okS := g.member(r.Source)
	t, okT := g.member(r.Target)
	if !okS || !okT {
		return source, target, class
	}
	return s, t, r.Class
}

// member returns a type that the rule's type or attribute stands for.
func (g *Generator) member(t policy.TypeID) (policy.TypeID, bool) {
	if info := g.policy.Type(t); info != nil && !info.Attribute {
		return t, true
	}
	members := g.policy.Members(t)
	n := members.Len()
	if n == 0 {
		return 0, false
	}
	n = g.below(n)
	for m := range members.All() {
		if n--; n < 0 {
			return m, true
		}
	}
	return 0, false
}

func (g *Generator) access() Query {
	s, t, class := g.pair(policy.Allow, policy.Allow, policy.Allow, policy.AuditAllow, policy.DontAudit, policy.AllowXperm)
	if len(g.constrained) > 0 && g.chance(15) {
		class = pick(g.random, g.constrained)
	}
	source := g.of(s)
	target := g.of(t)
	if g.chance(6) {
		target = source // self
	}
	return Query{File: Access, Source: source, Target: target, Class: uint32(class)}
}

func (g *Generator) computed(file File, kind policy.RuleKind) Query {
	s, t, class := g.pair(kind, kind, policy.TypeTransition)
	return Query{File: file, Source: g.of(s), Target: g.of(t), Class: uint32(class)}
}

// create asks what a new object is labelled: by type, file name, role or range
// transitions, or by none.
func (g *Generator) create() Query {
	d := g.policy.Data()
	q := Query{File: Create}
	switch n := g.below(100); {
	case n < 25 && len(d.FilenameTransitions) > 0:
		return g.named(&d.FilenameTransitions[g.below(len(d.FilenameTransitions))])
	case n < 35 && len(d.RangeTransitions) > 0:
		r := &d.RangeTransitions[g.below(len(d.RangeTransitions))]
		s, okS := g.member(r.Source)
		t, okT := g.member(r.Target)
		if okS && okT {
			q.Source, q.Target, q.Class = g.of(s), g.of(t), uint32(r.Class)
			return q
		}
	case n < 45 && len(d.RoleTransitions) > 0:
		r := &d.RoleTransitions[g.below(len(d.RoleTransitions))]
		q.Source, q.Class = g.withRole(r.Role), uint32(r.Class)
		if t, ok := g.member(r.Type); ok && q.Source != "" {
			q.Target = g.of(t)
			return q
		}
	}
	s, t, class := g.pair(policy.TypeTransition)
	q.Source, q.Target, q.Class = g.of(s), g.of(t), uint32(class)
	if g.chance(10) {
		q.Last = pick(g.random, oddNames)
	}
	return q
}

// named asks about a filename transition, mostly in its own words.
func (g *Generator) named(f *policy.FilenameTransition) Query {
	d := g.policy.Data()
	q := Query{File: Create, Class: uint32(f.Class), Target: g.of(f.Target), Last: encode(f.Name)}
	n := g.below(max(1, f.Sources.Len()))
	q.Source = g.any()
	for s := range f.Sources.All() {
		if n--; n < 0 {
			if m, ok := g.member(s); ok {
				q.Source = g.of(m)
			}
			break
		}
	}
	switch g.below(10) {
	case 0:
		q.Last = encode(d.FilenameTransitions[g.below(len(d.FilenameTransitions))].Name)
	case 1:
		q.Last = pick(g.random, oddNames)
	case 2:
		q.Source = g.any()
	}
	return q
}

// oddNames are names of new objects as the file takes them: some are malformed.
var oddNames = []string{"x", "+", "%2e", "a%20b", "%", "%4", "%zz", "100%25", "null", "..", "a/b", "%00", "shadow", "x%00y", "\u00e9", "%c3%a9"}

// withRole returns a context with the role, empty if there is none.
func (g *Generator) withRole(id policy.RoleID) string {
	role := g.policy.Role(id)
	users := g.users[id]
	n := role.Types.Len()
	if n == 0 || len(users) == 0 {
		return ""
	}
	n = g.below(n)
	for t := range role.Types.All() {
		if n--; n >= 0 {
			continue
		}
		user := g.policy.User(pick(g.random, users))
		text := user.Name + ":" + role.Name + ":" + g.policy.Type(t).Name
		if g.policy.MLS() {
			text += ":" + g.rangeText(g.within(user.Range))
		}
		return text
	}
	return ""
}

func (g *Generator) validateTrans() Query {
	class := pick(g.random, g.classes)
	if len(g.validated) > 0 && !g.chance(20) {
		class = pick(g.random, g.validated)
	}
	t := pick(g.random, g.types)
	q := Query{File: ValidateTrans, Source: g.of(t), Target: g.of(t), Class: uint32(class), Last: g.any()}
	if g.chance(30) {
		q.Target = g.any()
	}
	if g.chance(20) {
		q.Target = q.Source
	}
	return q
}

// encode writes a name as the file create takes it.
func encode(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("._-~/:@#,=", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}
