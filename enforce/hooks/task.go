package hooks

import (
	"syscall"

	"seward/policy"
)

// process is a query between two tasks.
func process(asker Asker, source, target policy.SID, perms Perms) Verdict {
	a := ask{asker: asker}
	a.process(source, target, perms)
	return a.verdict
}

func (a *ask) process(source, target policy.SID, perms Perms) bool {
	return a.check(
		Query{Source: source, Target: target, Class: ClassProcess, Perms: perms}, Object{},
	)
}

// Fork is asked for every new task, threads included.
func Fork(asker Asker, s *Subject) Verdict { return process(asker, s.SID, s.SID, ProcessFork) }

// CreateUserNamespace is asked by clone and unshare with CLONE_NEWUSER.
func CreateUserNamespace(asker Asker, s *Subject) Verdict {
	a := ask{asker: asker}
	a.check(Query{
		Source: s.SID, Target: s.SID, Class: ClassUserNamespace, Perms: UserNamespaceCreate,
	}, Object{})
	return a.verdict
}

// TaskOperation is something that one task does to another, or to itself, and
// that needs one permission of the class process.
type TaskOperation uint8

// Operations on tasks.
const (
	// TaskGetAttribute reads /proc/PID/attr of another task.
	TaskGetAttribute TaskOperation = iota
	TaskSetPgid
	TaskGetPgid
	TaskGetSession
	// TaskSetScheduler is nice, setpriority, sched_set*, ioprio_set,
	// migrate_pages, move_pages and writing timerslack.
	TaskSetScheduler
	// TaskGetScheduler is sched_get*, ioprio_get and reading timerslack.
	TaskGetScheduler
	// TaskSetLimit is prlimit on another task, and setrlimit that changes a hard
	// limit.
	TaskSetLimit
	TaskGetLimit
	// TaskPtrace is what attaching needs: ptrace, process_vm_readv,
	// /proc/PID/mem, pidfd_getfd.
	TaskPtrace
	taskOperations
)

var taskPermissions = [taskOperations]Perms{
	TaskGetAttribute: ProcessGetattr,
	TaskSetPgid:      ProcessSetpgid,
	TaskGetPgid:      ProcessGetpgid,
	TaskGetSession:   ProcessGetsession,
	TaskSetScheduler: ProcessSetsched,
	TaskGetScheduler: ProcessGetsched,
	TaskSetLimit:     ProcessSetrlimit,
	TaskGetLimit:     ProcessGetrlimit,
	TaskPtrace:       ProcessPtrace,
}

// Task is asked for an operation on the task with the label target.
func Task(asker Asker, s *Subject, target policy.SID, op TaskOperation) Verdict {
	if op >= taskOperations {
		return Verdict{Errno: syscall.EACCES}
	}
	return process(asker, s.SID, target, taskPermissions[op])
}

// InspectTask is asked for reading what ptrace's weaker mode guards:
// /proc/PID/maps, environ, kcmp, get_robust_list.
func InspectTask(asker Asker, s *Subject, target policy.SID) Verdict {
	a := ask{asker: asker}
	a.check(Query{Source: s.SID, Target: target, Class: ClassFile, Perms: FileRead}, Object{})
	return a.verdict
}

// TraceMe is asked by PTRACE_TRACEME: the parent is the one who will trace.
func TraceMe(asker Asker, s *Subject, parent policy.SID) Verdict {
	return process(asker, parent, s.SID, ProcessPtrace)
}

// Signals that have a permission of their own. The numbers are those of all
// architectures seward builds for.
const (
	sigkill = 9
	sigchld = 17
	sigstop = 19
)

// SignalPermission returns the permission that sending a signal needs; number 0
// only asks whether the task exists.
func SignalPermission(number int) Perms {
	switch number {
	case 0:
		return ProcessSignull
	case sigchld:
		return ProcessSigchld
	case sigkill:
		return ProcessSigkill
	case sigstop:
		return ProcessSigstop
	}
	return ProcessSignal
}

// Signal is asked by kill and its family, for each task that it would reach.
func Signal(asker Asker, s *Subject, target policy.SID, number int) Verdict {
	return process(asker, s.SID, target, SignalPermission(number))
}

// NotifySignal is asked for a signal that a description sends for asynchronous
// input; owner is the label that set it up, and number 0 counts as SIGIO.
func NotifySignal(asker Asker, owner, target policy.SID, number int) Verdict {
	perms := ProcessSignal
	if number != 0 {
		perms = SignalPermission(number)
	}
	return process(asker, owner, target, perms)
}
