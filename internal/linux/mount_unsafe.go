package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Flags of mount(2) and umount2(2) that say what kind of call it is.
const (
	MountMagic      = unix.MS_MGC_VAL
	MountMagicMask  = unix.MS_MGC_MSK
	MountRemount    = unix.MS_REMOUNT
	MountMove       = unix.MS_MOVE
	MountShared     = unix.MS_SHARED
	MountSlave      = unix.MS_SLAVE
	MountUnbindable = unix.MS_UNBINDABLE

	UmountForce    = unix.MNT_FORCE
	UmountDetach   = unix.MNT_DETACH
	UmountExpire   = unix.MNT_EXPIRE
	UmountNofollow = unix.UMOUNT_NOFOLLOW
)

// Flags of the calls that work with mounts by descriptors.
const (
	OpenTreeClone      = unix.OPEN_TREE_CLONE
	OpenTreeCloexec    = unix.OPEN_TREE_CLOEXEC
	AtRecursive        = unix.AT_RECURSIVE
	MoveMountFromEmpty = unix.MOVE_MOUNT_F_EMPTY_PATH
	MoveMountToEmpty   = unix.MOVE_MOUNT_T_EMPTY_PATH
	FsopenCloexec      = unix.FSOPEN_CLOEXEC
	FsmountCloexec     = unix.FSMOUNT_CLOEXEC
	FspickCloexec      = unix.FSPICK_CLOEXEC
	FspickEmptyPath    = unix.FSPICK_EMPTY_PATH
)

// DoMount performs mount(2). A nil source, type or data is a null pointer.
func DoMount(source, target, fstype Name, flags uint64, data []byte) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_MOUNT, uintptr(unsafe.Pointer(unsafe.SliceData(source))), uintptr(unsafe.Pointer(unsafe.SliceData(target))),
		uintptr(unsafe.Pointer(unsafe.SliceData(fstype))), uintptr(flags), uintptr(unsafe.Pointer(unsafe.SliceData(data))), 0,
	)
	return errnoErr(errno)
}

// Umount performs umount2(2).
func Umount(target Name, flags int) error {
	_, _, errno := unix.Syscall(unix.SYS_UMOUNT2, uintptr(unsafe.Pointer(unsafe.SliceData(target))), uintptr(flags), 0)
	return errnoErr(errno)
}

// ChangeRoot performs pivot_root(2).
func ChangeRoot(root, old Name) error {
	_, _, errno := unix.Syscall(
		unix.SYS_PIVOT_ROOT, uintptr(unsafe.Pointer(unsafe.SliceData(root))), uintptr(unsafe.Pointer(unsafe.SliceData(old))), 0,
	)
	return errnoErr(errno)
}

// Chroot changes the root of the calling thread, which has its own filesystem
// state.
func Chroot(name Name) error {
	_, _, errno := unix.Syscall(unix.SYS_CHROOT, uintptr(unsafe.Pointer(unsafe.SliceData(name))), 0, 0)
	return errnoErr(errno)
}

// OpenTree performs open_tree(2).
func OpenTree(dir int, name Name, flags uint) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_OPEN_TREE, uintptr(dir), uintptr(unsafe.Pointer(unsafe.SliceData(name))), uintptr(flags))
	return int(fd), errnoErr(errno) //nolint:gosec // G115: a descriptor.
}

// MoveMount performs move_mount(2) from one descriptor to another.
func MoveMount(from, to int, flags uint) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_MOVE_MOUNT, uintptr(from), uintptr(unsafe.Pointer(unsafe.SliceData(Empty))),
		uintptr(to), uintptr(unsafe.Pointer(unsafe.SliceData(Empty))), uintptr(flags), 0,
	)
	return errnoErr(errno)
}

// Fsopen performs fsopen(2).
func Fsopen(fstype Name, flags uint) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_FSOPEN, uintptr(unsafe.Pointer(unsafe.SliceData(fstype))), uintptr(flags), 0)
	return int(fd), errnoErr(errno) //nolint:gosec // G115: a descriptor.
}

// Fsconfig performs fsconfig(2). A nil key or value is a null pointer.
func Fsconfig(fd int, command uint, key Name, value []byte, aux int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_FSCONFIG, uintptr(fd), uintptr(command), uintptr(unsafe.Pointer(unsafe.SliceData(key))),
		uintptr(unsafe.Pointer(unsafe.SliceData(value))), uintptr(aux), 0,
	)
	return errnoErr(errno)
}

// Fsmount performs fsmount(2).
func Fsmount(fd int, flags, attributes uint) (int, error) {
	mount, _, errno := unix.Syscall(unix.SYS_FSMOUNT, uintptr(fd), uintptr(flags), uintptr(attributes))
	return int(mount), errnoErr(errno) //nolint:gosec // G115: a descriptor.
}

// Fspick performs fspick(2) on what a descriptor stands for.
func Fspick(fd int, flags uint) (int, error) {
	context, _, errno := unix.Syscall(unix.SYS_FSPICK, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(Empty))), uintptr(flags|FspickEmptyPath))
	return int(context), errnoErr(errno) //nolint:gosec // G115: a descriptor.
}

// MountSetattr performs mount_setattr(2) on what a descriptor stands for.
func MountSetattr(fd int, flags uint, attr []byte) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_MOUNT_SETATTR, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(Empty))), uintptr(flags|AtEmptyPath),
		uintptr(pointer(attr)), uintptr(len(attr)), 0,
	)
	return errnoErr(errno)
}

// NamespaceKind returns which kind of namespace a descriptor stands for, as a
// flag of clone.
func NamespaceKind(fd int) (int, error) {
	const getType = 0xb703
	kind, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), getType, 0)
	return int(kind), errnoErr(errno) //nolint:gosec // G115: a flag.
}
