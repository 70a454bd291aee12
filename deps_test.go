package seward

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The import law: which packages of this module a package may import. It is a
// statement of how the system is divided, not a record of what happens to be
// imported: a build is mended by moving code, not by adding a word here.
//
// A row covers a package and, where it ends in /..., all below it; the longest
// row that fits counts. A pattern that ends in /... allows a whole room. Tests
// are held to the law too, but may also import what tests names.
var law = []struct {
	packages string
	imports  string
}{
	// The model stands on nothing but its own parts.
	{"policy", "policy/ebitmap policy/mls"},
	{"policy/ebitmap", ""},
	{"policy/mls", "policy/ebitmap"},
	{"policy/...", "policy policy/mls policy/ebitmap"},

	// The forms a policy is written in.
	{"format/diag", ""},
	{"format/...", "format/... policy/..."},

	// The decision.
	{"security", "policy/..."},
	{"security/avc", "security policy/..."},

	// Object managers. hooks is pure.
	{"enforce/hooks", "security/... policy/..."},
	{"enforce/selinuxfs", "enforce/hooks security/... policy/... format/policydb"},
	{"enforce/...", "enforce/... security/... policy/... label/... internal/linux/..."},

	{"label/...", "label/... policy/..."},
	{"audit/...", "audit/... policy/..."},
	{"basepolicy/...", "format/... policy/..."},

	// Commands import everything; nothing imports commands.
	{"internal/getopt", ""},
	{"internal/linux/...", "internal/linux/..."},
	{"internal/term/...", "internal/linux/..."},
	{"internal/applet", "internal/getopt format/diag"},
	{"internal/applet/...", "basepolicy/... format/... policy/... security/... enforce/... label/... audit/... docs internal/..."},
	{"docs", ""},
	{"cmd/seward", "internal/applet/table enforce/supervisor"},

	// Testing aids.
	{"internal/compat", ""},
	{"internal/oracle/...", ""},
	{"internal/policycmp", "policy/..."},
	{"internal/querygen", "policy/..."},
	{"internal/kernelvm", "internal/kernelvm/wire"},
	{"internal/kernelvm/guest", "internal/kernelvm/wire internal/linux/..."},
	{"internal/kernelvm/wire", ""},
	{"internal/kerneldiff", "internal/linux"},
	{"internal/kerneldiff/program", "internal/kerneldiff"},
	{"internal/speed", ""},

	{".", ""},
}

// tests may be imported by tests everywhere, beside what the law allows.
var tests = strings.Fields("internal/oracle internal/policycmp internal/querygen internal/kernelvm internal/kerneldiff basepolicy/... format/... policy/... security/... label/... enforce/... internal/linux/...")

// doors are packages of others that only the named room may import.
var doors = map[string]string{
	"unsafe":                "internal/linux/...",
	"golang.org/x/sys/unix": "internal/linux/...",
	"C":                     "",
}

const module = "seward"

func TestImportLaw(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			name := entry.Name()
			if file != "." && (name == "testdata" || name == "tools" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(file, ".go") {
			checkFile(t, filepath.ToSlash(file), seen)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) == 0 {
		t.Fatal("no packages found")
	}
}

// checkFile holds one file to the law, and counts its package as seen.
func checkFile(t *testing.T, file string, seen map[string]bool) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	pkg := path.Dir(file)
	row := find(pkg)
	if row < 0 {
		if !seen[pkg] {
			t.Errorf("package %s has no row in the import law: say what it may import", pkg)
		}
		seen[pkg] = true
		return
	}
	seen[pkg] = true
	allowed := strings.Fields(law[row].imports)
	isTest := strings.HasSuffix(file, "_test.go")
	if isTest {
		allowed = append(allowed, tests...)
	}
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Error(err)
			continue
		}
		if room, guarded := doors[imported]; guarded && !isTest && !fits(pkg, strings.Fields(room)) {
			t.Errorf("%s imports %s, which only %s may", file, imported, room)
		}
		inside, ours := strings.CutPrefix(imported, module+"/")
		if !ours || inside == pkg || fits(inside, allowed) {
			continue
		}
		if isTest && pkg == "cmd/seward" {
			continue
		}
		t.Errorf("%s imports %s, which the law doesn't allow for %s", file, inside, law[row].packages)
	}
}

// find returns the index of the longest row that covers pkg, or -1.
func find(pkg string) int {
	best := -1
	for i, row := range law {
		if fits(pkg, []string{row.packages}) && (best < 0 || len(row.packages) >= len(law[best].packages)) {
			best = i
			if row.packages == pkg {
				break
			}
		}
	}
	return best
}

// fits reports whether pkg is one of patterns or in a room of them.
func fits(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		room, whole := strings.CutSuffix(pattern, "/...")
		return pkg == room || whole && strings.HasPrefix(pkg, room+"/")
	})
}
