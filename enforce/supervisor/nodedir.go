package supervisor

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Directories that only supervised programs see are carried by real ones with the
// same names in them, the skeleton: a program can list one and be in it, and a
// walk that begins at one knows what it stands for. What the kernel says of where
// they are is the supervisor's business and is put right on the way.

// openDir carries a directory, so that it can be listed and paths can start
// there: a real one with the same names in it, which the walk knows.
func (c *carriers) openDir(n *node) (int, syscall.Errno) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.makeSkeleton(); e != 0 {
		return -1, e
	}
	dir := filepath.Join(c.skeleton, n.where)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return -1, errnoOf(err)
	}
	// Everybody may be in it, who has been let there; nobody finds the way.
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // G302: as said.
		return -1, errnoOf(err)
	}
	if e := c.populate(n, dir); e != 0 {
		return -1, e
	}
	fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName(dir), linux.ORdonly|linux.ODirectory|linux.OCloexec, 0)
	if err != nil {
		return -1, errnoOf(err)
	}
	var st linux.Statx
	if err := linux.Fstat(fd, walkMask, &st); err != nil {
		linux.Close(fd)
		return -1, errnoOf(err)
	}
	c.dirs[keyOf(&st).inodeKey] = n
	return fd, 0
}

// makeSkeleton makes the directory that all others are in. c.mu is held.
func (c *carriers) makeSkeleton() syscall.Errno {
	if c.skeleton != "" {
		return 0
	}
	dir, err := os.MkdirTemp("", "seward-")
	if err != nil {
		return errnoOf(err)
	}
	c.skeleton = dir
	var st linux.Statx
	if err := linux.Stat(linux.AtFDCwd, linux.MakeName(dir), 0, walkMask, &st); err != nil {
		return errnoOf(err)
	}
	c.e.skeletonKey = keyOf(&st).inodeKey
	return 0
}

// populate gives a directory of the skeleton the entries of its node.
func (c *carriers) populate(n *node, dir string) syscall.Errno {
	want, e := c.entries(n)
	if e != 0 {
		return e
	}
	have, err := os.ReadDir(dir)
	if err != nil {
		return errnoOf(err)
	}
	for _, entry := range have {
		if _, ok := want[entry.Name()]; !ok {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
		delete(want, entry.Name())
	}
	for name, isDir := range want {
		path := filepath.Join(dir, name)
		if isDir {
			err = os.Mkdir(path, 0o700)
		} else {
			err = os.WriteFile(path, nil, 0o600)
		}
		if err != nil {
			return errnoOf(err)
		}
	}
	return 0
}

// entries returns the names in a node, and which of them are directories.
func (c *carriers) entries(n *node) (map[string]bool, syscall.Errno) {
	want := map[string]bool{}
	v := c.e.virtual
	switch n.kind {
	case nodeEtc:
		for _, name := range v.etc.dirs[v.etc.below(n)] {
			want[name] = v.etc.lookup(n, name).dir
		}
	case nodeAttrDir:
		for attr := hooks.AttrCurrent; ; attr++ {
			name := attr.String()
			if _, ok := hooks.AttributeByName(name); !ok {
				break
			}
			want[name] = false
		}
	case nodeListed:
		list, err := os.ReadDir(n.where)
		if err != nil {
			return nil, errnoOf(err)
		}
		for _, entry := range list {
			want[entry.Name()] = entry.IsDir()
		}
		want[filepath.Base(selinuxMount)] = true
	default:
		for _, child := range v.fs.tree.Children(n.file.Node) {
			want[child.Name()] = child.IsDir()
		}
	}
	return want, 0
}

// carriedDir returns the node that a directory of the skeleton stands for.
func (c *carriers) carriedDir(st *linux.Statx) *node {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.dirs) == 0 {
		return nil
	}
	return c.dirs[keyOf(st).inodeKey]
}

// standIn has p, a directory of the skeleton, stand for what the program takes it
// for.
func (a *actor) standIn(p *place, n *node) syscall.Errno {
	stand := keyOf(&p.st)
	if n.kind == nodeListed {
		fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName(n.where), linux.OPath|linux.ODirectory|linux.OCloexec, 0)
		if err != nil {
			return errnoOf(err)
		}
		if e := a.adoptFD(p, fd, true); e != 0 {
			return e
		}
		p.open = true
	} else {
		a.setNode(p, n)
	}
	p.stand = stand
	return 0
}

// listed returns a node for a directory that has one more name inside than the
// kernel knows, nil for others.
func (v *virtualTree) listed(p *place) *node {
	if p.node != nil || !p.isDir() || keyOf(&p.st) != v.sysFS || v.sysFSWhole {
		return nil
	}
	return &node{kind: nodeListed, where: filepath.Dir(selinuxMount), dir: true}
}

