package policydb

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"seward/policy"
)

// Reasons why a kernel refuses to load a policy that is valid in itself.
var (
	ErrNoRules      = errors.New("policy has no rules")
	ErrNoProcess    = errors.New("policy has no class process")
	ErrNoTransition = errors.New("class process lacks permission transition or dyntransition")
	ErrBounds       = errors.New("more is allowed than to what bounds it")
	ErrNoSelinuxfs  = errors.New("no genfscon statement labels its file in selinuxfs")
)

// Loadable returns nil if a kernel would load the policy, as far as that depends
// on the policy. A kernel wants rules, the means to tell process transitions,
// no user or role with more than the one that bounds it (kernel
// security/selinux/ss/policydb.c, policydb_read, policydb_bounds_sanity_check;
// avtab.c, avtab_read), and a label for the file of each boolean, without
// which Linux 6.12 fails with ENOENT (selinuxfs.c, sel_make_bools). Tools can
// do without: a policy for a userspace object manager alone may lack all of it,
// and Read accepts that.
func Loadable(p *policy.Policy) error {
	process := p.ClassByName("process")
	switch {
	case len(p.Data().Rules) == 0:
		return ErrNoRules
	case process == nil:
		return ErrNoProcess
	case p.Permission(process, "transition") == 0 || p.Permission(process, "dyntransition") == 0:
		return ErrNoTransition
	}
	users := p.Data().Users
	for i := range users {
		u := &users[i]
		if parent := p.User(u.Bounds); parent != nil && !parent.Roles.Contains(u.Roles) {
			return fmt.Errorf("user %s: %w, user %s", u.Name, ErrBounds, parent.Name)
		}
	}
	roles := p.Data().Roles
	for i := range roles {
		r := &roles[i]
		if parent := p.Role(r.Bounds); parent != nil && !parent.Types.Contains(r.Types) {
			return fmt.Errorf("role %s: %w, role %s", r.Name, ErrBounds, parent.Name)
		}
	}
	return labelledBooleans(p)
}

func labelledBooleans(p *policy.Policy) error {
	file := policy.ClassID(0)
	if c := p.ClassByName("file"); c != nil {
		file = c.ID
	}
	paths := p.GenFSPaths("selinuxfs")
	for i := range p.Data().Booleans {
		name := p.Data().Booleans[i].Name
		if !slices.ContainsFunc(paths, func(x policy.GenFSPath) bool {
			return (x.Class == 0 || x.Class == file) && strings.HasPrefix("/booleans/"+name, x.Path)
		}) {
			return fmt.Errorf("boolean %s: %w", name, ErrNoSelinuxfs)
		}
	}
	return nil
}
