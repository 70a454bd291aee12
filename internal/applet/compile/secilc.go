package compile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"seward/format/cil"
	"seward/format/cil/syntax"
	"seward/format/diag"
	"seward/format/policydb"
	"seward/internal/applet"
	"seward/internal/getopt"
	"seward/policy"
)

// Exit statuses of secilc, which are its library's error numbers cut to a byte.
const (
	statusUsage      = 1
	statusError      = 255
	statusUnresolved = 254
)

// Secilc is the classic compiler of CIL. It reads its options one by one, because
// what it says about one comes before it looks at the next.
var Secilc = func() *applet.Applet {
	a := secilcHelp
	a.Run = runSecilc
	return &a
}()

// secilcHelp is the applet as far as help needs it.
var secilcHelp = applet.Applet{
	Name:     "secilc",
	Synopsis: "[OPTION]... FILE...",
	Short:    "compile CIL files to a binary policy",
	Options:  secilcOptions,
	Classic:  true,
	Raw:      true,
}

var secilcOptions = []getopt.Option{
	{Names: []string{"-o", "--output"}, Arity: getopt.Required, Arg: "FILE", Help: "write the binary policy there (default: policy.VERSION)"},
	{Names: []string{"-f", "--filecontexts"}, Arity: getopt.Required, Arg: "FILE", Help: "write the file contexts there (default: file_contexts)"},
	{Names: []string{"-t", "--target"}, Arity: getopt.Required, Arg: "TYPE", Help: "what the policy is for; only selinux is supported"},
	{Names: []string{"-M", "--mls"}, Arity: getopt.Required, Arg: "true|false", Help: "build a policy with or without levels, whatever its mls statement says"},
	{Names: []string{"-c", "--policyversion"}, Arity: getopt.Required, Arg: "VERSION", Help: fmt.Sprintf("version of the binary policy, %d to %d (default: %d)", policy.VersionMin, policy.VersionMax, defaultVersion)},
	{Names: []string{"-U", "--handle-unknown"}, Arity: getopt.Required, Arg: "ACTION", Help: "allow, deny or reject classes and permissions that the policy lacks, whatever its handleunknown statement says"},
	{Names: []string{"-D", "--disable-dontaudit"}, Help: "leave dontaudit rules out"},
	{Names: []string{"-P", "--preserve-tunables"}, Help: "make booleans of tunables"},
	{Names: []string{"-Q", "--qualified-names"}, Help: "allow dots in names, and no blocks"},
	{Names: []string{"-m", "--multiple-decls"}, Help: "allow some things to be declared more than once"},
	{Names: []string{"-N", "--disable-neverallow"}, Help: "don't check neverallow rules"},
	{Names: []string{"-G", "--expand-generated"}, Help: "expand and remove generated attributes"},
	{Names: []string{"-X", "--expand-size"}, Arity: getopt.Required, Arg: "SIZE", Help: "expand attributes with fewer members than this"},
	{Names: []string{"-O", "--optimize"}, Help: "remove rules that others make superfluous"},
	{Names: []string{"-v", "--verbose"}, Help: "say more; twice, why optional blocks were left out"},
	{Names: []string{"-h", "--help"}, Help: "print this help"},
	{Names: []string{"-n"}, Hidden: true}, // known to secilc's parser and to nothing else
}

// secilc is one run.
type secilc struct {
	env              *applet.Env
	output, contexts string
	verbose          int
	files            []string
	options          cil.Options
}

func runSecilc(_ context.Context, env *applet.Env, line *getopt.Line) error {
	s := &secilc{env: env, contexts: "file_contexts", options: cil.Options{Version: defaultVersion}}
	grammar := &getopt.Grammar{Options: secilcOptions}
	for event, err := range grammar.Events(line.Operands) {
		switch {
		case err != nil:
			env.Errorf("%v", err)
		case event.Option == nil:
			s.files = append(s.files, event.Value)
		case !s.option(event):
			return s.usage()
		}
	}
	if len(s.files) == 0 {
		s.say("No cil files specified")
		return s.usage()
	}
	srcs, err := s.read()
	if err != nil {
		return err
	}
	result, err := cil.Compile(srcs, &s.options)
	if err != nil {
		return s.failed(srcs, err)
	}
	s.remark(result)
	return s.write(result)
}

