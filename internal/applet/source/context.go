package source

import (
	"fmt"
	"strings"

	"seward/policy"
	"seward/policy/mls"
	"seward/policy/secctx"
)

// Kind tells what a context that a command line abbreviates belongs to.
type Kind uint8

// Kinds of labelled things. An object has the role object_r, a task one that may
// have its type.
const (
	Task Kind = iota
	Object
)

// taskClasses are the classes beside sockets whose objects carry the label of a
// task: the task itself or what it made in memory.
var taskClasses = map[string]bool{
	"process": true, "process2": true, "fd": true, "key": true, "memprotect": true, "user_namespace": true,
	"capability": true, "capability2": true, "cap_userns": true, "cap2_userns": true,
	"msg": true, "msgq": true, "sem": true, "shm": true, "ipc": true, "bpf": true, "perf_event": true,
	"io_uring": true, "binder": true, "dbus": true, "nscd": true, "passwd": true, "context": true,
}

// KindOf returns what the target of a query about the class usually is.
func KindOf(class string) Kind {
	if taskClasses[class] || strings.HasSuffix(class, "socket") && class != "sock_file" {
		return Task
	}
	return Object
}

// Context completes a context of a command line and returns its canonical text: a
// type alone gets a user, a role and a level that it may be combined with, and
// user:role:type the lowest level of the user.
func Context(p *policy.Policy, text string, kind Kind) (string, error) {
	var c policy.Context
	var err error
	if strings.Contains(text, ":") {
		c, err = parse(p, text)
	} else {
		c, err = ofType(p, text, kind)
	}
	if err != nil {
		return "", err
	}
	return secctx.Format(p, c), nil
}

// parse reads a context, with or without a range.
func parse(p *policy.Policy, text string) (policy.Context, error) {
	parts, err := secctx.Split(text)
	if err != nil {
		return policy.Context{}, fmt.Errorf("context %q: %w", text, err)
	}
	if user := p.UserByName(parts.User); user != nil && p.MLS() && parts.Range == "" {
		parts.Range = mls.FormatLevel(p, lowest(user))
	}
	return secctx.Parse(p, parts.String())
}

// lowest is the level that somebody starts with who asks for none.
func lowest(u *policy.User) mls.Level {
	if u.Default.Between(u.Range) {
		return u.Default
	}
	return u.Range.Low
}

// ofType finds a context for a type: of the pairs of a user and a role that may
// have it, the system's own if it may, else the first in the policy's order.
func ofType(p *policy.Policy, name string, kind Kind) (policy.Context, error) {
	t := p.TypeByName(name)
	switch {
	case t == nil:
		return policy.Context{}, fmt.Errorf("type %q: %w", name, policy.ErrNoType)
	case t.Attribute:
		return policy.Context{}, fmt.Errorf("%q is an attribute, expected a type", name)
	}
	best := policy.Context{}
	for id := policy.UserID(1); uint32(id) <= p.Data().Sizes.Users; id++ {
		u := p.User(id)
		if u == nil {
			continue
		}
		system := u.Name == "system_u"
		if best.User != 0 && !system {
			continue
		}
		if kind == Object {
			best = policy.Context{User: id, Role: policy.ObjectRole, Type: t.ID, Range: lowest(u).Single()}
			continue
		}
		for r := range u.Roles.All() {
			if role := p.Role(r); r != policy.ObjectRole && role != nil && role.Types.Has(t.ID) {
				best = policy.Context{User: id, Role: r, Type: t.ID, Range: lowest(u).Single()}
				break
			}
		}
	}
	if best.User == 0 {
		return best, fmt.Errorf("no user of the policy has a role that may have type %s", name)
	}
	return best, nil
}
