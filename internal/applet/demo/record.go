package demo

import (
	"fmt"
	"strings"

	"seward/policy"
	"seward/security"
)

// Denial is one record of something that the policy denied.
type Denial struct {
	Text           string // as a log has it
	Source, Target string // contexts
	Class          string
	Perms          []string
}

// why returns in a line or two why the policy denied it. Empty: its labels or
// class aren't the policy's.
func (d *Denial) why(server *security.Server) string {
	now := server.Snapshot()
	class := now.Policy().ClassByName(d.Class)
	source, err := server.SID(d.Source)
	target, err2 := server.SID(d.Target)
	if class == nil || err != nil || err2 != nil {
		return ""
	}
	var perms policy.AccessVector
	for _, name := range d.Perms {
		perms |= now.Policy().Permission(class, name)
	}
	return reason(now.Explain(source, target, class.ID, perms))
}

// reason puts an explanation into a line or two: for what is allowed the rule that
// allows it, for what is denied what is missing or stands against it.
func reason(x *security.Explanation) string {
	for i := range x.Permissions {
		p := &x.Permissions[i]
		if p.Allowed && !x.Allowed {
			continue // another permission decided
		}
		switch p.Reason {
		case security.ReasonAllowed:
			if len(p.Allow) > 0 {
				return ruleLine(&p.Allow[0])
			}
		case security.ReasonNoRule:
			return fmt.Sprintf("no rule allows %s %s:%s %s", typeOf(x.Source), typeOf(x.Target), x.Class, p.Permission)
		case security.ReasonConstraint:
			return constraintLines(p)
		case security.ReasonRole, security.ReasonBounds, security.ReasonUnconfined,
			security.ReasonUnknownClass, security.ReasonUnknownPerm:
			return string(p.Reason)
		}
	}
	return ""
}

func ruleLine(r *security.RuleReason) string {
	line := r.String()
	if len(r.Positions) > 0 {
		line += "  " + r.Positions[0].String()
	}
	return line
}

// constraintLines tells which comparisons of the constraint fail.
func constraintLines(p *security.PermissionReason) string {
	for i := range p.Constraints {
		c := &p.Constraints[i]
		if c.Holds {
			continue
		}
		var lines []string
		for _, o := range c.Operands {
			// Comparisons of levels tell the story; those of types say whom
			// the constraint binds.
			if !o.Holds && (o.Text[0] == 'l' || o.Text[0] == 'h') {
				lines = append(lines, fmt.Sprintf("%s does not hold: %s, %s", o.Text, o.Left, o.Right))
			}
		}
		line := "a constraint forbids it"
		if at := c.Position.String(); at != "" {
			line += "  " + at
		}
		return strings.Join(append([]string{line}, lines...), "\n")
	}
	return "a constraint forbids it"
}

// typeOf returns the third part of a context.
func typeOf(context string) string {
	parts := strings.SplitN(context, ":", 4)
	if len(parts) < 3 {
		return context
	}
	return parts[2]
}
