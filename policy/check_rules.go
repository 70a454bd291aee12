package policy

import (
	"errors"
	"fmt"
)

// Depths of postfix expressions that the kernel evaluates.
const (
	maxConstraintDepth = 5
	maxBoolDepth       = 10
)

func (p *Policy) checkRules() error {
	for i := range p.b.Rules {
		if err := p.checkRule(&p.b.Rules[i]); err != nil {
			return invalid("avtab", i, "%w", err)
		}
	}
	return nil
}

func (p *Policy) checkRule(r *Rule) error {
	if at(p.b.Types, p.types, r.Source) == nil {
		return fmt.Errorf("source type %d does not exist", r.Source)
	}
	if at(p.b.Types, p.types, r.Target) == nil {
		return fmt.Errorf("target type %d does not exist", r.Target)
	}
	if at(p.b.Classes, p.classes, r.Class) == nil {
		return fmt.Errorf("class %d does not exist", r.Class)
	}
	if int(r.Origin) > len(p.b.Origins) {
		return fmt.Errorf("origin %d does not exist", r.Origin)
	}
	switch r.Kind {
	case Allow, AuditAllow, DontAudit:
	case TypeTransition, TypeMember, TypeChange:
		if t := p.Type(TypeID(r.Data)); t == nil || t.Attribute {
			return fmt.Errorf("type %d does not exist", r.Data)
		}
	case AllowXperm, AuditAllowXperm, DontAuditXperm:
		if uint64(r.Data) >= uint64(len(p.b.Xperms)) {
			return fmt.Errorf("extended permissions %d do not exist", r.Data)
		}
		switch p.b.Xperms[r.Data].Kind {
		case XpermIoctlFunction, XpermIoctlDriver, XpermNetlink:
		default:
			return fmt.Errorf("kind %d of extended permissions is unknown", p.b.Xperms[r.Data].Kind)
		}
	default:
		return fmt.Errorf("kind %#x of rule is unknown", uint16(r.Kind))
	}
	return nil
}

func (p *Policy) checkConditionals() error {
	for i := range p.b.Conditionals {
		c := &p.b.Conditionals[i]
		if err := p.checkBoolExpr(c.Expr); err != nil {
			return invalid("conditionals", i, "%w", err)
		}
		for _, list := range [][]Rule{c.True, c.False} {
			for j := range list {
				if err := p.checkRule(&list[j]); err != nil {
					return invalid("conditionals", i, "rule %d: %w", j, err)
				}
			}
		}
	}
	return nil
}

func (p *Policy) checkBoolExpr(expr []BoolOp) error {
	depth := 0
	for _, op := range expr {
		switch op.Kind {
		case BoolOperand:
			if p.Boolean(op.Boolean) == nil {
				return fmt.Errorf("boolean %d does not exist", op.Boolean)
			}
			if depth++; depth > maxBoolDepth {
				return fmt.Errorf("expression is deeper than %d", maxBoolDepth)
			}
		case BoolNot:
			if depth < 1 {
				return errors.New("expression lacks an operand")
			}
		case BoolOr, BoolAnd, BoolXor, BoolEqual, BoolUnequal:
			if depth < 2 {
				return errors.New("expression lacks an operand")
			}
			depth--
		default:
			return fmt.Errorf("operator %d is unknown", op.Kind)
		}
	}
	if depth != 1 {
		return fmt.Errorf("expression leaves %d values, expected 1", depth)
	}
	return nil
}

func (p *Policy) checkConstraint(c *Constraint, transition bool) error {
	depth := 0
	for _, op := range c.Expr {
		switch op.Kind {
		case ConstraintNot:
			if depth < 1 {
				return errors.New("expression lacks an operand")
			}
		case ConstraintAnd, ConstraintOr:
			if depth < 2 {
				return errors.New("expression lacks an operand")
			}
			depth--
		case ConstraintAttr, ConstraintNames:
			if err := p.checkConstraintOp(op, transition); err != nil {
				return err
			}
			if depth++; depth > maxConstraintDepth {
				return fmt.Errorf("expression is deeper than %d", maxConstraintDepth)
			}
		default:
			return fmt.Errorf("element %d is unknown", op.Kind)
		}
	}
	if depth != 1 {
		return fmt.Errorf("expression leaves %d values, expected 1", depth)
	}
	return nil
}

func (p *Policy) checkConstraintOp(op ConstraintOp, transition bool) error {
	if op.Operator < OpEqual || op.Operator > OpIncomparable {
		return fmt.Errorf("operator %d is unknown", op.Operator)
	}
	if op.Kind == ConstraintAttr {
		switch op.Attr {
		case AttrUser, AttrRole, AttrType, AttrLow1Low2, AttrLow1High2, AttrHigh1Low2, AttrHigh1High2, AttrLow1High1, AttrLow2High2:
			return nil
		}
		return fmt.Errorf("attribute %#x is unknown", uint32(op.Attr))
	}
	if op.Attr&AttrThird != 0 && !transition {
		return errors.New("a third context only exists in validatetrans")
	}
	var size uint32
	switch op.Attr &^ (AttrTarget | AttrThird) {
	case AttrUser:
		size = p.b.Sizes.Users
	case AttrRole:
		size = p.b.Sizes.Roles
	case AttrType:
		size = p.b.Sizes.Types
	default:
		return fmt.Errorf("attribute %#x is unknown", uint32(op.Attr))
	}
	if op.Operator != OpEqual && op.Operator != OpUnequal {
		return fmt.Errorf("operator %d can't compare names", op.Operator)
	}
	if top, ok := op.Names.Max(); ok && top >= size {
		return fmt.Errorf("identifier %d does not exist", top+1)
	}
	return nil
}

func (p *Policy) checkTransitions() error {
	b := &p.b
	for i := range b.RoleTransitions {
		t := &b.RoleTransitions[i]
		if p.Role(t.Role) == nil || p.Role(t.Result) == nil || p.Type(t.Type) == nil || p.Class(t.Class) == nil {
			return invalid("role transitions", i, "role %d, type %d, class %d or role %d does not exist", t.Role, t.Type, t.Class, t.Result)
		}
	}
	for i := range b.RoleAllows {
		if a := &b.RoleAllows[i]; p.Role(a.From) == nil || p.Role(a.To) == nil {
			return invalid("role allows", i, "role %d or %d does not exist", a.From, a.To)
		}
	}
	for i := range b.FilenameTransitions {
		t := &b.FilenameTransitions[i]
		switch result := p.Type(t.Result); {
		case t.Name == "":
			return invalid("filename transitions", i, "name is empty")
		case p.Type(t.Target) == nil || p.Class(t.Class) == nil || result == nil || result.Attribute:
			return invalid("filename transitions", i, "target type %d, class %d or type %d does not exist", t.Target, t.Class, t.Result)
		case uint32(t.Sources.Max()) > b.Sizes.Types:
			return invalid("filename transitions", i, "source type %d does not exist", t.Sources.Max())
		}
	}
	for i := range b.RangeTransitions {
		t := &b.RangeTransitions[i]
		if p.Type(t.Source) == nil || p.Type(t.Target) == nil || p.Class(t.Class) == nil {
			return invalid("range transitions", i, "type %d, type %d or class %d does not exist", t.Source, t.Target, t.Class)
		}
		if !p.ValidRange(t.Range) {
			return invalid("range transitions", i, "%w", ErrRange)
		}
	}
	return nil
}
