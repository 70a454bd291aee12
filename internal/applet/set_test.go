package applet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/internal/getopt"
)

// testSet has an applet for each way to end.
func testSet() *Set {
	ends := func(name string, run func(env *Env, line *getopt.Line) error) *Applet {
		return &Applet{
			Name: name, Synopsis: "[--loud] WORD...", Short: "end in one way",
			Options: []getopt.Option{{Names: []string{"-l", "--loud"}, Help: "say more"}},
			Run:     func(_ context.Context, env *Env, line *getopt.Line) error { return run(env, line) },
		}
	}
	classic := ends("oldtool", func(env *Env, line *getopt.Line) error {
		fmt.Fprintln(env.Stdout, env.Name, strings.Join(line.Operands, " "), line.Has("--loud"))
		return nil
	})
	classic.Classic = true
	raw := ends("raw", func(env *Env, line *getopt.Line) error {
		fmt.Fprintln(env.Stdout, strings.Join(line.Operands, " "))
		return nil
	})
	raw.Raw = true
	return &Set{Name: "tool", Applets: []*Applet{
		ends("fine", func(env *Env, line *getopt.Line) error {
			fmt.Fprintln(env.Stdout, env.Name, strings.Join(line.Operands, " "), line.Has("--loud"))
			return nil
		}),
		ends("fail", func(*Env, *getopt.Line) error { return errors.New("read a: no such file") }),
		ends("exit", func(*Env, *getopt.Line) error { return Exit(255) }),
		ends("say", func(*Env, *getopt.Line) error { return &ExitError{Code: 3, Err: errors.New("said")} }),
		ends("misuse", func(*Env, *getopt.Line) error { return Usagef("expected a word") }),
		ends("break", func(*Env, *getopt.Line) error { panic("invariant") }),
		classic, raw,
	}}
}

func TestMainFindsApplets(t *testing.T) {
	tests := []struct {
		args           string
		code           int
		stdout, stderr string // beginnings
	}{
		{args: "tool fine a -l b", stdout: "tool fine a b true\n"},
		{args: "/usr/bin/tool fine -- -l", stdout: "tool fine -l false\n"},
		{args: "/usr/sbin/oldtool a", stdout: "oldtool a false\n"},
		{args: "tool oldtool a", stdout: "oldtool a false\n"},
		{args: "fine a", code: 2, stderr: "tool: unknown command \"a\"\n"},
		{args: "tool fnie", code: 2, stderr: "tool: unknown command \"fnie\"; did you mean fine?\n"},
		{args: "tool", code: 2, stdout: "usage: tool COMMAND"},
		{args: "tool raw -x --help", stdout: "-x --help\n"},
		{args: "tool fine --help", stdout: "usage: tool fine [--loud] WORD...\n\nEnd in one way.\n\noptions:\n"},
		{args: "tool fine -x", code: 2, stderr: "tool fine: invalid option -- 'x'\nTry 'tool fine --help'.\n"},
		{args: "oldtool --help", code: 2, stderr: "oldtool: unrecognized option '--help'\n"},
		{args: "tool fail", code: 1, stderr: "tool fail: read a: no such file\n"},
		{args: "tool exit", code: 255},
		{args: "tool say", code: 3, stderr: "tool say: said\n"},
		{args: "tool misuse", code: 2, stderr: "tool misuse: expected a word\nTry 'tool misuse --help'.\n"},
		{args: "tool break", code: 70, stderr: "tool break: internal error: invariant\n"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := testSet().Main(t.Context(), &Env{Stdout: &stdout, Stderr: &stderr}, strings.Fields(tt.args))
			if code != tt.code {
				t.Errorf("exit status %d, want %d", code, tt.code)
			}
			check := func(what, got, want string) {
				t.Helper()
				if want == "" && got != "" || !strings.HasPrefix(got, want) {
					t.Errorf("%s %q, want %q", what, got, want)
				}
			}
			check("stdout", stdout.String(), tt.stdout)
			check("stderr", stderr.String(), tt.stderr)
		})
	}
}

func TestWriteHelp(t *testing.T) {
	a := &Applet{
		Name: "show", Synopsis: "[OPTION]... FILE", Short: "show a file",
		Manual: "\nThe file is shown.\n",
		Options: []getopt.Option{
			{Names: []string{"-o", "--output"}, Arity: getopt.Required, Arg: "FILE", Help: "write there"},
			{Names: []string{"--json"}, Help: "print JSON"},
			{Names: []string{"-l", "--list"}, Arity: getopt.Optional, Arg: "KIND", Help: "list what there is, in a description of so many words that it takes more than a line"},
			{Names: []string{"--hidden"}, Hidden: true},
			{Names: []string{"-a", "--a-name-that-is-long"}, Arity: getopt.Required, Arg: "NUMBER", Help: "count"},
		},
	}
	var got bytes.Buffer
	a.WriteHelp(&got, "tool show")
	want := `usage: tool show [OPTION]... FILE

Show a file.

The file is shown.

options:
  -o, --output=FILE         write there
      --json                print JSON
  -l, --list[=KIND]         list what there is, in a description of so many
                            words that it takes more than a line
  -a, --a-name-that-is-long=NUMBER
                            count
  -h, --help                print this help
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("help differs (-want +got):\n%s", diff)
	}
}
