package supervisor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// launchEnv marks the environment of a supervisor's own program that is to
// become the supervised one. Its value is the number of the control descriptor.
const launchEnv = "SEWARD_LAUNCH"

// Steps of starting a program, bytes on the control socket: the child says that it
// is there, waits to be traced, then installs the filter, says the listener's number and waits
// again until it is answered; then it executes the program. An errno comes back
// if it can't.
const (
	stepTraced    = 'T'
	stepServed    = 'S'
	replyReady    = 'R'
	replyListener = 'L' // with the listener itself
	replyFailed   = 'E' // with an errno
	flagPlain     = 'p'
	flagNoPrivs   = 'n'
)

// A process that is to become the program keeps its main goroutine on its first
// thread: that is the one the supervisor traces, and an initialization is the
// only time at which it surely runs there.
func init() {
	if _, ok := os.LookupEnv(launchEnv); ok {
		runtime.LockOSThread()
	}
}

// ChildMain is called first in the main function of every program that calls
// Run, and in TestMain. In the process that Run starts from the program's own
// file it becomes the program to supervise and doesn't return; elsewhere it does
// nothing.
func ChildMain() {
	value, ok := os.LookupEnv(launchEnv)
	if !ok || len(os.Args) < 3 || len(value) != 3 {
		return
	}
	// The filter holds for one thread: the one that calls exec (see init).
	control := int(value[0] - '0')
	errno := becomeProgram(control, value[1] == flagNoPrivs, Coverage(value[2]-'0'))
	_ = reportStart(control, replyFailed, uint32(errno))
	os.Exit(127)
}

func becomeProgram(control int, noNewPrivs bool, coverage Coverage) syscall.Errno {
	syscall.CloseOnExec(control)
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, launchEnv+"=") {
			env = append(env, v)
		}
	}
	path, argv := os.Args[1], os.Args[2:]
	// Until now ptrace would have told of the exec that made this very program.
	if err := reportStart(control, replyReady, 0); err != nil {
		return errnoOf(err)
	}
	listeners, sent := sendListener(control)
	program, err := buildFilter(linux.AuditArch, rows(linux.Syscalls(linux.AuditArch)), coverage)
	if err != nil {
		return syscall.EINVAL
	}
	if e := awaitStep(control, stepTraced); e != 0 {
		return e
	}
	if noNewPrivs {
		if err := linux.SetNoNewPrivs(); err != nil {
			return errnoOf(err)
		}
	}
	listener, err := linux.InstallFilter(program)
	if err != nil {
		return errnoOf(err)
	}
	listeners <- listener
	if err := <-sent; err != nil {
		return errnoOf(err)
	}
	if e := awaitStep(control, stepServed); e != 0 {
		return e
	}
	_ = syscall.Close(listener)
	return errnoOf(syscall.Exec(path, argv, env))
}

// sendListener starts a thread that sends the listener of the filter to the
// parent: it isn't under the filter, as the one that installs it is, whose own
// sendmsg could wait for the very answer that the listener is needed for.
func sendListener(control int) (listeners chan<- int, sent <-chan error) {
	fds, errs := make(chan int), make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(ready)
		fd := <-fds
		message := [5]byte{replyListener}
		errs <- syscall.Sendmsg(control, message[:], syscall.UnixRights(fd), nil, 0)
	}()
	<-ready
	return fds, errs
}

func awaitStep(control int, step byte) syscall.Errno {
	var b [1]byte
	for {
		n, err := syscall.Read(control, b[:])
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return errnoOf(err)
		case n != 1 || b[0] != step:
			return syscall.EPIPE
		default:
			return 0
		}
	}
}

// errnoOf returns the errno in an error, EIO if there is none.
func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return syscall.EIO
}

// reportStart sends what the parent waits for: the listener, or why there is
// none, or why the program could not be executed.
func reportStart(control int, kind byte, number uint32) error {
	var message [5]byte
	message[0] = kind
	binary.LittleEndian.PutUint32(message[1:], number)
	_, err := syscall.Write(control, message[:])
	return err
}

// launched is the program while it starts.
type launched struct {
	e       *engine
	control *os.File
	done    chan struct{} // closed when the handshake is over
	err     error         // of the handshake
	// listener is the filter's, once the child has sent it.
	listener int
}

// launch starts the program up to its exec, traced. The rest of the handshake
// goes on beside the tracer, whom the child may need to go on.
func (t *tracer) launch() (*launched, error) {
	e := t.e
	subject, err := e.initialSubject()
	if err != nil {
		return nil, err
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make control socket: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "control"), os.NewFile(uintptr(pair[1]), "control") //nolint:gosec // G115: descriptors.
	pid, err := e.fork(theirs)
	_ = theirs.Close()
	if err != nil {
		_ = ours.Close()
		return nil, &StartError{e.cfg.Path, err}
	}
	e.program = pid
	l := &launched{e: e, control: ours, done: make(chan struct{})}
	if _, _, err = l.read(); err == nil {
		err = t.adopt(pid, subject)
	}
	if err != nil {
		_ = ours.Close()
		_ = linux.Kill(pid, syscall.SIGKILL)
		t.loop()
		return nil, err
	}
	go l.handshake()
	return l, nil
}

