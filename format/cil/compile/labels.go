package compile

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"seward/format/cil/resolve"
	"seward/policy"
)

// labels fills the tables that label objects. Each is sorted; two statements for
// one object are a conflict unless they agree, and then deserve a warning unless
// Options.MultipleDecls expects them. (secilc 3.4 takes the first statement and
// says nothing, unless asked to be verbose; Debian's policy has some that agree.)
func (c *compiler) labels() {
	c.initialSIDs()
	c.genfs()
	c.fsUses()
	c.ports()
	c.netifs()
	c.nodes()
	c.infiniband()
}

// sorted returns statements in order, each object once. compare orders them and is 0 for
// those about one object; contexts and source give what a statement says and where.
func sorted[T any](c *compiler, what string, list []T, compare func(a, b *T) int, contexts func(*T) [2]resolve.ContextID,
	source func(*T) resolve.Source,
) []*T {
	order := make([]*T, len(list))
	for i := range list {
		order[i] = &list[i]
	}
	slices.SortStableFunc(order, compare)
	out := order[:0]
	for _, x := range order {
		if len(out) == 0 || compare(out[len(out)-1], x) != 0 {
			out = append(out, x)
			continue
		}
		first := out[len(out)-1]
		if !c.sameContexts(contexts(first), contexts(x)) {
			c.errorf(source(x), "conflicting %s statements", what).Note(c.db.Pos(source(first)), "the other one")
		} else if !c.opts.MultipleDecls {
			c.warnings.Add(c.db.Errorf(source(x), "%s statement is given twice", what).Note(c.db.Pos(source(first)), "the other one"))
		}
	}
	return out
}

func (c *compiler) sameContexts(a, b [2]resolve.ContextID) bool {
	for i := range a {
		if (a[i] == 0) != (b[i] == 0) || !c.policyCtxs[a[i]].Equal(c.policyCtxs[b[i]]) {
			return false
		}
	}
	return true
}

func (c *compiler) initialSIDs() {
	for i, id := range c.db.SIDOrder {
		s := &c.db.SIDs[id]
		// A SID without context keeps its number and isn't in the image.
		if s.Context != 0 {
			c.b.InitialSIDs = append(c.b.InitialSIDs, policy.InitialSID{
				SID: policy.SID(i + 1), Name: c.text(s.Name), Context: c.context(s.Context), Pos: c.pos(s.Source),
			})
		}
	}
}

// fileClasses are the classes of kinds of files.
var fileClasses = [...]string{
	resolve.FileRegular: "file",
	resolve.FileDir:     "dir",
	resolve.FileChar:    "chr_file",
	resolve.FileBlock:   "blk_file",
	resolve.FileSocket:  "sock_file",
	resolve.FilePipe:    "fifo_file",
	resolve.FileSymlink: "lnk_file",
}

func (c *compiler) genfs() {
	list := sorted(c, "genfscon", c.db.GenFSCons, func(a, b *resolve.GenFSCon) int {
		return cmp.Or(strings.Compare(c.text(a.Filesystem), c.text(b.Filesystem)), strings.Compare(c.text(a.Path), c.text(b.Path)))
	}, func(x *resolve.GenFSCon) [2]resolve.ContextID { return [2]resolve.ContextID{x.Context} },
		func(x *resolve.GenFSCon) resolve.Source { return x.Source })
	for _, x := range list {
		path := policy.GenFSPath{Path: c.text(x.Path), Context: c.context(x.Context), Pos: c.pos(x.Source)}
		if x.Kind != resolve.FileAny {
			name := fileClasses[x.Kind]
			at := slices.IndexFunc(c.b.Classes, func(class policy.Class) bool { return class.Name == name })
			if at < 0 {
				c.errorf(x.Source, "genfscon for a kind of file needs the class %q, which the policy doesn't have", name)
				continue
			}
			path.Class = c.b.Classes[at].ID
		}
		filesystem := c.text(x.Filesystem)
		if n := len(c.b.GenFS); n == 0 || c.b.GenFS[n-1].Filesystem != filesystem {
			c.b.GenFS = append(c.b.GenFS, policy.GenFS{Filesystem: filesystem})
		}
		last := &c.b.GenFS[len(c.b.GenFS)-1]
		last.Paths = append(last.Paths, path)
	}
}

func (c *compiler) fsUses() {
	list := sorted(c, "fsuse", c.db.FSUses, func(a, b *resolve.FSUse) int {
		return cmp.Or(cmp.Compare(a.Behavior, b.Behavior), strings.Compare(c.text(a.Filesystem), c.text(b.Filesystem)))
	}, func(x *resolve.FSUse) [2]resolve.ContextID { return [2]resolve.ContextID{x.Context} },
		func(x *resolve.FSUse) resolve.Source { return x.Source })
	for _, x := range list {
		c.b.FSUses = append(c.b.FSUses, policy.FSUse{
			Behavior: policy.FSUseBehavior(x.Behavior), Name: c.text(x.Filesystem), Context: c.context(x.Context), Pos: c.pos(x.Source),
		})
	}
}

// protocolOrder is the order of protocols among equal ports: UDP, TCP, DCCP, SCTP.
func protocolOrder(protocol uint8) int { return strings.IndexByte("\x11\x06\x21\x84", protocol) }

