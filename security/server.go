package security

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"seward/policy"
	"seward/policy/mls"
	"seward/policy/secctx"
)

// Options configure a Server.
type Options struct {
	// Enforcing starts the server in enforcing mode. Default: permissive, as the
	// kernel starts.
	Enforcing bool
	// HandleUnknown overrides what the policies say of classes and permissions
	// that they lack. Default: what each policy says.
	HandleUnknown *policy.HandleUnknown
	// Audit is called with what the kernel logs as AUDIT_SELINUX_ERR, for
	// example `op=security_compute_sid invalid_context=...`. It may be called
	// from several goroutines at once, and from inside a query. Default: nothing
	// is logged.
	Audit func(record string)
}

// Server is a security server. New makes one.
type Server struct {
	options Options
	now     atomic.Pointer[Snapshot]

	load sync.Mutex // serialises changes of the state
	grow sync.Mutex // serialises additions of SIDs; taken after load
}

// New returns a Server that answers by the policy. Options may be nil.
func New(p *policy.Policy, opts *Options) (*Server, error) {
	s := &Server{}
	if opts != nil {
		s.options = *opts
	}
	if p == nil {
		return nil, errNoPolicy
	}
	v := s.prepare(p)
	v.enforcing, v.seqno, v.epoch = s.options.Enforcing, 1, 1
	v.booleans = initialBooleans(p)
	v.rowTable = newRowTable(v.image, v.image.evaluate(v.booleans))
	s.now.Store(v)
	return s, nil
}

// prepare makes a snapshot of a policy that lacks booleans, rows, mode and
// numbers.
func (s *Server) prepare(p *policy.Policy) *Snapshot {
	m := newImage(p)
	v := &Snapshot{rowTable: &rowTable{image: m}, contexts: newContexts(m), unknown: p.HandleUnknown(), audit: s.options.Audit}
	if s.options.HandleUnknown != nil {
		v.unknown = *s.options.HandleUnknown
	}
	return v
}

// Snapshot returns the present state.
func (s *Server) Snapshot() *Snapshot { return s.now.Load() }

// Policy returns the policy in force.
func (s *Server) Policy() *policy.Policy { return s.Snapshot().Policy() }

// Seqno returns the number of the policy in force; see Snapshot.Seqno.
func (s *Server) Seqno() uint32 { return s.Snapshot().seqno }

// Enforcing reports whether denials are enforced.
func (s *Server) Enforcing() bool { return s.Snapshot().enforcing }

// ComputeAV decides on all permissions of a class; see Snapshot.ComputeAV.
func (s *Server) ComputeAV(src, tgt policy.SID, class policy.ClassID) Decision {
	return s.Snapshot().ComputeAV(src, tgt, class)
}

// Xperms decides on extended permissions; see Snapshot.Xperms.
func (s *Server) Xperms(src, tgt policy.SID, class policy.ClassID, base XpermBase, driver uint8) XpermDecision {
	return s.Snapshot().Xperms(src, tgt, class, base, driver)
}

// change swaps in a copy of the present snapshot that edit has changed. The
// caller holds s.load.
func (s *Server) change(edit func(v *Snapshot)) {
	v := *s.now.Load()
	edit(&v)
	v.epoch++
	s.now.Store(&v)
}

// SetEnforcing changes the mode. The sequence number stays, as it does in the
// kernel.
func (s *Server) SetEnforcing(on bool) {
	s.load.Lock()
	defer s.load.Unlock()
	if s.now.Load().enforcing == on {
		return
	}
	s.change(func(v *Snapshot) { v.enforcing = on })
}

// Load puts another policy in force. Booleans that both policies have keep
// their values; every SID keeps its context as far as the new policy knows it.
// The error is never one of the policy's, which has been validated.
func (s *Server) Load(p *policy.Policy) error {
	if p == nil {
		return errNoPolicy
	}
	v := s.prepare(p)
	s.load.Lock()
	defer s.load.Unlock()
	old := s.now.Load()
	v.enforcing, v.seqno, v.epoch = old.enforcing, old.seqno+1, old.epoch+1
	v.booleans = initialBooleans(p)
	for i := range p.Data().Booleans {
		b := &p.Data().Booleans[i]
		if before := old.Policy().BooleanByName(b.Name); before != nil {
			v.booleans[b.ID] = old.booleans[before.ID]
		}
	}
	v.rowTable = newRowTable(v.image, v.image.evaluate(v.booleans))

	// Most contexts are converted before anyone has to wait for it.
	converted := v.convert(old, int(lastInitialSID)+1)
	s.grow.Lock()
	defer s.grow.Unlock()
	v.convert(old, converted)
	s.now.Store(v)
	return nil
}

