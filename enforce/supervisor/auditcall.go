package supervisor

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"seward/internal/linux"
)

// Call is the system call that events happened in, as the kernel describes it in
// the records SYSCALL, CWD, PATH and PROCTITLE.
type Call struct {
	Arch   uint32 // as in linux/audit.h
	Number int
	Args   [4]uint64
	// Done says that the call has come to its end, with Exit: a value, or the
	// errno, negated. It hasn't where the kernel performs the call afterwards.
	Done bool
	Exit int64

	PPID, PID              int
	LoginUID, Session      uint32 // ^0 if unset
	UID, EUID, SUID, FSUID int
	GID, EGID, SGID, FSGID int
	Terminal               string // its name, empty for none
	Comm, Exe              string
	Subject                string // label of the task
	// Address is the struct sockaddr that the call names, nil if none.
	Address []byte
	// Dir is the working directory; Paths are what the call names.
	Dir   string
	Paths []CallPath
	// Title is the beginning of the command line, with its NULs.
	Title []byte
}

// PathRole is what a call does to what a path names.
type PathRole uint8

// Roles of paths.
const (
	PathUnknown PathRole = iota // nothing was found there
	PathNormal
	PathParent // of what is made or removed
	PathDelete
	PathCreate
)

// CallPath is a path of a call, with what it led to.
type CallPath struct {
	Name string
	Role PathRole
	// The rest is known if Found.
	Found     bool
	Inode     uint64
	Dev, Rdev [2]uint32 // major and minor
	Mode      uint16
	OwnerUID  uint32
	OwnerGID  uint32
	Label     string
}

// maxTitle is how much of a command line is logged.
const maxTitle = 128

// memory is how long what /proc says of a task counts as known, so that a flood of
// denials doesn't read it over and over.
const memory = 50 * time.Millisecond

// portrait is what is known of a task, but for its call.
type portrait struct {
	Call
	taken time.Time
}

// callOf describes the call at hand.
func (a *actor) callOf() *Call {
	t := a.task
	p := t.portrait.Load()
	if p == nil || time.Since(p.taken) > memory {
		// With the task's identity, not all of /proc can be read.
		a.asSelf(func() { p = &portrait{look(t), time.Now()} })
		t.portrait.Store(p)
	}
	c := p.Call
	c.setCredentials(&t.cred.Credentials)
	c.Comm, c.Subject = a.events[0].Comm, a.engine.labelText(a.subject.SID)
	c.Number = int(a.call.Number)
	copy(c.Args[:], a.call.Args[:])
	return &c
}

func (c *Call) setCredentials(ids *linux.Credentials) {
	c.UID, c.EUID, c.SUID, c.FSUID = ids.UID, ids.EUID, ids.SUID, ids.FSUID
	c.GID, c.EGID, c.SGID, c.FSGID = ids.GID, ids.EGID, ids.SGID, ids.FSGID
}

// look reads what /proc says of a task.
func look(t *task) Call {
	c := Call{Arch: linux.AuditArch, PID: t.tgid, LoginUID: unset, Session: unset}
	dir := "/proc/" + strconv.Itoa(t.tid)
	if st, err := linux.ReadStatus(t.tid); err == nil {
		c.PPID = st.PPID
		c.setCredentials(&st.Credentials)
	}
	c.LoginUID, c.Session = loginOf(t.tid)
	if device, err := terminalOf(t.tgid); err == nil {
		c.Terminal = strings.ReplaceAll(strings.TrimPrefix(terminalPath(device), "/dev/"), "/", "")
	}
	var buf [linux.MaxPath]byte
	if n, err := linux.Readlinkat(linux.AtFDCwd, linux.MakeName(dir+"/exe"), buf[:]); err == nil {
		c.Exe = string(buf[:n])
	}
	if title, err := linux.ReadFile(dir + "/cmdline"); err == nil {
		c.Title = bytes.TrimRight(title[:min(len(title), maxTitle)], "\x00")
	}
	return c
}

// unset is a login or session number that isn't set.
const unset = ^uint32(0)

// loginOf returns who logged in and the number of the session.
func loginOf(tid int) (uid, session uint32) {
	return proc32(tid, "loginuid"), proc32(tid, "sessionid")
}

func proc32(tid int, name string) uint32 {
	data, err := linux.ReadFile("/proc/" + strconv.Itoa(tid) + "/" + name)
	if err != nil {
		return unset
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 32)
	if err != nil {
		return unset
	}
	return uint32(n)
}

// callAt describes the call that a task is in, as far as /proc tells.
func (e *engine) callAt(t *task) *Call {
	number, args := -1, make([]uint64, 4)
	data, err := linux.ReadFile("/proc/" + strconv.Itoa(t.tid) + "/syscall")
	if f := strings.Fields(string(data)); err == nil && len(f) >= 5 {
		if n, err := strconv.Atoi(f[0]); err == nil {
			number = n
		}
		for i := range args {
			args[i], _ = strconv.ParseUint(strings.TrimPrefix(f[1+i], "0x"), 16, 64)
		}
	}
	c := look(t)
	c.Number, c.Comm = number, commOf(t.tid)
	copy(c.Args[:], args)
	if s := t.subject.Load(); s != nil {
		c.Subject = e.labelText(s.SID)
	}
	return &c
}

