package supervisor

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// sideStore keeps labels of objects whose filesystem won't, by their identity.
// With a directory it is a file there, one line a label, the last one for an
// object counts; without it lasts as long as the run.
//
// A line is a kind ("l" label, "o" original path of a directory, "-" removed
// label), device, inode, time of birth, and the text.
type sideStore struct {
	mu      sync.RWMutex
	labels  map[inodeKey]string
	origins map[inodeKey]string
	any     atomic.Bool // origins has something
	file    *os.File
}

// storeFile is the name of the file in Config.StateDir.
const storeFile = "labels"

func openStore(dir string) (*sideStore, error) {
	s := &sideStore{labels: map[inodeKey]string{}, origins: map[inodeKey]string{}}
	if dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, storeFile), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open label store: %w", err)
	}
	s.file = f
	if err := s.load(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("read label store: %w", err)
	}
	return s, nil
}

func (s *sideStore) load() error {
	lines := bufio.NewScanner(s.file)
	for lines.Scan() {
		f := strings.SplitN(lines.Text(), " ", 5)
		if len(f) != 5 {
			continue // a line cut short by a crash
		}
		dev, err1 := strconv.ParseUint(f[1], 16, 64)
		ino, err2 := strconv.ParseUint(f[2], 10, 64)
		born, err3 := strconv.ParseInt(f[3], 10, 64)
		text, err4 := strconv.Unquote(f[4])
		if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
			continue
		}
		key := inodeKey{dev, ino, born}
		switch f[0] {
		case "l":
			s.labels[key] = text
		case "o":
			s.origins[key] = text
			s.any.Store(true)
		case "-":
			delete(s.labels, key)
		}
	}
	return lines.Err()
}

func (s *sideStore) write(kind string, key inodeKey, text string) error {
	if s.file == nil {
		return nil
	}
	// One write, so that runs that share the file don't mix their lines.
	_, err := fmt.Fprintf(s.file, "%s %x %d %d %q\n", kind, key.dev, key.ino, key.born, text)
	return err
}

func (s *sideStore) get(key inodeKey) (string, bool) {
	s.mu.RLock()
	text, ok := s.labels[key]
	s.mu.RUnlock()
	return text, ok
}

func (s *sideStore) set(key inodeKey, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.labels[key] = text
	return s.write("l", key, text)
}

// remove forgets a label, because the object has another place for it or is
// gone.
func (s *sideStore) remove(key inodeKey) {
	s.mu.RLock()
	_, ok := s.labels[key]
	s.mu.RUnlock()
	if !ok {
		return
	}
	s.mu.Lock()
	delete(s.labels, key)
	_ = s.write("-", key, "")
	s.mu.Unlock()
}

func (s *sideStore) hasOrigins() bool { return s.any.Load() }

func (s *sideStore) origin(key inodeKey) (string, bool) {
	s.mu.RLock()
	path, ok := s.origins[key]
	s.mu.RUnlock()
	return path, ok
}

func (s *sideStore) setOrigin(key inodeKey, path string) {
	s.mu.Lock()
	s.origins[key] = path
	s.any.Store(true)
	_ = s.write("o", key, path)
	s.mu.Unlock()
}

func (s *sideStore) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}
