package security

import (
	"seward/policy"
)

// Reason says why a permission is allowed or denied. A denial has the first of
// the reasons that the decision meets, in the order of the constants.
type Reason string

// Reasons.
const (
	ReasonAllowed      Reason = "allowed"      // by a rule, and nothing takes it away
	ReasonNoContext    Reason = "nocontext"    // a SID stands for nothing, not even for unlabeled
	ReasonUnconfined   Reason = "unconfined"   // the domain is permissive and never audited
	ReasonUnknownClass Reason = "unknownclass" // the policy has no such class; its handle_unknown decides
	ReasonUnknownPerm  Reason = "unknownperm"  // the class has no such permission
	ReasonNoRule       Reason = "norule"       // no rule in force allows it
	ReasonConstraint   Reason = "constraint"   // a constraint, the MLS ones included, takes it away
	ReasonRole         Reason = "role"         // no rule allows the change of role
	ReasonBounds       Reason = "bounds"       // the type that bounds the source's doesn't have it
)

// Explanation is a decision with its reasons. It is data: Format makes a text of
// it.
type Explanation struct {
	Source string `json:"source"` // context that decided: that of unlabeled if the policy doesn't know the SID's
	Target string `json:"target"`
	Class  string `json:"class"`
	// RawSource and RawTarget are set when the policy doesn't know the context.
	RawSource string `json:"rawSource,omitempty"`
	RawTarget string `json:"rawTarget,omitempty"`

	Allowed    bool `json:"allowed"`    // all permissions are
	Enforcing  bool `json:"enforcing"`  // the mode
	Permissive bool `json:"permissive"` // the source domain is permissive
	NeverAudit bool `json:"neverAudit"` // the source domain is never audited

	Permissions []PermissionReason `json:"permissions"`
	Xperms      []XpermReason      `json:"xperms,omitempty"`
	Decision    Decision           `json:"-"`
}

// Granted reports whether the operation may go on: all is allowed, or what isn't
// is let pass.
func (x *Explanation) Granted() bool { return x.Allowed || !x.Enforcing || x.Permissive }

// PermissionReason explains one permission.
type PermissionReason struct {
	Permission string `json:"permission"`
	Allowed    bool   `json:"allowed"`
	Reason     Reason `json:"reason"`
	// Audited reports whether a denial, or a grant, is logged.
	Audited bool `json:"audited"`

	Allow      []RuleReason `json:"allow,omitempty"`    // rules in force that allow it
	Disabled   []RuleReason `json:"disabled,omitempty"` // conditional rules that would, but aren't in force
	AuditAllow []RuleReason `json:"auditAllow,omitempty"`
	DontAudit  []RuleReason `json:"dontAudit,omitempty"`

	Constraints []ConstraintReason `json:"constraints,omitempty"` // on this permission, in the policy's order
	Role        *RoleReason        `json:"role,omitempty"`        // if a change of role was checked
	Bounds      *Explanation       `json:"bounds,omitempty"`      // what the bounds may do
	Remedies    []Remedy           `json:"remedies,omitempty"`    // single changes that would allow it
}

// Position cites a line of a policy's source. File is empty when unknown.
type Position struct {
	File string `json:"file,omitempty"`
	Line uint32 `json:"line,omitempty"`
}

// RuleReason is a rule that applies.
type RuleReason struct {
	Kind        string             `json:"kind"` // allow, auditallow, dontaudit
	Source      string             `json:"source"`
	Target      string             `json:"target"`
	Class       string             `json:"class"`
	Permissions []string           `json:"permissions"`
	Positions   []Position         `json:"positions,omitempty"` // of the statements that gave the permission
	Conditional *ConditionalReason `json:"conditional,omitempty"`
}

// ConditionalReason is the condition of a rule.
type ConditionalReason struct {
	Expression string         `json:"expression"`
	Value      bool           `json:"value"` // of the expression now
	When       bool           `json:"when"`  // value that puts the rule in force
	Booleans   []BooleanValue `json:"booleans"`
	Position   Position       `json:"position"`
}

// BooleanValue is a boolean with its value.
type BooleanValue struct {
	Name  string `json:"name"`
	Value bool   `json:"value"`
}

// RoleReason is a check of a change of role.
type RoleReason struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	Allowed  bool     `json:"allowed"`
	Position Position `json:"position"`
}

// Remedy is one change that would allow a permission.
type Remedy struct {
	Boolean *BooleanValue `json:"boolean,omitempty"` // to set
	Rule    string        `json:"rule,omitempty"`    // to add, in CIL
}

