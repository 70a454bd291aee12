package selinuxfs

import (
	"syscall"

	"seward/enforce/hooks"
	"seward/policy"
)

// Task is a task whose /proc/PID/attr is open.
type Task interface {
	// Subject returns the task's labels.
	Subject() hooks.Subject
	// Is reports whether the caller is this very task.
	Is(c *Caller) bool
	// Writer returns what is to be known of the task when it writes.
	Writer() hooks.Writer
	// SetAttribute gives the task another label, 0 to unset it.
	SetAttribute(attr hooks.Attribute, sid policy.SID)
}

// Attributes serves /proc/PID/attr.
type Attributes struct {
	Asker hooks.Asker
	// Context returns the text of a label.
	Context func(policy.SID) (string, error)
}

// attribute is an open file of /proc/PID/attr.
type attribute struct {
	served *Attributes
	task   Task
	attr   hooks.Attribute
}

// Open opens a file of a task's attr directory.
func (a *Attributes) Open(task Task, attr hooks.Attribute) Handle {
	return &attribute{served: a, task: task, attr: attr}
}

// Read gives the label's text and a NUL; nothing for a label that is unset.
func (h *attribute) Read(c *Caller, p []byte, offset int64) (int, hooks.Verdict) {
	subject := h.task.Subject()
	verdict := hooks.ReadAttribute(h.served.Asker, &c.Subject, subject.SID, h.task.Is(c))
	if !verdict.Allowed() {
		return 0, verdict
	}
	sid := subject.Attribute(h.attr)
	if sid == 0 {
		return 0, verdict
	}
	text, err := h.served.Context(sid)
	if err != nil {
		verdict.Errno = ErrnoOf(err)
		return 0, verdict
	}
	n, read := copyAt(p, append([]byte(text), 0), offset)
	verdict.Errno = read.Errno
	return n, verdict
}

// Write sets the label. Nothing, or a text that begins with a NUL or a line feed,
// unsets it.
func (h *attribute) Write(c *Caller, p []byte, offset int64) (int, hooks.Verdict) {
	// The order is that of proc_pid_attr_write in the kernel's fs/proc/base.c.
	if !h.task.Is(c) {
		return 0, fail(syscall.EACCES)
	}
	p = p[:min(len(p), pageSize)]
	if offset != 0 {
		return 0, fail(syscall.EINVAL)
	}
	subject := h.task.Subject()
	labelled := hooks.WriteAttribute(h.served.Asker, &subject, h.attr, AttributeText(p), h.task.Writer())
	if !labelled.Allowed() {
		return 0, labelled.Verdict
	}
	h.task.SetAttribute(h.attr, labelled.SID)
	return len(p), labelled.Verdict
}

// AttributeText returns the context that is meant by what is written to a file
// of /proc/PID/attr: without a line feed at the end and without what follows a
// NUL; empty to unset the label.
func AttributeText(p []byte) string {
	if len(p) == 0 || p[0] == 0 || p[0] == '\n' {
		return ""
	}
	if p[len(p)-1] == '\n' {
		p = p[:len(p)-1]
	}
	return cString(string(p))
}
