package linux

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockFprog is struct sock_fprog.
type sockFprog struct {
	length uint16
	filter *Instruction
}

// InstallFilter puts a seccomp filter on the calling thread and returns the
// descriptor of its listener. From then on a notified call waits in a state that
// only a fatal signal interrupts once it was received. Without the capability
// sys_admin the thread must have no_new_privs.
//
// Nothing is allocated and no lock is taken between the filter's start and the
// return, so that a thread whose every call may now be notified comes back.
func InstallFilter(program []Instruction) (listener int, err error) {
	prog := sockFprog{length: uint16(len(program)), filter: &program[0]} //nolint:gosec // G115: bounded by the assembler.
	fd, _, errno := unix.RawSyscall(
		unix.SYS_SECCOMP, seccompSetModeFilter, filterNewListener|filterWaitKillableRecv,
		uintptr(unsafe.Pointer(&prog)),
	)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// CheckNotifications reports whether the kernel has seccomp notifications of the
// shape this package knows.
func CheckNotifications() error {
	action := uint32(SeccompNotify)
	_, _, errno := unix.Syscall(
		unix.SYS_SECCOMP, seccompGetActionAvail, 0, uintptr(unsafe.Pointer(&action)),
	)
	if errno != 0 {
		return errno
	}
	var sizes NotifSizes
	_, _, errno = unix.Syscall(
		unix.SYS_SECCOMP, seccompGetNotifSizes, 0, uintptr(unsafe.Pointer(&sizes)),
	)
	if errno != 0 {
		return errno
	}
	if sizes != knownNotifSizes {
		return errors.New("structures of another size")
	}
	return nil
}

// SetNoNewPrivs has the calling thread and all it becomes gain no privileges by
// exec.
func SetNoNewPrivs() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }

// SetDumpable says whether the process may be inspected by others of its user.
func SetDumpable(on bool) error {
	var v uintptr
	if on {
		v = 1
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, v, 0, 0, 0)
}

// Dumpable reports what SetDumpable sets.
func Dumpable() bool {
	v, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	return err == nil && v == 1
}

// Notification is struct seccomp_notif: a call that waits for an answer.
type Notification struct {
	ID     uint64
	PID    uint32 // the thread
	Flags  uint32
	Number int32
	Arch   uint32
	IP     uint64
	Args   [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// addFD is struct seccomp_notif_addfd.
type addFD struct {
	id         uint64
	flags      uint32
	source     uint32
	target     uint32
	descriptor uint32 // flags of the new descriptor
}

// Commands of the listener (kernel include/uapi/linux/seccomp.h).
const (
	ioctlRecv     = 0xc0502100
	ioctlSend     = 0xc0182101
	ioctlValid    = 0x40082102
	ioctlAddFD    = 0x40182103
	ioctlSetFlags = 0x40082104

	respContinue = 1
	addFDSet     = 1
	addFDSend    = 2
	listenerSync = 1
)

// Listener receives the notifications of a filter.
//
// Every thread that calls its methods has all signals blocked: a signal that
// interrupts AddFD with send set makes the caller's system call return 0, with
// no descriptor added (seen on Linux 6.18, whose roll-back is incomplete). Go
// preempts threads by signals, so this can't be left to luck.
type Listener struct{ FD int }

// Sync has a notification and its answer wake the other side on the same
// processor, which halves their cost.
func (l Listener) Sync() error {
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(l.FD), ioctlSetFlags, listenerSync)
	return errnoErr(errno)
}

// Receive waits for a notification. ENOENT means that the caller of the received
// one died, or that nobody is left who could send any; the listener's poll tells
// which.
func (l Listener) Receive(n *Notification) error {
	for {
		*n = Notification{}
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(l.FD), ioctlRecv, uintptr(unsafe.Pointer(n)))
		if errno != unix.EINTR {
			return errnoErr(errno)
		}
	}
}

// Reply answers with a value, or with an errno unless that is 0.
func (l Listener) Reply(id uint64, value int64, errno syscall.Errno) error {
	r := response{id: id, value: value, errno: -int32(errno)} //nolint:gosec // G115: an errno is small.
	if errno != 0 {
		r.value = 0
	}
	return l.send(&r)
}

// Continue has the kernel perform the call as if there were no filter.
func (l Listener) Continue(id uint64) error {
	return l.send(&response{id: id, flags: respContinue})
}

func (l Listener) send(r *response) error {
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(l.FD), ioctlSend, uintptr(unsafe.Pointer(r)))
		if errno != unix.EINTR {
			return errnoErr(errno)
		}
	}
}

// Valid reports whether the caller of a notification still waits for it: what
// was read of the process with its number before was then its own.
func (l Listener) Valid(id uint64) bool {
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(l.FD), ioctlValid, uintptr(unsafe.Pointer(&id)))
	return errno == 0
}

// AddFDSend gives the caller a copy of a descriptor and answers with its number,
// in one step. cloexec is O_CLOEXEC or 0.
func (l Listener) AddFDSend(id uint64, fd int, cloexec uint32) (number int, err error) {
	a := addFD{id: id, flags: addFDSend, source: uint32(fd), descriptor: cloexec} //nolint:gosec // G115: descriptors are positive.
	n, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(l.FD), ioctlAddFD, uintptr(unsafe.Pointer(&a)))
	return int(n), errnoErr(errno)
}

// AddFDAt puts a copy of a descriptor in the place of the caller's target.
func (l Listener) AddFDAt(id uint64, fd, target int, cloexec uint32) error {
	a := addFD{id: id, flags: addFDSet, source: uint32(fd), target: uint32(target), descriptor: cloexec} //nolint:gosec // G115: descriptors are positive.
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(l.FD), ioctlAddFD, uintptr(unsafe.Pointer(&a)))
	return errnoErr(errno)
}

// errnoErr returns nil for 0 without boxing the others on the way.
func errnoErr(e syscall.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}
