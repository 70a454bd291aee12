package hooks

import (
	"syscall"
	"testing"

	"seward/policy"
)

func TestSockets(t *testing.T) {
	tcp := &Socket{SID: sidFile, Class: ClassTCPSocket}
	udp := &Socket{SID: sidFile, Class: ClassUDPSocket}
	unix := &Socket{SID: sidFile, Class: ClassUnixStreamSocket}
	dgram := &Socket{SID: sidFile2, Class: ClassUnixDgramSocket}
	asking := &Subject{SID: sidTask, SockCreate: sidAsked}
	bind := func(k *Socket, a *InetAddress) func(Asker) Verdict {
		return func(asker Asker) Verdict { return BindSocket(asker, task(), k, a) }
	}
	connect := func(k *Socket, a *InetAddress) func(Asker) Verdict {
		return func(asker Asker) Verdict { return ConnectSocket(asker, task(), k, a) }
	}
	use := func(sid policy.SID) func(Asker) Verdict {
		return func(a Asker) Verdict {
			return UseSocket(a, task(), &Socket{SID: sid, Class: ClassSocket}, SocketOpSend)
		}
	}
	address := &InetAddress{Port: 80, PortSID: sidOther, NodeSID: sidDir}
	tests := map[string]hookTest{
		"create": {
			run:  func(a Asker) Verdict { return CreateSocket(a, task(), ClassTCPSocket).Verdict },
			want: []string{"new task task tcp_socket", "task new tcp_socket { create }"},
		},
		"create as asked": {
			run:  func(a Asker) Verdict { return CreateSocket(a, asking, ClassUnixDgramSocket).Verdict },
			want: []string{"task asked unix_dgram_socket { create }"},
		},
		"create invalid": {
			run:    func(a Asker) Verdict { return CreateSocket(a, task(), ClassTCPSocket).Verdict },
			double: double{noTransition: true}, errno: syscall.EACCES, want: []string{"new task task tcp_socket"},
		},
		"bind": {
			run:  bind(tcp, address),
			want: []string{"task file tcp_socket { bind }", "file other tcp_socket { name_bind }", "file dir tcp_socket { node_bind }"},
		},
		"bind ephemeral": {
			run:  bind(udp, &InetAddress{Port: 40000, Ephemeral: true, PortSID: sidOther, NodeSID: sidDir}),
			want: []string{"task file udp_socket { bind }", "file dir udp_socket { node_bind }"},
		},
		"bind any":         {run: bind(udp, &InetAddress{NodeSID: sidDir}), want: []string{"task file udp_socket { bind }", "file dir udp_socket { node_bind }"}},
		"bind unix":        {run: bind(unix, nil), want: []string{"task file unix_stream_socket { bind }"}},
		"connect":          {run: connect(tcp, address), want: []string{"task file tcp_socket { connect }", "file other tcp_socket { name_connect }"}},
		"connect udp":      {run: connect(udp, address), want: []string{"task file udp_socket { connect }"}},
		"disconnect":       {run: connect(tcp, nil), want: []string{"task file tcp_socket { connect }"}},
		"connectto":        {run: func(a Asker) Verdict { return ConnectUnix(a, &Socket{SID: sidTask}, unix) }, want: []string{"task file unix_stream_socket { connectto }"}},
		"sendto":           {run: func(a Asker) Verdict { return SendUnix(a, &Socket{SID: sidTask}, dgram) }, want: []string{"task file2 unix_dgram_socket { sendto }"}},
		"kernel":           {run: use(1)},
		"before policy":    {run: use(7)},
		"init":             {run: use(7), double: double{capabilities: has(policy.CapUserspaceInitialContext)}, want: []string{"task init socket { write }"}},
		"no such":          {run: func(a Asker) Verdict { return UseSocket(a, task(), tcp, socketOperations) }, errno: syscall.EACCES},
		"tun create":       {run: func(a Asker) Verdict { return Tun(a, task(), sidFile, TunCreate) }, want: []string{"task task tun_socket { create }"}},
		"tun attach queue": {run: func(a Asker) Verdict { return Tun(a, task(), sidFile, TunAttach) }, want: []string{"task file tun_socket { attach_queue }"}},
		"tun reopen": {
			run:  func(a Asker) Verdict { return Tun(a, task(), sidFile, TunReopen) },
			want: []string{"task file tun_socket { relabelfrom }", "task task tun_socket { relabelto }"},
		},
	}
	for op, perm := range map[SocketOperation]string{
		SocketOpListen: "listen", SocketOpAccept: "accept", SocketOpSend: "write", SocketOpReceive: "read",
		SocketOpName: "getattr", SocketOpGetOption: "getopt", SocketOpSetOption: "setopt", SocketOpShutdown: "shutdown",
	} {
		tests[perm] = hookTest{
			run:  func(a Asker) Verdict { return UseSocket(a, task(), tcp, op) },
			want: []string{"task file tcp_socket { " + perm + " }"},
		}
	}
	runHooks(t, tests)
}