// openListed opens such a directory.
func (a *actor) openListed(o *opening, n *node) answer {
	if o.flags&(linux.OAccmode|linux.OTrunc) != 0 {
		return failure(syscall.EISDIR)
	}
	i := a.inode(&a.first.obj)
	if e := a.judge(hooks.OpenFile(a.engine.auth, a.subject, &i, openFlagsOf(o.flags)), nil); e != 0 {
		return failure(e)
	}
	fd, e := a.engine.carriers.openDir(n)
	if e != 0 {
		return failure(e)
	}
	a.fd = fd
	return answer{kind: answerFD, cloexec: uint32(o.flags & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

// enterNode has the task enter a directory that the kernel doesn't find by its
// path: it is made to enter the one that carries it, by descriptor, which is
// checked then.
func (a *actor) enterNode(n *node) answer {
	fd, e := a.engine.carriers.openDir(n)
	if e != 0 {
		return failure(e)
	}
	return a.handOverAll(&handOverJob{files: []handedFD{{fd: fd, enter: true}}, result: -1})
}

// enterCarried checks that the task may be in a directory that another stands for.
func (a *actor) enterCarried(p *place) answer {
	if e := a.nodeAccess(p, 1); e != 0 {
		return failure(e)
	}
	i := a.inode(p)
	if e := a.judge(hooks.PathStep(a.engine.auth, a.subject, &i), nil); e != 0 {
		return failure(e)
	}
	a.task.fs.expectCWD(p.stand)
	return goOn
}

// startsCarried reports whether the call's path begins in a directory that stands
// for another, so that the kernel would come somewhere else than the walk.
func (a *actor) startsCarried() bool {
	if len(a.given[0]) == 0 || a.given[0][0] == '/' {
		return false
	}
	cwd, e := a.workingDirectory()
	return e == 0 && a.engine.carriers.carriedKey(cwd.key) != nil
}

// leaveCarried has the task enter a directory that its path leads to from one
// that only stands for another.
func (a *actor) leaveCarried(p *place) answer {
	if e := a.openPlace(p); e != 0 {
		return failure(e)
	}
	var fd int
	var err error
	a.asSelf(func() {
		fd, err = linux.Openat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], p.fd), linux.ORdonly|linux.ODirectory|linux.OCloexec, 0)
	})
	if err != nil {
		return failure(errnoOf(err))
	}
	return a.handOverAll(&handOverJob{files: []handedFD{{fd: fd, enter: true}}, result: -1})
}

// carriedKey returns the node that a directory of the skeleton stands for.
func (c *carriers) carriedKey(key objectKey) *node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dirs[key.inodeKey]
}

// getcwd answers for the directories that are somewhere else than they seem.
func (a *actor) getcwd() answer {
	c := a.engine.carriers
	c.mu.Lock()
	none := len(c.dirs) == 0
	c.mu.Unlock()
	if none {
		return goOn
	}
	cwd, e := a.workingDirectory()
	if e != 0 {
		return failure(e)
	}
	n := c.carriedKey(cwd.key)
	if n == nil {
		return goOn
	}
	text := append([]byte(n.where), 0)
	if uint64(len(text)) > a.arg(1) {
		return failure(syscall.ERANGE)
	}
	if e := a.write(text, a.arg(0)); e != 0 {
		return failure(e)
	}
	return value(int64(len(text)))
}

// visible returns a path that the kernel gives as programs know it.
func (c *carriers) visible(path string) string {
	c.mu.Lock()
	top := c.skeleton
	c.mu.Unlock()
	if top != "" && strings.HasPrefix(path, top+"/") {
		return path[len(top):]
	}
	return path
}

// visibleLink returns what a link of /proc to an object says as programs know it:
// those to files in memory and on the supervisor's own filesystem name what these
// stand for.
func (a *actor) visibleLink(p *place, text string) string {
	c := a.engine.carriers
	if !strings.HasPrefix(text, "/memfd:se") && (c.mount == nil || len(text) < 2 || strings.Trim(text[1:], "0123456789") != "") {
		return c.visible(text)
	}
	var st linux.Statx
	var err error
	look := func() { err = linux.Stat(p.at, p.name, 0, walkMask, &st) }
	if a.engine.ownProcess(a.task, p.proc.tid) {
		a.asSelf(look)
	} else {
		look()
	}
	if err != nil {
		return text
	}
	if n := c.knownAs(&st); n != nil {
		return n.where
	}
	return text
}

// knownAs returns the node that a file stands for, nil if none.
func (c *carriers) knownAs(st *linux.Statx) *node {
	key := keyOf(st).inodeKey
	c.mu.Lock()
	n, w, device := c.copies[key], c.watched[key], c.device
	c.mu.Unlock()
	switch {
	case n != nil:
		return n
	case w != nil:
		return w.node
	case c.mount != nil && device != 0 && device == key.dev:
		ref, _ := c.mount.FindNumber(key.ino)
		n, _ = ref.(*node)
		return n
	case key == c.statusKey:
		return c.statusNode
	}
	return nil
}

// openNodeReference answers O_PATH for what isn't in the kernel: with a reference
// to a directory of the skeleton, or to an empty file that is known for the node.
func (a *actor) openNodeReference(n *node, cloexec bool) answer {
	c := a.engine.carriers
	var fd int
	var e syscall.Errno
	if n.isDir() {
		fd, e = c.openDir(n)
	} else {
		var key inodeKey
		if fd, key, e = c.newCopy(n, nil); e == 0 {
			c.mu.Lock()
			c.references[key] = n
			c.mu.Unlock()
		}
	}
	if e != 0 {
		return failure(e)
	}
	defer linux.Close(fd)
	reference, err := linux.Openat(linux.AtFDCwd, linux.ProcSelfFD(a.text[:0], fd), linux.OPath|linux.OCloexec, 0)
	if err != nil {
		return failure(errnoOf(err))
	}
	return a.handOver(reference, cloexec)
}

// referenced returns the node that a file without content was made to refer to.
func (c *carriers) referenced(st *linux.Statx) *node {
	if c == nil || st.Dev_major != 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.references) == 0 {
		return nil
	}
	return c.references[keyOf(st).inodeKey]
}
