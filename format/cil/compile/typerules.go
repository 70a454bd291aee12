package compile

import (
	"seward/format/cil/resolve"
	"seward/policy"
	"seward/policy/ebitmap"
)

// typeKind returns the kind of the image's rules for a type rule, else 0.
func typeKind(kind resolve.RuleKind) policy.RuleKind {
	switch kind {
	case resolve.TypeTransition:
		return policy.TypeTransition
	case resolve.TypeMember:
		return policy.TypeMember
	case resolve.TypeChange:
		return policy.TypeChange
	}
	return 0
}

// typePairs calls f for the pairs that a type rule is about, each of which makes
// the given number of rules. Unlike those of vector rules they are always types.
func (c *compiler) typePairs(r *resolve.Rule, each int, f func(s, t policy.TypeID)) {
	if r.To < 0 {
		c.pairs(r, each, f)
	} else {
		c.cross(r.Source, c.members(r.From), c.members(r.To), each, true, f)
	}
}

// typeRules adds the unconditional type rules and the file name transitions.
func (c *compiler) typeRules() {
	names := filenameTransitions{first: make(map[filenameKey]int32)}
	for i := range c.db.Rules {
		r := &c.db.Rules[i]
		if r.Kind == resolve.NameTransition {
			c.filenameTransition(&names, r)
			continue
		}
		kind := typeKind(r.Kind)
		if kind == 0 {
			continue
		}
		result := uint32(c.typeIDs[r.Result])
		classes := c.classOrMap(r.Class, r.Map, r.Source)
		pos := c.pos(r.Source)
		conflict := false
		c.typePairs(r, len(classes), func(s, t policy.TypeID) {
			for _, class := range classes {
				n, added := c.rules.place(ruleKey(s, t, class, kind), result)
				rule := &c.rules.rules[n]
				switch {
				case added:
					c.rules.tails[n] = c.origins.one(pos, 0)
					rule.Origin = c.rules.tails[n]
				case rule.Data == result:
					c.rules.tails[n] = c.origins.add(c.rules.tails[n], pos, 0)
				case !conflict:
					conflict = true
					c.typeConflict(r, rule)
				}
			}
		})
	}
	c.b.FilenameTransitions = names.list()
}

// typeConflict reports that two rules give different types.
func (c *compiler) typeConflict(r *resolve.Rule, earlier *policy.Rule) {
	e := c.errorf(r.Source, "conflicting type rules: %q is to be %q for source %q, target %q, class %q",
		kindName(earlier.Kind), c.text(c.db.Types[r.Result].Name), c.typeName(earlier.Source), c.typeName(earlier.Target),
		c.b.Classes[earlier.Class-1].Name)
	at := c.origins.list[earlier.Origin-1].Pos
	e.Note(c.linePos(at), "here it is %q", c.typeName(policy.TypeID(earlier.Data)))
}

func kindName(kind policy.RuleKind) string {
	switch kind {
	case policy.TypeTransition:
		return "typetransition"
	case policy.TypeMember:
		return "typemember"
	case policy.TypeChange:
		return "typechange"
	}
	return "allow"
}

// typeName returns the name of a type of the image.
func (c *compiler) typeName(id policy.TypeID) string {
	// The table holds them in order; aliases come behind them later.
	return c.b.Types[id-1].Name
}

// filenameTransitions collects file name transitions as an image groups them: by
// name, target and class a list of results with their sources.
type filenameTransitions struct {
	entries []filenameEntry
	first   map[filenameKey]int32
	keys    []int32 // first entries in order
}

type filenameKey struct {
	name   resolve.Name
	target policy.TypeID
	class  policy.ClassID
}

type filenameEntry struct {
	policy.FilenameTransition
	next int32 // -1: none
}

func (c *compiler) filenameTransition(x *filenameTransitions, r *resolve.Rule) {
	result := c.typeIDs[r.Result]
	pos := c.pos(r.Source)
	conflict := false
	add := func(sources ebitmap.Set[policy.TypeID], t policy.TypeID, class policy.ClassID) {
		if !x.add(filenameKey{r.Name, t, class}, sources, result, c.text(r.Name), pos) && !conflict {
			conflict = true
			c.errorf(r.Source, "conflicting typetransition for %q: target %q and class %q have another one with the same source",
				c.text(r.Name), c.typeName(t), c.b.Classes[class-1].Name)
		}
	}
	classes := c.classOrMap(r.Class, r.Map, r.Source)
	if r.To < 0 {
		c.typePairs(r, len(classes), func(s, t policy.TypeID) {
			for _, class := range classes {
				add(ebitmap.SetOf(s), t, class)
			}
		})
		return
	}
	sources, targets := c.memberSet(r.From), c.members(r.To)
	if sources.Empty() || !c.spend(r.Source, len(targets), len(classes)) {
		return
	}
	for _, t := range targets {
		for _, class := range classes {
			add(sources, t, class)
		}
	}
}

// add adds a transition; it reports whether no source has another result.
func (x *filenameTransitions) add(key filenameKey, sources ebitmap.Set[policy.TypeID], result policy.TypeID, name string, pos policy.Pos) bool {
	at, known := x.first[key]
	last, same := int32(-1), int32(-1)
	for known && at >= 0 {
		e := &x.entries[at]
		if e.Result == result {
			same = at
		} else if e.Sources.Intersects(sources) {
			return false
		}
		last, at = at, e.next
	}
	if same >= 0 {
		// Sources may be shared with another entry: Union makes a new set.
		x.entries[same].Sources.Union(sources)
		return true
	}
	n := int32(len(x.entries))
	x.entries = append(x.entries, filenameEntry{policy.FilenameTransition{
		Name: name, Target: key.target, Class: key.class, Sources: sources, Result: result, Pos: pos,
	}, -1})
	if last >= 0 {
		x.entries[last].next = n
	} else {
		x.first[key] = n
		x.keys = append(x.keys, n)
	}
	return true
}

func (x *filenameTransitions) list() []policy.FilenameTransition {
	out := make([]policy.FilenameTransition, 0, len(x.entries))
	for _, at := range x.keys {
		for ; at >= 0; at = x.entries[at].next {
			out = append(out, x.entries[at].FilenameTransition)
		}
	}
	return out
}
