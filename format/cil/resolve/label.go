package resolve

import (
	"encoding/binary"

	"seward/format/cil/syntax"
)

// label resolves a labelling statement.
func (c *cursor) label() {
	db, src := c.r.db, c.source()
	switch c.st.Keyword {
	case syntax.KwFilecon:
		f := FileCon{Kind: fileKind(c.name(1)), Source: src}
		if f.Path = Name(c.str(0)); !c.ok {
			return
		}
		if !c.isList(2) || c.args[2].Len() > 0 && c.next(3) < c.next(2) {
			f.Context = c.context(2)
		}
		if c.ok {
			db.FileCons = append(db.FileCons, f)
		}
	case syntax.KwGenfscon:
		g := GenFSCon{Filesystem: Name(c.name(0)), Path: Name(c.name(1)), Source: src}
		at := 2
		if c.next(2) < len(c.args) {
			g.Kind, at = fileKind(c.name(2)), 3
		}
		if g.Context = c.context(at); c.ok {
			db.GenFSCons = append(db.GenFSCons, g)
		}
	case syntax.KwFsuse:
		u := FSUse{Filesystem: Name(c.name(1)), Source: src}
		u.Behavior = map[syntax.Name]uint8{syntax.KwXattr.Name(): 1, syntax.KwTrans.Name(): 2, syntax.KwTask.Name(): 3}[c.name(0)]
		if u.Context = c.context(2); c.ok {
			db.FSUses = append(db.FSUses, u)
		}
	case syntax.KwPirqcon, syntax.KwIomemcon, syntax.KwIoportcon, syntax.KwPcidevicecon, syntax.KwDevicetreecon:
		c.labelXen()
	default:
		c.labelNetwork()
	}
}

func fileKind(n syntax.Name) FileKind {
	switch n {
	case syntax.KwFile.Name():
		return FileRegular
	case syntax.KwDir.Name():
		return FileDir
	case syntax.KwChar.Name():
		return FileChar
	case syntax.KwBlock.Name():
		return FileBlock
	case syntax.KwSocket.Name():
		return FileSocket
	case syntax.KwPipe.Name():
		return FilePipe
	case syntax.KwSymlink.Name():
		return FileSymlink
	}
	return FileAny
}

// number returns a number that the parser has checked.
func (c *cursor) number(i, base int) uint64 {
	n, _ := syntax.ParseNumber(c.text(i), base, 64)
	return n
}

// numbers returns a number or the two of a list.
func (c *cursor) numbers(i, base int) (low, high uint64) {
	if c.isList(i) {
		return c.number(i+1, base), c.number(i+2, base)
	}
	low = c.number(i, base)
	return low, low
}

// labelNetwork resolves labels of ports, addresses, interfaces and InfiniBand.
func (c *cursor) labelNetwork() {
	db, src := c.r.db, c.source()
	switch c.st.Keyword {
	case syntax.KwPortcon:
		p := PortCon{Source: src}
		p.Protocol = map[syntax.Name]uint8{
			syntax.KwTcp.Name(): 6, syntax.KwUdp.Name(): 17, syntax.KwDccp.Name(): 33, syntax.KwSctp.Name(): 132,
		}[c.name(0)]
		low, high := c.numbers(1, 10)
		p.Low, p.High = uint16(low), uint16(high)
		if p.Context = c.context(c.next(1)); c.ok {
			db.PortCons = append(db.PortCons, p)
		}
	case syntax.KwNodecon:
		c.labelNode()
	case syntax.KwNetifcon:
		n := NetifCon{Name: Name(c.name(0)), Source: src}
		if n.Interface = c.context(1); !c.ok {
			return
		}
		if n.Packet = c.context(c.next(1)); c.ok {
			db.NetifCons = append(db.NetifCons, n)
		}
	case syntax.KwIbpkeycon:
		k := IBPKeyCon{Text: Name(c.name(0)), Source: src}
		if a, ok := c.parseAddr(c.name(0)); ok {
			b := a.As16()
			k.SubnetPrefix = binary.BigEndian.Uint64(b[:8])
		}
		low, high := c.numbers(1, 0)
		k.Low, k.High = uint16(low), uint16(high)
		if k.Context = c.context(c.next(1)); c.ok {
			db.IBPKeyCons = append(db.IBPKeyCons, k)
		}
	case syntax.KwIbendportcon:
		p := IBEndPortCon{Device: Name(c.name(0)), Port: uint32(c.number(1, 10)), Source: src}
		if p.Context = c.context(2); c.ok {
			db.IBEndPortCons = append(db.IBEndPortCons, p)
		}
	}
}

func (c *cursor) labelNode() {
	addr, ok := c.addr(0)
	if !ok {
		return
	}
	m := c.next(0)
	mask, ok := c.addr(m)
	if !ok {
		return
	}
	n := NodeCon{V6: addr.Is6(), Source: c.source()}
	if n.Context = c.context(c.next(m)); !c.ok {
		return
	}
	if addr.Is6() != mask.Is6() {
		c.errorf(m, "address and mask are not of the same family")
		return
	}
	copy(n.Address[:], addr.AsSlice())
	copy(n.Mask[:], mask.AsSlice())
	c.r.db.NodeCons = append(c.r.db.NodeCons, n)
}

func (c *cursor) labelXen() {
	db, src := c.r.db, c.source()
	x := c.context(c.next(0))
	if !c.ok {
		return
	}
	switch c.st.Keyword {
	case syntax.KwPirqcon:
		db.PirqCons = append(db.PirqCons, PirqCon{uint32(c.number(0, 10)), x, src})
	case syntax.KwIomemcon:
		low, high := c.numbers(0, 0)
		db.IOMemCons = append(db.IOMemCons, IOMemCon{low, high, x, src})
	case syntax.KwIoportcon:
		low, high := c.numbers(0, 0)
		db.IOPortCons = append(db.IOPortCons, IOPortCon{uint32(low), uint32(high), x, src})
	case syntax.KwPcidevicecon:
		db.PCIDeviceCons = append(db.PCIDeviceCons, PCIDeviceCon{uint32(c.number(0, 0)), x, src})
	case syntax.KwDevicetreecon:
		db.DeviceTreeCons = append(db.DeviceTreeCons, DeviceTreeCon{Name(c.name(0)), x, src})
	}
}
