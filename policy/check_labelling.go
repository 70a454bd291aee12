package policy

import "fmt"

// checkLabelling checks the statements that give contexts. As the kernel does,
// it refuses a context that isn't valid under the policy itself.
func (p *Policy) checkLabelling() error {
	b := &p.b
	sids := make(map[SID]bool, len(b.InitialSIDs))
	for i := range b.InitialSIDs {
		s := &b.InitialSIDs[i]
		if s.SID == 0 || sids[s.SID] {
			return invalid("initial SIDs", i, "SID %d is zero or given twice", s.SID)
		}
		sids[s.SID] = true
		if err := p.ValidContext(s.Context); err != nil {
			return invalid("initial SIDs", i, "SID %d: %w", s.SID, err)
		}
	}
	for i := range b.FSContexts {
		f := &b.FSContexts[i]
		if err := p.checkContexts(f.Name, f.Filesystem, f.File); err != nil {
			return invalid("filesystems", i, "%w", err)
		}
	}
	for i := range b.Ports {
		x := &b.Ports[i]
		if x.Low > x.High {
			return invalid("ports", i, "low %d is above high %d", x.Low, x.High)
		}
		if err := p.checkContexts(fmt.Sprint("port ", x.Low), x.Context); err != nil {
			return invalid("ports", i, "%w", err)
		}
	}
	for i := range b.Netifs {
		x := &b.Netifs[i]
		if err := p.checkContexts(x.Name, x.Interface, x.Packets); err != nil {
			return invalid("network interfaces", i, "%w", err)
		}
	}
	if err := p.checkNodes("nodes", b.Nodes, 4); err != nil {
		return err
	}
	if err := p.checkNodes("IPv6 nodes", b.Nodes6, 16); err != nil {
		return err
	}
	for i := range b.FSUses {
		x := &b.FSUses[i]
		if x.Behavior < FSUseXattr || x.Behavior > FSUseTask {
			return invalid("fs_use", i, "%s: behavior %d is unknown", x.Name, x.Behavior)
		}
		if err := p.checkContexts(x.Name, x.Context); err != nil {
			return invalid("fs_use", i, "%w", err)
		}
	}
	for i := range b.IBPKeys {
		x := &b.IBPKeys[i]
		if x.Low > x.High {
			return invalid("InfiniBand partition keys", i, "low %d is above high %d", x.Low, x.High)
		}
		if err := p.checkContexts("partition key", x.Context); err != nil {
			return invalid("InfiniBand partition keys", i, "%w", err)
		}
	}
	for i := range b.IBEndPorts {
		x := &b.IBEndPorts[i]
		if err := p.checkContexts(x.Device, x.Context); err != nil {
			return invalid("InfiniBand end ports", i, "%w", err)
		}
	}
	return p.checkGenFS()
}

func (p *Policy) checkContexts(what string, contexts ...Context) error {
	for i := range contexts {
		if err := p.ValidContext(contexts[i]); err != nil {
			return fmt.Errorf("%s: context: %w", what, err)
		}
	}
	return nil
}

func (p *Policy) checkNodes(table string, nodes []NodeContext, size int) error {
	for i := range nodes {
		n := &nodes[i]
		if len(n.Address) != size || len(n.Mask) != size {
			return invalid(table, i, "address and mask have %d and %d bytes, expected %d", len(n.Address), len(n.Mask), size)
		}
		if err := p.checkContexts("node", n.Context); err != nil {
			return invalid(table, i, "%w", err)
		}
	}
	return nil
}

func (p *Policy) checkGenFS() error {
	seen := make(map[string]bool, len(p.b.GenFS))
	for i := range p.b.GenFS {
		g := &p.b.GenFS[i]
		if g.Filesystem == "" || seen[g.Filesystem] {
			return invalid("genfscon", i, "filesystem %q is empty or given twice", g.Filesystem)
		}
		seen[g.Filesystem] = true
		for j := range g.Paths {
			x := &g.Paths[j]
			if x.Class != 0 && p.Class(x.Class) == nil {
				return invalid("genfscon", i, "%s %s: class %d does not exist", g.Filesystem, x.Path, x.Class)
			}
			if err := p.checkContexts(g.Filesystem+" "+x.Path, x.Context); err != nil {
				return invalid("genfscon", i, "%w", err)
			}
		}
	}
	return nil
}
