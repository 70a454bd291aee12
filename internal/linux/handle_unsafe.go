package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Flags of name_to_handle_at, beside AtEmptyPath and AtSymlinkFollow.
const (
	AtHandleFID         = 0x200
	AtHandleUniqueMount = 0x1
	AtHandleConnectable = 0x2
)

// NameToHandle performs name_to_handle_at on what a descriptor stands for. handle
// is a struct file_handle, mount has room for the number of the mount.
func NameToHandle(fd int, handle []byte, mount *[8]byte, flags int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_NAME_TO_HANDLE_AT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(Empty))), uintptr(pointer(handle)),
		uintptr(unsafe.Pointer(mount)), uintptr(flags|AtEmptyPath), 0,
	)
	return errnoErr(errno)
}

// OpenByHandle performs open_by_handle_at on the filesystem of a descriptor.
func OpenByHandle(mount int, handle []byte, flags int) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_OPEN_BY_HANDLE_AT, uintptr(mount), uintptr(pointer(handle)), uintptr(flags))
	return int(fd), errnoErr(errno) //nolint:gosec // G115: a descriptor.
}

// FanotifyMark performs fanotify_mark. A nil path is a null pointer.
func FanotifyMark(group int, flags uint, mask uint64, dir int, path Name) error {
	if unsafe.Sizeof(uintptr(0)) != unsafe.Sizeof(mask) {
		return unix.ENOSYS // the mask is two arguments there
	}
	_, _, errno := unix.Syscall6(
		unix.SYS_FANOTIFY_MARK, uintptr(group), uintptr(flags), uintptr(mask), uintptr(dir),
		uintptr(unsafe.Pointer(unsafe.SliceData(path))), 0,
	)
	return errnoErr(errno)
}
