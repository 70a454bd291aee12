package audit

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// Event is what the kernel logs about one system call: all its records have one
// stamp and serial number, by which readers put them together again.
type Event struct {
	Time    time.Time
	Records []*Record
	// Texts are records of other types: MAC_STATUS, SELINUX_ERR.
	Texts []TextRecord
	// Syscall, if known, and what goes with it.
	Syscall *Syscall
	Address []byte // of SOCKADDR: a struct sockaddr
	Dir     string // of CWD; empty is unknown
	Paths   []PathItem
	Title   []byte // of PROCTITLE; empty is unknown
}

// TextRecord is a record whose text somebody else has formatted.
type TextRecord struct {
	Kind string // MAC_STATUS
	Text string
}

// Syscall is a record of that type: the call and its task.
type Syscall struct {
	Arch   uint32
	Number int
	// Done says that Exit is the call's result.
	Done                   bool
	Exit                   int64
	Args                   [4]uint64
	PPID, PID              int
	LoginUID, Session      uint32
	UID, EUID, SUID, FSUID int
	GID, EGID, SGID, FSGID int
	Terminal               string // empty is none
	Comm, Exe, Subject     string
}

// PathItem is a record of the type PATH.
type PathItem struct {
	Name string
	// Role is NORMAL, PARENT, CREATE, DELETE or UNKNOWN.
	Role string
	// Found says that what the path led to is known.
	Found     bool
	Inode     uint64
	Dev, Rdev [2]uint32 // major and minor
	Mode      uint16
	UID, GID  uint32
	Label     string
}

func appendNumber(buf []byte, key string, n int64) []byte {
	return appendField(buf, Number(key, n))
}

func appendUnsigned(buf []byte, key string, n uint64, base int) []byte {
	buf = append(append(append(buf, ' '), key...), '=')
	return strconv.AppendUint(buf, n, base)
}

// append appends the text that follows the record's head (kernel
// kernel/auditsc.c, audit_log_exit).
func (s *Syscall) append(buf []byte, items int) []byte {
	buf = append(buf, "arch="...)
	buf = strconv.AppendUint(buf, uint64(s.Arch), 16)
	buf = appendNumber(buf, "syscall", int64(s.Number))
	if s.Done {
		success := "yes"
		if s.Exit < 0 && s.Exit >= -4095 {
			success = "no"
		}
		buf = appendField(buf, Field{Key: "success", Value: success})
		buf = appendNumber(buf, "exit", s.Exit)
	}
	for i, a := range s.Args {
		buf = appendUnsigned(buf, "a"+string(rune('0'+i)), a, 16)
	}
	buf = appendNumber(buf, "items", int64(items))
	buf = appendNumber(buf, "ppid", int64(s.PPID))
	buf = appendNumber(buf, "pid", int64(s.PID))
	buf = appendUnsigned(buf, "auid", uint64(s.LoginUID), 10)
	for _, id := range []struct {
		key string
		n   int
	}{
		{"uid", s.UID},
		{"gid", s.GID},
		{"euid", s.EUID},
		{"suid", s.SUID},
		{"fsuid", s.FSUID},
		{"egid", s.EGID},
		{"sgid", s.SGID},
		{"fsgid", s.FSGID},
	} {
		buf = appendNumber(buf, id.key, int64(id.n))
	}
	terminal := s.Terminal
	if terminal == "" {
		terminal = "(none)"
	}
	buf = appendField(buf, Field{Key: "tty", Value: terminal})
	buf = appendUnsigned(buf, "ses", uint64(s.Session), 10)
	buf = appendField(buf, Text("comm", s.Comm))
	if s.Exe == "" {
		buf = append(buf, " exe=(null)"...)
	} else {
		buf = appendField(buf, Text("exe", s.Exe))
	}
	if s.Subject != "" {
		buf = appendField(buf, Field{Key: "subj", Value: s.Subject})
	}
	return append(buf, " key=(null)"...)
}

func appendDevice(buf []byte, key string, dev [2]uint32) []byte {
	buf = append(append(append(buf, ' '), key...), '=')
	for i, n := range dev {
		if i > 0 {
			buf = append(buf, ':')
		}
		if n < 16 {
			buf = append(buf, '0')
		}
		buf = strconv.AppendUint(buf, uint64(n), 16)
	}
	return buf
}

// append appends the text that follows the record's head (kernel
// kernel/auditsc.c, audit_log_name).
func (p *PathItem) append(buf []byte, item int) []byte {
	buf = append(buf, "item="...)
	buf = strconv.AppendInt(buf, int64(item), 10)
	if p.Name == "" {
		buf = append(buf, " name=(null)"...)
	} else {
		buf = appendField(buf, Text("name", p.Name))
	}
	if p.Found {
		buf = appendUnsigned(buf, "inode", p.Inode, 10)
		buf = appendDevice(buf, "dev", p.Dev)
		buf = append(buf, " mode=0"...)
		buf = strconv.AppendUint(buf, uint64(p.Mode), 8)
		buf = appendUnsigned(buf, "ouid", uint64(p.UID), 10)
		buf = appendUnsigned(buf, "ogid", uint64(p.GID), 10)
		buf = appendDevice(buf, "rdev", p.Rdev)
	}
	if p.Label != "" {
		buf = appendField(buf, Field{Key: "obj", Value: p.Label})
	}
	buf = appendField(buf, Field{Key: "nametype", Value: p.Role})
	return append(buf, " cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0"...)
}

// appendKey appends key=VALUE at the beginning of a text.
func appendKey(buf []byte, f Field) []byte {
	at := len(buf)
	buf = appendField(buf, f)
	return append(buf[:at], buf[at+1:]...)
}

// Append appends the event's records as lines of audit.log, each with its end.
func (e *Event) Append(buf []byte, serial uint64) []byte {
	head := func(kind string) { buf = appendStamp(buf, kind, e.Time, serial) }
	end := func() { buf = append(buf, '\n') }
	for _, r := range e.Records {
		head("AVC")
		buf = r.Append(buf)
		end()
	}
	for _, t := range e.Texts {
		head(t.Kind)
		buf = append(buf, t.Text...)
		end()
	}
	if e.Syscall != nil {
		head("SYSCALL")
		buf = e.Syscall.append(buf, len(e.Paths))
		end()
	}
	if len(e.Address) > 0 {
		head("SOCKADDR")
		buf = append(buf, "saddr="...)
		buf = append(buf, strings.ToUpper(hex.EncodeToString(e.Address))...)
		end()
	}
	if e.Dir != "" {
		head("CWD")
		buf = appendKey(buf, Text("cwd", e.Dir))
		end()
	}
	for i := range e.Paths {
		head("PATH")
		buf = e.Paths[i].append(buf, i)
		end()
	}
	if len(e.Title) > 0 {
		head("PROCTITLE")
		buf = appendKey(buf, Text("proctitle", string(e.Title)))
		end()
	}
	return buf
}
