package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"text/tabwriter"

	"seward/docs"
	"seward/enforce/supervisor"
	"seward/internal/applet"
	"seward/internal/applet/source"
	"seward/internal/getopt"
	"seward/security"
)

// Applet is `seward doctor`.
var Applet = &applet.Applet{
	Name:     "doctor",
	Synopsis: "[--json] [--limits] [--calls]",
	Short:    "tell what this host offers to seward run, and what is not mediated",
	Manual: `What runs need is looked for, and then tried by a run. What is missing and
isn't needed is listed with what seward does instead. The exit status is 0 if
programs can be supervised here.

  seward doctor
  seward doctor --limits | less`,
	Options: []getopt.Option{
		{Names: []string{"--json"}, Help: "print JSON"},
		{Names: []string{"--limits"}, Help: "print what is not mediated anywhere, with what a kernel with SELinux would ask and what happens instead"},
		{Names: []string{"--calls"}, Help: "print what becomes of each system call"},
	},
	Run: run,
}

func run(ctx context.Context, env *applet.Env, line *getopt.Line) error {
	switch {
	case len(line.Operands) > 0:
		return applet.Usagef("unexpected argument %q", line.Operands[0])
	case line.Has("--limits"):
		_, err := io.WriteString(env.Stdout, docs.NotMediated)
		return err
	case line.Has("--calls"):
		return calls(env.Stdout)
	}
	r := examine(ctx, env)
	var err error
	if line.Has("--json") {
		e := json.NewEncoder(env.Stdout)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		err = r.print(env.Stdout)
	}
	if err == nil && !r.Able {
		err = applet.Exit(applet.StatusFailed)
	}
	return err
}

// report is what was found.
type report struct {
	Able     bool      `json:"able"`
	Trial    string    `json:"trial"`
	SELinux  string    `json:"kernel_selinux"`
	Features []feature `json:"features"`
}

type feature struct {
	Name    string `json:"name"`
	Here    bool   `json:"here"`
	Needed  bool   `json:"needed"`
	Detail  string `json:"detail"`
	Without string `json:"without,omitempty"`
}

func examine(ctx context.Context, env *applet.Env) *report {
	r := &report{Able: true, SELinux: kernel()}
	for _, f := range supervisor.Probe() {
		one := feature{Name: f.Name, Here: f.Here, Needed: f.Needed, Detail: f.Detail}
		if !f.Here {
			one.Without = f.Without
			r.Able = r.Able && !f.Needed
		}
		r.Features = append(r.Features, one)
	}
	if !r.Able {
		r.Trial = "not made: something needed is missing"
		return r
	}
	if err := try(ctx, env); err != nil {
		r.Able, r.Trial = false, err.Error()
		return r
	}
	r.Trial = "a program ran in a confined domain, and what it may not do was refused"
	return r
}

// kernel tells whether the kernel enforces itself.
func kernel() string {
	data, err := os.ReadFile("/sys/fs/selinux/enforce")
	switch {
	case err != nil:
		return "not active"
	case strings.HasPrefix(string(data), "1"):
		return "enforcing"
	}
	return "permissive"
}

// Outcomes of a trial run that are failures.
var (
	errNotRefused = errors.New("a program did what its domain may not do")
	errNotLogged  = errors.New("a program was refused something and nothing was logged")
)

// trialType is a domain of the reference policy that may not read people's
// temporary files.
const trialType = "webserver_t"

// try has this very program read a file in a domain that may not.
func try(ctx context.Context, env *applet.Env) error {
	loaded, err := source.Load(env, nil, nil)
	if err != nil {
		return err
	}
	server, err := security.New(loaded.Policy, &security.Options{Enforcing: true})
	if err != nil {
		return fmt.Errorf("load policy: %w", err)
	}
	domain, err := source.Context(loaded.Policy, trialType, source.Task)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "seward-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // It is a temporary file.
	if err := file.Close(); err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close() //nolint:errcheck // The null device.
	var denials atomic.Int32
	status, err := supervisor.Run(ctx, &supervisor.Config{
		Server: server, Labels: loaded.Labels, Context: domain,
		Path: "/proc/self/exe", Argv: []string{"seward", "compile", "--check", file.Name()}, Env: []string{},
		Stdin: null, Stdout: null, Stderr: null, Log: env.Log,
		Audit: func(*supervisor.Event) { denials.Add(1) },
	})
	switch {
	case err != nil:
		return fmt.Errorf("trial run: %w", err)
	case status == 0:
		return fmt.Errorf("trial run: %w", errNotRefused)
	case denials.Load() == 0:
		return fmt.Errorf("trial run: %w", errNotLogged)
	}
	return nil
}

func (r *report) print(w io.Writer) error {
	for _, f := range r.Features {
		mark := "ok"
		switch {
		case f.Here:
		case f.Needed:
			mark = "MISSING"
		default:
			mark = "without"
		}
		fmt.Fprintf(w, "%-8s %s: %s\n", mark, f.Name, f.Detail)
		if f.Without != "" {
			fmt.Fprintf(w, "%-8s   instead: %s\n", "", f.Without)
		}
	}
	fmt.Fprintf(w, "%-8s SELinux of the kernel\n", r.SELinux)
	verdict := "Programs can be supervised here"
	if !r.Able {
		verdict = "Programs can't be supervised here"
	}
	_, err := fmt.Fprintf(w, "\n%s: %s.\nWhat is mediated, and what is not: seward doctor --limits.\n", verdict, r.Trial)
	return err
}

// calls prints the table of system calls.
func calls(w io.Writer) error {
	mediated, refused, allowed := supervisor.Calls()
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, group := range []struct {
		fate  string
		names []string
	}{{"mediated", mediated}, {"refused", refused}, {"allowed", allowed}} {
		for _, name := range group.names {
			fmt.Fprintf(t, "%s\t%s\n", name, group.fate)
		}
	}
	return t.Flush()
}
