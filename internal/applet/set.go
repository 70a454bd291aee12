package applet

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"

	"seward/format/diag"
	"seward/internal/getopt"
)

// Set is the applets of one binary.
type Set struct {
	Name    string // of the binary: seward
	Applets []*Applet
}

// Lookup returns the applet with the given name, or nil.
func (s *Set) Lookup(name string) *Applet {
	for _, a := range s.Applets {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Main runs the command line args, whose first word is the name that the process
// was started by, and returns the exit status.
func (s *Set) Main(ctx context.Context, env *Env, args []string) int {
	env.Set, env.Name = s, s.Name
	if len(args) == 0 {
		args = []string{s.Name}
	}
	env.Args0 = args[0]
	if a := s.Lookup(filepath.Base(args[0])); a != nil && a.Classic {
		env.Name = a.Name
		return Run(ctx, env, a, args[1:])
	}
	if len(args) == 1 {
		s.List(env)
		return StatusUsage
	}
	name := args[1]
	switch name {
	case "-h", "--help":
		name = "help"
	case "-V", "--version":
		name = "version"
	case "--install":
		name = "install"
	}
	a := s.Lookup(name)
	if a == nil {
		env.Errorf("unknown command %q%s", name, s.suggest(name))
		fmt.Fprintf(env.Stderr, "Try '%s help'.\n", s.Name)
		return StatusUsage
	}
	if a.Classic {
		env.Name = a.Name
	} else {
		env.Name = s.Name + " " + a.Name
	}
	return Run(ctx, env, a, args[2:])
}

// Run runs one applet and returns its exit status. A panic is a broken
// invariant; it ends the command here, with all that a report of it needs.
func Run(ctx context.Context, env *Env, a *Applet, args []string) (code int) {
	defer func() {
		if v := recover(); v != nil {
			env.Errorf("internal error: %v\n%s", v, debug.Stack())
			code = StatusInternal
		}
	}()
	if a.Raw {
		return status(env, a.Run(ctx, env, &getopt.Line{Operands: args}))
	}
	line, err := a.Grammar().Parse(args)
	if err != nil {
		return status(env, err)
	}
	if !a.Classic && line.Has("--help") {
		a.WriteHelp(env.Stdout, env.Name)
		return 0
	}
	return status(env, a.Run(ctx, env, line))
}

// StatusInternal is the exit status of a broken invariant, EX_SOFTWARE of
// sysexits.
const StatusInternal = 70

// suggest returns a hint at commands that were perhaps meant.
func (s *Set) suggest(name string) string {
	near := diag.Nearest(name, func(yield func(string) bool) {
		for _, a := range s.Applets {
			if !a.Hidden && !yield(a.Name) {
				return
			}
		}
	})
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}
