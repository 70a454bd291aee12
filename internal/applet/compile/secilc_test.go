package compile

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/internal/applet"
	"seward/internal/oracle"
)

const goodPolicy = `(handleunknown allow)
(class file (read write))
(classorder (file))
(sid kernel)
(sidorder (kernel))
(user u)
(role object_r)
(role r)
(type t)
(roletype r t)
(roletype object_r t)
(userrole u r)
(userrole u object_r)
(sensitivity s0)
(sensitivityorder (s0))
(category c0)
(categoryorder (c0))
(sensitivitycategory s0 (c0))
(level low (s0))
(levelrange lr (low low))
(userlevel u low)
(userrange u lr)
(sidcontext kernel (u r t lr))
(allow t t (file (read)))
(filecon "/a" file (u object_r t lr))
`

// failures are policies that don't compile, what follows a good one.
var failures = map[string]string{
	"unknown type":       "(allow t nope (file (read)))",
	"unknown permission": "(allow t t (file (nope)))",
	"unknown class":      "(allow t t (nope (read)))",
	"unknown macro":      "(call m (t))",
	"unknown block":      "(blockinherit b)",
	"unknown in a set":   "(typeattribute a)\n(typeattributeset a (nope))",
	"unknown in filecon": `(filecon "/b" file (u object_r nope lr))`,
	"unknown category":   "(level l (s0 (c9)))",
	"declared twice":     "(type t)",
	"keyword":            "(foo bar)",
	"arguments":          "(type)",
	"open":               "(allow t t (file (read))",
	"close":              ")",
	"bare word":          "word",
	"neverallow":         "(neverallow t t (file (read)))",
	"bounds":             "(type t2)\n(typebounds t t2)\n(allow t2 t2 (file (write)))",
	"user without level": "(user x)",
	"recursion":          "(macro m () (call m))\n(call m)",
	"name":               "(type 1a)",
	"string in comment":  "; \"(\n(type b)",
	"missing argument":   "(macro m ((type x)) (allow x x (file (read))))\n(call m)",
	"sid without order":  "(sid foo)",
}

// outcomeOf is what a run left.
type outcomeOf struct {
	Status int
	Usage  bool              // the usage was printed
	Marks  []string          // lines of stderr that scripts look for
	Files  map[string]string // written
}

// marks are the beginnings of lines that both compilers must print alike.
var marks = []string{
	"secilc: ", "No cil files", "Bad policy", "Bad attribute", "Could not open", "Failure reading", "Failure adding", "Unknown target", "Attribute expand",
	"Failed to compile", "Failed to build policydb", "Open paren", "Close paren", "Symbol not", "Failed to resolve allow", "Failed to resolve call",
	"Failed to resolve filecon", "Failed to resolve level", "Failed to resolve blockinherit", "Failed to resolve typeattributeset",
	"Failure opening", "Failed to open",
}

func TestSecilcAsTheOriginal(t *testing.T) {
	original := oracle.Need(t, "secilc")
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good.cil", goodPolicy)
	write("empty.cil", "")
	lines := []string{
		"good.cil", "good.cil empty.cil", "empty.cil", "", "-Z good.cil", "-c 36 good.cil", "-c 33x good.cil", "-c -1 good.cil", "-c 30 good.cil", "-c 24 good.cil",
		"--policyvers=31 good.cil", "--policyversion 28 good.cil -o mine --filecontext=contexts", "-M yes good.cil", "-M TRUE good.cil", "-M false good.cil",
		"-U reject good.cil", "-U DENY good.cil", "-U maybe good.cil", "-X -1 good.cil", "-X 0 good.cil", "-X 3x good.cil", "-X 99999999999999 good.cil",
		"-t selinux good.cil", "-t other good.cil", "-DPQmNGO good.cil", "-o", "--out", "--m=true good.cil", "-h good.cil", "-n good.cil",
		"-o nowhere/policy good.cil", "-f nowhere/contexts good.cil", "good.cil nothing.cil", ".", "-o a -o b good.cil", "-- good.cil", "good.cil -c 29",
	}
	for name, text := range failures {
		file := strings.ReplaceAll(name, " ", "_") + ".cil"
		write(file, text)
		lines = append(lines, "good.cil "+file)
	}
	for _, line := range lines {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(line)
			want := observe(t, dir, func() (int, string, string) { return runOriginal(t, original, dir, args) })
			got := observe(t, dir, func() (int, string, string) { return runOurs(t, dir, args) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("outcome differs (-original +ours):\n%s", diff)
			}
		})
	}
}

// observe runs one of the compilers and clears away what it wrote.
func observe(t *testing.T, dir string, run func() (int, string, string)) outcomeOf {
	t.Helper()
	before := list(t, dir)
	status, stdout, stderr := run()
	o := outcomeOf{Status: status, Usage: strings.HasPrefix(strings.ToLower(stdout), "usage: secilc"), Files: map[string]string{}}
	for line := range strings.Lines(stderr) {
		line = strings.TrimSuffix(line, "\n")
		for _, mark := range marks {
			if strings.HasPrefix(line, mark) {
				o.Marks = append(o.Marks, line)
				break
			}
		}
	}
	for name := range list(t, dir) {
		if before[name] {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		// A failed run may leave what it had opened.
		if status == 0 {
			o.Files[name] = string(data)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func list(t *testing.T, dir string) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	return names
}

func runOriginal(t *testing.T, path, dir string, args []string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Args[0], cmd.Dir = "secilc", dir
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), said.String()
}

func runOurs(t *testing.T, dir string, args []string) (status int, stdout, stderr string) {
	t.Helper()
	t.Chdir(dir)
	var out, said bytes.Buffer
	env := &applet.Env{Name: "secilc", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said, Getenv: os.Getenv}
	status = applet.Run(t.Context(), env, Secilc, args)
	// What the system says beside the classic line.
	text, _, _ := strings.Cut(said.String(), "secilc: open ")
	return status, out.String(), text
}
