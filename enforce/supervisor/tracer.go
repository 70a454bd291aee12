package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"seward/internal/linux"
)

const traceOptions = linux.TraceExitKill | linux.TraceExec | linux.TraceFork | linux.TraceVfork |
	linux.TraceClone | linux.TraceSyscallBit

// tracer follows every thread of the tree through ptrace: birth, exec, signals,
// death. All of it happens on one thread, which also started the program.
type tracer struct {
	e *engine
	// actor does for stopped tasks what other actors do for waiting calls.
	actor *actor
	// early holds threads that stopped for the first time before their parent's
	// event said whose they are.
	early map[int]bool
	// leaving are threads to let go of at their next stop, and who waits for that.
	leaving map[int][]int
	// queue is what was heard of threads in between.
	queue []traceEvent
	// exit is how the program ended.
	exit int
}

// run starts the program and sees it to its end, on a thread of its own: ptrace
// and the parent's wait are matters of the thread that started it.
func (e *engine) run(ctx context.Context) (int, error) {
	type outcome struct {
		exit int
		err  error
	}
	ch := make(chan outcome, 1)
	go onOwnThread(func() {
		t := &tracer{e: e, early: map[int]bool{}, leaving: map[int][]int{}, exit: -1}
		err := t.run(ctx)
		ch <- outcome{t.exit, err}
	})
	out := <-ch
	if failed := e.failed.Load(); failed != nil {
		return -1, *failed
	}
	return out.exit, out.err
}

// onOwnThread runs f on a thread that ends with it, whatever state it is in. It
// isn't the process' first: that one inherits the children of threads that end,
// so that it would hear of others than its own. Nor is it one that has started a
// program of somebody else's before, of whose end it would hear.
func onOwnThread(f func()) {
	runtime.LockOSThread()
	if linux.Gettid() != os.Getpid() && !linux.HasChildren() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		onOwnThread(f)
	}()
	<-done
	runtime.UnlockOSThread()
}

func (t *tracer) run(ctx context.Context) error {
	defer guard()()
	exactTimers()
	program, err := t.launch()
	if err != nil {
		return err
	}
	if t.actor, err = t.e.quietActor(); err != nil {
		t.e.stop(fmt.Errorf("set up the tracer: %w", err))
	} else {
		t.actor.tracing = true
		defer t.actor.close()
	}
	ended := make(chan struct{})
	defer close(ended)
	go t.e.follow(ctx, ended)
	t.loop()
	t.e.awaitReleased()
	return program.finish()
}

// follow ends the tree when the context does and passes on signals.
func (e *engine) follow(ctx context.Context, ended <-chan struct{}) {
	signals := make(chan os.Signal, 8)
	if e.cfg.ForwardSignals {
		signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
		defer signal.Stop(signals)
	}
	done := ctx.Done()
	var kill <-chan time.Time
	for {
		select {
		case <-ended:
			return
		case s := <-signals:
			if s == syscall.SIGTERM || s == syscall.SIGHUP {
				_ = linux.Kill(e.program, s.(syscall.Signal))
			}
		case <-done:
			done = nil
			_ = linux.Kill(e.program, syscall.SIGTERM)
			kill = time.After(e.cfg.grace())
		case <-kill:
			e.killAll()
		}
	}
}

// killAll ends every supervised process.
func (e *engine) killAll() {
	e.tasks.each(func(t *task) { _ = linux.Kill(t.tgid, syscall.SIGKILL) })
}

// loop handles events until no thread is left.
func (t *tracer) loop() {
	for {
		var status linux.WaitStatus
		tid, err := t.next(&status)
		if err != nil {
			if !errors.Is(err, syscall.ECHILD) {
				t.e.stop(fmt.Errorf("wait for a traced thread: %w", err))
			}
			return
		}
		if status.Exited() || status.Signaled() {
			t.exited(tid, status)
			continue
		}
		t.stopped(tid, status)
	}
}

// exited takes a thread out.
func (t *tracer) exited(tid int, status linux.WaitStatus) {
	delete(t.early, tid)
	t.parting(tid, 0)
	gone, left := t.e.tasks.remove(tid)
	if gone != nil {
		gone.strike()
		gone.die()
	}
	if tid == t.e.program {
		if status.Exited() {
			t.exit = status.ExitStatus()
		} else {
			t.exit = 128 + int(status.Signal())
		}
		if t.e.cfg.KillOrphans && left > 0 {
			t.e.killAll()
		}
	}
}

