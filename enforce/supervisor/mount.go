package supervisor

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Mounting. The supervisor walks the paths, asks, and then mounts the very
// objects that it found: on a thread of its own that has the caller's namespaces,
// root and credentials, where a descriptor's number is a path. The thread ends
// with the call. Options that give labels are taken out before the kernel, which
// knows nothing of them, sees the others.
//
// Nothing may be put over the /proc that the supervisor itself works by, nor may
// that be taken away.

// mountState is what the engine knows of mounting.
type mountState struct {
	own uint64     // number of the supervisor's mount namespace
	mu  sync.Mutex // held while mounts change
	// actors are those whose directories may keep a filesystem from being unmounted.
	actorsMu sync.Mutex
	actors   map[*actor]bool
}

// fdDirectory is where the numbers of the supervisor's descriptors are names.
const fdDirectory = "/proc/self/fd"

// fdName is the name of a descriptor there.
func fdName(fd int) linux.Name { return linux.MakeName(strconv.Itoa(fd)) }

// namespaceKinds are those that a filesystem may depend on, as /proc names them.
var namespaceKinds = []struct {
	name string
	flag int
}{
	{"net", linux.CloneNewNet},
	{"ipc", linux.CloneNewIPC},
	{"uts", linux.CloneNewUTS},
	{"cgroup", linux.CloneNewCgroup},
	{"mnt", linux.CloneNewNS},
}

// asCaller runs f on a thread that is in the task's namespaces, has its root and
// its credentials, and whose working directory is fdDirectory.
func (a *actor) asCaller(f func() error) error {
	root, e := a.rootDirectory()
	if e != 0 {
		return e
	}
	creds, tid := a.usable(), a.task.tid
	done := make(chan error)
	go onOwnThread(func() { done <- a.engine.become(tid, root.fd, creds, f) })
	return <-done
}

func (e *engine) become(tid, root int, creds *credentials, f func() error) error {
	if err := linux.OwnFilesystemState(); err != nil {
		return err
	}
	dir, err := linux.Openat(linux.AtFDCwd, linux.MakeName(fdDirectory), linux.OPath|linux.ODirectory|linux.OCloexec, 0)
	if err != nil {
		return err
	}
	defer linux.Close(dir)
	own := linux.Gettid()
	var entered []int
	defer func() {
		for _, fd := range entered {
			linux.Close(fd)
		}
	}()
	var kinds []int
	for _, kind := range namespaceKinds {
		theirs, err := namespaceOf(tid, kind.name)
		if err != nil {
			return err
		}
		if ours, err := namespaceOf(own, kind.name); err != nil || ours == theirs {
			continue
		}
		fd, err := linux.Openat(linux.AtFDCwd, linux.ProcName(nil, tid, "ns/"+kind.name), linux.OCloexec, 0)
		if err != nil {
			return err
		}
		entered, kinds = append(entered, fd), append(kinds, kind.flag)
	}
	for i, fd := range entered {
		if err := linux.EnterNamespace(fd, kinds[i]); err != nil {
			return err
		}
	}
	if root != e.root.fd {
		if err := linux.Fchdir(root); err != nil {
			return err
		}
		if err := linux.Chroot(linux.MakeName(".")); err != nil {
			return err
		}
	}
	if err := linux.Fchdir(dir); err != nil {
		return err
	}
	id := identity{own: e.own, now: e.own}
	if err := id.become(creds); err != nil {
		return err
	}
	return f()
}

// changeMounts runs f as the caller. What was remembered of paths and mounts is
// void before the call is answered.
func (a *actor) changeMounts(f func() error) syscall.Errno {
	a.yield()
	e := a.engine
	e.mounts.mu.Lock()
	defer e.mounts.mu.Unlock()
	err := a.asCaller(f)
	e.mountsChanged()
	return errnoOf(err)
}

func (e *engine) mountsChanged() {
	l := e.labels
	l.fsMu.Lock()
	clear(l.fs.byMount)
	l.fsMu.Unlock()
	e.generation.Add(1)
}

// mountCall is a mount(2).
type mountCall struct {
	source, fstype linux.Name // nil where null
	flags          uint64
	data           []byte
	contexts       hooks.MountContexts
}

// Flags that make mount(2) another call, in the order in which they count.
const (
	mountChanges = linux.MountRemount | linux.MountBind | mountPropagates | linux.MountMove

	mountPropagates = linux.MountShared | linux.MountPrivate | linux.MountSlave | linux.MountUnbindable
)

