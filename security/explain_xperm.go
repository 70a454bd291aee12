package security

import (
	"fmt"
	"strings"

	"seward/policy"
)

// XpermReason is a rule with extended permissions that applies. Where there are
// such rules for ioctl commands or netlink messages, only the values that they
// allow are, and the base permission must be allowed as well.
type XpermReason struct {
	Kind      string     `json:"kind"` // allowx, auditallowx, dontauditx
	Source    string     `json:"source"`
	Target    string     `json:"target"`
	Class     string     `json:"class"`
	Operation string     `json:"operation"` // ioctl or nlmsg
	Values    string     `json:"values"`    // for example `0x5401 0x5410-0x5413`
	Positions []Position `json:"positions,omitempty"`

	InForce     bool               `json:"inForce"`
	Conditional *ConditionalReason `json:"conditional,omitempty"`
}

var xpermKinds = map[policy.RuleKind]string{
	policy.AllowXperm: "allowx", policy.AuditAllowXperm: "auditallowx", policy.DontAuditXperm: "dontauditx",
}

func (e *explainer) xpermReason(f *foundRule) XpermReason {
	p := e.Policy()
	x := &e.image.data.Xperms[f.rule.Data]
	r := XpermReason{
		Kind: xpermKinds[f.rule.Kind], Source: p.Type(f.rule.Source).Name, Target: p.Type(f.rule.Target).Name,
		Class: e.class.Name, Operation: "ioctl", Values: xpermValues(x), InForce: f.inForce(),
	}
	if x.Kind == policy.XpermNetlink {
		r.Operation = "nlmsg"
	}
	for _, o := range p.Origins(f.rule) {
		r.Positions = append(r.Positions, e.position(o.Pos))
	}
	if f.conditional != nil {
		r.Conditional = e.conditionalReason(f)
	}
	return r
}

// xpermValues writes the values of a rule as single ones and ranges.
func xpermValues(x *policy.Xperms) string {
	var out []string
	span := func(first, last int) {
		low, high := int(x.Driver)<<8|first, int(x.Driver)<<8|last
		if x.Kind == policy.XpermIoctlDriver {
			low, high = first<<8, last<<8|0xff
		}
		if low == high {
			out = append(out, fmt.Sprintf("%#x", low))
		} else {
			out = append(out, fmt.Sprintf("%#x-%#x", low, high))
		}
	}
	for n := 0; n < 256; n++ {
		if !x.Has(uint8(n)) { //nolint:gosec // G115: below 256.
			continue
		}
		first := n
		for n < 255 && x.Has(uint8(n+1)) { //nolint:gosec // G115: at most 255.
			n++
		}
		span(first, n)
	}
	return strings.Join(out, " ")
}

// String returns the rule in the manner of CIL.
func (r *XpermReason) String() string {
	return fmt.Sprintf("(%s %s %s (%s %s (%s)))", r.Kind, r.Source, r.Target, r.Operation, r.Class, r.Values)
}
