package compile

import (
	"errors"
	"fmt"

	"seward/format/cil/resolve"
	"seward/format/diag"
	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
	"seward/policy/optimize"
)

// Options steer Compile. The zero value is secilc without options.
type Options struct {
	// Version of the image that is aimed at. 0: policy.VersionMax.
	Version uint32
	// MLS and HandleUnknown go before what the policy says.
	MLS           resolve.Tristate
	HandleUnknown resolve.HandleUnknown
	// MultipleDecls accepts labelling statements that are given several times
	// with the same context, without a warning.
	MultipleDecls bool
	// DisableDontaudit leaves out dontaudit rules.
	DisableDontaudit bool
	// DisableNeverallow skips the check of neverallow rules and bounds.
	DisableNeverallow bool
	// ExpandGenerated leaves out attributes that a compiler from another
	// language made up.
	ExpandGenerated bool
	// ExpandSize expands attributes with fewer types in rules. Default 1;
	// negative: 0.
	ExpandSize int
	// Optimize removes rules that others make superfluous.
	Optimize bool
	// MaxRules limits the number of rules that statements are expanded to before
	// equal ones are merged, and other things that a few lines can make many of,
	// so that no policy fills the memory. Default 1 << 24, some fifty times what
	// a distribution's policy needs.
	MaxRules int
}

// Result is a compiled policy.
type Result struct {
	Policy       *policy.Policy
	FileContexts []byte
	Warnings     diag.List
}

// Compile compiles a resolved database. The error is a diag.List with all that
// was found.
func Compile(db *resolve.DB, opts *Options) (*Result, error) {
	c := &compiler{db: db, rules: newRuleTable(len(db.Rules) / 2), condTypes: make(map[uint64]condType)}
	c.origins.list = make([]policy.Origin, 0, len(db.Rules)+2*len(db.CondRules))
	if opts != nil {
		c.opts = *opts
	}
	if c.budget = c.opts.MaxRules; c.budget == 0 {
		c.budget = 1 << 24
	}
	c.header()
	c.symbols()
	var fileCons []*resolve.FileCon
	if len(c.errs) == 0 {
		c.levels()
		c.contexts()
		c.labels()
		c.constraints()
		c.typeRules()
		c.denyRules()
		c.vectorRules()
		c.conditionals()
		c.roleRules()
		c.rangeTransitions()
		fileCons = c.fileCons()
	}
	if next := len(c.b.TypeAttributes); next > maxTypes {
		c.errs.Addf(diag.Pos{}, "policy has %d types and attributes, more than %d", next, maxTypes)
	}
	if len(c.errs) > 0 {
		c.errs.Sort()
		return nil, c.errs
	}
	return c.finish(fileCons)
}

// compiler holds the state of one compilation.
type compiler struct {
	db       *resolve.DB
	opts     Options
	b        policy.Builder
	errs     diag.List
	warnings diag.List
	lines    lineIndex
	origins  origins

	types, roles, users, cats *universe

	typeIDs     []policy.TypeID // by symbol; 0: an attribute that the image hasn't
	memberIDs   []policy.TypeID // by type number
	expansions  [][]policy.TypeID
	memberSets  []ebitmap.Set[policy.TypeID]
	roleIDs     []policy.RoleID // by symbol; 0: an attribute
	memberRoles []policy.RoleID // by role number
	userIDs     []policy.UserID
	classIDs    []policy.ClassID
	sensIDs     []policy.SensitivityID
	userRoles   []bitset // by user symbol: role numbers
	roleTypes   []bitset // by role symbol: type numbers

	classPerms [][]classPerms // by ClassPermsID, nil until used
	mapClasses [][]policy.ClassID
	permxs     []bitset

	mlsLevels  []mls.Level
	mlsRanges  []mls.Range
	policyCtxs []policy.Context
	levelCats  []bitset // by level: category numbers
	sensCats   []bitset // by sensitivity symbol: what its levels may have

	rules     *ruleTable
	budget    int // rules that statements may still be expanded to; negative: exceeded
	condTypes map[uint64]condType

	denies []denyRule
	bySet  map[string]policy.TypeID // attributes by their types
	taken  map[string]bool          // names of types and attributes
}

