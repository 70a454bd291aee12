package policydb

import (
	"errors"
	"fmt"

	"seward/policy"
	"seward/policy/ebitmap"
)

// Read reads and validates an image. The name stands in errors; data is not
// kept. The error is a *FormatError.
func Read(name string, data []byte) (*policy.Policy, error) {
	r := newReader(name, data)
	if r.read(); r.err != nil {
		return nil, r.err
	}
	p, err := r.b.Build()
	if err != nil {
		return nil, locate(name, data, err)
	}
	return p, nil
}

// locate gives an error of Build the offset of the element it is about, by
// reading the image again until there: it has been read without an error once.
func locate(name string, data []byte, err error) *FormatError {
	out := &FormatError{File: name, Err: err}
	var invalid *policy.InvalidError
	if !errors.As(err, &invalid) {
		return out
	}
	r := newReader(name, data)
	r.wantTable, r.wantIndex = invalid.Table, invalid.Index
	r.read()
	out.Offset = int64(max(r.wantOff, 0))
	r.enter(invalid.Table, invalid.Index)
	out.Path, out.Err = r.path(), invalid.Err
	return out
}

// reader fills a Builder from an image.
type reader struct {
	scanner
	b       policy.Builder
	version uint32

	commons map[string]commonRef
	process policy.ClassID // for transitions without a class

	seen      ruleSet         // keys of the unconditional rules
	condTypes map[uint64]bool // keys of conditional type rules of earlier conditionals
}

func newReader(name string, data []byte) *reader {
	return &reader{scanner: scanner{file: name, data: data, index: -1, wantIndex: -2, wantOff: -1}}
}

// read goes through the image in its order. After an error every step returns
// at once.
func (r *reader) read() {
	steps := []func(){
		r.header,
		r.symbols,
		r.rules,
		r.conditionals,
		r.roleTransitions,
		r.roleAllows,
		r.filenameTransitions,
		r.contexts,
		r.genfs,
		r.rangeTransitions,
		r.typeAttributes,
	}
	for _, step := range steps {
		if r.err != nil {
			return
		}
		step()
	}
}

func (r *reader) header() {
	magic := r.u32()
	switch {
	case r.err != nil:
		return
	case magic == magicModule || magic == magicPackage:
		r.failAt(0, ErrModule)
		return
	case magic != magicPolicy:
		r.failAt(0, fmt.Errorf("%w: magic number %#x, expected %#x", ErrMagic, magic, uint32(magicPolicy)))
		return
	}
	target := string(r.take(r.checkCount(r.u32(), 1)))
	switch {
	case r.err != nil:
		return
	case target == targetXen:
		r.failf(len(target), "%w", ErrXen)
		return
	case target != targetSELinux:
		r.failf(len(target), "target %.32q is unknown, expected %q", target, targetSELinux)
		return
	}

	r.enter(tableHeader, -1)
	r.version = r.u32()
	if r.err == nil && (r.version < policy.VersionMin || r.version > policy.VersionMax) {
		r.failf(4, "version %d is not between %d and %d", r.version, policy.VersionMin, policy.VersionMax)
	}
	r.b.Version = r.version
	config := r.u32()
	if config&^(configMLS|configUnknown) != 0 {
		r.failf(4, "config word %#x has unknown bits", config)
	}
	r.b.MLS = config&configMLS != 0
	r.b.HandleUnknown = policy.HandleUnknown(config & configUnknown)
	if n := r.u32(); n != symbolTables {
		r.failf(4, "%d symbol tables, expected %d", n, symbolTables)
	}
	if n, want := r.u32(), contextTables(r.version); n != want {
		r.failf(4, "%d tables of contexts, expected %d", n, want)
	}
	r.b.Capabilities = r.bitmap()
	r.enter(tablePermissives, -1)
	r.b.Permissive = r.typeSetByValue()
	if r.version >= policy.VersionNeverAudit {
		r.b.NeverAudit = r.typeSetByValue()
	}
}

// typeSetByValue reads a set of types in which bit n is type n, unlike all
// others, in which bit n is type n+1.
func (r *reader) typeSetByValue() ebitmap.Set[policy.TypeID] {
	var set ebitmap.Set[policy.TypeID]
	start := r.off
	for n := range r.bitmap().All() {
		if n == 0 {
			r.failAt(start, errors.New("type 0 in a set of types"))
			break
		}
		set.Add(policy.TypeID(n))
	}
	return set
}
