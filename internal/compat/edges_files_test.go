package compat

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// paths are names at their edges, for every call that takes one.
var paths = []string{
	"file", "file/", "file/x", "dir", "dir/", "dir/.", "full", "full/..", "nothing", "nothing/", "nothing/x",
	"link", "link/", "link/x", "dangling", "dangling/", "loop1", "loop1/x", "dirlink", "dirlink/", "fifo", "", ".", "..", "/", "//", long, "dir/" + long,
	strings.Repeat("d/", 2100), strings.Repeat("./", 2000) + "file", "/dev/null", "/proc/self/fd/99", "/proc/self/nothing",
}

// eachPath makes a case of each path.
func eachPath(call string, do func(path string) string) []edge {
	var list []edge
	for _, p := range paths {
		name := p
		if len(name) > 20 {
			name = fmt.Sprintf("%s...%d", name[:8], len(p))
		}
		list = append(list, edge{call + " " + name, func() string { return do(p) }})
	}
	return list
}

// together joins lists of cases.
func together(lists ...[]edge) (all []edge) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// opening opens and says what it is.
func opening(path string, flags int) string {
	fd, err := unix.Open(path, flags|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o640)
	if err != nil {
		return errno(err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return errno(err)
	}
	got, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return fmt.Sprintf("mode %o flags %#x %s", st.Mode, got, errno(err))
}

func openWith(flags int) func(string) string {
	return func(path string) string { return opening(path, flags) }
}

func openHow(how unix.OpenHow) func(string) string {
	return func(path string) string {
		h := how
		h.Flags |= unix.O_NONBLOCK | unix.O_CLOEXEC
		fd, err := unix.Openat2(unix.AT_FDCWD, path, &h)
		if err != nil {
			return errno(err)
		}
		return errno(unix.Close(fd))
	}
}

var opens = together(
	eachPath("read", openWith(unix.O_RDONLY)),
	eachPath("write", openWith(unix.O_WRONLY)),
	eachPath("directory", openWith(unix.O_RDONLY|unix.O_DIRECTORY)),
	eachPath("nofollow", openWith(unix.O_RDONLY|unix.O_NOFOLLOW)),
	eachPath("path", openWith(unix.O_PATH)),
	eachPath("path nofollow", openWith(unix.O_PATH|unix.O_NOFOLLOW)),
	eachPath("exclusive", openWith(unix.O_RDWR|unix.O_CREAT|unix.O_EXCL)),
	eachPath("beneath", openHow(unix.OpenHow{Resolve: unix.RESOLVE_BENEATH})),
	eachPath("in root", openHow(unix.OpenHow{Resolve: unix.RESOLVE_IN_ROOT})),
	eachPath("no symlinks", openHow(unix.OpenHow{Resolve: unix.RESOLVE_NO_SYMLINKS})),
	eachPath("no magic", openHow(unix.OpenHow{Resolve: unix.RESOLVE_NO_MAGICLINKS})),
	eachPath("no crossing", openHow(unix.OpenHow{Resolve: unix.RESOLVE_NO_XDEV})),
	eachPath("mode without creat", openHow(unix.OpenHow{Mode: 0o600})),
	eachPath("unknown resolve", openHow(unix.OpenHow{Resolve: 1 << 40})),
	[]edge{
		{"append", func() string { return opening("file", unix.O_WRONLY|unix.O_APPEND) }},
		{"directory and creat", func() string { return opening("new1", unix.O_CREAT|unix.O_DIRECTORY|unix.O_RDWR) }},
		{"temporary", func() string { return opening("dir", unix.O_TMPFILE|unix.O_RDWR) }},
		{"temporary read", func() string { return opening("dir", unix.O_TMPFILE) }},
		{"creat in root of others", func() string { return opening("/proc/new", unix.O_CREAT|unix.O_RDWR) }},
		{"access mode 3", func() string { return opening("file", 3) }},
		{"dirfd not a directory", func() string {
			fd, err := unix.Open("file", unix.O_RDONLY, 0)
			if err != nil {
				return errno(err)
			}
			defer unix.Close(fd)
			_, err = unix.Openat(fd, "x", unix.O_RDONLY, 0)
			return errno(err)
		}},
		{"dirfd closed", func() string { _, err := unix.Openat(999, "x", unix.O_RDONLY, 0); return errno(err) }},
		{"dirfd closed, absolute", func() string {
			fd, err := unix.Openat(999, "/dev/null", unix.O_RDONLY, 0)
			unix.Close(fd)
			return errno(err)
		}},
	},
)

// kind is what stat says but for what differs between two directories.
func kind(st *unix.Stat_t, err error) string {
	if err != nil {
		return errno(err)
	}
	size := st.Size
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		size = 0
	}
	return fmt.Sprintf("mode %o size %d owner %d %d", st.Mode, size, st.Uid, st.Gid)
}

