package kernelvm_test

import (
	"bytes"
	"compress/bzip2"
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"seward/basepolicy"
	"seward/enforce/selinuxfs"
	"seward/format/policydb"
	"seward/internal/kernelvm"
	"seward/internal/oracle"
	"seward/internal/policycmp"
	"seward/internal/querygen"
	"seward/policy"
	"seward/security"
)

// These tests take minutes and run only with SEWARD_KERNEL=1 (make kernel).
// SEWARD_KERNEL_QUERIES and SEWARD_KERNEL_SEED choose how many questions are
// asked of each policy, and which.
const (
	enableEnv  = "SEWARD_KERNEL"
	queriesEnv = "SEWARD_KERNEL_QUERIES"
	seedEnv    = "SEWARD_KERNEL_SEED"
)

// lab is what the tests share: programs that were built for them.
type lab struct {
	qemu, kernel, guest, seward string
	queries                     int
	seed                        uint64
}

func newLab(t *testing.T) *lab {
	t.Helper()
	if os.Getenv(enableEnv) != "1" {
		t.Skip("boots virtual machines; " + enableEnv + "=1 runs it")
	}
	l := &lab{qemu: oracle.Need(t, "qemu-system-x86_64"), kernel: kernelvm.FindKernel(), queries: 50_000, seed: 1}
	if l.kernel == "" {
		oracle.Missing(t, "no kernel to boot; "+kernelvm.KernelEnv+" may name one")
	}
	if n, err := strconv.Atoi(os.Getenv(queriesEnv)); err == nil {
		l.queries = n
	}
	if n, err := strconv.ParseUint(os.Getenv(seedEnv), 10, 64); err == nil {
		l.seed = n
	}
	dir := t.TempDir()
	var err error
	if l.guest, err = kernelvm.BuildGuest(dir); err != nil {
		t.Fatal(err)
	}
	l.seward = filepath.Join(dir, "seward")
	if out, err := exec.Command("go", "build", "-o", l.seward, "seward/cmd/seward").CombinedOutput(); err != nil {
		t.Fatalf("build seward: %v\n%s", err, out)
	}
	return l
}

// boot starts a machine that ends with the test.
func (l *lab) boot(t *testing.T, enforcing bool) *kernelvm.Machine {
	t.Helper()
	// Names of sockets are short, and those of test directories long.
	dir, err := os.MkdirTemp("", "kvm") //nolint:usetesting // As above.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	start := time.Now()
	m, err := kernelvm.Boot(ctx, kernelvm.Config{QEMU: l.qemu, Kernel: l.kernel, Init: l.guest, Dir: dir, Enforcing: enforcing})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Logf("Linux %s up in %v", m.Release, time.Since(start).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		cancel()
	})
	return m
}

// policies are those that seward compiles for the kernel: Debian's two, from the
// modules of their packages, and the reference policy.
var policies = []struct {
	name    string
	sources func(t *testing.T, dir string) []string
}{
	{"default", debianModules("default")},
	{"mls", debianModules("mls")},
	{"base", baseModules},
}

// debianModules unpacks the modules of an installed policy.
func debianModules(name string) func(t *testing.T, dir string) []string {
	return func(t *testing.T, dir string) []string {
		t.Helper()
		root := oracle.NeedFile(t, "/var/lib/selinux/"+name+"/active/modules")
		modules, err := filepath.Glob(filepath.Join(root, "*", "*", "cil"))
		if err != nil || len(modules) == 0 {
			oracle.Missing(t, root+" has no modules")
		}
		var paths []string
		for _, module := range modules {
			data, err := os.ReadFile(module)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.HasPrefix(data, []byte("BZh")) {
				if data, err = io.ReadAll(bzip2.NewReader(bytes.NewReader(data))); err != nil {
					t.Fatalf("unpack %s: %v", module, err)
				}
			}
			paths = append(paths, save(t, dir, filepath.Base(filepath.Dir(module))+".cil", data))
		}
		return paths
	}
}

func baseModules(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	for _, f := range basepolicy.Base() {
		paths = append(paths, save(t, dir, strings.ReplaceAll(f.Name, "/", "_"), f.Data))
	}
	return paths
}

