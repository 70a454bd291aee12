package audit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"
	"syscall"
)

// Types of records of userspace object managers (linux/audit.h, libaudit.h).
const (
	messageUserAVC          = 1107
	messageUserError        = 1108
	messageUserPolicyLoad   = 2310
	messageUserConfigChange = 2311
)

// userTypes are what the kernel's types become when they come from a process.
var userTypes = map[string]uint16{
	"AVC": messageUserAVC, "SELINUX_ERR": messageUserError,
	"MAC_POLICY_LOAD": messageUserPolicyLoad, "MAC_CONFIG_CHANGE": messageUserConfigChange, "MAC_STATUS": messageUserConfigChange,
}

// Socket sends records to the kernel's audit subsystem, which hands them to the
// audit daemon. It needs the capability audit_write.
type Socket struct {
	mu  sync.Mutex
	fd  int
	seq uint32
}

// Dial opens the way to the audit subsystem.
func Dial() (*Socket, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_AUDIT)
	if err != nil {
		return nil, fmt.Errorf("open audit socket: %w", err)
	}
	return &Socket{fd: fd}, nil
}

// Write sends the lines of an event. Their heads (type and stamp) are left out,
// since the audit subsystem puts its own there, and so are the types that only
// the kernel may write.
func (s *Socket) Write(lines []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range bytes.Lines(lines) {
		kind, _, text := splitLine(bytes.TrimSuffix(line, []byte("\n")))
		number, ok := userTypes[kind]
		if !ok {
			continue
		}
		if err := s.send(number, text); err != nil {
			return 0, err
		}
	}
	return len(lines), nil
}

func (s *Socket) send(kind uint16, text []byte) error {
	s.seq++
	// A netlink header of 16 bytes, then the text with its end.
	message := make([]byte, syscall.NLMSG_HDRLEN, syscall.NLMSG_HDRLEN+len(text)+1)
	message = append(append(message, text...), 0)
	binary.NativeEndian.PutUint32(message[0:], uint32(len(message))) //nolint:gosec // G115: a record is shorter than 4 GiB.
	binary.NativeEndian.PutUint16(message[4:], kind)
	binary.NativeEndian.PutUint16(message[6:], syscall.NLM_F_REQUEST|syscall.NLM_F_ACK)
	binary.NativeEndian.PutUint32(message[8:], s.seq)
	if err := syscall.Sendto(s.fd, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return fmt.Errorf("send audit record: %w", err)
	}
	return s.acknowledged()
}

// acknowledged waits for the kernel's word on the last message.
func (s *Socket) acknowledged() error {
	reply := make([]byte, syscall.Getpagesize())
	for {
		n, _, err := syscall.Recvfrom(s.fd, reply, 0)
		if err == syscall.EINTR { //nolint:errorlint // the call returns a bare errno.
			continue
		}
		if err != nil {
			return fmt.Errorf("receive acknowledgement of audit record: %w", err)
		}
		if n < syscall.NLMSG_HDRLEN+4 || binary.NativeEndian.Uint16(reply[4:]) != syscall.NLMSG_ERROR || binary.NativeEndian.Uint32(reply[8:]) != s.seq {
			continue
		}
		if code := int32(binary.NativeEndian.Uint32(reply[syscall.NLMSG_HDRLEN:])); code != 0 { //nolint:gosec // G115: a negative errno.
			return fmt.Errorf("send audit record: %w", syscall.Errno(-code))
		}
		return nil
	}
}

// Close closes the socket.
func (s *Socket) Close() error {
	if err := syscall.Close(s.fd); err != nil {
		return fmt.Errorf("close audit socket: %w", err)
	}
	return nil
}
