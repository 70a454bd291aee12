package kerneldiff_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"seward/basepolicy"
	"seward/enforce/hooks"
	"seward/enforce/supervisor"
	"seward/format/cil"
	"seward/format/policydb"
	"seward/internal/kerneldiff"
	"seward/internal/kernelvm"
	"seward/internal/linux"
	"seward/internal/oracle"
	"seward/label"
	"seward/policy"
	"seward/security"
)

func TestMain(m *testing.M) {
	supervisor.ChildMain()
	os.Exit(m.Run())
}

const unconfined = "unconfined_u:unconfined_r:unconfined_t:s0-s15:c0.c1023"

// seen is what a case did on one side.
type seen struct {
	kerneldiff.Result
	denials []string
}

func (s seen) String() string {
	text := "ok"
	if s.Errno != 0 {
		text = fmt.Sprintf("errno %d", int(s.Errno))
	}
	if s.Value != "" {
		text += " " + s.Value
	}
	if s.Trouble != "" {
		text += " (" + s.Trouble + ")"
	}
	return strings.Join(append([]string{text}, s.denials...), "; ")
}

// key is an operation and its outcome.
type key struct {
	op      string
	outcome kerneldiff.Outcome
}

// compile compiles the base policy with the table's rules.
func compile(t *testing.T) *cil.Result {
	t.Helper()
	var sources []cil.Source
	for _, f := range basepolicy.Base() {
		// Domains that may do everything break its promises.
		if f.Name != "kernel/guard.cil" {
			sources = append(sources, cil.Source{Name: f.Name, Data: f.Data})
		}
	}
	base, err := cil.Compile(sources, nil)
	if err != nil {
		t.Fatal(err)
	}
	var classes []string
	for id := policy.ClassID(1); base.Policy.Class(id) != nil; id++ {
		classes = append(classes, base.Policy.Class(id).Name)
	}
	r, err := cil.Compile(append(sources, cil.Source{Name: "table.cil", Data: []byte(kerneldiff.Policy(classes))}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestKernelOperations performs the table on a kernel with SELinux and under the
// supervisor, and compares.
func TestKernelOperations(t *testing.T) {
	if os.Getenv("SEWARD_KERNEL") != "1" {
		t.Skip("boots a virtual machine; SEWARD_KERNEL=1 runs it")
	}
	oracle.Root(t)
	if !linux.Supported {
		t.Skip("programs can't be supervised on this architecture")
	}
	program := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "seward/internal/kerneldiff/program")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build program: %v\n%s", err, out)
	}
	compiled := compile(t)
	first := perform(t, program, compiled)
	if len(first.unexpected)+len(first.gone) == 0 {
		return
	}
	// Audit records can be lost, and caches evict: what counts is what happens
	// twice.
	t.Logf("once more, for %d operations that differ", len(first.unexpected)+len(first.gone))
	second := perform(t, program, compiled)
	for op, report := range first.unexpected {
		if again, ok := second.unexpected[op]; ok {
			t.Errorf("%s\n\t%s", op, again)
		} else {
			t.Logf("once only: %s\n\t%s", op, report)
		}
	}
	for op, reason := range first.gone {
		if _, ok := second.gone[op]; ok {
			t.Errorf("%s: no difference any more (%s)", op, reason)
		}
	}
}

// outcome is what a comparison has found, by operation.
type outcome struct {
	unexpected map[string]string // differences that aren't listed
	gone       map[string]string // listed ones that aren't there
}

// perform performs the table on both sides.
func perform(t *testing.T, program string, compiled *cil.Result) outcome {
	t.Helper()
	kernel, ours := map[key]seen{}, map[key]seen{}
	start := time.Now()
	onKernel(t, program, compiled, kernel)
	t.Logf("kernel: %d cases in %v", len(kernel), time.Since(start).Round(time.Millisecond))
	start = time.Now()
	supervised(t, program, compiled, ours)
	t.Logf("seward: %d cases in %v", len(ours), time.Since(start).Round(time.Millisecond))
	return compare(t, kernel, ours)
}

// compare finds differences that aren't expected, and expected ones that aren't
// there.
func compare(t *testing.T, kernel, ours map[key]seen) outcome {
	t.Helper()
	found := outcome{map[string]string{}, map[string]string{}}
	for n := range kerneldiff.Ops {
		op := &kerneldiff.Ops[n]
		var report []string
		for _, how := range kerneldiff.Outcomes {
			k := key{op.Name, how}
			a, ok := kernel[k]
			b, okToo := ours[k]
			if !ok || !okToo {
				t.Errorf("%s, %v: not performed by both", op.Name, how)
				continue
			}
			if a.Trouble != "" {
				t.Errorf("%s, %v: %s", op.Name, how, a)
			}
			if a.String() != b.String() {
				report = append(report, fmt.Sprintf("%v:\n\t\tkernel %s\n\t\tseward %s", how, a, b))
			}
		}
		reason, expected := kerneldiff.Differences[op.Name]
		switch {
		case len(report) > 0 && !expected:
			found.unexpected[op.Name] = strings.Join(report, "\n\t")
		case len(report) == 0 && expected:
			found.gone[op.Name] = reason
		}
	}
	t.Logf("%d operations, %d differ unexpectedly, %d as expected", len(kerneldiff.Ops), len(found.unexpected),
		len(kerneldiff.Differences)-len(found.gone))
	return found
}

// collect takes the results that the program printed and the denials of its
// domains.
func collect(t *testing.T, output string, denials map[string][]string, into map[key]seen) {
	t.Helper()
	for line := range strings.Lines(output) {
		var r kerneldiff.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Errorf("program: %s", line)
			continue
		}
		n := slices.IndexFunc(kerneldiff.Ops, func(o kerneldiff.Op) bool { return o.Name == r.Op })
		d := denials[fmt.Sprintf("op%03d%c_t", n, r.Outcome)]
		slices.Sort(d)
		into[key{r.Op, r.Outcome}] = seen{r, d}
	}
}

