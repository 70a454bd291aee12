package supervisor_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seward/internal/linux"
	"seward/internal/oracle"
)

// secret is what another process' memory is read and written for.
var secret = [8]byte{'s', 'e', 'c', 'r', 'e', 't', '!', '!'}

// processSteps are what the helper process can do to another process.
var processSteps = map[string]func(pid, address uintptr) error{
	"exists":    func(pid, _ uintptr) error { return syscall.Kill(int(pid), 0) },
	"usr1":      func(pid, _ uintptr) error { return syscall.Kill(int(pid), syscall.SIGUSR1) },
	"cont":      func(pid, _ uintptr) error { return syscall.Kill(int(pid), syscall.SIGCONT) },
	"queue":     func(pid, _ uintptr) error { return queueSignal(pid) },
	"pidfdkill": func(pid, _ uintptr) error { return pidfdSignal(pid) },
	"group":     func(pid, _ uintptr) error { return syscall.Kill(-int(pid), syscall.SIGUSR1) },
	"nobody":    func(uintptr, uintptr) error { return syscall.Kill(1<<22-3, 0) },
	"getpgid":   func(pid, _ uintptr) error { _, err := invoke(syscall.SYS_GETPGID, pid); return err },
	"getsid":    func(pid, _ uintptr) error { _, err := invoke(syscall.SYS_GETSID, pid); return err },
	"setpgid":   func(uintptr, uintptr) error { return syscall.Setpgid(0, 0) },
	"sched":     func(pid, _ uintptr) error { _, err := invoke(syscall.SYS_SCHED_GETSCHEDULER, pid); return err },
	"setsched": func(pid, _ uintptr) error {
		var parameter int32
		_, err := invoke(syscall.SYS_SCHED_SETSCHEDULER, pid, 0, linux.Address(&parameter))
		return err
	},
	"nice":      func(pid, _ uintptr) error { _, err := invoke(syscall.SYS_SETPRIORITY, 0, pid, 5); return err },
	"nicegroup": func(pid, _ uintptr) error { _, err := invoke(syscall.SYS_SETPRIORITY, 1, pid, 6); return err },
	"getnice": func(pid, _ uintptr) error {
		n, err := invoke(syscall.SYS_GETPRIORITY, 0, pid)
		if err == nil && 20-n != 5 && 20-n != 6 {
			return fmt.Errorf("nice %d", 20-int(n))
		}
		return err
	},
	"ioprio":   func(pid, _ uintptr) error { _, err := invoke(syscall.SYS_IOPRIO_SET, 1, pid, 2<<13|5); return err },
	"iogroup":  func(pid, _ uintptr) error { _, err := invoke(syscall.SYS_IOPRIO_SET, 2, pid, 2<<13|6); return err },
	"getio":    func(pid, _ uintptr) error { _, err := invoke(syscall.SYS_IOPRIO_GET, 1, pid); return err },
	"getiogrp": func(pid, _ uintptr) error { _, err := invoke(syscall.SYS_IOPRIO_GET, 2, pid); return err },
	"getlimit": func(pid, _ uintptr) error { return limitOf(pid, false) },
	"setlimit": func(pid, _ uintptr) error { return limitOf(pid, true) },
	"hard":     func(uintptr, uintptr) error { return ownLimit(true) },
	"soft":     func(uintptr, uintptr) error { return ownLimit(false) },
	"capget":   func(pid, _ uintptr) error { return capabilitiesOf(pid) },
	"capself":  func(uintptr, uintptr) error { return capabilitiesOf(0) },
	"kcmp":     func(pid, _ uintptr) error { _, err := invoke(312, pid, uintptr(os.Getpid()), 1, 0, 0); return err },
	"robust": func(pid, _ uintptr) error {
		var head, length uintptr
		_, err := invoke(syscall.SYS_GET_ROBUST_LIST, pid, linux.Address(&head), linux.Address(&length))
		return err
	},
	"vmread": func(pid, address uintptr) error {
		got, err := vmTransfer(310, pid, address, [8]byte{})
		if err == nil && got != secret {
			return fmt.Errorf("read %q", got)
		}
		return err
	},
	"vmwrite": func(pid, address uintptr) error {
		_, err := vmTransfer(311, pid, address, secret)
		return err
	},
	"vmself": func(uintptr, uintptr) error {
		got, err := vmTransfer(310, uintptr(os.Getpid()), linux.Address(&secret), [8]byte{})
		if err == nil && got != secret {
			return fmt.Errorf("read %q", got)
		}
		return err
	},
	"mem": func(pid, _ uintptr) error {
		f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
		if err == nil {
			f.Close()
		}
		return err
	},
	"environ": func(pid, _ uintptr) error { _, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); return err },
	"fork": func(uintptr, uintptr) error {
		pid, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
		if err == nil {
			_, err = syscall.Wait4(pid, nil, 0, nil)
		}
		return err
	},
}

