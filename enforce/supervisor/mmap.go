package supervisor

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// Mapping files, and memory that can be executed. What the filter sees to be
// anonymous and not executable isn't asked about.
//
// The file comes by its number and what mprotect changes by its address: other
// threads can put something else there after the check. Where there are any the
// task is stopped, is given the descriptor that was checked, makes the call from
// memory of the supervisor's, and what it has changed is looked at before it goes
// on: the process dies if that is not what was allowed.

// Arguments of mmap (include/uapi/asm-generic/mman-common.h).
const (
	protExec         = 4
	protWrite        = 2
	mapTypeMask      = 0x0f
	mapShared        = 1
	mapFixed         = 0x10
	mapAnonymous     = 0x20
	mapFixedNoRepl   = 0x100000
	lowestAddress    = 0x10000 // more than any mmap_min_addr in use
	readImpliesExec  = 0x0400000
	personalityQuery = 0xffffffff
)

// filterMmap lets memory pass that is neither a file's nor executable.
func filterMmap(a *linux.Assembler) { mmapFilter(a, false) }

// filterMmapCore asks about what is executable, or writes to a file, only.
func filterMmapCore(a *linux.Assembler) { mmapFilter(a, true) }

func mmapFilter(a *linux.Assembler, core bool) {
	note, anonymous, allowed := a.Label(), a.Label(), a.Label()
	a.LoadArgument(2)
	a.JumpSet(protExec, note, linux.Next)
	a.LoadArgument(3)
	a.JumpSet(mapAnonymous, anonymous, linux.Next)
	if core {
		a.JumpSet(mapShared, linux.Next, allowed) // MAP_SHARED_VALIDATE has the bit too
		a.LoadArgument(2)
		a.JumpSet(protWrite, note, allowed)
	} else {
		a.Return(linux.SeccompNotify)
	}
	a.Place(anonymous)
	a.JumpSet(mapFixed|mapFixedNoRepl, linux.Next, allowed)
	a.LoadArgumentHigh(0)
	a.JumpEqual(0, linux.Next, allowed)
	a.LoadArgument(0)
	a.JumpAtLeast(lowestAddress, allowed, note)
	a.Place(allowed)
	a.Return(linux.SeccompAllow)
	a.Place(note)
	a.Return(linux.SeccompNotify)
}

// filterProtect asks about what becomes executable.
func filterProtect(a *linux.Assembler) {
	note := a.Label()
	a.LoadArgument(2)
	a.JumpSet(protExec, note, linux.Next)
	a.Return(linux.SeccompAllow)
	a.Place(note)
	a.Return(linux.SeccompNotify)
}

// filterPersonality asks about the bit that makes all readable memory executable.
func filterPersonality(a *linux.Assembler) {
	note, allowed := a.Label(), a.Label()
	a.LoadArgument(0)
	a.JumpEqual(personalityQuery, allowed, linux.Next)
	a.JumpSet(readImpliesExec, note, linux.Next)
	a.Place(allowed)
	a.Return(linux.SeccompAllow)
	a.Place(note)
	a.Return(linux.SeccompNotify)
}

// personality answers the call for READ_IMPLIES_EXEC: everything that is mapped
// from then on is executable, unseen.
func (a *actor) personality() answer {
	if e := a.judge(hooks.MapAnonymous(a.engine.auth, a.subject, hooks.Mapping{Exec: true}), nil); e != 0 {
		return failure(e)
	}
	return goOn
}

// mmap answers the call.
func (a *actor) mmap() answer {
	if a.passes() {
		return goOn
	}
	protection, flags := a.intArg(2), a.intArg(3)
	m := hooks.Mapping{
		Shared: flags&mapTypeMask == mapShared, Write: protection&protWrite != 0, Exec: protection&protExec != 0,
	}
	if a.arg(0) < lowestAddress && flags&(mapFixed|mapFixedNoRepl) != 0 {
		if e := a.mapLow(); e != 0 {
			return failure(e)
		}
	}
	if flags&mapAnonymous != 0 {
		if e := a.judge(hooks.MapAnonymous(a.engine.auth, a.subject, m), nil); e != 0 {
			return failure(e)
		}
		return goOn
	}
	p := &a.argument
	if e := a.takeUsable(a.intArg(4)); e != 0 {
		return failure(e)
	}
	f := a.file(p)
	if e := a.judge(hooks.MapFile(a.engine.auth, a.subject, &f, m), nil); e != 0 {
		return failure(e)
	}
	if a.alone() {
		return goOn
	}
	fd, err := linux.Dup(p.fd)
	if err != nil {
		return failure(errnoOf(err))
	}
	job := &memoryJob{call: callMmap, fd: fd, file: keyOf(&p.st).inodeKey}
	copy(job.args[:], a.call.Args[:])
	return a.memoryCall(job)
}

