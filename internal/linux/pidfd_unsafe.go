package linux

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pidfdThread asks for a descriptor of a thread that need not lead its process
// (Linux 6.9).
const pidfdThread = unix.O_EXCL

// PidfdOpen returns a descriptor of a thread where the kernel has that, else of
// a process.
func PidfdOpen(tid int) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_PIDFD_OPEN, uintptr(tid), pidfdThread, 0)
	if errno == unix.EINVAL {
		fd, _, errno = unix.Syscall(unix.SYS_PIDFD_OPEN, uintptr(tid), 0, 0)
	}
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// PidfdGetfd returns a copy, closed by exec, of another process' descriptor.
func PidfdGetfd(pidfd, fd int) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_PIDFD_GETFD, uintptr(pidfd), uintptr(fd), 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// PidfdSignal sends a signal.
func PidfdSignal(pidfd int, sig syscall.Signal) error {
	return unix.PidfdSendSignal(pidfd, sig, nil, 0)
}

// Kill sends a signal to a process or group.
func Kill(pid int, sig syscall.Signal) error { return unix.Kill(pid, sig) }

// Tgkill sends a signal to a thread.
func Tgkill(tgid, tid int, sig syscall.Signal) error { return unix.Tgkill(tgid, tid, sig) }

// Getpgid returns the process group of a process.
func Getpgid(pid int) (int, error) { return unix.Getpgid(pid) }

// Gettid returns the number of the calling thread.
func Gettid() int { return unix.Gettid() }

// SameFile reports whether two processes' descriptors are one open file
// description; an error where kcmp is not to be had.
func SameFile(pid1, fd1, pid2, fd2 int) (bool, error) {
	const kcmpFile = 0
	r, _, errno := unix.Syscall6(
		unix.SYS_KCMP, uintptr(pid1), uintptr(pid2), kcmpFile, uintptr(fd1), uintptr(fd2), 0,
	)
	if errno != 0 {
		return false, errno
	}
	return r == 0, nil
}

// SetLimit changes a soft and hard limit of a process, given as a number of
// RLIMIT_*, and returns the old values. nil only asks.
func SetLimit(pid, resource int, limit *syscall.Rlimit) (syscall.Rlimit, error) {
	var old syscall.Rlimit
	_, _, errno := unix.Syscall6(
		unix.SYS_PRLIMIT64, uintptr(pid), uintptr(resource), uintptr(unsafe.Pointer(limit)),
		uintptr(unsafe.Pointer(&old)), 0, 0,
	)
	return old, errnoErr(errno)
}

// Poll waits until a descriptor is readable or hung up, milliseconds at most;
// -1 waits for ever.
func Poll(fd, milliseconds int) (readable, hungUp bool, err error) {
	p := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} //nolint:gosec // G115: descriptors are small.
	_, err = unix.Poll(p[:], milliseconds)
	return p[0].Revents&unix.POLLIN != 0, p[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0, err
}

// Memfd returns an anonymous file in memory, closed by exec.
func Memfd(name string) (int, error) {
	return unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
}

// Seal forbids any further change of a Memfd's content and size.
func Seal(fd int) error {
	_, err := unix.FcntlInt(
		uintptr(fd), unix.F_ADD_SEALS,
		unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL,
	)
	return err
}

// Pwrite writes to a descriptor at an offset.
func Pwrite(fd int, data []byte, offset int64) (int, error) { return unix.Pwrite(fd, data, offset) }

// Pread reads from a descriptor at an offset.
func Pread(fd int, data []byte, offset int64) (int, error) { return unix.Pread(fd, data, offset) }

// Tell returns the offset of an open file description.
func Tell(fd int) (int64, error) { return unix.Seek(fd, 0, unix.SEEK_CUR) }
