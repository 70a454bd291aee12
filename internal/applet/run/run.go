package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"seward/basepolicy"
	"seward/enforce/supervisor"
	"seward/enforce/sysroot"
	"seward/internal/applet"
	"seward/internal/applet/avclog"
	"seward/internal/applet/source"
	"seward/internal/getopt"
	"seward/policy"
	"seward/policy/mls"
	"seward/policy/secctx"
	"seward/security"
)

// Exit statuses beside the command's own, those of env(1) and runcon(1).
const (
	statusFailed   = 125 // seward itself could not do it
	statusNotRun   = 126 // the command can't be run
	statusNotFound = 127
)

// Applet is `seward run`.
var Applet = &applet.Applet{
	Name:     "run",
	Synopsis: "[OPTION]... [--] COMMAND [ARG]...",
	Short:    "run a command under a policy, on a kernel without SELinux",
	Manual: `The command and everything it starts run under security contexts. What the
policy doesn't allow fails with EACCES, and a record in the kernel's format says
what was denied. Without options the built-in reference policy enforces, and the
command starts unconfined: what it starts may enter confined domains.

The exit status is the command's own; 125 if it could not be supervised, 126 if it
could not be run, 127 if it was not found.

  seward run -- id -Z
  seward run --type webserver_t -- cat /etc/shadow
  seward run --mode permissive --audit denials.log -- make test`,
	Options: []getopt.Option{
		source.PolicyOption,
		source.FileContextsOption,
		{Names: []string{"--root"}, Arity: getopt.Required, Arg: "DIR", Help: "run in DIR as the root directory, as a system of its own: with its own policy, contexts and mode from its /etc/selinux"},
		{Names: []string{"--mode"}, Arity: getopt.Required, Arg: "MODE", Help: "enforcing (default), or permissive: nothing is refused, what would be is logged"},
		{Names: []string{"--context"}, Arity: getopt.Required, Arg: "CONTEXT", Help: "the command's context"},
		{Names: []string{"--type"}, Arity: getopt.Required, Arg: "TYPE", Help: "the command's type, with a user, role and level that go with it"},
		{Names: []string{"--level"}, Arity: getopt.Required, Arg: "LEVEL", Help: "the command's level or range"},
		{Names: []string{"--audit"}, Arity: getopt.Required, Arg: "WHERE", Help: "where denials go: stderr (default), none, log (the audit daemon), journal, or a file as with --audit-file; may be given again"},
		{Names: []string{"--audit-file"}, Arity: getopt.Required, Arg: "FILE", Help: "append all audit records to FILE, as the audit daemon writes them: ausearch -if FILE"},
		{Names: []string{"--audit-rate"}, Arity: getopt.Required, Arg: "N", Help: "log at most N events a second and count the rest (default 0: all)"},
		{Names: []string{"--coverage"}, Arity: getopt.Required, Arg: "WHAT", Help: "full (default), or core: leave out the reading of attributes, for speed"},
		{Names: []string{"--state"}, Arity: getopt.Required, Arg: "DIR", Help: "keep labels that can't be stored with their files in DIR (default: until the run ends)"},
		{Names: []string{"--debuggable"}, Help: "let programs trace others with ptrace, as strace and gdb do, where the policy does; what is traced isn't looked after as closely"},
		{Names: []string{"--no-capdrop"}, Help: "leave processes the capabilities that their domain is denied: only calls that ask are refused"},
		{Names: []string{"--kill-orphans"}, Help: "end what is left running when the command ends, as with --root (default: wait for it)"},
		{Names: []string{"--no-new-privs"}, Help: "nothing inside gains privileges by running a program"},
	},
	StopAtOperand: true,
	Run:           run,
}

func run(ctx context.Context, env *applet.Env, line *getopt.Line) error {
	if len(line.Operands) == 0 {
		return applet.Usagef("expected a command")
	}
	root := line.ValueOr("--root", "")
	if root != "" {
		if err := sysroot.Isolate(); err != nil {
			return failed(err)
		}
	}
	sink, err := openLog(env, line)
	if err != nil {
		return failed(err)
	}
	cfg, err := configure(env, line, root, sink)
	if err != nil {
		return failed(errors.Join(err, sink.Close()))
	}
	status, err := supervisor.Run(ctx, cfg)
	if err := errors.Join(err, sink.Close()); err != nil {
		return ended(err)
	}
	if status != 0 {
		return applet.Exit(status)
	}
	return nil
}

// openLog opens where records go.
func openLog(env *applet.Env, line *getopt.Line) (*avclog.Sink, error) {
	opts := &avclog.Options{Stderr: env.Stderr, Log: env.Log}
	if text := line.ValueOr("--audit-rate", "0"); text != "" {
		rate, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return nil, applet.Usagef("--audit-rate %q: expected a number", text)
		}
		opts.Rate = int(rate)
	}
	opts.Destinations, opts.Files = line.Values("--audit"), line.Values("--audit-file")
	if len(opts.Destinations) == 0 && len(opts.Files) == 0 {
		opts.Destinations = []string{avclog.Stderr}
	}
	sink, err := avclog.Open(opts)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return sink, nil
}

