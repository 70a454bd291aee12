package supervisor

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"seward/enforce/selinuxfs"
	"seward/internal/linux"
)

// openPolicy carries the image of the policy in force, which one program at a
// time may have open (kernel security/selinux/selinuxfs.c, sel_open_policy).
func (a *actor) openPolicy(n *node, handle selinuxfs.Handle) (int, syscall.Errno) {
	c := a.engine.carriers
	a.yield()
	c.policyMu.Lock()
	defer c.policyMu.Unlock()
	if c.policy != (inodeKey{}) && a.engine.held(c.policy) {
		return -1, syscall.EBUSY
	}
	data, e := a.readAll(handle)
	if e != 0 {
		return -1, e
	}
	fd, key, e := c.newCopy(n, data)
	c.policy = key
	a.engine.virtual.fs.imageSize.Store(uint64(len(data)))
	return fd, e
}

// held reports whether a process of the run has a file in memory open or mapped.
func (e *engine) held(key inodeKey) bool {
	var processes []int
	e.tasks.each(func(t *task) {
		if t.tid == t.tgid {
			processes = append(processes, t.tid)
		}
	})
	for _, pid := range processes {
		if holds(pid, key) {
			return true
		}
	}
	return false
}

func holds(pid int, key inodeKey) bool {
	found := false
	eachDescriptor(pid, func(st *linux.Statx) { found = found || keyOf(st).inodeKey == key })
	if found {
		return true
	}
	maps, err := linux.ReadFile("/proc/" + strconv.Itoa(pid) + "/maps")
	if err != nil {
		return false
	}
	// Device and inode stand between blanks: "00:01 4711 ".
	where := fmt.Sprintf(" %02x:%02x %d ", key.dev>>32, uint32(key.dev), key.ino) //nolint:gosec // G115: a device's lower half.
	return strings.Contains(string(maps), where)
}

// eachDescriptor calls do with what each descriptor of a process is open for, if
// that is on no disk.
func eachDescriptor(pid int, do func(*linux.Statx)) {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	names, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, name := range names {
		var st linux.Statx
		if linux.Stat(linux.AtFDCwd, linux.MakeName(dir+"/"+name.Name()), 0, walkMask, &st) == nil && st.Dev_major == 0 {
			do(&st)
		}
	}
}
