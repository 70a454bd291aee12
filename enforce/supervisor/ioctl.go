package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
)

// Commands of ioctl are asked about by their numbers, which are values; what
// their pointers say is between the program and the file. Where threads share the
// descriptor, it may by then stand for another of their files.

// ioctlUserfaultfd is USERFAULTFD_IOC_NEW: what userfaultfd(2) does, by a device.
const ioctlUserfaultfd = 0xaa00

// ioctlOpenByHandle is the number in XFS_IOC_OPEN_BY_HANDLE: it opens a file that
// no path leads to.
const ioctlOpenByHandle = 0x586b

func (a *actor) ioctl() answer {
	command := a.uintArg(1)
	if command&0xffff == ioctlOpenByHandle {
		return failure(syscall.EPERM)
	}
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return failure(e)
	}
	f := a.file(&a.argument)
	if e := a.judge(hooks.IoctlFile(a.engine.auth, a.subject, &f, command), nil); e != 0 {
		return failure(e)
	}
	a.task.interruptible.Store(true) // it may wait
	return goOn
}
