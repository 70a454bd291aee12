package security

import (
	"syscall"

	"seward/policy"
	"seward/policy/mls"
)

// Create returns the label of a new object of a class that src creates in tgt,
// or of a process when src executes tgt. Name, if not empty, is the object's
// last path component. Errors: EACCES for a label that the policy doesn't
// allow to exist (in permissive mode it is returned), EINVAL for ranges that
// have nothing in common.
func (s *Server) Create(src, tgt policy.SID, class policy.ClassID, name string) (policy.SID, error) {
	return s.computeSID(src, tgt, fixed(class), policy.TypeTransition, name)
}

// CreateFor is Create for a class that has a number of its own in each policy:
// class returns that number. It is asked for the very policy that decides, so
// that a load in between does no harm.
func (s *Server) CreateFor(src, tgt policy.SID, class func(p *policy.Policy) policy.ClassID, name string) (policy.SID, error) {
	return s.computeSID(src, tgt, class, policy.TypeTransition, name)
}

func fixed(class policy.ClassID) func(*policy.Policy) policy.ClassID {
	return func(*policy.Policy) policy.ClassID { return class }
}

// Member returns the label of the instance of a polyinstantiated object tgt that
// src is to use. Errors are those of Create.
func (s *Server) Member(src, tgt policy.SID, class policy.ClassID) (policy.SID, error) {
	return s.computeSID(src, tgt, fixed(class), policy.TypeMember, "")
}

// Change returns the label that an object tgt is to get for the use of src, for
// example a terminal. Errors are those of Create.
func (s *Server) Change(src, tgt policy.SID, class policy.ClassID) (policy.SID, error) {
	return s.computeSID(src, tgt, fixed(class), policy.TypeChange, "")
}

func (s *Server) computeSID(src, tgt policy.SID, number func(*policy.Policy) policy.ClassID, kind policy.RuleKind, name string) (policy.SID, error) {
	for {
		v := s.Snapshot()
		class := number(v.Policy())
		source, target := v.contexts.known(src), v.contexts.known(tgt)
		if source == nil || target == nil {
			return 0, &Error{Errno: syscall.EINVAL, Err: ErrNoUnlabeled}
		}
		k, err := v.derive(source, target, class, kind, name)
		if err != nil {
			return 0, err
		}
		// A context that has a SID was checked when it got it, but it may be one
		// that a permissive system let pass.
		if sid := v.contexts.byKey(k); sid != 0 && !v.contexts.any(sid).invalid {
			return sid, nil
		}
		c := v.contexts.fromKey(k)
		if err := v.Policy().ValidContext(c.value()); err != nil {
			c.invalid = true
			if v.audit != nil {
				v.audit(v.invalidRecord(source, target, class, c.text))
			}
			if v.enforcing {
				return 0, fail(syscall.EACCES, "context %q is not valid: %w", c.text, err)
			}
		}
		if sid, ok := s.add(v, c); ok {
			return sid, nil
		}
	}
}

// derive computes a label from two others (kernel
// security/selinux/ss/services.c, security_compute_sid).
func (v *Snapshot) derive(s, t *context, class policy.ClassID, kind policy.RuleKind, name string) (contextKey, error) {
	m := v.image
	var defaults policy.Class
	if c := m.policy.Class(class); c != nil {
		defaults = *c
	}
	// A process or socket takes after its creator, anything else is an object.
	inherits := class != 0 && class == m.process || uint64(class) < uint64(len(m.sockets)) && m.sockets[class]

	k := contextKey{user: s.user, role: policy.ObjectRole, typ: t.typ, span: noRange}
	if kind == policy.TypeMember || defaults.DefaultUser == policy.DefaultTarget {
		k.user = t.user
	}
	if inherits {
		k.role, k.typ = s.role, s.typ
	}
	switch defaults.DefaultRole {
	case policy.DefaultSource:
		k.role = s.role
	case policy.DefaultTarget:
		k.role = t.role
	}
	switch defaults.DefaultType {
	case policy.DefaultSource:
		k.typ = s.typ
	case policy.DefaultTarget:
		k.typ = t.typ
	}
	if typ := v.typeRule(s.typ, t.typ, class, kind); typ != 0 {
		k.typ = typ
	}
	if name != "" {
		if typ := m.filenameRule(s.typ, t.typ, class, name); typ != 0 {
			k.typ = typ
		}
	}
	if kind == policy.TypeTransition {
		if i, ok := m.roleTransitions()[roleKey{s.role, t.typ, class}]; ok {
			k.role = m.data.RoleTransitions[i].Result
		}
	}
	if !m.policy.MLS() {
		return k, nil
	}
	var err error
	k.span, err = m.deriveRange(s, t, class, kind, defaults.DefaultRange, inherits)
	return k, err
}

// typeRule returns what a type rule gives, 0 if there is none. A conditional
// rule counts only if no other one is there.
func (v *Snapshot) typeRule(source, target policy.TypeID, class policy.ClassID, kind policy.RuleKind) policy.TypeID {
	r := v.findTypeRule(source, target, class, kind)
	if r == nil {
		return 0
	}
	return policy.TypeID(r.Data)
}

