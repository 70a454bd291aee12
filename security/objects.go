package security

import (
	"strings"
	"syscall"

	"seward/policy"
)

// FSBehavior says where the labels of a filesystem's objects come from. The
// values are the kernel's.
type FSBehavior uint32

// Behaviors.
const (
	FSXattr FSBehavior = FSBehavior(policy.FSUseXattr) // extended attributes
	FSTrans FSBehavior = FSBehavior(policy.FSUseTrans) // made by transition, in memory
	FSTask  FSBehavior = FSBehavior(policy.FSUseTask)  // that of the creating task
	FSGenFS FSBehavior = 4                             // by path, from the policy
	FSNone  FSBehavior = 5                             // none: all is unlabeled
)

// ofContext returns the SID of a context that the policy gives something, or a
// default if it gives none.
func (s *Server) ofContext(def policy.SID, find func(v *Snapshot) *policy.Context) policy.SID {
	for {
		v := s.Snapshot()
		value := find(v)
		if value == nil {
			return def
		}
		if sid, ok := s.add(v, v.contexts.make(*value)); ok {
			return sid
		}
	}
}

// FSUse returns how objects of a filesystem type are labelled, and the label of
// the filesystem itself.
func (s *Server) FSUse(fstype string) (FSBehavior, policy.SID) {
	behavior := FSNone
	sid := s.ofContext(SIDUnlabeled, func(v *Snapshot) *policy.Context {
		for i := range v.image.data.FSUses {
			if u := &v.image.data.FSUses[i]; u.Name == fstype {
				behavior = FSBehavior(u.Behavior)
				return &u.Context
			}
		}
		behavior = FSNone
		dir := policy.ClassID(0)
		if c := v.Policy().ClassByName("dir"); c != nil {
			dir = c.ID
		}
		value := v.genFS(fstype, "/", dir)
		if value != nil {
			behavior = FSGenFS
		}
		return value
	})
	return behavior, sid
}

// GenFS returns the label that the policy gives a path in a filesystem without
// own labels, counted from the filesystem's root, and an object class. ok is
// false, and the SID unlabeled, if it gives none.
func (s *Server) GenFS(fstype, path string, class policy.ClassID) (sid policy.SID, ok bool) {
	sid = s.ofContext(SIDUnlabeled, func(v *Snapshot) *policy.Context {
		value := v.genFS(fstype, path, class)
		ok = value != nil
		return value
	})
	return sid, ok
}

// genFS finds the first entry whose path is a prefix, or that matches if the
// policy has wildcards. An image has the longest paths first.
func (v *Snapshot) genFS(fstype, path string, class policy.ClassID) *policy.Context {
	for strings.HasPrefix(path, "//") {
		path = path[1:]
	}
	wildcard := v.Policy().Has(policy.CapGenfsSeclabelWildcard)
	for i := range v.image.data.GenFS {
		g := &v.image.data.GenFS[i]
		if g.Filesystem != fstype {
			continue
		}
		for j := range g.Paths {
			e := &g.Paths[j]
			if e.Class != 0 && e.Class != class {
				continue
			}
			if wildcard && matchWildcard(e.Path, path) || !wildcard && strings.HasPrefix(path, e.Path) {
				return &e.Context
			}
		}
	}
	return nil
}

// Port returns the label of a port of a protocol (IPPROTO_*).
func (s *Server) Port(protocol uint8, port uint16) policy.SID {
	return s.ofContext(SIDPort, func(v *Snapshot) *policy.Context {
		for i := range v.image.data.Ports {
			p := &v.image.data.Ports[i]
			if p.Protocol == protocol && p.Low <= port && port <= p.High {
				return &p.Context
			}
		}
		return nil
	})
}

// Netif returns the label of a network interface.
func (s *Server) Netif(name string) policy.SID {
	return s.ofContext(SIDNetif, func(v *Snapshot) *policy.Context {
		wildcard := v.Policy().Has(policy.CapNetifWildcard)
		for i := range v.image.data.Netifs {
			n := &v.image.data.Netifs[i]
			if n.Name == name || wildcard && matchWildcard(n.Name, name) {
				return &n.Interface
			}
		}
		return nil
	})
}

// Node returns the label of an address of 4 or 16 bytes in network order.
func (s *Server) Node(address []byte) policy.SID {
	return s.ofContext(SIDNode, func(v *Snapshot) *policy.Context {
		nodes := v.image.data.Nodes
		if len(address) == 16 {
			nodes = v.image.data.Nodes6
		}
		for i := range nodes {
			if n := &nodes[i]; masked(address, n.Mask, n.Address) {
				return &n.Context
			}
		}
		return nil
	})
}

// masked reports whether an address under a mask is what is expected.
func masked(address, mask, want []byte) bool {
	if len(address) != len(mask) {
		return false
	}
	for i := range address {
		if address[i]&mask[i] != want[i] {
			return false
		}
	}
	return true
}

// matchWildcard reports whether text matches a pattern, in which an asterisk
// stands for any text and a question mark for any byte.
func matchWildcard(pattern, text string) bool {
	star, resume := -1, 0
	p := 0
	for i := 0; i < len(text); {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[i]):
			p++
			i++
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// WithRange returns the SID of a context like that of sid, with the range of
// another one. Without MLS it returns sid. Errors: EINVAL for a context that
// would not be valid (in permissive mode it is returned).
func (s *Server) WithRange(sid, other policy.SID) (policy.SID, error) {
	for {
		v := s.Snapshot()
		if !v.Policy().MLS() {
			return sid, nil
		}
		c, r := v.contexts.known(sid), v.contexts.known(other)
		if c == nil || r == nil {
			return 0, &Error{Errno: syscall.EINVAL, Err: ErrNoUnlabeled}
		}
		k := c.contextKey
		k.span = r.span
		made := v.contexts.fromKey(k)
		if err := v.Policy().ValidContext(made.value()); err != nil {
			made.invalid = true
			if v.enforcing {
				if v.audit != nil {
					v.audit("op=security_sid_mls_copy invalid_context=" + untrusted(made.text))
				}
				return 0, fail(syscall.EINVAL, "context %q is not valid: %w", made.text, err)
			}
		}
		if sid, ok := s.add(v, made); ok {
			return sid, nil
		}
	}
}
