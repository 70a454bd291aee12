package label_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"seward/internal/oracle"
	"seward/label"
)

const debianContexts = "/etc/selinux/default/contexts/files/file_contexts"

// pathFrom makes a path that a pattern probably matches, and sometimes one that
// it nearly does.
func pathFrom(r *rand.Rand, pattern string) string {
	var out []byte
	word := func() string {
		words := []string{"a", "foo", "x1", "lib.so", "log", "0", "bin", "sda", "a-b", "nginx"}
		return words[r.IntN(len(words))]
	}
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch c {
		case '\\':
			i++
			if i < len(pattern) {
				out = append(out, pattern[i])
			}
		case '[':
			end := strings.IndexByte(pattern[i+2:], ']')
			if end < 0 {
				continue
			}
			class := pattern[i+1 : i+2+end]
			i += end + 2
			if class[0] == '^' {
				out = append(out, word()...)
			} else {
				out = append(out, class[r.IntN(len(class))])
			}
		case '.':
			out = append(out, word()...)
		case '(', ')', '+', '^', '$':
		case '*', '?':
			if r.IntN(3) == 0 && len(out) > 1 {
				out = out[:len(out)-1]
			}
		case '|':
			if r.IntN(2) == 0 {
				out = append(out, '/')
			}
		default:
			out = append(out, c)
		}
	}
	switch r.IntN(6) {
	case 0:
		out = append(out, "/"+word()...)
	case 1:
		if len(out) > 2 {
			out = out[:len(out)-1]
		}
	case 2:
		out = append(out, word()...)
	}
	if len(out) == 0 || out[0] != '/' {
		out = append([]byte{'/'}, out...)
	}
	return strings.Map(func(c rune) rune {
		if c < 0x21 || c > 0x7e {
			return -1
		}
		return c
	}, string(out))
}

func TestDebianAsMatchpathcon(t *testing.T) {
	matchpathcon := oracle.Need(t, "matchpathcon")
	oracle.NeedFile(t, debianContexts)
	specs, err := label.Load(debianContexts)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, matchpathcon, debianContexts, specs, 2)
}

// compare asks both about paths derived from every entry, n of each.
func compare(t *testing.T, matchpathcon, file string, specs *label.Specs, n int) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	paths := []string{
		"/", "/..", "//etc//passwd", "/etc/", "/nonexistent-x", "/alias", "/alias/exact", "/aliasx",
		"/twice/exact", "/twice", "/root/dir/sub", "/root", "/bin", "/lib64/x.so", "/var/run/x",
	}
	for spec := range specs.All() {
		for range n {
			paths = append(paths, pathFrom(r, spec.Pattern))
		}
	}
	kinds := map[string]uint32{
		"f": label.ModeRegular, "d": label.ModeDirectory, "l": label.ModeSymlink,
		"c": label.ModeCharacter, "b": label.ModeBlock, "p": label.ModeFIFO, "s": label.ModeSocket,
	}
	letters := []string{"f", "f", "d", "d", "l", "c", "b", "p", "s"}
	byKind := map[string][]string{}
	for _, p := range paths {
		k := letters[r.IntN(len(letters))]
		byKind[k] = append(byKind[k], p)
	}
	bad, asked := 0, 0
	for letter, list := range byKind {
		for len(list) > 0 {
			some := list[:min(len(list), 1000)]
			list = list[len(some):]
			args := append([]string{"-N", "-n", "-m", letter, "-f", file}, some...)
			cmd := exec.Command(matchpathcon, args...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("matchpathcon: %v: %s", err, stderr.String())
			}
			answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			if len(answers) != len(some) {
				t.Fatalf("matchpathcon answered %d of %d", len(answers), len(some))
			}
			for i, path := range some {
				got, ok := specs.Lookup(path, kinds[letter])
				if !ok {
					got = label.None
				}
				asked++
				if got != answers[i] {
					if bad++; bad < 20 {
						t.Errorf("%s -%s: got %s, matchpathcon says %s", path, letter, got, answers[i])
					}
				}
			}
		}
	}
	t.Logf("%d paths, %d differ", asked, bad)
}

func TestHostileAsMatchpathcon(t *testing.T) {
	matchpathcon := oracle.Need(t, "matchpathcon")
	file := filepath.Join(t.TempDir(), "file_contexts")
	lines := []string{
		`/.*`, `/a|/b/c`, `/lit\.eral`, `/q?x`, `/ab+c`, `/x{2,3}y`, `/p(a|b)?q`, `/[]x]y`,
		`/[^/]+/z`, `/num\d+`, `/dir(/.*)?`, `/dir/sub(/.*)? -d`, `/dir/sub/exact`, `/dir/none <<none>>`,
		`/dir/none/.*`, `/w\w+`, `/b\bfoo`, `/e$`, `/caret^x`, `/plus\+.*`, `/a.*b.*c`, `(/usr)?/opt`,
		`/tail/.*\.so`, `/tail/.*/lib[^/]*\.so(\.[^/]*)*`, `/same`, `/same`, `/same -d`, `/y(?i)Case`,
	}
	var text strings.Builder
	for i, l := range lines {
		f := strings.Fields(l)
		if f[len(f)-1] == label.None {
			fmt.Fprintln(&text, l)
			continue
		}
		fmt.Fprintf(&text, "%s\tu:r:t%d\n", strings.Join(f, "\t"), i)
	}
	data := []byte(text.String())
	writeFile(t, file, data)
	writeFile(t, file+".subs_dist", []byte("/alias /dir/sub\n/root /\n"))
	writeFile(t, file+".subs", []byte("/twice /alias\n"))
	specs, err := label.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, matchpathcon, file, specs, 300)
}
