package supervisor

import (
	"fmt"
	"math/rand/v2"
	"slices"
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

// architectures are those whose tables are known, whichever this machine has.
var architectures = []uint32{linux.AuditArchX8664, linux.AuditArchAARCH64}

// eachFilter runs f with the filter and the table of each architecture.
func eachFilter(t *testing.T, coverage Coverage, f func(t *testing.T, arch uint32, program []linux.Instruction, table []call)) {
	t.Helper()
	for _, arch := range architectures {
		t.Run(fmt.Sprintf("%#x", arch), func(t *testing.T) {
			table := rows(linux.Syscalls(arch))
			program, err := buildFilter(arch, table, coverage)
			if err != nil {
				t.Fatal(err)
			}
			f(t, arch, program, table)
		})
	}
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
		eachFilter(t, coverage, func(t *testing.T, arch uint32, program []linux.Instruction, table []call) {
			longest := 0
			for n := range len(table) + 100 {
				want := refusal(syscall.ENOSYS)
				if n < len(table) {
					if table[n].action == actionFilter && (!table[n].reads || coverage == CoverageFull) {
						continue
					}
					want = plain(&table[n], coverage)
				}
				got, steps := simulate(t, program, &data{number: uint32(n), arch: arch})
				if got != want {
					t.Errorf("call %d: got %#x, want %#x", n, got, want)
				}
				longest = max(longest, steps)
			}
			if longest > 24 {
				t.Errorf("a call takes %d instructions", longest)
			}
			t.Logf("%d instructions, %d at most for a call", len(program), longest)
		})
	}
}

func TestFilterRefusesForeign(t *testing.T) {
	eachFilter(t, CoverageFull, func(t *testing.T, arch uint32, program []linux.Instruction, _ []call) {
		const i386 = 0x40000003
		for range 10000 {
			d := data{number: rand.Uint32(), arch: arch}
			for i := range d.args {
				d.args[i] = rand.Uint64()
			}
			switch rand.IntN(3) {
			case 0:
				d.arch = i386
				d.number %= 500
			case 1:
				d.arch = architectures[0] ^ architectures[1] ^ arch
				d.number %= 500
			case 2:
				d.number = d.number%600 | linux.X32Bit
			}
			if got, _ := simulate(t, program, &d); got != refusal(syscall.ENOSYS) {
				t.Fatalf("%+v: got %#x", d, got)
			}
		}
	})
}

func TestFilterArguments(t *testing.T) {
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
		{"clone", [6]uint64{linux.CloneNewNS}, notify},
		{"clone", [6]uint64{linux.CloneNewPID}, notify},
		{"clone", [6]uint64{linux.CloneNewNet}, notify},
		{"unshare", [6]uint64{linux.CloneFS}, notify},
		{"unshare", [6]uint64{linux.CloneFS | linux.CloneNewUser}, eperm},
		{"unshare", [6]uint64{linux.CloneFiles}, notify},
		{"unshare", [6]uint64{linux.CloneNewUTS}, notify},
		{"close_range", [6]uint64{3, 4, 2}, notify},
		{"close_range", [6]uint64{3, 4, 4}, allow},
		{"prctl", [6]uint64{prSetDumpable}, notify},
		{"prctl", [6]uint64{15}, allow},
		{"prctl", [6]uint64{prSetDispatch}, linux.SeccompErrno | uint32(syscall.EINVAL)},
		{"ioctl", [6]uint64{0, tiocSTI}, eperm},
		{"ioctl", [6]uint64{0, high | tiocSTI}, eperm},
		{"ioctl", [6]uint64{0, 0x5401}, notify},
		{"prlimit64", [6]uint64{0, 7}, allow},
		{"prlimit64", [6]uint64{12, 7}, notify},
		{"prlimit64", [6]uint64{0, 7, 1}, notify},
		{"prlimit64", [6]uint64{0, 7, high}, notify},
		{"getsid", [6]uint64{0}, allow},
		{"getsid", [6]uint64{7}, notify},
		{"write", [6]uint64{1, 0, 0}, notify},
		{"write", [6]uint64{1, 0, 1}, allow},
		{"write", [6]uint64{1, 0, longWrite}, allow},
		{"write", [6]uint64{1, 0, longWrite + 1}, notify},
		{"write", [6]uint64{1, 0, high}, allow},
	}
	eachFilter(t, CoverageFull, func(t *testing.T, arch uint32, program []linux.Instruction, _ []call) {
		for _, tt := range tests {
			number := uint32(slices.Index(linux.Syscalls(arch), tt.name))
			got, _ := simulate(t, program, &data{number: number, arch: arch, args: tt.args})
			if got != tt.want {
				t.Errorf("%s%#x: got %#x, want %#x", tt.name, tt.args, got, tt.want)
			}
		}
	})
}

// What can't be mediated but would go around the mediation is refused.
func TestNothingGoesAround(t *testing.T) {
	around := []string{
		"io_uring_setup", "io_uring_enter", "io_uring_register", "clone3",
		"open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "open_tree_attr",
		"userfaultfd",
		"uselib", "quotactl", "quotactl_fd", "lsm_set_self_attr",
	}
	eachFilter(t, CoverageFull, func(t *testing.T, arch uint32, program []linux.Instruction, table []call) {
		for _, name := range around {
			if !slices.ContainsFunc(rows(linux.SyscallsX8664), func(c call) bool { return c.name == name }) {
				t.Errorf("%s: no row", name)
			}
			i := slices.IndexFunc(table, func(c call) bool { return c.name == name })
			if i < 0 {
				continue // only on the other architecture
			}
			got, _ := simulate(t, program, &data{number: uint32(i), arch: arch})
			if got&0xffff0000 != linux.SeccompErrno {
				t.Errorf("%s: action %#x", name, got)
			}
		}
	})
}

// Every row says what becomes of its call, and every call has one row.
func TestTableIsComplete(t *testing.T) {
	for _, arch := range architectures {
		table := rows(linux.Syscalls(arch))
		for i, name := range linux.Syscalls(arch) {
			c := &table[i]
			switch {
			case name == "" && c.action != actionUnknown:
				t.Errorf("call %d has no name", i)
			case name == "":
			case c.action == actionUnknown:
				t.Errorf("%s: no row", name)
			case c.action == actionNotify && c.handle == nil:
				t.Errorf("%s: no handler", name)
			case c.action == actionFilter && c.filter == nil:
				t.Errorf("%s: no filter", name)
			case c.action == actionRefuse && c.errno == 0:
				t.Errorf("%s: no errno", name)
			}
		}
	}
	seen := map[string]bool{}
	for _, family := range families() {
		for i := range family {
			name := family[i].name
			if seen[name] {
				t.Errorf("%s has two rows", name)
			}
			seen[name] = true
			if !slices.Contains(linux.SyscallsX8664, name) && !slices.Contains(linux.SyscallsAARCH64, name) {
				t.Errorf("%s is no call's name", name)
			}
		}
	}
}