// spend takes a number of rules, given by its factors, from the budget. Once that is
// exceeded, which is reported once, it reports false.
func (c *compiler) spend(s resolve.Source, factors ...int) bool {
	if c.budget < 0 {
		return false
	}
	product := 1
	for _, f := range factors {
		if f > 0 && product > c.budget/f {
			product = c.budget + 1
			break
		}
		product *= f
	}
	if product > c.budget {
		c.budget = -1
		c.errorf(s, "policy expands to too much: this statement exceeds the limit of rules")
		return false
	}
	c.budget -= product
	return true
}

// errorf reports an error at a statement.
func (c *compiler) errorf(s resolve.Source, format string, args ...any) *diag.Error {
	e := c.db.Errorf(s, format, args...)
	c.errs.Add(e)
	return e
}

func (c *compiler) text(n resolve.Name) string { return c.db.Names[n] }

func (c *compiler) header() {
	c.b.Version = c.opts.Version
	if c.b.Version == 0 {
		c.b.Version = policy.VersionMax
	}
	if c.b.Version < policy.VersionMin || c.b.Version > policy.VersionMax {
		c.errs.Addf(diag.Pos{}, "policy version %d is not one of %d to %d", c.b.Version, policy.VersionMin, policy.VersionMax)
	}
	state := c.db.MLS
	if c.opts.MLS != resolve.Unset {
		state = c.opts.MLS
	}
	c.b.MLS = state == resolve.True

	unknown := c.db.HandleUnknown
	if c.opts.HandleUnknown != resolve.HandleUnset {
		unknown = c.opts.HandleUnknown
	}
	switch unknown {
	case resolve.HandleAllow:
		c.b.HandleUnknown = policy.AllowUnknown
	case resolve.HandleReject:
		c.b.HandleUnknown = policy.RejectUnknown
	default:
		c.b.HandleUnknown = policy.DenyUnknown
	}
	for i, f := range c.db.Files {
		// Identifiers of files count from 1, and so does the database.
		if i > 0 {
			c.b.Files = append(c.b.Files, f.Name)
		}
	}
	for i := range c.db.PolicyCaps {
		p := &c.db.PolicyCaps[i]
		if number, ok := policy.CapabilityByName(c.text(p.Name)); ok {
			c.b.Capabilities.Set(uint32(number))
		} else {
			c.errorf(p.Source, "unknown policy capability %q", c.text(p.Name))
		}
	}
}

// expandSize is the number of types below which attributes are expanded.
func (c *compiler) expandSize() int {
	switch {
	case c.opts.ExpandSize == 0:
		return 1
	case c.opts.ExpandSize < 0:
		return 0
	}
	return c.opts.ExpandSize
}

// finish validates the policy and checks what it asserts of itself.
func (c *compiler) finish(fileCons []*resolve.FileCon) (*Result, error) {
	c.typeAliases()
	c.b.Rules = c.rules.rules
	c.rules = nil
	c.b.Origins = c.origins.list
	p, err := c.b.Build()
	if err != nil {
		return nil, c.invalid(err)
	}
	if !c.opts.DisableNeverallow {
		if c.assertions(p); len(c.errs) > 0 {
			c.errs.Sort()
			return nil, c.errs
		}
	}
	if c.opts.Optimize {
		b := *p.Data()
		optimize.Rules(&b)
		if p, err = b.Build(); err != nil {
			return nil, c.invalid(err)
		}
	}
	return &Result{Policy: p, FileContexts: c.fileContexts(fileCons), Warnings: append(c.db.Warnings, c.warnings...)}, nil
}

// invalid reports what Build refuses. It is what a kernel would refuse as well
// and the language allows to write, as a chain of bounds that is too long.
func (c *compiler) invalid(err error) error {
	var where *policy.InvalidError
	if !errors.As(err, &where) {
		err = fmt.Errorf("build policy: %w", err)
	}
	c.errs.Add(&diag.Error{Msg: err.Error()})
	return c.errs
}
