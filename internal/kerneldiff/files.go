package kerneldiff

import "syscall"

// fileOps are operations on files by name and by descriptor.
var fileOps = []Op{
	opening("open for reading", "read", syscall.O_RDONLY),
	opening("open for writing", "write", syscall.O_WRONLY),
	opening("open for appending", "append", syscall.O_WRONLY|syscall.O_APPEND),
	opening("open", "open", syscall.O_RDONLY),
	opening("open for both, read", "read", syscall.O_RDWR),
	opening("open for both, write", "write", syscall.O_RDWR),
	opening("open and truncate", "write", syscall.O_WRONLY|syscall.O_TRUNC),
	opening("open and truncate, setattr", "setattr", syscall.O_WRONLY|syscall.O_TRUNC),
	on("open a directory", "dir", "read", "object", func(c *scene) error { return open(c.path("d"), syscall.O_RDONLY|syscall.O_DIRECTORY) }),
	on("open a directory, open", "dir", "open", "object", func(c *scene) error { return open(c.path("d"), syscall.O_RDONLY|syscall.O_DIRECTORY) }),
	on("open as a path", "file", "open", "object", func(c *scene) error { return open(c.path("f"), oPath) }),
	on("open a pipe", "fifo_file", "open", "object", func(c *scene) error { return open(c.path("p"), syscall.O_RDWR) }),
	on("read through a link", "lnk_file", "read", "object", func(c *scene) error { return open(c.path("l"), syscall.O_RDONLY) }),
	on("search", "dir", "search", "directory", func(c *scene) error { return open(c.path("f"), syscall.O_RDONLY) }),
	on("search for what isn't there", "dir", "search", "directory", func(c *scene) error { return open(c.path("none"), syscall.O_RDONLY) }),

	making("create a file", "dir", "write", "directory", createFile),
	making("create a file, add_name", "dir", "add_name", "directory", createFile),
	making("create a file, create", "file", "create", "directory", createFile),
	making("create a file, write", "file", "write", "directory", createFile),
	making("create a file, open", "file", "open", "directory", createFile),
	making("create a file, associate", "filesystem", "associate", "tmpfs_t", createFile),
	making("make a directory", "dir", "create", "directory", func(c *scene) error { return syscall.Mkdir(c.path("new"), 0o777) }),
	making("make a directory, add_name", "dir", "add_name", "directory", func(c *scene) error { return syscall.Mkdir(c.path("new"), 0o777) }),
	making("make a link", "lnk_file", "create", "directory", func(c *scene) error { return syscall.Symlink("x", c.path("new")) }),
	making("make a pipe", "fifo_file", "create", "directory", func(c *scene) error { return syscall.Mkfifo(c.path("new"), 0o666) }),
	making("make a socket file", "sock_file", "create", "directory", func(c *scene) error { return syscall.Mknod(c.path("new"), syscall.S_IFSOCK|0o666, 0) }),
	making("make a device", "chr_file", "create", "directory", func(c *scene) error { return syscall.Mknod(c.path("new"), syscall.S_IFCHR|0o666, 0x103) }),
	making("make a device, mknod", "capability", "mknod", "self", func(c *scene) error { return syscall.Mknod(c.path("new"), syscall.S_IFCHR|0o666, 0x103) }),
	making("make a disk", "blk_file", "create", "directory", func(c *scene) error { return syscall.Mknod(c.path("new"), syscall.S_IFBLK|0o666, 0x700) }),
	making("make a file by mknod", "file", "create", "directory", func(c *scene) error { return syscall.Mknod(c.path("new"), syscall.S_IFREG|0o666, 0) }),
	making("create with a label", "file", "create", "wanted", labelledFile),
	making("create with a label, setfscreate", "process", "setfscreate", "self", labelledFile),
	making("make a directory with a label", "dir", "create", "wanted", func(c *scene) error {
		if err := c.attr("fscreate", c.label(wanted)); err != nil {
			return err
		}
		return syscall.Mkdir(c.path("new"), 0o777)
	}),
	on("make a file without a name", "file", "create", "directory", func(c *scene) error { return open(c.dir, oTmpfile|syscall.O_RDWR) }),

	on("link", "file", "link", "object", linkFile),
	on("link, add_name", "dir", "add_name", "directory", linkFile),
	on("unlink", "file", "unlink", "object", unlinkFile),
	on("unlink, remove_name", "dir", "remove_name", "directory", unlinkFile),
	on("unlink, write", "dir", "write", "directory", unlinkFile),
	on("unlink a link", "lnk_file", "unlink", "object", func(c *scene) error { return syscall.Unlink(c.path("l")) }),
	on("unlink a pipe", "fifo_file", "unlink", "object", func(c *scene) error { return syscall.Unlink(c.path("p")) }),
	on("remove a directory", "dir", "rmdir", "object", func(c *scene) error { return syscall.Rmdir(c.path("d")) }),
	on("remove a directory, remove_name", "dir", "remove_name", "directory", func(c *scene) error { return syscall.Rmdir(c.path("d")) }),
	on("rename", "file", "rename", "object", renameFile),
	on("rename, remove_name", "dir", "remove_name", "directory", renameFile),
	on("rename, add_name", "dir", "add_name", "directory", renameFile),
	on("rename into another", "dir", "add_name", "object", func(c *scene) error { return syscall.Rename(c.path("f"), c.path("d/f")) }),
	on("rename onto a file", "fifo_file", "unlink", "object", func(c *scene) error { return syscall.Rename(c.path("f"), c.path("p")) }),
	on("rename a directory", "dir", "rename", "object", func(c *scene) error { return syscall.Rename(c.path("d"), c.path("new")) }),
	with("rename a directory into another", "dir", "reparent", "object", func(c *scene) error { return syscall.Mkdir(c.path("other"), 0o777) },
		func(c *scene) error { return syscall.Rename(c.path("d"), c.path("other/d")) }),

	on("truncate", "file", "write", "object", func(c *scene) error { return syscall.Truncate(c.path("f"), 1) }),
	on("truncate, setattr", "file", "setattr", "object", func(c *scene) error { return syscall.Truncate(c.path("f"), 1) }),
	with("truncate by descriptor", "file", "setattr", "object", opened("f", syscall.O_WRONLY), func(c *scene) error { return syscall.Ftruncate(c.fd, 1) }),
	on("chmod", "file", "setattr", "object", func(c *scene) error { return syscall.Chmod(c.path("f"), 0o600) }),
	with("chmod by descriptor", "file", "setattr", "object", opened("f", syscall.O_RDONLY), func(c *scene) error { return syscall.Fchmod(c.fd, 0o600) }),
	on("chmod a directory", "dir", "setattr", "object", func(c *scene) error { return syscall.Chmod(c.path("d"), 0o700) }),
	on("chown", "file", "setattr", "object", func(c *scene) error { return syscall.Chown(c.path("f"), 1, 1) }),
	on("chown, capability", "capability", "chown", "self", func(c *scene) error { return syscall.Chown(c.path("f"), 1, 1) }),
	on("chown a link", "lnk_file", "setattr", "object", func(c *scene) error { return syscall.Lchown(c.path("l"), 1, 1) }),
	on("set times", "file", "setattr", "object", func(c *scene) error { return syscall.UtimesNano(c.path("f"), []syscall.Timespec{{Sec: 1}, {Sec: 2}}) }),
	on("set times to now", "file", "write", "object", func(c *scene) error { return now(c.path("f")) }),
	on("set times to now, setattr", "file", "setattr", "object", func(c *scene) error { return now(c.path("f")) }),
	on("stat", "file", "getattr", "object", func(c *scene) error { return syscall.Stat(c.path("f"), new(syscall.Stat_t)) }),
	on("lstat", "lnk_file", "getattr", "object", func(c *scene) error { return syscall.Lstat(c.path("l"), new(syscall.Stat_t)) }),
	with("fstat", "file", "getattr", "object", opened("f", syscall.O_RDONLY), func(c *scene) error { return syscall.Fstat(c.fd, new(syscall.Stat_t)) }),
	on("statfs", "filesystem", "getattr", "tmpfs_t", func(c *scene) error { return syscall.Statfs(c.path("f"), new(syscall.Statfs_t)) }),
	on("access for reading", "file", "read", "object", func(c *scene) error { return syscall.Access(c.path("f"), 4) }),
	on("access for writing", "file", "write", "object", func(c *scene) error { return syscall.Access(c.path("f"), 2) }),
	on("access for executing", "file", "execute", "object", func(c *scene) error { return syscall.Access(c.path("f"), 1) }),
	on("access, audit_access", "file", "audit_access", "object", func(c *scene) error { return syscall.Access(c.path("f"), 4) }),
	on("readlink", "lnk_file", "read", "object", func(c *scene) error { _, err := syscall.Readlink(c.path("l"), make([]byte, 9)); return err }),
	on("change directory", "dir", "search", "object", func(c *scene) error { return open(c.path("d/."), oPath) }),

	on("get the label", "file", "getattr", "object", func(c *scene) error { _, err := labelOf(c.path("f")); return err }),
	on("get an attribute", "file", "getattr", "object", func(c *scene) error {
		_, err := syscall.Getxattr(c.path("f"), "trusted.x", nil)
		return err
	}),
	on("list attributes", "file", "getattr", "object", func(c *scene) error { _, err := syscall.Listxattr(c.path("f"), nil); return err }),
	on("set an attribute", "file", "setattr", "object", func(c *scene) error { return syscall.Setxattr(c.path("f"), "trusted.x", []byte("1"), 0) }),
	on("remove an attribute", "file", "setattr", "object", func(c *scene) error { return syscall.Removexattr(c.path("f"), "trusted.x") }),
	on("remove the label", "file", "setattr", "object", func(c *scene) error { return syscall.Removexattr(c.path("f"), "security.selinux") }),
	relabel("relabel from", "relabelfrom", "object"),
	relabel("relabel to", "relabelto", "wanted"),
	on("relabel, associate", "filesystem", "associate", "tmpfs_t", func(c *scene) error { return setLabel(c.path("f"), c.label(wanted)) }),
	on("relabel to what isn't known", "capability2", "mac_admin", "self", func(c *scene) error { return setLabel(c.path("f"), "a:b:c:s0") }),
	on("relabel a directory", "dir", "relabelfrom", "object", func(c *scene) error { return setLabel(c.path("d"), c.label(wanted)) }),
	on("watch", "file", "watch", "object", func(c *scene) error { return watch(c.path("f"), syscall.IN_MODIFY) }),
	on("watch reads", "file", "watch_reads", "object", func(c *scene) error { return watch(c.path("f"), syscall.IN_ACCESS) }),
	on("watch a directory", "dir", "watch", "object", func(c *scene) error { return watch(c.path("d"), syscall.IN_CREATE) }),
	with("lock", "file", "lock", "object", opened("f", syscall.O_RDWR), func(c *scene) error { return syscall.Flock(c.fd, syscall.LOCK_SH) }),
	with("lock a range", "file", "lock", "object", opened("f", syscall.O_RDWR), func(c *scene) error {
		return syscall.FcntlFlock(uintptr(c.fd), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_RDLCK})
	}),
	with("ioctl", "file", "ioctl", "object", opened("f", syscall.O_RDWR), func(c *scene) error { return control(c.fd, 0x1234) }),
	with("leave append mode", "file", "write", "object", opened("f", syscall.O_WRONLY|syscall.O_APPEND), func(c *scene) error { return fcntl(c.fd, syscall.F_SETFL, 0) }),
}

