package linux

import (
	"encoding/binary"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Openat opens a path relative to a directory.
func Openat(dir int, name Name, flags int, mode uint32) (int, error) {
	for {
		fd, _, errno := unix.Syscall6(
			unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])),
			uintptr(flags|unix.O_LARGEFILE), uintptr(mode), 0, 0,
		)
		if errno == 0 {
			return int(fd), nil
		}
		if errno != unix.EINTR {
			return -1, errno
		}
	}
}

// OpenHow is struct open_how.
type OpenHow struct {
	Flags, Mode, Resolve uint64
}

// Restrictions of a path walk by the kernel or by a supervisor.
const (
	ResolveNoXdev       = unix.RESOLVE_NO_XDEV
	ResolveNoMagiclinks = unix.RESOLVE_NO_MAGICLINKS
	ResolveNoSymlinks   = unix.RESOLVE_NO_SYMLINKS
	ResolveBeneath      = unix.RESOLVE_BENEATH
	ResolveInRoot       = unix.RESOLVE_IN_ROOT
	ResolveCached       = 0x20
)

// rawLargefile is what every open of a 64-bit program gets from the kernel, and
// what openat2 wants to be told (asm/fcntl.h).
var rawLargefile = func() uint64 {
	switch runtime.GOARCH {
	case "arm64":
		return 0o400000
	case "ppc64le", "ppc64":
		return 0o200000
	}
	return 0o100000
}()

// OpenEntry opens the entry of a directory if it is no link, as O_NOFOLLOW does,
// but leaves no trace of that in the flags of the open file.
func OpenEntry(dir int, name Name, flags int) (int, error) {
	how := OpenHow{Flags: uint64(flags)&openFlags | rawLargefile, Resolve: unix.RESOLVE_NO_SYMLINKS} //nolint:gosec // G115: not negative.
	for {
		fd, _, errno := unix.Syscall6(
			unix.SYS_OPENAT2, uintptr(dir), uintptr(unsafe.Pointer(&name[0])),
			uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0,
		)
		if errno == 0 {
			return int(fd), nil
		}
		if errno != unix.EINTR {
			return -1, errno
		}
	}
}

// openFlags are the flags that openat2 knows; openat ignores others.
const openFlags = unix.O_ACCMODE | unix.O_CREAT | unix.O_EXCL | unix.O_NOCTTY | unix.O_TRUNC | unix.O_APPEND |
	unix.O_NONBLOCK | unix.O_DSYNC | unix.O_ASYNC | unix.O_DIRECT | unix.O_DIRECTORY | unix.O_NOFOLLOW |
	unix.O_NOATIME | unix.O_CLOEXEC | unix.O_SYNC | unix.O_PATH | unix.O_TMPFILE

// Openat2 opens a path with restrictions.
func Openat2(dir int, name Name, how *OpenHow) (int, error) {
	for {
		fd, _, errno := unix.Syscall6(
			unix.SYS_OPENAT2, uintptr(dir), uintptr(unsafe.Pointer(&name[0])),
			uintptr(unsafe.Pointer(how)), unsafe.Sizeof(*how), 0, 0,
		)
		if errno == 0 {
			return int(fd), nil
		}
		if errno != unix.EINTR && errno != unix.EAGAIN {
			return -1, errno
		}
	}
}

// Close closes a descriptor. Nothing can be done about an error.
func Close(fd int) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// Stat fills st for a path relative to a directory.
func Stat(dir int, name Name, flags int, mask uint32, st *Statx) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_STATX, uintptr(dir), uintptr(unsafe.Pointer(&name[0])), uintptr(flags),
		uintptr(mask), uintptr(unsafe.Pointer(st)), 0,
	)
	return errnoErr(errno)
}

// Fstat fills st for what a descriptor stands for.
func Fstat(fd int, mask uint32, st *Statx) error {
	return Stat(fd, Empty, unix.AT_EMPTY_PATH, mask, st)
}

// Readlinkat reads a symbolic link, or with an empty name the one that dir
// stands for.
func Readlinkat(dir int, name Name, buf []byte) (int, error) {
	n, _, errno := unix.Syscall6(
		unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0,
	)
	return int(n), errnoErr(errno)
}

// Faccessat checks the access that the calling thread has.
func Faccessat(dir int, name Name, mode uint32, flags int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_FACCESSAT2, uintptr(dir), uintptr(unsafe.Pointer(&name[0])), uintptr(mode),
		uintptr(flags), 0, 0,
	)
	return errnoErr(errno)
}

// Mkdirat makes a directory.
func Mkdirat(dir int, name Name, mode uint32) error {
	_, _, errno := unix.Syscall(
		unix.SYS_MKDIRAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])), uintptr(mode),
	)
	return errnoErr(errno)
}

// Mknodat makes a file, device, pipe or socket.
func Mknodat(dir int, name Name, mode, device uint32) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_MKNODAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])), uintptr(mode),
		uintptr(device), 0, 0,
	)
	return errnoErr(errno)
}

// Symlinkat makes a symbolic link.
func Symlinkat(target Name, dir int, name Name) error {
	_, _, errno := unix.Syscall(
		unix.SYS_SYMLINKAT, uintptr(unsafe.Pointer(&target[0])), uintptr(dir),
		uintptr(unsafe.Pointer(&name[0])),
	)
	return errnoErr(errno)
}