// stopped handles a stop and lets the thread go on.
func (t *tracer) stopped(tid int, status linux.WaitStatus) {
	sig := status.StopSignal()
	task := t.e.tasks.get(tid)
	if task != nil {
		task.settle()
	}
	switch event := int(status) >> 16; event {
	case linux.EventFork, linux.EventVfork, linux.EventClone:
		t.born(task, event)
		t.cont(tid, 0)
	case linux.EventExec:
		t.execed(tid)
	case linux.EventStop:
		if task == nil {
			t.early[tid] = true
			return
		}
		switch sig {
		case syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU:
			if !t.parting(tid, 0) {
				_ = linux.Listen(tid)
			}
		default:
			t.takeRefused(task)
			if !task.lost {
				t.cont(tid, 0)
			}
		}
	case 0:
		if task == nil {
			t.early[tid] = true
			return
		}
		if sig == syscall.SIGTRAP|0x80 {
			if task.waiting != nil {
				t.waitStop(task)
				return
			}
			t.syscallStop(task)
			return
		}
		if sig == syscall.SIGSTOP && task.expectStop.CompareAndSwap(true, false) {
			t.deliver(task)
			t.settleCall(task)
			t.fetch(task)
			if !task.lost {
				t.changeMemory(task)
			}
			t.takeRefused(task)
			if task.lost {
				return
			}
			sig = 0
			if t.startRelease(task) {
				return
			}
		}
		t.repairInterrupted(task)
		t.cont(tid, sig)
	default:
		t.cont(tid, 0)
	}
}

// cont lets a thread go on. One that was killed meanwhile can't; its end is
// reported by wait.
func (t *tracer) cont(tid int, sig syscall.Signal) {
	if t.parting(tid, sig) {
		return
	}
	if task := t.e.tasks.get(tid); task != nil {
		task.settle()
		if task.watched() || task.waiting != nil {
			_ = linux.ContSyscall(tid, sig)
			return
		}
	}
	_ = linux.Cont(tid, sig)
}

// born makes the entry of a new thread, which waits for its first instruction.
func (t *tracer) born(parent *task, event int) {
	if parent == nil {
		return
	}
	message, err := linux.EventMessage(parent.tid)
	if err != nil {
		return // killed; so is the child
	}
	child := int(message) //nolint:gosec // G115: a thread's number.
	flags, err := cloneFlags(parent.tid, event)
	if err != nil {
		return
	}
	born := t.e.tasks.fork(parent, child, flags)
	if parent.pids != nil || parent.newPIDs || flags&linux.CloneNewPID != 0 {
		t.e.enrol(born, parent.pids)
	}
	if t.early[child] {
		delete(t.early, child)
		if task := t.e.tasks.get(child); task != nil {
			t.takeRefused(task)
			if task.lost {
				return
			}
		}
		t.cont(child, 0)
	}
}

// cloneFlags returns what the stopped parent's call shares with the child.
func cloneFlags(tid, event int) (uint64, error) {
	var r linux.Registers
	if err := linux.GetRegisters(tid, &r); err != nil {
		return 0, err
	}
	// A clone that signals as fork does is reported as one.
	if r.Syscall() == callClone {
		return r.Argument(0), nil
	}
	if event == linux.EventFork {
		return 0, nil
	}
	return linux.CloneVfork | linux.CloneVM, nil
}

// repairInterrupted is called at a thread's stop for a signal. A call that was
// interrupted while its notification waited to be received would fail with
// EINTR if the signal's handler doesn't ask for restarts, even calls that never
// do so on an ordinary kernel. Those are made to start again in any case.
func (t *tracer) repairInterrupted(task *task) {
	var r linux.Registers
	if err := linux.GetRegisters(task.tid, &r); err != nil || r.Result() != -linux.ErrRestart {
		return
	}
	entry := t.e.lookup(r.Syscall())
	if entry == nil || !entry.restart || task.interruptible.Load() {
		return
	}
	r.SetResult(-linux.ErrRestartAlways)
	_ = linux.SetRegisters(task.tid, &r)
}
