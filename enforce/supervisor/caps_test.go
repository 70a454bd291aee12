package supervisor_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/internal/linux"
	"seward/internal/oracle"
)

// errnoName names how a call ended.
func errnoName(err error) string {
	var e syscall.Errno
	switch {
	case err == nil:
		return "ok"
	case !errors.As(err, &e):
		return err.Error()
	}
	for name, number := range map[string]syscall.Errno{
		"EPERM": syscall.EPERM, "EACCES": syscall.EACCES, "EINVAL": syscall.EINVAL, "ENOSYS": syscall.ENOSYS,
		"ENOENT": syscall.ENOENT, "ESRCH": syscall.ESRCH, "EEXIST": syscall.EEXIST, "EAGAIN": syscall.EAGAIN,
		"ENOMSG": syscall.ENOMSG, "EBADF": syscall.EBADF, "EFAULT": syscall.EFAULT, "EIDRM": syscall.EIDRM,
		"ENOEXEC": syscall.ENOEXEC, "EDQUOT": syscall.EDQUOT, "ENOKEY": syscall.ENOKEY,
	} {
		if e == number {
			return name
		}
	}
	return e.Error()
}

// invoke makes a system call and returns how it ended.
func invoke(number uintptr, args ...uintptr) (uintptr, error) {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := syscall.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	if e != 0 {
		return r, e
	}
	return r, nil
}

// privileged are calls that a capability decides, with arguments that fail in
// another way once it is there.
var privileged = map[string]func() error{
	"settimeofday": func() error {
		_, err := invoke(syscall.SYS_SETTIMEOFDAY, 0, 0)
		return err
	},
	"clock_settime": func() error {
		ts := syscall.Timespec{Nsec: -1}
		_, err := invoke(syscall.SYS_CLOCK_SETTIME, 0, linux.Address(&ts))
		return err
	},
	"adjtimex": func() error { // ADJ_TICK out of range
		tx := syscall.Timex{Modes: 0x4000, Tick: 1}
		_, err := invoke(syscall.SYS_ADJTIMEX, linux.Address(&tx))
		return err
	},
	"readclock": func() error {
		var tx syscall.Timex
		_, err := invoke(syscall.SYS_ADJTIMEX, linux.Address(&tx))
		if err == nil && tx.Tick == 0 {
			return errors.New("nothing was read")
		}
		return err
	},
	"sethostname": func() error {
		_, err := invoke(syscall.SYS_SETHOSTNAME, 0, 1000)
		return err
	},
	"delete_module": func() error {
		name := []byte("no_such_module\x00")
		_, err := invoke(syscall.SYS_DELETE_MODULE, linux.Address(&name[0]), syscall.O_NONBLOCK)
		return err
	},
	"reboot": func() error { _, err := invoke(syscall.SYS_REBOOT, 1, 2, 3); return err },
	"iopl":   func() error { _, err := invoke(syscall.SYS_IOPL, 0); return err },
	"swapon": func() error {
		name := []byte("/dev/null\x00")
		_, err := invoke(syscall.SYS_SWAPON, linux.Address(&name[0]), 0)
		return err
	},
	"setgroups": func() error { _, err := invoke(syscall.SYS_SETGROUPS, 0, 0); return err },
	"setresuid": func() error { _, err := invoke(syscall.SYS_SETRESUID, ^uintptr(0), 1234, ^uintptr(0)); return err },
	"same":      func() error { _, err := invoke(syscall.SYS_SETRESUID, 0, 0, 0); return err },
	"chown": func() error {
		defer os.Remove("owned")
		if err := os.WriteFile("owned", nil, 0o600); err != nil {
			return err
		}
		return os.Chown("owned", 77, 77)
	},
	"chroot":  func() error { return syscall.Chroot("/") },
	"locked":  func() error { _, err := os.ReadFile("locked/file"); return err },
	"syslog":  func() error { _, err := invoke(syscall.SYS_SYSLOG, 8, 0, 100); return err },
	"netlink": func() error { return setLoopback() },
}

// setLoopback writes the flags of the loopback interface back as they are,
// which no call of the table asks about.
func setLoopback() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	var request [40]byte
	copy(request[:], "lo")
	if _, err := invoke(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCGIFFLAGS, linux.Address(&request[0])); err != nil {
		return err
	}
	_, err = invoke(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, linux.Address(&request[0]))
	return err
}

