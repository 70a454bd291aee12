package linux

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigQueue is the code of signals that say themselves who sent them.
const sigQueue = -1

// siginfo is struct siginfo of a signal that somebody else sends on behalf of a
// process.
func siginfo(sig syscall.Signal, pid, uid int) *[128]byte {
	var info [128]byte
	le := binary.LittleEndian
	le.PutUint32(info[0:], uint32(sig)) //nolint:gosec // G115: signals are small.
	code := int32(sigQueue)
	le.PutUint32(info[8:], uint32(code)) //nolint:gosec // G115: two's complement is meant.
	le.PutUint32(info[16:], uint32(pid)) //nolint:gosec // G115: a process' number.
	le.PutUint32(info[20:], uint32(uid)) //nolint:gosec // G115: a user's number.
	return &info
}

// KillAs sends a signal to a process that names another sender: as a queued
// signal, since others than the sender itself may not claim to be kill.
func KillAs(pid int, sig syscall.Signal, sender, uid int) error {
	if sig == 0 {
		return unix.Kill(pid, 0)
	}
	_, _, errno := unix.Syscall(
		unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), uintptr(unsafe.Pointer(siginfo(sig, sender, uid))),
	)
	return errnoErr(errno)
}

// PidfdKillAs is KillAs for what a descriptor stands for. info, when not nil, is
// the sender's own struct siginfo.
func PidfdKillAs(pidfd int, sig syscall.Signal, sender, uid int, info *[128]byte, flags uint32) error {
	if info == nil && sig != 0 {
		info = siginfo(sig, sender, uid)
	}
	_, _, errno := unix.Syscall6(
		unix.SYS_PIDFD_SEND_SIGNAL, uintptr(pidfd), uintptr(sig), uintptr(unsafe.Pointer(info)), uintptr(flags), 0, 0,
	)
	return errnoErr(errno)
}

// SetPriority changes the nice value of a thread.
func SetPriority(tid, value int) error { return unix.Setpriority(unix.PRIO_PROCESS, tid, value) }

// IOPriority returns the priority of a thread's input and output.
func IOPriority(tid int) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, 1, uintptr(tid), 0)
	return int(n), errnoErr(errno)
}

// SetIOPriority changes the priority of a thread's input and output.
func SetIOPriority(tid, value int) error {
	_, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, 1, uintptr(tid), uintptr(value))
	return errnoErr(errno)
}

// GetCapabilities performs capget for a header and data that are copies of a
// caller's: 8 and up to 24 bytes.
func GetCapabilities(header *[8]byte, data *[24]byte) error {
	_, _, errno := unix.RawSyscall(
		unix.SYS_CAPGET, uintptr(unsafe.Pointer(header)), uintptr(unsafe.Pointer(data)), 0,
	)
	return errnoErr(errno)
}

// ProcessMadvise performs process_madvise with a copy of the caller's vector,
// which holds addresses in the other process.
func ProcessMadvise(pidfd int, vector []byte, count int, advice, flags uint64) (int, error) {
	n, _, errno := unix.Syscall6(
		unix.SYS_PROCESS_MADVISE, uintptr(pidfd), uintptr(pointer(vector)), uintptr(count),
		uintptr(advice), uintptr(flags), 0,
	)
	return int(n), errnoErr(errno)
}

// SessionOf returns the session of a process.
func SessionOf(pid int) (int, error) { return unix.Getsid(pid) }

// DescribeKey asks the kernel about a key and returns why it doesn't say.
func DescribeKey(serial int32) syscall.Errno {
	const describe = 6
	_, _, errno := unix.Syscall6(unix.SYS_KEYCTL, describe, uintptr(serial), 0, 0, 0, 0) //nolint:gosec // G115: the sign is kept.
	return errno
}
