package supervisor_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"seward/enforce/supervisor"
	"seward/internal/oracle"
)

// cage is a domain that may do everything but what deny says, entered by the
// test's own program under the name caged. free_t is one that may do all.
func cage(deny ...string) string {
	var b strings.Builder
	b.WriteString(`
(type cage_t) (type cage_exec_t) (type free_t) (type free_exec_t)
(typeattributeset file_type (cage_exec_t free_exec_t))
(typeattributeset domain (cage_t free_t)) (typeattributeset unconfined_domain (cage_t free_t))
(roletype unconfined_r cage_t) (roletype unconfined_r free_t)
(typetransition unconfined_t cage_exec_t process cage_t)
(typetransition unconfined_t free_exec_t process free_t)
(typetransition cage_t free_exec_t process free_t)
(deny cage_t self (process (setcurrent)))
`)
	for _, d := range deny {
		b.WriteString("(deny cage_t " + d + ")\n")
	}
	return b.String()
}

// caged runs a helper in the cage, or in a free domain, and returns its lines
// and what was logged.
func (w *world) caged(t *testing.T, domain, helper string, args ...string) *outcome {
	t.Helper()
	oracle.Need(t, "chcon")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("cp '%s' prog; chcon -t %s_exec_t prog; exec env %s=%s ./prog %s", self, domain, helperEnv, helper, strings.Join(args, " "))
	return w.run(t, func(c *supervisor.Config) { c.Dir = dir }, "sh", "-c", script)
}

// lines cuts what a helper printed.
func (o *outcome) lines() []string { return strings.Split(strings.TrimSpace(o.stdout), "\n") }