// mapLow is asked about memory that null pointers lead to.
func (a *actor) mapLow() syscall.Errno {
	if a.arg(0) >= uint64(readNumber("/proc/sys/vm/mmap_min_addr")) { //nolint:gosec // G115: not negative.
		return 0
	}
	return a.judge(hooks.MapLow(a.engine.auth, a.subject), nil)
}

// mprotect answers mprotect and pkey_mprotect that make memory executable.
func (a *actor) mprotect() answer {
	if a.passes() {
		return goOn
	}
	before, e := a.mayProtect(a.call.Args[:], nil)
	if e != 0 {
		return failure(e)
	}
	if !a.task.vmShared.Load() {
		return goOn
	}
	job := &memoryJob{call: int(a.call.Number), fd: -1, before: before}
	copy(job.args[:], a.call.Args[:])
	return a.memoryCall(job)
}

// mayProtect checks that the memory of a range may be made executable: each part
// by what it is, and by what was executable before the call if that is over. It
// returns the parts.
func (a *actor) mayProtect(args []uint64, before []linux.Area) ([]linux.Area, syscall.Errno) {
	start, size, protection := args[0], args[1], args[2]
	areas, err := linux.ReadAreas(a.task.tgid, start, start+size)
	if err != nil {
		return nil, syscall.EACCES
	}
	for i := range areas {
		area := &areas[i]
		if before != nil {
			area.Exec = wasExecutable(max(area.Start, start), min(area.End, start+size), before)
		}
		m := hooks.Mapping{Shared: area.Shared, Write: protection&protWrite != 0, Exec: true}
		kind, e := a.memoryKind(area)
		if e != 0 {
			return nil, e
		}
		var f *hooks.File
		if area.Inode != 0 {
			p := &a.argument
			if e := a.mappedFile(p, area); e != 0 {
				return nil, e
			}
			i := a.inode(p)
			f = &hooks.File{SID: a.subject.SID, Inode: i}
		}
		if e := a.judge(hooks.MakeExecutable(a.engine.auth, a.subject, f, kind, m), nil); e != 0 {
			return nil, e
		}
	}
	return areas, 0
}

// wasExecutable reports whether all of a range was before.
func wasExecutable(start, end uint64, before []linux.Area) bool {
	for i := range before {
		b := &before[i]
		if b.Exec && b.Start <= start && b.End >= end {
			return true
		}
	}
	return false
}

// memoryKind tells parts of an address space apart. What is executable already
// is none of the special ones.
func (a *actor) memoryKind(area *linux.Area) (hooks.Memory, syscall.Errno) {
	switch {
	case area.Exec:
	case area.Name == "[heap]":
		return hooks.MemoryHeap, 0
	case area.Name == "[stack]", area.Contains(a.stackPointer()):
		return hooks.MemoryStack, 0
	case area.Inode != 0 && !area.Shared:
		written, err := linux.AreaWritten(a.task.tgid, area)
		if err != nil {
			return 0, syscall.EACCES
		}
		if written {
			return hooks.MemoryModified, 0
		}
	}
	return hooks.MemoryFile, 0
}

// stackPointer returns where the task's stack is while it is in its call, 0 if
// that can't be told.
func (a *actor) stackPointer() uint64 {
	if a.tracing {
		var r linux.Registers
		if linux.GetRegisters(a.task.tid, &r) != nil {
			return 0
		}
		return r.Stack()
	}
	sp, _ := linux.StackPointer(a.task.tid)
	return sp
}

