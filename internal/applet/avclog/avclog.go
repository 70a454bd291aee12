package avclog

import (
	"net/netip"

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
		SourceRaw: e.SourceRaw, TargetRaw: e.TargetRaw,
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
	case hooks.ObjectSource:
		return audit.Endpoint("saddr", o.Name, "src", uint16(o.Number)) //nolint:gosec // G115: a port.
	case hooks.ObjectDestination:
		return audit.Endpoint("daddr", o.Name, "dest", uint16(o.Number)) //nolint:gosec // G115: a port.
	case hooks.ObjectSocket:
		return socket(e.Socket)
	case hooks.ObjectNone:
	}
	return nil
}

// socket returns the fields with the addresses of a socket.
func socket(s *supervisor.SocketNames) []audit.Field {
	if s == nil {
		return nil
	}
	if s.Path != "" {
		return []audit.Field{audit.Text("path", s.Path)}
	}
	return append(endpoint("laddr", s.Local, "lport"), endpoint("faddr", s.Peer, "fport")...)
}

func endpoint(address string, at netip.AddrPort, port string) []audit.Field {
	if !at.IsValid() {
		return nil
	}
	text := ""
	if !at.Addr().IsUnspecified() {
		text = at.Addr().String()
	}
	return audit.Endpoint(address, text, port, at.Port())
}
