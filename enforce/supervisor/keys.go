package supervisor

import (
	"sync"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// Keys. Keyrings belong to the credentials of a thread, so that the kernel
// performs every call on them, and the supervisor sees what came of it before the
// thread goes on. A key's label is that of who made it, remembered by its serial
// number; one from outside has the label of the kernel.

// Serial numbers that stand for keyrings of the caller.
const (
	keyThread      = -1
	keyProcess     = -2
	keySession     = -3
	keyUser        = -4
	keyUserSession = -5
)

// keyTable remembers labels.
type keyTable struct {
	mu     sync.Mutex
	labels map[int32]policy.SID
	// users are the keyrings of users, which who first uses them makes.
	users map[int]policy.SID
}

// maxKeys bounds the labels that are remembered: a user may have far fewer keys.
const maxKeys = 1 << 20

// record remembers the label of a key that isn't known.
func (k *keyTable) record(serial int32, sid policy.SID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.labels == nil || len(k.labels) >= maxKeys {
		k.labels = map[int32]policy.SID{}
	}
	if k.labels[serial] == 0 {
		k.labels[serial] = sid
	}
}

func (k *keyTable) get(serial int32) policy.SID {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.labels[serial]
}

// user returns the label of a user's keyrings, which are made for whoever asks
// first.
func (k *keyTable) user(uid int, sid policy.SID) policy.SID {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.users == nil {
		k.users = map[int]policy.SID{}
	}
	if k.users[uid] == 0 {
		k.users[uid] = sid
	}
	return k.users[uid]
}

// keyLabel returns the label of a key by its number, which may stand for one of
// the task's keyrings.
func (a *actor) keyLabel(serial int32) policy.SID {
	keys := &a.engine.keys
	switch serial {
	case keySession:
		if sid := policy.SID(a.task.keySession.Load()); sid != 0 {
			return sid
		}
	case keyUser, keyUserSession:
		return keys.user(a.task.cred.UID, a.subject.NewKeySID())
	default:
		if serial <= 0 {
			return a.subject.SID // made for the task itself
		}
		if sid := keys.get(serial); sid != 0 {
			return sid
		}
	}
	return a.engine.kernelSID()
}

// onKey asks for permissions on the key that an argument names.
func (a *actor) onKey(argument int, perms hooks.Perms) syscall.Errno {
	serial := int32(a.uintArg(argument)) //nolint:gosec // G115: C's int.
	return a.judge(hooks.Key(a.engine.auth, a.subject, a.keyLabel(serial), perms, serial), nil)
}

// onKeys asks for the same on several arguments, leaving out what is 0.
func (a *actor) onKeys(perms hooks.Perms, arguments ...int) syscall.Errno {
	for _, i := range arguments {
		if a.uintArg(i) == 0 {
			continue
		}
		if e := a.onKey(i, perms); e != 0 {
			return e
		}
	}
	return 0
}

// outcome is what to do when the kernel has performed a call: it gets the result
// and returns what the call returns.
type callOutcome struct{ settle func(result int64) int64 }

// then lets a call through and has settle look at its result before the task goes
// on. Nobody sees the result of a task that isn't traced.
func (a *actor) then(settle func(result int64) int64) answer {
	if a.task.untraced.Load() {
		return goOn
	}
	a.task.outcome.Store(&callOutcome{settle})
	if e := a.stopTask(); e != 0 {
		a.task.outcome.Store(nil)
		return failure(e)
	}
	return goOn
}

// settleCall handles the result of a stopped task's call. One that was
// interrupted is made again.
func (t *tracer) settleCall(task *task) {
	o := task.outcome.Swap(nil)
	if o == nil {
		return
	}
	const firstRestart, lastRestart = 512, 516
	var r linux.Registers
	if linux.GetRegisters(task.tid, &r) != nil {
		return
	}
	result := r.Result()
	if result <= -firstRestart && result >= -lastRestart {
		return
	}
	if n := o.settle(result); n != result {
		r.SetResult(n)
		_ = linux.SetRegisters(task.tid, &r)
	}
}

// addKey adds a key to a keyring, or changes the one there.
func (a *actor) addKey() answer {
	if e := a.onKey(4, hooks.KeyWrite); e != 0 {
		return failure(e)
	}
	return a.newKey(a.subject.NewKeySID())
}

// newKey gives the key that a call makes its label.
func (a *actor) newKey(sid policy.SID) answer {
	keys := &a.engine.keys
	return a.then(func(result int64) int64 {
		if result > 0 {
			keys.record(int32(result), sid) //nolint:gosec // G115: a serial number.
		}
		return result
	})
}

// requestKey finds a key.
func (a *actor) requestKey() answer {
	if e := a.onKeys(hooks.KeyWrite, 3); e != 0 {
		return failure(e)
	}
	return a.foundKey(hooks.KeySearch)
}

// foundKey checks a key that the kernel has found.
func (a *actor) foundKey(perms hooks.Perms) answer {
	e, t, subject, entry := a.engine, a.task, a.subject, a.entry
	return a.then(func(result int64) int64 {
		if result <= 0 {
			return result
		}
		serial := int32(result) //nolint:gosec // G115: a serial number.
		sid := e.keys.get(serial)
		if sid == 0 {
			sid = e.kernelSID()
		}
		v := hooks.Key(e.auth, subject, sid, perms, serial)
		e.report(t, entry.name, v.Records)
		if v.Errno != 0 {
			return -int64(v.Errno)
		}
		return result
	})
}

// Commands of keyctl.
const (
	keyctlGetKeyring = iota
	keyctlJoinSession
	keyctlUpdate
	keyctlRevoke
	keyctlChown
	keyctlSetperm
	keyctlDescribe
	keyctlClear
	keyctlLink
	keyctlUnlink
	keyctlSearch
	keyctlRead
	keyctlInstantiate
	keyctlNegate
	keyctlSetReqkey
	keyctlSetTimeout
	keyctlAssume
	keyctlGetSecurity
	keyctlSessionToParent
	keyctlReject
	keyctlInstantiateIOV
	keyctlInvalidate
	keyctlGetPersistent
	keyctlRestrict     = 29
	keyctlMove         = 30
	keyctlCapabilities = 31
	keyctlWatch        = 32
)

// keyNeeds are the permissions that commands need on the key that their first
// argument names.
var keyNeeds = map[uint32]hooks.Perms{
	keyctlUpdate: hooks.KeyWrite, keyctlClear: hooks.KeyWrite,
	keyctlChown: hooks.KeySetattr, keyctlSetperm: hooks.KeySetattr, keyctlSetTimeout: hooks.KeySetattr,
	keyctlRestrict: hooks.KeySetattr,
	keyctlDescribe: hooks.KeyView, keyctlGetSecurity: hooks.KeyView, keyctlWatch: hooks.KeyView,
	keyctlRead:       hooks.KeyRead,
	keyctlInvalidate: hooks.KeySearch, keyctlSearch: hooks.KeySearch, keyctlGetKeyring: hooks.KeySearch,
	keyctlLink: hooks.KeyLink, keyctlMove: hooks.KeyLink,
}

// keyRings are the arguments that name keyrings which commands change.
var keyRings = map[uint32][]int{
	keyctlLink: {2}, keyctlUnlink: {2}, keyctlMove: {2, 3}, keyctlSearch: {4}, keyctlInstantiate: {4},
	keyctlInstantiateIOV: {4}, keyctlNegate: {3}, keyctlReject: {4}, keyctlGetPersistent: {2},
}

func (a *actor) keyctl() answer {
	command := a.uintArg(0)
	if e := a.onKeys(hooks.KeyWrite, keyRings[command]...); e != 0 {
		return failure(e)
	}
	if perms := keyNeeds[command]; perms != 0 {
		if e := a.onKey(1, perms); e != 0 {
			return failure(e)
		}
	}
	keys := &a.engine.keys
	switch command {
	case keyctlGetKeyring:
		return a.newKey(a.keyLabel(int32(a.uintArg(1)))) //nolint:gosec // G115: C's int.
	case keyctlJoinSession:
		sid, session := a.subject.NewKeySID(), &a.task.keySession
		return a.then(func(result int64) int64 {
			if result > 0 {
				keys.record(int32(result), sid)                //nolint:gosec // G115: a serial number.
				session.Store(uint32(keys.get(int32(result)))) //nolint:gosec // G115: a serial number.
			}
			return result
		})
	case keyctlRevoke:
		return a.revokeKey()
	case keyctlSearch:
		perms := hooks.KeySearch
		if a.uintArg(4) != 0 {
			perms |= hooks.KeyLink
		}
		return a.foundKey(perms)
	case keyctlGetSecurity:
		return a.keySecurity()
	case keyctlSessionToParent:
		return a.sessionToParent()
	case keyctlGetPersistent:
		return a.newKey(a.keyLabel(keyUser))
	case keyctlUpdate, keyctlChown, keyctlSetperm, keyctlDescribe, keyctlClear, keyctlLink, keyctlUnlink, keyctlRead,
		keyctlInstantiate, keyctlNegate, keyctlSetReqkey, keyctlSetTimeout, keyctlAssume, keyctlReject,
		keyctlInstantiateIOV, keyctlInvalidate, keyctlRestrict, keyctlMove, keyctlCapabilities, keyctlWatch:
		return goOn
	}
	// The rest names keys in memory.
	return failure(syscall.EOPNOTSUPP)
}

// revokeKey needs one of two permissions.
func (a *actor) revokeKey() answer {
	serial := int32(a.uintArg(1)) //nolint:gosec // G115: C's int.
	v := hooks.Key(a.engine.auth, a.subject, a.keyLabel(serial), hooks.KeyWrite, serial)
	if v.Errno == 0 {
		return result(a.judge(v, nil)).orGoOn()
	}
	a.record(v.Records)
	return result(a.onKey(1, hooks.KeySetattr)).orGoOn()
}

// orGoOn lets a call through that nothing speaks against.
func (v answer) orGoOn() answer {
	if v.kind == answerValue {
		return goOn
	}
	return v
}

// keySecurity tells a key's label.
func (a *actor) keySecurity() answer {
	serial := int32(a.uintArg(1)) //nolint:gosec // G115: C's int.
	if serial > 0 && a.engine.keys.get(serial) == 0 && !keyExists(serial) {
		return goOn // the kernel says why there is none
	}
	text := append([]byte(a.engine.auth.context(a.keyLabel(serial))), 0)
	if n := min(uint64(len(text)), a.arg(3)); n > 0 {
		if e := a.write(text[:n], a.arg(2)); e != 0 {
			return failure(e)
		}
	}
	return value(int64(len(text)))
}

// keyExists reports whether the supervisor can see a key.
func keyExists(serial int32) bool { return linux.DescribeKey(serial) != syscall.ENOKEY }

// sessionToParent gives the session's keyring to the parent.
func (a *actor) sessionToParent() answer {
	if e := a.judge(hooks.Key(a.engine.auth, a.subject, a.keyLabel(keySession), hooks.KeyLink, keySession), nil); e != 0 {
		return failure(e)
	}
	st, err := linux.ReadStatus(a.task.tid)
	if err != nil {
		return failure(syscall.EPERM)
	}
	sid := a.task.keySession.Load()
	parent := a.engine.tasks.get(st.PPID)
	if parent == nil {
		return failure(syscall.EPERM)
	}
	return a.then(func(result int64) int64 {
		if result == 0 {
			parent.keySession.Store(sid)
		}
		return result
	})
}
