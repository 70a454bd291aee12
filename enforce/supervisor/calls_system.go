package supervisor

import "syscall"

// systemCalls are the calls on the machine, its clocks, modules and logs, and what never was.
var systemCalls = []call{
	{name: "nanosleep", action: actionAllow},
	{name: "getitimer", action: actionAllow},
	{name: "alarm", action: actionAllow},
	{name: "setitimer", action: actionAllow},
	{name: "uname", action: actionAllow},
	{name: "gettimeofday", action: actionAllow},
	{name: "sysinfo", action: actionAllow},
	{name: "times", action: actionAllow},
	{name: "syslog", action: actionNotify, handle: (*actor).syslog},
	{name: "_sysctl", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "adjtimex", action: actionAllow},
	{name: "acct", action: actionRefuse, errno: syscall.EPERM},
	{name: "settimeofday", action: actionAllow},
	{name: "reboot", action: actionRefuse, errno: syscall.EPERM},
	{name: "sethostname", action: actionAllow},
	{name: "setdomainname", action: actionAllow},
	{name: "iopl", action: actionRefuse, errno: syscall.EPERM},
	{name: "ioperm", action: actionRefuse, errno: syscall.EPERM},
	{name: "create_module", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "init_module", action: actionRefuse, errno: syscall.EPERM},
	{name: "delete_module", action: actionRefuse, errno: syscall.EPERM},
	{name: "get_kernel_syms", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "query_module", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "nfsservctl", action: actionRefuse, errno: syscall.ENOSYS},
	{name: gateCall, action: actionNotify, handle: (*actor).gate},
	{name: gateCallGeneric, action: actionNotify, handle: (*actor).gate},
	{name: "tuxcall", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "security", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "time", action: actionAllow},
	{name: "lookup_dcookie", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "timer_create", action: actionAllow},
	{name: "timer_settime", action: actionAllow},
	{name: "timer_gettime", action: actionAllow},
	{name: "timer_getoverrun", action: actionAllow},
	{name: "timer_delete", action: actionAllow},
	{name: "clock_settime", action: actionAllow},
	{name: "clock_gettime", action: actionAllow},
	{name: "clock_getres", action: actionAllow},
	{name: "clock_nanosleep", action: actionAllow},
	{name: "vserver", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "kexec_load", action: actionRefuse, errno: syscall.EPERM},
	{name: "perf_event_open", action: actionRefuse, errno: syscall.EPERM},
	{name: "clock_adjtime", action: actionAllow},
	{name: "finit_module", action: actionRefuse, errno: syscall.EPERM},
	{name: "getrandom", action: actionAllow},
	{name: "kexec_file_load", action: actionRefuse, errno: syscall.EPERM},
	{name: "bpf", action: actionRefuse, errno: syscall.EPERM},
}

// gateCall is a call that no kernel has, by its names in the tables of x86-64 and
// of other machines: the supervisor has a task make it when it needs a
// notification of its own (see gate.go).
const (
	gateCall        = "afs_syscall"
	gateCallGeneric = "arch_specific_syscall"
)
