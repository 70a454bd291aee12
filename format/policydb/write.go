package policydb

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/mls"
)

// Layout is an order of the tables of an image. It changes no meaning.
type Layout int

const (
	// LayoutKeep writes tables in the policy's own order.
	LayoutKeep Layout = iota
	// LayoutLibsepol34 writes symbols, rules, filename and range transitions in
	// the order in which libsepol 3.4 writes a policy that secilc built: by the
	// buckets of its hash tables. What libsepol keeps in lists stays in the
	// policy's order: conditionals and their rules, role transitions and allows,
	// contexts, constraints. So do rules with the same source, target and class.
	LayoutLibsepol34
)

// WriteOptions says how to write. Nil means the zero value.
type WriteOptions struct {
	// Version of the image, policy.VersionMin to policy.VersionMax. 0: the
	// policy's own.
	Version uint32
	// Layout of the tables. Default LayoutKeep.
	Layout Layout
	// Lost is called for each kind of thing that the version has no place for
	// and that is left out. Nil: nobody wants to know.
	Lost func(Loss)
}

// Loss is a kind of thing that was left out of an image.
type Loss struct {
	Needs uint32 // the first version that has it
	What  string // in the plural
	Count int
}

// String returns `12 filename transitions (version 25 needed)`.
func (l Loss) String() string {
	return fmt.Sprintf("%d %s (version %d needed)", l.Count, l.What, l.Needs)
}

// Write writes the policy as an image, in one call of w's Write, as the
// kernel's load file demands. It returns a *VersionError, with nothing
// written, where the version can't hold what may not be left out.
func Write(w io.Writer, p *policy.Policy, opts *WriteOptions) error {
	image, err := Append(nil, p, opts)
	if err != nil {
		return err
	}
	if _, err := w.Write(image); err != nil {
		return fmt.Errorf("write policy image: %w", err)
	}
	return nil
}

// Append appends the image that Write writes.
func Append(image []byte, p *policy.Policy, opts *WriteOptions) ([]byte, error) {
	var o WriteOptions
	if opts != nil {
		o = *opts
	}
	w := &writer{p: p, b: p.Data(), buf: image, version: o.Version, lost: o.Lost}
	if w.version == 0 {
		w.version = w.b.Version
	}
	if w.version < policy.VersionMin || w.version > policy.VersionMax {
		return nil, fmt.Errorf("write policy image: version %d is not between %d and %d", w.version, policy.VersionMin, policy.VersionMax)
	}
	switch o.Layout {
	case LayoutKeep:
		w.order = keepOrder{}
	case LayoutLibsepol34:
		w.order = libsepol34{}
	default:
		return nil, fmt.Errorf("write policy image: layout %d is unknown", o.Layout)
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	w.reportLosses()
	w.buf = slices.Grow(w.buf, w.guess())
	w.image()
	return w.buf, nil
}

// image writes everything, in the order of the image.
func (w *writer) image() {
	w.header()
	w.symbols()
	w.rules()
	w.contexts()
	w.genfs()
	w.rangeTransitions()
	w.typeAttributes()
}

type writer struct {
	p       *policy.Policy
	b       *policy.Builder
	buf     []byte
	version uint32
	order   order
	lost    func(Loss)
}

// guess returns about the number of bytes that most of an image takes, so that
// the buffer grows little: rules, and for each type a name and its attributes.
func (w *writer) guess() int { return ruleSize*len(w.b.Rules) + 192*len(w.b.Types) }

// check refuses what libsepol refuses to write.
func (w *writer) check() error {
	conditional := func() bool {
		for i := range w.b.Conditionals {
			c := &w.b.Conditionals[i]
			for _, list := range [][]policy.Rule{c.True, c.False} {
				for j := range list {
					if list[j].Kind&policy.XpermKinds != 0 {
						return true
					}
				}
			}
		}
		return false
	}
	switch {
	case w.version < policy.VersionXperms && len(w.b.Xperms) > 0:
		return &VersionError{w.version, policy.VersionXperms, "extended permissions"}
	case w.version < policy.VersionConditionalXperms && conditional():
		return &VersionError{w.version, policy.VersionConditionalXperms, "conditional extended permissions"}
	}
	return nil
}

// reportLosses tells what the version has no place for. The names that
// constraints were written with, absent before version 29, decide nothing and
// aren't told.
func (w *writer) reportLosses() {
	if w.lost == nil {
		return
	}
	report := func(needs uint32, what string, count int) {
		if w.version < needs && count > 0 {
			w.lost(Loss{Needs: needs, What: what, Count: count})
		}
	}
	process := w.processClass()
	var transitions, objects, types, glblub, files int
	for i := range w.b.RoleTransitions {
		if !w.order.classless(w.b.RoleTransitions[i].Class, process) {
			transitions++
		}
	}
	for i := range w.b.Classes {
		c := &w.b.Classes[i]
		if c.DefaultUser != 0 || c.DefaultRole != 0 || c.DefaultRange != 0 {
			objects++
		}
		if c.DefaultType != 0 {
			types++
		}
		if c.DefaultRange == policy.DefaultRangeGLBLUB {
			glblub++
		}
	}
	for i := range w.b.FilenameTransitions {
		files += w.b.FilenameTransitions[i].Sources.Len()
	}
	report(policy.VersionFilenameTransitions, "filename transitions", files)
	report(policy.VersionRoleTransitionClass, "role transitions", transitions)
	report(policy.VersionNewObjectDefaults, "defaults for user, role or range of a class", objects)
	report(policy.VersionDefaultType, "defaults for the type of a class", types)
	report(policy.VersionInfiniband, "contexts of InfiniBand partition keys", len(w.b.IBPKeys))
	report(policy.VersionInfiniband, "contexts of InfiniBand end ports", len(w.b.IBEndPorts))
	report(policy.VersionGLBLUB, "default ranges glblub", glblub)
	report(policy.VersionNeverAudit, "never-audited types", w.b.NeverAudit.Len())
}

// processClass returns the class of role transitions in images without classes,
// 0 if the policy hasn't got it.
func (w *writer) processClass() policy.ClassID {
	if c := w.p.ClassByName("process"); c != nil {
		return c.ID
	}
	return 0
}

func (w *writer) u32(values ...uint32) {
	for _, v := range values {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, v)
	}
}

