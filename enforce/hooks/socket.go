package hooks

import (
	"syscall"

	"seward/policy"
)

// Socket is a socket as an object.
type Socket struct {
	SID   policy.SID
	Class Class
	// Ref is the caller's handle, as for Inode.
	Ref any
	// Name is that of a local socket which Ref doesn't lead to, for records.
	Name string
}

func (k *Socket) object() Object { return Object{Kind: ObjectSocket, Ref: k.Ref, Name: k.Name} }

// CreateSocket is asked by socket(2), and for each end by socketpair(2). The
// verdict's SID is the label of the socket.
func CreateSocket(asker Asker, s *Subject, class Class) Labelled {
	a := ask{asker: asker}
	sid := s.SockCreate
	if sid == 0 {
		var ok bool
		if sid, ok = a.transition(s.SID, s.SID, class, ""); !ok {
			return Labelled{Verdict: a.verdict}
		}
	}
	a.check(Query{Source: s.SID, Target: sid, Class: class, Perms: SocketCreate}, Object{})
	return Labelled{Verdict: a.verdict, SID: sid}
}

// skips reports whether nothing is checked on a socket: those of the kernel,
// and those that userspace made before a policy was loaded.
func (a *ask) skips(k *Socket) bool {
	return k.SID == a.asker.Initial(SIDKernel) ||
		k.SID == a.asker.Initial(SIDInit) && !a.asker.Has(policy.CapUserspaceInitialContext)
}

// use asks for permissions of a task on a socket.
func (a *ask) use(s *Subject, k *Socket, perms Perms) bool {
	if a.skips(k) {
		return a.allowed()
	}
	return a.check(Query{Source: s.SID, Target: k.SID, Class: k.Class, Perms: perms}, k.object())
}

// SocketOperation is something done to a socket that needs one permission of its
// class.
type SocketOperation uint8

// Operations on sockets.
const (
	SocketOpListen SocketOperation = iota
	SocketOpAccept
	SocketOpSend      // send, write
	SocketOpReceive   // recv, read
	SocketOpName      // getsockname, getpeername, fstat
	SocketOpGetOption // getsockopt
	SocketOpSetOption // setsockopt
	SocketOpShutdown  // shutdown
	socketOperations
)

var socketPermissions = [socketOperations]Perms{
	SocketOpListen:    SocketListen,
	SocketOpAccept:    SocketAccept,
	SocketOpSend:      SocketWrite,
	SocketOpReceive:   SocketRead,
	SocketOpName:      SocketGetattr,
	SocketOpGetOption: SocketGetopt,
	SocketOpSetOption: SocketSetopt,
	SocketOpShutdown:  SocketShutdown,
}

// UseSocket is asked for an operation on a socket. An accepted socket has the
// label and class of the listening one, or of the connection.
func UseSocket(asker Asker, s *Subject, k *Socket, op SocketOperation) Verdict {
	a := ask{asker: asker}
	if op >= socketOperations {
		a.fail(syscall.EACCES)
		return a.verdict
	}
	a.use(s, k, socketPermissions[op])
	return a.verdict
}

// InetAddress is what bind and connect ask about an Internet address.
type InetAddress struct {
	Port uint16
	// Ephemeral reports that the port is unprivileged and lies in the range that
	// the kernel hands out by itself, which needs no permission to bind.
	Ephemeral bool
	// PortSID and NodeSID are the labels of the port and of the address.
	PortSID, NodeSID policy.SID
	// Address is the address's text, for records; empty for any.
	Address string
}

// BindSocket is asked by bind. address is nil for families other than AF_INET
// and AF_INET6. Binding a Unix socket to a path is Create with ClassSockFile as
// well.
func BindSocket(asker Asker, s *Subject, k *Socket, address *InetAddress) Verdict {
	a := ask{asker: asker}
	if !a.use(s, k, SocketBind) || address == nil {
		return a.verdict
	}
	if address.Port != 0 && !address.Ephemeral && !a.check(Query{
		Source: k.SID, Target: address.PortSID, Class: k.Class, Perms: SocketNameBind,
	}, Object{Kind: ObjectSource, Number: int64(address.Port)}) {
		return a.verdict
	}
	a.check(Query{
		Source: k.SID, Target: address.NodeSID, Class: k.Class, Perms: nodeBind(k.Class),
	}, Object{Kind: ObjectSource, Name: address.Address, Number: int64(address.Port)})
	return a.verdict
}

// nodeBind is the permission to bind to an address, where the class has one.
func nodeBind(c Class) Perms {
	perms, _ := c.Perms("node_bind")
	return perms
}

// ConnectSocket is asked by connect. address is nil for families other than
// AF_INET and AF_INET6 and when it is AF_UNSPEC, which disconnects. Only classes
// with name_connect are checked against the port.
func ConnectSocket(asker Asker, s *Subject, k *Socket, address *InetAddress) Verdict {
	a := ask{asker: asker}
	if !a.use(s, k, SocketConnect) || address == nil {
		return a.verdict
	}
	perms, _ := k.Class.Perms("name_connect")
	a.check(Query{
		Source: k.SID, Target: address.PortSID, Class: k.Class, Perms: perms,
	}, Object{Kind: ObjectDestination, Number: int64(address.Port)})
	return a.verdict
}

// ConnectUnix is asked by connect of a Unix stream socket for the listening
// socket that it found, after ConnectSocket and, for a path, Permission with
// AccessWrite on its file.
func ConnectUnix(asker Asker, client, listener *Socket) Verdict {
	a := ask{asker: asker}
	a.check(Query{
		Source: client.SID, Target: listener.SID, Class: listener.Class, Perms: UnixConnectto,
	}, listener.object())
	return a.verdict
}

// SendUnix is asked for each datagram to a Unix socket, after UseSocket with
// SocketOpSend and, for a path, Permission with AccessWrite on its file.
func SendUnix(asker Asker, sender, receiver *Socket) Verdict {
	a := ask{asker: asker}
	a.check(Query{
		Source: sender.SID, Target: receiver.SID, Class: receiver.Class, Perms: SocketSendto,
	}, receiver.object())
	return a.verdict
}

// IoctlSocket is asked by ioctl on a socket that was opened under the label
// opener.
func IoctlSocket(asker Asker, s *Subject, k *Socket, opener policy.SID, command uint32) Verdict {
	return IoctlFile(asker, s, &File{
		SID: opener, Inode: Inode{SID: k.SID, Class: k.Class, Ref: k.Ref},
	}, command)
}

// TunOperation is what is done to a tun device.
type TunOperation uint8

// Operations on tun devices.
const (
	TunCreate TunOperation = iota
	TunAttach
	TunReopen
)

// Tun is asked for an operation on a tun device labelled device.
func Tun(asker Asker, s *Subject, device policy.SID, op TunOperation) Verdict {
	a := ask{asker: asker}
	query := func(target policy.SID, perms Perms) bool {
		return a.check(Query{Source: s.SID, Target: target, Class: ClassTunSocket, Perms: perms}, Object{})
	}
	switch op {
	case TunCreate:
		query(s.SID, SocketCreate)
	case TunAttach:
		query(device, TunAttachQueue)
	case TunReopen:
		_ = query(device, SocketRelabelfrom) && query(s.SID, SocketRelabelto)
	}
	return a.verdict
}
