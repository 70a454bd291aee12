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
	{name: "adjtimex", action: actionNotify, handle: (*actor).adjtimex, restart: true},
	{name: "acct", action: actionNotify, handle: (*actor).acct, restart: true},
	{name: "settimeofday", action: actionNotify, handle: (*actor).setTime, restart: true},
	{name: "reboot", action: actionNotify, handle: (*actor).reboot, restart: true},
	{name: "sethostname", action: actionNotify, handle: (*actor).setName, restart: true},
	{name: "setdomainname", action: actionNotify, handle: (*actor).setName, restart: true},
	{name: "iopl", action: actionNotify, handle: (*actor).ports, restart: true},
	{name: "ioperm", action: actionNotify, handle: (*actor).ports, restart: true},
	{name: "create_module", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "init_module", action: actionNotify, handle: (*actor).initModule, restart: true},
	{name: "delete_module", action: actionNotify, handle: (*actor).deleteModule, restart: true},
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
	{name: "clock_settime", action: actionNotify, handle: (*actor).setClock, restart: true},
	{name: "clock_gettime", action: actionAllow},
	{name: "clock_getres", action: actionAllow},
	{name: "clock_nanosleep", action: actionAllow},
	{name: "vserver", action: actionRefuse, errno: syscall.ENOSYS},
	{name: "kexec_load", action: actionNotify, handle: (*actor).kexecLoad, restart: true},
	{name: "perf_event_open", action: actionNotify, handle: (*actor).perfEventOpen, restart: true},
	{name: "clock_adjtime", action: actionNotify, handle: (*actor).clockAdjtime, restart: true},
	{name: "finit_module", action: actionNotify, handle: (*actor).finitModule, restart: true},
	{name: "getrandom", action: actionAllow},
	{name: "kexec_file_load", action: actionNotify, handle: (*actor).kexecFileLoad, restart: true},
	{name: "bpf", action: actionNotify, handle: (*actor).bpf, restart: true},
}

// gateCall is a call that no kernel has, by its names in the tables of x86-64 and
// of other machines: the supervisor has a task make it when it needs a
// notification of its own (see gate.go).
const (
	gateCall        = "afs_syscall"
	gateCallGeneric = "arch_specific_syscall"
)
