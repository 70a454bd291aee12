package label_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"seward/label"
)

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLookup(t *testing.T) {
	specs, err := label.Parse([]label.Source{
		{Name: "base", Data: []byte("/.* u:r:default\n/usr(/.*)? u:r:usr\n/usr/bin/x -- u:r:x\n/usr/l.. -d u:r:l\r\n\n # comment\n")},
		{Name: "local", Data: []byte("/usr/bin/.* u:r:bin\n/usr/none(/.*)? <<none>>\n/dev/[^/]+ -c u:r:dev extra fields\nHOME_DIR/.+ u:r:home")},
	}, &label.Options{
		Subs:     []byte("/opt /usr\n/opt /usr/none\n# /x /y\nbad\n"),
		SubsDist: []byte("/chroot /\n/usr/none/back /usr/bin\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		mode uint32
		want string
	}{
		{"/", 0, "u:r:default"},
		{"/x", label.ModeRegular, "u:r:default"},
		{"/usr", label.ModeDirectory, "u:r:usr"},
		{"/usr/", label.ModeDirectory, "u:r:usr"},
		{"//usr///share", label.ModeDirectory, "u:r:usr"},
		{"/usr/bin/x", label.ModeRegular, "u:r:x"},
		{"/usr/bin/x", 0, "u:r:x"},
		{"/usr/bin/x", label.ModeDirectory, "u:r:bin"},
		{"/usr/bin/y", label.ModeRegular, "u:r:bin"},
		{"/usr/lib", label.ModeDirectory, "u:r:l"},
		{"/usr/lib", label.ModeRegular, "u:r:usr"},
		{"/usr/none", 0, label.None},
		{"/usr/none/a", 0, label.None},
		{"/dev/tty", label.ModeCharacter, "u:r:dev"},
		{"/dev/tty", label.ModeBlock, "u:r:default"},
		{"/dev/a\xff", label.ModeCharacter, "u:r:dev"},
		{"/opt/x", 0, label.None},
		{"/opt/back/x", label.ModeRegular, "u:r:x"},
		{"/optional", 0, "u:r:default"},
		{"/chroot/usr/bin/y", 0, "u:r:bin"},
		{"/chroot", 0, "u:r:default"},
		{"relative", 0, ""},
		{"", 0, ""},
	} {
		spec := specs.Match(tt.path, tt.mode)
		got := ""
		if spec != nil {
			got = spec.Context
		}
		if got != tt.want {
			t.Errorf("%q %o: got %s, want %s", tt.path, tt.mode, got, tt.want)
		}
		context, ok := specs.Lookup(tt.path, tt.mode)
		if labelled := tt.want != "" && tt.want != label.None; ok != labelled || ok && context != tt.want {
			t.Errorf("%q %o: look-up gives %s, %v", tt.path, tt.mode, context, ok)
		}
	}
	if specs.Len() != 8 {
		t.Errorf("%d entries", specs.Len())
	}
	for spec := range specs.All() {
		if spec.Pattern == "/usr/bin/x" && (spec.TypeLetter() != "--" || spec.File != "base" || spec.Line != 3) {
			t.Errorf("entry %+v", spec)
		}
		if spec.Pattern == "HOME_DIR/.+" && (spec.TypeLetter() != "" || spec.Line != 4) {
			t.Errorf("entry %+v", spec)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"/a":            "fc:1: expected a context after \"/a\"",
		"\n/a -x u:r:t": `fc:2: unknown file type "-x", expected one of --, -b, -c, -d, -l, -p, -s`,
		"/a u:r:\xe9":   `fc:1: "u:r:\xe9" has bytes that are not ASCII`,
		"/a( u:r:t":     "fc:1: pattern \"/a(\": error parsing regexp: missing closing ): `/a(`",
		"/(?=a) u:r:t":  "fc:1: pattern \"/(?=a)\": error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
		"/" + strings.Repeat("a", 4095) + " u:r:t": "fc:1: pattern of 4096 bytes is too long",
	} {
		_, err := label.ParseFileContexts("fc", []byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%.20q: got %v, want %s", text, err, want)
		}
		var fault *label.ParseError
		if !errors.As(err, &fault) || fault.File != "fc" {
			t.Errorf("%.20q: %T", text, err)
		}
	}
	_, err := label.ParseFileContexts("fc", []byte("/a\n/b u:r:t\n/c -x u:r:t\n"))
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("not all faults: %v", err)
	}
}

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file_contexts")
	if _, err := label.Load(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	writeFile(t, file, []byte("/home/.* u:r:base\n"))
	writeFile(t, file+".homedirs", []byte("/home/[^/]+/.* u:r:home\n"))
	writeFile(t, file+".local", []byte("/home/x/mine u:r:local\n"))
	writeFile(t, file+".subs", []byte("/export /home\n"))
	specs, err := label.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/home/x": "u:r:base", "/home/x/y": "u:r:home", "/export/x/mine": "u:r:local",
	} {
		if got, _ := specs.Lookup(path, 0); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if err := os.Mkdir(file+".subs_dist", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := label.Load(file); err == nil {
		t.Error("a directory was read")
	}
}

// TestManyStates makes the automaton drop its states while others look up.
func TestManyStates(t *testing.T) {
	var text strings.Builder
	for i := range 17 {
		fmt.Fprintf(&text, "/.*%c.{%d} u:r:t%d\n", 'a'+i%2, i, i)
	}
	specs, err := label.ParseFileContexts("fc", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 20000 {
				path := fmt.Sprintf("/%020b", i*4+g)
				path = strings.NewReplacer("0", "a", "1", "b").Replace(path)
				// The greatest n whose letter stands n from the end.
				want := ""
				for n := range 17 {
					if path[len(path)-1-n] == byte('a'+n%2) {
						want = fmt.Sprintf("u:r:t%d", n)
					}
				}
				if got, _ := specs.Lookup(path, 0); got != want {
					t.Errorf("%s: got %s, want %s", path, got, want)
					return
				}
			}
		})
	}
	all.Wait()
	if specs.Dropped() == 0 {
		t.Error("the states were never dropped")
	}
}
