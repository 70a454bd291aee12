package supervisor

import "syscall"

// mountCalls are the calls on mounts and filesystems.
var mountCalls = []call{
	{name: "pivot_root", action: actionNotify, handle: (*actor).pivotRoot, restart: true},
	{name: "mount", action: actionNotify, handle: (*actor).mount, restart: true},
	{name: "umount2", action: actionNotify, handle: (*actor).umount, restart: true},
	{name: "swapon", action: actionNotify, handle: (*actor).swapon, restart: true},
	{name: "swapoff", action: actionNotify, handle: (*actor).swapoff, restart: true},
	{name: "quotactl", action: actionRefuse, errno: syscall.EPERM},
	{name: "open_tree", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "move_mount", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "fsopen", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "fsconfig", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "fsmount", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "fspick", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "mount_setattr", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "quotactl_fd", action: actionRefuse, errno: syscall.EPERM},
	{name: "statmount", action: actionAllow},
	{name: "listmount", action: actionAllow},
	{name: "open_tree_attr", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "listns", action: actionRefuse, errno: syscall.ENOSYS},
}
