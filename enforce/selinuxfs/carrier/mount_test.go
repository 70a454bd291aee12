package carrier

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"seward/enforce/hooks"
	"seward/enforce/selinuxfs"
	"seward/internal/linux"
	"seward/internal/oracle"
)

const plainMode = selinuxfs.ModeRegular | 0o666

// echo answers what it was asked with the same text between brackets, and
// refuses "bad".
type echo struct {
	mu      sync.Mutex
	answer  []byte
	writes  []string
	offsets []int64
}

func (h *echo) Read(_ *selinuxfs.Caller, p []byte, offset int64) (int, hooks.Verdict) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if offset > int64(len(h.answer)) {
		return 0, hooks.Verdict{}
	}
	return copy(p, h.answer[offset:]), hooks.Verdict{}
}

func (h *echo) Write(c *selinuxfs.Caller, p []byte, offset int64) (int, hooks.Verdict) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writes = append(h.writes, string(p))
	h.offsets = append(h.offsets, offset)
	if string(p) == "bad" {
		return 0, hooks.Verdict{Errno: syscall.EINVAL, Records: []hooks.Record{{Source: c.Subject.SID}}}
	}
	h.answer = []byte("[" + string(p) + "]")
	return len(p), hooks.Verdict{}
}

func (h *echo) Reopen() selinuxfs.Handle { return &echo{} }

// newMount makes a Mount on which only this process is known.
func newMount(t testing.TB, log func(int, []hooks.Record)) *Mount {
	t.Helper()
	oracle.Root(t)
	m, err := New(Options{
		Caller: func(tid int) (*selinuxfs.Caller, bool) {
			_, err := os.Stat("/proc/self/task/" + strconv.Itoa(tid))
			return &selinuxfs.Caller{Subject: hooks.Subject{SID: 7}}, err == nil
		},
		Log: log,
	})
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENODEV) {
		t.Skipf("needs FUSE: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func open(t testing.TB, m *Mount, f File, flags int) *os.File {
	t.Helper()
	fd, err := m.Open(f, flags)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "selinuxfs")
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestTransaction(t *testing.T) {
	// What the kernel orders, the race detector doesn't see.
	var logged atomic.Int32
	m := newMount(t, func(_ int, r []hooks.Record) {
		if len(r) == 1 && r[0].Source == 7 {
			logged.Add(1)
		}
	})
	h := &echo{}
	f := open(t, m, File{Handle: h, Mode: plainMode}, linux.ORdwr)
	if _, err := f.Write([]byte("bad")); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("refused write: %v", err)
	}
	if logged.Load() != 1 {
		t.Errorf("logged %d times", logged.Load())
	}
	buf := make([]byte, 100)
	for _, text := range []string{"one question", "another, longer question", "x"} {
		if n, err := f.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("write: %d, %v", n, err)
		}
		want := "[" + text + "]"
		// A program reads on where it wrote, as libselinux does, or from the start.
		if n, err := f.ReadAt(buf, 0); string(buf[:n]) != want {
			t.Errorf("read at the start: %q, %v", buf[:n], err)
		}
		if _, err := f.Seek(0, 1); err != nil {
			t.Fatal(err)
		}
		got := ""
		for len(got) < len(want) {
			n, err := f.Read(buf[:5])
			if err != nil {
				t.Fatalf("after %q: %v", got, err)
			}
			got += string(buf[:n])
		}
		if got != want {
			t.Errorf("read: %q", got)
		}
		if _, err := f.Seek(0, 0); err != nil {
			t.Fatal(err)
		}
		if n, _ := f.Read(buf); string(buf[:n]) != want {
			t.Errorf("read after lseek: %q", buf[:n])
		}
		f = open(t, m, File{Handle: h, Mode: plainMode}, linux.ORdwr)
	}
	h.checkOffsets(t)
}

// checkOffsets fails if a write was not at the start.
func (h *echo) checkOffsets(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, offset := range h.offsets {
		if offset != 0 {
			t.Errorf("writes at %v", h.offsets)
			break
		}
	}
}

func TestWritesStayAtTheStart(t *testing.T) {
	m := newMount(t, nil)
	for _, flags := range []int{linux.OWronly, linux.OWronly | linux.OAppend} {
		h := &echo{}
		f := open(t, m, File{Handle: h, Mode: plainMode}, flags)
		for range 3 {
			if _, err := f.Write([]byte("1")); err != nil {
				t.Fatal(err)
			}
		}
		h.checkOffsets(t)
	}
}