// convert gives the SIDs from the given one on the contexts that they have in
// old, translated, and returns the number of SIDs.
func (v *Snapshot) convert(old *Snapshot, from int) int {
	list := *old.contexts.list.Load()
	for _, c := range list[from:] {
		v.contexts.put(v.translate(old, c))
	}
	return len(list)
}

// translate returns a context of another policy under this one.
func (v *Snapshot) translate(old *Snapshot, c *context) *context {
	if c.unknown {
		if value, err := secctx.Parse(v.Policy(), c.text); err == nil {
			return v.contexts.make(value)
		}
		return &context{text: c.text, unknown: true}
	}
	value, ok := v.rename(old, c)
	if ok {
		err := v.Policy().ValidContext(value)
		// A permissive system keeps what would not be valid.
		if err == nil || !v.enforcing {
			translated := v.contexts.make(value)
			translated.invalid = err != nil
			return translated
		}
	}
	return &context{text: c.text, unknown: true}
}

// rename finds the names of a context of another policy in this one.
func (v *Snapshot) rename(old *Snapshot, c *context) (policy.Context, bool) {
	p, before := v.Policy(), old.Policy()
	user := p.UserByName(before.User(c.user).Name)
	role := p.RoleByName(before.Role(c.role).Name)
	typ := p.TypeByName(before.Type(c.typ).Name)
	if user == nil || role == nil || typ == nil || typ.Attribute {
		return policy.Context{}, false
	}
	value := policy.Context{User: user.ID, Role: role.ID, Type: typ.ID}
	switch {
	case !p.MLS():
	case before.MLS():
		var low, high bool
		value.Range.Low, low = renameLevel(p, before, c.span.Low)
		value.Range.High, high = renameLevel(p, before, c.span.High)
		return value, low && high
	default:
		// What had no range gets that of unlabeled.
		unlabeled := v.contexts.known(SIDUnlabeled)
		if unlabeled == nil {
			return value, false
		}
		value.Range = unlabeled.span.Range
	}
	return value, true
}

// SID returns the identifier of a context, which must be valid under the policy.
// The text ends at its first NUL, if it has one. The error's errno is EINVAL.
func (s *Server) SID(text string) (policy.SID, error) {
	text, _, _ = strings.Cut(text, "\x00")
	if sid := s.Snapshot().contexts.byText(text); sid != 0 {
		return sid, nil
	}
	return s.parse(text, 0, false)
}

// SIDOrUnknown is SID, but a text that the policy doesn't know gets an
// identifier too: it is treated as unlabeled and keeps its text, as labels of
// files do.
func (s *Server) SIDOrUnknown(text string) (policy.SID, error) {
	return s.parse(text, 0, true)
}

// SIDWithDefault is SIDOrUnknown for a text that may lack its range, as one that
// was written under a policy without MLS: it gets the range of another SID. In
// a policy without MLS a range is ignored.
func (s *Server) SIDWithDefault(text string, def policy.SID) (policy.SID, error) {
	return s.parse(text, def, true)
}

func (s *Server) parse(text string, def policy.SID, force bool) (policy.SID, error) {
	text, _, _ = strings.Cut(text, "\x00")
	if text == "" && !force {
		return 0, fail(syscall.EINVAL, "context is empty")
	}
	for {
		v := s.Snapshot()
		if sid := v.contexts.byText(text); sid != 0 {
			return sid, nil
		}
		c, err := v.parseContext(text, def)
		if err != nil {
			if !force {
				return 0, &Error{Errno: syscall.EINVAL, Err: err}
			}
			c = &context{text: text, unknown: true}
		}
		if sid, ok := s.add(v, c); ok {
			return sid, nil
		}
	}
}