func TestSocketClass(t *testing.T) {
	for _, tt := range []struct {
		family, kind, protocol int
		plain, extended        Class
	}{
		{1, 1, 0, ClassUnixStreamSocket, ClassUnixStreamSocket},
		{1, 5, 0, ClassUnixStreamSocket, ClassUnixStreamSocket},
		{1, 2, 0, ClassUnixDgramSocket, ClassUnixDgramSocket},
		{1, 3, 0, ClassUnixDgramSocket, ClassUnixDgramSocket},
		{2, 1, 0, ClassTCPSocket, ClassTCPSocket},
		{10, 1, 6, ClassTCPSocket, ClassTCPSocket},
		{2, 1, 262, ClassTCPSocket, ClassTCPSocket},
		{2, 1, 132, ClassRawIPSocket, ClassSCTPSocket},
		{2, 5, 132, ClassRawIPSocket, ClassSCTPSocket},
		{2, 1, 33, ClassRawIPSocket, ClassRawIPSocket},
		{2, 2, 0, ClassUDPSocket, ClassUDPSocket},
		{10, 2, 17, ClassUDPSocket, ClassUDPSocket},
		{2, 2, 1, ClassRawIPSocket, ClassICMPSocket},
		{10, 2, 58, ClassRawIPSocket, ClassICMPSocket},
		{2, 2, 136, ClassRawIPSocket, ClassRawIPSocket},
		{2, 3, 6, ClassRawIPSocket, ClassRawIPSocket},
		{16, 3, 0, ClassNetlinkRouteSocket, ClassNetlinkRouteSocket},
		{16, 3, 9, ClassNetlinkAuditSocket, ClassNetlinkAuditSocket},
		{16, 3, 99, ClassNetlinkSocket, ClassNetlinkSocket},
		{17, 3, 3, ClassPacketSocket, ClassPacketSocket},
		{15, 3, 2, ClassKeySocket, ClassKeySocket},
		{5, 2, 0, ClassAppleTalkSocket, ClassAppleTalkSocket},
		{40, 1, 0, ClassSocket, ClassVsockSocket},
		{45, 2, 0, ClassSocket, ClassMCTPSocket},
		{99, 1, 0, ClassSocket, ClassSocket},
	} {
		if got := SocketClass(tt.family, tt.kind, tt.protocol, false); got != tt.plain {
			t.Errorf("%v: got %v", tt, got)
		}
		if got := SocketClass(tt.family, tt.kind, tt.protocol, true); got != tt.extended {
			t.Errorf("%v extended: got %v", tt, got)
		}
	}
}

func TestNetlink(t *testing.T) {
	message := func(class Class, kind uint16) func(Asker) Verdict {
		return func(a Asker) Verdict { return NetlinkMessage(a, task(), &Socket{SID: sidFile, Class: class}, kind) }
	}
	tests := map[string]hookTest{
		"unknown allowed": {run: message(ClassNetlinkRouteSocket, 200), double: double{allowUnknown: true}},
		"not looked at":   {run: message(ClassNetlinkGenericSocket, 5)},
		"kernel": {run: func(a Asker) Verdict {
			return NetlinkMessage(a, task(), &Socket{SID: 1, Class: ClassNetlinkRouteSocket}, 16)
		}},
		"xperm": {
			run: message(ClassNetlinkRouteSocket, 18), double: double{capabilities: has(policy.CapNetlinkXperm)},
			want: []string{"task file netlink_route_socket { nlmsg } 0x12"},
		},
		"xperm to audit": {
			run: message(ClassNetlinkAuditSocket, 1005), double: double{capabilities: has(policy.CapNetlinkXperm)},
			want: []string{"task file netlink_audit_socket { nlmsg } 0x3ed"},
		},
	}
	for _, tt := range []struct {
		class Class
		kind  uint16
		perm  string
	}{
		{ClassNetlinkRouteSocket, 16, "nlmsg_write"},
		{ClassNetlinkRouteSocket, 17, "nlmsg_write"},
		{ClassNetlinkRouteSocket, 18, "nlmsg_read"},
		{ClassNetlinkRouteSocket, 19, "nlmsg_write"},
		{ClassNetlinkRouteSocket, 94, "nlmsg_read"},
		{ClassNetlinkRouteSocket, 122, "nlmsg_read"},
		{ClassNetlinkTCPDiagSocket, 20, "nlmsg_read"},
		{ClassNetlinkTCPDiagSocket, 21, "nlmsg_write"},
		{ClassNetlinkXFRMSocket, 16, "nlmsg_write"},
		{ClassNetlinkXFRMSocket, 18, "nlmsg_read"},
		{ClassNetlinkAuditSocket, 1000, "nlmsg_read"},
		{ClassNetlinkAuditSocket, 1001, "nlmsg_write"},
		{ClassNetlinkAuditSocket, 1013, "nlmsg_readpriv"},
		{ClassNetlinkAuditSocket, 1017, "nlmsg_tty_audit"},
		{ClassNetlinkAuditSocket, 1107, "nlmsg_relay"},
		{ClassNetlinkAuditSocket, 2500, "nlmsg_relay"},
	} {
		tests[tt.class.String()+" "+string(rune('0'+tt.kind%10))+tt.perm+string(rune('a'+tt.kind/100))] = hookTest{
			run:  message(tt.class, tt.kind),
			want: []string{"task file " + tt.class.String() + " { " + tt.perm + " }"},
		}
	}
	runHooks(t, tests)
	for class, kind := range map[Class]uint16{
		ClassNetlinkRouteSocket: 23, ClassNetlinkAuditSocket: 1, ClassNetlinkXFRMSocket: 41, ClassNetlinkTCPDiagSocket: 22,
	} {
		if v := message(class, kind)(&double{}); v.Errno != syscall.EINVAL {
			t.Errorf("an unknown message to %v: %v", class, v.Errno)
		}
		if v := message(class, kind)(&double{permissive: true}); !v.Allowed() {
			t.Errorf("an unknown message to %v in permissive mode: %v", class, v.Errno)
		}
	}
}
