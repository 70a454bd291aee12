package getopt

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// semodule's options, those that show a rule.
var semodule = []Option{
	{Names: []string{"-D", "--disable_dontaudit"}},
	{Names: []string{"-B", "--build"}},
	{Names: []string{"-X", "--priority"}, Arity: Required},
	{Names: []string{"-i", "--install"}, Arity: Required},
	{Names: []string{"-r", "--remove"}, Arity: Required},
	{Names: []string{"-l", "--list-modules"}, Arity: Optional},
	{Names: []string{"-n", "-N", "--noreload"}},
	{Names: []string{"-v", "--verbose"}},
	{Names: []string{"--version"}},
}

// sesearch and semanage, where argparse differs.
var setools = []Option{
	{Names: []string{"-d"}},
	{Names: []string{"-s", "--source"}, Arity: Required},
	{Names: []string{"-ds"}},
	{Names: []string{"-e"}},
	{Names: []string{"-b", "--bool"}, Arity: Required},
	{Names: []string{"-eb"}},
	{Names: []string{"-t", "--type"}, Arity: Greedy},
	{Names: []string{"-x", "--expand"}},
	{Names: []string{"-A", "--allow"}},
	{Names: []string{"-p", "--perms"}, Arity: Many},
	{Names: []string{"--verbose"}},
	{Names: []string{"--version"}},
}

// text shows a line as one string: options with values in order, a bar, operands.
func text(line *Line) string {
	var b strings.Builder
	for _, e := range line.Events {
		b.WriteString(e.Option.Name())
		if e.HasValue {
			b.WriteString("=" + e.Value)
		}
		b.WriteByte(' ')
	}
	b.WriteString("|")
	for _, o := range line.Operands {
		b.WriteString(" " + o)
	}
	return b.String()
}

func TestParse(t *testing.T) {
	gnu := &Grammar{Options: semodule}
	posix := &Grammar{Options: semodule, StopAtOperand: true}
	python := &Grammar{Options: setools, Dialect: Argparse}
	tests := []struct {
		grammar    *Grammar
		line, want string
		err        string
	}{
		{grammar: gnu, line: "-DB", want: "--disable_dontaudit --build |"},
		{grammar: gnu, line: "-X300", want: "--priority=300 |"},
		{grammar: gnu, line: "-BX 300 -i a -r b -X 400 -i c", want: "--build --priority=300 --install=a --remove=b --priority=400 --install=c |"},
		{grammar: gnu, line: "-lfull", want: "--list-modules=full |"},
		{grammar: gnu, line: "-l full", want: "--list-modules | full"},
		{grammar: gnu, line: "--list-modules=full", want: "--list-modules=full |"},
		{grammar: gnu, line: "--list full", want: "--list-modules | full"},
		{grammar: gnu, line: "-n -N --nore", want: "--noreload --noreload --noreload |"},
		{grammar: gnu, line: "--verb", want: "--verbose |"},
		{grammar: gnu, line: "--ver", err: "option '--ver' is ambiguous; possibilities: '--verbose' '--version'"},
		{grammar: gnu, line: "a -B b", want: "--build | a b"},
		{grammar: gnu, line: "a -- -B - b", want: "| a -B - b"},
		{grammar: gnu, line: "- -B", want: "--build | -"},
		{grammar: gnu, line: "--priority -5", want: "--priority=-5 |"},
		{grammar: gnu, line: "--install= x", want: "--install= | x"},
		{grammar: gnu, line: "-BZ", err: "invalid option -- 'Z'"},
		{grammar: gnu, line: "--zap=3", err: "unrecognized option '--zap'"},
		{grammar: gnu, line: "-BX", err: "option requires an argument -- 'X'"},
		{grammar: gnu, line: "--prio", err: "option '--priority' requires an argument"},
		{grammar: gnu, line: "--build=yes", err: "option '--build' doesn't allow an argument"},
		{grammar: posix, line: "-B id -Z", want: "--build | id -Z"},
		{grammar: posix, line: "-B -- id -Z", want: "--build | id -Z"},

		{grammar: python, line: "-ds -s a -A", want: "-ds --source=a --allow |"},
		{grammar: python, line: "-sfoo", want: "--source=foo |"},
		{grammar: python, line: "-s=foo", want: "--source=foo |"},
		{grammar: python, line: "-eb -b x", want: "-eb --bool=x |"},
		{grammar: python, line: "-Ax p", want: "--allow --expand | p"},
		{grammar: python, line: "-t", want: "--type |"},
		{grammar: python, line: "-t -x", want: "--type --expand |"},
		{grammar: python, line: "-t foo p", want: "--type=foo | p"},
		{grammar: python, line: "-p read write -A p", want: "--perms=read --perms=write --allow | p"},
		{grammar: python, line: "-s -1", want: "--source=-1 |"},
		{grammar: python, line: "-A -- -x", want: "--allow | -x"},
		{grammar: python, line: "--sour a", want: "--source=a |"},
		{grammar: python, line: "-s", err: "argument -s/--source: expected one argument"},
		{grammar: python, line: "-s -A", err: "argument -s/--source: expected one argument"},
		{grammar: python, line: "-p", err: "argument -p/--perms: expected at least one argument"},
		{grammar: python, line: "--ver", err: "ambiguous option: --ver could match --verbose, --version"},
		{grammar: python, line: "-Z", err: "unrecognized arguments: -Z"},
		{grammar: python, line: "--zap", err: "unrecognized arguments: --zap"},
		{grammar: python, line: "--allow=1", err: "argument -A/--allow: ignored explicit argument '1'"},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			line, err := tt.grammar.Parse(strings.Fields(tt.line))
			if err != nil || tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Fatalf("got error %v, want %q", err, tt.err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, text(line)); diff != "" {
				t.Errorf("line differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEventsGoOnAfterAnError(t *testing.T) {
	g := &Grammar{Options: semodule}
	var got []string
	for e, err := range g.Events([]string{"-ZB", "x"}) {
		switch {
		case err != nil:
			got = append(got, err.Error())
		case e.Option == nil:
			got = append(got, e.Value)
		default:
			got = append(got, e.Name)
		}
	}
	if diff := cmp.Diff([]string{"invalid option -- 'Z'", "-B", "x"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLine(t *testing.T) {
	g := &Grammar{Options: semodule}
	line, err := g.Parse([]string{"-vv", "-i", "a", "--install=b", "-l", "x"})
	if err != nil {
		t.Fatal(err)
	}
	if got := line.Count("--verbose"); got != 2 {
		t.Errorf("Count(--verbose) = %d, want 2", got)
	}
	if got, ok := line.Value("-i"); got != "b" || !ok {
		t.Errorf("Value(-i) = %q, %v; want b, true", got, ok)
	}
	if diff := cmp.Diff([]string{"a", "b"}, line.Values("--install")); diff != "" {
		t.Error(diff)
	}
	if _, ok := line.Value("-l"); ok || !line.Has("-l") {
		t.Error("-l without a value has one, or isn't there")
	}
	if got := line.ValueOr("-X", "400"); got != "400" {
		t.Errorf("ValueOr(-X) = %q, want 400", got)
	}
}