var attrs = together(
	eachPath("stat", func(p string) string { var st unix.Stat_t; err := unix.Stat(p, &st); return kind(&st, err) }),
	eachPath("lstat", func(p string) string { var st unix.Stat_t; err := unix.Lstat(p, &st); return kind(&st, err) }),
	eachPath("empty path", func(p string) string {
		var st unix.Stat_t
		err := unix.Fstatat(unix.AT_FDCWD, p, &st, unix.AT_EMPTY_PATH)
		return kind(&st, err)
	}),
	eachPath("statx", func(p string) string {
		var st unix.Statx_t
		err := unix.Statx(unix.AT_FDCWD, p, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS, &st)
		return both(fmt.Sprintf("%o", st.Mode), err)
	}),
	eachPath("statfs", func(p string) string { var st unix.Statfs_t; err := unix.Statfs(p, &st); return both(st.Type, err) }),
	eachPath("readlink", func(p string) string {
		var buf [8]byte
		n, err := unix.Readlink(p, buf[:])
		if err != nil {
			return errno(err)
		}
		return string(buf[:n])
	}),
	eachPath("access", func(p string) string { return errno(unix.Access(p, unix.R_OK|unix.W_OK)) }),
	eachPath("access x", func(p string) string { return errno(unix.Faccessat(unix.AT_FDCWD, p, unix.X_OK, 0)) }),
	eachPath("access bad", func(p string) string { return errno(unix.Access(p, 0o77)) }),
	eachPath("getxattr", func(p string) string { _, err := unix.Getxattr(p, "user.x", make([]byte, 10)); return errno(err) }),
	eachPath("truncate", func(p string) string { return errno(unix.Truncate(p, 3)) }),
	eachPath("lremovexattr", func(p string) string { return errno(unix.Lremovexattr(p, "user.none")) }),
	[]edge{
		{"truncate negative", func() string { return errno(unix.Truncate("file", -1)) }},
		{"setxattr", func() string { return errno(unix.Setxattr("file", "user.x", []byte("v"), 0)) }},
		{"setxattr create", func() string { return errno(unix.Setxattr("file", "user.x", []byte("v"), unix.XATTR_CREATE)) }},
		{"setxattr replace", func() string { return errno(unix.Setxattr("file", "user.y", []byte("v"), unix.XATTR_REPLACE)) }},
		{"setxattr flags", func() string { return errno(unix.Setxattr("file", "user.y", []byte("v"), 99)) }},
		{"setxattr no space", func() string { return errno(unix.Setxattr("file", "bad", []byte("v"), 0)) }},
		{"setxattr no name", func() string { return errno(unix.Setxattr("file", "", []byte("v"), 0)) }},
		{"setxattr long name", func() string { return errno(unix.Setxattr("file", "user."+long, []byte("v"), 0)) }},
		{"setxattr big", func() string { return errno(unix.Setxattr("file", "user.b", make([]byte, 65537), 0)) }},
		{"setxattr link", func() string { return errno(unix.Lsetxattr("link", "user.x", []byte("v"), 0)) }},
		{"setxattr fifo", func() string { return errno(unix.Setxattr("fifo", "user.x", []byte("v"), 0)) }},
		{"getxattr short", func() string { _, err := unix.Getxattr("file", "user.x", make([]byte, 0)); return errno(err) }},
		{"utimes", func() string {
			return errno(unix.UtimesNanoAt(unix.AT_FDCWD, "file", []unix.Timespec{{Sec: 1}, {Nsec: unix.UTIME_OMIT}}, 0))
		}},
		{"utimes bad", func() string {
			return errno(unix.UtimesNanoAt(unix.AT_FDCWD, "file", []unix.Timespec{{Nsec: 1 << 30}, {}}, 0))
		}},
		{"utimes loop", func() string {
			return errno(unix.UtimesNanoAt(unix.AT_FDCWD, "loop1", []unix.Timespec{{}, {}}, 0))
		}},
		{"utimes flags", func() string {
			return errno(unix.UtimesNanoAt(unix.AT_FDCWD, "file", []unix.Timespec{{}, {}}, 0x4000))
		}},
	},
	eachPath("chmod", func(p string) string {
		if strings.HasPrefix(p, "/") || strings.Contains(p, "..") {
			return "left out"
		}
		return errno(unix.Chmod(p, 0o755))
	}),
	eachPath("chown nobody", func(p string) string { return errno(unix.Chown(p, -1, -1)) }),
	eachPath("lchown nobody", func(p string) string { return errno(unix.Lchown(p, -1, -1)) }),
	eachPath("fchownat flags", func(p string) string { return errno(unix.Fchownat(unix.AT_FDCWD, p, -1, -1, 0x4000)) }),
)

