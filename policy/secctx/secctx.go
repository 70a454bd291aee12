package secctx

import (
	"errors"
	"fmt"
	"strings"

	"seward/policy"
	"seward/policy/mls"
)

// ErrForm says that a text doesn't have the parts of a context.
var ErrForm = errors.New("expected user:role:type or user:role:type:range")

// Parts are the texts of a context's parts. Range is empty when absent.
type Parts struct {
	User, Role, Type, Range string
}

// Split cuts a context's text into its parts without asking any policy. The
// range keeps its colons.
func Split(text string) (Parts, error) {
	var c Parts
	var ok bool
	if c.User, text, ok = strings.Cut(text, ":"); !ok {
		return Parts{}, ErrForm
	}
	if c.Role, text, ok = strings.Cut(text, ":"); !ok {
		return Parts{}, ErrForm
	}
	c.Type, c.Range, ok = strings.Cut(text, ":")
	if c.User == "" || c.Role == "" || c.Type == "" || ok && c.Range == "" {
		return Parts{}, ErrForm
	}
	return c, nil
}

// String joins the parts.
func (c Parts) String() string {
	s := c.User + ":" + c.Role + ":" + c.Type
	if c.Range != "" {
		s += ":" + c.Range
	}
	return s
}

// Parse reads a context and checks that it is valid under the policy.
func Parse(p *policy.Policy, text string) (policy.Context, error) {
	parts, err := Split(text)
	if err != nil {
		return policy.Context{}, fmt.Errorf("context %q: %w", text, err)
	}
	c, err := Resolve(p, parts)
	if err != nil {
		return policy.Context{}, fmt.Errorf("context %q: %w", text, err)
	}
	if err := p.ValidContext(c); err != nil {
		return policy.Context{}, fmt.Errorf("context %q: %w", text, err)
	}
	return c, nil
}

// Resolve finds the names of a context's parts. It doesn't check whether the
// parts may be combined: Validate does.
func Resolve(p *policy.Policy, parts Parts) (policy.Context, error) {
	var c policy.Context
	user := p.UserByName(parts.User)
	if user == nil {
		return c, fmt.Errorf("%w: %q", policy.ErrNoUser, parts.User)
	}
	role := p.RoleByName(parts.Role)
	if role == nil {
		return c, fmt.Errorf("%w: %q", policy.ErrNoRole, parts.Role)
	}
	t := p.TypeByName(parts.Type)
	if t == nil || t.Attribute {
		return c, fmt.Errorf("%w: %q", policy.ErrNoType, parts.Type)
	}
	c = policy.Context{User: user.ID, Role: role.ID, Type: t.ID}
	switch {
	case !p.MLS():
		if parts.Range != "" {
			return policy.Context{}, policy.ErrRangeWithout
		}
	case parts.Range == "":
		return policy.Context{}, fmt.Errorf("%w: none is given", policy.ErrRange)
	default:
		r, err := mls.ParseRange(p, parts.Range)
		if err != nil {
			return policy.Context{}, fmt.Errorf("%w: %w", policy.ErrRange, err)
		}
		c.Range = r
	}
	return c, nil
}

// Validate returns nil if the context may exist under the policy.
func Validate(p *policy.Policy, c policy.Context) error { return p.ValidContext(c) }

// Append appends the context's canonical text. Parts that don't exist in the
// policy come out empty.
func Append(buf []byte, p *policy.Policy, c policy.Context) []byte {
	if u := p.User(c.User); u != nil {
		buf = append(buf, u.Name...)
	}
	buf = append(buf, ':')
	if r := p.Role(c.Role); r != nil {
		buf = append(buf, r.Name...)
	}
	buf = append(buf, ':')
	if t := p.Type(c.Type); t != nil {
		buf = append(buf, t.Name...)
	}
	if p.MLS() {
		buf = append(buf, ':')
		buf = mls.AppendRange(buf, p, c.Range)
	}
	return buf
}

// Format returns the context's canonical text.
func Format(p *policy.Policy, c policy.Context) string { return string(Append(nil, p, c)) }
