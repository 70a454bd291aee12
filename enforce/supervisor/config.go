package supervisor

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"seward/enforce/hooks"
	"seward/security"
)

// Labels answers what label a path has that carries none, as file_contexts
// says. ok is false where it says <<none>> or nothing.
type Labels interface {
	Lookup(path string, mode uint32) (context string, ok bool)
}

// Coverage says which operations are mediated.
type Coverage uint8

// Degrees of coverage.
const (
	// CoverageFull mediates everything that this package can.
	CoverageFull Coverage = iota
	// CoverageCore leaves out reading attributes (stat, readlink, access), for
	// speed. What a process can learn that way it may not be allowed to know; what
	// it may open, change or run is as with CoverageFull.
	CoverageCore
)

// Config says what to run and under what.
type Config struct {
	// Server decides. Required.
	Server *security.Server
	// Labels finds labels of paths. nil finds none.
	Labels Labels
	// FileContexts is the text of file contexts that programs find under
	// /etc/selinux, in a directory that is shown instead of the machine's. nil
	// shows the machine's, which may be none: then many tools think that SELinux is
	// off.
	FileContexts []byte
	// Context is the label of the program. Required.
	Context string
	// Path is the program's file, Argv its arguments, the name first. Required.
	Path string
	Argv []string
	// Env is its environment, in the form KEY=value.
	Env []string
	// Dir is its working directory. Default: the supervisor's.
	Dir string
	// Stdin, Stdout and Stderr are its first descriptors. Default: the
	// supervisor's own.
	Stdin, Stdout, Stderr *os.File
	// Audit gets what is to be logged, from any goroutine. nil drops it.
	Audit func(*Event)
	// BareEvents has events come without what is known of their call, which takes
	// some time to find out.
	BareEvents bool
	// Coverage says which operations are mediated. Default CoverageFull.
	Coverage Coverage
	// StateDir keeps labels that can't be stored with their files. Default: labels
	// last as long as the run.
	StateDir string
	// NoNewPrivs has nothing inside gain privileges by exec. It is always so when
	// the supervisor lacks the capability sys_admin.
	NoNewPrivs bool
	// Debuggable has programs trace others, as the policy allows: the supervisor
	// lets go of threads that others ask to trace. What it does by tracing it can't
	// do for them any more; see docs/not-mediated.md. Default: ptrace fails.
	Debuggable bool
	// KeepCapabilities has processes keep the capabilities that the policy denies
	// the domain they enter. Calls that ask about one are refused all the same;
	// what no call asks about is then left to the kernel. Default: such
	// capabilities are taken away at exec while the policy is enforced.
	KeepCapabilities bool
	// ForwardSignals has Run take over the process' handling of SIGINT, SIGQUIT,
	// SIGTERM and SIGHUP while it runs: the first two, which a terminal sends to
	// the program too, are ignored, the others handed on to the program.
	ForwardSignals bool
	// NoFUSE has the files of selinuxfs carried without FUSE, as where it is not to
	// be had.
	NoFUSE bool
	// SendDescriptors has programs send the descriptors that their calls name, as
	// where pidfd_getfd is not to be had.
	SendDescriptors bool
	// KillOrphans ends what is left running when the program ends. Default: Run
	// waits for it.
	KillOrphans bool
	// Grace is what the program has to end after SIGTERM when the context of Run
	// is cancelled, before it is killed. Default 5 s.
	Grace time.Duration
	// Log gets what is worth knowing about the supervisor itself. nil discards it.
	Log *slog.Logger
}

// Event is something to log about a task: what a hook said, with the details of
// its object and of the task.
type Event struct {
	Time    time.Time
	PID     int    // of the process
	TID     int    // of the thread
	Comm    string // name of the thread
	Syscall string // name of the call
	Record  hooks.Record
	// Source and Target are the texts of the record's labels.
	Source, Target string
	// SourceRaw and TargetRaw are set for labels that the policy doesn't know.
	SourceRaw, TargetRaw string
	// Path is set for records about paths, Name for those about names.
	Path, Name string
	Device     string // as the kernel calls it: sda1, tmpfs, proc
	Inode      uint64 // 0 is unknown
	// Socket is what is known of the socket that a record is about, nil if nothing.
	Socket *SocketNames
	// Call is the system call that it happened in, one value for all events of a
	// call; nil with Config.BareEvents. Last marks the last of them.
	Call *Call
	Last bool
}

// SocketNames are the addresses of a socket: of the Internet, or a path, which
// begins with a NUL for a name that is in no directory.
type SocketNames struct {
	Local, Peer netip.AddrPort // invalid where there is none
	Path        string
}

// Errors of Run beside those of the system.
var (
	// ErrUnsupported is that this architecture's system calls are not known.
	ErrUnsupported = errors.New("programs can't be supervised on this architecture")
	// ErrNested is that the process is supervised itself, or traced: the kernel
	// allows one listener and one tracer only.
	ErrNested = errors.New("this process is supervised or traced itself, which can't be done twice")
	// ErrForbidden is that the system doesn't let a process trace or filter its
	// children, as in some containers.
	ErrForbidden = errors.New("programs may not be supervised here")
)

// StartError is that the program could not be run; Errno is what exec said.
type StartError struct {
	Path string
	Err  error
}

// Error returns the text.
func (e *StartError) Error() string { return "run " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

func (c *Config) check() error {
	switch {
	case c.Server == nil:
		return errors.New("no security server")
	case c.Context == "":
		return errors.New("no context")
	case c.Path == "" || len(c.Argv) == 0:
		return errors.New("no program")
	}
	return nil
}

func (c *Config) grace() time.Duration {
	if c.Grace == 0 {
		return 5 * time.Second
	}
	return c.Grace
}

func (c *Config) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}
