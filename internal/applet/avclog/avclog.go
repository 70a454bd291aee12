package avclog

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"seward/audit"
	"seward/enforce/hooks"
	"seward/enforce/supervisor"
)

// Record returns the event as a record of the access vector cache; nil for an
// event of another kind.
func Record(e *supervisor.Event) *audit.Record {
	r := &e.Record
	if r.Kind != hooks.RecordAVC {
		return nil
	}
	return &audit.Record{
		Time:    e.Time,
		Granted: r.Granted,
		Perms:   r.Perms.Names(r.Class),
		Fields:  append(audit.Task(e.PID, e.Comm), object(e)...),
		Source:  e.Source, Target: e.Target,
		Class:      r.Class.String(),
		Permissive: r.Permissive,
	}
}

// object returns the fields that describe what the event is about.
func object(e *supervisor.Event) []audit.Field {
	o := &e.Record.Object
	switch o.Kind {
	case hooks.ObjectPath:
		return audit.Path(e.Path, e.Device, e.Inode)
	case hooks.ObjectIoctl:
		return append(audit.Path(e.Path, e.Device, e.Inode), audit.Hex("ioctlcmd", e.Record.Xperm.Value))
	case hooks.ObjectName, hooks.ObjectFilesystem:
		return audit.Name(e.Name, e.Device, e.Inode)
	case hooks.ObjectNewName:
		return audit.Name(o.Name, "", 0)
	case hooks.ObjectCapability:
		return []audit.Field{audit.Number("capability", o.Number)}
	case hooks.ObjectIPC:
		return []audit.Field{audit.Number("ipc_key", o.Number)}
	case hooks.ObjectKey:
		return []audit.Field{audit.Number("key_serial", o.Number)}
	case hooks.ObjectModule:
		return []audit.Field{audit.Text("kmod", o.Name)}
	case hooks.ObjectAnonInode:
		return []audit.Field{{Key: "anonclass", Value: o.Name}}
	case hooks.ObjectNlmsg:
		return []audit.Field{audit.Number("nl-msgtype", o.Number)}
	case hooks.ObjectNone, hooks.ObjectSocket:
	}
	return nil
}

// Destinations that Open knows beside file names.
const (
	Stderr = "stderr"
	Daemon = "log"
	Nobody = "none"
)

// Open returns a sink for a destination: stderr, none, log for the audit daemon,
// else the name of a file that records are appended to. close reports what was
// lost; after it the sink drops everything.
func Open(destination string, stderr io.Writer) (sink func(*supervisor.Event), closer func() error, err error) {
	switch destination {
	case Nobody:
		return func(*supervisor.Event) {}, func() error { return nil }, nil
	case Stderr:
		return toLog(audit.NewLog(stderr), func() error { return nil })
	case Daemon:
		socket, err := audit.Dial()
		if err != nil {
			return nil, nil, err
		}
		return toLog(audit.NewLog(socket), socket.Close)
	}
	file, err := os.OpenFile(destination, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open audit log: %w", err)
	}
	return toLog(audit.NewLog(file), file.Close)
}

func toLog(log *audit.Log, closer func() error) (func(*supervisor.Event), func() error, error) {
	sink := func(e *supervisor.Event) {
		// The log keeps its first error, which closing reports.
		if r := Record(e); r != nil {
			_ = log.Write(r)
		} else {
			_ = log.WriteInvalid(e.Time, e.Record.Op, e.Record.Text)
		}
	}
	return sink, func() error {
		if err := closer(); err != nil {
			return fmt.Errorf("close audit log: %w", err)
		}
		return log.Err()
	}, nil
}
