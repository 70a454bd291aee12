package policy

import (
	"errors"
	"fmt"

	"seward/policy/mls"
)

// Reasons why a context is not valid under a policy.
var (
	ErrNoUser        = errors.New("user does not exist")
	ErrNoRole        = errors.New("role does not exist")
	ErrNoType        = errors.New("type does not exist")
	ErrRoleType      = errors.New("role may not be combined with this type")
	ErrUserRole      = errors.New("user may not have this role")
	ErrRange         = errors.New("range is not valid")
	ErrUserRange     = errors.New("range lies outside the user's")
	ErrRangeWithout  = errors.New("range in a policy without MLS")
	errAttributeType = errors.New("an attribute is not a type")
)

// ValidContext returns nil if the context may exist under the policy, else one
// of the errors above, wrapped (kernel policydb_context_isvalid and
// mls_context_isvalid).
func (p *Policy) ValidContext(c Context) error {
	user, role := p.User(c.User), p.Role(c.Role)
	t := p.Type(c.Type)
	switch {
	case user == nil:
		return ErrNoUser
	case role == nil:
		return ErrNoRole
	case t == nil:
		return ErrNoType
	case t.Attribute:
		return fmt.Errorf("%w: %w", ErrNoType, errAttributeType)
	}
	if c.Role != ObjectRole {
		if !role.Types.Has(c.Type) {
			return ErrRoleType
		}
		if !user.Roles.Has(c.Role) {
			return ErrUserRole
		}
	}
	if !p.b.MLS {
		// A policy without MLS has no sensitivities, so no level is anything.
		return nil
	}
	if !p.ValidRange(c.Range) {
		return ErrRange
	}
	if c.Role != ObjectRole && !user.Range.Contains(c.Range) {
		return ErrUserRange
	}
	return nil
}

// ValidLevel reports whether the level's sensitivity exists and may have its
// categories.
func (p *Policy) ValidLevel(l mls.Level) bool {
	s := p.Sensitivity(l.Sensitivity)
	return s != nil && s.Categories.Contains(l.Categories)
}

// ValidRange reports whether both levels are valid and the high one dominates
// the low one.
func (p *Policy) ValidRange(r mls.Range) bool {
	return p.ValidLevel(r.Low) && p.ValidLevel(r.High) && r.High.Dominates(r.Low)
}