func save(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// compile runs `seward compile` on a policy's sources and returns the image and
// its path.
func (l *lab) compile(t *testing.T, sources func(t *testing.T, dir string) []string) (image []byte, path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "policy.33")
	args := append([]string{"compile", "--policy-version=33", "-o", path}, sources(t, dir)...)
	if out, err := exec.Command(l.seward, args...).CombinedOutput(); err != nil {
		t.Fatalf("seward compile: %v\n%s", err, out)
	}
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return image, path
}

// TestKernelAnswers loads each policy, as seward compiled it, into a kernel of its
// own and compares the kernel's answers with those of `seward ask`.
func TestKernelAnswers(t *testing.T) {
	l := newLab(t)
	for _, tt := range policies {
		t.Run(tt.name, func(t *testing.T) {
			image, path := l.compile(t, tt.sources)
			p, err := policydb.Read(tt.name, image)
			if err != nil {
				t.Fatal(err)
			}
			m := l.boot(t, true)
			if err := m.Load(image); err != nil {
				t.Fatal(err)
			}
			queries := append(generate(p, l.seed, l.queries), edges(p)...)
			l.compare(t, m, queries, l.ask(t, path, "enforcing", queries))

			// In permissive mode invalid contexts are computed all the same.
			if err := m.SetEnforcing(false); err != nil {
				t.Fatal(err)
			}
			queries = generate(p, l.seed+1, l.queries/10)
			l.compare(t, m, queries, l.ask(t, path, "permissive", queries))

			checkImage(t, m, p)
		})
	}
}

// generate returns questions about a policy.
func generate(p *policy.Policy, seed uint64, n int) []querygen.Query {
	g := querygen.New(p, seed)
	queries := make([]querygen.Query, n)
	for i := range queries {
		queries[i] = g.Next()
	}
	return queries
}

// edges returns questions that aren't well formed, or are at a limit.
func edges(p *policy.Policy) []querygen.Query {
	good := generate(p, 99, 200)
	i := slices.IndexFunc(good, func(q querygen.Query) bool { return q.File == querygen.Access && q.ClassName != "" })
	source, class := good[i].Source, good[i].Class
	var queries []querygen.Query
	for _, file := range []querygen.File{querygen.Access, querygen.Create, querygen.Member, querygen.Relabel, querygen.ValidateTrans, querygen.Context} {
		for _, text := range []string{
			"", "x", source, source + " ", " " + source, "\t" + source, source + "\x00", source + "\x00junk", source + "\u00a0", source + "\xa0",
			strings.Repeat("x", 4000), strings.Repeat("x", 4086), strings.Repeat("x", 4087), strings.Repeat("x", 4088), strings.Repeat("x", 4095), strings.Repeat("x", 4096), strings.Repeat("x", 5000),
			source + strings.Repeat(" ", 3000),
		} {
			queries = append(queries, querygen.Query{File: file, Source: text, Target: source, Class: class, Last: source})
		}
		for _, last := range []string{"a b", "%", "%4", "%41", "%4g", "%zz", "+", "%00", strings.Repeat("n", 255), strings.Repeat("n", 256), "\x80", "\xa0x"} {
			queries = append(queries, querygen.Query{File: file, Source: source, Target: source, Class: class, Last: last})
		}
	}
	return queries
}

// ask runs `seward ask` on the questions.
func (l *lab) ask(t *testing.T, path, mode string, queries []querygen.Query) []string {
	t.Helper()
	var lines strings.Builder
	for i := range queries {
		lines.WriteString(queries[i].Line())
		lines.WriteByte('\n')
	}
	cmd := exec.Command(l.seward, "ask", "--policy", path, "--mode", mode)
	cmd.Stdin = strings.NewReader(lines.String())
	var said bytes.Buffer
	cmd.Stderr = &said
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("seward ask: %v\n%s", err, said.String())
	}
	t.Logf("seward: %d answers in %v", len(queries), time.Since(start).Round(time.Millisecond))
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// compare asks the kernel and reports every answer that isn't ours.
func (l *lab) compare(t *testing.T, m *kernelvm.Machine, queries []querygen.Query, ours []string) {
	t.Helper()
	if len(ours) != len(queries) {
		t.Fatalf("%d answers to %d queries", len(ours), len(queries))
	}
	lines := make([]string, len(queries))
	for i := range queries {
		lines[i] = queries[i].Kernel()
	}
	start := time.Now()
	kernel, err := m.Ask(lines)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("kernel: %d answers in %v: %s", len(kernel), time.Since(start).Round(time.Millisecond), census(kernel))
	const shown = 20
	different := 0
	for i := range kernel {
		if kernel[i] == ours[i] {
			continue
		}
		if different++; different <= shown {
			t.Errorf("%.300q\n\tkernel %s\n\tseward %s", queries[i].Line(), kernel[i], ours[i])
		}
	}
	if different > 0 {
		t.Errorf("%d of %d answers differ (seed %d)", different, len(kernel), l.seed)
	}
}

