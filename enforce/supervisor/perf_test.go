package supervisor_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/internal/linux"
	"seward/internal/oracle"
)

// openEvent counts the time that the process takes.
func openEvent(kind uint32, flags uint64, pid uintptr) error {
	attr := make([]byte, 112)
	le := binary.LittleEndian
	le.PutUint32(attr[0:], kind)
	le.PutUint32(attr[4:], 112)
	le.PutUint64(attr[40:], flags)
	fd, err := invoke(syscall.SYS_PERF_EVENT_OPEN, linux.Address(&attr[0]), pid, cpuOf(pid), ^uintptr(0), 8)
	if err != nil {
		return err
	}
	defer syscall.Close(int(fd))
	for range 1000000 {
		kind++
	}
	var count [8]byte
	if _, err := syscall.Read(int(fd), count[:]); err != nil {
		return err
	}
	if le.Uint64(count[:]) == 0 {
		return errors.New("nothing was counted")
	}
	return nil
}

var measureSteps = map[string]func() error{
	"user":   func() error { return openEvent(1, 1<<5|1<<6, 0) },
	"kernel": func() error { return openEvent(1, 0, 0) },
	"cpu":    func() error { return openEvent(1, 1<<5, ^uintptr(0)) },
	"probe":  func() error { return openEvent(77, 0, 0) },
	"map": func() error {
		// BPF_MAP_TYPE_ARRAY of one value.
		attr := [12]uint32{2, 4, 8, 1}
		fd, err := invoke(321, 0, linux.Address(&attr), 48)
		if err == nil {
			syscall.Close(int(fd))
		}
		return err
	},
	"token": func() error { _, err := invoke(321, 36, 0, 0); return err },
	"new":   func() error { _, err := invoke(321, 1000, 0, 0); return err },
}

func init() {
	helpers["measure"] = func(args []string) int {
		for _, step := range args {
			fmt.Println(step, errnoName(measureSteps[step]()))
		}
		return 0
	}
}

func TestMeasuring(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	if err := measureSteps["kernel"](); err != nil {
		t.Skipf("perf_event_open: %v", err)
	}
	if err := measureSteps["map"](); err != nil {
		t.Skipf("bpf: %v", err)
	}
	tests := map[string]struct {
		deny  string
		steps []string
		want  []string
		avcs  []string
	}{
		"allowed": {"", []string{"user", "kernel", "cpu", "probe", "map", "token", "new"}, []string{"user ok", "kernel ok", "cpu ok", "probe EPERM", "map ok", "token EPERM", "new EINVAL"}, nil},
		"open":    {"self (perf_event (open))", []string{"user"}, []string{"user EACCES"}, []string{"open perf_event cage_t cage_t "}},
		"kernel":  {"self (perf_event (kernel))", []string{"user", "kernel"}, []string{"user ok", "kernel EACCES"}, []string{"kernel perf_event cage_t cage_t "}},
		"cpu":     {"self (perf_event (cpu))", []string{"user", "cpu"}, []string{"user ok", "cpu EACCES"}, []string{"cpu perf_event cage_t cage_t "}},
		"create":  {"self (bpf (map_create))", []string{"map"}, []string{"map EACCES"}, []string{"map_create bpf cage_t cage_t "}},
		"use":     {"self (bpf (map_write))", []string{"map"}, []string{"map EACCES"}, []string{"map_write bpf cage_t cage_t "}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var deny []string
			if tt.deny != "" {
				deny = []string{tt.deny}
			}
			got := newWorld(t, cage(deny...)).caged(t, "cage", "measure", tt.steps...)
			if diff := cmp.Diff(tt.want, got.lines()); diff != "" {
				t.Errorf("steps (-want +got):\n%s%s", diff, got.stderr)
			}
			if diff := cmp.Diff(tt.avcs, got.avcs()); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// cpuOf is any processor for one process, and the first for all of them.
func cpuOf(pid uintptr) uintptr {
	if pid == ^uintptr(0) {
		return 0
	}
	return ^uintptr(0)
}