// Calls by what becomes of the last name of their path, or the second's.
var (
	removingCalls = map[string]bool{"unlink": true, "unlinkat": true, "rmdir": true, "rename": true, "renameat": true, "renameat2": true}
	twoPathCalls  = map[string]bool{
		"rename": true, "renameat": true, "renameat2": true, "link": true, "linkat": true, "symlink": true, "symlinkat": true,
	}
	creatingCalls = map[string]bool{
		"open": true, "openat": true, "openat2": true, "creat": true, "mkdir": true, "mkdirat": true,
		"mknod": true, "mknodat": true, "symlink": true, "symlinkat": true,
	}
)

// wholeAddress is how long an address of a family must be for those who read the
// log.
var wholeAddress = map[int]int{
	syscall.AF_UNIX: 4, syscall.AF_INET: 16, syscall.AF_INET6: 28, syscall.AF_NETLINK: 12,
}

// addPaths adds the paths that the call at hand names.
func (a *actor) addPaths(c *Call) {
	if least, ok := wholeAddress[familyIn(a.givenAddress)]; ok && len(a.givenAddress) >= least {
		c.Address = a.givenAddress
	}
	if a.given[0] == nil && a.given[1] == nil {
		return
	}
	c.Dir = a.directoryText()
	call := a.entry.name
	for i, r := range [2]*resolution{&a.first, &a.second} {
		if a.given[i] == nil || i == 1 && !twoPathCalls[call] {
			continue // an exec's path is read once more
		}
		name := string(a.given[i])
		obj := CallPath{Name: name}
		switch {
		case r.found:
			obj.Role = PathNormal
			a.fillPath(&obj, &r.obj)
		case r.dir.fd >= 0 || r.dir.node != nil:
			obj.Role = PathCreate
		}
		changes := i == 0 && removingCalls[call] || i == 1 || creatingCalls[call] && !r.found
		if changes && obj.Role != PathUnknown {
			parent := CallPath{Name: parentName(name, c.Dir), Role: PathParent}
			a.fillPath(&parent, &r.dir)
			c.Paths = append(c.Paths, parent)
			if i == 0 && removingCalls[call] || i == 1 && r.found {
				obj.Role = PathDelete
			}
		}
		c.Paths = append(c.Paths, obj)
	}
}

// parentName is the part of a path before its last name, the working directory
// if there is none.
func parentName(name, dir string) string {
	i := strings.LastIndexByte(strings.TrimRight(name, "/"), '/')
	if i < 0 {
		return dir
	}
	return name[:i+1]
}

func (a *actor) fillPath(c *CallPath, p *place) {
	if p.st.Ino == 0 {
		return
	}
	st := &p.st
	c.Found, c.Inode, c.Mode = true, st.Ino, st.Mode
	c.Dev, c.Rdev = [2]uint32{st.Dev_major, st.Dev_minor}, [2]uint32{st.Rdev_major, st.Rdev_minor}
	c.OwnerUID, c.OwnerGID = st.Uid, st.Gid
	c.Label = a.engine.labelText(a.label(p))
}

// directoryText returns the path of the task's working directory.
func (a *actor) directoryText() string {
	var buf [linux.MaxPath]byte
	n, text := 0, ""
	a.asSelf(func() {
		var err error
		if n, err = linux.Readlinkat(linux.AtFDCwd, linux.ProcName(a.text[:0], a.task.tid, "cwd"), buf[:]); err == nil {
			text = a.engine.carriers.visible(string(buf[:n]))
		}
	})
	return text
}

// socketNames returns the addresses of a socket, nil if it has none that are logged.
func socketNames(fd int) *SocketNames {
	var local, peer [maxAddress]byte
	n, err := linux.SocketName(fd, local[:])
	if err != nil || n < 2 {
		return nil
	}
	name := local[:min(n, len(local))]
	switch familyIn(name) {
	case syscall.AF_UNIX:
		if path := pathIn(name); path != "" {
			return &SocketNames{Path: path}
		}
	case syscall.AF_INET, syscall.AF_INET6:
		names := &SocketNames{Local: addrPort(name)}
		if n, err := linux.PeerName(fd, peer[:]); err == nil {
			names.Peer = addrPort(peer[:min(n, len(peer))])
		}
		return names
	}
	return nil
}

// pathIn returns the name in an address of a local socket, empty if there is none.
func pathIn(raw []byte) string {
	path := string(raw[min(2, len(raw)):])
	if path != "" && path[0] != 0 {
		path, _, _ = strings.Cut(path, "\x00")
	}
	return path
}

// unixName is pathIn of an address that the task gives, from the root.
func (a *actor) unixName(raw []byte) string {
	name := pathIn(raw)
	if name == "" || name[0] == 0 || name[0] == '/' {
		return name
	}
	return path.Join(a.directoryText(), name)
}

// addrPort reads a struct sockaddr_in or sockaddr_in6.
func addrPort(raw []byte) netip.AddrPort {
	var ip []byte
	switch {
	case len(raw) >= sizeInet && familyIn(raw) == syscall.AF_INET:
		ip = raw[4:8]
	case len(raw) >= sizeInet6 && familyIn(raw) == syscall.AF_INET6:
		ip = raw[8:24]
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(raw[2:]))
}
