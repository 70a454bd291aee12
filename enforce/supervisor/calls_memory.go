package supervisor

import "syscall"

// memoryCalls are the calls on address spaces.
var memoryCalls = []call{
	{name: "mmap", action: actionAllow},
	{name: "mprotect", action: actionAllow},
	{name: "munmap", action: actionAllow},
	{name: "brk", action: actionAllow},
	{name: "mremap", action: actionAllow},
	{name: "msync", action: actionAllow},
	{name: "mincore", action: actionAllow},
	{name: "madvise", action: actionAllow},
	{name: "mlock", action: actionAllow},
	{name: "munlock", action: actionAllow},
	{name: "mlockall", action: actionAllow},
	{name: "munlockall", action: actionAllow},
	{name: "modify_ldt", action: actionAllow},
	{name: "remap_file_pages", action: actionAllow},
	{name: "mbind", action: actionAllow},
	{name: "set_mempolicy", action: actionAllow},
	{name: "get_mempolicy", action: actionAllow},
	{name: "process_vm_readv", action: actionRefuse, errno: syscall.EPERM},
	{name: "process_vm_writev", action: actionRefuse, errno: syscall.EPERM},
	{name: "membarrier", action: actionAllow},
	{name: "mlock2", action: actionAllow},
	{name: "pkey_mprotect", action: actionAllow},
	{name: "pkey_alloc", action: actionAllow},
	{name: "pkey_free", action: actionAllow},
	{name: "process_madvise", action: actionRefuse, errno: syscall.EPERM},
	{name: "process_mrelease", action: actionAllow},
	{name: "set_mempolicy_home_node", action: actionAllow},
	{name: "map_shadow_stack", action: actionAllow},
	{name: "mseal", action: actionAllow},
}
