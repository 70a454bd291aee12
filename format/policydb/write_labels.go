package policydb

import (
	"encoding/binary"

	"seward/policy"
)

func (w *writer) context(c *policy.Context) {
	w.u32(uint32(c.User), uint32(c.Role), uint32(c.Type))
	w.mlsRange(&c.Range)
}

// contexts writes the tables of contexts.
func (w *writer) contexts() {
	b := w.b
	w.length(len(b.InitialSIDs))
	for i := range b.InitialSIDs {
		w.u32(uint32(b.InitialSIDs[i].SID))
		w.context(&b.InitialSIDs[i].Context)
	}
	w.length(len(b.FSContexts))
	for i := range b.FSContexts {
		w.name(b.FSContexts[i].Name)
		w.context(&b.FSContexts[i].Filesystem)
		w.context(&b.FSContexts[i].File)
	}
	w.length(len(b.Ports))
	for i := range b.Ports {
		p := &b.Ports[i]
		w.u32(uint32(p.Protocol), uint32(p.Low), uint32(p.High))
		w.context(&p.Context)
	}
	w.length(len(b.Netifs))
	for i := range b.Netifs {
		w.name(b.Netifs[i].Name)
		w.context(&b.Netifs[i].Interface)
		w.context(&b.Netifs[i].Packets)
	}
	w.nodes(b.Nodes)
	w.length(len(b.FSUses))
	for i := range b.FSUses {
		w.u32(uint32(b.FSUses[i].Behavior))
		w.name(b.FSUses[i].Name)
		w.context(&b.FSUses[i].Context)
	}
	w.nodes(b.Nodes6)
	if w.version >= policy.VersionInfiniband {
		w.infiniband()
	}
}

// nodes writes addresses and masks as they are, in network order.
func (w *writer) nodes(nodes []policy.NodeContext) {
	w.length(len(nodes))
	for i := range nodes {
		w.buf = append(w.buf, nodes[i].Address...)
		w.buf = append(w.buf, nodes[i].Mask...)
		w.context(&nodes[i].Context)
	}
}

func (w *writer) infiniband() {
	w.length(len(w.b.IBPKeys))
	for i := range w.b.IBPKeys {
		k := &w.b.IBPKeys[i]
		w.buf = binary.BigEndian.AppendUint64(w.buf, k.SubnetPrefix)
		w.u32(uint32(k.Low), uint32(k.High))
		w.context(&k.Context)
	}
	w.length(len(w.b.IBEndPorts))
	for i := range w.b.IBEndPorts {
		e := &w.b.IBEndPorts[i]
		w.length(len(e.Device))
		w.u32(uint32(e.Port))
		w.text(e.Device)
		w.context(&e.Context)
	}
}

func (w *writer) genfs() {
	w.length(len(w.b.GenFS))
	for i := range w.b.GenFS {
		g := &w.b.GenFS[i]
		w.name(g.Filesystem)
		w.length(len(g.Paths))
		for j := range g.Paths {
			x := &g.Paths[j]
			w.name(x.Path)
			w.u32(uint32(x.Class))
			w.context(&x.Context)
		}
	}
}