// failed gives an error the status of a failure of seward itself, but leaves
// usage errors alone.
func failed(err error) error {
	var usage *applet.UsageError
	var exit *applet.ExitError
	if errors.As(err, &usage) || errors.As(err, &exit) {
		return err
	}
	return &applet.ExitError{Code: statusFailed, Err: err}
}

// ended gives the error of a run its status.
func ended(err error) error {
	var start *supervisor.StartError
	if !errors.As(err, &start) {
		return failed(err)
	}
	if errors.Is(start.Err, syscall.ENOENT) {
		return &applet.ExitError{Code: statusNotFound, Err: err}
	}
	return &applet.ExitError{Code: statusNotRun, Err: err}
}

// configure makes the supervisor's configuration of the command line.
func configure(env *applet.Env, line *getopt.Line, root string, sink *avclog.Sink) (*supervisor.Config, error) {
	full, err := choice(line, "--coverage", "full", "core")
	if err != nil {
		return nil, err
	}
	state, err := stateDir(line, root)
	if err != nil {
		return nil, err
	}
	loaded, enforcing, err := load(env, line, root)
	if err != nil {
		return nil, err
	}
	server, err := security.New(loaded.Policy, &security.Options{
		Enforcing: enforcing,
		Audit:     func(record string) { sink.Text("SELINUX_ERR", record) },
	})
	if err != nil {
		return nil, fmt.Errorf("load policy: %w", err)
	}
	start, err := startContext(loaded.Policy, line)
	if err != nil {
		return nil, err
	}
	path, err := find(line.Operands[0])
	if err != nil {
		return nil, err
	}
	cfg := &supervisor.Config{
		Server:       server,
		Labels:       loaded.Labels,
		FileContexts: loaded.FileContexts,
		Context:      start,
		Path:         path,
		Argv:         line.Operands,
		Env:          os.Environ(),
		Stdin:        file(env.Stdin),
		Stdout:       file(env.Stdout),
		Stderr:       file(env.Stderr),
		StateDir:     state,
		NoNewPrivs:   line.Has("--no-new-privs"),
		KillOrphans:  root != "" || line.Has("--kill-orphans"),
		Debuggable:   line.Has("--debuggable"), KeepCapabilities: line.Has("--no-capdrop"),
		ForwardSignals: true,
		Audit:          sink.Event,
		Log:            env.Log,
	}
	cfg.BareEvents = sink.Brief()
	if sink.Empty() {
		cfg.Audit = nil
	}
	if !full {
		cfg.Coverage = supervisor.CoverageCore
	}
	return cfg, nil
}

// choice reads an option with two values and reports whether it has the first,
// which is its default.
func choice(line *getopt.Line, option, first, second string) (bool, error) {
	switch value := line.ValueOr(option, first); value {
	case first:
		return true, nil
	case second:
		return false, nil
	default:
		return false, applet.Usagef("%s %q: expected %s or %s", option, value, first, second)
	}
}

// file returns what a stream of the environment is, nil when it is no file.
func file(stream any) *os.File {
	f, ok := stream.(*os.File)
	if !ok {
		return nil
	}
	return f
}

var _ io.Reader = (*os.File)(nil)

// find looks a command up as a shell does.
func find(command string) (string, error) {
	path, err := exec.LookPath(command)
	switch {
	case err == nil || errors.Is(err, exec.ErrDot):
		return path, nil
	case strings.Contains(command, "/"):
		// Let exec say why it can't be run.
		return command, nil
	}
	return "", &applet.ExitError{Code: statusNotFound, Err: fmt.Errorf("run %s: %w", command, syscall.ENOENT)}
}

// startContext returns the context that the command line asks for: --context, or
// --type in the unconfined user's place, or unconfined; at --level if given.
func startContext(p *policy.Policy, line *getopt.Line) (string, error) {
	text := line.ValueOr("--context", "")
	switch name := line.ValueOr("--type", ""); {
	case text != "" && name != "":
		return "", applet.Usagef("--context and --type exclude each other")
	case name != "":
		text = name
	case text == "":
		var err error
		if text, err = unconfined(p); err != nil {
			return "", err
		}
	}
	text, err := source.Context(p, text, source.Task)
	if err != nil {
		return "", err
	}
	level := line.ValueOr("--level", "")
	if level == "" {
		return text, nil
	}
	parts, err := secctx.Split(text)
	if err != nil {
		return "", err
	}
	parts.Range = level
	c, err := secctx.Parse(p, parts.String())
	if err != nil {
		return "", err
	}
	return secctx.Format(p, c), nil
}

// unconfined returns the context of an unconfined user under the policy.
func unconfined(p *policy.Policy) (string, error) {
	if _, err := secctx.Parse(p, basepolicy.Unconfined); err == nil {
		return basepolicy.Unconfined, nil
	}
	user := p.UserByName("unconfined_u")
	if user == nil {
		return "", errors.New("the policy has no unconfined user: give --context or --type")
	}
	text := "unconfined_u:unconfined_r:unconfined_t"
	if p.MLS() {
		text += ":" + mls.FormatRange(p, user.Range)
	}
	return text, nil
}
