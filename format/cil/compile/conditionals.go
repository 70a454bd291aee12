package compile

import (
	"slices"

	"seward/format/cil/resolve"
	"seward/policy"
)

// condType is the latest conditional type rule of a key.
type condType struct {
	result policy.TypeID
	origin uint32
}

// condEntry is a conditional of the image under construction. Statements with
// the same expression share one.
type condEntry struct {
	expr     []policy.BoolOp
	pos      policy.Pos
	branches [2]branch // false, true
}

// branch is one list of rules, in the order of the source.
type branch struct {
	types   []policy.Rule
	vectors []policy.Rule
	has     map[uint64]bool // keys of types
}

// conditionals makes the image's conditionals. Unlike unconditional rules,
// conditional ones are not merged.
func (c *compiler) conditionals() {
	var entries []*condEntry
	index := make(map[string]*condEntry)
	for i := range c.db.Conditionals {
		x := &c.db.Conditionals[i]
		expr, swapped := normalize(c.boolExpr(nil, x.Expr))
		if err := checkDepth(expr); err != nil {
			c.errorf(x.Source, "%v", err)
			continue
		}
		key := conditionalKey(expr)
		entry := index[key]
		if entry == nil {
			entry = &condEntry{expr: expr, pos: c.pos(x.Source)}
			index[key] = entry
			entries = append(entries, entry)
		}
		// What is the true list of the image comes first.
		spans := [2]resolve.Span{x.True, x.False}
		if swapped {
			spans[0], spans[1] = spans[1], spans[0]
		}
		c.condRules(entry, 1, spans[0])
		c.condRules(entry, 0, spans[1])
	}
	// libsepol puts each new conditional before the others.
	slices.Reverse(entries)
	for _, e := range entries {
		out := policy.Conditional{Expr: e.expr, True: e.branches[1].list(), False: e.branches[0].list(), Pos: e.pos}
		if evaluate(e.expr, func(id policy.BooleanID) bool { return c.b.Booleans[id-1].State }) {
			out.State = 1
		}
		c.b.Conditionals = append(c.b.Conditionals, out)
	}
}

// list returns the rules in the order of the image: the type rules as they came,
// then the others from the last to the first.
func (b *branch) list() []policy.Rule {
	slices.Reverse(b.vectors)
	return append(b.types, b.vectors...)
}

// condRules adds the rules of one branch of a statement.
func (c *compiler) condRules(entry *condEntry, which int, span resolve.Span) {
	list := &entry.branches[which]
	extended := newExtended()
	for i := span.Start; i < span.End; i++ {
		r := &c.db.CondRules[i]
		pos := c.pos(r.Source)
		if kind := c.vectorKind(r.Kind); kind != 0 {
			c.vectors(r, func(s, t policy.TypeID, p classPerms) {
				data := p.perms
				if kind == policy.DontAudit {
					data = ^data
				}
				list.vectors = append(list.vectors, policy.Rule{
					Source: s, Target: t, Class: p.class, Kind: kind, Data: data, Origin: c.origins.one(pos, p.perms),
				})
			})
		} else if kind := typeKind(r.Kind); kind != 0 {
			c.condTypeRule(entry, which, r, kind, pos)
		} else if kind := c.extendedKind(r.Kind); kind != 0 {
			c.extend(extended, r, kind)
		} else if r.Kind == resolve.NameTransition {
			c.errorf(r.Source, "typetransition with a file name is not allowed in a booleanif")
		}
	}
	entries := c.extendedEntries(extended)
	slices.Reverse(entries) // list reverses all once more
	list.vectors = append(list.vectors, entries...)
}

// condTypeRule adds a conditional type rule. Two rules of one key may only have
// different results if they are in different branches of one conditional; a
// rule that is there already, unconditionally or in the same branch, is left out.
func (c *compiler) condTypeRule(entry *condEntry, which int, r *resolve.Rule, kind policy.RuleKind, pos policy.Pos) {
	list, other := &entry.branches[which], &entry.branches[1-which]
	result := c.typeIDs[r.Result]
	classes := c.classOrMap(r.Class, r.Map, r.Source)
	conflict := false
	report := func(earlier policy.Rule) {
		if !conflict {
			conflict = true
			c.typeConflict(r, &earlier)
		}
	}
	c.typePairs(r, len(classes), func(s, t policy.TypeID) {
		for _, class := range classes {
			key := ruleKey(s, t, class, kind)
			rule := policy.Rule{Source: s, Target: t, Class: class, Kind: kind, Data: uint32(result)}
			if always := c.rules.find(key); always != nil {
				if always.Data != rule.Data {
					report(*always)
				}
				continue
			}
			if before, ok := c.condTypes[key]; ok && !other.has[key] {
				if before.result != result {
					rule.Data, rule.Origin = uint32(before.result), before.origin
					report(rule)
					continue
				}
				if list.has[key] {
					continue
				}
			}
			rule.Origin = c.origins.one(pos, 0)
			c.condTypes[key] = condType{result, rule.Origin}
			if list.has == nil {
				list.has = make(map[uint64]bool)
			}
			list.has[key] = true
			list.types = append(list.types, rule)
		}
	})
}

// boolExpr appends the postfix form of the expression at e to out.
func (c *compiler) boolExpr(out []policy.BoolOp, e resolve.ExprID) []policy.BoolOp {
	out, _ = c.boolTerm(out, e)
	return out
}

var boolOps = map[resolve.ExprOp]policy.BoolOpKind{
	resolve.OpSet:     policy.BoolOr,
	resolve.OpAnd:     policy.BoolAnd,
	resolve.OpOr:      policy.BoolOr,
	resolve.OpXor:     policy.BoolXor,
	resolve.OpEqual:   policy.BoolEqual,
	resolve.OpUnequal: policy.BoolUnequal,
}

// boolTerm appends one term and returns where the next one starts. A list is
// the disjunction of its elements.
func (c *compiler) boolTerm(out []policy.BoolOp, e resolve.ExprID) ([]policy.BoolOp, resolve.ExprID) {
	x := c.db.Exprs[e]
	e++
	if x.Op == resolve.OpSymbol {
		return append(out, policy.BoolOp{Kind: policy.BoolOperand, Boolean: policy.BooleanID(x.Arg)}), e
	}
	for n := range x.Arg {
		out, e = c.boolTerm(out, e)
		if n > 0 {
			out = append(out, policy.BoolOp{Kind: boolOps[x.Op]})
		}
	}
	if x.Op == resolve.OpNot {
		out = append(out, policy.BoolOp{Kind: policy.BoolNot})
	}
	return out, e
}
