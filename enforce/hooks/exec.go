package hooks

import (
	"syscall"

	"seward/policy"
)

// Program describes an exec. The caller has asked PathStep and OpenFile with
// OpenRead and OpenExec for the program, and for the interpreters of a script
// and of an ELF file.
type Program struct {
	// File is what the caller named: the script, not its interpreter.
	File *Inode
	// NoNewPrivs reports no_new_privs of the task, NoSuid a mount with nosuid.
	NoNewPrivs, NoSuid bool
	// Shared reports that the task shares its files or its working directory
	// with another process.
	Shared bool
	// Tracer is the label of who traces the task, 0 if nobody does.
	Tracer policy.SID
}

// Execution is the verdict over an exec.
type Execution struct {
	Labelled // SID is the label that the task will have
	// Changed reports that it differs from the current one.
	Changed bool
	// Secure reports that the program must run with AT_SECURE.
	Secure bool
}

// Exec computes the label that a task gets by executing a program and asks
// whether it may. On success, Commit says what else the new label resets.
func Exec(asker Asker, s *Subject, p *Program) Execution {
	a := ask{asker: asker}
	next, ok := a.execLabel(s, p)
	if !ok {
		return Execution{Labelled: Labelled{Verdict: a.verdict}}
	}
	object := Object{Kind: ObjectPath, Ref: p.File.Ref}
	if next == s.SID {
		a.check(Query{
			Source: s.SID, Target: p.File.SID, Class: ClassFile, Perms: FileExecuteNoTrans,
		}, object)
		return Execution{Labelled: Labelled{Verdict: a.verdict, SID: next}}
	}
	_ = a.check(Query{Source: s.SID, Target: next, Class: ClassProcess, Perms: ProcessTransition}, object) &&
		a.check(Query{Source: next, Target: p.File.SID, Class: ClassFile, Perms: FileEntrypoint}, object) &&
		a.share(s, p, next)
	x := Execution{Changed: true}
	if a.allowed() {
		// A refusal is no failure, so the question is asked apart.
		clean := ask{asker: asker}
		x.Secure = !clean.process(s.SID, next, ProcessNoatsecure)
		a.verdict.Records = append(a.verdict.Records, clean.verdict.Records...)
	}
	x.Labelled = Labelled{Verdict: a.verdict, SID: next}
	return x
}

// execLabel computes the label after exec, and fails where the task asked for
// one that it can't get.
func (a *ask) execLabel(s *Subject, p *Program) (policy.SID, bool) {
	next, asked := s.Exec, s.Exec != 0
	if !asked {
		var ok bool
		if next, ok = a.transition(s.SID, p.File.SID, ClassProcess, ""); !ok {
			return 0, false
		}
	}
	if next == s.SID || !p.NoNewPrivs && !p.NoSuid || a.restricted(s, p, next) {
		return next, true
	}
	switch {
	case !asked:
		return s.SID, true
	case p.NoNewPrivs:
		return 0, a.fail(syscall.EPERM)
	default:
		return 0, a.fail(syscall.EACCES)
	}
}

// restricted reports whether the label may change although privileges must not
// grow: where the policy says so, or to a type bounded by the current one.
func (a *ask) restricted(s *Subject, p *Program, next policy.SID) bool {
	if a.asker.Has(policy.CapNNPNosuidTransition) {
		var perms Perms
		if p.NoNewPrivs {
			perms |= Process2NNPTransition
		}
		if p.NoSuid {
			perms |= Process2NosuidTransition
		}
		probe := ask{asker: a.asker}
		ok := probe.check(Query{Source: s.SID, Target: next, Class: ClassProcess2, Perms: perms}, Object{})
		a.verdict.Records = append(a.verdict.Records, probe.verdict.Records...)
		if ok {
			return true
		}
	}
	return a.asker.Bounded(s.SID, next)
}

// share asks about other processes that reach into the task after exec.
func (a *ask) share(s *Subject, p *Program, next policy.SID) bool {
	if p.Shared && !a.checkErrno(Query{
		Source: s.SID, Target: next, Class: ClassProcess, Perms: ProcessShare,
	}, Object{}, syscall.EPERM) {
		return false
	}
	return p.Tracer == 0 || a.checkErrno(Query{
		Source: p.Tracer, Target: next, Class: ClassProcess, Perms: ProcessPtrace,
	}, Object{}, syscall.EPERM)
}

// Commitment says what a change of label by exec resets, beside the descriptors
// that InheritFile refuses, the controlling terminal that InheritTerminal
// refuses, and the signal for the death of the parent, which is always cleared.
type Commitment struct {
	// ResetLimits has each soft limit lowered to the lesser of the task's hard
	// limit and init's soft one.
	ResetLimits bool
	// ResetSignals has interval timers cleared, pending signals dropped, handlers
	// and mask reset.
	ResetSignals bool
	Records      []Record
}

// Commit is asked after an exec that changed the label from old to next.
func Commit(asker Asker, old, next policy.SID) Commitment {
	limits := process(asker, old, next, ProcessRlimitinh)
	signals := process(asker, old, next, ProcessSiginh)
	return Commitment{
		ResetLimits:  !limits.Allowed(),
		ResetSignals: !signals.Allowed(),
		Records:      append(limits.Records, signals.Records...),
	}
}

// Committed returns the task's labels after an exec that gave it next: what it
// asked for new objects is forgotten in any case.
func (s *Subject) Committed(next policy.SID) Subject {
	return Subject{SID: next, Previous: s.SID}
}

// MapProgram is asked for the program and for its ELF interpreter when they are
// mapped by the task under its new label; opened is the label that it had
// before.
func MapProgram(asker Asker, next, opened policy.SID, file *Inode) Verdict {
	return MapFile(
		asker, &Subject{SID: next}, &File{SID: opened, Inode: *file},
		Mapping{Exec: true},
	)
}
