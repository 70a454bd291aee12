package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"seward/format/policydb"
	"seward/label"
	"seward/policy"
)

// configDir is where a system keeps its SELinux configuration.
const configDir = "/etc/selinux"

// System is the policy that a system is configured with.
type System struct {
	Loaded
	// Mode is what SELINUX= says: enforcing, permissive or disabled.
	Mode string
	// Type is what SELINUXTYPE= says, the name of the policy's directory.
	Type string
}

// ErrNoPolicy is that a system has no policy.
var ErrNoPolicy = errors.New("no policy is installed")

// LoadSystem returns the policy that the machine in the process' root directory
// is configured with, with its file contexts.
func LoadSystem() (*System, error) {
	s, err := readConfig(filepath.Join(configDir, "config"))
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(configDir, s.Type)
	name, err := newestPolicy(filepath.Join(dir, "policy"))
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	if s.Policy, err = policydb.Read(name, data); err != nil {
		return nil, err
	}
	if s.Labels, err = label.Load(filepath.Join(dir, "contexts", "files", "file_contexts")); err != nil {
		return nil, err
	}
	return s, nil
}

// readConfig reads SELINUX and SELINUXTYPE as libselinux does: the last
// assignment counts, blanks around it don't.
func readConfig(name string) (*System, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	s := &System{Mode: "enforcing", Type: "targeted"}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		key, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if !ok {
			continue
		}
		switch value = strings.TrimSpace(value); key {
		case "SELINUX":
			s.Mode = strings.ToLower(value)
		case "SELINUXTYPE":
			s.Type = value
		}
	}
	switch {
	case s.Mode != "enforcing" && s.Mode != "permissive" && s.Mode != "disabled":
		return nil, fmt.Errorf("%s: SELINUX=%s: expected enforcing, permissive or disabled", name, s.Mode)
	case s.Type == "" || strings.Contains(s.Type, "/"):
		return nil, fmt.Errorf("%s: SELINUXTYPE=%s: expected the name of a directory", name, s.Type)
	}
	return s, nil
}

// newestPolicy returns the binary policy of the highest version in a directory.
func newestPolicy(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "policy.*"))
	if err != nil {
		return "", fmt.Errorf("find policy: %w", err)
	}
	best, newest := "", 0
	for _, name := range names {
		version, err := strconv.Atoi(strings.TrimPrefix(filepath.Ext(name), "."))
		if err == nil && version > newest && version <= policy.VersionMax {
			best, newest = name, version
		}
	}
	if best == "" {
		return "", fmt.Errorf("%s: %w", dir, ErrNoPolicy)
	}
	return best, nil
}
