package supervisor

import (
	"cmp"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"seward/internal/linux"
)

// What the supervisor asks of Go's runtime. Its threads spend their lives in
// system calls that wait, for notifications and for ptrace, and the runtime takes
// such a thread's right to run Go code away whenever another may want it: with as
// few rights as processors, at each call. So there are more of them, for the time
// of a run.

// processors is how many threads may run Go code at once, at least: one that
// receives, one that traces, the watchdog, and a few that perform what takes
// long.
const processors = 4

// garbage is how much memory may be filled before it is collected, in percent of
// what is in use, which is a few megabytes.
const (
	garbage        = 400
	defaultGarbage = 100
)

var tuning struct {
	mu      sync.Mutex
	runs    int
	before  int
	restore func()
	slack   int // of the process' timers before
	garbage int // the percentage before
}

// tune adjusts the runtime until the returned function is called. Runs may
// overlap.
func tune() func() {
	t := &tuning
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.runs == 0 {
		if t.before = runtime.GOMAXPROCS(0); t.before < processors {
			runtime.GOMAXPROCS(processors)
		}
		if t.garbage = debug.SetGCPercent(garbage); t.garbage != defaultGarbage {
			debug.SetGCPercent(t.garbage) // somebody's choice
		}
		t.restore, _ = linux.QuietStops() // without it, signals cost time and nothing else
		t.slack = calmMonitor()
	}
	t.runs++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.runs--; t.runs > 0 {
			return
		}
		if t.before < processors {
			runtime.GOMAXPROCS(t.before)
		}
		if t.garbage == defaultGarbage {
			debug.SetGCPercent(defaultGarbage)
		}
		if t.restore != nil {
			t.restore()
		}
	}
}

// monitorSlack is how late the runtime's monitor may wake up.
const monitorSlack = 2_000_000

// calmMonitor has the runtime's monitor thread, which wakes up every 20
// microseconds while threads go in and out of system calls, sleep longer: there
// is nothing for it to do, and each time costs the programs on its processor some
// ten microseconds. It is the first thread that the runtime makes. Without the
// right to do that everything works, only slower.
//
// It returns what the slack of other threads is, 0 if nothing was changed.
func calmMonitor() (before int) {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0
	}
	tids := make([]int, 0, len(entries))
	for _, entry := range entries {
		if tid, err := strconv.Atoi(entry.Name()); err == nil && tid != os.Getpid() {
			tids = append(tids, tid)
		}
	}
	data, err := os.ReadFile("/proc/self/timerslack_ns")
	if before, _ = strconv.Atoi(strings.TrimSpace(string(data))); err != nil || len(tids) == 0 {
		return 0
	}
	monitor := slices.MinFunc(tids, cmp.Compare[int])
	err = os.WriteFile("/proc/"+strconv.Itoa(monitor)+"/timerslack_ns", []byte(strconv.Itoa(monitorSlack)), 0)
	if err != nil {
		return 0
	}
	return before
}

// exactTimers gives the calling thread, from which the program inherits it, the
// slack that threads had before: the monitor makes threads too.
func exactTimers() {
	tuning.mu.Lock()
	defer tuning.mu.Unlock()
	if tuning.slack > 0 {
		_ = linux.SetTimerSlack(tuning.slack)
	}
}