// mount answers all forms of mount(2).
func (a *actor) mount() answer {
	c := &mountCall{flags: a.arg(3)}
	if c.flags&linux.MountMagicMask == linux.MountMagic {
		c.flags &^= linux.MountMagicMask
	}
	e := a.readMount(c)
	if e != 0 {
		return failure(e)
	}
	target, e := a.object(linux.AtFDCwd, a.arg(1), 0)
	if e != 0 {
		return failure(e)
	}
	if target.node != nil {
		return failure(syscall.EBUSY)
	}
	if e := a.openPlace(target); e != 0 {
		return failure(e)
	}
	fresh := c.flags&mountChanges == 0
	if e := a.mayMount(c, target); e != 0 {
		return failure(e)
	}
	if e := a.capable(linux.CapSysAdmin); e != 0 {
		return failure(e)
	}
	switch {
	case fresh:
		return result(a.mountNew(c, target))
	case c.flags&linux.MountRemount != 0:
		return result(a.remount(c, target))
	case c.flags&(linux.MountBind|mountPropagates) == 0, c.flags&linux.MountBind != 0:
		return result(a.mountFrom(c, target))
	}
	return result(a.changeMounts(func() error {
		return linux.DoMount(nil, fdName(target.fd), nil, c.flags, nil)
	}))
}

// mayMount asks about the place that a mount acts on.
func (a *actor) mayMount(c *mountCall, target *place) syscall.Errno {
	if c.flags&linux.MountRemount != 0 {
		return a.judge(hooks.RemountFilesystem(a.engine.auth, a.subject, a.superblock(target)), nil)
	}
	i := a.inode(target)
	if e := a.judge(hooks.MountOn(a.engine.auth, a.subject, &i), nil); e != 0 {
		return e
	}
	if c.flags&mountPropagates != 0 && c.flags&linux.MountBind == 0 {
		return 0
	}
	return a.coverable(target)
}

// readMount copies the arguments of mount(2).
func (a *actor) readMount(c *mountCall) syscall.Errno {
	text := func(address uint64) (linux.Name, syscall.Errno) {
		if address == 0 {
			return nil, 0
		}
		path, e := a.readPath(&a.path1, address)
		if e == syscall.ENAMETOOLONG {
			e = syscall.EINVAL
		}
		return append(append(linux.Name(nil), path...), 0), e
	}
	var e syscall.Errno
	if c.fstype, e = text(a.arg(2)); e != 0 {
		return e
	}
	if c.source, e = text(a.arg(0)); e != 0 {
		return e
	}
	if a.arg(4) == 0 {
		return 0
	}
	// A page, or what there is of it.
	c.data = make([]byte, mountDataSize)
	first := mountDataSize - int(a.arg(4)%mountDataSize) //nolint:gosec // G115: below the size.
	if e := a.read(c.data[:first], a.arg(4)); e != 0 {
		return e
	}
	if first < mountDataSize && a.read(c.data[first:], a.arg(4)+uint64(first)) != 0 { //nolint:gosec // G115: positive.
		clear(c.data[first:])
	}
	c.data[mountDataSize-1] = 0
	if c.flags&(mountChanges&^linux.MountRemount) == 0 && !binaryData(c.fstype.String(), c.data) {
		c.data, e = takeContexts(c.data, &c.contexts)
	}
	return e
}

const mountDataSize = 4096

// mountFrom performs a bind or a move, whose source is a path.
func (a *actor) mountFrom(c *mountCall, target *place) syscall.Errno {
	if len(c.source) <= 1 {
		return syscall.EINVAL
	}
	r := &a.second
	if e := a.resolve(r, linux.AtFDCwd, append([]byte(nil), c.source[:len(c.source)-1]...), walkFollow); e != 0 {
		return e
	}
	switch {
	case !r.found:
		return syscall.ENOENT
	case r.obj.node != nil:
		return syscall.EINVAL
	}
	if e := a.openPlace(&r.obj); e != 0 {
		return e
	}
	if c.flags&linux.MountMove != 0 {
		if e := a.removable(&r.obj); e != 0 {
			return e
		}
	}
	return a.changeMounts(func() error {
		return linux.DoMount(fdName(r.obj.fd), fdName(target.fd), nil, c.flags, nil)
	})
}

