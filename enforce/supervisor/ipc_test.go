package supervisor_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seward/internal/linux"
	"seward/internal/oracle"
)

const (
	ipcCreat  = 0o1000
	ipcExcl   = 0o2000
	ipcNowait = 0o4000
	ipcRmid   = 0
	ipcStat   = 2
)

type message struct {
	kind int64
	text [8]byte
}

// ipcSteps are what the helper ipc can do with the objects of a key.
var ipcSteps = map[string]func(key uintptr) error{
	"make": func(key uintptr) error {
		_, e1 := invoke(syscall.SYS_MSGGET, key, ipcCreat|ipcExcl|0o666)
		_, e2 := invoke(syscall.SYS_SEMGET, key, 1, ipcCreat|ipcExcl|0o666)
		_, e3 := invoke(syscall.SYS_SHMGET, key, 4096, ipcCreat|ipcExcl|0o666)
		return firstError(e1, e2, e3)
	},
	"remove": func(key uintptr) error {
		_, e1 := control(key, "msg", ipcRmid, nil)
		_, e2 := control(key, "sem", ipcRmid, nil)
		_, e3 := control(key, "shm", ipcRmid, nil)
		return firstError(e1, e2, e3)
	},
	"private": func(uintptr) error {
		id, err := invoke(syscall.SYS_SHMGET, 0, 4096, 0o600)
		if err == nil {
			_, err = invoke(syscall.SYS_SHMCTL, id, ipcRmid, 0)
		}
		return err
	},
	"msgget":  func(key uintptr) error { _, err := invoke(syscall.SYS_MSGGET, key, 0o600); return err },
	"msgfind": func(key uintptr) error { _, err := invoke(syscall.SYS_MSGGET, key, 0); return err },
	"msgstat": func(key uintptr) error { _, err := control(key, "msg", ipcStat, nil); return err },
	"shmstat": func(key uintptr) error { _, err := control(key, "shm", ipcStat, nil); return err },
	"shmrm":   func(key uintptr) error { _, err := control(key, "shm", ipcRmid, nil); return err },
	"value":   func(key uintptr) error { _, err := control(key, "sem", 12, nil); return err },
	"set0":    func(key uintptr) error { _, err := control(key, "sem", 16, nil); return err },
	"info": func(uintptr) error {
		var buf [256]byte
		_, err := invoke(syscall.SYS_MSGCTL, 0, 3, linux.Address(&buf))
		return err
	},
	"index": func(key uintptr) error { // MSG_STAT, by the place in the table
		var buf [256]byte
		id, err := invoke(syscall.SYS_MSGGET, key, 0)
		if err != nil {
			return err
		}
		got, err := invoke(syscall.SYS_MSGCTL, id&0x7fff, 11, linux.Address(&buf))
		if err == nil && (got != id || binary.LittleEndian.Uint32(buf[:]) != uint32(key)) {
			return fmt.Errorf("got %d, want %d", got, id)
		}
		return err
	},
	"shmat": func(key uintptr) error { return attach(key, 0) },
	"shmro": func(key uintptr) error { return attach(key, 0o10000) },
	"send": func(key uintptr) error {
		id, err := invoke(syscall.SYS_MSGGET, key, 0)
		if err != nil {
			return err
		}
		m := message{kind: 1, text: [8]byte{'h', 'e', 'l', 'l', 'o'}}
		_, err = invoke(syscall.SYS_MSGSND, id, linux.Address(&m), 8, 0)
		return err
	},
	"receive": func(key uintptr) error {
		id, err := invoke(syscall.SYS_MSGGET, key, 0)
		if err != nil {
			return err
		}
		var m message
		_, err = invoke(syscall.SYS_MSGRCV, id, linux.Address(&m), 8, 0, ipcNowait)
		if err == nil && m.text[0] != 'h' {
			return fmt.Errorf("received %q", m.text)
		}
		return err
	},
	"up":   func(key uintptr) error { return operate(key, [3]int16{0, 1, ipcNowait}) },
	"zero": func(key uintptr) error { return operate(key, [3]int16{0, 0, 0}) },
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// control performs a ctl call on the object with a key.
func control(key uintptr, kind string, command uintptr, buf *[256]byte) (uintptr, error) {
	if buf == nil {
		buf = new([256]byte)
	}
	defer runtime.KeepAlive(buf)
	p := linux.Address(buf)
	switch kind {
	case "msg":
		id, err := invoke(syscall.SYS_MSGGET, key, 0)
		if err != nil {
			return 0, err
		}
		return invoke(syscall.SYS_MSGCTL, id, command, p)
	case "shm":
		id, err := invoke(syscall.SYS_SHMGET, key, 0, 0)
		if err != nil {
			return 0, err
		}
		return invoke(syscall.SYS_SHMCTL, id, command, p)
	}
	id, err := invoke(syscall.SYS_SEMGET, key, 0, 0)
	if err != nil {
		return 0, err
	}
	return invoke(syscall.SYS_SEMCTL, id, 0, command, 0)
}

func attach(key, flags uintptr) error {
	id, err := invoke(syscall.SYS_SHMGET, key, 0, 0)
	if err != nil {
		return err
	}
	address, err := invoke(syscall.SYS_SHMAT, id, 0, flags)
	if err == nil {
		_, err = invoke(syscall.SYS_SHMDT, address)
	}
	return err
}

func operate(key uintptr, operation [3]int16) error {
	id, err := invoke(syscall.SYS_SEMGET, key, 0, 0)
	if err != nil {
		return err
	}
	timeout := syscall.NsecToTimespec(int64(50 * time.Millisecond))
	_, err = invoke(syscall.SYS_SEMTIMEDOP, id, linux.Address(&operation), 1, linux.Address(&timeout))
	return err
}

func init() {
	helpers["ipc"] = func(args []string) int {
		key, err := strconv.Atoi(args[0])
		if err != nil {
			return 2
		}
		for _, name := range args[1:] {
			fmt.Println(name, errnoName(ipcSteps[name](uintptr(key))))
		}
		return 0
	}
}

// ipcRun makes objects in the free domain, does before there, then steps in the
// cage, and removes the objects.
func ipcRun(t *testing.T, w *world, key int, before, steps string) *outcome {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	oracle.Need(t, "chcon")
	return w.shell(t, t.TempDir(), fmt.Sprintf("cp '%s' free; cp free cage; chcon -t free_exec_t free; chcon -t cage_exec_t cage; export %s=ipc; "+
		"./free %d make %s; ./cage %d %s; ./free %d remove", self, helperEnv, key, before, key, steps, key))
}

func TestIPC(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/sysvipc/msg"); err != nil {
		t.Skip(err)
	}
	tests := map[string]struct {
		deny, before, steps string
		want                string // how each step ends
		avcs                []string
	}{
		"allowed": {
			"", "", "msgget send receive msgstat index shmat shmro shmstat up value set0 zero info private",
			"ok ok ok ok ok ok ok ok ok ok ok ok ok ok", nil,
		},
		"create":    {"self (shm (create))", "", "private", "EACCES", []string{"create shm cage_t cage_t "}},
		"associate": {"free_t (msgq (associate))", "", "msgget", "EACCES", []string{"associate msgq cage_t free_t "}},
		"mode":      {"free_t (msgq (unix_read))", "", "msgget msgfind", "EACCES ok", []string{"unix_read msgq cage_t free_t "}},
		"write":     {"free_t (shm (write))", "", "shmat shmro", "EACCES ok", []string{"write shm cage_t free_t "}},
		"read":      {"free_t (shm (read))", "", "shmro", "EACCES", []string{"read shm cage_t free_t "}},
		"getattr":   {"free_t (msgq (getattr))", "", "msgstat index", "EACCES EACCES", []string{"getattr msgq cage_t free_t ", "getattr msgq cage_t free_t "}},
		"destroy":   {"free_t (shm (destroy))", "", "shmrm shmstat", "EACCES ok", []string{"destroy shm cage_t free_t "}},
		"send":      {"free_t (msgq (write))", "", "send", "EACCES", []string{"write msgq cage_t free_t "}},
		"message":   {"free_t (msg (send))", "", "send", "EACCES", []string{"send msg cage_t free_t "}},
		"enqueue":   {"", "", "send", "ok", nil},
		"receive":   {"free_t (msg (receive))", "send", "receive", "EACCES", []string{"receive msg cage_t free_t "}},
		"empty":     {"free_t (msg (receive))", "", "receive", "ENOMSG", nil},
		"semwrite": {
			"free_t (sem (write))", "", "up zero value set0", "EACCES ok ok EACCES",
			[]string{"write sem cage_t free_t ", "write sem cage_t free_t "},
		},
		"semwait": {"free_t (sem (write))", "up", "zero", "EAGAIN", nil},
		"semread": {"free_t (sem (read))", "", "zero value", "EACCES EACCES", []string{"read sem cage_t free_t ", "read sem cage_t free_t "}},
		"info":    {"kernel_t (system (ipc_info))", "", "info", "EACCES", []string{"ipc_info system cage_t kernel_t "}},
	}
	next := os.Getpid() * 100
	for name, tt := range tests {
		next++
		key := next
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var deny []string
			if tt.deny != "" {
				deny = []string{tt.deny}
			}
			w := newWorld(t, cage(deny...))
			got := ipcRun(t, w, key, tt.before, tt.steps)
			want := "make ok\n"
			if tt.before != "" {
				want += tt.before + " ok\n"
			}
			ends := strings.Fields(tt.want)
			for i, step := range strings.Fields(tt.steps) {
				want += step + " " + ends[i] + "\n"
			}
			want += "remove ok\n"
			if got.stdout != want {
				t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
			}
			if diff := cmp.Diff(tt.avcs, got.avcs()); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// An object of somebody outside has the label of the kernel.
func TestIPCOfOthers(t *testing.T) {
	t.Parallel()
	key := os.Getpid()*100 + 77
	id, err := invoke(syscall.SYS_MSGGET, uintptr(key), ipcCreat|ipcExcl|0o600)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _, _ = invoke(syscall.SYS_MSGCTL, id, ipcRmid, 0) }()
	w := newWorld(t, cage("kernel_t (msgq (getattr))"))
	got := w.caged(t, "cage", "ipc", strconv.Itoa(key), "msgstat")
	if want := "msgstat EACCES\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %v", got.stdout, want, got.avcs())
	}
	got = w.caged(t, "free", "ipc", strconv.Itoa(key), "msgstat")
	if want := "msgstat ok\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %v", got.stdout, want, got.avcs())
	}
}
