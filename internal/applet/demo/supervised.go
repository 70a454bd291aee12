package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"seward/audit"
	"seward/basepolicy"
	"seward/enforce/hooks"
	"seward/enforce/supervisor"
	"seward/format/cil"
	"seward/label"
	"seward/security"
)

// Applet is `seward demo`.
var Applet = command(supervised)

// nobody is the user and group that owns nothing.
const nobody = "65534"

// errNoSetpriv says that a step needs another user and there is no way to be one.
var errNoSetpriv = errors.New("setpriv (util-linux) isn't installed, which a step needs to run as somebody whom modes bind")

// supervisedStage runs programs under the supervisor, with labels found by file
// contexts and those that change kept beside the story's files.
type supervisedStage struct {
	server *security.Server
	labels *label.Specs
	dir    string // of the story's files
	state  string // of labels that can't be stored with files
}

// supervised compiles a story's policy and returns its stage.
func supervised(_ context.Context, s *Story, dir string) (Stage, error) {
	modules := basepolicy.Base()
	if s.Policy != "" {
		module, err := basepolicy.Example(s.Policy)
		if err != nil {
			return nil, err
		}
		modules = append(modules, module)
	}
	sources := make([]cil.Source, len(modules))
	for i, m := range modules {
		sources[i] = cil.Source{Name: m.Name, Data: m.Data}
	}
	compiled, err := cil.Compile(sources, nil)
	if err != nil {
		return nil, fmt.Errorf("compile policy: %w", err)
	}
	server, err := security.New(compiled.Policy, &security.Options{Enforcing: true})
	if err != nil {
		return nil, fmt.Errorf("start security server: %w", err)
	}
	labels, err := label.Parse([]label.Source{
		{Name: "policy", Data: compiled.FileContexts},
		{Name: "story", Data: fileContexts(s, dir)},
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("read file contexts: %w", err)
	}
	state := filepath.Join(dir, ".labels")
	if err := os.Mkdir(state, 0o700); err != nil {
		return nil, fmt.Errorf("make directory for labels: %w", err)
	}
	return &supervisedStage{server: server, labels: labels, dir: dir, state: state}, nil
}

// Server implements Stage.
func (s *supervisedStage) Server() *security.Server { return s.server }

// Run implements Stage.
func (s *supervisedStage) Run(ctx context.Context, a *Attempt) (*Result, error) {
	argv, err := realCommand(a)
	if err != nil {
		return nil, err
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, fmt.Errorf("find program: %w", err)
	}
	output, input, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, errors.Join(err, output.Close(), input.Close())
	}
	defer func() { _ = null.Close() }()
	var text []byte
	read := make(chan error, 1)
	go func() {
		var err error
		text, err = io.ReadAll(output)
		read <- err
	}()

	var denials denialLog
	status, err := supervisor.Run(ctx, &supervisor.Config{
		Server: s.server, Labels: s.labels, Context: processContext(a), StateDir: s.state,
		Path: path, Argv: argv, Env: append(os.Environ(), "LC_ALL=C"), Dir: s.dir,
		Stdin: null, Stdout: input, Stderr: input,
		Audit: denials.add,
	})
	err = errors.Join(err, input.Close(), <-read, output.Close())
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", argv[0], err)
	}
	return &Result{Output: string(text), Status: status, Denials: denials.all}, nil
}

// realCommand returns the words to be run for an attempt.
func realCommand(a *Attempt) ([]string, error) {
	switch {
	case a.Nobody && os.Geteuid() == 0:
		if _, err := exec.LookPath("setpriv"); err != nil {
			return nil, errNoSetpriv
		}
		return append([]string{"setpriv", "--reuid=" + nobody, "--regid=" + nobody, "--clear-groups"}, a.Argv...), nil
	case a.Type == "":
		// The label of the first program is given; what it runs gets its label
		// by transition, as from anybody's shell.
		return append([]string{"sh", "-c", `exec "$@"`, "sh"}, a.Argv...), nil
	}
	return a.Argv, nil
}

// processContext returns the label that a program starts with: the narrator's own,
// with the attempt's type, and its level or that of a service.
func processContext(a *Attempt) string {
	parts := strings.SplitN(basepolicy.Unconfined, ":", 4)
	if a.Type != "" {
		parts[2], parts[3] = a.Type, "s0"
	}
	if a.Level != "" {
		parts[3] = a.Level
	}
	return strings.Join(parts, ":")
}

// denialLog collects what is recorded, from any goroutine.
type denialLog struct {
	mu  sync.Mutex
	all []Denial
}

func (l *denialLog) add(e *supervisor.Event) {
	if e.Record.Kind != hooks.RecordAVC || e.Record.Granted {
		return
	}
	class := e.Record.Class
	record := audit.Record{
		Perms: e.Record.Perms.Names(class), Class: class.String(), Permissive: e.Record.Permissive,
		Source: e.Source, Target: e.Target,
		Fields: audit.Task(e.PID, e.Comm),
	}
	if e.Path != "" {
		record.Fields = append(record.Fields, audit.Path(e.Path, e.Device, e.Inode)...)
	} else if e.Name != "" {
		record.Fields = append(record.Fields, audit.Name(e.Name, e.Device, e.Inode)...)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, Denial{
		Text: record.String(), Source: e.Source, Target: e.Target, Class: record.Class, Perms: record.Perms,
	})
}
