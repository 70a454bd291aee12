package supervisor_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"seward/basepolicy"
	"seward/enforce/supervisor"
	"seward/format/cil"
	"seward/internal/linux"
	"seward/label"
	"seward/security"
)

// helperEnv has the test's own program do something instead of testing; its
// value names what.
const helperEnv = "SEWARD_TEST_HELPER"

// helpers are programs for tests to run, by name.
var helpers = map[string]func(args []string) int{}

func TestMain(m *testing.M) {
	supervisor.ChildMain()
	if name := os.Getenv(helperEnv); name != "" {
		os.Exit(helpers[name](os.Args[1:]))
	}
	os.Exit(m.Run())
}

// unconfined is the label of a program that may do everything.
const unconfined = "unconfined_u:unconfined_r:unconfined_t:s0-s15:c0.c1023"

// world is a policy with its file contexts.
type world struct {
	server   *security.Server
	labels   *label.Specs
	contexts []byte
}

var (
	worldsMu sync.Mutex
	worlds   = map[string]*cil.Result{}
)

// newWorld compiles the base policy with more.
func newWorld(t testing.TB, extra string) *world {
	t.Helper()
	worldsMu.Lock()
	defer worldsMu.Unlock()
	r := worlds[extra]
	if r == nil {
		var sources []cil.Source
		for _, f := range basepolicy.Base() {
			sources = append(sources, cil.Source{Name: f.Name, Data: f.Data})
		}
		if extra != "" {
			sources = append(sources, cil.Source{Name: "test.cil", Data: []byte(extra)})
		}
		var err error
		if r, err = cil.Compile(sources, nil); err != nil {
			t.Fatal(err)
		}
		worlds[extra] = r
	}
	server, err := security.New(r.Policy, &security.Options{Enforcing: true})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := label.ParseFileContexts("test", r.FileContexts)
	if err != nil {
		t.Fatal(err)
	}
	return &world{server, labels, r.FileContexts}
}

// outcome is how a supervised program ended and what was seen of it.
type outcome struct {
	exit           int
	stdout, stderr string
	events         []*supervisor.Event
}

// avcs returns the denials in short: "read file source_t target_t name".
func (o *outcome) avcs() []string {
	var list []string
	for _, e := range o.events {
		what := e.Name
		if e.Path != "" {
			what = e.Path
		}
		list = append(list, strings.Join(e.Record.Perms.Names(e.Record.Class), ",")+" "+e.Record.Class.String()+
			" "+typeOf(e.Source)+" "+typeOf(e.Target)+" "+what)
	}
	return list
}

func typeOf(context string) string {
	f := strings.Split(context, ":")
	if len(f) < 3 {
		return context
	}
	return f[2]
}

// needSupervisor skips where no program can be supervised.
func needSupervisor(t testing.TB) {
	t.Helper()
	if !linux.Supported {
		t.Skip("programs can't be supervised on this architecture")
	}
	if err := linux.CheckNotifications(); err != nil {
		t.Skipf("seccomp notifications: %v", err)
	}
}

// run supervises a program.
func (w *world) run(t testing.TB, change func(*supervisor.Config), argv ...string) *outcome {
	t.Helper()
	needSupervisor(t)
	path, err := exec.LookPath(argv[0])
	if err != nil {
		t.Skip(err)
	}
	o := &outcome{}
	var mu sync.Mutex
	cfg := &supervisor.Config{
		Server: w.server, Labels: w.labels, FileContexts: w.contexts, Context: unconfined, Path: path, Argv: argv, Env: os.Environ(),
		Audit: func(e *supervisor.Event) {
			mu.Lock()
			o.events = append(o.events, e)
			mu.Unlock()
		},
	}
	// The whole of the tests can be run this way by hand.
	cfg.SendDescriptors = os.Getenv("SEWARD_SEND_DESCRIPTORS") != ""
	if change != nil {
		change(cfg)
	}
	var stdout, stderr bytes.Buffer
	var done []func()
	if cfg.Stdin == nil {
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		cfg.Stdin = null
	}
	if cfg.Stdout == nil {
		cfg.Stdout = collect(t, &stdout, &done)
	}
	if cfg.Stderr == nil {
		cfg.Stderr = collect(t, &stderr, &done)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute+3*raceTime+soakTime)
	defer cancel()
	exit, err := supervisor.Run(ctx, cfg)
	for _, f := range done {
		f()
	}
	if err != nil && skippable(err) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v: %v\n%s%v", argv, err, stderr.String(), o.avcs())
	}
	if ctx.Err() != nil {
		t.Errorf("%v: timed out\n%s%s", argv, stdout.String(), stderr.String())
	}
	o.exit, o.stdout, o.stderr = exit, stdout.String(), stderr.String()
	return o
}

// skippable tells an environment that forbids supervision from a fault.
func skippable(err error) bool {
	return errors.Is(err, supervisor.ErrNested) || errors.Is(err, supervisor.ErrUnsupported) ||
		errors.Is(err, supervisor.ErrForbidden)
}

// collect returns a pipe whose other end fills a buffer.
func collect(t testing.TB, to *bytes.Buffer, done *[]func()) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	finished := make(chan struct{})
	go func() {
		_, _ = io.Copy(to, r)
		r.Close()
		close(finished)
	}()
	*done = append(*done, func() { w.Close(); <-finished })
	return w
}

// shell runs a script.
func (w *world) shell(t testing.TB, dir, script string) *outcome {
	t.Helper()
	return w.run(t, func(c *supervisor.Config) { c.Dir = dir }, "sh", "-c", script)
}

// helper runs one of helpers.
func (w *world) helper(t testing.TB, change func(*supervisor.Config), name string, args ...string) *outcome {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return w.run(t, func(c *supervisor.Config) {
		c.Env = append(os.Environ(), helperEnv+"="+name)
		if change != nil {
			change(c)
		}
	}, append([]string{self}, args...)...)
}

// native runs a script without supervision.
func native(t testing.TB, dir, script string) (stdout string, exit int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	out, err := cmd.Output()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// write makes a file.
func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
