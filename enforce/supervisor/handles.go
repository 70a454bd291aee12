package supervisor

import (
	"encoding/binary"
	"syscall"

	"seward/internal/linux"
)

// File handles: names of objects that lead past all directories. Making one is
// no access. Opening one needs the capability dac_read_search, and then what any
// open does.

// handleHead is what comes before the bytes of a struct file_handle, maxHandle
// how many of those there are.
const (
	handleHead = 8
	maxHandle  = 128
)

func (a *actor) nameToHandle() answer {
	flags := a.intArg(4)
	const kept = linux.AtHandleFID | linux.AtHandleUniqueMount | linux.AtHandleConnectable
	if flags&^(linux.AtEmptyPath|linux.AtSymlinkFollow|kept) != 0 {
		return failure(syscall.EINVAL)
	}
	at := linux.AtSymlinkNofollow
	if flags&linux.AtSymlinkFollow != 0 {
		at = 0
	}
	p, e := a.object(a.intArg(0), a.arg(1), at|flags&linux.AtEmptyPath)
	switch {
	case e != 0:
		return failure(e)
	case p.node != nil:
		return failure(syscall.EOPNOTSUPP)
	}
	if e := a.openPlace(p); e != 0 {
		return failure(e)
	}
	handle, e := a.readHandle(a.arg(2), false)
	if e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	var mount [8]byte
	failed := errnoOf(linux.NameToHandle(p.fd, handle, &mount, flags&kept))
	if failed != 0 && failed != syscall.EOVERFLOW {
		return failure(failed)
	}
	size := 4
	if flags&linux.AtHandleUniqueMount != 0 {
		size = len(mount)
	}
	if e := a.write(mount[:size], a.arg(3)); e != 0 {
		return failure(e)
	}
	used := handleHead
	if failed == 0 {
		used += int(binary.LittleEndian.Uint32(handle))
	}
	if e := a.write(handle[:min(used, len(handle))], a.arg(2)); e != 0 {
		return failure(e)
	}
	return result(failed)
}

// readHandle copies a struct file_handle, with its bytes or only with room for
// them.
func (a *actor) readHandle(address uint64, filled bool) ([]byte, syscall.Errno) {
	head := make([]byte, handleHead, handleHead+maxHandle)
	if e := a.read(head, address); e != 0 {
		return nil, e
	}
	n := binary.LittleEndian.Uint32(head)
	if n > maxHandle || filled && n == 0 {
		return nil, syscall.EINVAL
	}
	handle := head[:handleHead+n]
	if !filled {
		return handle, 0
	}
	return handle, a.read(handle[handleHead:], address+handleHead)
}

func (a *actor) openByHandle() answer {
	flags := a.intArg(2) & 0o37777777
	if e := a.capable(capDacReadSearch); e != 0 {
		return failure(e)
	}
	handle, e := a.readHandle(a.arg(1), true)
	if e != 0 {
		return failure(e)
	}
	if e := a.resolveFD(&a.second, a.intArg(0)); e != 0 {
		return failure(e)
	}
	mount := &a.second.obj
	if mount.node != nil || mount.carried != nil {
		return failure(syscall.ESTALE)
	}
	a.yield()
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	on := mount.fd
	if a.intArg(0) == linux.AtFDCwd {
		// A descriptor of the directory that is only a reference wouldn't do.
		if err := linux.Fchdir(on); err != nil {
			return failure(errnoOf(err))
		}
		defer func() { _ = linux.Fchdir(a.engine.root.fd) }()
		on = linux.AtFDCwd
	}
	fd, err := linux.OpenByHandle(on, handle, linux.OPath|linux.OCloexec)
	if err != nil {
		return failure(errnoOf(err))
	}
	r := &a.first
	r.reset()
	if e := a.adoptFD(&r.obj, fd, true); e != 0 {
		return failure(e)
	}
	if r.obj.node != nil || a.engine.private(&r.obj.st) {
		return failure(syscall.EACCES)
	}
	r.found, r.last = true, lastJump
	return a.openExisting(&opening{dirfd: linux.AtFDCwd, flags: flags &^ (linux.OCreat | linux.OExcl)})
}
