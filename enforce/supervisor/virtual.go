package supervisor

import (
	"strconv"
	"strings"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// nodeKind tells the objects apart that only supervised programs see.
type nodeKind uint8

const (
	nodeAttrDir nodeKind = iota // /proc/PID/attr
	nodeAttr                    // a file in it
	nodePatched                 // a file of /proc that has a line more than the kernel's
	nodeFS                      // /sys/fs/selinux and all below
	nodeEtc                     // /etc/selinux and all below
	nodeListed                  // a directory of the kernel's with one more name inside
)

// node is an object that doesn't exist in the kernel, or not like that.
type node struct {
	kind nodeKind
	tid  int // whose, for those of /proc
	attr hooks.Attribute
	// where is the node's absolute path; that of a patched file names the real one.
	where string
	file  fsNode // for nodeFS
	dir   bool   // for nodeEtc
}

func (n *node) path() string { return n.where }

// isDir reports whether the node is a directory.
func (n *node) isDir() bool {
	return n.kind == nodeAttrDir || n.kind == nodeFS && n.file.IsDir() || n.dir
}

// virtualTree is all that is made up.
type virtualTree struct {
	e *engine
	// sysFS is the identity of /sys/fs, where selinuxfs is found.
	sysFS objectKey
	// sysFSWhole says that the kernel itself lists it there.
	sysFSWhole bool
	sb         hooks.Superblock
	fs         *fsTree
	etc        *etcTree // nil if the machine's is shown
}

const selinuxMount = "/sys/fs/selinux"

func newVirtualTree(e *engine) *virtualTree {
	v := &virtualTree{e: e}
	var st linux.Statx
	if linux.Stat(linux.AtFDCwd, linux.MakeName("/sys/fs"), 0, walkMask, &st) == nil {
		v.sysFS = keyOf(&st)
	}
	v.sysFSWhole = linux.Stat(linux.AtFDCwd, linux.MakeName(selinuxMount), 0, walkMask, &st) == nil
	fs := e.labels.fs.describe(linux.Mount{Type: "selinuxfs", Point: selinuxMount})
	v.sb = fs.sb
	v.fs = newFSTree(e)
	v.etc = newEtcTree(e)
	return v
}

// child returns the node that a name in a real directory stands for, nil if it
// is an ordinary name.
func (v *virtualTree) child(dir *place, comp linux.Name) *node {
	if len(comp) != len("selinux")+1 || string(comp[:len(comp)-1]) != "selinux" {
		return nil
	}
	switch keyOf(&dir.st).inodeKey {
	case v.sysFS.inodeKey:
		return &node{kind: nodeFS, where: selinuxMount, file: v.fs.root()}
	case v.etcKey():
		return v.etc.node("")
	}
	return nil
}

// etcKey is the identity of /etc where a directory is made up in it.
func (v *virtualTree) etcKey() inodeKey {
	if v.etc == nil {
		return inodeKey{}
	}
	return v.etc.key.inodeKey
}

// lookup returns what a name in a directory stands for, nil if nothing.
func (v *virtualTree) lookup(dir *node, name string) *node {
	switch dir.kind {
	case nodeAttrDir:
		if attr, ok := hooks.AttributeByName(name); ok {
			return &node{kind: nodeAttr, tid: dir.tid, attr: attr, where: dir.where + "/" + name}
		}
	case nodeFS:
		if f, ok := v.fs.lookup(dir.file, name); ok {
			return &node{kind: nodeFS, where: dir.where + "/" + name, file: f}
		}
	case nodeEtc:
		return v.etc.lookup(dir, name)
	case nodeAttr, nodePatched, nodeListed:
	}
	return nil
}

// label returns a node's label.
func (v *virtualTree) label(a *actor, n *node) policy.SID {
	switch n.kind {
	case nodeAttrDir, nodeAttr:
		return v.e.taskLabel(n.tid)
	case nodePatched:
		if n.tid != 0 {
			return v.e.taskLabel(n.tid)
		}
		var st linux.Statx
		if linux.Stat(linux.AtFDCwd, linux.MakeName(n.where), 0, walkMask, &st) != nil {
			return v.sb.SID
		}
		fs := v.e.labels.filesystem(&st)
		return fs.lookup(fs.inside(n.where), hooks.ClassFile, v.e.auth.Initial(hooks.SIDUnlabeled))
	case nodeFS:
		return v.fs.tree.SID(n.file.Node)
	case nodeEtc:
		return v.etc.label(v.e, n)
	}
	return v.sb.SID
}

// setNode has a place stand for a node.
func (a *actor) setNode(p *place, n *node) {
	p.reset()
	p.node = n
	a.engine.virtual.stat(n, &p.st)
}

// virtualDevice is the device number of nodes that aren't of /proc: one that no
// kernel gives out.
const virtualDevice = 0xfff

// stat makes up the attributes of a node.
func (v *virtualTree) stat(n *node, st *linux.Statx) {
	*st = linux.Statx{Mask: linux.StatxBasic, Blksize: 4096, Nlink: 1}
	st.Dev_minor = virtualDevice
	st.Mode = linux.SIFREG | 0o644
	switch n.kind {
	case nodePatched:
		if linux.Stat(linux.AtFDCwd, linux.MakeName(n.where), 0, walkMask, st) == nil {
			return
		}
	case nodeAttrDir, nodeAttr:
		st.Dev_major, st.Dev_minor = uint32(v.e.procDev>>32), uint32(v.e.procDev) //nolint:gosec // G115: halves of one number.
		var dir linux.Statx
		if linux.Stat(linux.AtFDCwd, linux.MakeName("/proc/"+strconv.Itoa(n.tid)), 0, walkMask, &dir) == nil {
			st.Uid, st.Gid, st.Mtime, st.Atime, st.Ctime = dir.Uid, dir.Gid, dir.Mtime, dir.Atime, dir.Ctime
		}
		st.Ino = uint64(n.tid)<<8 | uint64(n.attr) + 1 //nolint:gosec // G115: positive.
		st.Mode = linux.SIFREG | 0o666
		if n.kind == nodeAttrDir {
			st.Mode, st.Nlink = linux.SIFDIR|0o555, 2
			st.Ino = uint64(n.tid)<<8 | 0x80 //nolint:gosec // G115: positive.
		} else if n.attr == hooks.AttrPrevious {
			st.Mode = linux.SIFREG | 0o444
		}
	case nodeFS:
		v.fs.stat(n.file, st)
	case nodeEtc:
		v.etc.stat(n, st)
	}
}

// intoNode goes on at a node that a name in a real directory stands for.
func (w *walker) intoNode(n *node, comp linux.Name, last, slash bool) (bool, syscall.Errno) {
	// The discretionary check is the real directory's.
	if err := linux.Faccessat(w.r.obj.fd, linux.Empty, 1, linux.AtEmptyPath|linux.AtEaccess); err != nil {
		return false, errnoOf(err)
	}
	if e := w.search(nil); e != 0 {
		return false, e
	}
	return w.atNode(n, comp, last, slash)
}

// nodeName takes a component below a node.
func (w *walker) nodeName(comp linux.Name, last, slash bool) (bool, syscall.Errno) {
	if e := w.search(nil); e != 0 {
		return false, e
	}
	n := w.a.engine.virtual.lookup(w.r.obj.node, string(comp[:len(comp)-1]))
	if n == nil {
		return w.missing(comp, last, slash, syscall.ENOENT)
	}
	return w.atNode(n, comp, last, slash)
}

func (w *walker) atNode(n *node, comp linux.Name, last, slash bool) (bool, syscall.Errno) {
	r := w.r
	w.recording = false
	if !n.isDir() && (!last || slash) {
		return false, syscall.ENOTDIR
	}
	r.last = lastNormal
	if !last {
		w.a.setNode(&r.obj, n)
		return false, 0
	}
	r.dir.move(&r.obj)
	r.slash, r.found = slash, true
	r.setName(comp[:len(comp)-1], false)
	w.a.setNode(&r.obj, n)
	return true, 0
}

// leaveNode goes from a node to its parent.
func (a *actor) leaveNode(p *place) syscall.Errno {
	up := p.node.where[:strings.LastIndexByte(p.node.where, '/')]
	v := a.engine.virtual
	switch {
	case p.node.kind == nodeEtc && p.node.where != etcDir:
		a.setNode(p, v.etc.node(strings.TrimPrefix(strings.TrimPrefix(up, etcDir), "/")))
		return 0
	case p.node.kind == nodeFS && p.node.where != selinuxMount:
		n, ok := v.fs.tree.Lookup(strings.TrimPrefix(up, selinuxMount))
		if !ok {
			return syscall.ENOENT
		}
		a.setNode(p, &node{kind: nodeFS, where: up, file: fsNode{n}})
		return 0
	}
	root, e := a.rootDirectory()
	switch {
	case e != 0:
		return e
	case root != &a.engine.root:
		return syscall.EACCES // what is above is told by a path, which means something else there
	}
	fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName(up), linux.OPath|linux.ODirectory|linux.OCloexec, 0)
	if err != nil {
		return errnoOf(err)
	}
	return a.adoptFD(p, fd, true)
}

