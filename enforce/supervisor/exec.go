package supervisor

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// An exec is checked at its notification, performed by the kernel, and verified
// at the stop that ptrace makes of it, before the first instruction of the new
// program: memory or names may have changed in between. What runs then is what
// was checked, or may itself be run with the same result, or the process dies.

// pendingExec is an exec that was checked and let through.
type pendingExec struct {
	old    policy.SID
	image  inodeKey // what has to run: the binary, or the script's interpreter
	was    inodeKey // what ran before, of an untraced process
	x      hooks.Execution
	nosuid bool
	// mapped are the files that the kernel maps for the new program.
	mapped []hooks.Inode
	// arguments is how the arguments of a script's interpreter begin, each ended by
	// a NUL: that it is what runs doesn't tell that it runs the script.
	arguments []byte
}

// maxInterpreters is how many scripts may lead to one another.
const maxInterpreters = 5

func (a *actor) execve() answer { return a.execPath(linux.AtFDCwd, a.arg(0), 0) }

func (a *actor) execveat() answer {
	flags := a.intArg(4)
	if flags&^(linux.AtSymlinkNofollow|linux.AtEmptyPath) != 0 {
		return failure(syscall.EINVAL)
	}
	return a.execPath(a.intArg(0), a.arg(1), flags)
}

func (a *actor) execPath(dirfd int, address uint64, flags int) answer {
	if a.task.launching {
		return goOn // the supervisor's own doing
	}
	p, e := a.object(dirfd, address, flags)
	if e != 0 {
		return failure(e)
	}
	if isKind(&p.st, linux.SIFLNK) {
		return failure(syscall.ELOOP)
	}
	pending, e := a.checkExec(p, a.programName(dirfd))
	if e != 0 {
		return failure(e)
	}
	a.task.exec = pending
	return goOn
}

// programName returns what the kernel calls the program that an exec names, as
// scripts get it: by the path that was walked, which isn't read again.
func (a *actor) programName(dirfd int) string {
	path := a.given[0]
	switch {
	case dirfd == linux.AtFDCwd, len(path) > 0 && path[0] == '/':
		return string(path)
	case len(path) == 0:
		return "/dev/fd/" + strconv.Itoa(dirfd)
	}
	return "/dev/fd/" + strconv.Itoa(dirfd) + "/" + string(path)
}

// checkExec asks everything about executing a file, which scripts know by name.
func (a *actor) checkExec(p *place, name string) (*pendingExec, syscall.Errno) {
	i, e := a.executable(p)
	if e != 0 {
		return nil, e
	}
	pending := &pendingExec{old: a.subject.SID}
	pending.nosuid = a.engine.labels.filesystem(&p.st).sb.NoSuid
	pending.x = hooks.Exec(a.engine.auth, a.subject, a.program(&i, pending.nosuid))
	if e := a.judge(pending.x.Verdict, nil); e != 0 {
		return nil, e
	}
	if e := a.execUntraced(p, pending); e != 0 {
		return nil, e
	}
	a.mapped = nil
	pending.image, pending.arguments, e = a.interpreters(p, name)
	pending.mapped = a.mapped
	return pending, e
}

// program describes an exec of the task to the hooks.
func (a *actor) program(file *hooks.Inode, nosuid bool) *hooks.Program {
	t := a.task
	t.fs.mu.Lock()
	refs := t.fs.refs
	t.fs.mu.Unlock()
	return &hooks.Program{
		File: file, NoNewPrivs: t.cred.NoNewPrivs, NoSuid: nosuid,
		Shared: refs > a.engine.tasks.threads(t.tgid),
		Tracer: a.engine.tracerOf(t),
	}
}

// executable checks that a file may be opened for execution.
func (a *actor) executable(p *place) (hooks.Inode, syscall.Errno) {
	var none hooks.Inode
	if p.node != nil || !isKind(&p.st, linux.SIFREG) {
		return none, syscall.EACCES
	}
	if hasOption(a.engine.labels.filesystem(&p.st).mount.Options, "noexec") {
		return none, syscall.EACCES
	}
	if e := a.openPlace(p); e != 0 {
		return none, e
	}
	if e := a.becomeTask(); e != 0 {
		return none, e
	}
	if err := linux.Faccessat(p.fd, linux.Empty, 1, linux.AtEmptyPath|linux.AtEaccess); err != nil {
		return none, errnoOf(err)
	}
	i := a.inode(p)
	v := hooks.OpenFile(a.engine.auth, a.subject, &i, hooks.OpenRead|hooks.OpenExec)
	return i, a.judge(v, nil)
}

