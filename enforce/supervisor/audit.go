package supervisor

import (
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"seward/enforce/hooks"
	"seward/enforce/selinuxfs"
	"seward/internal/linux"
	"seward/policy"
)

// What is to be logged of a call is kept until its outcome is known, and given
// away before the call is answered: a program that goes on finds the log complete.
// Only where the outcome is the number of a descriptor, which the kernel chooses
// when it answers, the log follows.

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
	if a.engine.cfg.Audit == nil || len(records) == 0 {
		return
	}
	first := len(a.events)
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
		a.events = append(a.events, event)
	}
	if a.quiet {
		// The tracer's: nobody answers a call here.
		var c *Call
		if !a.engine.cfg.BareEvents {
			a.asSelf(func() { c = a.engine.callAt(a.task) })
		}
		a.engine.deliver(a.events[first:], c)
		a.events = a.events[:first]
	}
}

// deliver gives events of one call away.
func (e *engine) deliver(events []*Event, c *Call) {
	for i, event := range events {
		event.Call, event.Last = c, i == len(events)-1
		e.cfg.Audit(event)
	}
}

// gather completes what is known of the call that events happened in, while its
// objects are still at hand.
func (a *actor) gather() {
	if len(a.events) == 0 || a.engine.cfg.BareEvents {
		return
	}
	c := a.callOf()
	a.addPaths(c)
	a.audited = c
}

// deliverAs gives the events of the call away that is about to be answered.
func (a *actor) deliverAs(v *answer) {
	if len(a.events) == 0 {
		return
	}
	if c := a.audited; c != nil {
		switch v.kind {
		case answerErrno:
			c.Done, c.Exit = true, -int64(v.errno)
			if v.errno >= linux.ErrRestart {
				c.Exit = -int64(syscall.EINTR)
			}
		case answerValue, answerFD:
			c.Done, c.Exit = true, v.value
		case answerContinue, answerNone:
		}
	}
	a.engine.deliver(a.events, a.audited)
	clear(a.events)
	a.events, a.audited = a.events[:0], nil
}

// report logs records of a task that no actor is at work for.
func (e *engine) report(t *task, call string, records []hooks.Record) {
	if e.cfg.Audit == nil || len(records) == 0 {
		return
	}
	events := make([]*Event, len(records))
	for i := range records {
		events[i] = e.event(t, call, &records[i])
	}
	var c *Call
	if !e.cfg.BareEvents {
		c = e.callAt(t)
	}
	e.deliver(events, c)
}

// changedBy logs what a program has changed of the system as a whole.
func (e *engine) changedBy(c *selinuxfs.Caller, kind, text string) {
	if t, ok := c.Ref.(*task); ok && t != nil {
		e.report(t, "write", []hooks.Record{{Kind: hooks.RecordChange, Op: kind, Text: text, Source: c.Subject.SID}})
	}
}

// event makes what is logged of a record, but for its object.
func (e *engine) event(t *task, call string, r *hooks.Record) *Event {
	event := &Event{Time: time.Now(), PID: t.tgid, TID: t.tid, Syscall: call, Record: *r}
	event.Comm = commOf(t.tid)
	event.Source, event.Target = e.labelText(r.Source), e.labelText(r.Target)
	event.SourceRaw, event.TargetRaw = e.rawText(r.Source), e.rawText(r.Target)
	event.Name = r.Object.Name
	return event
}

func (e *engine) labelText(sid policy.SID) string {
	if sid == 0 {
		return ""
	}
	return e.auth.context(sid)
}

// rawText returns the text of a label that the policy doesn't know, empty for
// others.
func (e *engine) rawText(sid policy.SID) string {
	if sid == 0 {
		return ""
	}
	text, valid := e.auth.server.Snapshot().RawContext(sid)
	if valid {
		return ""
	}
	return text
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
	case hooks.ObjectSocket:
		event.Name = ""
		if event.Socket = socketNames(p.fd); r.Object.Name != "" {
			event.Socket = &SocketNames{Path: r.Object.Name}
		}
		return
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
