package avclog

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"syscall"
	"time"

	"seward/audit"
	"seward/enforce/supervisor"
	"seward/internal/linux"
)

// Destinations beside file names.
const (
	Stderr  = "stderr"
	Daemon  = "log"
	Journal = "journal"
	Nobody  = "none"
)

// Options say where events go.
type Options struct {
	// Destinations are those above; everything else names a file, to which whole
	// events are appended, in the form of the audit daemon. Default: nowhere.
	Destinations []string
	// Files are more files, whatever their names.
	Files []string
	// Stderr is where Stderr is.
	Stderr io.Writer
	// Rate is how many events are logged in a second at most. Default 0: all.
	Rate int
	// Log is told that events were lost. nil tells nobody.
	Log *slog.Logger
}

// Sink sends events to where they go. Open makes one.
type Sink struct {
	gatherer gatherer
	outputs  []*output
}

// output is one destination.
type output struct {
	*audit.Log
	// brief leaves out what goes with a decision: the call, its paths.
	brief bool
	close func() error
}

// Open opens all destinations.
func Open(opts *Options) (*Sink, error) {
	s := &Sink{}
	for _, name := range opts.Destinations {
		o, err := open(name, opts)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		if o != nil {
			s.outputs = append(s.outputs, o)
		}
	}
	for _, name := range opts.Files {
		o, err := openFile(name, opts)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.outputs = append(s.outputs, o)
	}
	return s, nil
}

// newLog returns a log that tells when it has lost something.
func newLog(name string, w io.Writer, opts *Options) *audit.Log {
	return audit.NewLogWith(w, audit.Options{Rate: opts.Rate, Lost: func(total uint64) {
		if opts.Log != nil {
			opts.Log.Warn("audit events lost", "destination", name, "lost", total, "rate", opts.Rate)
		}
	}})
}

func open(name string, opts *Options) (*output, error) {
	switch name {
	case Nobody:
		return nil, nil //nolint:nilnil // nowhere is no output and no error.
	case Stderr:
		return &output{newLog(name, opts.Stderr, opts), true, func() error { return nil }}, nil
	case Daemon:
		if err := mayAudit(); err != nil {
			return nil, err
		}
		socket, err := audit.Dial()
		if err != nil {
			return nil, err
		}
		return &output{newLog(name, socket, opts), true, socket.Close}, nil
	case Journal:
		journal, err := audit.DialJournal(audit.JournalSocket)
		if err != nil {
			return nil, err
		}
		return &output{newLog(name, journal, opts), false, journal.Close}, nil
	}
	return openFile(name, opts)
}

func openFile(name string, opts *Options) (*output, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	return &output{newLog(name, file, opts), false, file.Close}, nil
}

// mayAudit says before anything is lost that the kernel wouldn't take records.
func mayAudit() error {
	const capAuditWrite = 29
	st, err := linux.ReadStatus(os.Getpid())
	if err != nil {
		return fmt.Errorf("read own capabilities: %w", err)
	}
	if st.Caps.Effective>>capAuditWrite&1 == 0 {
		return fmt.Errorf("send audit records: capability audit_write: %w", syscall.EPERM)
	}
	return nil
}

// Event takes what a supervisor reports. It may be called from any goroutine.
func (s *Sink) Event(e *supervisor.Event) {
	all := s.gatherer.add(e)
	if len(all) == 0 {
		return
	}
	for _, o := range s.outputs {
		event := Event(all) // each log puts its own numbers in
		if o.brief {
			event.Syscall, event.Address, event.Dir, event.Paths, event.Title = nil, nil, "", nil, nil
		}
		// The log keeps its first error, which closing reports.
		_ = o.WriteEvent(event)
	}
}

// Empty reports whether events go nowhere.
func (s *Sink) Empty() bool { return len(s.outputs) == 0 }

// Brief reports whether nobody wants to know of the calls.
func (s *Sink) Brief() bool {
	return !slices.ContainsFunc(s.outputs, func(o *output) bool { return !o.brief })
}

// Text takes a record that belongs to no event, such as the security server's own.
func (s *Sink) Text(kind, text string) {
	for _, o := range s.outputs {
		_ = o.WriteText(time.Now(), kind, text)
	}
}

// Close writes what is left and reports what went wrong.
func (s *Sink) Close() error {
	var all []error
	for _, o := range s.outputs {
		all = append(all, o.Log.Close(), o.close())
	}
	if err := errors.Join(all...); err != nil {
		return fmt.Errorf("close audit log: %w", err)
	}
	return nil
}
