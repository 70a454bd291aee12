package carrier

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"

	"seward/enforce/selinuxfs"
)

func TestCopy(t *testing.T) {
	fd, err := Copy([]byte("0"))
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "copy")
	defer f.Close()
	buf := make([]byte, 10)
	if n, err := f.Read(buf); string(buf[:n]) != "0" {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	if _, err := f.Write([]byte("1")); err == nil {
		t.Error("a copy can be written")
	}
	w, err := os.OpenFile(f.Name(), os.O_RDWR, 0)
	if err == nil {
		t.Error("opened by its name")
		_ = w.Close()
	}
}

func TestStatus(t *testing.T) {
	first := selinuxfs.Status{Version: 1, Enforcing: 1, PolicyLoad: 1}
	s, err := NewStatus(first)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fd, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "status")
	defer f.Close()
	page, err := syscall.Mmap(fd, 0, 4096, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(page)
	if !bytes.Equal(page[:selinuxfs.StatusSize], first.Bytes()) {
		t.Errorf("mapped %v", page[:selinuxfs.StatusSize])
	}
	next := selinuxfs.Status{Version: 1, Sequence: 2, PolicyLoad: 2, DenyUnknown: 1}
	s.Set(next)
	if !bytes.Equal(page[:selinuxfs.StatusSize], next.Bytes()) {
		t.Errorf("mapped after a change %v", page[:selinuxfs.StatusSize])
	}
	buf := make([]byte, 100)
	if n, err := f.ReadAt(buf, 0); n != selinuxfs.StatusSize || !bytes.Equal(buf[:n], next.Bytes()) {
		t.Errorf("read %v, %v", buf[:n], err)
	}
	if _, err := syscall.Mmap(fd, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED); !errors.Is(err, syscall.EACCES) {
		t.Errorf("mapped to write: %v", err)
	}
}