// interpreters follows the #! lines of scripts and checks each interpreter, and
// the ELF interpreter of the binary at their end, which it returns with the
// arguments that scripts put before the program's own.
func (a *actor) interpreters(p *place, program string) (image inodeKey, arguments []byte, e syscall.Errno) {
	r := &a.second
	for range maxInterpreters + 1 {
		head, e := a.head(p)
		if e != 0 {
			return inodeKey{}, nil, e
		}
		name, option := interpreterOf(head)
		if name == "" {
			a.mapped = append(a.mapped, a.inode(p))
			return keyOf(&p.st).inodeKey, arguments, a.loader(head)
		}
		if arguments == nil {
			arguments = append([]byte(program), 0)
		}
		if option != "" {
			arguments = append(append([]byte(option), 0), arguments...)
		}
		arguments = append(append([]byte(name), 0), arguments...)
		// The chain is walked in one resolution, so that its place is copied.
		if e := a.resolve(r, linux.AtFDCwd, []byte(name), walkFollow); e != 0 {
			return inodeKey{}, nil, e
		}
		if !r.found {
			return inodeKey{}, nil, syscall.ENOENT
		}
		p = &r.obj
		if _, e := a.executable(p); e != 0 {
			return inodeKey{}, nil, e
		}
	}
	return inodeKey{}, nil, syscall.ELOOP
}

// headSize is how much of a file tells how it is executed. The kernel looks for
// an interpreter in the first 256 bytes; the headers of a binary lie in a page.
const (
	headSize    = 4096
	scriptBytes = 256
)

// head reads the beginning of a file that will be executed. Who may execute it
// needn't be able to read it.
func (a *actor) head(p *place) ([]byte, syscall.Errno) {
	var fd int
	var err error
	name := append(linux.Name(nil), a.through(p)...)
	a.asSelf(func() { fd, err = linux.Openat(linux.AtFDCwd, name, linux.ORdonly|linux.ONonblock|linux.OCloexec, 0) })
	if err != nil {
		if errnoOf(err) == syscall.EACCES {
			return nil, 0 // unreadable to an unprivileged supervisor: a binary, then
		}
		return nil, errnoOf(err)
	}
	defer linux.Close(fd)
	buf := make([]byte, headSize)
	n, err := linux.Pread(fd, buf, 0)
	if err != nil {
		return nil, errnoOf(err)
	}
	return buf[:n], 0
}

// interpreterOf returns the interpreter in a #! line, empty if there is none,
// and what follows it, which is one argument.
func interpreterOf(head []byte) (name, option string) {
	line, ok := bytes.CutPrefix(head[:min(len(head), scriptBytes)], []byte("#!"))
	if !ok {
		return "", ""
	}
	line, _, _ = bytes.Cut(line, []byte{'\n'})
	line, _, _ = bytes.Cut(bytes.Trim(line, " \t"), []byte{0})
	end := bytes.IndexAny(line, " \t")
	if end < 0 {
		return string(line), ""
	}
	return string(line[:end]), string(bytes.TrimLeft(line[end:], " \t"))
}

// loader checks the ELF interpreter of a binary, which the kernel opens as part
// of the exec.
func (a *actor) loader(head []byte) syscall.Errno {
	name := elfInterpreter(head)
	if name == "" {
		return 0
	}
	r := &a.second
	if e := a.resolve(r, linux.AtFDCwd, []byte(name), walkFollow); e != 0 {
		return e
	}
	if !r.found {
		return syscall.ENOENT
	}
	i, e := a.executable(&r.obj)
	a.mapped = append(a.mapped, i)
	return e
}