func init() {
	helpers["privileged"] = func(args []string) int {
		for _, name := range args {
			fmt.Println(name, errnoName(privileged[name]()))
		}
		return 0
	}
	helpers["status"] = func([]string) int {
		data, _ := os.ReadFile("/proc/self/status")
		for line := range strings.Lines(string(data)) {
			if strings.HasPrefix(line, "CapEff") || strings.HasPrefix(line, "CapPrm") {
				fmt.Print(strings.Fields(line)[1], " ")
			}
		}
		fmt.Println()
		return 0
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	tests := map[string]struct {
		name, denied, allowed string
		capability            string // the policy's name, with its class
		avcs                  []string
	}{
		"time":    {"settimeofday", "EPERM", "ok", "capability (sys_time)", []string{"sys_time capability cage_t cage_t "}},
		"clock":   {"clock_settime", "EPERM", "EINVAL", "capability (sys_time)", []string{"sys_time capability cage_t cage_t "}},
		"adjust":  {"adjtimex", "EPERM", "EINVAL", "capability (sys_time)", []string{"sys_time capability cage_t cage_t "}},
		"read":    {"readclock", "ok", "ok", "capability (sys_time)", nil},
		"host":    {"sethostname", "EPERM", "EINVAL", "capability (sys_admin)", []string{"sys_admin capability cage_t cage_t "}},
		"module":  {"delete_module", "EPERM", "ENOENT", "capability (sys_module)", []string{"sys_module capability cage_t cage_t "}},
		"reboot":  {"reboot", "EPERM", "EINVAL", "capability (sys_boot)", []string{"sys_boot capability cage_t cage_t "}},
		"iopl":    {"iopl", "EPERM", "ok", "capability (sys_rawio)", []string{"sys_rawio capability cage_t cage_t "}},
		"swap":    {"swapon", "EPERM", "EINVAL", "capability (sys_admin)", []string{"sys_admin capability cage_t cage_t "}},
		"groups":  {"setgroups", "EPERM", "ok", "capability (setgid)", []string{"setgid capability cage_t cage_t "}},
		"user":    {"setresuid", "EPERM", "ok", "capability (setuid)", []string{"setuid capability cage_t cage_t "}},
		"same":    {"same", "ok", "ok", "capability (setuid)", nil},
		"chown":   {"chown", "EPERM", "ok", "capability (chown)", []string{"chown capability cage_t cage_t "}},
		"chroot":  {"chroot", "EPERM", "ok", "capability (sys_chroot)", []string{"sys_chroot capability cage_t cage_t "}},
		"network": {"netlink", "EPERM", "ok", "capability (net_admin)", nil},
		"log":     {"syslog", "EACCES", "EINVAL", "kernel_t (system (syslog_console)", []string{"syslog_console system cage_t kernel_t "}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.allowed != "ok" || tt.denied != "ok" {
				if got := errnoName(probe(t, tt.name)); got != tt.allowed {
					t.Skipf("natively %s", got)
				}
			}
			deny := "self (" + tt.capability + ")"
			if strings.HasPrefix(tt.capability, "kernel_t") {
				deny = tt.capability + ")"
			}
			w := newWorld(t, cage(deny))
			got := w.caged(t, "cage", "privileged", tt.name)
			if want := tt.name + " " + tt.denied; got.lines()[0] != want {
				t.Errorf("caged: got %q, want %q; %s %v", got.lines()[0], want, got.stderr, got.avcs())
			}
			if diff := cmp.Diff(tt.avcs, got.avcs()); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			got = w.caged(t, "free", "privileged", tt.name)
			if want := tt.name + " " + tt.allowed; got.lines()[0] != want || len(got.events) > 0 {
				t.Errorf("free: got %q, want %q; %s %v", got.lines()[0], want, got.stderr, got.avcs())
			}
			w.server.SetEnforcing(false)
			got = w.caged(t, "cage", "privileged", tt.name)
			want := tt.name + " " + tt.allowed
			if tt.name == "reboot" || tt.name == "iopl" {
				want = tt.name + " EPERM" // only in so many words
			}
			if got.lines()[0] != want {
				t.Errorf("permissive: got %q, want %q; %s", got.lines()[0], want, got.stderr)
			}
			if tt.name == "chown" {
				return // what the supervisor performs is logged where it fails only
			}
			if diff := cmp.Diff(tt.avcs, got.avcs()); diff != "" {
				t.Errorf("permissive: records (-want +got):\n%s", diff)
			}
		})
	}
}

// probe makes a call natively, in a process of its own.
func probe(t *testing.T, name string) error {
	t.Helper()
	if name == "setresuid" || name == "setgroups" || name == "chroot" || name == "chown" {
		return nil // what root can do, and what must not happen to the test itself
	}
	return privileged[name]()
}

// Without its capability a root process is bound by the modes of files, and
// what it loses comes back in a domain that may have it.
func TestCapabilityOfFiles(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	w := newWorld(t, cage("self (capability (dac_override dac_read_search))"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "locked"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "locked/file", "x")
	for _, name := range []string{"locked", "locked/file"} {
		if err := os.Chown(filepath.Join(dir, name), 1234, 1234); err != nil {
			t.Fatal(err)
		}
	}
	got := w.shell(t, dir, "cp '"+self+"' prog; chcon -t cage_exec_t prog; cp /bin/sh dsh; chcon -t cage_exec_t dsh; cp prog fprog; chcon -t free_exec_t fprog; export "+
		helperEnv+"=privileged; ./prog locked; ./dsh -c './prog locked; ./fprog locked'; ./fprog locked; "+helperEnv+"=status ./dsh -c ./prog")
	lines := got.lines()
	if want := []string{"locked EACCES", "locked EACCES", "locked ok", "locked ok"}; !cmp.Equal(lines[:4], want) {
		t.Errorf("got %q, want %q; %s", lines[:4], want, got.stderr)
	}
	want := []string{
		"dac_read_search capability cage_t cage_t ", "dac_override capability cage_t cage_t ",
		"dac_read_search capability cage_t cage_t ", "dac_override capability cage_t cage_t ",
	}
	if diff := cmp.Diff(want, got.avcs()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	caps := strings.Fields(lines[4])
	var effective uint64
	if _, err := fmt.Sscanf(caps[len(caps)-1], "%x", &effective); err != nil {
		t.Fatal(err)
	}
	if effective&(1<<1|1<<2) != 0 || effective == 0 {
		t.Errorf("effective capabilities %v", caps)
	}
}
