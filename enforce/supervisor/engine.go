package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
	"seward/security"
	"seward/security/avc"
)

// engine is one run: a process tree and what mediates its calls.
type engine struct {
	cfg  *Config
	auth *authority
	log  *slog.Logger
	pid  int // the supervisor's own
	own  *credentials

	// table is the rows of all calls, here because their handlers lead back to who
	// looks them up.
	table    []call
	tasks    tasks
	ipc      ipcObjects
	keys     keyTable
	released released
	passed   passedFiles
	null     nullFile
	revoker  revoker
	listener linux.Listener
	receive  turns
	labels   *labels
	sockets  *sockets
	virtual  *virtualTree
	carriers *carriers
	root     base   // the supervisor's root directory
	procDev  uint64 // device of its /proc
	network  uint64 // number of its network namespace
	users    uint64 // number of its user namespace
	pids     pidNamespaces
	mounts   mountState
	// stateKey and skeletonKey are directories that nobody inside may enter.
	stateKey, skeletonKey inodeKey
	sysctl                sysctls
	// slowFetch says that tasks have to send their descriptors (fetch.go).
	slowFetch bool

	// generation changes when a directory or link on some path may lead elsewhere
	// or have another label: what actors remember of paths is void.
	generation atomic.Uint64
	// creating is held while a new object exists that has no label yet.
	creating creation
	// avcSockets tell programs of changes of the mode and the policy.
	avcSockets avcSockets
	// naming is held while a name is removed or moved.
	naming sync.Mutex

	program int // process that Run started
	failed  atomic.Pointer[error]
}

// Run runs a program under a label and mediates what it and all that it starts
// do. It returns when all of it has ended, with the program's exit status, as
// shells count it: 128 and the signal's number when one ended it. The error is
// for a program that could not be run or a supervisor that could not go on; a
// program that fails is none.
//
// When ctx ends, the program gets SIGTERM, and after Config.Grace everything is
// killed.
func Run(ctx context.Context, cfg *Config) (exit int, err error) {
	if !linux.Supported {
		return -1, ErrUnsupported
	}
	if err := cfg.check(); err != nil {
		return -1, err
	}
	if err := linux.CheckNotifications(); err != nil {
		return -1, fmt.Errorf("check seccomp notifications: %w", err)
	}
	e, err := newEngine(cfg)
	if err != nil {
		return -1, err
	}
	defer e.close()
	defer tune()()
	return e.run(ctx)
}

func newEngine(cfg *Config) (*engine, error) {
	e := &engine{cfg: cfg, auth: newAuthority(cfg.Server), log: cfg.log(), pid: os.Getpid()}
	e.root.fd = -1
	e.revoker.init()
	e.table = rows(linux.Syscalls(linux.AuditArch))
	e.tasks.all = map[int]*task{}
	e.ipc.open()
	e.sockets = newSockets()
	e.network = ownNetwork()
	e.pids.byNumber, e.pids.procs = map[uint64]*pidNamespace{}, map[uint64]*pidNamespace{}
	e.users, _ = namespaceOf(linux.Gettid(), "user")
	e.mounts.own, _ = namespaceOf(linux.Gettid(), "mnt")
	own, err := readCredentials(linux.Gettid())
	if err != nil {
		return nil, fmt.Errorf("read own credentials: %w", err)
	}
	e.own = own
	if err := e.openRoots(); err != nil {
		e.close()
		return nil, err
	}
	e.sysctl.read()
	e.slowFetch = cfg.SendDescriptors || !mayFetch()
	if e.labels, err = newLabels(e); err != nil {
		e.close()
		return nil, err
	}
	if cfg.StateDir != "" {
		var st linux.Statx
		if err := linux.Stat(linux.AtFDCwd, linux.MakeName(cfg.StateDir), 0, walkMask, &st); err != nil {
			e.close()
			return nil, fmt.Errorf("stat state directory: %w", err)
		}
		e.stateKey = keyOf(&st).inodeKey
	}
	e.virtual = newVirtualTree(e)
	if e.carriers, err = newCarriers(e); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// openRoots opens where all walks start.
func (e *engine) openRoots() error {
	fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName("/"), linux.OPath|linux.ODirectory|linux.OCloexec, 0)
	if err != nil {
		return fmt.Errorf("open root directory: %w", err)
	}
	e.root.fd = fd
	var st linux.Statx
	if err := linux.Fstat(fd, walkMask, &st); err != nil {
		return fmt.Errorf("stat root directory: %w", err)
	}
	e.root.key = keyOf(&st)
	if err := linux.Stat(linux.AtFDCwd, linux.MakeName("/proc/self/"), 0, walkMask, &st); err != nil {
		return fmt.Errorf("stat /proc: %w", err)
	}
	e.procDev = deviceOf(&st)
	return nil
}

func (e *engine) close() {
	if e.root.fd >= 0 {
		linux.Close(e.root.fd)
		e.root.fd = -1
	}
	e.null.close()
	e.carriers.close()
	e.avcSockets.close()
	if e.labels != nil {
		e.labels.close()
	}
}

// creation is a lock held while a new object has no label yet, with a count that
// is odd meanwhile.
type creation struct {
	sync.RWMutex
	count atomic.Uint64
}

func (c *creation) begin() {
	c.Lock()
	c.count.Add(1)
}

func (c *creation) end() {
	c.count.Add(1)
	c.Unlock()
}

// stop ends everything because the supervisor can't go on.
func (e *engine) stop(err error) {
	e.failed.CompareAndSwap(nil, &err)
	e.killAll()
}

// authority is the security server with the hooks' view of it.
type authority struct {
	*hooks.Server
	server *security.Server
	cache  *avc.Cache
}

func newAuthority(s *security.Server) *authority {
	cache := avc.New(s, &avc.Options{Count: true})
	return &authority{Server: hooks.NewServer(cache), server: s, cache: cache}
}

// context returns the text of a label.
func (a *authority) context(sid policy.SID) string {
	text, err := a.server.Context(sid)
	if err != nil {
		return "system_u:object_r:unlabeled_t"
	}
	return text
}

// initialSubject is the labels of the program.
func (e *engine) initialSubject() (hooks.Subject, error) {
	sid, err := e.auth.SID(e.cfg.Context)
	if err != nil {
		return hooks.Subject{}, fmt.Errorf("context %q: %w", e.cfg.Context, err)
	}
	return hooks.Subject{SID: sid, Previous: sid}, nil
}

// kernelSID is the label of what is no supervised process.
func (e *engine) kernelSID() policy.SID { return e.auth.Initial(hooks.SIDKernel) }

// sysctls are settings of the kernel's path walk that a walk outside must know.
type sysctls struct {
	protectedSymlinks bool
	protectedFifos    int
	protectedRegular  int
	dmesgRestrict     bool
	ptraceScope       int
}

func (s *sysctls) read() {
	s.protectedSymlinks = readSetting("/proc/sys/fs/protected_symlinks") > 0
	s.protectedFifos = readSetting("/proc/sys/fs/protected_fifos")
	s.ptraceScope = readSetting("/proc/sys/kernel/yama/ptrace_scope")
	s.dmesgRestrict = readSetting("/proc/sys/kernel/dmesg_restrict") > 0
	s.protectedRegular = readSetting("/proc/sys/fs/protected_regular")
}

func readSetting(path string) int {
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return 0
	}
	return int(data[0] - '0')
}
