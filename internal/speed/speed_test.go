package speed_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// full has everything measured.
const speedEnv = "SEWARD_SPEED"

// table is what was measured, by load and carrier.
type table struct {
	carriers []*carrier
	rows     []string
	times    map[string]map[string][]float64
}

func newTable(carriers []*carrier) *table {
	return &table{carriers: carriers, times: map[string]map[string][]float64{}}
}

func (b *table) add(row, column string, ns float64) {
	if b.times[row] == nil {
		b.times[row] = map[string][]float64{}
		b.rows = append(b.rows, row)
	}
	b.times[row][column] = append(b.times[row][column], ns)
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(list))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// ratio is how many times as long as native a carrier takes: the median of the
// ratios of each round.
func (b *table) ratio(row, column string) float64 {
	var list []float64
	base := b.times[row][native]
	for i, ns := range b.times[row][column] {
		if i < len(base) {
			list = append(list, ns/base[i])
		}
	}
	return median(list)
}

func (b *table) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "| %-24s |", "load")
	for _, c := range b.carriers {
		fmt.Fprintf(&s, " %10s |", c.name)
	}
	s.WriteString("\n|" + strings.Repeat("-", 26) + "|" + strings.Repeat("-----------:|", len(b.carriers)) + "\n")
	for _, row := range b.rows {
		fmt.Fprintf(&s, "| %-24s |", row)
		for _, c := range b.carriers {
			cell := "-"
			switch {
			case len(b.times[row][c.name]) == 0:
			case c.name == native:
				cell = duration(median(b.times[row][native]))
			default:
				cell = fmt.Sprintf("%.2fx", b.ratio(row, c.name))
			}
			fmt.Fprintf(&s, " %10s |", cell)
		}
		s.WriteString("\n")
	}
	return s.String()
}

func duration(ns float64) string {
	if ns < 1e5 {
		return fmt.Sprintf("%.2f us", ns/1e3)
	}
	return fmt.Sprintf("%.0f ms", ns/1e6)
}

// starts measures what each carrier takes for nothing.
func starts(t *testing.T, carriers []*carrier) {
	t.Helper()
	for _, c := range carriers {
		var list []float64
		for range 5 {
			_, d := c.run(t, "/", "/bin/true")
			list = append(list, float64(d))
		}
		c.start = time.Duration(median(list))
	}
}

// callRound measures every call once under each carrier.
func (b *table) callRound(t *testing.T, names []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file") // of six components, or about that
	put(t, "x", path)
	for _, name := range names {
		for _, c := range b.carriers {
			t.Setenv(helperEnv, name)
			// runsc gives its program no environment.
			out, _ := c.run(t, "/", "/usr/bin/env", helperEnv+"="+name, self, path)
			os.Unsetenv(helperEnv)
			if ns, err := strconv.Atoi(strings.TrimSpace(out)); err == nil {
				b.add(name, c.name, float64(ns))
			}
		}
	}
}

// loadRound does a piece of work once under each carrier.
func (b *table) loadRound(t *testing.T, l *load, dir string) {
	t.Helper()
	for _, c := range b.carriers {
		_, d := c.run(t, dir, "/bin/sh", "-c", l.script)
		if d > 0 {
			b.add(l.name, c.name, float64(max(d-c.start, time.Microsecond)))
		}
	}
}

func (l *load) prepare(t *testing.T) string {
	t.Helper()
	for _, program := range l.needs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	if l.setup != nil {
		l.setup(t, dir)
	}
	// Once for caches of all kinds.
	(&carrier{name: native}).run(t, dir, "/bin/sh", "-c", l.script)
	return dir
}

// TestRatios holds ratios that a machine full of noise holds too: several times
// what an idle one shows (docs/performance.md).
func TestRatios(t *testing.T) {
	needSupervisor(t)
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	b := newTable(ours(t))
	limits := map[string]map[string]float64{
		"notification": {"full": 1000, "core": 1000},
		"open+close":   {"full": 30, "core": 30},
		"stat":         {"full": 45, "core": 5},
		"getxattr":     {"full": 45, "core": 45},
		"200 x true":   {"full": 8, "core": 7},
	}
	for range 5 {
		b.callRound(t, []string{"notification", "open+close", "stat", "getxattr"})
	}
	starts(t, b.carriers)
	for range 3 {
		b.loadRound(t, &loads[0], "/")
	}
	for row, columns := range limits {
		for column, limit := range columns {
			if r := b.ratio(row, column); !(r < limit) {
				t.Errorf("%s: %s takes %.1f times as long as native, at most %.0f are expected", row, column, r, limit)
			}
		}
	}
	t.Logf("\n%s", b)
}

// TestReport measures everything and prints it.
func TestReport(t *testing.T) {
	needSupervisor(t)
	if os.Getenv(speedEnv) != "1" {
		t.Skip(speedEnv + "=1 has everything measured")
	}
	rounds := 5
	if n, err := strconv.Atoi(os.Getenv("SEWARD_SPEED_ROUNDS")); err == nil {
		rounds = n
	}
	b := newTable(append(ours(t), peers(t)...))
	var names []string
	for name := range calls {
		names = append(names, name)
	}
	slices.Sort(names)
	for range rounds {
		b.callRound(t, names)
	}
	fmt.Printf("%d processors, %d rounds\n\n%s\n", runtime.NumCPU(), rounds, b)
	starts(t, b.carriers)
	for _, c := range b.carriers {
		fmt.Printf("%s starts in %d ms, which isn't counted below\n", c.name, c.start.Milliseconds())
	}
	work := newTable(b.carriers)
	only := os.Getenv("SEWARD_SPEED_LOADS")
	for i := range loads {
		if only != "" && !strings.Contains(loads[i].name, only) {
			continue
		}
		t.Run(loads[i].name, func(t *testing.T) {
			dir := loads[i].prepare(t)
			for range rounds {
				work.loadRound(t, &loads[i], dir)
			}
		})
	}
	fmt.Printf("\n%s\n", work)
	memory(t, b.carriers[1])
}

// memory prints the most that the supervisor has used, idle and with many
// processes, under the built-in policy and the system's own.
func memory(t *testing.T, c *carrier) {
	t.Helper()
	for name, policy := range map[string]string{"the built-in policy": "", "Debian's policy": "/etc/selinux/default/policy/policy.33"} {
		argv := slices.Clone(c.prefix[:len(c.prefix)-1])
		if policy != "" {
			if _, err := os.Stat(policy); err != nil {
				continue
			}
			argv = append(argv, "--policy="+policy, "--mode=permissive")
		}
		argv = append(argv, "--", "/bin/sh", "-c", "i=0; while [ $i -lt 1000 ]; do sleep 6 & i=$((i+1)); done; wait")
		cmd := exec.Command(argv[0], argv[1:]...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		most := peak(cmd.Process.Pid, stop)
		err := cmd.Wait()
		close(stop)
		fmt.Printf("memory with %s and 1,000 processes: %d MB (%v)\n", name, <-most/1024, err)
	}
}
