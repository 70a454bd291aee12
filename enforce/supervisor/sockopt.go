package supervisor

import (
	"encoding/binary"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Options of sockets. A caller that is alone has the kernel get and set them;
// for others the supervisor does, but for options whose values hold addresses or
// numbers of descriptors, which mean the caller's.

// Levels and options that matter here (Linux, all architectures but alpha, mips,
// parisc and sparc).
const (
	levelIP      = 0
	levelSocket  = 1
	levelTCP     = 6
	levelUDP     = 17
	levelIPv6    = 41
	levelPacket  = 263
	levelNetlink = 270
	levelTLS     = 282

	soPeercred           = 17
	soAttachFilter       = 26
	soPeersec            = 31
	soAttachBPF          = 50
	soAttachReuseCBPF    = 51
	soAttachReuseEBPF    = 52
	soPeerpidfd          = 77
	soLastPlain          = 84
	tcpZerocopyReceive   = 35
	packetFanoutData     = 22
	firstNetfilterOption = 64

	maxOption  = 1 << 16
	maxFilters = 4096
)

// plainOption reports whether the value of an option is only that.
func plainOption(level, option int) bool {
	switch level {
	case levelSocket:
		switch option {
		case soAttachFilter, soAttachBPF, soAttachReuseCBPF, soAttachReuseEBPF, soPeerpidfd:
			return false
		}
		return option <= soLastPlain
	case levelTCP:
		return option != tcpZerocopyReceive
	case levelIP, levelIPv6:
		return option < firstNetfilterOption
	case levelPacket:
		return option != packetFanoutData
	case levelUDP, levelNetlink, levelTLS:
		return true
	}
	return false
}

func (a *actor) getsockopt() answer {
	if e := a.useSocket(hooks.SocketOpGetOption); e != 0 {
		return failure(e)
	}
	level, option := a.intArg(1), a.intArg(2)
	if level == levelSocket {
		switch option {
		case soPeersec:
			return a.peerContext()
		case soPeercred:
			return a.peerCredentials()
		case soPeerpidfd:
			return a.peerHandle()
		}
	}
	switch {
	case a.alone():
		return goOn
	case !plainOption(level, option):
		return failure(syscall.ENOPROTOOPT)
	}
	room, e := a.optionRoom()
	if e != 0 {
		return failure(e)
	}
	buf := make([]byte, min(room, maxOption))
	// Some values are asked for by what is in the buffer.
	if e := a.read(buf, a.arg(3)); len(buf) > 0 && e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	n, err := linux.SocketOption(a.argument.fd, level, option, buf)
	if err != nil {
		return failure(errnoOf(err))
	}
	return a.giveOption(buf[:min(n, len(buf))], n)
}

// optionRoom returns the size of the buffer for an option.
func (a *actor) optionRoom() (int, syscall.Errno) {
	var word [4]byte
	if e := a.read(word[:], a.arg(4)); e != 0 {
		return 0, e
	}
	room := int(int32(binary.NativeEndian.Uint32(word[:]))) //nolint:gosec // G115: C's int.
	if room < 0 {
		return 0, syscall.EINVAL
	}
	return room, 0
}

// giveOption writes the value of an option, and the size that it has.
func (a *actor) giveOption(data []byte, size int) answer {
	if e := a.write(data, a.arg(3)); e != 0 {
		return failure(e)
	}
	var word [4]byte
	binary.NativeEndian.PutUint32(word[:], uint32(size)) //nolint:gosec // G115: a small number.
	return result(a.write(word[:], a.arg(4)))
}

// peerContext gives the label of the other end of a connection (kernel
// security/selinux/hooks.c, selinux_socket_getpeersec_stream).
func (a *actor) peerContext() answer {
	room, e := a.optionRoom()
	if e != 0 {
		return failure(e)
	}
	l := a.socketLabel(&a.argument)
	peer := l.peer
	switch l.class {
	case hooks.ClassUnixStreamSocket:
	case hooks.ClassTCPSocket, hooks.ClassSCTPSocket:
		// Connections over a network have no label of their own.
		var name [maxAddress]byte
		if _, err := linux.PeerName(a.argument.fd, name[:]); err == nil {
			peer = 0
		}
	default:
		peer = 0
	}
	if peer == 0 {
		return failure(syscall.ENOPROTOOPT)
	}
	text := append([]byte(a.engine.auth.context(peer)), 0)
	if len(text) > room {
		// The size that it has is told all the same.
		if got := a.giveOption(nil, len(text)); got.errno != 0 {
			return got
		}
		return failure(syscall.ERANGE)
	}
	return a.giveOption(text, len(text))
}

// peerCredentials gives those of the other end: the process is the one that had
// the supervisor connect.
func (a *actor) peerCredentials() answer {
	room, e := a.optionRoom()
	if e != 0 {
		return failure(e)
	}
	var cred [12]byte
	n, err := linux.SocketOption(a.argument.fd, levelSocket, soPeercred, cred[:])
	if err != nil {
		return failure(errnoOf(err))
	}
	if pid := a.realPeer(int(binary.NativeEndian.Uint32(cred[:]))); pid != 0 {
		binary.NativeEndian.PutUint32(cred[:], uint32(pid)) //nolint:gosec // G115: a process' number.
	}
	n = min(n, room)
	return a.giveOption(cred[:n], n)
}

// realPeer returns the process behind a connection that the kernel says the
// supervisor made, 0 if it made none.
func (a *actor) realPeer(pid int) int {
	if pid != a.engine.pid {
		return 0
	}
	return a.socketLabel(&a.argument).peerPID
}

// peerHandle gives a descriptor of the process at the other end.
func (a *actor) peerHandle() answer {
	room, e := a.optionRoom()
	switch {
	case e != 0:
		return failure(e)
	case room < 4:
		return failure(syscall.EINVAL)
	}
	var word [4]byte
	if _, err := linux.SocketOption(a.argument.fd, levelSocket, soPeerpidfd, word[:]); err != nil {
		return failure(errnoOf(err))
	}
	fd := int(int32(binary.NativeEndian.Uint32(word[:]))) //nolint:gosec // G115: C's int.
	defer func() { linux.Close(fd) }()
	if pid, ok := pidOfPidfd(fd); ok {
		if real := a.realPeer(pid); real != 0 {
			other, err := linux.PidfdOpen(real)
			if err != nil {
				return failure(errnoOf(err))
			}
			linux.Close(fd)
			fd = other
		}
	}
	// What can't be written to isn't given a descriptor for.
	if got := a.giveOption(word[:], len(word)); got.errno != 0 {
		return got
	}
	n, err := a.engine.listener.AddFD(a.call.ID, fd, linux.OCloexec)
	if err != nil {
		return failure(errnoOf(err))
	}
	binary.NativeEndian.PutUint32(word[:], uint32(n)) //nolint:gosec // G115: descriptors are small.
	return a.giveOption(word[:], len(word))
}

func (a *actor) setsockopt() answer {
	if e := a.useSocket(hooks.SocketOpSetOption); e != 0 {
		return failure(e)
	}
	if a.alone() {
		return goOn
	}
	level, option, size := a.intArg(1), a.intArg(2), a.intArg(4)
	if size < 0 {
		return failure(syscall.EINVAL)
	}
	value := make([]byte, min(size, maxOption))
	if e := a.read(value, a.arg(3)); len(value) > 0 && e != 0 {
		return failure(e)
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	switch {
	case level == levelSocket && (option == soAttachFilter || option == soAttachReuseCBPF):
		return a.attachFilter(option, value)
	case !plainOption(level, option):
		return failure(syscall.ENOPROTOOPT)
	}
	return result(errnoOf(linux.SetSocketOption(a.argument.fd, level, option, value)))
}

// attachFilter copies the program that an option points to.
func (a *actor) attachFilter(option int, value []byte) answer {
	const size, instruction = 16, 8 // of struct sock_fprog and sock_filter
	if len(value) != size {
		return failure(syscall.EINVAL)
	}
	count := int(binary.NativeEndian.Uint16(value))
	if count == 0 || count > maxFilters {
		return failure(syscall.EINVAL)
	}
	program := make([]byte, count*instruction)
	if e := a.read(program, binary.NativeEndian.Uint64(value[8:])); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.SetSocketFilter(a.argument.fd, option, program)))
}
