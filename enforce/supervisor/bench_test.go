package supervisor_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// operations are what the benchmarks repeat, each on a path of six components.
var operations = map[string]func(path string) error{
	"getppid": func(string) error { syscall.Getppid(); return nil },
	// The least that a notification costs: nothing is looked at.
	"umask": func(string) error { syscall.Umask(0o22); return nil },
	"open": func(path string) error {
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err == nil {
			syscall.Close(fd)
		}
		return err
	},
	"stat": func(path string) error {
		var st syscall.Stat_t
		return syscall.Stat(path, &st)
	},
	"getxattr": func(path string) error {
		_, err := syscall.Getxattr(path, "security.selinux", make([]byte, 256))
		if err == syscall.ENODATA {
			err = nil
		}
		return err
	},
	"create": func(path string) error {
		fd, err := syscall.Open(path+".new", syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, 0o600)
		if err != nil {
			return err
		}
		syscall.Close(fd)
		return syscall.Unlink(path + ".new")
	},
	"exec": func(string) error {
		pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
		if err != nil {
			return err
		}
		var status syscall.WaitStatus
		_, err = syscall.Wait4(pid, &status, 0, nil)
		return err
	},
}

func init() {
	// repeat OPERATION PATH COUNT prints the nanoseconds that each took.
	helpers["repeat"] = func(args []string) int {
		n, _ := strconv.Atoi(args[2])
		operation := operations[args[0]]
		for range n/10 + 1 {
			if err := operation(args[1]); err != nil {
				println(err.Error())
				return 1
			}
		}
		start := time.Now()
		for range n {
			_ = operation(args[1])
		}
		fmt.Println(int(time.Since(start)) / n)
		return 0
	}
}

// BenchmarkCall measures operations as programs see them, supervised and not,
// and reports how many times as long the former take. Where a second processor
// idles, its waking dominates: run under taskset.
func BenchmarkCall(b *testing.B) {
	needSupervisor(b)
	w := newWorld(b, "")
	dir := filepath.Join(b.TempDir(), "a", "b")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	path := write(b, dir, "file", "x")
	for _, name := range []string{"getppid", "umask", "open", "stat", "getxattr", "create", "exec"} {
		b.Run(name, func(b *testing.B) {
			count := 5000
			if name == "exec" {
				count = 200
			}
			// The best of several tries: what else runs on the machine only adds.
			native, supervised := math.MaxInt, math.MaxInt
			for b.Loop() {
				native = min(native, nativeRepeat(b, name, path, count))
				o := w.helper(b, nil, "repeat", name, path, strconv.Itoa(count))
				ns, err := strconv.Atoi(strings.TrimSpace(o.stdout))
				if err != nil {
					b.Fatal(o.stdout, o.stderr)
				}
				supervised = min(supervised, ns)
			}
			b.ReportMetric(float64(native), "native-ns/call")
			b.ReportMetric(float64(supervised), "ns/call")
			b.ReportMetric(float64(supervised)/float64(native), "x-native")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func nativeRepeat(b *testing.B, args ...any) int {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	var words []string
	for _, a := range args {
		words = append(words, fmt.Sprint(a))
	}
	out, _ := native(b, "", helperEnv+"=repeat "+self+" "+strings.Join(words, " "))
	ns, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil {
		b.Fatal(out)
	}
	return ns
}
