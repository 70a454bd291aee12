package selinuxfs

import (
	"slices"
	"strings"

	"seward/policy"
	"seward/security"
)

// Magic is the filesystem type that statfs reports for selinuxfs, Type the name
// that /proc/filesystems and mounts give it.
const (
	Magic = 0xf97cff8c
	Type  = "selinuxfs"
)

// Bits of a node's mode that tell its type, as in struct stat.
const (
	ModeDirectory = 0o040000
	ModeRegular   = 0o100000
	ModeCharacter = 0o020000
)

// NullDevice is the device number of the node null, major and minor.
const (
	NullMajor = 1
	NullMinor = 3
)

// kind tells nodes apart.
type kind uint8

const (
	kindRoot kind = iota
	kindLoad
	kindEnforce
	kindContext
	kindAccess
	kindCreate
	kindRelabel
	kindUser
	kindPolicyVersion
	kindCommit
	kindMLS
	kindDisable
	kindMember
	kindCheckReqProt
	kindRejectUnknown
	kindDenyUnknown
	kindStatus
	kindPolicy
	kindValidate
	kindNull
	kindBooleans
	kindBoolean
	kindInitials
	kindInitial
	kindClasses
	kindClass
	kindIndex
	kindPermissions
	kindPermission
	kindCapabilities
	kindCapability
	kindCache
	kindThreshold
	kindHashStats
	kindCacheStats
	kindSS
	kindSIDStats
)

// fixedNodes are the entries that every policy has, in kindRoot or the directory
// named last. Their inode numbers are the kernel's, which follow from the order in
// which it makes them.
var fixedNodes = []struct {
	name string
	kind kind
	mode uint32
	ino  uint64
	dir  kind
}{
	{"load", kindLoad, ModeRegular | 0o600, 3, kindRoot},
	{"enforce", kindEnforce, ModeRegular | 0o644, 4, kindRoot},
	{"context", kindContext, ModeRegular | 0o666, 5, kindRoot},
	{"access", kindAccess, ModeRegular | 0o666, 6, kindRoot},
	{"create", kindCreate, ModeRegular | 0o666, 7, kindRoot},
	{"relabel", kindRelabel, ModeRegular | 0o666, 8, kindRoot},
	{"user", kindUser, ModeRegular | 0o666, 9, kindRoot},
	{"policyvers", kindPolicyVersion, ModeRegular | 0o444, 10, kindRoot},
	{"commit_pending_bools", kindCommit, ModeRegular | 0o200, 11, kindRoot},
	{"mls", kindMLS, ModeRegular | 0o444, 12, kindRoot},
	{"disable", kindDisable, ModeRegular | 0o200, 13, kindRoot},
	{"member", kindMember, ModeRegular | 0o666, 14, kindRoot},
	{"checkreqprot", kindCheckReqProt, ModeRegular | 0o644, 15, kindRoot},
	{"reject_unknown", kindRejectUnknown, ModeRegular | 0o444, 17, kindRoot},
	{"deny_unknown", kindDenyUnknown, ModeRegular | 0o444, 18, kindRoot},
	{"status", kindStatus, ModeRegular | 0o444, 19, kindRoot},
	{"policy", kindPolicy, ModeRegular | 0o444, 20, kindRoot},
	{"validatetrans", kindValidate, ModeRegular | 0o222, 21, kindRoot},
	{"booleans", kindBooleans, ModeDirectory | 0o555, 22, kindRoot},
	{"null", kindNull, ModeCharacter | 0o666, 23, kindRoot},
	{"avc", kindCache, ModeDirectory | 0o555, 24, kindRoot},
	{"cache_threshold", kindThreshold, ModeRegular | 0o644, 25, kindCache},
	{"hash_stats", kindHashStats, ModeRegular | 0o444, 26, kindCache},
	{"cache_stats", kindCacheStats, ModeRegular | 0o444, 27, kindCache},
	{"ss", kindSS, ModeDirectory | 0o555, 28, kindRoot},
	{"sidtab_hash_stats", kindSIDStats, ModeRegular | 0o444, 29, kindSS},
	{"initial_contexts", kindInitials, ModeDirectory | 0o555, 30, kindRoot},
	{"class", kindClasses, ModeDirectory | 0o555, 31, kindRoot},
	{"policy_capabilities", kindCapabilities, ModeDirectory | 0o555, 32, kindRoot},
}