// execed verifies an exec and gives the task its new label.
func (t *tracer) execed(pid int) {
	e := t.e
	former, err := linux.EventMessage(pid)
	if err != nil {
		return // killed
	}
	task := e.tasks.succeed(int(former), pid) //nolint:gosec // G115: a thread's number.
	if task == nil {
		_ = linux.Kill(pid, syscall.SIGKILL)
		t.cont(pid, 0)
		return
	}
	task.settle()
	task.portrait.Store(nil)
	task.dropHandles()
	task.unshareFiles()
	task.credStale = true
	pending := task.exec
	task.exec = nil
	switch {
	case task.launching:
		task.launching = false
		if !t.restrict(task) {
			_ = linux.Kill(pid, syscall.SIGKILL)
		}
	case pending == nil || !t.verify(task, pending):
		e.log.Warn("process changed an exec after its check", "pid", pid)
		_ = linux.Kill(pid, syscall.SIGKILL)
	default:
		t.commit(task, pending)
	}
	task.forkWatch.Store(e.mayNotFork(task.sid()))
	t.cont(pid, 0)
}

// verify reports whether what runs may run.
func (t *tracer) verify(task *task, pending *pendingExec) bool {
	a := t.actor
	a.task, a.subject, a.entry = task, task.subject.Load(), t.execEntry()
	defer a.forget()
	defer a.cleanUp()
	fd, err := linux.Openat(linux.AtFDCwd, linux.ProcName(a.text[:0], task.tid, "exe"), linux.OPath|linux.OCloexec, 0)
	if err != nil {
		return false
	}
	p := &a.argument
	if a.adoptFD(p, fd, true) != 0 {
		return false
	}
	if keyOf(&p.st).inodeKey == pending.image && (pending.arguments == nil || begins(task.tid, pending.arguments)) {
		return true
	}
	// Something else runs: what the program was replaced by, or what binfmt_misc
	// has registered. It is as good if its exec is allowed and leads to the same
	// label.
	if a.refreshCredentials() != 0 {
		return false
	}
	again, e := a.checkExec(p, "")
	return e == 0 && again.x.SID == pending.x.SID
}

// begins reports whether the arguments of a process that just called exec begin
// as they should.
func begins(tid int, arguments []byte) bool {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/cmdline")
	return err == nil && bytes.HasPrefix(data, arguments)
}

// execEntry is the call that the tracer's records are about.
func (t *tracer) execEntry() *call { return t.e.lookup(callExecve) }

// commit makes a checked exec take effect.
func (t *tracer) commit(task *task, pending *pendingExec) {
	old := task.subject.Load()
	next := pending.x.SID
	committed := old.Committed(next)
	if !t.mayMap(task, old, &committed, pending.mapped) {
		_ = linux.Kill(task.tid, syscall.SIGSEGV)
	}
	if !pending.x.Changed || next == old.SID {
		task.setSubject(committed)
		if !t.restrict(task) {
			_ = linux.Kill(task.tid, syscall.SIGKILL)
		}
		return
	}
	if !t.enterDomain(task, old, &committed, pending.x.Secure) {
		_ = linux.Kill(task.tid, syscall.SIGKILL)
	}
	task.setSubject(committed)
}

// mayMap reports whether the new program may be mapped: as its own label, of
// files that the old one opened. The kernel ends a program that may not.
func (t *tracer) mayMap(task *task, old, next *hooks.Subject, files []hooks.Inode) bool {
	a := t.actor
	a.task, a.subject, a.entry = task, next, t.execEntry()
	defer a.forget()
	for _, i := range files {
		i.Ref = nil
		f := hooks.File{SID: old.SID, Inode: i}
		if a.judge(hooks.MapFile(t.e.auth, next, &f, hooks.Mapping{Exec: true}), nil) != 0 {
			return false
		}
	}
	return true
}

// succeed has the thread that called exec take over the number of its process;
// all other threads of it are gone.
func (ts *tasks) succeed(former, pid int) *task {
	ts.mu.Lock()
	t := ts.all[former]
	var gone []*task
	leader := ts.all[pid]
	for tid, other := range ts.all {
		if other != t && (tid == pid || t != nil && other.tgid == t.tgid) {
			delete(ts.all, tid)
			gone = append(gone, other)
		}
	}
	if t != nil && former != pid {
		t.settle()
		delete(ts.all, former)
		t.strike()
		t = t.renumber(pid)
		if leader != nil {
			t.pids, t.numbers = leader.pids, leader.numbers
		}
		ts.all[pid] = t
	}
	ts.mu.Unlock()
	for _, other := range gone {
		other.strike()
		other.die()
	}
	if t != nil {
		t.sign() // it has the leader's numbers now
	}
	return t
}
