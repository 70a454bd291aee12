package selinuxfs

import (
	"syscall"
	"testing"

	"seward/enforce/hooks"
	"seward/policy"
)

// fakeTask is the task of one caller.
type fakeTask struct {
	labels hooks.Subject
	owner  *Caller
	writer hooks.Writer
}

func (f *fakeTask) Subject() hooks.Subject { return f.labels }
func (f *fakeTask) Is(c *Caller) bool      { return c == f.owner }
func (f *fakeTask) Writer() hooks.Writer   { return f.writer }
func (f *fakeTask) SetAttribute(attr hooks.Attribute, sid policy.SID) {
	f.labels.SetAttribute(attr, sid)
}

func TestAttributes(t *testing.T) {
	s := newStage(t, build(t, builder()))
	served := &Attributes{Asker: s.asker, Context: s.server.Context}
	own := &fakeTask{labels: s.task.Subject, owner: s.task}
	read := func(c *Caller, f *fakeTask, attr hooks.Attribute) string {
		buf := make([]byte, 100)
		n, v := served.Open(f, attr).Read(c, buf, 0)
		if !v.Allowed() {
			return v.Errno.Error()
		}
		return string(buf[:n])
	}
	write := func(c *Caller, f *fakeTask, attr hooks.Attribute, text string) syscall.Errno {
		n, v := served.Open(f, attr).Write(c, []byte(text), 0)
		if v.Allowed() && n != len(text) {
			t.Errorf("%s %q: wrote %d", attr, text, n)
		}
		return v.Errno
	}
	if got := read(s.task, own, hooks.AttrCurrent); got != task+"\x00" {
		t.Errorf("current: %q", got)
	}
	if got := read(s.task, own, hooks.AttrExec); got != "" {
		t.Errorf("exec unset: %q", got)
	}
	if got := read(s.guest, own, hooks.AttrCurrent); got != syscall.EACCES.Error() {
		t.Errorf("current of another: %q", got)
	}
	for _, text := range []string{guest, guest + "\x00", guest + "\n", guest + "\x00more"} {
		own.labels.Exec = 0
		if errno := write(s.task, own, hooks.AttrExec, text); errno != 0 || read(s.task, own, hooks.AttrExec) != guest+"\x00" {
			t.Errorf("exec %q: %v, %q", text, errno, read(s.task, own, hooks.AttrExec))
		}
	}
	for _, text := range []string{"", "\x00", "\n", "\nmore"} {
		own.labels.Exec = s.guest.Subject.SID
		if errno := write(s.task, own, hooks.AttrExec, text); errno != 0 || own.labels.Exec != 0 {
			t.Errorf("exec %q: %v, %v", text, errno, own.labels.Exec)
		}
	}
	if errno := write(s.task, own, hooks.AttrExec, "u:r:none_t"); errno != syscall.EINVAL {
		t.Errorf("an unknown context: %v", errno)
	}
	if errno := write(s.task, own, hooks.AttrFSCreate, file); errno != syscall.EACCES {
		t.Errorf("without permission: %v", errno)
	}
	if errno := write(s.guest, own, hooks.AttrExec, guest); errno != syscall.EACCES {
		t.Errorf("exec of another: %v", errno)
	}
	if _, v := served.Open(own, hooks.AttrExec).Write(s.task, []byte(guest), 1); v.Errno != syscall.EINVAL {
		t.Errorf("a partial write: %v", v.Errno)
	}
}
