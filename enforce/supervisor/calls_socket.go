package supervisor

// socketCalls are the calls on sockets.
var socketCalls = []call{
	{name: "socket", action: actionAllow},
	{name: "connect", action: actionNotify, handle: (*actor).connect},
	{name: "accept", action: actionAllow},
	{name: "sendto", action: actionAllow},
	{name: "recvfrom", action: actionAllow},
	{name: "sendmsg", action: actionNotify, handle: (*actor).sendmsg, reads: true},
	{name: "recvmsg", action: actionNotify, handle: (*actor).recvmsg, reads: true},
	{name: "shutdown", action: actionAllow},
	{name: "bind", action: actionNotify, handle: (*actor).bind},
	{name: "listen", action: actionAllow},
	{name: "getsockname", action: actionAllow},
	{name: "getpeername", action: actionAllow},
	{name: "socketpair", action: actionAllow},
	{name: "setsockopt", action: actionAllow},
	{name: "getsockopt", action: actionAllow},
	{name: "accept4", action: actionAllow},
	{name: "recvmmsg", action: actionNotify, handle: (*actor).recvmmsg, reads: true},
	{name: "sendmmsg", action: actionNotify, handle: (*actor).sendmmsg, reads: true},
}
