package supervisor_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"seward/enforce/supervisor"
	"seward/internal/oracle"
)

func init() {
	helpers["fcntl"] = attackFcntl
}

// attackFcntl tries what a file's flags and owner could be abused for. Commands
// are F_SETFL 4, F_SETOWN 8, F_SETSIG 10.
func attackFcntl(args []string) int {
	f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		println(err.Error())
		return 1
	}
	fcntl := func(command, value int) syscall.Errno {
		_, _, e := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), uintptr(command), uintptr(value))
		return e
	}
	if e := fcntl(4, 0); e != syscall.EACCES {
		println("left append mode:", e)
		return 2
	}
	if e := fcntl(4, syscall.O_APPEND|syscall.O_NONBLOCK); e != 0 {
		println("O_NONBLOCK:", e)
		return 3
	}
	if e := fcntl(8, os.Getppid()); e != syscall.EPERM {
		println("has the supervisor signalled:", e)
		return 4
	}
	if e := fcntl(8, os.Getpid()); e != 0 {
		println("F_SETOWN to itself:", e)
		return 5
	}
	if e := fcntl(10, int(syscall.SIGKILL)); e != syscall.EPERM {
		println("F_SETSIG to SIGKILL:", e)
		return 6
	}
	return 0
}

// A file opened to append can't be overwritten, and signals about a file reach
// nobody that a signal may not be sent to.
func TestFileFlagsAndOwners(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	oracle.Need(t, "chcon")
	const policy = `
(type applog_t)
(typeattributeset file_type (applog_t))
(type appender_t)
(typeattributeset domain (appender_t))
(roletype system_r appender_t)
(allow appender_t applog_t (file (open append getattr ioctl)))
(allow appender_t file_type (dir (search getattr)))
(allow appender_t user_tmp_t (file (read open getattr map execute entrypoint execute_no_trans ioctl)))
(allow appender_t file_type (lnk_file (read getattr)))`
	w := newWorld(t, policy)
	log := write(t, t.TempDir(), "log", "line\n")
	if got := w.shell(t, "/", "chcon system_u:object_r:applog_t:s0 "+log); got.exit != 0 {
		t.Fatalf("label a file: %s", got.stderr)
	}
	label := func(c *supervisor.Config) { c.Context = "system_u:system_r:appender_t:s0" }
	got := w.helper(t, label, "fcntl", log)
	if got.exit != 0 {
		t.Errorf("exit %d: %s\n%s", got.exit, got.stderr, strings.Join(got.avcs(), "\n"))
	}
}

func init() {
	// Have results written to memory that can't be written to.
	helpers["read-only"] = func(args []string) int {
		page, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		_, err = syscall.Readlink(args[0], page)
		fmt.Println(err, page[0])
		return 0
	}
}

// Results aren't written where the caller couldn't write itself, as in code.
func TestReadOnlyMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink("target", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	got := newWorld(t, "").helper(t, nil, "read-only", dir+"/link")
	if want := "bad address 0\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
}
