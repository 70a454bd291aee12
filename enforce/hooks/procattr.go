package hooks

import (
	"syscall"

	"seward/policy"
)

// Attribute is a file of /proc/PID/attr.
type Attribute uint8

// Files of /proc/PID/attr.
const (
	AttrCurrent Attribute = iota
	AttrPrevious
	AttrExec
	AttrFSCreate
	AttrKeyCreate
	AttrSockCreate
	attributeCount
)

var attributeNames = [attributeCount]string{
	"current", "prev", "exec", "fscreate", "keycreate", "sockcreate",
}

// String returns the name of the file.
func (attr Attribute) String() string {
	if attr < attributeCount {
		return attributeNames[attr]
	}
	return "invalid"
}

// AttributeByName returns the attribute whose file has the name.
func AttributeByName(name string) (Attribute, bool) {
	for i, n := range attributeNames {
		if n == name {
			return Attribute(i), true
		}
	}
	return 0, false
}

// Attribute returns the label that the task has for attr; 0 is unset.
func (s *Subject) Attribute(attr Attribute) policy.SID {
	switch attr {
	case AttrCurrent:
		return s.SID
	case AttrPrevious:
		return s.Previous
	case AttrExec:
		return s.Exec
	case AttrFSCreate:
		return s.FSCreate
	case AttrKeyCreate:
		return s.KeyCreate
	case AttrSockCreate:
		return s.SockCreate
	}
	return 0
}

// SetAttribute changes the label that the task has for attr, after the verdict
// of WriteAttribute allowed it.
func (s *Subject) SetAttribute(attr Attribute, sid policy.SID) {
	switch attr {
	case AttrCurrent:
		s.SID = sid
	case AttrExec:
		s.Exec = sid
	case AttrFSCreate:
		s.FSCreate = sid
	case AttrKeyCreate:
		s.KeyCreate = sid
	case AttrSockCreate:
		s.SockCreate = sid
	case AttrPrevious:
	}
}

// Writer is what WriteAttribute must know of the task beside its labels.
type Writer struct {
	// MacAdmin reports that the task has the capability mac_admin, before the
	// policy is asked for it.
	MacAdmin bool
	// Threads reports that the process has other threads.
	Threads bool
	// Tracer is the label of who traces the task, 0 if nobody does.
	Tracer policy.SID
}

var attributePermissions = [attributeCount]Perms{
	AttrCurrent:    ProcessSetcurrent,
	AttrExec:       ProcessSetexec,
	AttrFSCreate:   ProcessSetfscreate,
	AttrKeyCreate:  ProcessSetkeycreate,
	AttrSockCreate: ProcessSetsockcreate,
}

// WriteAttribute is asked when a task writes a file of its own /proc/PID/attr or
// calls lsm_set_self_attr. Others' attributes can't be written (EACCES). text is
// as the kernel takes it: a final newline or NUL removed; empty unsets, but for
// current. The verdict's SID is the new value, 0 to unset.
func WriteAttribute(asker Asker, s *Subject, attr Attribute, text string, w Writer) Labelled {
	a := ask{asker: asker}
	if attr >= attributeCount || attributePermissions[attr] == 0 {
		a.fail(syscall.EINVAL)
		return Labelled{Verdict: a.verdict}
	}
	if !a.process(s.SID, s.SID, attributePermissions[attr]) {
		return Labelled{Verdict: a.verdict}
	}
	var sid policy.SID
	if text != "" {
		var ok bool
		if sid, ok = a.attributeContext(s, attr, text, w.MacAdmin); !ok {
			return Labelled{Verdict: a.verdict}
		}
	}
	switch attr {
	case AttrKeyCreate:
		if sid != 0 {
			a.check(Query{Source: s.SID, Target: sid, Class: ClassKey, Perms: KeyCreate}, Object{})
		}
	case AttrCurrent:
		a.setCurrent(s, sid, w)
	case AttrPrevious, AttrExec, AttrFSCreate, AttrSockCreate:
	}
	if !a.allowed() {
		sid = 0
	}
	return Labelled{Verdict: a.verdict, SID: sid}
}

// attributeContext turns a written text into a label. Only fscreate takes one
// that the policy doesn't know, from those who may set such on files.
func (a *ask) attributeContext(s *Subject, attr Attribute, text string, macAdmin bool) (policy.SID, bool) {
	if attr == AttrFSCreate {
		return a.contextToSet(s, "fscreate", text, macAdmin)
	}
	sid, err := a.asker.SID(text)
	if err != nil {
		return 0, a.fail(syscall.EINVAL)
	}
	return sid, true
}

// setCurrent asks for a task's change of its own label without exec.
func (a *ask) setCurrent(s *Subject, sid policy.SID, w Writer) {
	if sid == 0 {
		a.fail(syscall.EINVAL)
		return
	}
	if w.Threads && !a.asker.Bounded(s.SID, sid) {
		a.fail(syscall.EPERM)
		return
	}
	if a.process(s.SID, sid, ProcessDyntransition) && w.Tracer != 0 {
		a.process(w.Tracer, sid, ProcessPtrace)
	}
}

// ReadAttribute is asked for reading a file of /proc/PID/attr. One's own are
// free.
func ReadAttribute(asker Asker, s *Subject, target policy.SID, own bool) Verdict {
	if own {
		return Verdict{}
	}
	return process(asker, s.SID, target, ProcessGetattr)
}