func (v *Snapshot) parseContext(text string, def policy.SID) (*context, error) {
	if def != 0 {
		if parts, err := secctx.Split(text); err == nil {
			switch c := v.contexts.known(def); {
			case !v.Policy().MLS():
				parts.Range = ""
			case parts.Range == "" && c != nil:
				parts.Range = mls.FormatRange(v.Policy(), c.value().Range)
			}
			text = parts.String()
		}
	}
	value, err := secctx.Parse(v.Policy(), text)
	if err != nil {
		return nil, err
	}
	return v.contexts.make(value), nil
}

// add gives a context of a snapshot a SID. ok is false when another policy has
// come into force.
func (s *Server) add(v *Snapshot, c *context) (sid policy.SID, ok bool) {
	if !c.unknown {
		if sid := v.contexts.byKey(c.contextKey); sid != 0 {
			return sid, true
		}
	}
	s.grow.Lock()
	defer s.grow.Unlock()
	if s.now.Load().contexts != v.contexts {
		return 0, false
	}
	return v.contexts.add(c), true
}

// Context returns the text of a SID: that of unlabeled for a SID that stands for
// nothing or for a context that the policy doesn't know.
func (s *Server) Context(sid policy.SID) (string, error) { return s.Snapshot().Context(sid) }

// Context returns the text of a SID; see Server.Context.
func (v *Snapshot) Context(sid policy.SID) (string, error) {
	c := v.contexts.known(sid)
	if c == nil {
		return "", &Error{Errno: syscall.EINVAL, Err: ErrNoUnlabeled}
	}
	return c.text, nil
}

// RawContext returns the text of a SID as it was given, even if the policy
// doesn't know it; valid is false then.
func (v *Snapshot) RawContext(sid policy.SID) (text string, valid bool) {
	c := v.contexts.any(sid)
	if c == nil {
		return "", false
	}
	return c.text, !c.unknown
}

// SIDs returns how many contexts have an identifier.
func (v *Snapshot) SIDs() int {
	n := 0
	for _, c := range *v.contexts.list.Load() {
		if c != nil {
			n++
		}
	}
	return n
}

// ContextValue returns a SID's context by the policy's identifiers, that of
// unlabeled for a SID that the policy doesn't know. ok is false if there is
// none.
func (v *Snapshot) ContextValue(sid policy.SID) (value policy.Context, ok bool) {
	c := v.contexts.known(sid)
	if c == nil {
		return policy.Context{}, false
	}
	return c.value(), true
}

// InitialSID returns the initial SID with the kernel's name, 0 if there is none
// of that name. One that the policy doesn't give a context is unlabeled.
func (s *Server) InitialSID(name string) policy.SID { return InitialSIDByName(name) }

// Booleans returns the names of the policy's booleans and their values.
func (s *Server) Booleans() map[string]bool { return s.Snapshot().Booleans() }

// Booleans returns the names of the policy's booleans and their values.
func (v *Snapshot) Booleans() map[string]bool {
	all := make(map[string]bool, len(v.image.data.Booleans))
	for i := range v.image.data.Booleans {
		b := &v.image.data.Booleans[i]
		all[b.Name] = v.booleans[b.ID]
	}
	return all
}

// Boolean returns the value of a boolean; ok is false if the policy has none of
// that name.
func (v *Snapshot) Boolean(name string) (value, ok bool) {
	b := v.Policy().BooleanByName(name)
	if b == nil {
		return false, false
	}
	return v.booleans[b.ID], true
}

// SetBooleans changes booleans, all at once or, if one doesn't exist, none. The
// others keep their values. The sequence number grows even if nothing changes.
func (s *Server) SetBooleans(values map[string]bool) error {
	s.load.Lock()
	defer s.load.Unlock()
	now := s.now.Load()
	booleans := slices.Clone(now.booleans)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b := now.Policy().BooleanByName(name)
		if b == nil {
			return fail(syscall.ENOENT, "boolean %q does not exist", name)
		}
		booleans[b.ID] = values[name]
	}
	s.change(func(v *Snapshot) {
		v.booleans = booleans
		v.rowTable = newRowTable(v.image, v.image.evaluate(booleans))
		v.seqno++
	})
	return nil
}