func (s *secilc) say(format string, args ...any) { fmt.Fprintf(s.env.Stderr, format+"\n", args...) }

func (s *secilc) usage() error {
	secilcHelp.WriteHelp(s.env.Stdout, "secilc")
	return applet.Exit(statusUsage)
}

// option takes one option; false asks for the usage.
func (s *secilc) option(e getopt.Event) bool {
	o := &s.options
	switch e.Option.Name() {
	case "--output":
		s.output = e.Value
	case "--filecontexts":
		s.contexts = e.Value
	case "--target":
		if e.Value != "selinux" {
			s.say("Unknown target: %s", e.Value)
			return false
		}
	case "--mls":
		switch strings.ToLower(e.Value) {
		case "true":
			o.MLS = cil.True
		case "false":
			o.MLS = cil.False
		default:
			return false
		}
	case "--policyversion":
		return s.version(e.Value)
	case "--handle-unknown":
		action, ok := unknownActions[strings.ToLower(e.Value)]
		o.HandleUnknown = action
		return ok
	case "--expand-size":
		return s.expandSize(e.Value)
	case "--disable-dontaudit":
		o.DisableDontaudit = true
	case "--preserve-tunables":
		o.PreserveTunables = true
	case "--qualified-names":
		o.QualifiedNames = true
	case "--multiple-decls":
		o.MultipleDecls = true
	case "--disable-neverallow":
		o.DisableNeverallow = true
	case "--expand-generated":
		o.AttrsExpandGenerated = true
	case "--optimize":
		o.Optimize = true
	case "--verbose":
		s.verbose++
	default:
		return false
	}
	return true
}

func (s *secilc) version(text string) bool {
	n, ok := parseLong(text)
	switch {
	case !ok:
		s.say("Bad policy version: %s", text)
	case n < policy.VersionMin || n > policy.VersionMax:
		s.say("Policy version must be between %d and %d", policy.VersionMin, policy.VersionMax)
	default:
		s.options.Version = uint32(n)
		return true
	}
	return false
}

func (s *secilc) expandSize(text string) bool {
	n, ok := parseLong(text)
	switch {
	case !ok:
		s.say("Bad attribute expand size: %s", text)
		return false
	case n < 0:
		s.say("Attribute expand size must be > 0")
		return false
	case n == 0:
		n = -1 // no attribute has fewer members
	}
	s.options.AttrsExpandSize = int(min(n, math.MaxInt32))
	return true
}

// parseLong reads a decimal number as strtol does when all of the text must be
// one: blanks and a sign may come before it, and what is too large is the largest.
func parseLong(text string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimLeft(text, " \t\n\v\f\r"), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return n, true
}

// read reads the files; empty ones don't count.
func (s *secilc) read() ([]cil.Source, error) {
	var srcs []cil.Source
	for _, name := range s.files {
		file, err := os.Open(name)
		if err != nil {
			s.say("Could not open file: %s", name)
			return nil, applet.Exit(statusError)
		}
		_ = file.Close() // only asked whether it opens
		data, err := os.ReadFile(name)
		if err != nil {
			s.say("Failure reading file: %s", name)
			return nil, applet.Exit(statusError)
		}
		if len(data) > 0 {
			srcs = append(srcs, cil.Source{Name: name, Data: data})
		}
	}
	return srcs, nil
}

