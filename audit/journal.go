package audit

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
)

// JournalSocket is where the journal takes entries.
const JournalSocket = "/run/systemd/journal/socket"

// Journal sends records to the journal, each as an entry, in its native protocol.
type Journal struct{ conn *net.UnixConn }

// DialJournal opens the way to the journal.
func DialJournal(path string) (*Journal, error) {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return &Journal{conn}, nil
}

// The journal's own reader of audit records gives them the facility of security
// messages and the priority of notices.
const (
	journalFacility = 4
	journalPriority = 5
)

// messageTypes are the numbers of types of records (linux/audit.h).
var messageTypes = map[string]int{
	"SYSCALL": 1300, "PATH": 1302, "CWD": 1307, "SOCKADDR": 1306, "PROCTITLE": 1327, "KERNEL": 2000,
	"AVC": 1400, "SELINUX_ERR": 1401, "MAC_POLICY_LOAD": 1403, "MAC_STATUS": 1404, "MAC_CONFIG_CHANGE": 1405,
}

// Write sends the lines of an event.
func (j *Journal) Write(lines []byte) (int, error) {
	for line := range bytes.Lines(lines) {
		kind, serial, text := splitLine(bytes.TrimSuffix(line, []byte("\n")))
		var entry []byte
		put := func(key, value string) {
			entry = append(append(append(append(entry, key...), '='), value...), '\n')
		}
		put("MESSAGE", kind+" "+string(text))
		put("PRIORITY", strconv.Itoa(journalPriority))
		put("SYSLOG_FACILITY", strconv.Itoa(journalFacility))
		put("SYSLOG_IDENTIFIER", "audit")
		put("AUDIT_TYPE_NAME", kind)
		if n, ok := messageTypes[kind]; ok {
			put("AUDIT_TYPE", strconv.Itoa(n))
		}
		put("AUDIT_ID", serial)
		if _, err := j.conn.Write(entry); err != nil {
			return 0, fmt.Errorf("send to journal: %w", err)
		}
	}
	return len(lines), nil
}

// Close closes the way.
func (j *Journal) Close() error {
	if err := j.conn.Close(); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// splitLine takes a line of a Log apart.
func splitLine(line []byte) (kind, serial string, text []byte) {
	head, text, _ := bytes.Cut(line, []byte("): "))
	name, stamp, _ := bytes.Cut(head, []byte(" msg=audit("))
	return string(bytes.TrimPrefix(name, []byte("type="))), string(stamp[bytes.LastIndexByte(stamp, ':')+1:]), text
}