func queueSignal(pid uintptr) error {
	var info [128]byte
	binary.LittleEndian.PutUint32(info[0:], uint32(syscall.SIGUSR1))
	binary.LittleEndian.PutUint32(info[8:], ^uint32(0)) // SI_QUEUE
	_, err := invoke(syscall.SYS_RT_SIGQUEUEINFO, pid, uintptr(syscall.SIGUSR1), linux.Address(&info))
	return err
}

func pidfdSignal(pid uintptr) error {
	const open, send = 434, 424
	fd, err := invoke(open, pid, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(int(fd))
	_, err = invoke(send, fd, uintptr(syscall.SIGUSR1), 0, 0)
	return err
}

func limitOf(pid uintptr, change bool) error {
	var old syscall.Rlimit
	if _, err := invoke(syscall.SYS_PRLIMIT64, pid, syscall.RLIMIT_CORE, 0, linux.Address(&old)); err != nil || !change {
		return err
	}
	_, err := invoke(syscall.SYS_PRLIMIT64, pid, syscall.RLIMIT_CORE, linux.Address(&old), 0)
	return err
}

func ownLimit(hard bool) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &l); err != nil {
		return err
	}
	l.Cur = 4096
	if hard {
		l.Max = 8192
	}
	_, err := invoke(syscall.SYS_SETRLIMIT, syscall.RLIMIT_CORE, linux.Address(&l))
	if err == nil {
		var now syscall.Rlimit
		if err = syscall.Getrlimit(syscall.RLIMIT_CORE, &now); err == nil && now != l {
			return fmt.Errorf("got %v, want %v", now, l)
		}
	}
	return err
}

func capabilitiesOf(pid uintptr) error {
	header := [2]uint32{0x20080522, uint32(pid)}
	var data [6]uint32
	_, err := invoke(syscall.SYS_CAPGET, linux.Address(&header), linux.Address(&data))
	if err == nil && os.Geteuid() == 0 && data[0] == 0 {
		return fmt.Errorf("no capabilities: %v", data)
	}
	return err
}

func vmTransfer(call, pid, address uintptr, buf [8]byte) ([8]byte, error) {
	local := [2]uintptr{linux.Address(&buf), 8}
	// In two pieces, the second shorter.
	remote := [4]uintptr{address, 5, address + 5, 3}
	n, err := invoke(call, pid, linux.Address(&local), 1, linux.Address(&remote), 2)
	if err == nil && n != 8 {
		return buf, fmt.Errorf("%d bytes", n)
	}
	return buf, err
}

func init() {
	helpers["process"] = func(args []string) int {
		pid, _ := strconv.Atoi(args[0])
		address, _ := strconv.ParseUint(args[1], 0, 64)
		for _, name := range args[2:] {
			fmt.Println(name, errnoName(processSteps[name](uintptr(pid), uintptr(address))))
		}
		return 0
	}
	// A process to do something to: it leads a group, says where its secret is, and
	// counts the signals it gets until it is told to end.
	helpers["target"] = func(args []string) int {
		_ = syscall.Setpgid(0, 0)
		got := make(chan os.Signal, 16)
		signal.Notify(got, syscall.SIGUSR1)
		if err := os.WriteFile(args[0]+".new", []byte(fmt.Sprintf("%d %#x", os.Getpid(), linux.Address(&secret))), 0o644); err != nil {
			return 1
		}
		if err := os.Rename(args[0]+".new", args[0]); err != nil {
			return 1
		}
		end := time.After(30 * time.Second)
		for {
			select {
			case <-got:
			case <-time.After(10 * time.Millisecond):
				if _, err := os.Stat(args[0] + ".end"); err == nil {
					return 0
				}
			case <-end:
				return 1
			}
		}
	}
}

// onProcess has the cage do steps to a process of the free domain.
func onProcess(t *testing.T, w *world, steps string) *outcome {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	oracle.Need(t, "chcon")
	return w.shell(t, t.TempDir(), fmt.Sprintf("cp '%s' free; cp free cage; chcon -t free_exec_t free; chcon -t cage_exec_t cage; "+
		"%s=target ./free where & while ! test -e where; do sleep 0.01; done; "+
		"%s=process ./cage $(cat where) %s; touch where.end; wait", self, helperEnv, helperEnv, steps))
}

