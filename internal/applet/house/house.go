package house

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"seward/internal/applet"
	"seward/internal/getopt"
	"seward/policy"
)

// Version is seward's own, as CHANGELOG.md has it.
const Version = "0.1.0"

// VersionApplet prints what this binary is.
var VersionApplet = &applet.Applet{
	Name:     "version",
	Synopsis: "[--json]",
	Short:    "print the version of seward and of the policies it knows",
	Options:  []getopt.Option{{Names: []string{"--json"}, Help: "print JSON"}},
	Run:      runVersion,
}

type versionInfo struct {
	Version   string `json:"version"`
	Revision  string `json:"revision,omitempty"`
	Go        string `json:"go"`
	Platform  string `json:"platform"`
	PolicyMin int    `json:"policy_version_min"`
	PolicyMax int    `json:"policy_version_max"`
}

func runVersion(_ context.Context, env *applet.Env, line *getopt.Line) error {
	if len(line.Operands) > 0 {
		return applet.Usagef("unexpected argument %q", line.Operands[0])
	}
	info := versionInfo{
		Version:   Version,
		Revision:  revision(),
		Go:        runtime.Version(),
		Platform:  runtime.GOOS + "/" + runtime.GOARCH,
		PolicyMin: policy.VersionMin,
		PolicyMax: policy.VersionMax,
	}
	if line.Has("--json") {
		return json.NewEncoder(env.Stdout).Encode(info)
	}
	fmt.Fprintf(env.Stdout, "seward %s", info.Version)
	if info.Revision != "" {
		fmt.Fprintf(env.Stdout, " (%s)", info.Revision)
	}
	fmt.Fprintf(env.Stdout, "\npolicy versions %d to %d\n%s %s\n", info.PolicyMin, info.PolicyMax, info.Go, info.Platform)
	return nil
}

// revision returns the commit that the binary was built from, where the
// toolchain recorded it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	rev, dirty := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			rev = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+"
			}
		}
	}
	return rev + dirty
}

// HelpApplet lists the commands or tells about one.
var HelpApplet = &applet.Applet{
	Name:     "help",
	Synopsis: "[COMMAND]",
	Short:    "list the commands, or tell about one",
	Run:      runHelp,
}

func runHelp(_ context.Context, env *applet.Env, line *getopt.Line) error {
	switch len(line.Operands) {
	case 0:
		env.Set.List(env)
		return nil
	case 1:
	default:
		return applet.Usagef("unexpected argument %q", line.Operands[1])
	}
	a := env.Set.Lookup(line.Operands[0])
	if a == nil {
		return fmt.Errorf("no command %q", line.Operands[0])
	}
	name := a.Name
	if !a.Classic {
		name = env.Set.Name + " " + name
	}
	a.WriteHelp(env.Stdout, name)
	return nil
}

// InstallApplet links the classic names to this binary.
var InstallApplet = &applet.Applet{
	Name:     "install",
	Synopsis: "[--force] DIR",
	Short:    "link the classic names in a directory to this binary",
	Manual: `Every classic command becomes a symbolic link to this binary, which knows by the
name that it is started by what to do. Links that are already right stay. A file
of another origin is left alone and makes the command fail, unless --force is
given. 'seward --install DIR' is the same.`,
	Options: []getopt.Option{{Names: []string{"-f", "--force"}, Help: "replace what stands there under a classic name"}},
	Run:     runInstall,
}

func runInstall(_ context.Context, env *applet.Env, line *getopt.Line) error {
	if len(line.Operands) != 1 {
		return applet.Usagef("expected one directory")
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own binary: %w", err)
	}
	var failed error
	for _, a := range env.Set.Applets {
		if a.Classic {
			failed = errors.Join(failed, link(self, filepath.Join(line.Operands[0], a.Name), line.Has("--force")))
		}
	}
	return failed
}

// link makes path a symbolic link to target. The new link is made aside and
// renamed, so that the name is never without a file.
func link(target, path string, force bool) error {
	if old, err := os.Readlink(path); err == nil && old == target {
		return nil
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return fmt.Errorf("link %s: %w (use --force to replace it)", path, fs.ErrExist)
	}
	aside := path + ".seward-new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("link %s: %w", path, err)
	}
	if err := os.Symlink(target, aside); err != nil {
		return fmt.Errorf("link %s: %w", path, err)
	}
	if err := os.Rename(aside, path); err != nil {
		return fmt.Errorf("link %s: %w", path, errors.Join(err, os.Remove(aside)))
	}
	return nil
}
