package carrier

import (
	"sync"

	"seward/enforce/selinuxfs"
	"seward/internal/linux"
)

// Copy returns a read-only descriptor, closed by exec, of a file in memory with
// the data, which nobody can change.
func Copy(data []byte) (int, error) { return linux.SealedCopy("selinuxfs", data) }

// Status is the status page: what opens it sees it change. NewStatus makes one.
type Status struct {
	mu   sync.Mutex
	page *linux.Page
}

// NewStatus makes a page.
func NewStatus(now selinuxfs.Status) (*Status, error) {
	page, err := linux.NewPage("selinux-status", selinuxfs.StatusSize)
	if err != nil {
		return nil, err
	}
	s := &Status{page: page}
	copy(page.Bytes(), now.Bytes())
	return s, nil
}

// Set shows another content. Who reads while it changes sees an odd sequence
// number, or a different one before and after.
func (s *Status) Set(now selinuxfs.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	words := s.page.Words()
	words[1].Add(1 - words[1].Load()&1)
	words[2].Store(now.Enforcing)
	words[3].Store(now.PolicyLoad)
	words[4].Store(now.DenyUnknown)
	words[1].Store(now.Sequence)
}

// Open returns a read-only descriptor of the page, closed by exec.
func (s *Status) Open() (int, error) { return s.page.Open() }

// Close gives the page up; programs keep what they have of it.
func (s *Status) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.page.Close()
}
