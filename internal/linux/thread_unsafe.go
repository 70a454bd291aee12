package linux

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// BlockSignals blocks every signal that can be on the calling thread. The
// goroutine is locked to it and ends with it.
func BlockSignals() error {
	mask := ^uint64(0)
	_, _, errno := unix.RawSyscall6(
		unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&mask)), 0, unsafe.Sizeof(mask), 0, 0,
	)
	return errnoErr(errno)
}

// Sleep has the calling thread wait, at most as long as d.
func Sleep(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil)
}

// SetTimerSlack sets how late timers of the calling thread may be, in
// nanoseconds. Threads and processes that it makes inherit that.
func SetTimerSlack(nanoseconds int) error {
	return unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(nanoseconds), 0, 0, 0)
}

// OwnFilesystemState gives the calling thread its own working directory, root
// and umask.
func OwnFilesystemState() error { return unix.Unshare(unix.CLONE_FS) }

// Umask sets the mode bits that the calling thread's new files don't get, and
// returns those of before. The thread has its own filesystem state.
func Umask(mask uint32) uint32 {
	old, _, _ := unix.RawSyscall(unix.SYS_UMASK, uintptr(mask), 0, 0)
	return uint32(old) //nolint:gosec // G115: nine bits.
}

// Fchdir changes the calling thread's working directory; it has its own
// filesystem state.
func Fchdir(fd int) error { return unix.Fchdir(fd) }

// The calls for identities that act on one thread; those of package syscall
// change all.

// SetThreadUIDs sets real, effective and saved user; -1 leaves one alone.
func SetThreadUIDs(ruid, euid, suid int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(ruid), uintptr(euid), uintptr(suid))
	return errnoErr(errno)
}

// SetThreadGIDs sets real, effective and saved group; -1 leaves one alone.
func SetThreadGIDs(rgid, egid, sgid int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(rgid), uintptr(egid), uintptr(sgid))
	return errnoErr(errno)
}

// SetThreadFSUID sets the user that files are accessed as.
func SetThreadFSUID(uid int) { unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0) }

// SetThreadFSGID sets the group that files are accessed as.
func SetThreadFSGID(gid int) { unix.RawSyscall(unix.SYS_SETFSGID, uintptr(gid), 0, 0) }

// SetThreadGroups sets the supplementary groups.
func SetThreadGroups(groups []uint32) error {
	_, _, errno := unix.RawSyscall(
		unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(unsafe.SliceData(groups))), 0,
	)
	return errnoErr(errno)
}

// Capabilities are the sets of a thread, a bit each.
type Capabilities struct {
	Effective, Permitted, Inheritable uint64
}

// SetThreadCapabilities sets those of the calling thread.
func SetThreadCapabilities(c Capabilities) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{
		{Effective: uint32(c.Effective), Permitted: uint32(c.Permitted), Inheritable: uint32(c.Inheritable)},                   //nolint:gosec // G115: the low half is meant.
		{Effective: uint32(c.Effective >> 32), Permitted: uint32(c.Permitted >> 32), Inheritable: uint32(c.Inheritable >> 32)}, //nolint:gosec // G115: the high half fits.
	}
	_, _, errno := unix.RawSyscall(
		unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0,
	)
	return errnoErr(errno)
}

// Numbers of capabilities.
const (
	CapDacOverride = unix.CAP_DAC_OVERRIDE
	CapFowner      = unix.CAP_FOWNER
	CapKill        = unix.CAP_KILL
	CapSetgid      = unix.CAP_SETGID
	CapSetuid      = unix.CAP_SETUID
	CapSysAdmin    = unix.CAP_SYS_ADMIN
	CapSysPtrace   = unix.CAP_SYS_PTRACE
	CapMacAdmin    = unix.CAP_MAC_ADMIN
	CapMknod       = unix.CAP_MKNOD
	CapSysChroot   = unix.CAP_SYS_CHROOT
)
