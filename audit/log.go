package audit

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Options of a Log. The zero value keeps everything that the writer takes.
type Options struct {
	// Rate is how many events are written in a second at most, as by the kernel's
	// audit_rate_limit. Default 0: all.
	Rate int
	// Backlog is how many events may wait for a writer that is slow, as by the
	// kernel's audit_backlog_limit. Default 8192.
	Backlog int
	// Wait is how long an event waits for room in a full backlog before it is given
	// up. Default 1 s.
	Wait time.Duration
	// Lost is called when the first event is given up, and at the end, with how
	// many were. Default: the log alone tells.
	Lost func(total uint64)
	// now is time.Now, but for tests.
	now func() time.Time
}

const (
	defaultBacklog = 8192
	defaultWait    = time.Second
)

// Log numbers events and writes them, each in one write.
//
// Who logs writes, unless somebody does already: then the event waits in the
// backlog, which whoever writes empties. What is given up, because there are too
// many events or the writer doesn't keep up, is counted, and a record of the type
// KERNEL says how many were lost, in the kernel's words.
type Log struct {
	opts Options

	mu      sync.Mutex
	room    *sync.Cond // signalled when the backlog shrinks or time is up
	w       io.Writer
	serial  uint64
	queue   [][]byte
	writing bool
	err     error

	lost     uint64 // in all
	reported uint64 // of these, those that a record tells of
	window   time.Time
	count    int // events since window began
}

// NewLog returns a Log that writes lines like those of audit.log.
func NewLog(w io.Writer) *Log { return NewLogWith(w, Options{}) }

// NewLogWith is NewLog with options.
func NewLogWith(w io.Writer, opts Options) *Log {
	if opts.Backlog <= 0 {
		opts.Backlog = defaultBacklog
	}
	if opts.Wait <= 0 {
		opts.Wait = defaultWait
	}
	if opts.now == nil {
		opts.now = time.Now
	}
	l := &Log{opts: opts, w: w}
	l.room = sync.NewCond(&l.mu)
	return l
}

// Write gives the record a serial number, and the time if it has none, and
// writes it. The error is the first that the writer had: a log that lost a record
// doesn't pretend otherwise.
func (l *Log) Write(r *Record) error {
	return l.write(func(buf []byte, serial uint64) []byte {
		if r.Time.IsZero() {
			r.Time = l.opts.now()
		}
		r.Serial = serial
		return append(r.Append(appendStamp(buf, "AVC", r.Time, serial)), '\n')
	})
}

// WriteEvent writes all records of an event.
func (l *Log) WriteEvent(e *Event) error {
	return l.write(func(buf []byte, serial uint64) []byte {
		for _, r := range e.Records {
			r.Time, r.Serial = e.Time, serial
		}
		return e.Append(buf, serial)
	})
}

// WriteInvalid logs an attempt to set a label that is no context, as the kernel
// does: op=setxattr invalid_context="...".
func (l *Log) WriteInvalid(at time.Time, op, context string) error {
	return l.WriteText(at, "SELINUX_ERR", InvalidContext(op, context))
}

// InvalidContext is the text of a record about an attempt to set a label that is
// no context.
func InvalidContext(op, context string) string {
	return string(appendField([]byte("op="+op), Text("invalid_context", context)))
}

// WriteText logs a text as a record of a type, such as MAC_STATUS, that is no
// decision.
func (l *Log) WriteText(at time.Time, kind, text string) error {
	return l.write(func(buf []byte, serial uint64) []byte {
		return append(append(appendStamp(buf, kind, at, serial), text...), '\n')
	})
}

// Err returns the first error that the writer had.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Lost returns how many events were given up.
func (l *Log) Lost() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Close writes what is still to be told of lost events, and returns the first
// error that the writer had. The writer stays open.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost > l.reported {
		l.tellLost()
		l.drain()
	}
	if l.lost > 0 && l.opts.Lost != nil {
		l.opts.Lost(l.lost)
	}
	return l.err
}

func (l *Log) write(fill func(buf []byte, serial uint64) []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.admitted() || !l.waitForRoom() {
		l.lost++
		if l.lost == 1 && l.opts.Lost != nil {
			l.opts.Lost(1)
		}
		return l.err
	}
	if l.lost > l.reported {
		l.tellLost()
	}
	l.serial++
	l.queue = append(l.queue, fill(nil, l.serial))
	if !l.writing {
		l.drain()
	}
	return l.err
}

// admitted counts an event against the rate, as the kernel does: so many from the
// first one of a second on (kernel/audit.c, audit_rate_check).
func (l *Log) admitted() bool {
	if l.opts.Rate <= 0 {
		return true
	}
	now := l.opts.now()
	if now.Sub(l.window) >= time.Second {
		l.window, l.count = now, 0
	}
	l.count++
	return l.count <= l.opts.Rate
}

// waitForRoom waits for a place in the backlog.
func (l *Log) waitForRoom() bool {
	if len(l.queue) < l.opts.Backlog {
		return true
	}
	expired := false
	timer := time.AfterFunc(l.opts.Wait, func() {
		l.mu.Lock()
		expired = true
		l.mu.Unlock()
		l.room.Broadcast()
	})
	defer timer.Stop()
	for len(l.queue) >= l.opts.Backlog {
		if expired {
			return false
		}
		l.room.Wait()
	}
	return true
}

// tellLost puts a record about lost events in the queue.
func (l *Log) tellLost() {
	l.serial++
	l.reported = l.lost
	line := appendStamp(nil, "KERNEL", l.opts.now(), l.serial)
	l.queue = append(l.queue, fmt.Appendf(line, "audit_lost=%d audit_rate_limit=%d audit_backlog_limit=%d\n", l.lost, l.opts.Rate, l.opts.Backlog))
}

// drain writes the queue until it is empty. l.mu is held, but not while writing.
func (l *Log) drain() {
	l.writing = true
	for len(l.queue) > 0 {
		batch := l.queue
		l.queue = nil
		l.room.Broadcast()
		l.mu.Unlock()
		var failed error
		for _, lines := range batch {
			if _, err := l.w.Write(lines); err != nil && failed == nil {
				failed = err
			}
		}
		l.mu.Lock()
		if failed != nil && l.err == nil {
			l.err = fmt.Errorf("write audit log: %w", failed)
		}
	}
	l.writing = false
}
