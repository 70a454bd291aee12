package run

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"seward/enforce/sysroot"
	"seward/internal/applet"
	"seward/internal/applet/source"
	"seward/internal/getopt"
)

// load returns the policy of a run and whether it begins enforcing. With a root
// directory, and no policy on the command line, both are what the system in it
// is configured with. Files on the command line are those of the machine: they
// are read before its root is left.
func load(env *applet.Env, line *getopt.Line, root string) (*source.Loaded, bool, error) {
	enforcing, err := choice(line, "--mode", "enforcing", "permissive")
	if err != nil {
		return nil, false, err
	}
	policies, contexts := line.Values("--policy"), line.Values("--file-contexts")
	if root == "" || len(policies) > 0 {
		loaded, err := source.Load(env, policies, contexts)
		if err == nil && root != "" {
			err = sysroot.Enter(root)
		}
		return loaded, enforcing, err
	}
	if len(contexts) > 0 {
		return nil, false, applet.Usagef("--file-contexts with --root: expected --policy as well")
	}
	if err := sysroot.Enter(root); err != nil {
		return nil, false, err
	}
	system, err := source.LoadSystem()
	if err != nil {
		return nil, false, err
	}
	if !line.Has("--mode") {
		if system.Mode == "disabled" {
			return nil, false, errors.New("SELINUX=disabled in /etc/selinux/config: give --mode")
		}
		enforcing = system.Mode == "enforcing"
	}
	return &system.Loaded, enforcing, nil
}

// stateDir returns the directory for labels, by a path that leads there from
// another root too.
func stateDir(line *getopt.Line, root string) (string, error) {
	dir := line.ValueOr("--state", "")
	if root == "" || dir == "" {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make state directory: %w", err)
	}
	// Open for as long as the process lasts, and not by a file that would be closed
	// once nothing refers to it.
	fd, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("open state directory: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd), nil
}