func (w *writer) length(n int) {
	w.u32(uint32(n)) //nolint:gosec // G115: what a Policy holds in tables is bounded by Build.
}

func (w *writer) text(s string) { w.buf = append(w.buf, s...) }

// name writes a name with its length before it.
func (w *writer) name(s string) {
	w.length(len(s))
	w.text(s)
}

func (w *writer) bitmap(b ebitmap.Bitmap) {
	words := b.Words()
	var high uint32
	if n := len(words); n > 0 {
		high = words[n-1].Start + ebitmap.WordBits
	}
	w.u32(ebitmap.WordBits, high)
	w.length(len(words))
	for _, x := range words {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, x.Start)
		w.buf = binary.LittleEndian.AppendUint64(w.buf, x.Bits)
	}
}

func (w *writer) header() {
	w.u32(magicPolicy)
	w.name(targetSELinux)
	config := uint32(w.b.HandleUnknown)
	if w.b.MLS {
		config |= configMLS
	}
	w.u32(w.version, config, symbolTables, contextTables(w.version))
	w.bitmap(w.b.Capabilities)
	w.typeSetByValue(w.b.Permissive)
	if w.version >= policy.VersionNeverAudit {
		w.typeSetByValue(w.b.NeverAudit)
	}
}

// typeSetByValue writes a set of types in which bit n is type n.
func (w *writer) typeSetByValue(set ebitmap.Set[policy.TypeID]) {
	var b ebitmap.Bitmap
	for t := range set.All() {
		b.Set(uint32(t))
	}
	w.bitmap(b)
}

func (w *writer) level(l *mls.Level) {
	w.u32(uint32(l.Sensitivity))
	w.bitmap(l.Categories.Bitmap)
}

// mlsRange writes one level where both are the same.
func (w *writer) mlsRange(r *mls.Range) {
	if r.Low.Equal(r.High) {
		w.u32(1, uint32(r.Low.Sensitivity))
		w.bitmap(r.Low.Categories.Bitmap)
		return
	}
	w.u32(2, uint32(r.Low.Sensitivity), uint32(r.High.Sensitivity))
	w.bitmap(r.Low.Categories.Bitmap)
	w.bitmap(r.High.Categories.Bitmap)
}
