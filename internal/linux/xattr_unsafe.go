package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// pointer returns the address of a buffer's memory, nil for an empty one.
func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// Getxattr reads an extended attribute of the object at a path, following links.
// An empty buffer asks for the size.
func Getxattr(path, name Name, buf []byte) (int, error) {
	n, _, errno := unix.Syscall6(
		unix.SYS_GETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])),
		uintptr(pointer(buf)), uintptr(len(buf)), 0, 0,
	)
	return int(n), errnoErr(errno)
}

// Lgetxattr is Getxattr for a link itself.
func Lgetxattr(path, name Name, buf []byte) (int, error) {
	n, _, errno := unix.Syscall6(
		unix.SYS_LGETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])),
		uintptr(pointer(buf)), uintptr(len(buf)), 0, 0,
	)
	return int(n), errnoErr(errno)
}

// xattrArgs is struct xattr_args.
type xattrArgs struct {
	value unsafe.Pointer
	size  uint32
	flags uint32
}

// sysGetxattrat has the same number on all architectures but alpha (Linux 6.13).
const sysGetxattrat = 464

// Getxattrat is Getxattr for an entry of a directory, not following a link. Not
// every kernel has it: see HasGetxattrat.
func Getxattrat(dir int, entry, name Name, buf []byte) (int, error) {
	args := xattrArgs{value: pointer(buf), size: uint32(len(buf))} //nolint:gosec // G115: the kernel takes 64 kB at most.
	n, _, errno := unix.Syscall6(
		sysGetxattrat, uintptr(dir), uintptr(unsafe.Pointer(&entry[0])), unix.AT_SYMLINK_NOFOLLOW,
		uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args),
	)
	return int(n), errnoErr(errno)
}

// HasGetxattrat reports whether the kernel has Getxattrat.
func HasGetxattrat() bool {
	_, _, errno := unix.Syscall6(sysGetxattrat, 0, 0, 0, 0, 0, 0) // a structure of no size
	return errno == unix.EINVAL
}

// Fgetxattr is Getxattr for an open file.
func Fgetxattr(fd int, name Name, buf []byte) (int, error) {
	n, _, errno := unix.Syscall6(
		unix.SYS_FGETXATTR, uintptr(fd), uintptr(unsafe.Pointer(&name[0])),
		uintptr(pointer(buf)), uintptr(len(buf)), 0, 0,
	)
	return int(n), errnoErr(errno)
}

// Setxattr sets an extended attribute, following links.
func Setxattr(path, name Name, value []byte, flags int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_SETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])),
		uintptr(pointer(value)), uintptr(len(value)), uintptr(flags), 0,
	)
	return errnoErr(errno)
}

// Lsetxattr is Setxattr for a link itself.
func Lsetxattr(path, name Name, value []byte, flags int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_LSETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])),
		uintptr(pointer(value)), uintptr(len(value)), uintptr(flags), 0,
	)
	return errnoErr(errno)
}

// Fsetxattr is Setxattr for an open file.
func Fsetxattr(fd int, name Name, value []byte, flags int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_FSETXATTR, uintptr(fd), uintptr(unsafe.Pointer(&name[0])),
		uintptr(pointer(value)), uintptr(len(value)), uintptr(flags), 0,
	)
	return errnoErr(errno)
}

// Llistxattr lists the names of a path's attributes, each ended by a NUL,
// without following a link at its end.
func Llistxattr(path Name, buf []byte) (int, error) {
	n, _, errno := unix.Syscall(
		unix.SYS_LLISTXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(pointer(buf)), uintptr(len(buf)),
	)
	return int(n), errnoErr(errno)
}

// Listxattr is Llistxattr that follows links.
func Listxattr(path Name, buf []byte) (int, error) {
	n, _, errno := unix.Syscall(
		unix.SYS_LISTXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(pointer(buf)), uintptr(len(buf)),
	)
	return int(n), errnoErr(errno)
}

// Lremovexattr removes an attribute without following a link.
func Lremovexattr(path, name Name) error {
	_, _, errno := unix.Syscall(
		unix.SYS_LREMOVEXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])), 0,
	)
	return errnoErr(errno)
}

// Removexattr is Lremovexattr that follows links.
func Removexattr(path, name Name) error {
	_, _, errno := unix.Syscall(
		unix.SYS_REMOVEXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])), 0,
	)
	return errnoErr(errno)
}