// removable leaves out what isn't this directory's.
func removable(do func(string) error) func(string) string {
	return func(p string) string {
		if p == "/dev/null" {
			return "left out"
		}
		return errno(do(p))
	}
}

var names = together(
	eachPath("mkdir", func(p string) string { return errno(unix.Mkdir(p, 0o777)) }),
	[]edge{{"remove them", func() string { return errno(unix.Rmdir("nothing")) }}},
	eachPath("mknod", func(p string) string { return errno(unix.Mknod(p, unix.S_IFIFO|0o600, 0)) }),
	eachPath("mknod bad", func(p string) string { return errno(unix.Mknod(p, 0o170000, 0)) }),
	eachPath("symlink", func(p string) string { return errno(unix.Symlink("target", p)) }),
	eachPath("symlink to", func(p string) string { return errno(unix.Symlink(p, "file")) }),
	eachPath("link from", removable(func(p string) error { return unix.Link(p, "dir/l") })),
	eachPath("link to", func(p string) string { return errno(unix.Link("file", p)) }),
	eachPath("link follow", removable(func(p string) error {
		return unix.Linkat(unix.AT_FDCWD, p, unix.AT_FDCWD, "dir/m", unix.AT_SYMLINK_FOLLOW)
	})),
	eachPath("link flags", removable(func(p string) error { return unix.Linkat(unix.AT_FDCWD, p, unix.AT_FDCWD, "dir/k", 0x8) })),
	eachPath("rename file to", removable(func(p string) error {
		return unix.Renameat2(unix.AT_FDCWD, "other", unix.AT_FDCWD, p, unix.RENAME_NOREPLACE)
	})),
	eachPath("rename dir to", removable(func(p string) error { return unix.Rename("full", p) })),
	eachPath("exchange", removable(func(p string) error {
		return unix.Renameat2(unix.AT_FDCWD, "full", unix.AT_FDCWD, p, unix.RENAME_EXCHANGE)
	})),
	eachPath("rename both flags", removable(func(p string) error {
		return unix.Renameat2(unix.AT_FDCWD, "file", unix.AT_FDCWD, p, unix.RENAME_EXCHANGE|unix.RENAME_NOREPLACE)
	})),
	[]edge{
		{"rename into itself", func() string { return errno(unix.Rename("full", "full/y")) }},
		{"rename onto its child", func() string { return errno(unix.Rename("full/x", "full")) }},
		{"rename to the same", func() string { return errno(unix.Rename("file", "file")) }},
	},
	eachPath("chdir", func(p string) string {
		if strings.HasPrefix(p, "/") || strings.Contains(p, "..") {
			return "left out"
		}
		var old, now unix.Stat_t
		if err := unix.Stat(".", &old); err != nil {
			return errno(err)
		}
		fd, err := unix.Open(".", unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return errno(err)
		}
		defer unix.Close(fd)
		failed := unix.Chdir(p)
		_ = unix.Stat(".", &now)
		return errno(failed) + fmt.Sprint(" moved ", old.Ino != now.Ino, " back ") + errno(unix.Fchdir(fd))
	}),
	eachPath("unlink", removable(func(p string) error { return unix.Unlink(p) })),
	eachPath("rmdir", removable(func(p string) error { return unix.Rmdir(p) })),
	eachPath("unlink again", removable(func(p string) error { return unix.Unlinkat(unix.AT_FDCWD, p, 0) })),
	eachPath("unlink flags", removable(func(p string) error { return unix.Unlinkat(unix.AT_FDCWD, p, 0x4000) })),
)
