package supervisor

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"seward/internal/linux"
)

// maxActors bounds the threads that answer calls. It is reached only when that
// many calls wait for something slow at once.
const maxActors = 1024

// turns sees to it that one actor at a time receives: several threads waiting
// for notifications would all wake for each.
//
// The actor that has the turn receives and answers, again and again. One that is
// about to wait gives the turn away (yield); one that is stuck loses it to the
// watchdog. It learns that from epoch.
type turns struct {
	mu     sync.Mutex
	idle   int // actors waiting for a turn
	actors int
	done   bool
	turn   chan struct{}
	epoch  atomic.Uint64
	// work counts twice per call: odd while the actor with the turn is busy.
	work   atomic.Uint64
	parked atomic.Bool
	unpark chan struct{}
	over   chan struct{}
	ended  sync.WaitGroup
}

func (e *engine) startActors() {
	r := &e.receive
	r.turn = make(chan struct{}, 1)
	r.unpark = make(chan struct{}, 1)
	r.over = make(chan struct{})
	r.turn <- struct{}{}
	e.addActor()
	r.ended.Go(e.watch)
	r.ended.Go(e.sweep)
}

// addActor starts another thread that answers.
func (e *engine) addActor() {
	r := &e.receive
	r.mu.Lock()
	ok := !r.done && r.actors < maxActors
	if ok {
		r.actors++
	}
	crowded := ok && r.actors == crowd
	r.mu.Unlock()
	if ok {
		r.ended.Go(e.act)
	}
	if crowded {
		r.ended.Go(e.relieve)
	}
}

// act is the life of an actor. Its thread ends with it: nothing else could use a
// thread with blocked signals and somebody's credentials.
func (e *engine) act() {
	runtime.LockOSThread()
	r := &e.receive
	a, err := e.newActor()
	if err != nil {
		e.stop(fmt.Errorf("start a thread for calls: %w", err))
		return
	}
	defer a.close()
	for {
		r.mu.Lock()
		r.idle++
		r.mu.Unlock()
		select {
		case <-r.turn:
		case <-r.over:
			return
		}
		r.mu.Lock()
		r.idle--
		r.mu.Unlock()
		if a.epoch = r.epoch.Load(); !a.receive() {
			r.finish()
			return
		}
	}
}

// receive answers calls as long as the actor has the turn. false means that
// nobody is left to make any.
func (a *actor) receive() bool {
	r := &a.engine.receive
	for r.epoch.Load() == a.epoch {
		err := a.engine.listener.Receive(&a.call)
		if err != nil {
			if a.ended(err) {
				return false
			}
			continue
		}
		r.work.Add(1)
		if r.parked.Load() {
			r.wake()
		}
		a.busyWith.Store(a.call.ID)
		a.busyFor.Store(a.call.PID)
		a.answer()
		a.busyFor.Store(0)
		if r.epoch.Load() == a.epoch {
			r.work.Add(1)
		}
	}
	return true
}

// ended tells the end of all callers from the end of one.
func (a *actor) ended(err error) bool {
	if !errors.Is(err, syscall.ENOENT) {
		a.engine.stop(fmt.Errorf("receive a call: %w", err))
		return true
	}
	_, hungUp, _ := linux.Poll(a.engine.listener.FD, 0)
	return hungUp
}

// yield gives the turn to another actor, because this one is about to do
// something that may take long.
func (a *actor) yield() {
	r := &a.engine.receive
	if r.epoch.CompareAndSwap(a.epoch, a.epoch+1) {
		a.engine.passTurn()
	}
}

// passTurn has another actor receive. Whoever calls it has moved the epoch on.
func (e *engine) passTurn() {
	r := &e.receive
	if r.work.Load()%2 == 1 {
		r.work.Add(1)
	}
	select {
	case r.turn <- struct{}{}:
	default:
	}
	r.mu.Lock()
	lonely := r.idle == 0
	r.mu.Unlock()
	if lonely {
		e.addActor()
	}
}

// watch takes the turn from an actor that is stuck: reading memory that a
// hostile program doesn't let be read, walking a dead network filesystem. It
// sleeps in the kernel: a timer of the runtime's wakes two threads each time.
func (e *engine) watch() {
	runtime.LockOSThread()
	const period, rest = 2 * time.Millisecond, 25
	r := &e.receive
	var last uint64
	still := 0 // periods in which nothing was received
	for {
		select {
		case <-r.over:
			return
		default:
		}
		linux.Sleep(period)
		now := r.work.Load()
		switch {
		case now != last:
			last, still = now, 0
		case now%2 == 1:
			epoch := r.epoch.Load()
			if r.work.Load() == now && r.epoch.CompareAndSwap(epoch, epoch+1) {
				e.passTurn()
			}
		default:
			still++
		}
		if still < rest {
			continue
		}
		// Nothing happens: sleep until it does.
		r.parked.Store(true)
		if r.work.Load() == last {
			select {
			case <-r.over:
				return
			case <-r.unpark:
			}
		}
		r.parked.Store(false)
		still = 0
	}
}