// mappedFile has p stand for the file of an area: by its link in map_files, or
// without the privilege for those, by its name, as long as that leads to the
// same file.
func (a *actor) mappedFile(p *place, area *linux.Area) syscall.Errno {
	var fd int
	var err error
	a.asSelf(func() {
		fd, err = linux.Openat(linux.AtFDCwd, linux.ProcName(a.text[:0], a.task.tgid, area.Link()), linux.OPath|linux.OCloexec, 0)
		if err != nil && area.Name != "" && area.Name[0] == '/' {
			fd, err = linux.Openat(linux.AtFDCwd, linux.MakeName(area.Name), linux.OPath|linux.OCloexec, 0)
		}
	})
	if err != nil {
		return syscall.EACCES
	}
	if e := a.adoptFD(p, fd, true); e != 0 {
		return e
	}
	if p.st.Ino != area.Inode {
		p.reset()
		return syscall.EACCES
	}
	return 0
}

// memoryJob is a call that a stopped task is made to make and that is verified.
type memoryJob struct {
	call int
	args [6]uint64
	fd   int // takes the place of the fifth argument, -1 if none
	file inodeKey
	// before are the areas that the call changes, as they were when it was checked.
	before []linux.Area
}

// memoryCall has the task make the call under the tracer's eyes.
func (a *actor) memoryCall(job *memoryJob) answer {
	if old := a.task.memoryJob.Swap(job); old != nil {
		old.close()
	}
	if e := a.stopTask(); e != 0 {
		a.task.dropMemoryJob()
		return failure(e)
	}
	return failure(linux.ErrRestart)
}

func (j *memoryJob) close() {
	if j.fd >= 0 {
		linux.Close(j.fd)
	}
}

func (t *task) dropMemoryJob() {
	if job := t.memoryJob.Swap(nil); job != nil {
		job.close()
	}
}

// changeMemory has a stopped task make the call that waits for it.
func (t *tracer) changeMemory(task *task) {
	job := task.memoryJob.Swap(nil)
	if job == nil {
		return
	}
	defer job.close()
	var r linux.Registers
	if linux.GetRegisters(task.tid, &r) != nil || r.Result() != -linux.ErrRestart {
		return // stopped for something else first: the call is made and checked again
	}
	result, ok := t.callForMemory(task, job)
	if task.lost {
		return
	}
	if !ok {
		result = -int64(syscall.ENOMEM)
	}
	if result >= 0 && !t.memoryAsChecked(task, job, uint64(result)) { //nolint:gosec // G115: not negative.
		t.e.log.Warn("process changed its memory after a check", "pid", task.tgid)
		_ = linux.Kill(task.tgid, syscall.SIGKILL)
	}
	r.SetSyscall(-1) // no restart
	r.SetResult(result)
	_ = linux.SetRegisters(task.tid, &r)
}

func (t *tracer) callForMemory(task *task, job *memoryJob) (int64, bool) {
	m, err := linux.OpenMemory(task.tid)
	if err != nil {
		return 0, false
	}
	defer m.Close()
	base, ok := vdsoOf(task.tid)
	if !ok {
		return 0, false
	}
	g, ok := t.openGate(task, m, base)
	if !ok {
		return 0, false
	}
	number := int64(-1)
	if job.fd >= 0 {
		if number, ok = g.job(&gateJob{source: job.fd}); !ok || number < 0 {
			return -int64(syscall.EMFILE), g.close()
		}
		job.args[4] = uint64(number)
	}
	// It is a call that asks; this one was asked about.
	task.gate.Store(&gateJob{pass: true})
	result, ok := g.call(job.call, job.args[:]...)
	task.gate.Store(nil)
	if number >= 0 {
		_, _ = g.call(callClose, uint64(number))
	}
	return result, g.close() && ok
}

// memoryAsChecked reports whether what the call changed is what was checked.
func (t *tracer) memoryAsChecked(task *task, job *memoryJob, result uint64) bool {
	if job.fd < 0 {
		a := t.actor
		a.task, a.subject, a.entry = task, task.subject.Load(), t.e.lookup(job.call)
		defer a.forget()
		defer a.cleanUp()
		areas, e := a.mayProtect(job.args[:], job.before)
		return e == 0 && len(areas) > 0
	}
	areas, err := linux.ReadAreas(task.tgid, result, result+1)
	return err == nil && len(areas) > 0 && areas[0].Inode == job.file.ino
}