// failed reports errors in the sources: seward's diagnostics, then the lines that
// scripts know secilc's failures by.
func (s *secilc) failed(srcs []cil.Source, err error) error {
	var list diag.List
	if !errors.As(err, &list) {
		return &applet.ExitError{Code: statusError, Err: err}
	}
	limit := diag.Shown
	if s.verbose > 0 {
		limit = 0
	}
	s.say("%s", list.Text(limit))
	has := func(code string) bool {
		return slices.ContainsFunc(list, func(e *diag.Error) bool { return e.Code == code })
	}
	unresolved := slices.IndexFunc(list, func(e *diag.Error) bool { return e.Code == "unknown" })
	bad, file := unbalanced(srcs)
	switch {
	case bad != "":
		s.say("%s of %s", bad, file)
		s.say("Failure adding %s", file)
	case has("neverallow"), has("bounds"):
		s.say("Failed to build policydb")
	case unresolved >= 0 && !has("redeclared"):
		if keyword, at := statement(list[unresolved].Pos); keyword != "" {
			s.say("Failed to resolve %s statement at %s", keyword, at)
		}
		s.say("Failed to compile cildb: -2")
		return applet.Exit(statusUnresolved)
	default:
		s.say("Failed to compile cildb: -1")
	}
	return applet.Exit(statusError)
}

// unbalanced says what is wrong with the parentheses of the first text in which
// something is: what secilc finds before it looks at any statement.
func unbalanced(srcs []cil.Source) (what, file string) {
	for _, src := range srcs {
		if what := parentheses(src.Data); what != "" {
			return what, src.Name
		}
	}
	return "", ""
}

func parentheses(text []byte) string {
	depth, line := 0, 1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\n':
			line++
		case ';', '"':
			end := byte('\n')
			if c == '"' {
				end = '"'
			}
			n := bytes.IndexByte(text[i+1:], end)
			if n < 0 {
				n = len(text) - i - 1
			}
			if c == '"' {
				i++ // past the closing quote
			}
			i += n
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return fmt.Sprintf("Close parenthesis without matching open at line %d", line)
			}
		case ' ', '\t', '\r':
		default:
			if depth == 0 {
				return fmt.Sprintf("Symbol not inside parenthesis at line %d", line)
			}
		}
	}
	if depth > 0 {
		return fmt.Sprintf("Open parenthesis without matching close at line %d", line)
	}
	return ""
}

// statement returns the keyword and the line, as file:line, of the statement at a
// position.
func statement(pos diag.Pos) (keyword, at string) {
	if !pos.Known() {
		return "", ""
	}
	tree := syntax.Parse(pos.File, syntax.NewNames(), nil)
	var offset int32 = -1
	for i := range tree.Stmts {
		if s := &tree.Stmts[i]; s.Offset <= pos.Offset && s.Offset > offset {
			offset, keyword = s.Offset, s.Keyword.String()
		}
	}
	p := pos.File.Position(max(offset, 0))
	return keyword, fmt.Sprintf("%s:%d", p.Name, p.Line)
}

// remark prints what is worth saying about a policy that was compiled.
func (s *secilc) remark(result *cil.Result) {
	if s.verbose > 0 && len(result.Warnings) > 0 {
		s.say("%s", result.Warnings.Text(0))
	}
	if s.verbose > 1 && len(result.Disabled) > 0 {
		s.say("%s", result.Disabled.Text(0))
	}
}

// write stores the policy and its file contexts.
func (s *secilc) write(result *cil.Result) error {
	if s.output == "" {
		s.output = fmt.Sprintf("policy.%d", s.options.Version)
	}
	image, err := policydb.Append(nil, result.Policy, &policydb.WriteOptions{
		Version: s.options.Version,
		Layout:  policydb.LayoutLibsepol34,
		Lost:    func(l policydb.Loss) { s.say("left out: %s", l) },
	})
	if err != nil {
		s.say("%v", err)
		s.say("Failed to write binary policy: -1")
		return applet.Exit(statusError)
	}
	if err := os.WriteFile(s.output, image, 0o666); err != nil { //nolint:gosec // As the umask says.
		s.say("Failure opening binary file for writing")
		return &applet.ExitError{Code: statusError, Err: err}
	}
	if err := os.WriteFile(s.contexts, result.FileContexts, 0o666); err != nil { //nolint:gosec // As above.
		s.say("Failed to open file_contexts file")
		return &applet.ExitError{Code: statusError, Err: err}
	}
	return nil
}