// remount changes a mount or its filesystem. Labels can't be changed that way.
func (a *actor) remount(c *mountCall, target *place) syscall.Errno {
	if c.flags&linux.MountBind == 0 {
		if e := a.sameContexts(&c.contexts, target); e != 0 {
			return e
		}
	}
	return a.changeMounts(func() error {
		return linux.DoMount(nil, fdName(target.fd), c.fstype, c.flags, c.data)
	})
}

// mountNew mounts a filesystem.
func (a *actor) mountNew(c *mountCall, target *place) syscall.Errno {
	e := a.engine
	name := c.fstype.String()
	switch {
	case c.fstype == nil:
		return syscall.EINVAL
	case name == "selinuxfs":
		return syscall.ENODEV
	}
	e.labels.current()
	e.labels.fsMu.Lock()
	fs := e.labels.fs.describe(linux.Mount{Type: name})
	e.labels.fsMu.Unlock()
	c.contexts.Native = fs.labels == labelStored
	sids, v := hooks.MountOptions(e.auth, a.subject, &fs.sb, &c.contexts)
	if errno := a.judge(v, nil); errno != 0 {
		return errno
	}
	sb := fs.sb
	switch {
	case sids.FSContext != 0:
		sb.SID = sids.FSContext
	case sids.Context != 0:
		sb.SID = sids.Context
	}
	if errno := a.judge(hooks.MountFilesystem(e.auth, a.subject, &sb), nil); errno != 0 {
		return errno
	}
	labels := &mountLabels{MountSIDs: sids, contexts: c.contexts, creator: a.subject.SID}
	if name == "proc" && a.task.pids != nil {
		fd, errno := a.ownNumbers(c)
		if errno != 0 {
			return errno
		}
		defer linux.Close(fd)
	}
	a.yield()
	e.mounts.mu.Lock()
	defer e.mounts.mu.Unlock()
	err := a.mountLabelled(c, target, labels)
	e.mountsChanged()
	return errnoOf(err)
}

// mountLabelled mounts with nobody looking at labels until those of the new
// filesystem are known. Filesystems that may take their time don't hold up
// others.
func (a *actor) mountLabelled(c *mountCall, target *place, labels *mountLabels) error {
	e := a.engine
	before := e.visibleMounts(a.task.tid)
	l := e.labels
	// The device's number may have been another filesystem's.
	defer l.forget()
	slow := slowFilesystem(c.fstype.String())
	if !slow {
		l.fsMu.Lock()
	}
	err := a.asCaller(func() error {
		return linux.DoMount(c.source, fdName(target.fd), c.fstype, c.flags, c.data)
	})
	if slow {
		l.fsMu.Lock()
	}
	defer l.fsMu.Unlock()
	if err != nil {
		return err
	}
	m := newMount(before, e.visibleMounts(a.task.tid), target.st.Mnt_id)
	if m == nil {
		return nil // gone already
	}
	device := m.Device()
	for i := range before {
		if before[i].Device() != device {
			continue
		}
		if labels.contexts.Any() && !l.fs.given[device].same(labels) {
			_ = a.asCaller(func() error {
				return linux.Umount(linux.MakeName(m.Point), linux.UmountDetach|linux.UmountNofollow)
			})
			return syscall.EBUSY
		}
		return nil
	}
	l.fs.given[device] = labels
	if m.Type == "proc" {
		e.addProc(device, a.task.pids)
	}
	return nil
}

// ownNumbers has a new /proc show the numbers of the task's PID namespace, not
// those of the thread that mounts it. Kernels before 6.17 can't be told that.
func (a *actor) ownNumbers(c *mountCall) (int, syscall.Errno) {
	var fd int
	var err error
	a.asSelf(func() {
		fd, err = linux.Openat(linux.AtFDCwd, linux.ProcName(a.text[:0], a.task.tid, "ns/pid"), linux.OCloexec, 0)
	})
	if err != nil {
		return -1, errnoOf(err)
	}
	option := "pidns=" + strconv.Itoa(fd)
	if given := linux.Name(c.data).String(); given != "" {
		option = given + "," + option
	}
	c.data = append([]byte(option), 0)
	return fd, 0
}

// newMount finds what was mounted on a mount.
func newMount(before, after []linux.Mount, parent uint64) *linux.Mount {
	known := map[uint64]bool{}
	for _, m := range before {
		known[m.ID] = true
	}
	for i := range after {
		if !known[after[i].ID] && after[i].Parent == parent {
			return &after[i]
		}
	}
	return nil
}

