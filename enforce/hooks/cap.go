package hooks

import (
	"syscall"

	"seward/policy"
)

// Capability is a Linux capability by number.
type Capability uint8

// Capabilities that hooks ask for themselves.
const (
	CapFowner       Capability = 3
	CapSysTTYConfig Capability = 26
	CapMacAdmin     Capability = 33
	capabilityCount Capability = 41
)

// Capable is asked when a task is about to use a capability that it has.
// initial is whether it acts in the initial user namespace; quiet whether a
// denial goes unlogged, as where the kernel only probes.
func Capable(asker Asker, s *Subject, c Capability, initial, quiet bool) Verdict {
	a := ask{asker: asker}
	a.capability(s.SID, c, initial, quiet)
	return a.verdict
}

func (a *ask) capability(sid policy.SID, c Capability, initial, quiet bool) bool {
	if c >= capabilityCount {
		return a.fail(syscall.EINVAL)
	}
	class, bit := ClassCapability, c
	if c >= 32 {
		class, bit = ClassCapability2, c-32
	}
	if !initial {
		if class == ClassCapability {
			class = ClassCapUserns
		} else {
			class = ClassCap2Userns
		}
	}
	return a.checkErrno(Query{
		Source: sid, Target: sid, Class: class, Perms: 1 << bit, Quiet: quiet,
	}, Object{Kind: ObjectCapability, Number: int64(c)}, syscall.EPERM)
}

// GetCapabilities is asked by capget of another task.
func GetCapabilities(asker Asker, s *Subject, target policy.SID) Verdict {
	return process(asker, s.SID, target, ProcessGetcap)
}

// SetCapabilities is asked by capset: of the task's old label on its new one,
// which are usually the same.
func SetCapabilities(asker Asker, old, new policy.SID) Verdict {
	return process(asker, old, new, ProcessSetcap)
}

// DeniedCapabilities returns the capabilities that a label has no use of, a bit
// each: those that the policy denies where that is enforced. initial is as for
// Capable.
func (s *Server) DeniedCapabilities(sid policy.SID, initial bool) uint64 {
	low, high := ClassCapability, ClassCapability2
	if !initial {
		low, high = ClassCapUserns, ClassCap2Userns
	}
	const all = 1<<32 - 1
	first, enforced := s.Denies(sid, sid, low, all)
	second, _ := s.Denies(sid, sid, high, 1<<(capabilityCount-32)-1)
	if !enforced {
		return 0
	}
	return uint64(first) | uint64(second)<<32
}

// Denies returns which permissions the policy denies and whether that is
// enforced on the source, without asking for any of them: nothing is logged, now
// or for being asked for later.
func (s *Server) Denies(source, target policy.SID, c Class, perms Perms) (denied Perms, enforcing bool) {
	v := s.server.Snapshot()
	m := s.mapOf(v)
	class := m.Class(c)
	d := v.ComputeAV(source, target, class)
	enforcing = enforced(v, d)
	if class == 0 {
		if v.AllowUnknown() {
			return 0, enforcing
		}
		return perms, enforcing
	}
	vector, unknown := m.Vector(c, perms)
	denied = m.Perms(c, perms, vector&^d.Allowed)
	if !v.AllowUnknown() {
		denied |= unknown
	}
	return denied, enforcing
}

// Grants reports whether the policy allows permissions in so many words: not
// because the mode or the source is permissive, nor because it doesn't know
// them.
func (s *Server) Grants(source, target policy.SID, c Class, perms Perms) bool {
	v := s.server.Snapshot()
	m := s.mapOf(v)
	class := m.Class(c)
	if class == 0 {
		return false
	}
	vector, unknown := m.Vector(c, perms)
	return unknown == 0 && vector&^v.ComputeAV(source, target, class).Allowed == 0
}