// Where the kernel's inode numbers of the nodes of a kind begin.
const (
	inoRoot       = 2
	inoInitial    = 0x01000000
	inoBoolean    = 0x02000000
	inoClass      = 0x04000000
	inoCapability = 0x08000000
	// A class has this many numbers: its index and its permissions.
	inoPerClass = 33
)

// Node is a file or directory of a Tree. It is a name, not an open file: what it
// stands for may be gone after a policy load.
type Node struct {
	kind  kind
	fixed int8 // index in fixedNodes
	name  string
	class policy.ClassID
	// number is a boolean's, an initial SID's, a permission's or a capability's.
	number uint32
}

// Root is the top directory.
var Root = Node{kind: kindRoot}

// Name returns the last part of the node's path, "/" for the root.
func (n Node) Name() string {
	if n.kind == kindRoot {
		return "/"
	}
	return n.name
}

// IsDir reports whether the node is a directory.
func (n Node) IsDir() bool { return n.Mode()&ModeDirectory != 0 }

// IsNull reports whether the node is the null device, which stands in for
// descriptors that a program may not inherit.
func (n Node) IsNull() bool { return n.kind == kindNull }

// IsStatus reports whether the node is the status page, which programs map.
func (n Node) IsStatus() bool { return n.kind == kindStatus }

// IsPolicy reports whether the node is the image of the policy in force, which one
// program at a time may have open.
func (n Node) IsPolicy() bool { return n.kind == kindPolicy }

// IsLoad reports whether policies are loaded by writing to the node, each in one
// write.
func (n Node) IsLoad() bool { return n.kind == kindLoad }

// Writable reports whether writing to the node does something. What can't be
// written has the same content for its whole open time and may be carried as a
// copy.
func (n Node) Writable() bool { return !n.IsDir() && n.Mode()&0o222 != 0 && n.kind != kindNull }

// Mode returns the node's type and permissions.
func (n Node) Mode() uint32 {
	switch n.kind {
	case kindRoot, kindClass, kindPermissions:
		return ModeDirectory | 0o555
	case kindBoolean:
		return ModeRegular | 0o644
	case kindInitial, kindIndex, kindPermission, kindCapability:
		return ModeRegular | 0o444
	}
	return fixedNodes[n.fixed].mode
}

// Ino returns the node's inode number.
func (n Node) Ino() uint64 {
	switch n.kind {
	case kindRoot:
		return inoRoot
	case kindBoolean:
		return inoBoolean | uint64(n.number-1)
	case kindInitial:
		return inoInitial | uint64(n.number)
	case kindCapability:
		return inoCapability | uint64(n.number)
	case kindClass:
		return inoClass | uint64(n.class)*inoPerClass | 1<<23
	case kindPermissions:
		return inoClass | uint64(n.class)*inoPerClass | 1<<22
	case kindIndex:
		return inoClass | uint64(n.class)*inoPerClass
	case kindPermission:
		return inoClass | uint64(n.class)*inoPerClass + uint64(n.number)
	}
	return fixedNodes[n.fixed].ino
}

// GenFSPath returns the path by which genfscon statements for selinuxfs label
// the node: booleans have one each, all others that of the filesystem.
func (n Node) GenFSPath() string {
	if n.kind == kindBoolean {
		return "/booleans/" + n.name
	}
	return "/"
}

