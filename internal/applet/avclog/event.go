package avclog

import (
	"sync"

	"seward/audit"
	"seward/enforce/hooks"
	"seward/enforce/supervisor"
)

// Event puts what was reported of one call together, with the call itself. The
// events must not be empty.
func Event(events []*supervisor.Event) *audit.Event {
	e := &audit.Event{Time: events[0].Time}
	for _, event := range events {
		if r := Record(event); r != nil {
			e.Records = append(e.Records, r)
		} else {
			e.Texts = append(e.Texts, text(event))
		}
	}
	c := events[0].Call
	if c == nil {
		return e
	}
	if c.Number >= 0 {
		e.Syscall = callRecord(c)
	}
	e.Address, e.Dir, e.Title = c.Address, c.Dir, c.Title
	for i := range c.Paths {
		e.Paths = append(e.Paths, pathRecord(&c.Paths[i]))
	}
	return e
}

// text is the record of an event that is no decision.
func text(e *supervisor.Event) audit.TextRecord {
	if e.Record.Kind == hooks.RecordChange {
		return audit.TextRecord{Kind: e.Record.Op, Text: e.Record.Text}
	}
	return audit.TextRecord{Kind: "SELINUX_ERR", Text: audit.InvalidContext(e.Record.Op, e.Record.Text)}
}

func callRecord(c *supervisor.Call) *audit.Syscall {
	return &audit.Syscall{
		Arch: c.Arch, Number: c.Number, Done: c.Done, Exit: c.Exit, Args: c.Args,
		PPID: c.PPID, PID: c.PID, LoginUID: c.LoginUID, Session: c.Session,
		UID: c.UID, EUID: c.EUID, SUID: c.SUID, FSUID: c.FSUID,
		GID: c.GID, EGID: c.EGID, SGID: c.SGID, FSGID: c.FSGID,
		Terminal: c.Terminal, Comm: c.Comm, Exe: c.Exe, Subject: c.Subject,
	}
}

var roles = map[supervisor.PathRole]string{
	supervisor.PathUnknown: "UNKNOWN",
	supervisor.PathNormal:  "NORMAL",
	supervisor.PathParent:  "PARENT",
	supervisor.PathDelete:  "DELETE",
	supervisor.PathCreate:  "CREATE",
}

func pathRecord(p *supervisor.CallPath) audit.PathItem {
	return audit.PathItem{
		Name: p.Name, Role: roles[p.Role], Found: p.Found, Inode: p.Inode, Dev: p.Dev, Rdev: p.Rdev,
		Mode: p.Mode, UID: p.OwnerUID, GID: p.OwnerGID, Label: p.Label,
	}
}

// gatherer puts the events of each call together.
type gatherer struct {
	mu   sync.Mutex
	open map[*supervisor.Call][]*supervisor.Event
}

// add takes an event and returns all of its call with the last of them, nil
// before.
func (g *gatherer) add(e *supervisor.Event) []*supervisor.Event {
	if e.Call == nil {
		return []*supervisor.Event{e}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open = map[*supervisor.Call][]*supervisor.Event{}
	}
	all := append(g.open[e.Call], e)
	if !e.Last {
		g.open[e.Call] = all
		return nil
	}
	delete(g.open, e.Call)
	return all
}
