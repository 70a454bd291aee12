package linux

import (
	"fmt"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Commands of fsconfig(2).
const (
	fsconfigSetFlag   = 0
	fsconfigSetString = 1
	fsconfigCreate    = 6
)

// MountFUSE makes a FUSE filesystem that is mounted nowhere: mount is a
// descriptor of its root directory, device the server's end of it, non-blocking.
// The filesystem is gone when both and all descriptors of its files are closed.
// The caller needs the capability sys_admin in its user namespace, and
// /dev/fuse.
func MountFUSE(maxRead uint32) (mount, device int, err error) {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("open /dev/fuse: %w", err)
	}
	mount, err = mountFUSE(fd, maxRead)
	if err != nil {
		unix.Close(fd)
		return -1, -1, err
	}
	return mount, fd, nil
}

func mountFUSE(device int, maxRead uint32) (int, error) {
	context, err := unix.Fsopen("fuse", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("open a FUSE filesystem: %w", err)
	}
	defer unix.Close(context)
	for _, option := range [][2]string{
		{"fd", strconv.Itoa(device)},
		{"rootmode", "40000"},
		{"user_id", strconv.Itoa(unix.Geteuid())},
		{"group_id", strconv.Itoa(unix.Getegid())},
		{"max_read", strconv.Itoa(int(maxRead))},
	} {
		if err := fsconfig(context, fsconfigSetString, option[0], option[1]); err != nil {
			return -1, fmt.Errorf("set FUSE option %s: %w", option[0], err)
		}
	}
	// Files are opened by whoever has the credentials of a supervised program. A
	// kernel that doesn't let the caller set this lets the caller alone open.
	if err := fsconfig(context, fsconfigSetFlag, "allow_other", ""); err != nil {
		return -1, fmt.Errorf("set FUSE option allow_other: %w", err)
	}
	if err := fsconfig(context, fsconfigCreate, "", ""); err != nil {
		return -1, fmt.Errorf("make a FUSE filesystem: %w", err)
	}
	mount, err := unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return -1, fmt.Errorf("mount a FUSE filesystem: %w", err)
	}
	return mount, nil
}

// fsconfig calls fsconfig(2); an empty key or value is passed as none.
func fsconfig(context, command int, key, value string) error {
	var k, v *byte
	var err error
	if key != "" {
		if k, err = unix.BytePtrFromString(key); err != nil {
			return err
		}
	}
	if value != "" {
		if v, err = unix.BytePtrFromString(value); err != nil {
			return err
		}
	}
	_, _, errno := unix.Syscall6(
		unix.SYS_FSCONFIG, uintptr(context), uintptr(command),
		uintptr(unsafe.Pointer(k)), uintptr(unsafe.Pointer(v)), 0, 0,
	)
	if errno != 0 {
		return errno
	}
	return nil
}

// FstatServed is Fstat for a descriptor whose filesystem this very process may
// serve: the scheduler knows that the call can wait.
func FstatServed(fd int, mask uint32, st *Statx) error {
	return unix.Statx(fd, "", unix.AT_EMPTY_PATH, int(mask), st)
}

// WaitEither waits until a or b can be read, or its other end is gone. It blocks
// a thread, which Go's own poller doesn't: that one can't be used for a
// descriptor whose server it may have to wait for.
func WaitEither(a, b int) (aReady, bReady bool, err error) {
	fds := []unix.PollFd{
		{Fd: int32(a), Events: unix.POLLIN}, //nolint:gosec // G115: descriptors are small.
		{Fd: int32(b), Events: unix.POLLIN}, //nolint:gosec // G115: descriptors are small.
	}
	for {
		_, err = unix.Poll(fds, -1)
		if err != unix.EINTR {
			return fds[0].Revents != 0, fds[1].Revents != 0, err
		}
	}
}

// Eventfd returns a counter; Signal makes it readable for good.
func Eventfd() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK) }

// Signal makes an Eventfd readable. The number that it adds doesn't matter.
func Signal(eventfd int) error {
	_, err := unix.Write(eventfd, []byte{1, 1, 1, 1, 1, 1, 1, 1})
	return err
}
