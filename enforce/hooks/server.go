package hooks

import (
	"sync/atomic"

	"seward/policy"
	"seward/security"
	"seward/security/avc"
)

// Server is the Asker over a security server: it asks the server's cache in the
// policy's numbers, and makes a new Map when another policy is loaded.
type Server struct {
	server  *security.Server
	cache   *avc.Cache
	initial [initialSIDCount]policy.SID
	current atomic.Pointer[Map]
}

// NewServer returns an Asker over the server behind the cache.
func NewServer(cache *avc.Cache) *Server {
	s := &Server{server: cache.Server(), cache: cache}
	for i := range s.initial {
		s.initial[i] = s.server.InitialSID(initialSIDNames[i])
	}
	return s
}

var _ Asker = (*Server)(nil)

// Map returns the translation to the policy in force.
func (s *Server) Map() *Map { return s.mapOf(s.server.Snapshot()) }

// mapOf returns the translation to the policy of a state of the server.
func (s *Server) mapOf(v *security.Snapshot) *Map { return s.mapTo(v.Policy()) }

// mapTo returns the translation to a policy.
func (s *Server) mapTo(p *policy.Policy) *Map {
	if m := s.current.Load(); m != nil && m.policy == p {
		return m
	}
	m := NewMap(p)
	s.current.Store(m)
	return m
}

// Check implements Asker.
func (s *Server) Check(q Query) Answer {
	if q.Perms == 0 {
		return Answer{}
	}
	v := s.server.Snapshot()
	m := s.mapOf(v)
	class := m.Class(q.Class)
	if class == 0 {
		return s.checkUnknown(v, q)
	}
	vector, unknown := m.Vector(q.Class, q.Perms)
	var r avc.Result
	switch q.Xperm.Kind {
	case XpermNone:
		r = s.cache.CheckAt(v, q.Source, q.Target, class, vector)
	case XpermIoctl:
		r = s.cache.CheckXpermAt(v, q.Source, q.Target, class, vector, security.XpermIoctl, q.Xperm.Value)
	case XpermNlmsg:
		r = s.cache.CheckXpermAt(v, q.Source, q.Target, class, vector, security.XpermNetlink, q.Xperm.Value)
	}
	answer := Answer{
		Refused: !r.Granted,
		Denied:  m.Perms(q.Class, q.Perms, r.Denied),
		Logged:  m.Perms(q.Class, q.Perms, r.Audit),
	}
	if unknown != 0 && !v.AllowUnknown() {
		// The policy can't say that such a denial goes unlogged.
		if answer.Denied == 0 {
			answer.Logged = 0
		}
		answer.Denied |= unknown
		answer.Logged |= unknown
		answer.Refused = answer.Refused || enforced(v, v.ComputeAV(q.Source, q.Target, 0))
	}
	if q.AuditIf != 0 && answer.Denied != 0 && !audits(v, m, q, r.AuditDeny) {
		answer.Logged = 0
	}
	return answer
}

// audits reports whether a denial of q.AuditIf would be logged.
func audits(v *security.Snapshot, m *Map, q Query, auditDeny policy.AccessVector) bool {
	vector, unknown := m.Vector(q.Class, q.AuditIf)
	return vector&auditDeny != 0 || unknown != 0 && !v.AllowUnknown()
}

// enforced reports whether a denial makes an operation fail.
func enforced(v *security.Snapshot, d security.Decision) bool {
	return v.Enforcing() && d.Flags&security.FlagPermissive == 0
}

// checkUnknown answers for a class that the policy doesn't have.
func (s *Server) checkUnknown(v *security.Snapshot, q Query) Answer {
	if v.AllowUnknown() {
		return Answer{}
	}
	d := v.ComputeAV(q.Source, q.Target, 0)
	answer := Answer{Refused: enforced(v, d), Denied: q.Perms}
	if d.AuditDeny != 0 {
		answer.Logged = q.Perms
	}
	return answer
}

// Transition implements Asker.
func (s *Server) Transition(source, target policy.SID, class Class, name string) (policy.SID, error) {
	number := func(p *policy.Policy) policy.ClassID { return s.mapTo(p).Class(class) }
	return s.server.CreateFor(source, target, number, name)
}

// SID implements Asker.
func (s *Server) SID(context string) (policy.SID, error) { return s.server.SID(context) }

// UnknownSID implements Asker.
func (s *Server) UnknownSID(context string) (policy.SID, error) {
	return s.server.SIDOrUnknown(context)
}

// ValidateTransition implements Asker.
func (s *Server) ValidateTransition(old, updated policy.SID, class Class, task policy.SID) error {
	v := s.server.Snapshot()
	return v.EnforceTransition(old, updated, s.mapOf(v).Class(class), task)
}

// Bounded implements Asker.
func (s *Server) Bounded(parent, child policy.SID) bool {
	return s.server.BoundedTransition(parent, child) == nil
}

// Initial implements Asker.
func (s *Server) Initial(name InitialSID) policy.SID {
	if name >= initialSIDCount {
		return 0
	}
	return s.initial[name]
}

// Has implements Asker.
func (s *Server) Has(c policy.Capability) bool { return s.server.Policy().Has(c) }

// Enforcing implements Asker.
func (s *Server) Enforcing() bool { return s.server.Enforcing() }

// AllowUnknown implements Asker.
func (s *Server) AllowUnknown() bool { return s.server.Snapshot().AllowUnknown() }

// Context returns the text of a label.
func (s *Server) Context(sid policy.SID) (string, error) { return s.server.Context(sid) }

// Policy returns the policy in force.
func (s *Server) Policy() *policy.Policy { return s.server.Policy() }

// Seqno returns the number of the policy in force, which loads of policies and
// commits of booleans change.
func (s *Server) Seqno() uint32 { return s.server.Seqno() }