// fork starts the child: this very program, which ChildMain turns into the one
// to run.
func (e *engine) fork(control *os.File) (int, error) {
	cfg := e.cfg
	own := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	files := make([]uintptr, 0, 4)
	for i, f := range []*os.File{cfg.Stdin, cfg.Stdout, cfg.Stderr} {
		if f == nil {
			f = own[i]
		}
		files = append(files, f.Fd())
	}
	files = append(files, control.Fd())
	flag := byte(flagPlain)
	if cfg.NoNewPrivs || !e.own.has(linux.CapSysAdmin) {
		flag = flagNoPrivs
	}
	env := append([]string{launchEnv + "=" + string([]byte{'3', flag, '0' + byte(cfg.Coverage)})}, cfg.Env...)
	argv := append([]string{"seward-launch", cfg.Path}, cfg.Argv...)
	return syscall.ForkExec("/proc/self/exe", argv, &syscall.ProcAttr{Dir: cfg.Dir, Env: env, Files: files})
}

// adopt traces the child and makes its entry.
func (t *tracer) adopt(pid int, subject hooks.Subject) error {
	if err := linux.Seize(pid, traceOptions); err != nil {
		if own, _ := linux.ReadStatus(os.Getpid()); own.Tracer != 0 {
			return fmt.Errorf("trace the program: %w", ErrNested)
		}
		return fmt.Errorf("trace the program: %w", asForbidden(err))
	}
	st, err := linux.ReadStatus(pid)
	if err != nil {
		return fmt.Errorf("read the program's status: %w", err)
	}
	first := &task{tid: pid, tgid: pid, pidfd: -1, credStale: true, launching: true}
	first.fs = &fsState{refs: 1, umask: st.Umask, cwdStale: true}
	first.files.Store(newFDTable())
	first.setSubject(subject)
	t.e.tasks.add(first)
	return nil
}

// handshake takes the listener over and starts to answer calls.
func (l *launched) handshake() {
	defer close(l.done)
	if l.err = l.serve(); l.err != nil {
		_ = linux.Kill(l.e.program, syscall.SIGKILL)
	}
}

func (l *launched) serve() error {
	if _, err := l.control.Write([]byte{stepTraced}); err != nil {
		return fmt.Errorf("start the program: %w", err)
	}
	kind, number, err := l.read()
	if err != nil {
		return fmt.Errorf("start the program: %w", err)
	}
	if errno := syscall.Errno(number); kind != replyListener {
		if errno == syscall.EBUSY {
			return ErrNested
		}
		return fmt.Errorf("install the filter: %w", asForbidden(errno))
	}
	l.e.listener = linux.Listener{FD: l.listener}
	_ = l.e.listener.Sync() // absent on old kernels; it only costs time
	l.e.startActors()
	if _, err := l.control.Write([]byte{stepServed}); err != nil {
		return fmt.Errorf("start the program: %w", err)
	}
	return nil
}

// asForbidden marks an error of a system that doesn't let programs be supervised.
func asForbidden(err error) error {
	switch errnoOf(err) {
	case syscall.EPERM, syscall.EACCES, syscall.ENOSYS, syscall.EINVAL:
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	return err
}

// read reads a message of the child, and keeps the listener that comes with one.
func (l *launched) read() (kind byte, number uint32, err error) {
	var b [5]byte
	control := make([]byte, syscall.CmsgSpace(4))
	n, controlled, _, _, err := syscall.Recvmsg(int(l.control.Fd()), b[:], control, syscall.MSG_WAITALL|syscall.MSG_CMSG_CLOEXEC)
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("read from the program: %w", err)
	case n != len(b):
		return 0, 0, io.ErrUnexpectedEOF
	}
	if messages, err := syscall.ParseSocketControlMessage(control[:controlled]); err == nil {
		for i := range messages {
			if fds, err := syscall.ParseUnixRights(&messages[i]); err == nil && len(fds) == 1 {
				l.listener = fds[0]
			}
		}
	}
	return b[0], binary.LittleEndian.Uint32(b[1:]), nil
}

// finish is called when all has ended; the error is why the program could not be
// run, if so.
func (l *launched) finish() error {
	<-l.done
	defer l.control.Close() //nolint:errcheck // Nothing was written that could be lost.
	e := l.e
	if e.listener.FD > 0 {
		e.receive.finish()
		e.receive.ended.Wait()
		linux.Close(e.listener.FD)
	}
	if l.err != nil {
		return l.err
	}
	// What the child left if exec failed; nothing if it succeeded.
	if kind, number, err := l.read(); err == nil && kind == replyFailed {
		return &StartError{e.cfg.Path, syscall.Errno(number)}
	}
	return nil
}

// guard makes the process one that its own user can't inspect, as long as any
// run lasts: supervised programs may be of that user. It returns what undoes
// that.
func guard() func() {
	guardMu.Lock()
	defer guardMu.Unlock()
	if guardRuns == 0 {
		if guardRestore = linux.Dumpable(); guardRestore {
			_ = linux.SetDumpable(false)
		}
	}
	guardRuns++
	return func() {
		guardMu.Lock()
		defer guardMu.Unlock()
		if guardRuns--; guardRuns == 0 && guardRestore {
			_ = linux.SetDumpable(true)
		}
	}
}

var (
	guardMu      sync.Mutex
	guardRuns    int
	guardRestore bool
)
