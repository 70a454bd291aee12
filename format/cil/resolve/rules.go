package resolve

import "seward/format/cil/syntax"

// each calls f for the statements of a pass.
func (r *resolver) each(p pass, f func(c *cursor)) {
	for _, at := range r.early[p] {
		r.cur.at(at.inst, at.st)
		f(&r.cur)
	}
}

// allArgs resolves the arguments of calls, outer calls first.
func (r *resolver) allArgs() {
	for _, e := range r.events {
		if e.end < 0 && r.insts[e.inst].kind == syntax.KwCall {
			r.resolveArgs(e.inst)
		}
	}
}

// conditionals resolves the expressions of booleanifs.
func (r *resolver) conditionals() {
	for _, e := range r.events {
		in := &r.insts[e.inst]
		if e.end >= 0 || in.kind != syntax.KwBooleanif {
			continue
		}
		c := &r.cur
		c.at(in.parent, r.stmt(in.parent, in.stmt))
		expr := c.expr(0, tBools)
		in.data = int32(len(r.db.Conditionals))
		r.db.Conditionals = append(r.db.Conditionals, Conditional{
			Expr: expr, Tunable: c.st.Keyword == syntax.KwTunableif, Source: c.source(),
		})
	}
}

// allStatements resolves the statements of the last pass.
func (r *resolver) allStatements() {
	c := &r.cur
	branch := int32(0) // the true or false block that rules are in
	for _, e := range r.events {
		in := &r.insts[e.inst]
		if e.end < 0 {
			if in.kind == syntax.KwTrue || in.kind == syntax.KwFalse {
				branch = e.inst
				r.openBranch(branch)
			}
			continue
		}
		stmts := r.files[in.file].Stmts
		for k := e.start; k < e.end; k++ {
			st := &stmts[k]
			if passes[st.Keyword] != lastPass {
				continue
			}
			c.at(e.inst, st)
			if in.boolif != 0 {
				if rule, ok := c.rule(); ok {
					r.addConditional(branch, &rule, c)
				}
				continue
			}
			c.statement()
		}
	}
}

// openBranch begins the rules of a true or false block.
func (r *resolver) openBranch(i int32) {
	cond := &r.db.Conditionals[r.insts[r.insts[i].boolif].data]
	n := int32(len(r.db.CondRules))
	if r.insts[i].kind == syntax.KwTrue {
		cond.True = Span{n, n}
	} else {
		cond.False = Span{n, n}
	}
}

func (r *resolver) addConditional(branch int32, rule *Rule, c *cursor) {
	if rule.Kind == NameTransition {
		c.errorf(-1, "typetransition with a file name is not allowed in a booleanif")
		return
	}
	r.db.CondRules = append(r.db.CondRules, *rule)
	cond := &r.db.Conditionals[r.insts[r.insts[branch].boolif].data]
	n := int32(len(r.db.CondRules))
	if r.insts[branch].kind == syntax.KwTrue {
		cond.True.End = n
	} else {
		cond.False.End = n
	}
}

// ruleKinds are the kinds of the rules that statements make.
var ruleKinds = [256]RuleKind{
	syntax.KwAllow: Allow, syntax.KwAuditallow: AuditAllow, syntax.KwDontaudit: DontAudit,
	syntax.KwNeverallow: NeverAllow, syntax.KwDeny: Deny,
	syntax.KwAllowx: AllowX, syntax.KwAuditallowx: AuditAllowX, syntax.KwDontauditx: DontAuditX,
	syntax.KwNeverallowx:    NeverAllowX,
	syntax.KwTypetransition: TypeTransition, syntax.KwTypemember: TypeMember, syntax.KwTypechange: TypeChange,
}

// rule resolves a rule. ok is false after an error, and for other statements.
func (c *cursor) rule() (rule Rule, ok bool) {
	rule = Rule{Kind: ruleKinds[c.st.Keyword], Source: c.source()}
	switch rule.Kind {
	case 0:
		return rule, false
	case Allow, AuditAllow, DontAudit, NeverAllow, Deny, AllowX, AuditAllowX, DontAuditX, NeverAllowX:
		c.vectorRule(&rule)
	default:
		c.typeRule(&rule)
	}
	return rule, c.ok
}

func (c *cursor) vectorRule(rule *Rule) {
	if rule.From = TypeID(c.symID(0, tTypes)); rule.From == 0 {
		return
	}
	special := true
	switch c.name(1) {
	case syntax.KwSelf.Name():
		rule.To = TargetSelf
	case syntax.KwNotself.Name():
		rule.To = TargetNotSelf
	case syntax.KwOther.Name():
		rule.To = TargetOther
	default:
		special = false
		if rule.To = TypeID(c.symID(1, tTypes)); rule.To == 0 {
			return
		}
	}
	if !special && rule.Kind != Deny {
		use := UsedByRule
		if rule.Kind == NeverAllow || rule.Kind == NeverAllowX {
			use = UsedByNeverAllow
		}
		c.r.use(rule.From, use)
		c.r.use(rule.To, use)
	}
	switch rule.Kind {
	case AllowX, AuditAllowX, DontAuditX, NeverAllowX:
		rule.Permx = c.permx(2)
	default:
		rule.Perms = c.classPermsList(2)
	}
}

func (c *cursor) typeRule(rule *Rule) {
	if rule.From = TypeID(c.symID(0, tTypes)); rule.From == 0 {
		return
	}
	if c.name(1) == syntax.KwSelf.Name() {
		rule.To = TargetSelf
	} else if rule.To = TypeID(c.symID(1, tTypes)); rule.To == 0 {
		return
	}
	if rule.Class, rule.Map = c.class(2); !c.ok {
		return
	}
	result := 3
	if len(c.args) == 5 {
		result = 4
		if n := c.str(3); c.text(3) != "*" && c.r.names.Text(n) != "*" {
			rule.Kind, rule.Name = NameTransition, Name(n)
		}
		if !c.ok {
			return
		}
	}
	rule.Result = TypeID(c.flavored(result, syntax.FlavorType))
}

// class looks up a class or map class.
func (c *cursor) class(i int) (ClassID, MapID) {
	s := c.sym(i, tClasses)
	id := c.id(i, s)
	if id == 0 {
		return 0, 0
	}
	if c.r.syms[s].flavor == syntax.FlavorMapClass {
		return 0, MapID(id)
	}
	return ClassID(id), 0
}

// permxUse is a use of extended permissions, which is checked once all class
// mappings are known.
type permxUse struct {
	id PermxID
	at stmtAt
}

// permx resolves extended permissions: the name of a permissionx or its content.
func (c *cursor) permx(i int) PermxID {
	if !c.isList(i) {
		return PermxID(c.symID(i, tPermx))
	}
	p := Permissionx{Source: c.source()}
	if !c.fillPermx(i, &p) {
		return 0
	}
	id := PermxID(len(c.r.db.Permissionxs))
	c.r.db.Permissionxs = append(c.r.db.Permissionxs, p)
	c.r.permxUses = append(c.r.permxUses, permxUse{id, stmtAt{c.inst, c.st}})
	return id
}

// fillPermx resolves (KIND CLASS EXPRESSION).
func (c *cursor) fillPermx(i int, p *Permissionx) bool {
	p.Kind = PermxIoctl
	if c.name(i+1) == syntax.KwNlmsg.Name() {
		p.Kind = PermxNlmsg
	}
	if p.Class, p.Map = c.class(i + 2); !c.ok {
		return false
	}
	p.Expr = c.expr(i+3, tPermx)
	return c.ok
}
