package supervisor

import (
	"encoding/binary"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// Capabilities. A label may use those that the policy allows it, of those that
// its process has. That is seen to three times: calls that need one ask; what the
// supervisor performs for a task it performs without those that are denied; and
// a process that enters a domain loses them, for what no call asks about.

// bounded are a task's credentials without what its label may not use.
type bounded struct {
	sid    policy.SID
	epoch  uint64
	denied uint64       // capabilities
	of     *credentials // what with is made of
	with   *credentials
}

// deniedCapabilities returns those that the task's label may not use.
func (a *actor) deniedCapabilities() uint64 {
	b := &a.task.bounded
	sid, epoch := a.subject.SID, a.engine.auth.server.Snapshot().Epoch()
	if b.sid != sid || b.epoch != epoch {
		*b = bounded{sid: sid, epoch: epoch, denied: a.engine.auth.DeniedCapabilities(sid, true)}
	}
	return b.denied
}

// usable returns the task's credentials as its label may use them.
func (a *actor) usable() *credentials {
	c := a.task.cred
	if c.Caps.Effective == 0 {
		return c
	}
	denied := a.deniedCapabilities()
	if c.Caps.Effective&denied == 0 {
		return c
	}
	b := &a.task.bounded
	if b.of != c {
		with := *c
		with.Caps.Effective &^= denied
		b.of, b.with = c, &with
	}
	return b.with
}

// holds reports whether the task has a capability, or would have if its label
// hadn't lost it.
func (a *actor) holds(capability int) bool {
	return a.task.cred.has(capability) || a.task.dropped>>capability&1 != 0
}

// capable checks a capability that a call needs in any case.
func (a *actor) capable(capability int) syscall.Errno {
	if !a.holds(capability) {
		return syscall.EPERM
	}
	return a.mayUse(capability)
}

// mayUse asks the policy about a capability that the task holds.
func (a *actor) mayUse(capability int) syscall.Errno {
	v := hooks.Capable(a.engine.auth, a.subject, hooks.Capability(capability), true, false) //nolint:gosec // G115: a capability's number.
	return a.judge(v, nil)
}

// privileged answers a call that needs a capability in any case and that the
// kernel performs, refusing who has none. The thread's own credentials are what
// the kernel then looks at, which nobody else changes.
func (a *actor) privileged(capability int) answer {
	if a.holds(capability) {
		if e := a.mayUse(capability); e != 0 {
			return failure(e)
		}
	}
	return goOn
}

// needed are the capabilities whose lack is why a call may fail with EPERM.
var needed = map[string]int{
	"chown": capChown, "lchown": capChown, "fchown": capChown, "fchownat": capChown,
	"chmod": linux.CapFowner, "fchmod": linux.CapFowner, "fchmodat": linux.CapFowner, "fchmodat2": linux.CapFowner,
	"utime": linux.CapFowner, "utimes": linux.CapFowner, "futimesat": linux.CapFowner, "utimensat": linux.CapFowner,
	"unlink": linux.CapFowner, "unlinkat": linux.CapFowner, "rmdir": linux.CapFowner,
	"rename": linux.CapFowner, "renameat": linux.CapFowner, "renameat2": linux.CapFowner,
	"link": linux.CapFowner, "linkat": linux.CapFowner,
	"setxattr": linux.CapSysAdmin, "lsetxattr": linux.CapSysAdmin, "fsetxattr": linux.CapSysAdmin,
	"setpriority": capSysNice, "ioprio_set": capSysNice, "process_madvise": capSysNice,
	"mknod": linux.CapMknod, "mknodat": linux.CapMknod,
	"socket": capNetRaw, "setsockopt": capNetAdmin,
	"shmctl": linux.CapSysAdmin, "semctl": linux.CapSysAdmin, "msgctl": linux.CapSysAdmin,
}

// lacking logs that a call failed because its task's label may not use a
// capability that the task has. Which one it was the kernel doesn't tell: those
// that the call and its error mean.
func (a *actor) lacking(e syscall.Errno) {
	missing := a.task.cred.Caps.Effective | a.task.dropped
	if missing == 0 {
		return
	}
	if missing &= a.deniedCapabilities(); missing == 0 {
		return
	}
	var asked []int
	switch {
	case e == syscall.EACCES && a.entry.name == "bind":
		asked = []int{capNetBindService}
	case e == syscall.EACCES && modeCalls[a.entry.name]:
		asked = []int{capDacReadSearch, linux.CapDacOverride}
	case e == syscall.EPERM:
		if c, ok := needed[a.entry.name]; ok {
			asked = []int{c}
		}
	}
	for _, c := range asked {
		if missing>>c&1 != 0 {
			_ = a.mayUse(c)
		}
	}
}

// modeCalls are the calls that the modes of files decide.
var modeCalls = map[string]bool{
	"open": true, "openat": true, "openat2": true, "creat": true, "truncate": true, "access": true,
	"faccessat": true, "faccessat2": true, "stat": true, "lstat": true, "newfstatat": true, "statx": true,
	"readlink": true, "readlinkat": true, "chdir": true, "fchdir": true, "mkdir": true, "mkdirat": true,
	"mknod": true, "mknodat": true, "symlink": true, "symlinkat": true, "link": true, "linkat": true,
	"unlink": true, "unlinkat": true, "rmdir": true, "rename": true, "renameat": true, "renameat2": true,
	"chmod": true, "fchmodat": true, "chown": true, "lchown": true, "fchownat": true, "utime": true,
	"utimes": true, "futimesat": true, "utimensat": true, "inotify_add_watch": true,
}

// toDrop returns the capabilities that a process is to lose under a label. One
// that changes its label itself keeps them: nothing would give them back.
func (e *engine) toDrop(task *task, sid policy.SID) uint64 {
	if e.cfg.KeepCapabilities {
		return 0
	}
	denied := e.auth.DeniedCapabilities(sid, true)
	if denied == 0 {
		return 0
	}
	c, err := readCredentials(task.tid)
	if err != nil {
		return 0 // it is gone
	}
	task.adopt(c, e.own)
	if e.auth.Grants(sid, sid, hooks.ClassProcess, hooks.ProcessSetcurrent) {
		return 0
	}
	return c.Caps.Permitted & denied
}

// dropCapabilities takes capabilities from the process, which stopped at a call.
func (g *gate) dropCapabilities(missing uint64) bool {
	caps := g.task.cred.Caps
	effective := caps.Effective
	caps.Effective &^= missing
	caps.Permitted &^= missing
	// struct cap_user_header with version 3, then two cap_user_data.
	const version, dataAt, size = 0x20080522, 8, 32
	data := make([]byte, size)
	le := binary.LittleEndian
	le.PutUint32(data, version)
	for i, set := range []uint64{caps.Effective, caps.Permitted, caps.Inheritable} {
		le.PutUint32(data[dataAt+4*i:], uint32(set))        //nolint:gosec // G115: the low half is meant.
		le.PutUint32(data[dataAt+12+4*i:], uint32(set>>32)) //nolint:gosec // G115: the high half fits.
	}
	at, ok := g.put(data)
	if !ok {
		return false
	}
	// capset is a call that asks; this one is the supervisor's.
	g.task.gate.Store(&gateJob{pass: true})
	defer g.task.gate.Store(nil)
	result, ok := g.call(callCapset, at, at+dataAt)
	g.task.credStale = true
	g.task.dropped = effective & missing
	return ok && result == 0
}

// restrict has a task that stopped at its exec, and keeps its label, lose what
// the label may not use.
func (t *tracer) restrict(task *task) bool {
	missing := t.e.toDrop(task, task.sid())
	task.dropped = 0
	if missing == 0 {
		return true
	}
	m, err := linux.OpenMemory(task.tid)
	if err != nil {
		return false
	}
	defer m.Close()
	base, ok := vdsoOf(task.tid)
	return ok && t.atExecEnd(task, m, base, func(g *gate) bool { return g.dropCapabilities(missing) })
}

// Numbers of capabilities that only this file names.
const (
	capChown          = 0
	capDacReadSearch  = 2
	capSetgid         = 6
	capSetuid         = 7
	capNetBindService = 10
	capNetAdmin       = 12
	capNetRaw         = 13
	capIPCLock        = 14
	capSysModule      = 16
	capSysRawio       = 17
	capSysPacct       = 20
	capSysBoot        = 22
	capSysNice        = 23
	capSysResource    = 24
	capSysTime        = 25
	capSyslog         = 34
	capBPF            = 39
)