// wake ends the sleep of the watchdog.
func (r *turns) wake() {
	select {
	case r.unpark <- struct{}{}:
	default:
	}
}

// finish ends all actors that wait for a turn.
func (r *turns) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.done {
		r.done = true
		close(r.over)
	}
}

// answer handles the received call and answers it, exactly once. A panic in a
// handler fails the call.
func (a *actor) answer() {
	a.fd = -1
	verdict := a.dispatch()
	if a.fd >= 0 && verdict.kind != answerFD {
		linux.Close(a.fd)
		a.fd = -1
	}
	a.forget()
	if verdict.kind != answerFD {
		a.deliverAs(&verdict)
	}
	l := a.engine.listener
	var err error
	switch verdict.kind {
	case answerValue:
		err = l.Reply(a.call.ID, verdict.value, 0)
	case answerErrno:
		err = l.Reply(a.call.ID, 0, verdict.errno)
	case answerContinue:
		err = l.Continue(a.call.ID)
	case answerFD:
		var number int
		number, err = l.AddFDSend(a.call.ID, a.fd, verdict.cloexec)
		verdict.value = int64(number)
		linux.Close(a.fd)
		a.fd = -1
		var errno syscall.Errno
		if err != nil && errors.As(err, &errno) && errno != syscall.ENOENT {
			// The caller's table of descriptors is full.
			verdict = failure(errno)
			err = l.Reply(a.call.ID, 0, errno)
		}
		a.deliverAs(&verdict)
	case answerNone:
	}
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		a.engine.stop(fmt.Errorf("answer a call: %w", err))
	}
}

// dispatch runs the handler of a call with the task held.
func (a *actor) dispatch() (verdict answer) {
	if a.call.Arch != linux.AuditArch {
		return failure(syscall.ENOSYS)
	}
	entry := a.engine.lookup(int(a.call.Number))
	if entry == nil || entry.handle == nil {
		return failure(syscall.ENOSYS)
	}
	t := a.caller()
	if t == nil {
		a.engine.log.Error("call of an unknown task", "pid", a.call.PID, "call", entry.name)
		return failure(syscall.EACCES)
	}
	if t.sending.Load() && int(a.call.Number) == callSendmsg {
		return goOn // to the supervisor
	}
	if !t.enter() {
		return failure(syscall.EACCES) // it has died, nobody hears this
	}
	if t.untraced.Load() && !a.confirmExec(t) {
		_ = linux.Kill(t.tgid, syscall.SIGKILL)
		t.leave()
		return failure(syscall.EACCES)
	}
	a.caching.Lock()
	a.task, a.entry = t, entry
	if t.interruptible.Load() {
		t.interruptible.Store(false) // that was an earlier call
	}
	a.subject = t.subject.Load()
	defer func() {
		if p := recover(); p != nil {
			a.engine.log.Error("internal error", "call", entry.name, "panic", p, "stack", string(debug.Stack()))
			verdict = failure(syscall.EACCES)
		}
		a.gather()
		a.cleanUp()
		if t.fetched != nil && !t.inGate.Load() && (verdict.kind != answerErrno || verdict.errno != linux.ErrRestart) {
			t.dropFetched()
		}
		a.caching.Unlock()
		t.leave()
	}()
	if e := a.refreshCredentials(); e != 0 {
		return failure(e)
	}
	a.refused = false
	changes := a.engine.revoker.changes.Load()
	verdict = entry.handle(a)
	if verdict.kind == answerFD && a.engine.revoker.changes.Load() != changes {
		// It may have been allowed by what is no longer in force.
		a.asSelf(func() { a.engine.flag(t) })
	}
	if verdict.kind == answerErrno && (verdict.errno == syscall.EPERM || verdict.errno == syscall.EACCES) && !a.refused {
		a.lacking(verdict.errno)
	}
	return verdict
}

// answerKind says how a call is answered.
type answerKind uint8

const (
	answerErrno    answerKind = iota
	answerValue               // the call returns a value
	answerContinue            // the kernel performs the call
	answerFD                  // the call returns a new descriptor, a copy of actor.fd
	answerNone                // answered already
)

// answer is the outcome of a call.
type answer struct {
	kind    answerKind
	errno   syscall.Errno
	value   int64
	cloexec uint32
}

func failure(e syscall.Errno) answer { return answer{kind: answerErrno, errno: e} }

func value(v int64) answer { return answer{kind: answerValue, value: v} }

// result is failure, or 0 if there is none.
func result(e syscall.Errno) answer {
	if e != 0 {
		return failure(e)
	}
	return value(0)
}

var goOn = answer{kind: answerContinue}