// Explain decides as ComputeAV does and says why, for each of the permissions.
// Bits that the class doesn't define are explained too, without a name.
func (s *Server) Explain(src, tgt policy.SID, class policy.ClassID, perms policy.AccessVector) *Explanation {
	return s.Snapshot().Explain(src, tgt, class, perms)
}

// Explain is Server.Explain.
func (v *Snapshot) Explain(src, tgt policy.SID, class policy.ClassID, perms policy.AccessVector) *Explanation {
	s, t := v.contexts.known(src), v.contexts.known(tgt)
	d := v.ComputeAV(src, tgt, class)
	if s == nil || t == nil {
		return v.explainNothing(class, perms, d)
	}
	x := v.explain(s, t, class, perms, d)
	if raw, ok := v.RawContext(src); !ok {
		x.RawSource = raw
	}
	if raw, ok := v.RawContext(tgt); !ok {
		x.RawTarget = raw
	}
	return x
}

// explainNothing explains a decision about what has no context.
func (v *Snapshot) explainNothing(class policy.ClassID, perms policy.AccessVector, d Decision) *Explanation {
	x := &Explanation{Class: v.className(class), Enforcing: v.enforcing, Decision: d, Allowed: perms&^d.Allowed == 0}
	for n := uint32(1); n <= 32; n++ {
		if perms&policy.Permission(n) != 0 {
			x.Permissions = append(x.Permissions, PermissionReason{Reason: ReasonNoContext})
		}
	}
	return x
}

// explainer collects the rules of one question.
type explainer struct {
	*Snapshot
	s, t     *context
	class    *policy.Class
	code     *classCode
	decision Decision
	rules    []foundRule
}

// foundRule is a rule that applies to a pair of types, in force or not.
type foundRule struct {
	rule        *policy.Rule
	conditional *policy.Conditional
	when, value bool
}

func (r *foundRule) inForce() bool { return r.conditional == nil || r.when == r.value }

func (v *Snapshot) explain(s, t *context, class policy.ClassID, perms policy.AccessVector, d Decision) *Explanation {
	x := &Explanation{
		Source: s.text, Target: t.text, Class: v.className(class),
		Allowed: perms&^d.Allowed == 0, Enforcing: v.enforcing,
		Permissive: d.Flags&FlagPermissive != 0, NeverAudit: d.Flags&FlagNeverAudit != 0,
		Decision: d,
	}
	e := &explainer{Snapshot: v, s: s, t: t, class: v.Policy().Class(class), code: v.image.code(class), decision: d}
	if e.class != nil {
		e.collect()
		for i := range e.rules {
			if f := &e.rules[i]; f.rule.Kind&policy.XpermKinds != 0 {
				x.Xperms = append(x.Xperms, e.xpermReason(f))
			}
		}
	}
	for n := uint32(1); n <= 32; n++ {
		if perms&policy.Permission(n) != 0 {
			x.Permissions = append(x.Permissions, e.permission(n))
		}
	}
	return x
}

// collect finds all rules between the types and their attributes.
func (e *explainer) collect() {
	const kinds = policy.VectorKinds | policy.XpermKinds
	m := e.image
	target := m.target(e.t.typ)
	for a := range typesOf(m.target(e.s.typ)) {
		for _, k := range m.rules.of(a, e.class.ID) {
			if r := &m.data.Rules[k.rule()]; r.Kind&kinds != 0 && member(target, uint32(k.target())) {
				e.rules = append(e.rules, foundRule{rule: r})
			}
		}
		for _, k := range m.conditional.of(a, e.class.ID) {
			b := &m.branches[k.rule()]
			if b.rule.Kind&kinds != 0 && member(target, uint32(k.target())) {
				e.rules = append(e.rules, foundRule{
					rule: b.rule, conditional: &m.data.Conditionals[b.conditional],
					when: b.when, value: e.enabled[b.conditional],
				})
			}
		}
	}
}

func (e *explainer) permission(n uint32) PermissionReason {
	bit := policy.Permission(n)
	r := PermissionReason{Allowed: e.decision.Allowed&bit != 0}
	if r.Allowed {
		r.Audited = e.decision.AuditAllow&bit != 0
	} else {
		r.Audited = e.decision.AuditDeny&bit != 0
	}
	if e.class != nil {
		for _, p := range e.Policy().Permissions(e.class) {
			if p.Number == n {
				r.Permission = p.Name
			}
		}
	}
	switch {
	case e.decision.Flags == FlagPermissive|FlagNeverAudit:
		r.Reason = ReasonUnconfined
	case e.class == nil:
		r.Reason = ReasonUnknownClass
	default:
		e.reasons(&r, bit)
	}
	return r
}

