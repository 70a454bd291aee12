package compat

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"seward/basepolicy"
	"seward/enforce/supervisor"
	"seward/format/cil"
	"seward/internal/linux"
	"seward/label"
	"seward/security"
)

// edgesEnv has the test's own program do the edge cases of a group.
const edgesEnv = "SEWARD_COMPAT_EDGES"

func TestMain(m *testing.M) {
	supervisor.ChildMain()
	if group := os.Getenv(edgesEnv); group != "" {
		os.Exit(runEdges(group, os.Stdout))
	}
	os.Exit(m.Run())
}

const unconfined = "unconfined_u:unconfined_r:unconfined_t:s0-s15:c0.c1023"

// result is what is seen of a program from outside.
type result struct {
	Exit           int
	Stdout, Stderr string
}

// limit is how long one program may take; machines may be busy.
const limit = 5 * time.Minute

// natively runs a program as it is.
func natively(t *testing.T, dir string, env []string, argv ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // G204: from the tables of these tests.
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &stdout, &stderr
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatalf("%v: native: timed out\n%s%s", argv, stdout.String(), stderr.String())
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// policy is the base policy, where unconfined_t may do everything.
func policy(t *testing.T) *supervisor.Config {
	t.Helper()
	if !linux.Supported {
		t.Skip("programs can't be supervised on this architecture")
	}
	if err := linux.CheckNotifications(); err != nil {
		t.Skipf("seccomp notifications: %v", err)
	}
	var sources []cil.Source
	for _, f := range basepolicy.Base() {
		sources = append(sources, cil.Source{Name: f.Name, Data: f.Data})
	}
	compiled, err := cil.Compile(sources, nil)
	if err != nil {
		t.Fatal(err)
	}
	server, err := security.New(compiled.Policy, &security.Options{Enforcing: true})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := label.ParseFileContexts("base", compiled.FileContexts)
	if err != nil {
		t.Fatal(err)
	}
	return &supervisor.Config{Server: server, Labels: labels, FileContexts: compiled.FileContexts, Context: unconfined}
}

// supervised runs a program under the policy that allows it everything.
func supervised(t *testing.T, base *supervisor.Config, dir string, env []string, argv ...string) result {
	t.Helper()
	cfg := *base
	path, err := exec.LookPath(argv[0])
	if err != nil {
		t.Fatal(err)
	}
	cfg.Path, cfg.Argv, cfg.Env, cfg.Dir = path, argv, env, dir
	cfg.Audit = func(*supervisor.Event) {}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	cfg.Stdin = null
	var stdout, stderr bytes.Buffer
	var wait [2]func()
	cfg.Stdout, wait[0] = collect(t, &stdout)
	cfg.Stderr, wait[1] = collect(t, &stderr)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	exit, err := supervisor.Run(ctx, &cfg)
	wait[0]()
	wait[1]()
	switch {
	case errors.Is(err, supervisor.ErrNested), errors.Is(err, supervisor.ErrUnsupported), errors.Is(err, supervisor.ErrForbidden):
		t.Skip(err)
	case err != nil:
		t.Fatalf("%v: %v\n%s", argv, err, stderr.String())
	case ctx.Err() != nil:
		t.Errorf("%v: supervised: timed out", argv)
	}
	return result{exit, stdout.String(), stderr.String()}
}

// collect returns a pipe whose other end fills a buffer.
func collect(t *testing.T, to *bytes.Buffer) (w *os.File, done func()) {
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
	return w, func() { w.Close(); <-finished }
}
