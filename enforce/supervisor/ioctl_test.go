package supervisor_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"seward/internal/linux"
)

func init() {
	// Lock a file in one way, or give it a command.
	helpers["lock"] = func(args []string) int {
		f, err := os.OpenFile(args[1], os.O_RDWR, 0)
		if err != nil {
			fmt.Println(errno(err))
			return 1
		}
		fd := f.Fd()
		lock := syscall.Flock_t{Type: syscall.F_WRLCK, Len: 1}
		switch args[0] {
		case "flock":
			err = syscall.Flock(int(fd), syscall.LOCK_EX)
		case "setlk":
			err = syscall.FcntlFlock(fd, syscall.F_SETLK, &lock)
		case "setlkw":
			err = syscall.FcntlFlock(fd, syscall.F_SETLKW, &lock)
		case "ofd":
			err = syscall.FcntlFlock(fd, 37, &lock)
		case "getlk":
			err = syscall.FcntlFlock(fd, syscall.F_GETLK, &lock)
		case "figetbsz": // asks for getattr
			err = linux.Ioctl(int(fd), 2, make([]byte, 8))
		case "unknown": // a command of ours, which nothing knows
			err = linux.Ioctl(int(fd), 0x1234, nil)
		}
		fmt.Println(args[0], errno(err))
		return 0
	}
}

func TestLocksAndCommands(t *testing.T) {
	t.Parallel()
	const rules = confined + `
(type locked_t) (typeattributeset file_type (locked_t))
(allow tdom_t locked_t (file (read write open)))
`
	const target = " file tdom_t locked_t"
	tests := []struct {
		how, denied, rule, allowed string
	}{
		{"flock", "lock", "(allow tdom_t locked_t (file (lock)))", "ok"},
		{"setlk", "lock", "(allow tdom_t locked_t (file (lock)))", "ok"},
		{"setlkw", "lock", "(allow tdom_t locked_t (file (lock)))", "ok"},
		{"ofd", "lock", "(allow tdom_t locked_t (file (lock)))", "ok"},
		{"getlk", "lock", "(allow tdom_t locked_t (file (lock)))", "ok"},
		{"figetbsz", "getattr", "(allow tdom_t locked_t (file (getattr)))", "ok"},
		{"unknown", "ioctl", "(allow tdom_t locked_t (file (ioctl)))", "inappropriate ioctl for device"},
		{
			"unknown", "ioctl", "(allow tdom_t locked_t (file (ioctl))) (allowx tdom_t locked_t (ioctl file ((range 0x1200 0x12ff))))",
			"inappropriate ioctl for device",
		},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(tt.how, i), func(t *testing.T) {
			t.Parallel()
			script := raceStage + "echo x >locked; chcon -t locked_t locked; SEWARD_TEST_HELPER=lock ./prog " + tt.how + " locked"
			got := newWorld(t, rules).shell(t, prepare(t), script)
			var denied []string
			for _, avc := range got.avcs() {
				denied = append(denied, strings.Join(strings.Fields(avc)[:4], " "))
			}
			if got.stdout != tt.how+" permission denied\n" || !slices.Equal(denied, []string{tt.denied + target}) {
				t.Errorf("without the rule: got %q, %v; %s", got.stdout, denied, got.stderr)
			}
			got = newWorld(t, rules+tt.rule).shell(t, prepare(t), script)
			if got.stdout != tt.how+" "+tt.allowed+"\n" || len(got.events) > 0 {
				t.Errorf("with the rule: got %q, %v; %s", got.stdout, got.avcs(), got.stderr)
			}
		})
	}
	// A rule that names other commands allows none but those.
	other := "(allow tdom_t locked_t (file (ioctl))) (allowx tdom_t locked_t (ioctl file (0x1235)))"
	got := newWorld(t, rules+other).shell(t, prepare(t),
		raceStage+"echo x >locked; chcon -t locked_t locked; SEWARD_TEST_HELPER=lock ./prog unknown locked")
	if got.stdout != "unknown permission denied\n" || len(got.events) != 1 {
		t.Errorf("another command: got %q, %v; %s", got.stdout, got.avcs(), got.stderr)
	}
}

// A lock that waits ends with a signal as on any kernel.
func TestLockInterrupted(t *testing.T) {
	t.Parallel()
	const script = `touch f; (flock 9; sleep 5) 9>f & sleep 0.3; timeout -s ALRM 0.5 flock f true; echo $?; kill $!`
	dir := t.TempDir()
	want, _ := native(t, t.TempDir(), script)
	if got := newWorld(t, "").shell(t, dir, script); got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
}
