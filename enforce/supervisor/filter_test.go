package supervisor

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"seward/internal/linux"
)

// data is struct seccomp_data.
type data struct {
	number, arch uint32
	args         [6]uint64
}

func (d *data) word(offset uint32) uint32 {
	switch {
	case offset == 0:
		return d.number
	case offset == 4:
		return d.arch
	case offset >= 16 && offset < 64:
		v := d.args[(offset-16)/8]
		return uint32(v >> (8 * (offset % 8)))
	}
	panic(fmt.Sprintf("load at %d", offset))
}

// simulate runs a filter as the kernel would, counting instructions.
func simulate(t *testing.T, program []linux.Instruction, d *data) (action uint32, steps int) {
	t.Helper()
	var acc uint32
	for pc := 0; pc < len(program); pc++ {
		steps++
		i := program[pc]
		jump := func(taken bool) {
			if taken {
				pc += int(i.Jt)
			} else {
				pc += int(i.Jf)
			}
		}
		switch i.Code {
		case 0x20:
			acc = d.word(i.K)
		case 0x05:
			pc += int(i.K)
		case 0x15:
			jump(acc == i.K)
		case 0x25:
			jump(acc > i.K)
		case 0x35:
			jump(acc >= i.K)
		case 0x45:
			jump(acc&i.K != 0)
		case 0x54:
			acc &= i.K
		case 0x06:
			return i.K, steps
		default:
			t.Fatalf("instruction %d: code %#x", pc, i.Code)
		}
	}
	t.Fatal("ran off the end")
	return 0, 0
}

