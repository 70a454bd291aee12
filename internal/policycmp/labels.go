package policycmp

import (
	"fmt"
	"net/netip"
	"strings"

	"seward/policy"
)

// ordered adds statements whose order decides: each names the one before it
// among those that could apply to the same object.
func (w *writer) ordered(kind string, statements []string) {
	last := "-"
	for _, s := range statements {
		w.add(kind, s, "after", last)
		last, _, _ = strings.Cut(s, " ")
	}
}

func address(b []byte) string {
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		return fmt.Sprintf("%x", b)
	}
	return a.String()
}

func (w *writer) nodes(kind string, nodes []policy.NodeContext) {
	var list []string
	for i := range nodes {
		n := &nodes[i]
		list = append(list, address(n.Address)+"/"+address(n.Mask)+" "+w.context(n.Context))
	}
	w.ordered(kind, list)
}

func (w *writer) labels() {
	b := w.b
	for i := range b.InitialSIDs {
		w.addf("sid %d %s", b.InitialSIDs[i].SID, w.context(b.InitialSIDs[i].Context))
	}
	for i := range b.FSContexts {
		f := &b.FSContexts[i]
		w.add("fscon", f.Name, w.context(f.Filesystem), w.context(f.File))
	}
	for i := range b.FSUses {
		w.addf("fs_use %d %s %s", b.FSUses[i].Behavior, b.FSUses[i].Name, w.context(b.FSUses[i].Context))
	}
	for i := range b.GenFS {
		g := &b.GenFS[i]
		if len(g.Paths) == 0 {
			w.add("genfscon", g.Filesystem)
		}
		for j := range g.Paths {
			class := "-"
			if g.Paths[j].Class != 0 {
				class = w.class(g.Paths[j].Class)
			}
			w.addf("genfscon %s %q %s %s", g.Filesystem, g.Paths[j].Path, class, w.context(g.Paths[j].Context))
		}
	}
	var ports, netifs []string
	for i := range b.Ports {
		p := &b.Ports[i]
		ports = append(ports, fmt.Sprintf("%d:%d-%d %s", p.Protocol, p.Low, p.High, w.context(p.Context)))
	}
	w.ordered("portcon", ports)
	for i := range b.Netifs {
		n := &b.Netifs[i]
		netifs = append(netifs, n.Name+" "+w.context(n.Interface)+" "+w.context(n.Packets))
	}
	w.ordered("netifcon", netifs)
	w.nodes("nodecon", b.Nodes)
	w.nodes("nodecon", b.Nodes6)
	var keys []string
	for i := range b.IBPKeys {
		k := &b.IBPKeys[i]
		keys = append(keys, fmt.Sprintf("%#x:%d-%d %s", k.SubnetPrefix, k.Low, k.High, w.context(k.Context)))
	}
	w.ordered("ibpkeycon", keys)
	for i := range b.IBEndPorts {
		e := &b.IBEndPorts[i]
		w.addf("ibendportcon %s %d %s", e.Device, e.Port, w.context(e.Context))
	}
}
