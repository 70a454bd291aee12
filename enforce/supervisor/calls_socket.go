package supervisor

// socketCalls are the calls on sockets.
var socketCalls = []call{
	{name: "socket", action: actionNotify, handle: (*actor).socketCall, restart: true},
	{name: "connect", action: actionNotify, handle: (*actor).connect},
	{name: "accept", action: actionNotify, handle: (*actor).accept},
	{name: "sendto", action: actionFilter, filter: filterSendto, handle: (*actor).sendto},
	{name: "recvfrom", action: actionFilter, filter: filterSendto, handle: (*actor).recvfrom},
	{name: "sendmsg", action: actionNotify, handle: (*actor).sendmsg},
	{name: "recvmsg", action: actionNotify, handle: (*actor).recvmsg, reads: true},
	{name: "shutdown", action: actionNotify, handle: (*actor).shutdown, restart: true},
	{name: "bind", action: actionNotify, handle: (*actor).bind, restart: true},
	{name: "listen", action: actionNotify, handle: (*actor).listen, restart: true},
	{name: "getsockname", action: actionNotify, handle: (*actor).getsockname, restart: true, reads: true},
	{name: "getpeername", action: actionNotify, handle: (*actor).getpeername, restart: true, reads: true},
	{name: "socketpair", action: actionNotify, handle: (*actor).socketpair, restart: true},
	{name: "setsockopt", action: actionNotify, handle: (*actor).setsockopt, restart: true},
	{name: "getsockopt", action: actionNotify, handle: (*actor).getsockopt, restart: true},
	{name: "accept4", action: actionNotify, handle: (*actor).accept4},
	{name: "recvmmsg", action: actionNotify, handle: (*actor).recvmmsg, reads: true},
	{name: "sendmmsg", action: actionNotify, handle: (*actor).sendmmsg},
}