// Linkat gives an object another name.
func Linkat(oldDir int, oldName Name, newDir int, newName Name, flags int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_LINKAT, uintptr(oldDir), uintptr(unsafe.Pointer(&oldName[0])), uintptr(newDir),
		uintptr(unsafe.Pointer(&newName[0])), uintptr(flags), 0,
	)
	return errnoErr(errno)
}

// Unlinkat removes a name, with AtRemovedir that of a directory.
func Unlinkat(dir int, name Name, flags int) error {
	_, _, errno := unix.Syscall(
		unix.SYS_UNLINKAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])), uintptr(flags),
	)
	return errnoErr(errno)
}

// Renameat2 moves a name.
func Renameat2(oldDir int, oldName Name, newDir int, newName Name, flags uint32) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_RENAMEAT2, uintptr(oldDir), uintptr(unsafe.Pointer(&oldName[0])), uintptr(newDir),
		uintptr(unsafe.Pointer(&newName[0])), uintptr(flags), 0,
	)
	return errnoErr(errno)
}

// Fchmodat changes the mode of a path without following a link at its end. It
// needs Linux 6.6 for that; see Chmod for a descriptor.
func Fchmodat(dir int, name Name, mode uint32, flags int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_FCHMODAT2, uintptr(dir), uintptr(unsafe.Pointer(&name[0])), uintptr(mode),
		uintptr(flags), 0, 0,
	)
	return errnoErr(errno)
}

// Chmod changes the mode of a path, following links.
func Chmod(name Name, mode uint32) error {
	dir := unix.AT_FDCWD
	_, _, errno := unix.Syscall(
		unix.SYS_FCHMODAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])), uintptr(mode),
	)
	return errnoErr(errno)
}

// Fchownat changes owner and group; -1 leaves one alone.
func Fchownat(dir int, name Name, uid, gid, flags int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_FCHOWNAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])), uintptr(uid),
		uintptr(gid), uintptr(flags), 0,
	)
	return errnoErr(errno)
}

// Utimensat sets times; nil sets both to now.
func Utimensat(dir int, name Name, times *[2]Timespec, flags int) error {
	_, _, errno := unix.Syscall6(
		unix.SYS_UTIMENSAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])),
		uintptr(unsafe.Pointer(times)), uintptr(flags), 0, 0,
	)
	return errnoErr(errno)
}

// Truncate sets the length of the file at a path.
func Truncate(name Name, length int64) error {
	_, _, errno := unix.Syscall(
		unix.SYS_TRUNCATE, uintptr(unsafe.Pointer(&name[0])), uintptr(length), 0, //nolint:gosec // G115: the kernel refuses a negative length.
	)
	return errnoErr(errno)
}

// Ftruncate sets the length of an open file.
func Ftruncate(fd int, length int64) error { return unix.Ftruncate(fd, length) }

// Fstatfs fills st for the filesystem of a descriptor.
func Fstatfs(fd int, st *Statfs) error {
	_, _, errno := unix.Syscall(unix.SYS_FSTATFS, uintptr(fd), uintptr(unsafe.Pointer(st)), 0)
	return errnoErr(errno)
}

// Dup returns a copy of a descriptor, closed by exec.
func Dup(fd int) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_FCNTL, uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// StatusFlags returns the flags of an open file description.
func StatusFlags(fd int) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_GETFL, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// SetStatusFlags changes the flags of an open file description that can be
// changed.
func SetStatusFlags(fd, flags int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETFL, uintptr(flags))
	return errnoErr(errno)
}

// StatxBytes returns a Statx as the memory it occupies.
func StatxBytes(st *Statx) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(st)), unsafe.Sizeof(*st))
}

// StatfsBytes returns a Statfs as the memory it occupies.
func StatfsBytes(st *Statfs) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(st)), unsafe.Sizeof(*st))
}

// InotifyAddWatch watches a path.
func InotifyAddWatch(fd int, path Name, mask uint32) (int, error) {
	n, _, errno := unix.Syscall(
		unix.SYS_INOTIFY_ADD_WATCH, uintptr(fd), uintptr(unsafe.Pointer(&path[0])), uintptr(mask),
	)
	return int(n), errnoErr(errno)
}

// Chdir changes the working directory of the calling thread and those that share
// it.
func Chdir(name Name) error {
	_, _, errno := unix.Syscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(&name[0])), 0, 0)
	return errnoErr(errno)
}

// Exec executes a path with one argument and no environment, reading the path
// when the kernel does. It returns only if that fails.
func Exec(name Name, arg string) syscall.Errno {
	text := MakeName(arg)
	argv := [2]unsafe.Pointer{unsafe.Pointer(&text[0])}
	envp := [1]unsafe.Pointer{}
	_, _, errno := unix.Syscall(
		unix.SYS_EXECVE, uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&argv)), uintptr(unsafe.Pointer(&envp)),
	)
	return errno
}

// MakeStatfs describes a filesystem of which only the kind is known. The type
// has another size and sign on each architecture.
func MakeStatfs(magic uint32) Statfs {
	const block = 4096
	st := Statfs{Bsize: block, Frsize: block, Namelen: MaxName}
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&st.Type)), unsafe.Sizeof(st.Type))
	if len(raw) == 8 {
		binary.NativeEndian.PutUint64(raw, uint64(magic))
	} else {
		binary.NativeEndian.PutUint32(raw, magic)
	}
	return st
}
