package linux

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// SealedCopy returns a read-only descriptor of a file in memory with the data,
// which nobody can change.
func SealedCopy(name string, data []byte) (int, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, fmt.Errorf("make a file in memory: %w", err)
	}
	defer unix.Close(fd)
	for offset := 0; offset < len(data); {
		n, err := unix.Pwrite(fd, data[offset:], int64(offset))
		if err != nil {
			return -1, fmt.Errorf("fill a file in memory: %w", err)
		}
		offset += n
	}
	const all = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, all); err != nil {
		return -1, fmt.Errorf("seal a file in memory: %w", err)
	}
	return reopen(fd)
}

// reopen returns a read-only description of what fd is open for.
func reopen(fd int) (int, error) {
	ro, err := unix.Open("/proc/self/fd/"+strconv.Itoa(fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("reopen a file in memory: %w", err)
	}
	return ro, nil
}

// Page is a page of memory that others may map to read and see change. One
// goroutine at a time may use it.
type Page struct {
	fd  int
	mem []byte
}

// NewPage makes a page that reads as size bytes.
func NewPage(name string, size int) (*Page, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	p, err := newPage(fd, size)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return p, nil
}

func newPage(fd, size int) (*Page, error) {
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		return nil, fmt.Errorf("size a file in memory: %w", err)
	}
	mem, err := unix.Mmap(fd, 0, unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map a file in memory: %w", err)
	}
	const seals = unix.F_SEAL_FUTURE_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		_ = unix.Munmap(mem)
		return nil, fmt.Errorf("seal a file in memory: %w", err)
	}
	return &Page{fd: fd, mem: mem}, nil
}

// Bytes returns the page's memory: what is written there, readers see.
func (p *Page) Bytes() []byte { return p.mem }

// Open returns a read-only descriptor of the page.
func (p *Page) Open() (int, error) { return reopen(p.fd) }

// Close gives the page up. Who has it open or mapped keeps it.
func (p *Page) Close() error {
	err := unix.Munmap(p.mem)
	unix.Close(p.fd)
	p.mem = nil
	return err
}
