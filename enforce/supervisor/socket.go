package supervisor

import (
	"encoding/binary"
	"os"
	"strconv"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// The calls that make sockets, and those that only look at one or end it. What is
// checked is a copy of the descriptor: by its number another thread could put
// another socket in its place. So the call is performed on that copy, unless
// nobody else uses the caller's table of descriptors.

// flags of socket(2) that are no part of a type.
const socketFlags = linux.ONonblock | linux.OCloexec

// takeSocket fetches the socket that is the call's first argument.
func (a *actor) takeSocket() syscall.Errno {
	if e := a.takeUsable(a.intArg(0)); e != 0 {
		return e
	}
	if !isKind(&a.argument.st, linux.SIFSOCK) {
		return syscall.ENOTSOCK
	}
	return 0
}

// alone reports whether the task's descriptors can't be changed while it waits
// for its call.
func (a *actor) alone() bool {
	f := a.task.files.Load()
	return f != nil && !f.shared()
}

// socketCall answers socket(2). The supervisor makes the socket, so that its
// label is known from the start.
func (a *actor) socketCall() answer {
	family, kind, protocol := a.intArg(0), a.intArg(1)&^socketFlags, a.intArg(2)
	if e := nonsense(family, kind); e != 0 {
		return failure(e)
	}
	class := a.socketClass(family, kind, protocol)
	made := hooks.CreateSocket(a.engine.auth, a.subject, class)
	if e := a.judge(made.Verdict, nil); e != 0 {
		return failure(e)
	}
	if family == syscall.AF_NETLINK && protocol == netlinkSELinux {
		return a.avcSocket(made, class)
	}
	if !commonFamily(family) {
		a.yield() // the kernel may load a module for it
	}
	fd, e := a.makeSocket(family, a.intArg(1)|linux.OCloexec, protocol)
	if e == errElsewhere {
		if a.subject.SockCreate != 0 {
			return failure(syscall.EACCES)
		}
		return goOn // the task's label is found when the socket is met
	}
	if e != 0 {
		return failure(e)
	}
	a.fd = fd
	l := socketLabel{sid: made.SID, class: class, peer: a.engine.auth.Initial(hooks.SIDUnlabeled)}
	if e := a.newSocket(fd, l); e != 0 {
		return failure(e)
	}
	return answer{kind: answerFD, cloexec: uint32(a.intArg(1) & linux.OCloexec)} //nolint:gosec // G115: a flag.
}

// nonsense gives the kernel's errors for what no socket can be, which come before
// any check.
func nonsense(family, kind int) syscall.Errno {
	const families, kinds = 64, 11
	switch {
	case family < 0 || family >= families:
		return syscall.EAFNOSUPPORT
	case kind < 0 || kind >= kinds:
		return syscall.EINVAL
	}
	return 0
}

// commonFamily reports whether a family is there on any kernel.
func commonFamily(family int) bool {
	switch family {
	case syscall.AF_UNIX, syscall.AF_INET, syscall.AF_INET6, syscall.AF_NETLINK:
		return true
	}
	return false
}

// errElsewhere says that the task's network namespace can't be entered.
const errElsewhere = syscall.EXDEV

// makeSocket makes a socket with the task's credentials in its network namespace.
func (a *actor) makeSocket(family, kind, protocol int) (fd int, e syscall.Errno) {
	leave, e := a.enterNetwork()
	if e != 0 {
		return -1, e
	}
	defer leave()
	if e := a.becomeTask(); e != 0 {
		return -1, e
	}
	fd, err := linux.Socket(family, kind, protocol)
	return fd, errnoOf(err)
}

// enterNetwork has the actor's thread be in the task's network namespace until
// the returned function is called.
func (a *actor) enterNetwork() (leave func(), e syscall.Errno) {
	nothing := func() {}
	own, theirs := a.engine.network, uint64(0)
	var fd int
	var err error
	a.asSelf(func() {
		var st linux.Statx
		if err = linux.Stat(linux.AtFDCwd, linux.ProcName(a.text[:0], a.task.tid, "ns/net"), 0, linux.StatxBasic, &st); err == nil {
			theirs = st.Ino
		}
	})
	if err != nil || theirs == own {
		return nothing, errnoOf(err)
	}
	a.asSelf(func() {
		fd, err = linux.Openat(linux.AtFDCwd, linux.ProcName(a.text[:0], a.task.tid, "ns/net"), linux.OCloexec, 0)
	})
	if err != nil {
		return nothing, errElsewhere
	}
	defer linux.Close(fd)
	back, err := linux.Openat(linux.AtFDCwd, linux.ProcName(a.text[:0], linux.Gettid(), "ns/net"), linux.OCloexec, 0)
	if err != nil {
		return nothing, errElsewhere
	}
	a.asSelf(func() { err = linux.EnterNetwork(fd) })
	if err != nil {
		linux.Close(back)
		return nothing, errElsewhere
	}
	return func() {
		var err error
		a.asSelf(func() { err = linux.EnterNetwork(back) })
		linux.Close(back)
		if err != nil {
			a.engine.stop(err)
		}
	}, 0
}

// ownNetwork returns the number of the supervisor's network namespace.
func ownNetwork() uint64 {
	link, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		return 0
	}
	number, _ := strconv.ParseUint(link[len("net:["):len(link)-1], 10, 64)
	return number
}

// newSocket remembers the label of a socket that was just made.
func (a *actor) newSocket(fd int, l socketLabel) syscall.Errno {
	var st linux.Statx
	if err := linux.Fstat(fd, linux.StatxBasic, &st); err != nil {
		return errnoOf(err)
	}
	l.cookie = linux.SocketCookie(fd)
	l.family, l.kind = linux.SocketFamily(fd), linux.SocketType(fd)
	if a.engine.sockets.put(st.Ino, l) {
		a.yield()
		a.asSelf(a.engine.sweepSockets)
	}
	return 0
}

