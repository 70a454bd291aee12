package supervisor

import (
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// judge turns a hook's verdict into the errno that the call fails with, and has
// its records logged. dac, if given, says whether the kernel would refuse the
// call for reasons of its own, which come first: then nothing is logged. It is
// only asked where the verdict leaves something to say.
func (a *actor) judge(v hooks.Verdict, dac func() syscall.Errno) syscall.Errno {
	if v.Errno == 0 && len(v.Records) == 0 {
		return 0
	}
	if dac != nil {
		if e := dac(); e != 0 {
			return e
		}
	}
	a.record(v.Records)
	a.refused = a.refused || v.Errno != 0
	return v.Errno
}

// record logs.
func (a *actor) record(records []hooks.Record) {
	if a.engine.cfg.Audit == nil {
		return
	}
	for i := range records {
		name := ""
		if a.entry != nil {
			name = a.entry.name
		}
		event := a.engine.event(a.task, name, &records[i])
		if p, ok := records[i].Object.Ref.(*place); ok && p != nil {
			a.describe(event, p, &records[i])
		}
		if fs, ok := records[i].Object.Ref.(*filesystem); ok && fs != nil {
			event.Name, event.Device = "/", fs.device()
		}
		a.engine.cfg.Audit(event)
	}
}

// report logs records of a task that no actor is at work for.
func (e *engine) report(t *task, call string, records []hooks.Record) {
	if e.cfg.Audit == nil {
		return
	}
	for i := range records {
		e.cfg.Audit(e.event(t, call, &records[i]))
	}
}

// event makes what is logged of a record, but for its object.
func (e *engine) event(t *task, call string, r *hooks.Record) *Event {
	event := &Event{Time: time.Now(), PID: t.tgid, TID: t.tid, Syscall: call, Record: *r}
	event.Comm = commOf(t.tid)
	event.Source, event.Target = e.labelText(r.Source), e.labelText(r.Target)
	event.Name = r.Object.Name
	return event
}

func (e *engine) labelText(sid policy.SID) string {
	if sid == 0 {
		return ""
	}
	return e.auth.context(sid)
}

func commOf(tid int) string {
	data, _ := linux.ReadFile("/proc/" + strconv.Itoa(tid) + "/comm")
	return strings.TrimSuffix(string(data), "\n")
}

// describe adds what is known of a record's object.
func (a *actor) describe(event *Event, p *place, r *hooks.Record) {
	switch r.Object.Kind {
	case hooks.ObjectNewName:
		event.Name = r.Object.Name
		return
	case hooks.ObjectPath, hooks.ObjectIoctl:
		event.Path = a.pathOf(p)
	case hooks.ObjectName:
		event.Name = path.Base(a.pathOf(p))
	default:
	}
	event.Inode = p.st.Ino
	if p.node != nil {
		event.Device = "proc"
		switch p.node.kind {
		case nodeFS:
			event.Device = "selinuxfs"
		case nodeEtc:
			event.Device = "seward"
		default:
		}
		return
	}
	event.Device = a.engine.labels.filesystem(&p.st).device()
}
