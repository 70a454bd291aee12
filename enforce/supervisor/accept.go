package supervisor

import (
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// acceptedFrom is what a task accepts connections from by a call that the kernel
// performs.
type acceptedFrom struct {
	at  localAddress
	sid policy.SID
}

func (a *actor) accept() answer { return a.acceptWith(0) }

func (a *actor) accept4() answer { return a.acceptWith(a.intArg(3)) }

// acceptWith takes a connection. One that is waited for is the kernel's to give:
// the label of the new socket is then found when it is met.
func (a *actor) acceptWith(flags int) answer {
	if e := a.useSocket(hooks.SocketOpAccept); e != 0 {
		return failure(e)
	}
	p := &a.argument
	l := a.socketLabel(p)
	at, _ := localAddressOf(p.fd, l.family, l.class)
	if p.flags&linux.ONonblock != 0 {
		return a.performAccept(p, at, l, flags)
	}
	if a.alone() || a.acceptsAll() {
		a.task.accepted = acceptedFrom{at, l.sid}
		return goOn
	}
	a.yield()
	for {
		if readable, hungUp, _ := linux.Poll(p.fd, 0); readable || hungUp {
			return a.performAccept(p, at, l, flags)
		}
		if e := a.interrupted(); e != 0 {
			return failure(e)
		}
		time.Sleep(patience)
	}
}

// acceptsAll reports whether the task may accept from any socket that listens, so
// that nothing is gained by another socket in the place of the one checked.
func (a *actor) acceptsAll() bool {
	for _, k := range a.engine.sockets.listeners(a.engine.auth.Initial(hooks.SIDUnlabeled)) {
		if v := hooks.UseSocket(a.engine.auth, a.subject, &k, hooks.SocketOpAccept); v.Errno != 0 {
			return false
		}
	}
	return true
}

// listeners returns the different labels of sockets that listen.
func (s *sockets) listeners(mixed policy.SID) []hooks.Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[hooks.Socket]bool{}
	var list []hooks.Socket
	for at, l := range s.listening {
		k := hooks.Socket{SID: l.sid, Class: at.class}
		if l.sid == 0 {
			k.SID = mixed
		}
		if !seen[k] {
			seen[k] = true
			list = append(list, k)
		}
	}
	return list
}

// performAccept takes a connection that is there already.
func (a *actor) performAccept(p *place, at localAddress, l socketLabel, flags int) answer {
	if e := a.becomeTask(); e != 0 {
		return failure(e)
	}
	var buf [maxAddress]byte
	fd, n, err := linux.Accept(p.fd, buf[:], flags|linux.OCloexec)
	if err != nil {
		return failure(errnoOf(err))
	}
	a.fd = fd
	var made place
	made.reset()
	if e := a.adoptFD(&made, fd, false); e != 0 {
		return failure(e)
	}
	known, _ := a.engine.sockets.listener(at)
	known.sid = l.sid
	if e := a.newSocket(fd, a.connectionLabel(&made, known, l.class)); e != 0 {
		return failure(e)
	}
	if a.arg(1) != 0 {
		if e := a.giveAddress(buf[:], n, a.arg(1), a.arg(2)); e != 0 {
			return failure(e)
		}
	}
	return answer{kind: answerFD, cloexec: uint32(flags & linux.OCloexec)} //nolint:gosec // G115: a flag.
}
