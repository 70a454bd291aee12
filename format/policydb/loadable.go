package policydb

import (
	"errors"

	"seward/policy"
)

// Reasons why a kernel refuses to load a policy that is valid in itself.
var (
	ErrNoRules      = errors.New("policy has no rules")
	ErrNoProcess    = errors.New("policy has no class process")
	ErrNoTransition = errors.New("class process has neither permission transition nor dyntransition")
)

// Loadable returns nil if a kernel would load the policy, as far as that depends
// on the policy. A kernel wants rules and the means to tell process transitions
// (kernel security/selinux/ss/policydb.c, policydb_read; avtab.c, avtab_read);
// tools don't need them, and a policy for a userspace object manager alone may
// go without, so Read accepts them absent.
func Loadable(p *policy.Policy) error {
	process := p.ClassByName("process")
	switch {
	case len(p.Data().Rules) == 0:
		return ErrNoRules
	case process == nil:
		return ErrNoProcess
	case p.Permission(process, "transition")|p.Permission(process, "dyntransition") == 0:
		return ErrNoTransition
	}
	return nil
}
