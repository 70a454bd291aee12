package policydb

import (
	"encoding/binary"
	"slices"

	"seward/policy"
)

// contextSize is the least number of bytes of a context: user, role, type and a
// range of one level.
const contextSize = 12 + 4 + 4 + 12

func (r *reader) context() policy.Context {
	var c policy.Context
	c.User, c.Role, c.Type = policy.UserID(r.u32()), policy.RoleID(r.u32()), policy.TypeID(r.u32())
	c.Range = r.mlsRange()
	return c
}

// contexts reads the tables of contexts.
func (r *reader) contexts() {
	b := &r.b
	contextTable(r, tableSIDs, 4+contextSize, &b.InitialSIDs, r.initialSID)
	contextTable(r, tableFS, 5+2*contextSize, &b.FSContexts, r.fsContext)
	contextTable(r, tablePorts, 12+contextSize, &b.Ports, r.port)
	contextTable(r, tableNetifs, 5+2*contextSize, &b.Netifs, r.netif)
	contextTable(r, tableNodes, 8+contextSize, &b.Nodes, func(n *policy.NodeContext) { r.node(n, 4) })
	contextTable(r, tableFSUse, 9+contextSize, &b.FSUses, r.fsUse)
	contextTable(r, tableNodes6, 32+contextSize, &b.Nodes6, func(n *policy.NodeContext) { r.node(n, 16) })
	if r.version >= policy.VersionInfiniband {
		contextTable(r, tableIBPKeys, 16+contextSize, &b.IBPKeys, r.ibPKey)
		contextTable(r, tableIBEndPorts, 9+contextSize, &b.IBEndPorts, r.ibEndPort)
	}
}

func contextTable[T any](r *reader, name string, size int, out *[]T, read func(*T)) {
	r.enter(name, -1)
	n := r.count(size)
	if n == 0 {
		return
	}
	rows := make([]T, n)
	for i := range rows {
		r.enter(name, i)
		if read(&rows[i]); r.err != nil {
			return
		}
	}
	*out = rows
}

func (r *reader) initialSID(s *policy.InitialSID) {
	s.SID = policy.SID(r.u32())
	s.Context = r.context()
}

// shortName reads a name whose length stands before it and has a limit.
func (r *reader) shortName(length uint32, limit uint32) string {
	if length > limit {
		r.failf(4, "name of %d bytes, at most %d are possible", length, limit)
	}
	return r.name(length)
}

func (r *reader) fsContext(f *policy.FSContext) {
	f.Name = r.shortName(r.u32(), maxFilesystemName)
	f.Filesystem, f.File = r.context(), r.context()
}

func (r *reader) netif(n *policy.NetifContext) {
	n.Name = r.shortName(r.u32(), maxFilesystemName)
	n.Interface, n.Packets = r.context(), r.context()
}

// u16word reads a word whose value has 16 bits.
func (r *reader) u16word(what string) uint16 {
	v := r.u32()
	if v > 0xffff {
		r.failf(4, "%s %d out of range", what, v)
	}
	return uint16(v) //nolint:gosec // G115: checked above.
}

func (r *reader) u8word(what string) uint8 {
	v := r.u32()
	if v > 0xff {
		r.failf(4, "%s %d out of range", what, v)
	}
	return uint8(v) //nolint:gosec // G115: checked above.
}

func (r *reader) port(p *policy.PortContext) {
	p.Protocol = r.u8word("protocol")
	p.Low, p.High = r.u16word("port"), r.u16word("port")
	p.Context = r.context()
}

// node reads address and mask of the given size, which stand in network order.
func (r *reader) node(n *policy.NodeContext, size int) {
	n.Address, n.Mask = slices.Clone(r.take(size)), slices.Clone(r.take(size))
	n.Context = r.context()
}

func (r *reader) fsUse(f *policy.FSUse) {
	f.Behavior = policy.FSUseBehavior(r.u32())
	f.Name = r.name(r.u32())
	f.Context = r.context()
}

// ibPKey reads a subnet prefix, in network order, and a range of keys.
func (r *reader) ibPKey(k *policy.IBPKeyContext) {
	if prefix := r.take(8); prefix != nil {
		k.SubnetPrefix = binary.BigEndian.Uint64(prefix)
	}
	k.Low, k.High = r.u16word("partition key"), r.u16word("partition key")
	k.Context = r.context()
}

func (r *reader) ibEndPort(e *policy.IBEndPortContext) {
	length := r.u32()
	e.Port = r.u8word("port")
	if r.err == nil && e.Port == 0 {
		r.failf(4, "port is 0")
	}
	e.Device = r.shortName(length, maxIBDeviceName)
	e.Context = r.context()
}

func (r *reader) genfs() {
	r.enter(tableGenFS, -1)
	n := r.count(9)
	if n == 0 {
		return
	}
	out := make([]policy.GenFS, n)
	for i := range out {
		r.enter(tableGenFS, i)
		g := &out[i]
		g.Filesystem = r.name(r.u32())
		paths := r.count(9 + contextSize)
		if r.err != nil {
			return
		}
		if paths > 0 {
			g.Paths = make([]policy.GenFSPath, paths)
		}
		for j := range g.Paths {
			x := &g.Paths[j]
			x.Path = r.name(r.u32())
			x.Class = policy.ClassID(r.u32())
			if uint32(x.Class) > r.b.Sizes.Classes {
				r.failf(4, "class %d out of range", x.Class)
			}
			x.Context = r.context()
		}
		if r.err != nil {
			return
		}
		r.checkPaths(g.Paths)
	}
	r.b.GenFS = out
}

// checkPaths refuses a path that two contexts claim. Order is not checked: the
// longest path counts, wherever it stands.
func (r *reader) checkPaths(paths []policy.GenFSPath) {
	type claim struct {
		path  string
		class policy.ClassID
	}
	claims := make(map[claim]bool, len(paths))
	claimed := make(map[string]bool, len(paths))
	for i := range paths {
		x := &paths[i]
		// Class 0 is every class.
		if claims[claim{x.Path, x.Class}] || claims[claim{x.Path, 0}] || x.Class == 0 && claimed[x.Path] {
			r.failf(0, "path %q has two contexts", x.Path)
			return
		}
		claims[claim{x.Path, x.Class}] = true
		claimed[x.Path] = true
	}
}