// slowFilesystem reports whether mounting a type waits for somebody else.
func slowFilesystem(name string) bool {
	for _, prefix := range []string{"fuse", "nfs", "cifs", "smb", "9p", "ceph", "virtiofs", "afs"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// visibleMounts returns the mounts that a task sees.
func (e *engine) visibleMounts(tid int) []linux.Mount {
	mounts, err := readMountsOf(tid)
	if err != nil {
		return nil
	}
	return mounts
}

// umount answers umount2(2). The name is what the kernel is given: a descriptor
// of the mount would keep it busy.
func (a *actor) umount() answer {
	flags := a.intArg(1)
	const known = linux.UmountForce | linux.UmountDetach | linux.UmountExpire | linux.UmountNofollow
	if flags&^known != 0 {
		return failure(syscall.EINVAL)
	}
	at := 0
	if flags&linux.UmountNofollow != 0 {
		at = linux.AtSymlinkNofollow
	}
	p, e := a.object(linux.AtFDCwd, a.arg(0), at)
	if e != 0 {
		return failure(e)
	}
	if p.node != nil {
		return failure(syscall.EINVAL)
	}
	if e := a.capable(linux.CapSysAdmin); e != 0 {
		return failure(e)
	}
	if e := a.judge(hooks.Unmount(a.engine.auth, a.subject, a.superblock(p)), nil); e != 0 {
		return failure(e)
	}
	if e := a.removable(p); e != 0 {
		return failure(e)
	}
	return result(a.unmount(&a.first, flags))
}

// unmount takes off what the walk found, by its name in its directory.
func (a *actor) unmount(r *resolution, flags int) syscall.Errno {
	key := keyOf(&r.obj.st)
	var dir int
	var name linux.Name
	if r.last == lastNormal && r.obj.at >= 0 {
		fd, err := linux.Dup(r.dir.fd)
		if err != nil {
			return errnoOf(err)
		}
		dir, name = fd, linux.MakeName(r.bare())
	} else {
		fd, base, e := a.reopenParent(&r.obj)
		if e != 0 {
			return e
		}
		dir, name = fd, base
	}
	defer linux.Close(dir)
	r.reset()
	a.dropCaches()
	e := a.engine
	var errno syscall.Errno
	for range umountTries {
		busy := e.letGo(a)
		errno = a.changeMounts(func() error {
			var st linux.Statx
			if err := linux.Stat(dir, name, linux.AtSymlinkNofollow|linux.AtNoAutomount, walkMask, &st); err != nil {
				return err
			}
			if keyOf(&st) != key {
				return syscall.EBUSY
			}
			path := append(fdName(dir)[:len(fdName(dir))-1], '/')
			return linux.Umount(append(path, name...), flags|linux.UmountNofollow)
		})
		if errno != syscall.EBUSY || !busy {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return errno
}

// umountTries is how often a filesystem is tried to be unmounted that some actor
// may be using.
const umountTries = 50

// reopenParent opens the directory that the mount point of a place is in, for
// what wasn't found by its name.
func (a *actor) reopenParent(p *place) (int, linux.Name, syscall.Errno) {
	where := a.pathOf(p)
	cut := strings.LastIndexByte(where, '/')
	if cut < 0 {
		return -1, nil, syscall.EINVAL
	}
	if where == "/" {
		return a.rootMount(p)
	}
	var fd int
	err := a.asCaller(func() error {
		var err error
		fd, err = linux.Openat(linux.AtFDCwd, linux.MakeName(where[:cut]+"/"), linux.OPath|linux.ODirectory|linux.OCloexec, 0)
		return err
	})
	return fd, linux.MakeName(where[cut+1:]), errnoOf(err)
}

// rootMount names the mount that a place is the root of by the place itself.
func (a *actor) rootMount(p *place) (int, linux.Name, syscall.Errno) {
	if e := a.openPlace(p); e != 0 {
		return -1, nil, e
	}
	fd, err := linux.Dup(p.fd)
	return fd, linux.MakeName("."), errnoOf(err)
}

// letGo has everybody let go of the directories that are only remembered. It
// reports whether somebody was busy.
func (e *engine) letGo(self *actor) bool {
	m := &e.mounts
	busy := false
	m.actorsMu.Lock()
	for a := range m.actors {
		if a == self {
			continue
		}
		if a.caching.TryLock() {
			a.dropCaches()
			a.caching.Unlock()
		} else {
			busy = true
		}
	}
	m.actorsMu.Unlock()
	e.tasks.each(func(t *task) {
		if fs := t.state(); fs != nil {
			fs.letGo()
		}
	})
	return busy
}

// letGo closes the directories that a task may have left.
func (f *fsState) letGo() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cwdStale && f.cwd != nil {
		f.cwd.close()
		f.cwd.fd = -1
	}
	if f.rootStale && f.root != nil {
		f.root.close()
		f.root.fd = -1
	}
}

// enlist makes an actor known that keeps directories.
func (e *engine) enlist(a *actor, on bool) {
	m := &e.mounts
	m.actorsMu.Lock()
	defer m.actorsMu.Unlock()
	if on {
		if m.actors == nil {
			m.actors = map[*actor]bool{}
		}
		m.actors[a] = true
		return
	}
	delete(m.actors, a)
}

// pivotRoot exchanges the root of the task's namespace, and with it that of all
// tasks in there that have the same.
func (a *actor) pivotRoot() answer {
	number, err := namespaceOf(a.task.tid, "mnt")
	if err != nil || number == a.engine.mounts.own {
		return failure(syscall.EPERM) // it would be the supervisor's root too
	}
	root, e := a.object(linux.AtFDCwd, a.arg(0), 0)
	if e != 0 {
		return failure(e)
	}
	path, e := a.readPath(&a.path2, a.arg(1))
	if e != 0 {
		return failure(e)
	}
	r := &a.second
	if e := a.resolve(r, linux.AtFDCwd, path, walkFollow); e != 0 {
		return failure(e)
	}
	switch {
	case !r.found:
		return failure(syscall.ENOENT)
	case !root.isDir(), !r.obj.isDir():
		return failure(syscall.ENOTDIR)
	case root.node != nil, r.obj.node != nil:
		return failure(syscall.EINVAL)
	}
	for _, p := range []*place{root, &r.obj} {
		if e := a.openPlace(p); e != 0 {
			return failure(e)
		}
	}
	if e := a.capable(linux.CapSysAdmin); e != 0 {
		return failure(e)
	}
	key := keyOf(&root.st)
	expect := func() {
		a.engine.tasks.each(func(t *task) {
			if n, err := namespaceOf(t.tid, "mnt"); err == nil && n == number {
				if fs := t.state(); fs != nil {
					fs.expectRoot(key)
					fs.expectCWD(key)
				}
			}
		})
	}
	// Before, for who looks right after it, and after, for who looked before it.
	expect()
	e = a.changeMounts(func() error { return linux.ChangeRoot(fdName(root.fd), fdName(r.obj.fd)) })
	expect()
	return result(e)
}

// coverable refuses mounts on the supervisor's /proc.
func (a *actor) coverable(target *place) syscall.Errno {
	if deviceOf(&target.st) != a.engine.procDev {
		return 0
	}
	if number, err := namespaceOf(a.task.tid, "mnt"); err == nil && number != a.engine.mounts.own {
		// Its own namespace's, unless what is mounted there shows elsewhere too.
		for _, m := range a.engine.visibleMounts(a.task.tid) {
			if m.ID == target.st.Mnt_id && !m.Shared {
				return 0
			}
		}
	}
	return syscall.EBUSY
}

// removable refuses that a mount goes away which the supervisor's /proc depends
// on.
func (a *actor) removable(p *place) syscall.Errno {
	number, err := namespaceOf(a.task.tid, "mnt")
	if err != nil {
		return syscall.EPERM
	}
	mounts := a.engine.visibleMounts(a.task.tid)
	byID := map[uint64]*linux.Mount{}
	for i := range mounts {
		byID[mounts[i].ID] = &mounts[i]
	}
	for i := range mounts {
		m := &mounts[i]
		if m.Device() != a.engine.procDev || m.Root != "/" {
			continue
		}
		for at := m; at != nil; at = byID[at.Parent] {
			up := byID[at.Parent]
			shared := up != nil && up.Shared
			if at.ID == p.st.Mnt_id && (number == a.engine.mounts.own || shared) {
				return syscall.EBUSY
			}
			if up == at {
				break
			}
		}
	}
	return 0
}

// readMountsOf reads the mounts that a thread sees.
func readMountsOf(tid int) ([]linux.Mount, error) { return linux.ReadMounts(strconv.Itoa(tid)) }

// binaryData reports whether what a filesystem is told isn't text.
func binaryData(fstype string, data []byte) bool {
	switch fstype {
	case "nfs", "nfs4", "coda", "ncpfs", "afs":
		return len(data) > 0 && (data[0] < ' ' || bytes.IndexByte(data, 0) < 5)
	}
	return false
}