func (e *explainer) reasons(r *PermissionReason, bit policy.AccessVector) {
	for i := range e.rules {
		f := &e.rules[i]
		has := policy.AccessVector(f.rule.Data)&bit != 0
		switch {
		case f.rule.Kind == policy.DontAudit && !has && f.inForce():
			r.DontAudit = append(r.DontAudit, e.ruleReason(f, bit))
		case f.rule.Kind == policy.AuditAllow && has && f.inForce():
			r.AuditAllow = append(r.AuditAllow, e.ruleReason(f, bit))
		case f.rule.Kind == policy.Allow && has && f.inForce():
			r.Allow = append(r.Allow, e.ruleReason(f, bit))
		case f.rule.Kind == policy.Allow && has:
			r.Disabled = append(r.Disabled, e.ruleReason(f, bit))
		}
	}
	if len(r.Allow) == 0 {
		r.Reason = ReasonNoRule
		if r.Permission == "" {
			r.Reason = ReasonUnknownPerm
		}
		r.Remedies = e.remedies(r, bit)
		return
	}
	r.Reason = ReasonAllowed
	r.Constraints = e.constraints(bit)
	for i := range r.Constraints {
		if !r.Constraints[i].Holds {
			r.Reason = ReasonConstraint
		}
	}
	if e.class.ID == e.image.process && e.image.processTo&bit != 0 && e.s.role != e.t.role {
		r.Role = e.roleReason()
		if !r.Role.Allowed && r.Reason == ReasonAllowed {
			r.Reason = ReasonRole
			r.Remedies = []Remedy{{Rule: "(roleallow " + r.Role.From + " " + r.Role.To + ")"}}
		}
	}
	if e.Policy().Type(e.s.typ).Bounds != 0 {
		ps, pt := e.parents(e.s, e.t)
		ps, pt = e.contexts.fromKey(ps.contextKey), e.contexts.fromKey(pt.contextKey)
		var d Decision
		e.compute(ps, pt, e.class.ID, &d)
		r.Bounds = e.explain(ps, pt, e.class.ID, bit, d)
		if !r.Bounds.Allowed && r.Reason == ReasonAllowed {
			r.Reason = ReasonBounds
		}
	}
}

func (e *explainer) roleReason() *RoleReason {
	p := e.Policy()
	r := &RoleReason{From: p.Role(e.s.role).Name, To: p.Role(e.t.role).Name}
	if i, ok := e.image.roleAllows()[rolePair{e.s.role, e.t.role}]; ok {
		r.Allowed = true
		r.Position = e.position(e.image.data.RoleAllows[i].Pos)
	}
	return r
}

func (e *explainer) position(pos policy.Pos) Position {
	file, line := e.Policy().Position(pos)
	return Position{File: file, Line: line}
}

func (e *explainer) ruleReason(f *foundRule, bit policy.AccessVector) RuleReason {
	p := e.Policy()
	kind, given := "allow", policy.AccessVector(f.rule.Data)
	switch f.rule.Kind {
	case policy.AuditAllow:
		kind = "auditallow"
	case policy.DontAudit:
		kind, given = "dontaudit", ^given
	}
	r := RuleReason{
		Kind: kind, Source: p.Type(f.rule.Source).Name, Target: p.Type(f.rule.Target).Name,
		Class: e.class.Name, Permissions: p.PermissionNames(e.class, given),
	}
	for _, o := range p.Origins(f.rule) {
		if policy.AccessVector(o.Data)&bit != 0 {
			r.Positions = append(r.Positions, e.position(o.Pos))
		}
	}
	if f.conditional != nil {
		r.Conditional = e.conditionalReason(f)
	}
	return r
}

// remedies returns the booleans that, set alone, would put a rule in force, else
// a rule that would allow it.
func (e *explainer) remedies(r *PermissionReason, bit policy.AccessVector) []Remedy {
	var out []Remedy
	seen := make(map[BooleanValue]bool)
	for i := range e.rules {
		f := &e.rules[i]
		if f.rule.Kind != policy.Allow || policy.AccessVector(f.rule.Data)&bit == 0 || f.inForce() {
			continue
		}
		for _, b := range e.settings(f) {
			if !seen[b] {
				seen[b] = true
				out = append(out, Remedy{Boolean: &b})
			}
		}
	}
	if len(out) == 0 && r.Permission != "" {
		p := e.Policy()
		target := p.Type(e.t.typ).Name
		if e.s.typ == e.t.typ {
			target = "self"
		}
		out = append(out, Remedy{Rule: "(allow " + p.Type(e.s.typ).Name + " " + target +
			" (" + e.class.Name + " (" + r.Permission + ")))"})
	}
	return out
}
