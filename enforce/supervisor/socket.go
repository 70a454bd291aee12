package supervisor

import (
	"bytes"
	"encoding/binary"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Sockets with a name in the filesystem. What other addresses mean is the
// kernel's business, but it gets the socket that was looked at here: by its
// number another thread could put a local one in its place, and a path into the
// address, and have them connected unseen.

// maxAddress is the size of struct sockaddr_storage.
const maxAddress = 128

// address copies the address of bind or connect. path is set for a name in the
// filesystem.
func (a *actor) address() (raw []byte, path []byte, e syscall.Errno) {
	size := a.intArg(2)
	if size < 0 || size > maxAddress {
		return nil, nil, syscall.EINVAL
	}
	raw = make([]byte, size)
	if size > 0 {
		if e := a.read(raw, a.arg(1)); e != 0 {
			return nil, nil, e
		}
	}
	if size <= 2 || raw[0] != syscall.AF_UNIX || raw[1] != 0 || raw[2] == 0 {
		return raw, nil, 0
	}
	path = raw[2:]
	if end := bytes.IndexByte(path, 0); end >= 0 {
		path = path[:end]
	}
	return raw, append([]byte(nil), path...), 0
}

// connect performs the call on the task's own socket, with the copied address:
// the one in the task's memory may have changed. One with a path is connected to
// the very object that was checked.
func (a *actor) connect() answer {
	raw, path, e := a.address()
	if e != 0 {
		return failure(e)
	}
	if e := a.takeSocket(); e != 0 {
		return failure(e)
	}
	family, _, _ := linux.SocketKind(a.argument.fd)
	switch family {
	case syscall.AF_UNIX:
	case syscall.AF_NETLINK, syscall.AF_PACKET:
		return a.performConnect(raw) // never waits
	default:
		return a.connectRemote(raw)
	}
	if path == nil {
		return a.performConnect(raw)
	}
	r := &a.first
	if e := a.resolve(r, linux.AtFDCwd, path, walkFollow); e != 0 {
		return failure(e)
	}
	switch {
	case !r.found:
		return failure(syscall.ENOENT)
	case r.obj.node != nil || !isKind(&r.obj.st, linux.SIFSOCK):
		return failure(syscall.ECONNREFUSED)
	}
	if e := a.openPlace(&r.obj); e != 0 {
		return failure(e)
	}
	if err := linux.Faccessat(r.obj.fd, linux.Empty, 2, linux.AtEmptyPath|linux.AtEaccess); err != nil {
		return failure(errnoOf(err))
	}
	i := a.inode(&r.obj)
	i.Class = hooks.ClassSockFile
	if e := a.judge(hooks.Permission(a.engine.auth, a.subject, &i, hooks.AccessWrite), nil); e != 0 {
		return failure(e)
	}
	return a.performConnect(unixAddress(string(bytes.TrimRight(a.through(&r.obj), "\x00"))))
}

// unixAddress makes a struct sockaddr_un.
func unixAddress(path string) []byte {
	raw := append([]byte{syscall.AF_UNIX, 0}, path...)
	return append(raw, 0)
}

// takeSocket fetches the socket that is the call's first argument.
func (a *actor) takeSocket() syscall.Errno {
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return e
	}
	if !isKind(&a.argument.st, linux.SIFSOCK) {
		return syscall.ENOTSOCK
	}
	return 0
}

// performConnect connects with the task's credentials, as the other end will see
// them, and waits if the socket does.
func (a *actor) performConnect(raw []byte) answer {
	a.yield()
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.Connect(a.argument.fd, raw)))
}

// connectRemote connects a socket of a family whose peers may take minutes to
// answer, with the kernel's rules for calls that a signal ends: the connection
// goes on being made, and the call starts again or fails with EINTR.
func (a *actor) connectRemote(raw []byte) answer {
	fd, err := linux.Dup(a.argument.fd)
	if err != nil {
		return failure(errnoOf(err))
	}
	a.yield()
	done := make(chan error, 1)
	go func() {
		err := linux.Connect(fd, raw)
		linux.Close(fd)
		done <- err
	}()
	for {
		select {
		case err := <-done:
			return result(errnoOf(err))
		case <-time.After(patience):
		}
		if e := a.interrupted(); e != 0 {
			return failure(e)
		}
	}
}

// performBind binds with the task's credentials, which ports below 1024 and
// some families ask for.
func (a *actor) performBind(raw []byte) answer {
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	if len(raw) >= 8 && binary.NativeEndian.Uint16(raw) == syscall.AF_NETLINK && binary.NativeEndian.Uint32(raw[4:]) == 0 {
		// The kernel would take the number of the process that binds: it is to be
		// the task's.
		own := append([]byte(nil), raw...)
		binary.NativeEndian.PutUint32(own[4:], uint32(a.task.tgid)) //nolint:gosec // G115: a process number.
		if err := linux.Bind(a.argument.fd, own); errnoOf(err) != syscall.EADDRINUSE {
			return result(errnoOf(err))
		}
	}
	return result(errnoOf(linux.Bind(a.argument.fd, raw)))
}

// bind makes a name for a socket of the local family.
func (a *actor) bind() answer {
	raw, path, e := a.address()
	if e != 0 {
		return failure(e)
	}
	if e := a.takeSocket(); e != 0 {
		return failure(e)
	}
	family, _, _ := linux.SocketKind(a.argument.fd)
	if family != syscall.AF_UNIX || path == nil {
		return a.performBind(raw)
	}
	socket := a.argument.fd
	e = a.makeAt(&a.first, linux.AtFDCwd, path, hooks.ClassSockFile, func(r *resolution) error {
		return a.bindName(socket, r, path)
	})
	if e == syscall.EEXIST {
		e = syscall.EADDRINUSE
	}
	return result(e)
}

// bindName binds a socket to a name in the directory that was checked. The
// socket remembers the text it is bound by and shows it to others, so that it
// has to be the program's own where that leads to the same place.
func (a *actor) bindName(socket int, r *resolution, path []byte) error {
	if err := linux.Fchdir(r.dir.fd); err != nil {
		return err
	}
	defer func() { _ = linux.Fchdir(a.engine.root.fd) }()
	if name := r.bare(); string(path) == name {
		return linux.Bind(socket, unixAddress(name))
	}
	if path[0] == '/' && a.task.fs.root == nil {
		// The name in full, if it still leads into the same directory.
		var st linux.Statx
		dir := append([]byte(nil), path...)
		dir = dir[:bytes.LastIndexByte(bytes.TrimRight(dir, "/"), '/')+1]
		if linux.Stat(linux.AtFDCwd, append(linux.Name(dir), 0), 0, walkMask, &st) == nil &&
			keyOf(&st) == keyOf(&r.dir.st) {
			return linux.Bind(socket, unixAddress(string(path)))
		}
	}
	return linux.Bind(socket, unixAddress(r.bare()))
}