// Lookup returns the node at a path below the root; "/" and "" are the root.
func (t *Tree) Lookup(path string) (Node, bool) {
	n := Root
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." {
			continue
		}
		var ok bool
		if n, ok = t.Child(n, part); !ok {
			return Node{}, false
		}
	}
	return n, true
}

// Child returns the entry of a directory.
func (t *Tree) Child(dir Node, name string) (Node, bool) {
	p := t.server.Policy()
	switch dir.kind {
	case kindRoot, kindCache, kindSS:
		for i := range fixedNodes {
			if fixedNodes[i].dir == dir.kind && fixedNodes[i].name == name {
				return fixed(i), true
			}
		}
	case kindBooleans:
		if b := p.BooleanByName(name); b != nil {
			return Node{kind: kindBoolean, name: name, number: uint32(b.ID)}, true
		}
	case kindInitials:
		sid := security.InitialSIDByName(name)
		if _, used := security.InitialSIDName(sid); used {
			return Node{kind: kindInitial, name: name, number: uint32(sid)}, true
		}
	case kindClasses:
		if c := p.ClassByName(name); c != nil {
			return Node{kind: kindClass, name: name, class: c.ID}, true
		}
	case kindClass:
		switch name {
		case "index":
			return Node{kind: kindIndex, name: name, class: dir.class}, true
		case "perms":
			return Node{kind: kindPermissions, name: name, class: dir.class}, true
		}
	case kindPermissions:
		for _, n := range t.permissions(dir.class) {
			if n.name == name {
				return n, true
			}
		}
	case kindCapabilities:
		if c, ok := policy.CapabilityByName(name); ok {
			return Node{kind: kindCapability, name: name, number: uint32(c)}, true
		}
	}
	return Node{}, false
}

// Children returns the entries of a directory, without "." and "..".
func (t *Tree) Children(dir Node) []Node {
	p := t.server.Policy()
	var nodes []Node
	switch dir.kind {
	case kindRoot, kindCache, kindSS:
		for i := range fixedNodes {
			if fixedNodes[i].dir == dir.kind {
				nodes = append(nodes, fixed(i))
			}
		}
	case kindBooleans:
		for i := range p.Data().Booleans {
			b := &p.Data().Booleans[i]
			nodes = append(nodes, Node{kind: kindBoolean, name: b.Name, number: uint32(b.ID)})
		}
		slices.SortFunc(nodes, func(a, b Node) int { return int(a.number) - int(b.number) })
	case kindInitials:
		for sid := policy.SID(1); ; sid++ {
			name, used := security.InitialSIDName(sid)
			if name == "" {
				break
			}
			if used {
				nodes = append(nodes, Node{kind: kindInitial, name: name, number: uint32(sid)})
			}
		}
	case kindClasses:
		for i := range p.Data().Classes {
			c := &p.Data().Classes[i]
			nodes = append(nodes, Node{kind: kindClass, name: c.Name, class: c.ID})
		}
	case kindClass:
		nodes = []Node{
			{kind: kindIndex, name: "index", class: dir.class},
			{kind: kindPermissions, name: "perms", class: dir.class},
		}
	case kindPermissions:
		nodes = t.permissions(dir.class)
	case kindCapabilities:
		for i := range policy.Capabilities {
			c := policy.Capability(i)
			nodes = append(nodes, Node{kind: kindCapability, name: c.String(), number: uint32(c)})
		}
	}
	return nodes
}

func fixed(i int) Node {
	return Node{kind: fixedNodes[i].kind, fixed: int8(i), name: fixedNodes[i].name} //nolint:gosec // G115: an index of a small table.
}

func (t *Tree) permissions(id policy.ClassID) []Node {
	p := t.server.Policy()
	c := p.Class(id)
	if c == nil {
		return nil
	}
	var nodes []Node
	for _, perm := range p.Permissions(c) {
		nodes = append(nodes, Node{kind: kindPermission, name: perm.Name, class: id, number: perm.Number})
	}
	return nodes
}
