package supervisor

import (
	"syscall"
	"time"

	"seward/internal/linux"
	"seward/policy"
)

// Calls that wait take an actor each, and there are not more than maxActors. When
// most of them wait, whoever holds the most gives some back: else one program
// could have all of them wait for what never comes, and nobody's calls would be
// answered any more.

const (
	// crowd is how many actors may be busy for as long as they like.
	crowd = maxActors * 3 / 4
	// stallTime is how long a call may wait while there is a crowd.
	stallTime = 10 * time.Second
	stallLook = time.Second
	// crew is how many actors look at once as often as patience says.
	crew = 16
)

// stall is a call that an actor has been seen with.
type stall struct {
	id    uint64
	since time.Time
}

// holder is who has actors wait: a process under a label.
type holder struct {
	label policy.SID
	tgid  int
}

// relieve ends programs that have most of the actors wait. It runs from when
// there is a crowd for the first time.
func (e *engine) relieve() {
	tick := time.NewTicker(stallLook)
	defer tick.Stop()
	seen := map[*actor]stall{}
	for {
		select {
		case <-e.receive.over:
			return
		case <-tick.C:
		}
		stalled := e.stalled(seen, time.Now())
		for left := len(seen); left > crowd && len(stalled) > 0; {
			h := greediest(stalled)
			e.log.Warn("program ended: it has too many calls wait", "pid", h.tgid, "calls", stalled[h],
				"label", e.auth.context(h.label))
			_ = linux.Kill(h.tgid, syscall.SIGKILL)
			left -= stalled[h]
			delete(stalled, h)
		}
	}
}

// stalled brings seen up to date and returns how many calls each process has had
// waiting for too long.
func (e *engine) stalled(seen map[*actor]stall, now time.Time) map[holder]int {
	m := &e.mounts
	m.actorsMu.Lock()
	defer m.actorsMu.Unlock()
	for a := range seen {
		if !m.actors[a] || a.busyFor.Load() == 0 {
			delete(seen, a)
		}
	}
	list := map[holder]int{}
	for a := range m.actors {
		tid, id := int(a.busyFor.Load()), a.busyWith.Load()
		if tid == 0 {
			continue
		}
		if s, ok := seen[a]; !ok || s.id != id {
			seen[a] = stall{id, now}
			continue
		}
		t := e.tasks.get(tid)
		if t == nil || now.Sub(seen[a].since) < stallTime {
			continue
		}
		list[holder{t.subject.Load().SID, t.tgid}]++
	}
	return list
}

// greediest returns the process with the most calls under the label with the
// most: many processes with a call each are no better than one with many.
func greediest(calls map[holder]int) holder {
	byLabel := map[policy.SID]int{}
	for h, n := range calls {
		byLabel[h.label] += n
	}
	var most holder
	for h, n := range calls {
		l, best := byLabel[h.label], byLabel[most.label]
		if most.tgid == 0 || l > best || h.label == most.label && n > calls[most] {
			most = h
		}
	}
	return most
}

// pause is how long a waiting actor sleeps before it looks again: longer the more
// there are, so that they leave the processors to others.
func (a *actor) pause() time.Duration {
	r := &a.engine.receive
	r.mu.Lock()
	n := r.actors - r.idle
	r.mu.Unlock()
	return patience * time.Duration(max(1, n/crew))
}
