package policy

import (
	"errors"
	"fmt"
	"math"
)

// InvalidError says what in a Builder doesn't make sense and where: element
// Index of the table named Table, as a policy image names its tables.
type InvalidError struct {
	Table string
	Index int // -1: the table as a whole
	Err   error
}

// Error returns `avtab[812]: class 97 does not exist`.
func (e *InvalidError) Error() string {
	if e.Index < 0 {
		return e.Table + ": " + e.Err.Error()
	}
	return fmt.Sprintf("%s[%d]: %v", e.Table, e.Index, e.Err)
}

// Unwrap returns the reason.
func (e *InvalidError) Unwrap() error { return e.Err }

func invalid(table string, index int, format string, args ...any) error {
	return &InvalidError{Table: table, Index: index, Err: fmt.Errorf(format, args...)}
}

// Limits of identifiers. The kernel's tables hold types and classes in 16 bits.
const (
	maxType  = math.MaxUint16
	maxClass = math.MaxUint16
	maxID    = 1 << 20
)

// Build checks the policy and returns it in the form that can be asked. The
// Builder must not be used afterwards. The error is an *InvalidError, the first
// that was found.
func (b *Builder) Build() (*Policy, error) {
	p := &Policy{b: *b}
	steps := []func() error{
		p.checkHeader,
		p.indexSymbols,
		p.checkSymbols,
		p.checkRules,
		p.checkConditionals,
		p.checkTransitions,
		p.checkLabelling,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p.index()
	return p, nil
}

func (p *Policy) checkHeader() error {
	b := &p.b
	if b.Version < VersionMin || b.Version > VersionMax {
		return invalid("header", -1, "version %d is not between %d and %d", b.Version, VersionMin, VersionMax)
	}
	switch b.HandleUnknown {
	case AllowUnknown, DenyUnknown, RejectUnknown:
	default:
		return invalid("header", -1, "handle_unknown is %d", b.HandleUnknown)
	}
	if len(b.Rules) > math.MaxInt32 || len(b.Xperms) > math.MaxInt32 || len(b.Origins) > math.MaxInt32 {
		return invalid("avtab", -1, "%w", errors.New("too many rules"))
	}
	for i := range b.Origins {
		if next := b.Origins[i].Next; next != 0 && (int(next) <= i+1 || int(next) > len(b.Origins)) {
			return invalid("origins", i, "next is %d", next)
		}
	}
	return nil
}

// symbolTable indexes one table of symbols by name and identifier.
type symbolTable[T any] struct {
	name  string
	rows  []T
	limit uint32
	size  *uint32 // the table's entry in Sizes
	ident func(*T) (name string, id uint32, alias bool)
}

func (s symbolTable[T]) index() (byID []int32, byName map[string]int32, err error) {
	byName = make(map[string]int32, len(s.rows))
	for i := range s.rows {
		name, id, _ := s.ident(&s.rows[i])
		if name == "" {
			return nil, nil, invalid(s.name, i, "name is empty")
		}
		if id == 0 || id > s.limit {
			return nil, nil, invalid(s.name, i, "%s: identifier %d is not between 1 and %d", name, id, s.limit)
		}
		*s.size = max(*s.size, id)
		if j, dup := byName[name]; dup {
			return nil, nil, invalid(s.name, i, "%s is also element %d", name, j)
		}
		byName[name] = int32(i) //nolint:gosec // G115: a table has at most 2^20 identifiers, names included by memory.
	}
	if *s.size > s.limit {
		return nil, nil, invalid(s.name, -1, "%d identifiers, at most %d are possible", *s.size, s.limit)
	}
	byID = make([]int32, *s.size+1)
	for i := range s.rows {
		name, id, alias := s.ident(&s.rows[i])
		if alias {
			continue
		}
		if j := byID[id]; j != 0 {
			return nil, nil, invalid(s.name, i, "%s has identifier %d of element %d", name, id, j-1)
		}
		byID[id] = int32(i) + 1 //nolint:gosec // G115: as above.
	}
	for i := range s.rows {
		if name, id, alias := s.ident(&s.rows[i]); alias && byID[id] == 0 {
			return nil, nil, invalid(s.name, i, "%s is an alias of identifier %d, which does not exist", name, id)
		}
	}
	return byID, byName, nil
}

func (p *Policy) indexSymbols() (err error) {
	b := &p.b
	if p.commons, p.commonNames, err = (symbolTable[Common]{
		"commons", b.Commons, maxID, &b.Sizes.Commons,
		func(c *Common) (string, uint32, bool) { return c.Name, uint32(c.ID), false },
	}).index(); err != nil {
		return err
	}
	if p.classes, p.classNames, err = (symbolTable[Class]{
		"classes", b.Classes, maxClass, &b.Sizes.Classes,
		func(c *Class) (string, uint32, bool) { return c.Name, uint32(c.ID), false },
	}).index(); err != nil {
		return err
	}
	if p.roles, p.roleNames, err = (symbolTable[Role]{
		"roles", b.Roles, maxID, &b.Sizes.Roles,
		func(r *Role) (string, uint32, bool) { return r.Name, uint32(r.ID), false },
	}).index(); err != nil {
		return err
	}
	if p.types, p.typeNames, err = (symbolTable[Type]{
		"types", b.Types, maxType, &b.Sizes.Types,
		func(t *Type) (string, uint32, bool) { return t.Name, uint32(t.ID), t.Alias },
	}).index(); err != nil {
		return err
	}
	if p.users, p.userNames, err = (symbolTable[User]{
		"users", b.Users, maxID, &b.Sizes.Users,
		func(u *User) (string, uint32, bool) { return u.Name, uint32(u.ID), false },
	}).index(); err != nil {
		return err
	}
	if p.booleans, p.booleanNames, err = (symbolTable[Boolean]{
		"booleans", b.Booleans, maxID, &b.Sizes.Booleans,
		func(x *Boolean) (string, uint32, bool) { return x.Name, uint32(x.ID), false },
	}).index(); err != nil {
		return err
	}
	if p.sensitivities, p.sensitivityNames, err = (symbolTable[Sensitivity]{
		"levels", b.Sensitivities, maxID, &b.Sizes.Sensitivities,
		func(s *Sensitivity) (string, uint32, bool) { return s.Name, uint32(s.ID), s.Alias },
	}).index(); err != nil {
		return err
	}
	p.categories, p.categoryNames, err = (symbolTable[Category]{
		"categories", b.Categories, maxID, &b.Sizes.Categories,
		func(c *Category) (string, uint32, bool) { return c.Name, uint32(c.ID), c.Alias },
	}).index()
	return err
}
