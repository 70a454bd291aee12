package supervisor

import "syscall"

// mountCalls are the calls on mounts and filesystems.
var mountCalls = []call{
	{name: "pivot_root", action: actionRefuse, errno: syscall.EPERM},
	{name: "mount", action: actionRefuse, errno: syscall.EPERM},
	{name: "umount2", action: actionRefuse, errno: syscall.EPERM},
	{name: "swapon", action: actionNotify, handle: (*actor).swapon, restart: true},
	{name: "swapoff", action: actionNotify, handle: (*actor).swapoff, restart: true},
	{name: "quotactl", action: actionRefuse, errno: syscall.EPERM},
	{name: "open_tree", action: actionRefuse, errno: syscall.EPERM},
	{name: "move_mount", action: actionRefuse, errno: syscall.EPERM},
	{name: "fsopen", action: actionRefuse, errno: syscall.EPERM},
	{name: "fsconfig", action: actionRefuse, errno: syscall.EPERM},
	{name: "fsmount", action: actionRefuse, errno: syscall.EPERM},
	{name: "fspick", action: actionRefuse, errno: syscall.EPERM},
	{name: "mount_setattr", action: actionRefuse, errno: syscall.EPERM},
	{name: "quotactl_fd", action: actionRefuse, errno: syscall.EPERM},
	{name: "statmount", action: actionAllow},
	{name: "listmount", action: actionAllow},
	{name: "open_tree_attr", action: actionRefuse, errno: syscall.EPERM},
	{name: "listns", action: actionRefuse, errno: syscall.ENOSYS},
}