func TestProcesses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		deny, steps, want string
		avcs              []string
	}{
		"allowed": {
			"", "exists usr1 cont queue pidfdkill group nobody getpgid getsid setpgid sched setsched nice getnice nicegroup getnice " +
				"ioprio iogroup getio getiogrp getlimit setlimit soft hard capget capself robust vmread vmwrite vmread vmself mem environ fork",
			"ok ok ok ok ok ok ESRCH ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok", nil,
		},
		"signull":    {"free_t (process (signull))", "exists usr1 nobody", "EACCES ok ESRCH", []string{"signull process cage_t free_t "}},
		"signal":     {"free_t (process (signal))", "exists usr1 queue pidfdkill", "ok EACCES EACCES EACCES", []string{"signal process cage_t free_t ", "signal process cage_t free_t ", "signal process cage_t free_t "}},
		"group":      {"free_t (process (signal))", "group", "EACCES", []string{"signal process cage_t free_t "}},
		"getpgid":    {"free_t (process (getpgid))", "getpgid getsid", "EACCES ok", []string{"getpgid process cage_t free_t "}},
		"getsession": {"free_t (process (getsession))", "getpgid getsid", "ok EACCES", []string{"getsession process cage_t free_t "}},
		"setpgid":    {"self (process (setpgid))", "setpgid", "EACCES", []string{"setpgid process cage_t cage_t "}},
		"getsched":   {"free_t (process (getsched))", "sched getio", "EACCES EACCES", []string{"getsched process cage_t free_t ", "getsched process cage_t free_t "}},
		"setsched": {
			"free_t (process (setsched))", "setsched nice nicegroup ioprio iogroup", "EACCES EACCES EACCES EACCES EACCES", nil,
		},
		"getrlimit": {"free_t (process (getrlimit))", "getlimit", "EACCES", []string{"getrlimit process cage_t free_t "}},
		"setrlimit": {"free_t (process (setrlimit))", "getlimit setlimit hard", "ok EACCES ok", []string{"setrlimit process cage_t free_t "}},
		"hard":      {"self (process (setrlimit))", "soft hard", "ok EACCES", []string{"setrlimit process cage_t cage_t "}},
		"getcap":    {"free_t (process (getcap))", "capget capself", "EACCES ok", []string{"getcap process cage_t free_t "}},
		"ptrace":    {"free_t (process (ptrace))", "vmread vmwrite mem vmself robust", "EACCES EACCES EACCES ok ok", []string{"ptrace process cage_t free_t ", "ptrace process cage_t free_t ", "ptrace process cage_t free_t "}},
		"inspect":   {"free_t (file (read))", "robust", "EACCES", []string{"read file cage_t free_t "}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var deny []string
			if tt.deny != "" {
				deny = []string{tt.deny}
			}
			w := newWorld(t, cage(deny...))
			got := onProcess(t, w, tt.steps)
			want, ends := "", strings.Fields(tt.want)
			for i, step := range strings.Fields(tt.steps) {
				want += step + " " + ends[i] + "\n"
			}
			if diff := cmp.Diff(want, got.stdout); diff != "" {
				t.Errorf("steps (-want +got):\n%s%s", diff, got.stderr)
			}
			if name == "setsched" {
				return // as many records as threads
			}
			if diff := cmp.Diff(tt.avcs, got.avcs()); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFork(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	w := newWorld(t, cage("self (process (fork))"))
	script := `cp "$(readlink -f /bin/sh)" cage; chcon -t cage_exec_t cage; ./cage -c 'echo one; /bin/true; echo $?' 2>/dev/null; echo $?; ./cage -c 'exec echo two'`
	got := w.shell(t, t.TempDir(), script)
	if want := "one\n2\ntwo\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
	if diff := cmp.Diff([]string{"fork process cage_t cage_t "}, got.avcs()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	w.server.SetEnforcing(false)
	got = w.shell(t, t.TempDir(), script)
	if want := "one\n0\n0\ntwo\n"; got.stdout != want {
		t.Errorf("permissive: got %q, want %q; %s", got.stdout, want, got.stderr)
	}
	if diff := cmp.Diff([]string{"fork process cage_t cage_t "}, got.avcs()); diff != "" {
		t.Errorf("permissive: records (-want +got):\n%s", diff)
	}
}

// What a policy takes from a label while it runs, it can no longer do.
func TestForkRevoked(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	w, without := newWorld(t, cage()), newWorld(t, cage("self (process (fork))"))
	dir := t.TempDir()
	done := make(chan error, 1)
	go func() {
		for {
			if _, err := os.Stat(dir + "/ready"); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		err := w.server.Load(without.server.Policy())
		if err == nil {
			err = os.WriteFile(dir+"/loaded", nil, 0o644)
		}
		done <- err
	}()
	// The commit is what tells the supervisor that something changed.
	got := w.shell(t, dir, `cp "$(readlink -f /bin/sh)" cage; chcon -t cage_exec_t cage; mkfifo p q
./cage -c '/bin/true; echo $?; echo x >p; read y <q; /bin/true; echo $?' & read x <p; >ready
while ! test -e loaded; do sleep 0.01; done; echo 1 >/sys/fs/selinux/commit_pending_bools; echo y >q; wait $!; echo $?`)
	if want := "0\n2\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if denials := got.avcs(); len(denials) == 0 || denials[len(denials)-1] != "fork process cage_t cage_t " {
		t.Errorf("records %v", denials)
	}
}