func (v *Snapshot) findTypeRule(source, target policy.TypeID, class policy.ClassID, kind policy.RuleKind) *policy.Rule {
	m := v.image
	for _, k := range m.rules.exactly(source, target, class) {
		if r := &m.data.Rules[k.rule()]; r.Kind == kind {
			return r
		}
	}
	for _, k := range m.conditional.exactly(source, target, class) {
		if b := &m.branches[k.rule()]; b.rule.Kind == kind && v.enabled[b.conditional] == b.when {
			return b.rule
		}
	}
	return nil
}

// filenameRule returns what a transition for the name gives, 0 if there is none.
func (m *image) filenameRule(source, target policy.TypeID, class policy.ClassID, name string) policy.TypeID {
	for _, i := range m.filenames()[nameKey{target, class, name}] {
		if t := &m.data.FilenameTransitions[i]; t.Sources.Has(source) {
			return t.Result
		}
	}
	return 0
}

// deriveRange computes the range of a label (kernel security/selinux/ss/mls.c,
// mls_compute_sid).
func (m *image) deriveRange(s, t *context, class policy.ClassID, kind policy.RuleKind, def policy.DefaultRange, inherits bool) (*span, error) {
	if kind == policy.TypeTransition {
		if r := m.rangeTo()[typeKey{s.typ, t.typ, class}]; r != nil {
			return r, nil
		}
		switch def {
		case policy.DefaultRangeSourceLow:
			return m.spans.single(s.span, false), nil
		case policy.DefaultRangeSourceHigh:
			return m.spans.single(s.span, true), nil
		case policy.DefaultRangeSourceLowHigh:
			return s.span, nil
		case policy.DefaultRangeTargetLow:
			return m.spans.single(t.span, false), nil
		case policy.DefaultRangeTargetHigh:
			return m.spans.single(t.span, true), nil
		case policy.DefaultRangeTargetLowHigh:
			return t.span, nil
		case policy.DefaultRangeGLBLUB:
			r, ok := mls.GLBLUB(s.span.Range, t.span.Range)
			if !ok {
				return nil, fail(syscall.EINVAL, "ranges of %q and %q have no sensitivity in common", s.text, t.text)
			}
			return m.spans.of(r), nil
		}
	}
	if inherits && kind != policy.TypeMember {
		return s.span, nil
	}
	return m.spans.single(s.span, false), nil
}

// ValidateTransition returns nil if the constraints of the class let task
// relabel an object from old to new. Errors: EPERM if one forbids it, EINVAL if
// the class doesn't exist. The mode doesn't matter: this is what
// /sys/fs/selinux/validatetrans answers. Relabelling itself asks
// EnforceTransition.
func (s *Server) ValidateTransition(old, updated policy.SID, class policy.ClassID, task policy.SID) error {
	return s.Snapshot().validate(old, updated, class, task, false)
}

// EnforceTransition is ValidateTransition for a relabelling that happens: what is
// forbidden is logged, and in permissive mode it is let pass.
func (s *Server) EnforceTransition(old, updated policy.SID, class policy.ClassID, task policy.SID) error {
	return s.Snapshot().EnforceTransition(old, updated, class, task)
}

// EnforceTransition is Server.EnforceTransition.
func (v *Snapshot) EnforceTransition(old, updated policy.SID, class policy.ClassID, task policy.SID) error {
	return v.validate(old, updated, class, task, true)
}

func (v *Snapshot) validate(old, updated policy.SID, class policy.ClassID, task policy.SID, enforce bool) error {
	code := v.image.code(class)
	if code == nil {
		return fail(syscall.EINVAL, "class %d does not exist", class)
	}
	o, n, t := v.contexts.known(old), v.contexts.known(updated), v.contexts.known(task)
	if o == nil || n == nil || t == nil {
		return &Error{Errno: syscall.EINVAL, Err: ErrNoUnlabeled}
	}
	e := evaluation{image: v.image, contexts: [3]*context{o, n, t}}
	for i := range code.transitions {
		if e.run(&code.transitions[i]) {
			continue
		}
		if enforce {
			if v.audit != nil {
				v.audit(v.transitionRecord(o, n, t, class))
			}
			if !v.enforcing {
				return nil
			}
		}
		return fail(syscall.EPERM, "a constraint of class %s forbids to relabel %q to %q for %q",
			v.className(class), o.text, n.text, t.text)
	}
	return nil
}

// BoundedTransition returns nil if the type of updated is that of old or is
// bounded by it, directly or not; else an error with EPERM.
func (s *Server) BoundedTransition(old, updated policy.SID) error {
	v := s.Snapshot()
	o, n := v.contexts.known(old), v.contexts.known(updated)
	if o == nil || n == nil {
		return &Error{Errno: syscall.EINVAL, Err: ErrNoUnlabeled}
	}
	// Build refuses long chains and with them circles.
	for t := n.typ; t != o.typ; {
		t = v.Policy().Type(t).Bounds
		if t == 0 {
			if v.audit != nil {
				v.audit(v.boundedRecord(o, n))
			}
			return fail(syscall.EPERM, "type of %q is not bounded by that of %q", n.text, o.text)
		}
	}
	return nil
}
