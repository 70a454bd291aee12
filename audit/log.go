package audit

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Log numbers records and writes them, each in one write.
type Log struct {
	mu     sync.Mutex
	w      io.Writer
	serial uint64
	buf    []byte
	err    error
}

// NewLog returns a Log that writes lines like those of audit.log.
func NewLog(w io.Writer) *Log { return &Log{w: w} }

// Write gives the record a serial number, and the time if it has none, and
// writes it. The error is the first that the writer had: a log that lost a record
// doesn't pretend otherwise.
func (l *Log) Write(r *Record) error {
	return l.write(func(buf []byte, serial uint64) []byte {
		if r.Time.IsZero() {
			r.Time = time.Now()
		}
		r.Serial = serial
		return r.Append(appendStamp(buf, "AVC", r.Time, serial))
	})
}

// WriteInvalid logs an attempt to set a label that is no context, as the kernel
// does: op=setxattr invalid_context="...".
func (l *Log) WriteInvalid(at time.Time, op, context string) error {
	return l.write(func(buf []byte, serial uint64) []byte {
		buf = appendStamp(buf, "SELINUX_ERR", at, serial)
		buf = append(buf, "op="...)
		buf = append(buf, op...)
		return appendField(buf, Text("invalid_context", context))
	})
}

// WriteText logs a text as a record of a type, such as MAC_STATUS, that is no
// decision.
func (l *Log) WriteText(at time.Time, kind, text string) error {
	return l.write(func(buf []byte, serial uint64) []byte {
		return append(appendStamp(buf, kind, at, serial), text...)
	})
}

// Err returns the first error that the writer had.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *Log) write(fill func(buf []byte, serial uint64) []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serial++
	l.buf = append(fill(l.buf[:0], l.serial), '\n')
	if _, err := l.w.Write(l.buf); err != nil && l.err == nil {
		l.err = fmt.Errorf("write audit log: %w", err)
	}
	return l.err
}
