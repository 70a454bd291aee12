package supervisor_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"seward/enforce/supervisor"
	"seward/internal/linux"
	"seward/internal/oracle"
)

func init() {
	// handle opens a file by its handle and says what is in it.
	helpers["handle"] = func(args []string) int {
		f, err := os.Open(args[0])
		if err != nil {
			return say("open", err)
		}
		handle := make([]byte, 8+128)
		handle[0] = 128
		var mount [8]byte
		if err := linux.NameToHandle(int(f.Fd()), handle, &mount, 0); err != nil {
			return say("name", err)
		}
		fd, err := linux.OpenByHandle(linux.AtFDCwd, handle[:8+handle[0]], linux.ORdonly)
		if err != nil {
			return say("open by handle", err)
		}
		buf := make([]byte, 100)
		n, err := syscall.Read(fd, buf)
		fmt.Printf("%s %v\n", buf[:n], err)
		return 0
	}
	// fanotify marks a directory and says what it hears of.
	helpers["fanotify"] = func(args []string) int {
		const class, fid, create = 0x4, 0x200 | 0x400 | 0x800, 0x100
		if _, _, e := syscall.Syscall(syscall.SYS_FANOTIFY_INIT, class, 0, 0); e != syscall.EPERM {
			return say("class", e)
		}
		if _, _, e := syscall.Syscall(syscall.SYS_FANOTIFY_INIT, 0, 0, 0); e != syscall.EPERM {
			return say("descriptors", e)
		}
		group, _, e := syscall.Syscall(syscall.SYS_FANOTIFY_INIT, fid, 0, 0)
		if e != 0 {
			return say("init", e)
		}
		if err := linux.FanotifyMark(int(group), 1, create, linux.AtFDCwd, linux.MakeName(args[0])); err != nil {
			return say("mark", err)
		}
		if err := os.WriteFile(args[0]+"/fresh", nil, 0o600); err != nil {
			return say("write", err)
		}
		buf := make([]byte, 4096)
		n, err := syscall.Read(int(group), buf)
		if err != nil {
			return say("read", err)
		}
		fmt.Println(strings.Contains(string(buf[:n]), "fresh"))
		return 0
	}
}

func say(what string, err error) int {
	fmt.Println(what, err)
	return 1
}

func TestFileHandles(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	dir := t.TempDir()
	file := write(t, dir, "file", "content")
	in := func(c *supervisor.Config) { c.Dir = dir }
	if got := newWorld(t, "").helper(t, in, "handle", file); got.stdout != "content <nil>\n" || len(got.events) > 0 {
		t.Errorf("%s%s%v", got.stdout, got.stderr, got.avcs())
	}
	// Whoever may not use the capability may not open by handle, though it may open.
	denied := newWorld(t, "(deny unconfined_t self (capability (dac_read_search)))")
	got := denied.helper(t, in, "handle", file)
	if got.stdout != "open by handle operation not permitted\n" || !slices.ContainsFunc(got.avcs(), func(s string) bool {
		return strings.HasPrefix(s, "dac_read_search capability unconfined_t unconfined_t")
	}) {
		t.Errorf("%s%s%v", got.stdout, got.stderr, got.avcs())
	}
}

func TestFanotify(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	got := newWorld(t, "").helper(t, nil, "fanotify", t.TempDir())
	if got.stdout != "true\n" {
		t.Errorf("%s%s%v", got.stdout, got.stderr, got.avcs())
	}
	got = newWorld(t, "(deny unconfined_t user_tmp_t (dir (watch)))").helper(t, nil, "fanotify", t.TempDir())
	if got.stdout != "mark permission denied\n" || !slices.ContainsFunc(got.avcs(), func(s string) bool {
		return strings.HasPrefix(s, "watch dir unconfined_t user_tmp_t")
	}) {
		t.Errorf("%s%s%v", got.stdout, got.stderr, got.avcs())
	}
}