func filterOf(t *testing.T, coverage Coverage) []linux.Instruction {
	t.Helper()
	if !linux.Supported {
		t.Skip("no table for this architecture")
	}
	program, err := buildFilter(coverage)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// plain is the action of a row without a look at arguments.
func plain(c *call, coverage Coverage) uint32 {
	switch {
	case c.action == actionAllow, c.reads && coverage == CoverageCore:
		return linux.SeccompAllow
	case c.action == actionNotify:
		return linux.SeccompNotify
	case c.action == actionRefuse:
		return refusal(c.errno)
	}
	return refusal(syscall.ENOSYS)
}

func TestFilterAgreesWithTable(t *testing.T) {
	for _, coverage := range []Coverage{CoverageFull, CoverageCore} {
		program := filterOf(t, coverage)
		longest := 0
		for n := range len(calls) + 100 {
			want := refusal(syscall.ENOSYS)
			if n < len(calls) {
				if calls[n].action == actionFilter {
					continue
				}
				want = plain(&calls[n], coverage)
			}
			got, steps := simulate(t, program, &data{number: uint32(n), arch: linux.AuditArch})
			if got != want {
				t.Errorf("call %d: got %#x, want %#x", n, got, want)
			}
			longest = max(longest, steps)
		}
		if longest > 24 {
			t.Errorf("a call takes %d instructions", longest)
		}
		t.Logf("%d instructions, %d at most for a call", len(program), longest)
	}
}

func TestFilterRefusesForeign(t *testing.T) {
	program := filterOf(t, CoverageFull)
	const i386, aarch64 = 0x40000003, 0xc00000b7
	for range 10000 {
		d := data{number: rand.Uint32(), arch: linux.AuditArch}
		for i := range d.args {
			d.args[i] = rand.Uint64()
		}
		switch rand.IntN(3) {
		case 0:
			d.arch = i386
			d.number %= 500
		case 1:
			d.arch = aarch64
		case 2:
			d.number = d.number%600 | linux.X32Bit
		}
		if got, _ := simulate(t, program, &d); got != refusal(syscall.ENOSYS) {
			t.Fatalf("%+v: got %#x", d, got)
		}
	}
}

func TestFilterArguments(t *testing.T) {
	program := filterOf(t, CoverageFull)
	number := func(name string) uint32 {
		for i := range calls {
			if calls[i].name == name {
				return uint32(i)
			}
		}
		t.Fatalf("no call %s", name)
		return 0
	}
	const (
		allow  = linux.SeccompAllow
		notify = linux.SeccompNotify
		eperm  = linux.SeccompErrno | uint32(syscall.EPERM)
		high   = 1 << 32
	)
	tests := []struct {
		name string
		args [6]uint64
		want uint32
	}{
		{"clone", [6]uint64{linux.CloneVM | linux.CloneThread | linux.CloneFS}, allow},
		{"clone", [6]uint64{17}, allow},
		{"clone", [6]uint64{linux.CloneUntraced | 17}, eperm},
		{"clone", [6]uint64{linux.CloneNewUser}, eperm},
		{"clone", [6]uint64{linux.CloneNewNS}, eperm},
		{"clone", [6]uint64{linux.CloneNewPID}, eperm},
		{"clone", [6]uint64{linux.CloneNewNet}, allow},
		{"unshare", [6]uint64{linux.CloneFS}, notify},
		{"unshare", [6]uint64{linux.CloneFS | linux.CloneNewNS}, eperm},
		{"unshare", [6]uint64{linux.CloneFiles}, allow},
		{"prctl", [6]uint64{prSetDumpable}, notify},
		{"prctl", [6]uint64{15}, allow},
		{"ioctl", [6]uint64{0, tiocSTI}, eperm},
		{"ioctl", [6]uint64{0, high | tiocSTI}, eperm},
		{"ioctl", [6]uint64{0, 0x5401}, allow},
		{"prlimit64", [6]uint64{0, 7}, allow},
		{"prlimit64", [6]uint64{12, 7}, notify},
		{"write", [6]uint64{1, 0, 0}, notify},
		{"write", [6]uint64{1, 0, 1}, allow},
		{"write", [6]uint64{1, 0, high}, allow},
	}
	for _, tt := range tests {
		got, _ := simulate(t, program, &data{number: number(tt.name), arch: linux.AuditArch, args: tt.args})
		if got != tt.want {
			t.Errorf("%s%#x: got %#x, want %#x", tt.name, tt.args, got, tt.want)
		}
	}
}

// What can't be mediated but would go around the mediation is refused.
func TestNothingGoesAround(t *testing.T) {
	program := filterOf(t, CoverageFull)
	around := map[string]bool{}
	for _, name := range []string{
		"io_uring_setup", "io_uring_enter", "io_uring_register", "clone3", "open_by_handle_at", "ptrace",
		"process_vm_readv", "process_vm_writev", "pidfd_getfd", "mount", "umount2", "pivot_root", "setns",
		"open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "open_tree_attr",
		"bpf", "perf_event_open", "userfaultfd", "kexec_load", "kexec_file_load", "init_module",
		"finit_module", "delete_module", "iopl", "ioperm", "process_madvise", "uselib", "fanotify_init",
		"fanotify_mark", "swapon", "acct", "quotactl", "quotactl_fd", "lsm_set_self_attr",
	} {
		around[name] = true
	}
	for i := range calls {
		if !around[calls[i].name] {
			continue
		}
		delete(around, calls[i].name)
		got, _ := simulate(t, program, &data{number: uint32(i), arch: linux.AuditArch})
		if got&0xffff0000 != linux.SeccompErrno {
			t.Errorf("%s: action %#x", calls[i].name, got)
		}
	}
	if len(around) > 0 {
		t.Errorf("no rows: %v", around)
	}
}

// Every row says what becomes of its call.
func TestTableIsComplete(t *testing.T) {
	for i := range calls {
		c := &calls[i]
		switch {
		case c.name == "" && c.action != actionUnknown:
			t.Errorf("call %d has no name", i)
		case c.name == "":
		case c.action == actionUnknown:
			t.Errorf("%s: no action", c.name)
		case c.action == actionNotify && c.handle == nil:
			t.Errorf("%s: no handler", c.name)
		case c.action == actionFilter && c.filter == nil:
			t.Errorf("%s: no filter", c.name)
		case c.action == actionRefuse && c.errno == 0:
			t.Errorf("%s: no errno", c.name)
		}
	}
}
