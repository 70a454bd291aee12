package supervisor_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/basepolicy"
	"seward/enforce/selinuxfs"
	"seward/enforce/supervisor"
	"seward/format/cil"
	"seward/internal/oracle"
	"seward/policy"
)

// reversedPolicy is the base policy with more, its kernel classes numbered the
// other way round, and their permissions too. file is the number of that class,
// which is 7 in the kernel.
func reversedPolicy(t *testing.T, extra string) (image []byte, file policy.ClassID) {
	t.Helper()
	order := regexp.MustCompile(`(?s)\(classorder \((.*?)\)\)`)
	class := regexp.MustCompile(`\((class|common) (\w+) \(([^()]*)\)\)`)
	reverse := func(list string) string {
		words := strings.Fields(regexp.MustCompile(`;[^\n]*`).ReplaceAllString(list, ""))
		slices.Reverse(words)
		return strings.Join(words, " ")
	}
	sources := []cil.Source{{Name: "extra.cil", Data: []byte(extra)}}
	for _, f := range basepolicy.Base() {
		text := string(f.Data)
		text = order.ReplaceAllStringFunc(text, func(s string) string {
			return "(classorder (" + reverse(order.FindStringSubmatch(s)[1]) + "))"
		})
		text = class.ReplaceAllStringFunc(text, func(s string) string {
			m := class.FindStringSubmatch(s)
			return "(" + m[1] + " " + m[2] + " (" + reverse(m[3]) + "))"
		})
		sources = append(sources, cil.Source{Name: f.Name, Data: []byte(text)})
	}
	r, err := cil.Compile(sources, nil)
	if err != nil {
		t.Fatal(err)
	}
	image, err = selinuxfs.Image(r.Policy)
	if err != nil {
		t.Fatal(err)
	}
	file = r.Policy.ClassByName("file").ID
	if file == 7 {
		t.Fatal("not reversed")
	}
	return image, file
}

// A policy that is loaded inside decides from then on, however it numbers classes
// and permissions: what is denied, what new objects are labelled, what records and
// tools say. Booleans keep their values.
func TestLoadInside(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	oracle.Need(t, "chcon")
	image, file := reversedPolicy(t, confined)
	for name, noFUSE := range map[string]bool{"fuse": false, "watched": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir() + "/work"
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			const attempts = `
./dsh -c 'cat public; cat secret; echo x >new; cd dir; rm -f public; stat -c %a secret' 2>/dev/null
cat /sys/fs/selinux/class/file/index; echo
rm -rf made; mkdir made; stat -c %C made; rmdir made
cat /sys/fs/selinux/booleans/deny_ptrace; echo
`
			write(t, dir, "image", string(image))
			got := newWorld(t, confined).run(t, func(c *supervisor.Config) {
				c.Dir, c.NoFUSE = dir, noFUSE
			}, "sh", "-c", stage+`echo 1 >/sys/fs/selinux/booleans/deny_ptrace; echo 1 >/sys/fs/selinux/commit_pending_bools`+
				attempts+`dd if=image of=/sys/fs/selinux/load bs=16M 2>/dev/null || echo not loaded; echo loaded`+attempts)
			before, after, _ := strings.Cut(got.stdout, "loaded\n")
			want := strings.Replace(before, "\n7\n", fmt.Sprintf("\n%d\n", file), 1)
			if diff := cmp.Diff(want, after); diff != "" || !strings.Contains(before, "public\n") || !strings.Contains(before, "\n7\n") {
				t.Errorf("before\n%s\nafter (-want +got)\n%s\n%s", before, diff, got.stderr)
			}
			var avcs []string
			for _, s := range got.avcs() {
				if !strings.Contains(s, "class(0)") {
					avcs = append(avcs, s)
				}
			}
			if n := len(avcs) / 2; n == 0 || !slices.Equal(avcs[:n], avcs[n:]) {
				t.Errorf("records before and after:\n%s", strings.Join(avcs, "\n"))
			}
		})
	}
}

// Who may not load a policy gets EACCES for all of it, and nothing changes.
func TestLoadDenied(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	if _, err := exec.LookPath("dd"); err != nil {
		t.Skip(err)
	}
	for name, noFUSE := range map[string]bool{"fuse": false, "watched": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, confined+`
(allow tdom_t sysfs_t (dir (search)))
(allow tdom_t security_t (dir (search)))
(allow tdom_t security_t (file (read write open getattr)))
(allow tdom_t zero_device_t (chr_file (read open getattr)))
`)
			dir := t.TempDir()
			got := w.run(t, func(c *supervisor.Config) { c.Dir, c.NoFUSE = dir, noFUSE }, "sh", "-c", stage+`export LC_ALL=C; ./dsh -c 'dd if=/dev/zero of=/sys/fs/selinux/load bs=2M count=1'; od -An -tu4 -j12 -N4 /sys/fs/selinux/status`)
			if !strings.Contains(got.stderr, "error writing '/sys/fs/selinux/load': Permission denied") || strings.TrimSpace(got.stdout) != "1" ||
				!slices.Contains(got.avcs(), "load_policy security tdom_t security_t ") {
				t.Errorf("got %s%s%v", got.stdout, got.stderr, got.avcs())
			}
		})
	}
}
