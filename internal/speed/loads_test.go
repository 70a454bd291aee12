package speed_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// helperEnv has the test's own program repeat a call instead of testing.
const helperEnv = "SEWARD_SPEED_REPEAT"

func TestMain(m *testing.M) {
	if name := os.Getenv(helperEnv); name != "" {
		os.Exit(repeat(name, os.Args[1]))
	}
	os.Exit(m.Run())
}

// calls are repeated on a path of six components.
var calls = map[string]func(path string) error{
	"notification": func(string) error { syscall.Umask(0o22); return nil },
	"open+close": func(path string) error {
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err == nil {
			syscall.Close(fd)
		}
		return err
	},
	"stat": func(path string) error {
		var st syscall.Stat_t
		return syscall.Stat(path, &st)
	},
	"getxattr": func(path string) error {
		var buf [256]byte
		_, err := syscall.Getxattr(path, "security.selinux", buf[:])
		if err == syscall.ENODATA || err == syscall.EOPNOTSUPP {
			return nil
		}
		return err
	},
	"access":   func(path string) error { return syscall.Access(path, 4) },
	"readlink": func(path string) error { _, _ = syscall.Readlink(path, make([]byte, 64)); return nil },
}

// repeat prints the nanoseconds that each call took: those of the quickest of
// several batches, so that what else runs counts as little as possible.
func repeat(name, path string) int {
	const batches, size = 300, 40
	call := calls[name]
	best := time.Hour
	for range batches {
		begin := time.Now()
		for range size {
			if err := call(path); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		best = min(best, time.Since(begin))
	}
	fmt.Println(int(best) / size)
	return 0
}

// load is real work: a script of sh, in a directory that setup has filled.
type load struct {
	name   string
	script string
	setup  func(t *testing.T, dir string)
	needs  []string // programs and files
	// limits are those of the ratios to native under full and core, 0 if none.
	full, core float64
}

var loads = []load{
	{name: "200 x true", script: "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done", core: 1.3},
	{name: "sha256 of 300 MB", script: "sha256sum big >/dev/null", setup: bigFile, core: 1.0},
	{name: "go build", script: "echo '//' >>main.go; GOFLAGS= GOCACHE=$PWD/cache go build -o out .", setup: goProgram, needs: []string{"go"}, full: 1.5, core: 1.4},
	{name: "make -j2, 24 C files", script: "rm -f *.o; make -s -j2", setup: cFiles, needs: []string{"make", "gcc"}, full: 3, core: 1.8},
	{name: "tar of 22,000 files", script: "tar cf - tree | cat >/dev/null", setup: tree, needs: []string{"tar"}, full: 5},
	{name: "find, 22,000 files", script: "find tree -size +100000k", setup: tree, needs: []string{"find"}, full: 8},
	{name: "grep -r, 22,000 files", script: "grep -r nothing-like-this tree || true", setup: tree, needs: []string{"grep"}},
	{name: "git status, 2,000 files", script: "git status --short >/dev/null", setup: repository, needs: []string{"git"}},
}

func bigFile(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "big"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for i := range 300 {
		block[0] = byte(i)
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
}

func put(t *testing.T, text string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func goProgram(t *testing.T, dir string) {
	t.Helper()
	put(t, "module x\n\ngo 1.24\n", dir, "go.mod")
	put(t, "package main\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n)\n\nfunc main() { fmt.Println(http.StatusText(404)) }\n", dir, "main.go")
}

func cFiles(t *testing.T, dir string) {
	t.Helper()
	var objects []string
	for i := range 24 {
		put(t, fmt.Sprintf("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n#include <sys/stat.h>\n"+
			"int f%d(const char *s) { struct stat st; return stat(s, &st) + printf(\"%%s\", s) + (int)strlen(s) + atoi(s); }\n", i), dir, fmt.Sprintf("f%d.c", i))
		objects = append(objects, fmt.Sprintf("f%d.o", i))
	}
	put(t, "lib.a: "+strings.Join(objects, " ")+"\n\tar rc $@ $^\n%.o: %.c\n\tgcc -O1 -c -o $@ $<\n", dir, "Makefile")
}

func tree(t *testing.T, dir string) {
	t.Helper()
	for d := range 220 {
		for f := range 100 {
			put(t, fmt.Sprintf("/* file %d of %d */\n", f, d), dir, "tree", fmt.Sprintf("a%d", d/20), fmt.Sprintf("b%d", d), fmt.Sprintf("file%d.h", f))
		}
	}
}

func repository(t *testing.T, dir string) {
	t.Helper()
	for d := range 100 {
		for f := range 20 {
			put(t, "text\n", dir, fmt.Sprintf("d%d", d), fmt.Sprintf("f%d", f))
		}
	}
	c := carrier{name: native}
	if out, _ := c.run(t, dir, "sh", "-c", "git init -q . && git add -A && git -c user.name=x -c user.email=x@x commit -qm x && echo done"); out != "done\n" {
		t.Skip("git makes no repository here")
	}
}
