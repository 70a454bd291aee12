package compile

import (
	"context"
	"errors"
	"fmt"

	"seward/format/diag"
	"seward/internal/applet"
	"seward/internal/applet/source"
	"seward/internal/getopt"
	"seward/policy"
)

// defaultVersion is that of images compiled from text: the newest that every
// maintained distribution's kernel takes.
const defaultVersion = policy.VersionCompactFilename

// Applet is `seward compile`.
var Applet = &applet.Applet{
	Name:     "compile",
	Synopsis: "[OPTION]... [-o OUT] FILE...",
	Short:    "compile CIL files to a binary policy, or check and rewrite a binary policy",
	Manual: `The files are one policy: CIL text, in the order in which they are named, or one
binary image, which is validated and written again. With --base the built-in
reference policy's modules come first.

Diagnostics say where, what was expected and found, and the nearest names; ten of
them, with -v all. The exit status is 1 if there is an error, and nothing has been
written then.`,
	Options: append([]getopt.Option{
		{Names: []string{"-o", "--output"}, Arity: getopt.Required, Arg: "OUT", Help: "write the binary policy there (default: policy.VERSION)"},
		{Names: []string{"-f", "--file-contexts"}, Arity: getopt.Required, Arg: "FILE", Help: "write the policy's file contexts there"},
		{Names: []string{"--base"}, Help: "put the built-in reference policy before the files"},
		{Names: []string{"-c", "--policy-version"}, Arity: getopt.Required, Arg: "N", Help: fmt.Sprintf("version of the binary policy, %d to %d (default: %d, or that of the image)", policy.VersionMin, policy.VersionMax, defaultVersion)},
		{Names: []string{"--layout"}, Arity: getopt.Required, Arg: "NAME", Help: "order of the tables: keep, the policy's own (default for an image), or libsepol-3.4, that of Debian 12's tools (default for text)"},
		{Names: []string{"--check"}, Help: "write nothing"},
		{Names: []string{"-v", "--verbose"}, Help: "print all diagnostics, warnings, disabled optional blocks and what the version has no place for"},
		{Names: []string{"--json"}, Help: "print the outcome as JSON"},
	}, languageOptions...),
	Run: run,
}

// languageOptions change what CIL text means; secilc has them too.
var languageOptions = []getopt.Option{
	{Names: []string{"-M", "--mls"}, Arity: getopt.Required, Arg: "BOOL", Help: "build a policy with or without levels, whatever its mls statement says"},
	{Names: []string{"-U", "--handle-unknown"}, Arity: getopt.Required, Arg: "ACTION", Help: "allow, deny or reject classes and permissions that the policy lacks, whatever its handleunknown statement says"},
	{Names: []string{"-D", "--disable-dontaudit"}, Help: "leave dontaudit rules out"},
	{Names: []string{"-P", "--preserve-tunables"}, Help: "make booleans of tunables"},
	{Names: []string{"-Q", "--qualified-names"}, Help: "allow dots in names, and no blocks"},
	{Names: []string{"-m", "--multiple-decls"}, Help: "allow some things to be declared more than once"},
	{Names: []string{"-N", "--disable-neverallow"}, Help: "don't check neverallow rules and bounds"},
	{Names: []string{"-G", "--expand-generated"}, Help: "expand and remove generated attributes"},
	{Names: []string{"-X", "--expand-size"}, Arity: getopt.Required, Arg: "SIZE", Help: "expand attributes with fewer types than this"},
	{Names: []string{"-O", "--optimize"}, Help: "remove rules that others make superfluous"},
}

func run(_ context.Context, env *applet.Env, line *getopt.Line) error {
	job, err := newJob(line)
	if err != nil {
		return err
	}
	files, err := source.Read(env, line.Operands)
	if err != nil {
		return err
	}
	var list diag.List
	err = job.compile(files)
	switch {
	case errors.As(err, &list):
	case err != nil:
		return err
	case !line.Has("--check"):
		if err := job.write(env); err != nil {
			return err
		}
	}
	if line.Has("--json") {
		return job.report(env, list)
	}
	limit := diag.Shown
	if line.Has("--verbose") {
		limit = 0
		for _, text := range job.notes() {
			fmt.Fprintln(env.Stderr, text)
		}
	}
	if list != nil {
		fmt.Fprintln(env.Stderr, list.Text(limit))
		return applet.Exit(applet.StatusFailed)
	}
	return nil
}
