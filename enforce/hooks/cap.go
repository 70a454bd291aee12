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
