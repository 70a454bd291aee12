package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Watching with fanotify. Groups that hand out descriptors of what others open,
// or that are asked before others go on, are refused: the ones would be opened
// without a check, the others could stop the supervisor.

// Flags of fanotify_init.
const (
	fanClassContent    = 0x4
	fanClassPreContent = 0x8
	fanReportPidfd     = 0x80
	fanReportFID       = 0x200
	fanReportDirFID    = 0x400
	fanReportMount     = 0x4000
)

func (a *actor) fanotifyInit() answer {
	flags := a.uintArg(0)
	if flags&(fanClassContent|fanClassPreContent|fanReportPidfd) != 0 ||
		flags&(fanReportFID|fanReportDirFID|fanReportMount) == 0 {
		return failure(syscall.EPERM)
	}
	return a.privileged(linux.CapSysAdmin)
}

// Flags of fanotify_mark and events that mean more than watching.
const (
	fanMarkNofollow   = 0x4
	fanMarkOnlyDir    = 0x8
	fanMarkMount      = 0x10
	fanMarkFlush      = 0x80
	fanMarkFilesystem = 0x100
	fanMarkNamespace  = fanMarkMount | fanMarkFilesystem

	fanReads       = 0x1 | 0x10 // FAN_ACCESS, FAN_CLOSE_NOWRITE
	fanPermissions = 0x10000 | 0x20000 | 0x40000 | 0x100000
)

func (a *actor) fanotifyMark() answer {
	flags, mask := a.uintArg(1), a.arg(2)
	if mask&fanPermissions != 0 {
		return failure(syscall.EPERM)
	}
	if flags&fanMarkFlush != 0 {
		return goOn
	}
	at := linux.AtEmptyPath
	if a.arg(4) != 0 {
		at = 0
		if flags&fanMarkNofollow != 0 {
			at = linux.AtSymlinkNofollow
		}
	}
	p, e := a.object(a.intArg(3), a.arg(4), at)
	switch {
	case e != 0:
		return failure(e)
	case flags&fanMarkOnlyDir != 0 && !p.isDir():
		return failure(syscall.ENOTDIR)
	case p.node != nil:
		return failure(syscall.EACCES)
	}
	if e := a.openPlace(p); e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	if err := linux.Faccessat(p.fd, linux.Empty, 4, linux.AtEmptyPath|linux.AtEaccess); err != nil {
		return failure(errnoOf(err))
	}
	w := hooks.Watching{Kind: hooks.WatchInode, Reads: mask&fanReads != 0}
	switch flags & fanMarkNamespace {
	case fanMarkMount:
		w.Kind = hooks.WatchMount
	case fanMarkFilesystem:
		w.Kind = hooks.WatchFilesystem
	case fanMarkNamespace:
		return failure(syscall.EPERM)
	}
	i := a.inode(p)
	if e := a.judge(hooks.Watch(a.engine.auth, a.subject, &i, a.superblock(p), w), nil); e != 0 {
		return failure(e)
	}
	if e := a.takeFD(&a.argument, a.intArg(0)); e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.FanotifyMark(
		a.argument.fd, uint(flags&^fanMarkNofollow), mask, linux.AtFDCwd, a.through(p),
	)))
}
