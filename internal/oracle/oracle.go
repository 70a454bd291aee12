package oracle

import (
	"os"
	"os/exec"
	"testing"
)

// RequireEnv is the environment variable that turns skips for a missing oracle
// into failures.
const RequireEnv = "SEWARD_REQUIRE_ORACLES"

// Need returns the path of a peer program, or ends the test when it isn't
// installed.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		// Most peers live in sbin, which is not in every user's PATH.
		for _, dir := range []string{"/usr/sbin/", "/sbin/"} {
			if _, err := os.Stat(dir + program); err == nil {
				return dir + program
			}
		}
		Missing(t, "program "+program+" is not installed")
	}
	return path
}

// NeedFile returns path, or ends the test when there is no such file.
func NeedFile(t testing.TB, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		Missing(t, path+" is absent")
	}
	return path
}

// Missing ends the test because an oracle is absent: a failure where oracles are
// required, a skip elsewhere.
func Missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv(RequireEnv) == "1" {
		t.Fatalf("required oracle: %s", reason)
	}
	t.Skip(reason)
}

// Root ends the test with a skip unless it runs as root.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}
