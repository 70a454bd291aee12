package supervisor

import (
	"sync/atomic"

	"seward/enforce/selinuxfs"
	"seward/internal/linux"
)

// fsTree is /sys/fs/selinux.
type fsTree struct {
	e    *engine
	tree *selinuxfs.Tree
	// imageSize is the length of the policy's image when it was last opened, which
	// is what the kernel says of the file as well.
	imageSize atomic.Uint64
}

// fsNode is a file or directory of it.
type fsNode struct{ selinuxfs.Node }

func newFSTree(e *engine) *fsTree {
	t := &fsTree{e: e}
	t.tree = selinuxfs.New(&selinuxfs.Options{
		Server: e.cfg.Server, Asker: e.auth, Cache: e.auth.cache, Changed: e.changed, Page: e.showStatus, Audit: e.changedBy,
	})
	return t
}

func (t *fsTree) root() fsNode { return fsNode{selinuxfs.Root} }

func (t *fsTree) lookup(dir fsNode, name string) (fsNode, bool) {
	n, ok := t.tree.Child(dir.Node, name)
	return fsNode{n}, ok
}

func (t *fsTree) stat(n fsNode, st *linux.Statx) {
	st.Mode, st.Ino = uint16(n.Mode()), n.Ino() //nolint:gosec // G115: a mode has 16 bits.
	if n.IsDir() {
		st.Nlink = 2
	}
	if n.IsPolicy() {
		st.Size = t.imageSize.Load()
	}
	if n.IsNull() {
		st.Rdev_major, st.Rdev_minor = 1, 3
	}
}