func (c *compiler) ports() {
	list := sorted(c, "portcon", c.db.PortCons, func(a, b *resolve.PortCon) int {
		return cmp.Or(cmp.Compare(a.High-a.Low, b.High-b.Low), cmp.Compare(a.Low, b.Low),
			cmp.Compare(protocolOrder(a.Protocol), protocolOrder(b.Protocol)))
	}, func(x *resolve.PortCon) [2]resolve.ContextID { return [2]resolve.ContextID{x.Context} },
		func(x *resolve.PortCon) resolve.Source { return x.Source })
	for _, x := range list {
		c.b.Ports = append(c.b.Ports, policy.PortContext{
			Protocol: x.Protocol, Low: x.Low, High: x.High, Context: c.context(x.Context), Pos: c.pos(x.Source),
		})
	}
}

func (c *compiler) netifs() {
	wildcards := c.b.Capabilities.Has(uint32(policy.CapNetifWildcard))
	list := sorted(c, "netifcon", c.db.NetifCons, func(a, b *resolve.NetifCon) int {
		return compareInterfaces(c.text(a.Name), c.text(b.Name), wildcards)
	}, func(x *resolve.NetifCon) [2]resolve.ContextID { return [2]resolve.ContextID{x.Interface, x.Packet} },
		func(x *resolve.NetifCon) resolve.Source { return x.Source })
	for _, x := range list {
		c.b.Netifs = append(c.b.Netifs, policy.NetifContext{
			Name: c.text(x.Name), Interface: c.context(x.Interface), Packets: c.context(x.Packet), Pos: c.pos(x.Source),
		})
	}
}

// compareInterfaces orders interfaces by name. A kernel that takes * and ? in
// them as wildcards asks the first entry that fits: there plain names come first,
// then the longest stems, and ? before *.
func compareInterfaces(a, b string, wildcards bool) int {
	if !wildcards {
		return strings.Compare(a, b)
	}
	stem := func(s string) int {
		if i := strings.IndexAny(s, "*?"); i >= 0 {
			return i
		}
		return len(s)
	}
	aStem, bStem := stem(a), stem(b)
	aPlain, bPlain := aStem == len(a), bStem == len(b)
	switch {
	case aPlain != bPlain && aPlain:
		return -1
	case aPlain != bPlain:
		return 1
	case aPlain:
		return strings.Compare(a, b)
	}
	return cmp.Or(cmp.Compare(bStem, aStem), cmp.Compare(b[bStem], a[aStem]), strings.Compare(a, b))
}

func (c *compiler) nodes() {
	list := sorted(c, "nodecon", c.db.NodeCons, func(a, b *resolve.NodeCon) int {
		if a.V6 != b.V6 {
			if a.V6 {
				return 1
			}
			return -1
		}
		// The most specific mask first.
		return cmp.Or(bytes.Compare(b.Mask[:], a.Mask[:]), bytes.Compare(a.Address[:], b.Address[:]))
	}, func(x *resolve.NodeCon) [2]resolve.ContextID { return [2]resolve.ContextID{x.Context} },
		func(x *resolve.NodeCon) resolve.Source { return x.Source })
	for _, x := range list {
		size, table := 4, &c.b.Nodes
		if x.V6 {
			size, table = 16, &c.b.Nodes6
		}
		*table = append(*table, policy.NodeContext{
			Address: slices.Clone(x.Address[:size]), Mask: slices.Clone(x.Mask[:size]), Context: c.context(x.Context), Pos: c.pos(x.Source),
		})
	}
}

func (c *compiler) infiniband() {
	keys := sorted(c, "ibpkeycon", c.db.IBPKeyCons, func(a, b *resolve.IBPKeyCon) int {
		return cmp.Or(strings.Compare(c.text(a.Text), c.text(b.Text)), cmp.Compare(a.High-a.Low, b.High-b.Low), cmp.Compare(a.Low, b.Low))
	}, func(x *resolve.IBPKeyCon) [2]resolve.ContextID { return [2]resolve.ContextID{x.Context} },
		func(x *resolve.IBPKeyCon) resolve.Source { return x.Source })
	for _, x := range keys {
		c.b.IBPKeys = append(c.b.IBPKeys, policy.IBPKeyContext{
			SubnetPrefix: x.SubnetPrefix, Low: x.Low, High: x.High, Context: c.context(x.Context), Pos: c.pos(x.Source),
		})
	}
	ports := sorted(c, "ibendportcon", c.db.IBEndPortCons, func(a, b *resolve.IBEndPortCon) int {
		return cmp.Or(strings.Compare(c.text(a.Device), c.text(b.Device)), cmp.Compare(a.Port, b.Port))
	}, func(x *resolve.IBEndPortCon) [2]resolve.ContextID { return [2]resolve.ContextID{x.Context} },
		func(x *resolve.IBEndPortCon) resolve.Source { return x.Source })
	for _, x := range ports {
		c.b.IBEndPorts = append(c.b.IBEndPorts, policy.IBEndPortContext{
			Device: c.text(x.Device), Port: uint8(x.Port), Context: c.context(x.Context), Pos: c.pos(x.Source),
		})
	}
}