// record is a denial in the kernel's log.
var record = regexp.MustCompile(`avc: +denied +{ ([^}]*) } .*scontext=(\S+) tcontext=(\S+) tclass=(\S+) permissive=(\d)`)

// note adds a denial to those of its source type. Permissions are in
// alphabetical order.
func note(denials map[string][]string, perms []string, source, target, class string, permissive bool) {
	f := strings.Split(source, ":")
	if len(f) < 3 {
		return
	}
	slices.Sort(perms)
	text := fmt.Sprintf("%s %s %s %s", strings.Join(perms, ","), class, source, target)
	if permissive {
		text += " permissive"
	}
	denials[f[2]] = append(denials[f[2]], text)
}

func onKernel(t *testing.T, program string, compiled *cil.Result, into map[key]seen) {
	t.Helper()
	qemu, image := oracle.Need(t, "qemu-system-x86_64"), kernelvm.FindKernel()
	if image == "" {
		oracle.Missing(t, "no kernel to boot; "+kernelvm.KernelEnv+" may name one")
	}
	guest, err := kernelvm.BuildGuest(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// Names of sockets are short, and those of test directories long.
	dir, err := os.MkdirTemp("", "kvm") //nolint:usetesting // As above.
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	var policy bytes.Buffer
	if err := policydb.Write(&policy, compiled.Policy, &policydb.WriteOptions{Version: 33}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m, err := kernelvm.Boot(ctx, kernelvm.Config{
		QEMU: qemu, Kernel: image, Init: guest, Program: program, Dir: dir, Enforcing: true, Audit: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Load(policy.Bytes()); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"enforcing", "permissive"} {
		if err := m.SetEnforcing(mode == "enforcing"); err != nil {
			t.Fatal(err)
		}
		output, log, err := m.Run(unconfined, "/tmp", mode)
		if err != nil {
			t.Fatal(err)
		}
		denials := map[string][]string{}
		for _, f := range record.FindAllStringSubmatch(log, -1) {
			note(denials, strings.Fields(f[1]), f[2], f[3], f[4], f[5] == "1")
		}
		collect(t, output, denials, into)
	}
	if err := m.Close(); err != nil {
		t.Log("close the machine:", err) // its answers are all there
	}
}

func supervised(t *testing.T, program string, compiled *cil.Result, into map[key]seen) {
	t.Helper()
	for _, mode := range []string{"enforcing", "permissive"} {
		server, err := security.New(compiled.Policy, &security.Options{Enforcing: mode == "enforcing"})
		if err != nil {
			t.Fatal(err)
		}
		labels, err := label.ParseFileContexts("base", compiled.FileContexts)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := syscall.Mount("none", dir, "tmpfs", 0, ""); err != nil {
			t.Skip(err)
		}
		output, denials := supervise(t, &supervisor.Config{
			Server: server, Labels: labels, FileContexts: compiled.FileContexts, Context: unconfined,
			Path: program, Argv: []string{program, dir, mode}, Env: os.Environ(), Dir: "/",
		})
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
		collect(t, output, denials, into)
	}
}

// supervise runs a program and returns what it printed and its denials.
func supervise(t *testing.T, cfg *supervisor.Config) (string, map[string][]string) {
	t.Helper()
	denials := map[string][]string{}
	var mu sync.Mutex
	cfg.Audit = func(e *supervisor.Event) {
		if e.Record.Kind == hooks.RecordAVC && !e.Record.Granted {
			mu.Lock()
			defer mu.Unlock()
			source, target := cmp.Or(e.Source, e.SourceRaw), cmp.Or(e.Target, e.TargetRaw)
			note(denials, e.Record.Perms.Names(e.Record.Class), source, target, e.Record.Class.String(), e.Record.Permissive)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cfg.Stdout, cfg.Stderr = w, w
	var output bytes.Buffer
	finished := make(chan error, 1)
	go func() {
		_, err := io.Copy(&output, r)
		finished <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	exit, err := supervisor.Run(ctx, cfg)
	w.Close()
	if copied := <-finished; copied != nil {
		t.Error(copied)
	}
	if err != nil || exit != 0 {
		t.Errorf("program ended with %d, %v", exit, err)
	}
	return output.String(), denials
}