// census counts answers by kind, to show that the questions met something.
func census(answers []string) string {
	var denied, vectors, contexts, errors int
	for _, a := range answers {
		switch {
		case strings.HasPrefix(a, "!"):
			errors++
		case strings.HasPrefix(a, "0 ffffffff"):
			denied++
		case strings.Contains(a, " ffffffff "):
			vectors++
		default:
			contexts++
		}
	}
	return strconv.Itoa(vectors) + " with permissions, " + strconv.Itoa(denied) + " without, " +
		strconv.Itoa(contexts) + " contexts and OK, " + strconv.Itoa(errors) + " errors"
}

// checkImage compares the policy that the kernel gives back, which is in an order
// of its own, with what it was given, and takes it through reader and writer.
func checkImage(t *testing.T, m *kernelvm.Machine, loaded *policy.Policy) {
	t.Helper()
	image, err := m.Policy()
	if err != nil {
		t.Fatal(err)
	}
	p, err := policydb.Read("kernel", image)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := policydb.Write(&again, p, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(image, again.Bytes()) {
		t.Errorf("the kernel's image of %d bytes comes back as %d others", len(image), again.Len())
	}
	if diff := policycmp.Diff(loaded, p); len(diff) > 0 {
		t.Errorf("the kernel's policy differs from ours in %d statements: %v", len(diff), diff[:min(len(diff), 10)])
	}
}

// TestKernelChanges changes the state of one kernel and of one security server
// alike, booleans and whole policies, and compares their answers after each
// change, sequence numbers included. Both are permissive: an enforced policy may
// deny init to load another.
func TestKernelChanges(t *testing.T) {
	l := newLab(t)
	m := l.boot(t, false)
	n := l.queries / 10
	var server *security.Server
	for round, tt := range append(policies, policies[0]) {
		image, _ := l.compile(t, tt.sources)
		p, err := policydb.Read(tt.name, image)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Load(image); err != nil {
			t.Fatal(err)
		}
		if server == nil {
			if server, err = security.New(p, nil); err != nil {
				t.Fatal(err)
			}
		} else if err := server.Load(p); err != nil {
			t.Fatal(err)
		}
		seed := l.seed + 10*uint64(round) //nolint:gosec // G115: a few rounds.
		l.compareServer(t, m, server, generate(p, seed, n))

		values := flip(server.Booleans(), seed)
		if len(values) == 0 {
			continue
		}
		if err := m.SetBooleans(values); err != nil {
			t.Fatal(err)
		}
		if err := server.SetBooleans(values); err != nil {
			t.Fatal(err)
		}
		l.compareServer(t, m, server, generate(p, seed+1, n))
	}
}

// compareServer compares the kernel's answers with a server's.
func (l *lab) compareServer(t *testing.T, m *kernelvm.Machine, server *security.Server, queries []querygen.Query) {
	t.Helper()
	ours := make([]string, len(queries))
	for i := range queries {
		ours[i] = selinuxfs.Answer(server, queries[i].Line())
	}
	l.compare(t, m, queries, ours)
}

// flip returns a third of the booleans with other values.
func flip(booleans map[string]bool, seed uint64) map[string]bool {
	r := rand.New(rand.NewPCG(seed, 0))
	values := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(booleans)) {
		if r.IntN(3) == 0 {
			values[name] = !booleans[name]
		}
	}
	return values
}
