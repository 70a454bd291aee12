package linux

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Flags of mount(2).
const (
	MountBind       = unix.MS_BIND
	MountRecursive  = unix.MS_REC
	MountPrivate    = unix.MS_PRIVATE
	MountReadOnly   = unix.MS_RDONLY
	MountNosuid     = unix.MS_NOSUID
	MountNodev      = unix.MS_NODEV
	MountNoexec     = unix.MS_NOEXEC
	MountRelatime   = unix.MS_RELATIME
	MountStrictTime = unix.MS_STRICTATIME
)

// MountAt mounts for the calling process, by paths.
func MountAt(source, target, fstype string, flags uintptr, data string) error {
	return unix.Mount(source, target, fstype, flags, data)
}

// Mknod makes a device file.
func Mknod(path string, mode, major, minor uint32) error {
	return unix.Mknod(path, mode, int(unix.Mkdev(major, minor))) //nolint:gosec // G115: a device number.
}

// ExecInMountNamespace replaces the process by the program of the same file in a
// mount namespace of its own, from which no mount gets out. It returns if that
// fails.
func ExecInMountNamespace(argv, env []string) error {
	// The thread that calls exec becomes the process, with its namespaces.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("make mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	return fmt.Errorf("execute own file: %w", unix.Exec("/proc/self/exe", argv, env))
}

// PivotRoot makes a mount point the root directory of the process and of its
// whole mount namespace. What was mounted before is out of reach afterwards.
func PivotRoot(dir string) error {
	if err := unix.Chdir(dir); err != nil {
		return fmt.Errorf("enter %s: %w", dir, err)
	}
	// The old root ends up on top of the new one, from where it is taken off.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("make %s the root directory: %w", dir, err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the old root directory: %w", err)
	}
	return unix.Chdir("/")
}

// CloseOnExec marks all descriptors from first on as not to be inherited.
func CloseOnExec(first uint) error {
	return unix.CloseRange(first, ^uint(0)&0xffffffff, unix.CLOSE_RANGE_CLOEXEC)
}
