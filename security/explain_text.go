package security

import (
	"fmt"
	"strings"
)

// Format returns the explanation as text for people, several lines that end in a
// newline.
func (x *Explanation) Format() string {
	w := &textWriter{}
	w.explanation(x)
	return w.String()
}

// textWriter writes indented lines.
type textWriter struct {
	strings.Builder
	depth int
}

func (w *textWriter) line(format string, args ...any) {
	for range w.depth {
		w.WriteString("    ")
	}
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

func (w *textWriter) explanation(x *Explanation) {
	w.line("%s", x.verdict())
	w.line("source %s%s", x.Source, raw(x.RawSource))
	w.line("target %s%s", x.Target, raw(x.RawTarget))
	for i := range x.Permissions {
		w.permission(x, &x.Permissions[i])
	}
	for i := range x.Xperms {
		r := &x.Xperms[i]
		w.line("extended permissions: %s%s", r, citations(r.Positions))
		w.conditional(r.Conditional)
	}
}

func raw(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" (the policy doesn't know %q)", text)
}

func (x *Explanation) verdict() string {
	class := x.Class
	if class == "" {
		class = "an unknown class"
	}
	switch {
	case x.Allowed:
		return "allowed: " + class
	case x.Permissive:
		return "denied, but the domain is permissive: " + class
	case !x.Enforcing:
		return "denied, but the system is permissive: " + class
	}
	return "denied: " + class
}

// Phrases of reasons.
var reasonText = map[Reason]string{
	ReasonAllowed:      "allowed",
	ReasonNoContext:    "denied: a SID stands for no context",
	ReasonUnconfined:   "allowed: the domain is permissive and never audited",
	ReasonUnknownClass: "the policy has no such class",
	ReasonUnknownPerm:  "the class has no such permission",
	ReasonNoRule:       "denied: no rule in force allows it",
	ReasonConstraint:   "denied: a constraint does not hold",
	ReasonRole:         "denied: no rule allows the change of role",
	ReasonBounds:       "denied: the type that bounds the source may not",
}

func (w *textWriter) permission(x *Explanation, p *PermissionReason) {
	name := p.Permission
	if name == "" {
		name = "(no name)"
	}
	text := reasonText[p.Reason]
	if p.Reason == ReasonUnknownClass {
		text = map[bool]string{true: "allowed: ", false: "denied: "}[p.Allowed] + text
	}
	switch {
	case x.NeverAudit:
		text += ", never logged"
	case p.Allowed && p.Audited:
		text += ", logged"
	case !p.Allowed && !p.Audited:
		text += ", not logged"
	}
	w.line("%s: %s", name, text)
	w.depth++
	defer func() { w.depth-- }()
	for i := range p.Allow {
		w.rule(&p.Allow[i])
	}
	for i := range p.Disabled {
		w.rule(&p.Disabled[i])
	}
	if !p.Allowed {
		for i := range p.DontAudit {
			w.rule(&p.DontAudit[i])
		}
	} else {
		for i := range p.AuditAllow {
			w.rule(&p.AuditAllow[i])
		}
	}
	w.constraints(p)
	if r := p.Role; r != nil && !r.Allowed {
		w.line("role %s may not become %s", r.From, r.To)
	} else if r != nil {
		w.line("role %s may become %s%s", r.From, r.To, r.Position.suffix())
	}
	if p.Bounds != nil && (p.Reason == ReasonBounds || p.Allowed) {
		w.line("bounds:")
		w.depth++
		w.explanation(p.Bounds)
		w.depth--
	}
	for _, r := range p.Remedies {
		if r.Boolean != nil {
			w.line("would be allowed with boolean %s=%t", r.Boolean.Name, r.Boolean.Value)
		} else {
			w.line("would take %s", r.Rule)
		}
	}
}

func (w *textWriter) rule(r *RuleReason) {
	w.line("%s%s", r, citations(r.Positions))
	w.conditional(r.Conditional)
}

// citations names the first few statements behind a rule.
func citations(positions []Position) string {
	text := ""
	for i, p := range positions {
		if i == 3 {
			return text + fmt.Sprintf(", %d more", len(positions)-i)
		}
		if p.File != "" {
			text += map[bool]string{true: " at ", false: ", "}[text == ""] + p.String()
		}
	}
	return text
}

func (w *textWriter) conditional(c *ConditionalReason) {
	if c == nil {
		return
	}
	state := "in force"
	if c.Value != c.When {
		state = "not in force"
	}
	w.depth++
	defer func() { w.depth-- }()
	w.line("%s: if %s is %t%s", state, c.Expression, c.When, c.Position.suffix())
	for _, b := range c.Booleans {
		w.line("boolean %s is %t", b.Name, b.Value)
	}
}

// String returns the rule as in policy sources.
func (r *RuleReason) String() string {
	return fmt.Sprintf("%s %s %s:%s %s;", r.Kind, r.Source, r.Target, r.Class, braced(r.Permissions))
}

// String returns file:line.
func (p Position) String() string {
	if p.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

func (p Position) suffix() string {
	if p.File == "" {
		return ""
	}
	return " at " + p.String()
}

// constraints writes those that don't hold, with what their operands are.
func (w *textWriter) constraints(p *PermissionReason) {
	held := 0
	for i := range p.Constraints {
		c := &p.Constraints[i]
		if c.Holds {
			held++
			continue
		}
		w.line("constraint %s%s", c.Expression, c.Position.suffix())
		w.depth++
		for _, o := range c.Operands {
			sides := o.Left
			if o.Right != "" {
				sides += ", " + o.Right
			}
			w.line("%s is %t: %s", o.Text, o.Holds, sides)
		}
		w.depth--
	}
	switch {
	case held == 1:
		w.line("1 constraint holds")
	case held > 1:
		w.line("%d constraints hold", held)
	}
}
