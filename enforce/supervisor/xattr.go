package supervisor

import (
	"bytes"
	"encoding/binary"
	"strings"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Bounds of the kernel's.
const (
	maxXattrName  = 255
	maxXattrValue = 65536
	xattrCreate   = 1
	xattrReplace  = 2
)

const selinuxXattr = "security.selinux"

// xattrCall is a call about extended attributes, in any of its forms.
type xattrCall struct {
	place *place
	name  string
	nameZ linux.Name
	value uint64 // address in the task
	size  int
	flags int
}

// byPath, byLink and byFD find the object that the older calls name.
func (a *actor) byPath(c *xattrCall) (e syscall.Errno) {
	c.place, e = a.object(linux.AtFDCwd, a.arg(0), 0)
	return e
}

func (a *actor) byLink(c *xattrCall) (e syscall.Errno) {
	c.place, e = a.object(linux.AtFDCwd, a.arg(0), linux.AtSymlinkNofollow)
	return e
}

func (a *actor) byFD(c *xattrCall) syscall.Errno {
	c.place = &a.argument
	return a.takeUsable(a.intArg(0))
}

// at finds the object of the calls relative to a directory.
func (a *actor) at(c *xattrCall) (e syscall.Errno) {
	flags := a.intArg(2)
	if flags&^(linux.AtSymlinkNofollow|linux.AtEmptyPath) != 0 {
		return syscall.EINVAL
	}
	c.place, e = a.object(a.intArg(0), a.arg(1), flags)
	return e
}

type finder func(*actor, *xattrCall) syscall.Errno

// xattrName copies the name of an attribute.
func (a *actor) xattrName(c *xattrCall, address uint64) syscall.Errno {
	var buf [maxXattrName + 2]byte
	m, e := a.memory()
	if e != 0 {
		return e
	}
	n, err := m.ReadString(buf[:], address)
	switch {
	case err != nil && errnoOf(err) == syscall.ENAMETOOLONG, err == nil && (n == 0 || n > maxXattrName):
		return syscall.ERANGE
	case err != nil:
		return errnoOf(err)
	}
	c.name = string(buf[:n])
	c.nameZ = linux.MakeName(c.name)
	return 0
}

// xattrArgs copies the structure of the newer calls.
func (a *actor) xattrArgs(c *xattrCall) syscall.Errno {
	if size := a.arg(5); size < 16 {
		return syscall.EINVAL
	} else if size > 16 {
		return syscall.E2BIG
	}
	var raw [16]byte
	if e := a.read(raw[:], a.arg(4)); e != 0 {
		return e
	}
	c.value = binary.LittleEndian.Uint64(raw[:])
	c.size = int(binary.LittleEndian.Uint32(raw[8:]))
	c.flags = int(binary.LittleEndian.Uint32(raw[12:]))
	return 0
}

func (a *actor) setxattr() answer  { return a.setXattr((*actor).byPath) }
func (a *actor) lsetxattr() answer { return a.setXattr((*actor).byLink) }
func (a *actor) fsetxattr() answer { return a.setXattr((*actor).byFD) }

func (a *actor) setXattr(find finder) answer {
	c := xattrCall{value: a.arg(2), size: clampSize(a.arg(3)), flags: a.intArg(4)}
	return a.doSetXattr(&c, a.arg(1), find)
}

func (a *actor) setxattrat() answer {
	var c xattrCall
	if e := a.xattrArgs(&c); e != 0 {
		return failure(e)
	}
	return a.doSetXattr(&c, a.arg(3), (*actor).at)
}

// clampSize turns a size_t into a number that stays too large if it is.
func clampSize(size uint64) int {
	return int(min(size, 2*maxXattrValue)) //nolint:gosec // G115: bounded.
}

func (a *actor) doSetXattr(c *xattrCall, name uint64, find finder) answer {
	if c.flags&^(xattrCreate|xattrReplace) != 0 {
		return failure(syscall.EINVAL)
	}
	if e := a.xattrName(c, name); e != 0 {
		return failure(e)
	}
	if c.size > maxXattrValue {
		return failure(syscall.E2BIG)
	}
	data := make([]byte, c.size)
	if e := a.read(data, c.value); c.size > 0 && e != 0 {
		return failure(e)
	}
	if e := find(a, c); e != 0 {
		return failure(e)
	}
	if c.name == selinuxXattr {
		return result(a.relabel(c, data))
	}
	return a.modify(c.place, hooks.SetXattr, a.xattrDAC(c), func() error {
		if c.place.open {
			return linux.Fsetxattr(c.place.fd, c.nameZ, data, c.flags)
		}
		return linux.Setxattr(a.through(c.place), c.nameZ, data, c.flags)
	})
}

// xattrDAC is the discretionary check for changing an attribute.
func (a *actor) xattrDAC(c *xattrCall) func() syscall.Errno {
	return func() syscall.Errno {
		switch {
		case strings.HasPrefix(c.name, "user."):
			if e := a.becomeTask(); e != 0 {
				return e
			}
			return errnoOf(linux.Faccessat(c.place.fd, linux.Empty, 2, linux.AtEmptyPath|linux.AtEaccess))
		case strings.HasPrefix(c.name, "system."):
			return a.mustOwn(c.place)()
		case !a.task.cred.has(linux.CapSysAdmin):
			return syscall.EPERM
		}
		return 0
	}
}

// relabel sets security.selinux.
func (a *actor) relabel(c *xattrCall, data []byte) syscall.Errno {
	p := c.place
	if p.node != nil {
		return syscall.EOPNOTSUPP
	}
	if e := a.openPlace(p); e != 0 {
		return e
	}
	if c.flags&xattrCreate != 0 {
		return syscall.EEXIST // everything has a label
	}
	i := a.inode(p)
	text := string(bytes.TrimSuffix(data, []byte{0}))
	dac := hooks.Labeller{Owner: a.task.cred.owner(&p.st), MacAdmin: a.task.cred.has(linux.CapMacAdmin)}
	labelled := hooks.SetLabel(a.engine.auth, a.subject, &i, a.superblock(p), text, dac)
	if e := a.judge(labelled.Verdict, nil); e != 0 {
		return e
	}
	e := a.setLabel(p, labelled.SID)
	if p.isDir() || isKind(&p.st, linux.SIFLNK) {
		a.engine.generation.Add(1)
	}
	if e == 0 && labelled.SID != i.SID {
		a.engine.revoke()
	}
	return e
}

func (a *actor) getxattr() answer  { return a.getXattr((*actor).byPath) }
func (a *actor) lgetxattr() answer { return a.getXattr((*actor).byLink) }
func (a *actor) fgetxattr() answer { return a.getXattr((*actor).byFD) }

func (a *actor) getXattr(find finder) answer {
	c := xattrCall{value: a.arg(2), size: clampSize(a.arg(3))}
	return a.doGetXattr(&c, a.arg(1), find)
}

func (a *actor) getxattrat() answer {
	var c xattrCall
	if e := a.xattrArgs(&c); e != 0 {
		return failure(e)
	}
	if c.flags != 0 {
		return failure(syscall.EINVAL)
	}
	return a.doGetXattr(&c, a.arg(3), (*actor).at)
}

func (a *actor) doGetXattr(c *xattrCall, name uint64, find finder) answer {
	if e := a.xattrName(c, name); e != 0 {
		return failure(e)
	}
	if e := find(a, c); e != 0 {
		return failure(e)
	}
	i := a.inode(c.place)
	if e := a.judge(hooks.GetXattr(a.engine.auth, a.subject, &i), nil); e != 0 {
		return failure(e)
	}
	if c.name == selinuxXattr {
		return a.giveBuffer(c, a.labelValue(c.place))
	}
	if c.place.node != nil {
		return failure(syscall.EOPNOTSUPP)
	}
	if e := a.openPlace(c.place); e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	buf := make([]byte, min(c.size, maxXattrValue))
	var n int
	var err error
	if c.place.open {
		n, err = linux.Fgetxattr(c.place.fd, c.nameZ, buf)
	} else {
		n, err = linux.Getxattr(a.through(c.place), c.nameZ, buf)
	}
	if err != nil {
		return failure(errnoOf(err))
	}
	if c.size > 0 {
		if e := a.write(buf[:n], c.value); e != 0 {
			return failure(e)
		}
	}
	return value(int64(n))
}

// labelValue is the value of security.selinux. Who may see the raw text of a
// label that the policy doesn't know does so.
func (a *actor) labelValue(p *place) []byte {
	sid := a.label(p)
	text := a.engine.auth.context(sid)
	raw, valid := a.engine.auth.server.Snapshot().RawContext(sid)
	if !valid && hooks.SeesRawLabel(a.engine.auth, a.subject, a.task.cred.has(linux.CapMacAdmin)) {
		text = raw
	}
	return append([]byte(text), 0)
}

// giveBuffer copies out a value as the xattr calls do: a size of 0 asks for the
// length.
func (a *actor) giveBuffer(c *xattrCall, data []byte) answer {
	if c.size > 0 {
		if c.size < len(data) {
			return failure(syscall.ERANGE)
		}
		if e := a.write(data, c.value); e != 0 {
			return failure(e)
		}
	}
	return value(int64(len(data)))
}

func (a *actor) listxattr() answer  { return a.listXattr((*actor).byPath, a.arg(1), a.arg(2)) }
func (a *actor) llistxattr() answer { return a.listXattr((*actor).byLink, a.arg(1), a.arg(2)) }
func (a *actor) flistxattr() answer { return a.listXattr((*actor).byFD, a.arg(1), a.arg(2)) }

func (a *actor) listxattrat() answer { return a.listXattr((*actor).at, a.arg(3), a.arg(4)) }

func (a *actor) listXattr(find finder, to, size uint64) answer {
	c := xattrCall{value: to, size: clampSize(size)}
	if e := find(a, &c); e != 0 {
		return failure(e)
	}
	p := c.place
	i := a.inode(p)
	if e := a.judge(hooks.GetXattr(a.engine.auth, a.subject, &i), nil); e != 0 {
		return failure(e)
	}
	var names []byte
	if p.node == nil {
		if e := a.openPlace(p); e != 0 {
			return failure(e)
		}
		if e := a.becomeTask(); e != 0 {
			return failure(e)
		}
		buf := make([]byte, maxXattrValue)
		n, err := linux.Listxattr(a.through(p), buf)
		if err != nil && errnoOf(err) != syscall.EOPNOTSUPP {
			return failure(errnoOf(err))
		}
		names = buf[:max(n, 0)]
	}
	if !bytes.Contains(append([]byte{0}, names...), []byte("\x00"+selinuxXattr+"\x00")) {
		names = append(names, selinuxXattr+"\x00"...)
	}
	return a.giveBuffer(&c, names)
}

func (a *actor) removexattr() answer  { return a.removeXattr((*actor).byPath, a.arg(1)) }
func (a *actor) lremovexattr() answer { return a.removeXattr((*actor).byLink, a.arg(1)) }
func (a *actor) fremovexattr() answer { return a.removeXattr((*actor).byFD, a.arg(1)) }

func (a *actor) removexattrat() answer { return a.removeXattr((*actor).at, a.arg(3)) }

func (a *actor) removeXattr(find finder, name uint64) answer {
	var c xattrCall
	if e := a.xattrName(&c, name); e != 0 {
		return failure(e)
	}
	if e := find(a, &c); e != 0 {
		return failure(e)
	}
	if c.name == selinuxXattr {
		return failure(a.judge(hooks.RemoveLabel(), nil))
	}
	return a.modify(c.place, hooks.SetXattr, a.xattrDAC(&c), func() error {
		return linux.Removexattr(a.through(c.place), c.nameZ)
	})
}
