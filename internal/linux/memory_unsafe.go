package linux

import (
	"bytes"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory is the address space of another process. It stays with the address
// space that the process had when it was opened: after exec it reads as empty
// instead of as something else.
type Memory struct{ fd int }

// OpenMemory opens the memory of a thread's process.
func OpenMemory(tid int) (Memory, error) {
	var buf [32]byte
	fd, err := Openat(unix.AT_FDCWD, ProcName(buf[:0], tid, "mem"), unix.O_RDWR|unix.O_CLOEXEC, 0)
	return Memory{fd}, err
}

// Close releases the address space.
func (m Memory) Close() { Close(m.fd) }

// ErrGone is what reading the memory of an ended address space gives.
var ErrGone = unix.ESRCH

// ReadAt fills p from an address. Memory that can't be read is EFAULT, an
// address space that has ended ErrGone.
func (m Memory) ReadAt(p []byte, address uint64) error {
	for len(p) > 0 {
		n, err := m.readSome(p, address)
		if err != nil {
			return err
		}
		p, address = p[n:], address+uint64(n) //nolint:gosec // G115: n is not negative.
	}
	return nil
}

func (m Memory) readSome(p []byte, address uint64) (int, error) {
	n, _, errno := unix.Syscall6(
		unix.SYS_PREAD64, uintptr(m.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(address), 0, 0,
	)
	switch {
	case errno == unix.EIO || errno == unix.EINVAL || errno == unix.EOVERFLOW:
		return 0, unix.EFAULT
	case errno != 0:
		return 0, errno
	case n == 0:
		return 0, ErrGone
	}
	return int(n), nil
}

// WriteAt copies p to an address.
func (m Memory) WriteAt(p []byte, address uint64) error {
	for len(p) > 0 {
		n, _, errno := unix.Syscall6(
			unix.SYS_PWRITE64, uintptr(m.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(address), 0, 0,
		)
		switch {
		case errno == unix.EIO || errno == unix.EINVAL || errno == unix.EOVERFLOW:
			return unix.EFAULT
		case errno != 0:
			return errno
		case n == 0:
			return ErrGone
		}
		p, address = p[n:], address+uint64(n)
	}
	return nil
}

var pageSize = uint64(os.Getpagesize())

// firstRead is how much of a text is read at once in the hope that it ends there.
const firstRead = 256

// ReadString reads a text that ends with a NUL into buf and returns its length
// without it; the NUL stands in buf behind it. A text that doesn't fit is
// ENAMETOOLONG. Each byte is read once.
func (m Memory) ReadString(buf []byte, address uint64) (int, error) {
	for got := 0; got < len(buf); {
		// A read that crosses into an absent page would fail though the text ends
		// before it.
		room := pageSize - (address+uint64(got))%pageSize //nolint:gosec // G115: got is not negative.
		if got == 0 {
			room = min(room, firstRead)
		}
		part := buf[got:min(len(buf), got+int(min(room, uint64(len(buf)))))] //nolint:gosec // G115: at most a page.
		n, err := m.readSome(part, address+uint64(got))                      //nolint:gosec // G115: as above.
		if err != nil {
			return 0, err
		}
		if end := bytes.IndexByte(part[:n], 0); end >= 0 {
			return got + end, nil
		}
		got += n
	}
	return 0, unix.ENAMETOOLONG
}
