package linux

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Credentials are the identity of a thread, as /proc/PID/status shows it.
type Credentials struct {
	UID, EUID, SUID, FSUID int
	GID, EGID, SGID, FSGID int
	Groups                 []uint32
	Caps                   Capabilities
	Bounding               uint64
	NoNewPrivs             bool
}

// Status is what /proc/PID/status says of a thread.
type Status struct {
	Name    string
	TGID    int
	PPID    int
	Tracer  int
	Umask   uint32
	Threads int
	// Numbers and ProcessGroups are the thread's number and its process group's in each PID
	// namespace, from the reader's inwards.
	Numbers, ProcessGroups []int
	Credentials
	// Pending signals of the thread and of its process, blocked, ignored and
	// caught ones: bit n-1 is signal n.
	Pending, ProcessPending, Blocked, Ignored, Caught uint64
}

// ReadFile reads a file of /proc whole. It does without what package os does to
// be able to wait for a file, which takes longer than the reading.
func ReadFile(path string) ([]byte, error) {
	fd, err := Openat(AtFDCwd, MakeName(path), OCloexec, 0)
	if err != nil {
		return nil, err
	}
	defer Close(fd)
	buf := make([]byte, 0, 4096)
	for {
		n, err := syscall.Read(fd, buf[len(buf):cap(buf)])
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return buf, nil
		}
		if buf = buf[:len(buf)+n]; len(buf) == cap(buf) {
			buf = slices.Grow(buf, cap(buf))
		}
	}
}

// ReadStatus reads the status of a thread. It is slow: some 10 us.
func ReadStatus(tid int) (*Status, error) {
	data, err := ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return nil, err
	}
	return parseStatus(data)
}

var errStatus = errors.New("no status of a process")

func parseStatus(data []byte) (*Status, error) {
	s := &Status{}
	seen := 0
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte{'\n'})
		key, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			continue
		}
		if s.field(string(key), strings.TrimSpace(string(value))) {
			seen++
		}
	}
	if seen < 6 {
		return nil, errStatus
	}
	return s, nil
}

// field takes one line in and reports whether it was wanted.
func (s *Status) field(key, value string) bool {
	switch key {
	case "Name":
		s.Name = value
	case "Tgid":
		s.TGID = number(value)
	case "PPid":
		s.PPID = number(value)
	case "TracerPid":
		s.Tracer = number(value)
	case "Threads":
		s.Threads = number(value)
	case "NSpid":
		s.Numbers = numbers(value)
	case "NSpgid":
		s.ProcessGroups = numbers(value)
	case "Umask":
		mask, _ := strconv.ParseUint(value, 8, 32)
		s.Umask = uint32(mask)
	case "Uid":
		four(value, &s.UID, &s.EUID, &s.SUID, &s.FSUID)
	case "Gid":
		four(value, &s.GID, &s.EGID, &s.SGID, &s.FSGID)
	case "Groups":
		for f := range strings.FieldsSeq(value) {
			s.Groups = append(s.Groups, uint32(number(f))) //nolint:gosec // G115: a group's number.
		}
	case "NoNewPrivs":
		s.NoNewPrivs = value == "1"
	default:
		return s.mask(key, value)
	}
	return true
}

// mask is field for the lines with a set of bits.
func (s *Status) mask(key, value string) bool {
	var to *uint64
	switch key {
	case "CapInh":
		to = &s.Caps.Inheritable
	case "CapPrm":
		to = &s.Caps.Permitted
	case "CapEff":
		to = &s.Caps.Effective
	case "CapBnd":
		to = &s.Bounding
	case "SigPnd":
		to = &s.Pending
	case "ShdPnd":
		to = &s.ProcessPending
	case "SigBlk":
		to = &s.Blocked
	case "SigIgn":
		to = &s.Ignored
	case "SigCgt":
		to = &s.Caught
	default:
		return false
	}
	*to, _ = strconv.ParseUint(value, 16, 64)
	return true
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func numbers(s string) []int {
	var list []int
	for f := range strings.FieldsSeq(s) {
		list = append(list, number(f))
	}
	return list
}

func four(s string, to ...*int) {
	for i, f := range strings.Fields(s) {
		if i < len(to) {
			*to[i] = number(f)
		}
	}
}

// Mount is a line of /proc/PID/mountinfo.
type Mount struct {
	ID, Parent   uint64
	Major, Minor uint32
	Root         string // of the mount within its filesystem
	Point        string // where it is mounted
	Options      string // of the mount
	Type         string // of the filesystem
	Source       string // what it is mounted from: a device's path, or any word
	SuperOptions string // of the filesystem
	Shared       bool   // what is mounted on it appears elsewhere too
}

// Device is the number of the filesystem's device.
func (m *Mount) Device() uint64 { return uint64(m.Major)<<32 | uint64(m.Minor) }

// ReadMounts reads the mounts that a process sees.
func ReadMounts(pid string) ([]Mount, error) {
	data, err := ReadFile("/proc/" + pid + "/mountinfo")
	if err != nil {
		return nil, err
	}
	var mounts []Mount
	for line := range strings.Lines(string(data)) {
		if m, ok := parseMount(strings.TrimSuffix(line, "\n")); ok {
			mounts = append(mounts, m)
		}
	}
	return mounts, nil
}

// parseMount reads "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root
// rw,errors=continue" (man proc_pid_mountinfo).
func parseMount(line string) (Mount, bool) {
	own, super, ok := strings.Cut(line, " - ")
	f, g := strings.Fields(own), strings.Fields(super)
	if !ok || len(f) < 6 || len(g) < 1 {
		return Mount{}, false
	}
	m := Mount{Root: unescape(f[3]), Point: unescape(f[4]), Options: f[5], Type: g[0]}
	m.ID, _ = strconv.ParseUint(f[0], 10, 64)
	m.Parent, _ = strconv.ParseUint(f[1], 10, 64)
	for _, tag := range f[6:] {
		m.Shared = m.Shared || strings.HasPrefix(tag, "shared:")
	}
	major, minor, _ := strings.Cut(f[2], ":")
	m.Major, m.Minor = uint32(number(major)), uint32(number(minor)) //nolint:gosec // G115: a device's number.
	if len(g) > 1 {
		m.Source = unescape(g[1])
	}
	if len(g) > 2 {
		m.SuperOptions = g[2]
	}
	return m, true
}

// unescape undoes the octal escapes of blanks and backslashes in /proc.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(v))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// IsZombie reports whether a process has ended and waits for its parent.
func IsZombie(pid int) bool {
	data, err := ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	// The name, in parentheses, may hold anything.
	rest := data[bytes.LastIndexByte(data, ')')+1:]
	return len(rest) > 1 && rest[1] == 'Z'
}