func TestFind(t *testing.T) {
	m := newMount(t, nil)
	h, ref := &echo{}, &struct{ int }{}
	f := open(t, m, File{Handle: h, Mode: selinuxfs.ModeRegular | 0o640, Ref: ref}, linux.ORdwr)
	if got, ok := m.Find(int(f.Fd())); !ok || got != any(ref) {
		t.Errorf("found %v, %v", got, ok)
	}
	info, err := f.Stat()
	if err != nil || info.Mode() != 0o640 || info.Size() != 0 {
		t.Errorf("stat: %v, %v", info, err)
	}
	if v, ok := m.WriteNothing(int(f.Fd()), &selinuxfs.Caller{}); !ok || !v.Allowed() || len(h.writes) != 1 || h.writes[0] != "" {
		t.Errorf("write of nothing: %+v, %v, %q", v, ok, h.writes)
	}
	other, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, ok := m.Find(int(other.Fd())); ok {
		t.Error("found a file of another filesystem")
	}
	if _, ok := m.WriteNothing(int(other.Fd()), nil); ok {
		t.Error("wrote to a file of another filesystem")
	}
}

func TestReopen(t *testing.T) {
	m := newMount(t, nil)
	h := &echo{}
	f := open(t, m, File{Handle: h, Mode: plainMode}, linux.ORdwr)
	if _, err := f.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	// os.OpenFile would have Go's own poller wait for this filesystem.
	again, err := linux.Openat(linux.AtFDCwd, linux.MakeName("/proc/self/fd/"+strconv.Itoa(int(f.Fd()))), linux.ORdwr|linux.OCloexec, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer linux.Close(again)
	buf := make([]byte, 10)
	if n, _ := syscall.Read(again, buf); n != 0 {
		t.Errorf("another description knows the first one's answer: %q", buf[:n])
	}
}

// whole must be written in one piece that ends in a full stop.
type whole struct {
	echo
	got []byte
}

func (h *whole) Write(_ *selinuxfs.Caller, p []byte, offset int64) (int, hooks.Verdict) {
	if offset != 0 || !h.Complete(p) {
		return 0, hooks.Verdict{Errno: syscall.EINVAL}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = bytes.Clone(p)
	return len(p), hooks.Verdict{}
}

func (h *whole) Complete(data []byte) bool { return len(data) > 0 && data[len(data)-1] == '.' }

func TestWhole(t *testing.T) {
	m := newMount(t, nil)
	for _, size := range []int{1, maxWrite - 1, maxWrite, maxWrite + 1, 2 * maxWrite, 5*maxWrite/2 + 7} {
		h := &whole{}
		f := open(t, m, File{Handle: h, Mode: plainMode}, linux.OWronly)
		data := bytes.Repeat([]byte{'x'}, size)
		data[size-1] = '.'
		n, err := syscall.Write(int(f.Fd()), data)
		if n != size || err != nil {
			t.Errorf("%d bytes: wrote %d, %v", size, n, err)
		}
		h.mu.Lock()
		if !bytes.Equal(h.got, data) {
			t.Errorf("%d bytes: got %d", size, len(h.got))
		}
		h.mu.Unlock()
	}
}

func TestClose(t *testing.T) {
	m := newMount(t, nil)
	f := open(t, m, File{Handle: &echo{}, Mode: plainMode}, linux.ORdwr)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("x")); err == nil {
		t.Error("wrote to a closed filesystem")
	}
	if _, err := m.Open(File{Handle: &echo{}, Mode: plainMode}, linux.ORdwr); !errors.Is(err, ErrClosed) {
		t.Errorf("open: %v", err)
	}
	if err := m.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("second close: %v", err)
	}
}

func TestForgets(t *testing.T) {
	m := newMount(t, nil)
	for range 50 {
		f := open(t, m, File{Handle: &echo{}, Mode: plainMode}, linux.ORdwr)
		_ = f.Close()
	}
	f := open(t, m, File{Handle: &echo{}, Mode: plainMode}, linux.ORdwr)
	if _, err := f.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	// The kernel tells of the end of a file after close has returned.
	for range 100 {
		m.mu.Lock()
		n := len(m.files)
		m.mu.Unlock()
		if n == 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("closed files are remembered")
}

func BenchmarkTransaction(b *testing.B) {
	m := newMount(b, nil)
	buf := make([]byte, 100)
	for b.Loop() {
		fd, err := m.Open(File{Handle: &echo{}, Mode: plainMode}, linux.ORdwr)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := syscall.Write(fd, []byte("scon tcon file")); err != nil {
			b.Fatal(err)
		}
		if _, err := syscall.Read(fd, buf); err != nil {
			b.Fatal(err)
		}
		linux.Close(fd)
	}
}
