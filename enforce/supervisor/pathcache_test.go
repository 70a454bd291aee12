package supervisor

import (
	"math/rand/v2"
	"os"
	"testing"

	"seward/internal/linux"
)

// What is remembered of paths must not outlive a change, whoever makes it: here
// nobody tells the supervisor.
func TestKnownPathsFollowChanges(t *testing.T) {
	if !linux.Supported {
		t.Skip("no table for this architecture")
	}
	a := newTestActor(t)
	rng := rand.New(rand.NewPCG(3, 4))
	root := t.TempDir()
	names := []string{"a", "b", "c"}
	var paths []string
	for _, x := range names {
		paths = append(paths, root+"/"+x)
		for _, y := range names {
			paths = append(paths, root+"/"+x+"/"+y)
			for _, z := range names {
				paths = append(paths, root+"/"+x+"/"+y+"/"+z)
			}
		}
	}
	anyPath := func() string { return paths[rng.IntN(len(paths))] }
	used := 0
	for range 3000 {
		path := anyPath()
		// Most fail; what matters is that the tree changes.
		switch rng.IntN(8) {
		case 0, 1:
			_ = os.Mkdir(path, 0o755)
		case 2, 3:
			_ = os.WriteFile(path, nil, 0o644)
		case 4:
			_ = os.Remove(path)
		case 5:
			_ = os.Rename(path, anyPath())
		case 6:
			_ = os.Symlink(names[rng.IntN(len(names))], path)
		case 7:
			_ = os.Link(path, anyPath())
		}
		for range 10 {
			path := paths[rng.IntN(12)] // some more often than others
			comparePath(t, a, path, rng.IntN(2) == 0)
			if a.resolve(&a.first, linux.AtFDCwd, []byte(path), walkFollow) == 0 && a.walker.done {
				used++
			}
		}
		if t.Failed() {
			return
		}
	}
	if used < 1000 {
		t.Errorf("only %d walks used what was known", used)
	}
}

// A change made inside the tree makes void what is known, also where the path
// still leads to the same object.
func TestKnownPathsEndWithGeneration(t *testing.T) {
	if !linux.Supported {
		t.Skip("no table for this architecture")
	}
	a := newTestActor(t)
	path := []byte(t.TempDir() + "/file")
	if err := os.WriteFile(string(path), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	walk := func() bool {
		t.Helper()
		if e := a.resolve(&a.first, linux.AtFDCwd, path, walkFollow); e != 0 || !a.first.found {
			t.Fatal(e)
		}
		return a.walker.done
	}
	for want := range 4 {
		if got := walk(); got != (want >= 2) {
			t.Errorf("walk %d: known: %v", want, got)
		}
	}
	a.engine.generation.Add(1)
	if walk() {
		t.Error("known after a change")
	}
}