// socketpair lets the kernel make a pair, both ends of which show the caller as
// the other. Labels are found when the ends are met; where they were asked for,
// the supervisor makes the pair.
func (a *actor) socketpair() answer {
	family, kind, protocol := a.intArg(0), a.intArg(1)&^socketFlags, a.intArg(2)
	if e := nonsense(family, kind); e != 0 {
		return failure(e)
	}
	class := a.socketClass(family, kind, protocol)
	// Once for each end, as the kernel asks.
	made := hooks.CreateSocket(a.engine.auth, a.subject, class)
	if e := a.judge(made.Verdict, nil); e != 0 {
		return failure(e)
	}
	again := hooks.CreateSocket(a.engine.auth, a.subject, class)
	if e := a.judge(again.Verdict, nil); e != 0 {
		return failure(e)
	}
	if a.subject.SockCreate == 0 || a.subject.SockCreate == made.SID && made.SID == a.usualLabel(class) {
		return goOn
	}
	return a.makePair(a.intArg(1), protocol, family, socketLabel{sid: made.SID, class: class, peer: made.SID})
}

// usualLabel is the label of a socket that the task makes without having asked
// for one.
func (a *actor) usualLabel(class hooks.Class) policy.SID {
	sid, err := a.engine.auth.Transition(a.subject.SID, a.subject.SID, class, "")
	if err != nil {
		return a.engine.auth.Initial(hooks.SIDUnlabeled)
	}
	return sid
}

// makePair makes a pair with a label.
func (a *actor) makePair(kind, protocol, family int, l socketLabel) answer {
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	pair, err := linux.Socketpair(family, kind|linux.OCloexec, protocol)
	if err != nil {
		return failure(errnoOf(err))
	}
	defer linux.Close(pair[0])
	defer linux.Close(pair[1])
	var numbers [8]byte
	if e := a.write(numbers[:], a.arg(3)); e != 0 {
		return failure(e)
	}
	for i, fd := range pair {
		if e := a.newSocket(fd, l); e != 0 {
			return failure(e)
		}
		n, err := a.engine.listener.AddFD(a.call.ID, fd, uint32(kind&linux.OCloexec)) //nolint:gosec // G115: a flag.
		if err != nil {
			return failure(errnoOf(err))
		}
		binary.NativeEndian.PutUint32(numbers[4*i:], uint32(n)) //nolint:gosec // G115: descriptors are small.
	}
	return result(a.write(numbers[:], a.arg(3)))
}

// useSocket checks an operation on the socket that is the first argument.
func (a *actor) useSocket(op hooks.SocketOperation) syscall.Errno {
	if e := a.takeSocket(); e != 0 {
		return e
	}
	k := a.socket(&a.argument)
	return a.judge(hooks.UseSocket(a.engine.auth, a.subject, &k, op), nil)
}

// listen lets a caller that is alone listen itself, which those that connect see.
func (a *actor) listen() answer {
	if e := a.useSocket(hooks.SocketOpListen); e != 0 {
		return failure(e)
	}
	p := &a.argument
	l := a.socketLabel(p)
	family := l.family
	if family == syscall.AF_INET || family == syscall.AF_INET6 {
		return a.listenUnnamed(p, family, l)
	}
	if at, ok := localAddressOf(p.fd, family, l.class); ok {
		a.engine.sockets.listens(at, p.st.Ino, l.sid)
	}
	if a.alone() {
		return goOn
	}
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.ListenSocket(p.fd, a.intArg(1))))
}

// listenUnnamed listens on a socket that may get its port only now.
func (a *actor) listenUnnamed(p *place, family int, l socketLabel) answer {
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	if err := linux.ListenSocket(p.fd, a.intArg(1)); err != nil {
		return failure(errnoOf(err))
	}
	if at, ok := localAddressOf(p.fd, family, l.class); ok {
		a.engine.sockets.listens(at, p.st.Ino, l.sid)
	}
	return value(0)
}

func (a *actor) shutdown() answer {
	if e := a.useSocket(hooks.SocketOpShutdown); e != 0 {
		return failure(e)
	}
	return result(errnoOf(linux.ShutdownSocket(a.argument.fd, a.intArg(1))))
}

func (a *actor) getsockname() answer { return a.socketName(linux.SocketName) }

func (a *actor) getpeername() answer { return a.socketName(linux.PeerName) }

func (a *actor) socketName(get func(fd int, buf []byte) (int, error)) answer {
	if e := a.useSocket(hooks.SocketOpName); e != 0 {
		return failure(e)
	}
	var buf [maxAddress]byte
	n, err := get(a.argument.fd, buf[:])
	if err != nil {
		return failure(errnoOf(err))
	}
	return result(a.giveAddress(buf[:], n, a.arg(1), a.arg(2)))
}

// giveAddress writes an address of n bytes to a buffer of the task and its size
// to where the task gave the buffer's.
func (a *actor) giveAddress(address []byte, n int, to, sizeAt uint64) syscall.Errno {
	var word [4]byte
	if e := a.read(word[:], sizeAt); e != 0 {
		return e
	}
	room := int(int32(binary.NativeEndian.Uint32(word[:]))) //nolint:gosec // G115: C's int.
	if room < 0 {
		return syscall.EINVAL
	}
	if e := a.write(address[:min(n, room, len(address))], to); e != 0 {
		return e
	}
	binary.NativeEndian.PutUint32(word[:], uint32(n)) //nolint:gosec // G115: a small number.
	return a.write(word[:], sizeAt)
}