// patched returns the content of a patched file.
func (a *actor) patched(n *node) ([]byte, syscall.Errno) {
	data, err := linux.ReadFile(n.where)
	if err != nil {
		return nil, errnoOf(err)
	}
	text := string(data)
	if name := n.where[strings.LastIndexByte(n.where, '/')+1:]; name == "mounts" || name == "mountinfo" {
		text = a.showLabels(text, name == "mountinfo", n.tid)
	}
	switch name := n.where[strings.LastIndexByte(n.where, '/')+1:]; name {
	case "filesystems":
		if !strings.Contains(text, "\tselinuxfs\n") {
			text += "nodev\tselinuxfs\n"
		}
	case "mounts":
		text = a.engine.labels.fs.withSeclabels(text)
		if !strings.Contains(text, " selinuxfs ") {
			text += "selinuxfs " + selinuxMount + " selinuxfs rw,nosuid,noexec,relatime 0 0\n"
		}
	case "mountinfo":
		text = a.engine.labels.fs.withSeclabelInfo(text)
		if !strings.Contains(text, " - selinuxfs ") {
			text += "4095 " + mountOver(text, selinuxMount) + " 0:4095 / " + selinuxMount + " rw,nosuid,noexec,relatime - selinuxfs selinuxfs rw\n"
		}
	}
	return []byte(text), 0
}
