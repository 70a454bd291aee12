package compat

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"seward/internal/oracle"
)

// edge is one system call, or a few, at its edge; what it returns is compared.
type edge struct {
	name string
	do   func() string
}

// groups are edge cases that each start in an empty directory with what setUp
// makes there. Cases of a group follow each other: later ones see what earlier
// ones left.
var groups = map[string][]edge{
	"names":   names,
	"open":    opens,
	"attrs":   attrs,
	"sockets": sockets,
	"pipes":   pipes,
	"process": processes,
	"memory":  memory,
}

// runEdges does a group's cases and prints a line for each.
func runEdges(group string, out io.Writer) int {
	unix.Umask(0o022)
	if err := setUp(); err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	for _, e := range groups[group] {
		fmt.Fprintf(out, "%s: %s\n", e.name, e.do())
	}
	return 0
}

// setUp makes what most cases need.
func setUp() error {
	return errors.Join(
		os.WriteFile("file", []byte("content"), 0o644), //nolint:gosec // G306: modes are compared.
		os.WriteFile("other", []byte("another"), 0o600),
		os.Mkdir("dir", 0o755),  //nolint:gosec // G301: as above.
		os.Mkdir("full", 0o755), //nolint:gosec // G301: as above.
		os.WriteFile("full/x", nil, 0o600),
		os.Symlink("file", "link"),
		os.Symlink("nowhere", "dangling"),
		os.Symlink("loop2", "loop1"),
		os.Symlink("loop1", "loop2"),
		os.Symlink("dir", "dirlink"),
		syscall.Mkfifo("fifo", 0o644),
	)
}

// errno names an error.
func errno(err error) string {
	var e syscall.Errno
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &e):
		return unix.ErrnoName(e)
	}
	return err.Error()
}

// both joins a value with an error.
func both(value any, err error) string {
	if err != nil {
		return errno(err)
	}
	return fmt.Sprint(value)
}

var long = strings.Repeat("n", 256)

func TestEdges(t *testing.T) {
	t.Parallel()
	oracle.Root(t) // without privileges more is known to differ: docs/not-mediated.md
	base := policy(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for group, cases := range groups {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			env := append(os.Environ(), edgesEnv+"="+group)
			want := natively(t, t.TempDir(), env, self)
			if n := strings.Count(want.Stdout, "\n"); n != len(cases) || want.Exit != 0 {
				t.Fatalf("native: %d of %d cases, status %d\n%s%s", n, len(cases), want.Exit, want.Stdout, want.Stderr)
			}
			got := supervised(t, base, t.TempDir(), env, self)
			if got.Exit != want.Exit {
				t.Errorf("status %d, native %d\n%s", got.Exit, want.Exit, got.Stderr)
			}
			compareLines(t, group, strings.Split(want.Stdout, "\n"), strings.Split(got.Stdout, "\n"))
		})
	}
}

// compareLines compares what each case printed, but for the known differences.
func compareLines(t *testing.T, group string, want, got []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d lines, native %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if got[i] == want[i] {
			continue
		}
		name := want[i][:max(strings.LastIndex(want[i], ": "), 0)]
		if reason := differs(group, want[i]); reason != "" {
			t.Logf("%s: as known (%s): %s", want[i], reason, got[i])
			continue
		}
		t.Errorf("%s:\nsupervised %s\nnative     %s", name, got[i], want[i])
	}
}