func open(path string, flags int) error {
	fd, err := syscall.Open(path, flags|syscall.O_CLOEXEC, 0o666)
	if err == nil {
		syscall.Close(fd)
	}
	return err
}

func opening(name, perm string, flags int) Op {
	return on(name, "file", perm, "object", func(c *scene) error { return open(c.path("f"), flags) })
}

func relabel(name, perm, what string) Op {
	o := on(name, "file", perm, what, func(c *scene) error { return setLabel(c.path("f"), c.label(wanted)) })
	o.Made = "f"
	return o
}

func createFile(c *scene) error {
	return open(c.path("new"), syscall.O_CREAT|syscall.O_EXCL|syscall.O_WRONLY)
}

func labelledFile(c *scene) error {
	if err := c.attr("fscreate", c.label(wanted)); err != nil {
		return err
	}
	return createFile(c)
}

func linkFile(c *scene) error   { return syscall.Link(c.path("f"), c.path("new")) }
func unlinkFile(c *scene) error { return syscall.Unlink(c.path("f")) }
func renameFile(c *scene) error { return syscall.Rename(c.path("f"), c.path("new")) }

// now sets a file's times to the present.
func now(path string) error { return syscall.Utime(path, nil) }

func watch(path string, events uint32) error {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	_, err = syscall.InotifyAddWatch(fd, path, events)
	return err
}
