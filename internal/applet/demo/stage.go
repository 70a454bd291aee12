package demo

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"seward/security"
)

// Stage is where a story's programs run.
type Stage interface {
	// Run runs one program in the story's directory and waits for it.
	Run(ctx context.Context, a *Attempt) (*Result, error)
	// Server is the security server that decides there.
	Server() *security.Server
}

// Result is what became of a program.
type Result struct {
	Output  string // standard output and error
	Status  int    // exit status
	Denials []Denial
}

// Opener sets the stage for one story whose files lie in dir.
type Opener func(ctx context.Context, s *Story, dir string) (Stage, error)

// layOut puts a story's files into dir.
func layOut(s *Story, dir string) error {
	for _, f := range s.Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		mode := f.Mode
		if strings.HasSuffix(f.Path, "/") {
			if mode == 0 {
				mode = 0o755
			}
			if err := os.Mkdir(name, mode); err != nil {
				return err
			}
		} else {
			if mode == 0 {
				mode = 0o644
			}
			if err := os.WriteFile(name, []byte(f.Text), 0o600); err != nil {
				return err
			}
		}
		// Whatever the umask is.
		if err := os.Chmod(name, mode); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes a story's directory, whatever its programs did to modes.
func sweep(dir string) error {
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(name, 0o700) //nolint:gosec // G302: a directory on its way out.
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// fileContexts returns the story's labels as lines of file contexts for its
// directory. More of a path is stronger, so a directory's line comes first.
func fileContexts(s *Story, dir string) []byte {
	var b strings.Builder
	files := slices.Clone(s.Files)
	slices.SortStableFunc(files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	for _, f := range files {
		if f.Label == "" {
			continue
		}
		path := filepath.Join(dir, strings.TrimSuffix(filepath.FromSlash(f.Path), "/"))
		kind := "--"
		if strings.HasSuffix(f.Path, "/") {
			kind = "-d"
		}
		b.WriteString(quoteExpr(path) + " " + kind + " " + contextOf("object_r", f.Label) + "\n")
	}
	return []byte(b.String())
}

// quoteExpr makes a path an expression that matches only itself.
func quoteExpr(path string) string {
	var b strings.Builder
	for _, r := range path {
		if strings.ContainsRune(`.^$?*+|[](){}\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
