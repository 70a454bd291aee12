package supervisor

import (
	"runtime"
	"slices"
	"syscall"

	"seward/internal/linux"
)

// credentials are what the kernel's discretionary checks look at. A value is
// never changed, so that the threads of a process share one.
type credentials struct{ linux.Credentials }

// same reports whether acting with either makes no difference.
func (c *credentials) same(o *credentials) bool {
	return c == o || c.EUID == o.EUID && c.FSUID == o.FSUID && c.EGID == o.EGID && c.FSGID == o.FSGID &&
		c.Caps.Effective == o.Caps.Effective && slices.Equal(c.Groups, o.Groups)
}

// has reports whether a capability is effective.
func (c *credentials) has(capability int) bool { return c.Caps.Effective>>capability&1 != 0 }

// owner reports whether the holder may change what only an owner may.
func (c *credentials) owner(st *linux.Statx) bool {
	return int(st.Uid) == c.FSUID || c.has(linux.CapFowner)
}

// inGroup reports whether the holder is in a group, for files.
func (c *credentials) inGroup(gid uint32) bool {
	return int(gid) == c.FSGID || slices.Contains(c.Groups, gid)
}

// readCredentials reads those of a thread.
func readCredentials(tid int) (*credentials, error) {
	st, err := linux.ReadStatus(tid)
	if err != nil {
		return nil, err
	}
	return &credentials{st.Credentials}, nil
}

// identity is who a thread of the supervisor acts as at the moment. Switching
// costs some microseconds, so that a thread stays who it is until someone else
// is needed.
type identity struct {
	own *credentials // the supervisor's
	now *credentials
}

// become has the calling thread act with someone's credentials: what the kernel
// then refuses, it would have refused them. The thread's real and saved
// identities stay the supervisor's, which is the way back.
func (id *identity) become(c *credentials) error {
	if id.now.same(c) {
		return nil
	}
	if err := id.back(); err != nil || id.now.same(c) {
		return err
	}
	id.now = nil // whatever happens on the way, it is not the supervisor
	if !slices.Equal(id.own.Groups, c.Groups) {
		if err := linux.SetThreadGroups(c.Groups); err != nil {
			return id.failed(err)
		}
	}
	if c.EGID != id.own.EGID {
		if err := linux.SetThreadGIDs(-1, c.EGID, -1); err != nil {
			return id.failed(err)
		}
	}
	if c.FSGID != c.EGID {
		linux.SetThreadFSGID(c.FSGID)
	}
	if c.EUID != id.own.EUID {
		if err := linux.SetThreadUIDs(-1, c.EUID, -1); err != nil {
			return id.failed(err)
		}
	}
	if c.FSUID != c.EUID {
		linux.SetThreadFSUID(c.FSUID)
	}
	// The permitted set stays, for the way back; what counts for access is the
	// effective one. The supervisor's own bounds it.
	if err := linux.SetThreadCapabilities(linux.Capabilities{
		Effective: c.Caps.Effective & id.own.Caps.Permitted,
		Permitted: id.own.Caps.Permitted, Inheritable: id.own.Caps.Inheritable,
	}); err != nil {
		return id.failed(err)
	}
	id.now = c
	return nil
}

// back has the calling thread act as the supervisor again.
func (id *identity) back() error {
	if id.now.same(id.own) {
		return nil
	}
	// In some user namespaces nobody may set groups, which is no harm where they
	// are the same anyway.
	groups := id.now == nil || !slices.Equal(id.now.Groups, id.own.Groups)
	id.now = nil
	if err := linux.SetThreadCapabilities(id.own.Caps); err != nil {
		return id.failed(err)
	}
	if err := linux.SetThreadUIDs(-1, id.own.EUID, -1); err != nil {
		return id.failed(err)
	}
	linux.SetThreadFSUID(id.own.FSUID)
	if err := linux.SetThreadGIDs(-1, id.own.EGID, -1); err != nil {
		return id.failed(err)
	}
	linux.SetThreadFSGID(id.own.FSGID)
	if groups {
		if err := linux.SetThreadGroups(id.own.Groups); err != nil {
			return id.failed(err)
		}
	}
	// Changing the effective user adjusts the sets.
	if err := linux.SetThreadCapabilities(id.own.Caps); err != nil {
		return id.failed(err)
	}
	id.now = id.own
	return nil
}

