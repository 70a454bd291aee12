package applet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"seward/format/diag"
	"seward/internal/getopt"
)

// Applet is one command.
type Applet struct {
	Name     string
	Synopsis string // what follows the name in usage: [OPTION]... FILE...
	Short    string // what it does, in a phrase
	// Manual is the text behind the usage line in help: paragraphs, and examples
	// indented by two spaces.
	Manual  string
	Options []getopt.Option
	Dialect getopt.Dialect
	// StopAtOperand ends the options at the first operand: for applets that run
	// another command.
	StopAtOperand bool
	// Classic marks the name of a tool that exists elsewhere: it gets a link from
	// --install, and its options are exactly its own.
	Classic bool
	Hidden  bool // not listed
	// Raw applets read their arguments themselves, because what they print
	// between two options is part of what they are; their Line has all arguments
	// as operands.
	Raw bool
	Run func(ctx context.Context, env *Env, line *getopt.Line) error
}

// Grammar returns what the applet's command line may contain.
func (a *Applet) Grammar() *getopt.Grammar {
	options := a.Options
	if !a.Classic {
		options = append(options[:len(options):len(options)], helpOption)
	}
	return &getopt.Grammar{Options: options, Dialect: a.Dialect, StopAtOperand: a.StopAtOperand}
}

var helpOption = getopt.Option{Names: []string{"-h", "--help"}, Help: "print this help"}

// Env is the world as an applet sees it.
type Env struct {
	Name   string // the applet, as messages call it
	Args0  string // the name that the process was started by
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Root is put before the absolute paths of the system's own files
	// (/etc/selinux). Empty: the running system.
	Root   string
	Getenv func(string) string
	Log    *slog.Logger
	// Set is the applets of this binary.
	Set *Set
}

// System returns the Env of this process.
func System() *Env {
	return &Env{
		Args0:  os.Args[0],
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Getenv: os.Getenv,
		Log:    slog.New(slog.DiscardHandler),
	}
}

// Errorf prints a message in the form of all messages: name: text.
func (e *Env) Errorf(format string, args ...any) {
	fmt.Fprintf(e.Stderr, "%s: %s\n", e.Name, fmt.Sprintf(format, args...))
}

// Exit statuses of seward's own verbs. Classic tools have their own.
const (
	StatusFailed = 1
	StatusUsage  = 2
)

// ExitError ends a command with a status. Err is nil where everything worth
// saying has been said.
type ExitError struct {
	Code int
	Err  error
}

// Exit returns an ExitError that says nothing more.
func Exit(code int) error { return &ExitError{Code: code} }

// Error returns the message.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap returns the error behind the status.
func (e *ExitError) Unwrap() error { return e.Err }

// UsageError is a command line that an applet can't use.
type UsageError struct {
	Msg string
}

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// Error returns the message.
func (e *UsageError) Error() string { return e.Msg }

// status prints what an error says and returns the exit status that it stands
// for.
func status(env *Env, err error) int {
	var exit *ExitError
	var usage *UsageError
	var bad *getopt.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		if exit.Err != nil {
			env.say(exit.Err)
		}
		return exit.Code
	case errors.As(err, &usage), errors.As(err, &bad):
		env.Errorf("%v", err)
		fmt.Fprintf(env.Stderr, "Try '%s --help'.\n", env.Name)
		return StatusUsage
	}
	env.say(err)
	return StatusFailed
}

// say prints an error: diagnostics of a source as they are, each with its place,
// others behind the command's name.
func (e *Env) say(err error) {
	var list diag.List
	if errors.As(err, &list) && err.Error() == list.Error() {
		fmt.Fprintln(e.Stderr, err)
		return
	}
	e.Errorf("%v", err)
}
