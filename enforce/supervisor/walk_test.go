package supervisor

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"seward/basepolicy"
	"seward/enforce/hooks"
	"seward/format/cil"
	"seward/internal/linux"
	"seward/label"
	"seward/security"
)

// newTestActor returns an actor that acts for a task with the test's own
// credentials, directory and root, and an unconfined label. The goroutine keeps
// its thread.
func newTestActor(t testing.TB) *actor {
	t.Helper()
	var sources []cil.Source
	for _, f := range basepolicy.Base() {
		sources = append(sources, cil.Source{Name: f.Name, Data: f.Data})
	}
	r, err := cil.Compile(sources, nil)
	if err != nil {
		t.Fatal(err)
	}
	server, err := security.New(r.Policy, &security.Options{Enforcing: true})
	if err != nil {
		t.Fatal(err)
	}
	specs, err := label.ParseFileContexts("test", r.FileContexts)
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEngine(&Config{
		Server: server, Labels: specs, Context: basepolicy.Unconfined, Path: "/", Argv: []string{""},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.close)
	runtime.LockOSThread() // for ever: the thread's filesystem state is its own
	a, err := e.quietActor()
	if err != nil {
		t.Skip(err)
	}
	a.dirs.limit = dirLimit() // as actors that answer calls have
	t.Cleanup(a.close)
	subject, err := e.initialSubject()
	if err != nil {
		t.Fatal(err)
	}
	tid := linux.Gettid()
	a.task = &task{tid: tid, tgid: os.Getpid(), cred: e.own, pidfd: -1, fs: &fsState{refs: 1, cwdStale: true}}
	a.task.setSubject(subject)
	a.subject = a.task.subject.Load()
	e.tasks.add(a.task)
	return a
}

// The walk must come to what the kernel comes to, for any path in any tree.
func TestWalkAgreesWithKernel(t *testing.T) {
	if !linux.Supported {
		t.Skip("no table for this architecture")
	}
	a := newTestActor(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for tree := range 20 {
		root := randomTree(t, rng)
		fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName(root), linux.OPath|linux.ODirectory, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := linux.Fchdir(fd); err != nil {
			t.Fatal(err)
		}
		linux.Close(fd)
		a.task.fs.cwd.close()
		a.task.fs.cwd, a.task.fs.cwdStale = nil, true
		for range 1000 {
			path := randomPath(rng)
			if rng.IntN(3) == 0 {
				path = root + "/" + path
			}
			for _, follow := range []bool{true, false} {
				comparePath(t, a, path, follow)
			}
			compareResolve(t, a, root, path)
		}
		if t.Failed() {
			t.Fatalf("in tree %d", tree)
		}
	}
}

func comparePath(t *testing.T, a *actor, path string, follow bool) {
	t.Helper()
	flags, walk := linux.OPath|linux.OCloexec, walkFollow
	if !follow {
		flags, walk = flags|linux.ONofollow, 0
	}
	var want linux.Statx
	var wantErr syscall.Errno
	fd, err := linux.Openat(linux.AtFDCwd, linux.MakeName(path), flags, 0)
	if err == nil {
		if err := linux.Fstat(fd, walkMask, &want); err != nil {
			t.Fatal(err)
		}
		linux.Close(fd)
	}
	wantErr = errnoOf(err)
	buf := append([]byte(path), 0)
	got := a.resolve(&a.first, linux.AtFDCwd, buf[:len(path)], walk)
	if got == 0 && !a.first.found {
		got = syscall.ENOENT
	}
	switch {
	case got != wantErr:
		t.Errorf("%q, follow %v: got %v, want %v", path, follow, got, wantErr)
	case got == 0 && keyOf(&a.first.obj.st) != keyOf(&want):
		t.Errorf("%q, follow %v: got inode %d, want %d", path, follow, a.first.obj.st.Ino, want.Ino)
	}
	a.cleanUp()
}

// compareResolve is comparePath with openat2's restrictions.
func compareResolve(t *testing.T, a *actor, root, path string) {
	t.Helper()
	dir, err := linux.Openat(linux.AtFDCwd, linux.MakeName(root), linux.OPath|linux.ODirectory|linux.OCloexec, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer linux.Close(dir)
	for _, resolve := range []uint64{
		linux.ResolveBeneath, linux.ResolveInRoot, linux.ResolveNoSymlinks, linux.ResolveNoXdev,
		linux.ResolveBeneath | linux.ResolveNoSymlinks,
	} {
		var want linux.Statx
		fd, err := linux.Openat2(dir, linux.MakeName(path), &linux.OpenHow{Flags: linux.OPath | linux.OCloexec, Resolve: resolve})
		if err == nil {
			if err := linux.Fstat(fd, walkMask, &want); err != nil {
				t.Fatal(err)
			}
			linux.Close(fd)
		}
		wantErr := errnoOf(err)
		buf := append([]byte(path), 0)
		got := a.resolve(&a.first, dir, buf[:len(path)], walkFollow|walkOf(resolve))
		if got == 0 && !a.first.found {
			got = syscall.ENOENT
		}
		switch {
		case got != wantErr:
			t.Errorf("%q, resolve %#x: got %v, want %v", path, resolve, got, wantErr)
		case got == 0 && keyOf(&a.first.obj.st) != keyOf(&want):
			t.Errorf("%q, resolve %#x: got inode %d, want %d", path, resolve, a.first.obj.st.Ino, want.Ino)
		}
		a.cleanUp()
	}
}

// walkNames are the names in random trees.
var walkNames = []string{"a", "b", "c", "d"}

func randomTree(t *testing.T, rng *rand.Rand) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dirs := []string{root}
	for range 30 {
		at := filepath.Join(dirs[rng.IntN(len(dirs))], walkNames[rng.IntN(len(walkNames))])
		switch rng.IntN(4) {
		case 0, 1:
			if os.Mkdir(at, 0o755) == nil {
				dirs = append(dirs, at)
			}
		case 2:
			_ = os.WriteFile(at, nil, 0o600)
		case 3:
			target := randomPath(rng)
			if rng.IntN(4) == 0 {
				target = root + "/" + target
			}
			_ = os.Symlink(target, at)
		}
	}
	return root
}

func randomPath(rng *rand.Rand) string {
	var b strings.Builder
	for i := range 1 + rng.IntN(5) {
		if i > 0 {
			b.WriteString(strings.Repeat("/", 1+rng.IntN(8)/7))
		}
		switch n := rng.IntN(len(walkNames) + 4); {
		case n < len(walkNames):
			b.WriteString(walkNames[n])
		case n == len(walkNames):
			b.WriteString(".")
		case n == len(walkNames)+1:
			b.WriteString("..")
		case n == len(walkNames)+2:
			b.WriteString("missing")
		default:
			b.WriteString("a")
		}
	}
	if rng.IntN(6) == 0 {
		b.WriteString("/")
	}
	return b.String()
}

// BenchmarkWalk measures what the supervisor spends on a path by itself, and on
// the check of an open.
func BenchmarkWalk(b *testing.B) {
	if !linux.Supported {
		b.Skip("no table for this architecture")
	}
	a := newTestActor(b)
	dir := filepath.Join(b.TempDir(), "a", "b")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	name := filepath.Join(dir, "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	path := []byte(name)
	b.Run("resolve", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if e := a.resolve(&a.first, linux.AtFDCwd, path, walkFollow); e != 0 {
				b.Fatal(e)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v := a.openFile(&opening{linux.AtFDCwd, path, linux.ORdonly, 0, 0})
			if v.kind != answerFD {
				b.Fatal(v)
			}
			linux.Close(a.fd)
			a.fd = -1
			a.cleanUp()
		}
	})
	b.Run("judge", func(b *testing.B) {
		b.ReportAllocs()
		if e := a.resolve(&a.first, linux.AtFDCwd, path, walkFollow); e != 0 {
			b.Fatal(e)
		}
		for b.Loop() {
			i := a.inode(&a.first.obj)
			if e := a.judge(hooks.OpenFile(a.engine.auth, a.subject, &i, hooks.OpenRead), nil); e != 0 {
				b.Fatal(e)
			}
		}
	})
	b.Run("native", func(b *testing.B) {
		for b.Loop() {
			fd, err := syscall.Open(name, syscall.O_RDONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			syscall.Close(fd)
		}
	})
}
