package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Commands of fcntl that mean more than their descriptor: to leave append mode
// is to gain the right to overwrite, and who owns a file's signals is somebody
// that the kernel will signal in the caller's name.
const (
	fcntlSetFlags   = 4
	fcntlSetOwner   = 8
	fcntlSetSignal  = 10
	fcntlSetOwnerEx = 15
)

// Commands of ioctl that do what F_SETOWN does, by a pointer.
const (
	ioctlSetOwner = 0x8901
	ioctlSetGroup = 0x8902
)

// firstRealtime is the first signal that stands for nothing by itself.
const firstRealtime = 32

// Commands that lock, lease and watch.
const (
	fcntlGetLock     = 5
	fcntlSetLock     = 6
	fcntlSetLockWait = 7
	fcntlOFDGetLock  = 36
	fcntlOFDSetLock  = 37
	fcntlOFDLockWait = 38
	fcntlSetLease    = 1024
	fcntlNotify      = 1026
)

// filterFcntl asks about what changes more than the caller's own descriptor.
func filterFcntl(a *linux.Assembler) { fcntlFilter(a, false) }

// filterFcntlCore leaves locks to the kernel.
func filterFcntlCore(a *linux.Assembler) { fcntlFilter(a, true) }

func fcntlFilter(a *linux.Assembler, core bool) {
	note, refused := a.Label(), a.Label()
	flags, signal := a.Label(), a.Label()
	a.LoadArgument(1)
	if !core {
		for _, command := range []uint32{
			fcntlGetLock, fcntlSetLock, fcntlSetLockWait, fcntlOFDGetLock, fcntlOFDSetLock, fcntlOFDLockWait, fcntlSetLease,
		} {
			a.JumpEqual(command, note, linux.Next)
		}
	}
	a.JumpEqual(fcntlNotify, note, linux.Next)
	a.JumpEqual(fcntlSetFlags, flags, linux.Next)
	a.JumpEqual(fcntlSetOwner, note, linux.Next)
	a.JumpEqual(fcntlSetSignal, signal, linux.Next)
	a.JumpEqual(fcntlSetOwnerEx, refused, linux.Next)
	a.Return(linux.SeccompAllow)
	a.Place(flags)
	a.LoadArgument(2)
	a.JumpSet(linux.OAppend, linux.Next, note)
	a.Return(linux.SeccompAllow)
	a.Place(signal)
	a.LoadArgument(2)
	// An owner that may be signalled when it is named can have another label when
	// the signal comes, so that only those are left that say "look at the file".
	allowed := a.Label()
	a.JumpEqual(0, allowed, linux.Next)
	a.JumpEqual(uint32(syscall.SIGIO), allowed, linux.Next)
	a.JumpAtLeast(firstRealtime, allowed, refused)
	a.Place(allowed)
	a.Return(linux.SeccompAllow)
	a.Place(refused)
	a.Return(refusal(syscall.EPERM))
	a.Place(note)
	a.Return(linux.SeccompNotify)
}

func (a *actor) fcntl() answer {
	switch a.intArg(1) {
	case fcntlSetOwner:
		return a.setOwner(a.intArg(2))
	case fcntlSetFlags:
		return a.setFlags(a.intArg(2))
	case fcntlNotify:
		return a.notifyOf(a.intArg(2))
	}
	return a.lock()
}

// flock answers the call.
func (a *actor) flock() answer { return a.lock() }

// lock checks what only the caller itself can do: locks are its own. Where
// threads share the descriptor, it may by then stand for another of their files.
func (a *actor) lock() answer {
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return failure(e)
	}
	f := a.file(&a.argument)
	if e := a.judge(hooks.LockFile(a.engine.auth, a.subject, &f), nil); e != 0 {
		return failure(e)
	}
	a.task.interruptible.Store(true) // it may wait
	return goOn
}

// notifyOf answers F_NOTIFY, by which a directory is watched.
func (a *actor) notifyOf(events int) answer {
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return failure(e)
	}
	const access = 1 // DN_ACCESS
	i := a.inode(&a.argument)
	watch := hooks.Watching{Reads: events&access != 0}
	if e := a.judge(hooks.Watch(a.engine.auth, a.subject, &i, a.superblock(&a.argument), watch), nil); e != 0 {
		return failure(e)
	}
	return goOn
}

// setFlags changes the flags of the open file that is checked, whatever its
// number stands for by then.
func (a *actor) setFlags(flags int) answer {
	if done, v := a.setPlainFlags(flags); done {
		return v
	}
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return failure(e)
	}
	now, err := linux.StatusFlags(a.argument.fd)
	if err != nil {
		return failure(errnoOf(err))
	}
	if now&linux.OAppend != 0 && flags&linux.OAppend == 0 {
		i := a.inode(&a.argument)
		if e := a.judge(hooks.Permission(a.engine.auth, a.subject, &i, hooks.AccessWrite), nil); e != 0 {
			return failure(e)
		}
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.SetStatusFlags(a.argument.fd, flags)))
}

// setPlainFlags does it for a file that isn't in append mode, about which there
// is nothing to ask: most, and whole programs open each file with such a call.
func (a *actor) setPlainFlags(flags int) (done bool, v answer) {
	if a.engine.slowFetch {
		return false, answer{}
	}
	fd, e := a.fetchFD(a.intArg(0))
	if e != 0 {
		return true, failure(e)
	}
	defer linux.Close(fd)
	now, err := linux.StatusFlags(fd)
	if err != nil || now&(linux.OPath|linux.OAppend) != 0 {
		return false, answer{}
	}
	if e := a.becomeTask(); e != 0 {
		return true, failure(e)
	}
	return true, result(errnoOf(linux.SetStatusFlags(fd, flags)))
}

// setOwner names who is signalled about a file. A group may hold the supervisor.
func (a *actor) setOwner(pid int) answer {
	pid = a.task.number(pid)
	switch {
	case pid == 0, a.engine.ownProcess(a.task, pid):
		return goOn
	case pid < 0:
		return failure(syscall.EPERM)
	}
	return a.signalTask(pid, int(syscall.SIGIO))
}
