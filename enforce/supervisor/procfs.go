package supervisor

import (
	"strconv"
	"strings"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
)

// procRootIno is the inode of /proc itself.
const procRootIno = 1

// supervisorFiles are what a supervised program may see of the supervisor in
// /proc: what everybody's ps shows.
var supervisorFiles = map[string]bool{
	"stat": true, "status": true, "statm": true, "cmdline": true, "comm": true, "cgroup": true,
	"loginuid": true, "sessionid": true, "wchan": true, "task": true, "attr": true, "children": true,
}

// procName says what a name in a directory of /proc stands for: a node, or where
// in /proc it is. An error refuses it.
func (a *actor) procName(dir *place, name string) (procPlace, *node, syscall.Errno) {
	e := a.engine
	ns := e.procNamespace(&dir.st)
	switch dir.proc.kind {
	case procRoot:
		if tid, ok := decimal(name); ok {
			return procPlace{procTask, ns.number(tid)}, nil, 0
		}
		if name == "filesystems" {
			return procPlace{}, &node{kind: nodePatched, where: "/proc/filesystems"}, 0
		}
		return procPlace{}, nil, 0
	case procTasks:
		if tid, ok := decimal(name); ok {
			return procPlace{procTask, ns.number(tid)}, nil, 0
		}
	case procTask:
		tid := dir.proc.tid
		if e.supervisorThread(tid) && !supervisorFiles[name] {
			return procPlace{}, nil, syscall.EACCES
		}
		switch name {
		case "attr":
			return procPlace{}, &node{kind: nodeAttrDir, tid: tid, where: a.procPath(dir) + "/attr"}, 0
		case "mounts", "mountinfo":
			return procPlace{}, &node{kind: nodePatched, tid: tid, where: a.procPath(dir) + "/" + name}, 0
		case "task":
			return procPlace{procTasks, tid}, nil, 0
		}
	case procNone, procDeep:
	}
	return procPlace{procDeep, dir.proc.tid}, nil, 0
}

// supervisorThread reports whether a number is that of the supervisor's process
// or of one of its threads.
func (e *engine) supervisorThread(tid int) bool {
	if tid == e.pid {
		return true
	}
	if e.tasks.get(tid) != nil {
		return false
	}
	var st linux.Statx
	var buf [64]byte
	return linux.Stat(linux.AtFDCwd, linux.ProcName(buf[:0], e.pid, "task/"+strconv.Itoa(tid)), 0, 0, &st) == nil
}

// procLink returns the text of a link of /proc that depends on who reads it.
func (a *actor) procLink(dir *place, comp linux.Name) ([]byte, bool) {
	if dir.proc.kind != procRoot {
		return nil, false
	}
	ns := a.engine.procNamespace(&dir.st)
	process := 0
	if leader := a.engine.tasks.get(a.task.tgid); leader != nil {
		process = leader.seen(ns)
	}
	// Whoever has no number there finds number 0, which is nobody's.
	switch string(comp[:len(comp)-1]) {
	case "self":
		return strconv.AppendInt(nil, int64(process), 10), true
	case "thread-self":
		text := strconv.AppendInt(nil, int64(process), 10)
		text = append(text, "/task/"...)
		return strconv.AppendInt(text, int64(a.task.seen(ns)), 10), true
	}
	return nil, false
}

// procPath returns the path of the directory of a process in the supervisor's
// own /proc.
func (a *actor) procPath(dir *place) string {
	if deviceOf(&dir.st) == a.engine.procDev && !a.task.fs.isForeign() {
		if where := a.pathOf(dir); strings.HasPrefix(where, "/proc/") {
			return where
		}
	}
	return "/proc/" + strconv.Itoa(dir.proc.tid)
}

// procPlaceOf finds out where in /proc a descriptor is.
func (a *actor) procPlaceOf(p *place) procPlace {
	if p.st.Ino == procRootIno {
		return procPlace{kind: procRoot}
	}
	below := a.engine.labels.filesystem(&p.st).inside(a.pathOf(p))
	parts := strings.Split(strings.TrimPrefix(below, "/"), "/")
	ns := a.engine.procNamespace(&p.st)
	tid, ok := decimal(parts[0])
	tid = ns.number(tid)
	switch {
	case !ok:
		return procPlace{}
	case len(parts) == 1:
		return procPlace{procTask, tid}
	case parts[1] != "task":
		return procPlace{procDeep, tid}
	case len(parts) == 2:
		return procPlace{procTasks, tid}
	}
	thread, ok := decimal(parts[2])
	thread = ns.number(thread)
	switch {
	case !ok:
		return procPlace{procDeep, tid}
	case len(parts) == 3:
		return procPlace{procTask, thread}
	}
	return procPlace{procDeep, thread}
}

// ownProcess reports whether a number is that of the task's process or of a
// thread of it.
func (e *engine) ownProcess(t *task, tid int) bool {
	if tid == t.tgid || tid == t.tid {
		return true
	}
	other := e.tasks.get(tid)
	return other != nil && other.tgid == t.tgid
}

// inspect checks that the task may look into another, as ptrace's weaker mode
// guards it.
func (a *actor) inspect(tid int) syscall.Errno {
	e := a.engine
	switch {
	case tid == 0 || e.ownProcess(a.task, tid):
		return 0
	case e.supervisorThread(tid):
		return syscall.EACCES
	}
	return a.judge(hooks.InspectTask(e.auth, a.subject, e.taskLabel(tid)), nil)
}

// inspectedFiles are the files of /proc/PID that show what only ptrace's weaker
// mode may see, tracedFiles those that need the stronger one.
var (
	inspectedFiles = map[string]bool{
		"maps": true, "smaps": true, "smaps_rollup": true, "numa_maps": true, "environ": true,
		"auxv": true, "pagemap": true, "io": true, "syscall": true, "stack": true, "personality": true,
		"fdinfo": true, "timerslack_ns": true,
	}
	tracedFiles = map[string]bool{"mem": true, "clear_refs": true}
)

// openProc checks what a hook does for a file of /proc/PID when it is opened.
func (a *actor) openProc(p *place, name string) syscall.Errno {
	if p.proc.kind != procDeep {
		return 0
	}
	if p.at < 0 {
		// A magic link led here: the path's last name is the link's.
		where := a.pathOf(p)
		name = where[strings.LastIndexByte(where, '/')+1:]
	}
	switch tid := p.proc.tid; {
	case tracedFiles[name]:
		if a.engine.ownProcess(a.task, tid) {
			return 0
		}
		if a.engine.supervisorThread(tid) {
			return syscall.EACCES
		}
		return a.judge(hooks.Task(a.engine.auth, a.subject, a.engine.taskLabel(tid), hooks.TaskPtrace), nil)
	case inspectedFiles[name]:
		return a.inspect(tid)
	}
	return 0
}

// private reports whether a directory is the supervisor's own, which nobody
// inside may enter.
func (e *engine) private(st *linux.Statx) bool {
	key := keyOf(st).inodeKey
	return key == e.stateKey || key == e.skeletonKey
}

// foreignProc reports whether a mount is another /proc than the supervisor's own:
// one where the numbers of processes, and what is behind them, aren't known.
func (e *engine) foreignProc(st *linux.Statx) bool {
	return !e.isProc(st) && e.labels.filesystem(st).labels == labelProc
}