// failed reports that the thread is stuck between two identities: it must not
// act for anybody.
func (id *identity) failed(err error) error {
	id.now = &credentials{linux.Credentials{EUID: -1}}
	return err
}

// becomeTask has the actor act with its task's credentials, as far as its label
// may use them.
func (a *actor) becomeTask() syscall.Errno {
	if err := a.identity.become(a.usable()); err != nil {
		a.engine.log.Error("act with a task's credentials", "pid", a.task.tid, "err", err)
		return syscall.EPERM
	}
	return 0
}

// becomeSelf has the actor act as the supervisor.
func (a *actor) becomeSelf() syscall.Errno {
	if err := a.identity.back(); err != nil {
		a.engine.log.Error("act as the supervisor", "err", err)
		return syscall.EPERM
	}
	return 0
}

// asSelf runs f as the supervisor, whoever the actor was and will be again. f
// isn't run if that fails.
func (a *actor) asSelf(f func()) {
	before := a.identity.now
	if a.becomeSelf() != 0 {
		return
	}
	f()
	if before != nil && before != a.identity.now {
		_ = a.identity.become(before)
	}
}

// asTaskWholly runs f on a thread whose real and saved user and group are the
// task's too. There is no way back from that: the thread ends with it.
func (a *actor) asTaskWholly(f func()) {
	c := a.task.cred
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if linux.SetThreadGIDs(c.EGID, c.EGID, c.EGID) == nil && linux.SetThreadUIDs(c.EUID, c.EUID, c.EUID) == nil {
			f()
		}
	}()
	<-done
}

// refreshCredentials makes sure that the task's are known.
func (a *actor) refreshCredentials() syscall.Errno {
	if !a.task.credStale {
		return 0
	}
	c, err := readCredentials(a.task.tid)
	if err != nil {
		return syscall.EPERM
	}
	if a.task.entered && !a.sameUsers() {
		return a.betrayed("user namespace")
	}
	a.task.adopt(c, a.engine.own)
	return 0
}

// becomeReal has the actor act with its task's real user and group, as access(2)
// asks: with the capabilities that such a user has.
func (a *actor) becomeReal() syscall.Errno {
	c := a.task.cred
	if c.UID == c.EUID && c.GID == c.EGID {
		return a.becomeTask()
	}
	r := *c
	r.EUID, r.FSUID, r.EGID, r.FSGID = c.UID, c.UID, c.GID, c.GID
	if c.UID == 0 {
		r.Caps.Effective = c.Caps.Permitted &^ a.deniedCapabilities()
	} else {
		r.Caps.Effective = 0
	}
	if err := a.identity.become(&r); err != nil {
		return syscall.EPERM
	}
	return 0
}

// adopt takes credentials as the task's, sharing the value where it is one that
// is known already.
func (t *task) adopt(c, own *credentials) {
	switch {
	case t.cred != nil && t.cred.equal(c):
	case own.equal(c):
		t.cred = own
	default:
		t.cred = c
	}
	t.credStale = false
	if c.EUID != 0 {
		t.dropped = 0 // it would have lost them of itself
	}
}

// equal reports whether all is the same, not only what makes a difference for
// access.
func (c *credentials) equal(o *credentials) bool {
	return c.same(o) && c.UID == o.UID && c.SUID == o.SUID && c.GID == o.GID && c.SGID == o.SGID &&
		c.Caps == o.Caps && c.NoNewPrivs == o.NoNewPrivs
}
