package resolve

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/format/cil/syntax"
	"seward/format/diag"
	"seward/format/diag/errtest"
)

var update = flag.Bool("update", false, "write golden files")

// base is what every policy of these tests begins with.
const base = `
(mls true)
(common filecommon (ioctl read write))
(class file (execute open))
(classcommon file filecommon)
(class dir (search))
(classcommon dir filecommon)
(class process (fork transition))
(class route (nlmsg))
(classorder (file dir process route))
(sid kernel)
(sidorder (kernel))
(user u)
(role r)
(type base_t)
(sensitivity s0) (sensitivity s1) (sensitivityorder (s0 s1))
(category c0) (category c1) (category c2) (categoryorder (c0 c1 c2))
(sensitivitycategory s0 (range c0 c2)) (sensitivitycategory s1 (range c0 c2))
(userlevel u (s0))
(userrange u ((s0) (s1 (range c0 c2))))
(sidcontext kernel (u r base_t ((s0) (s0))))
`

func resolveText(text string, opts *Options) (*DB, diag.List) {
	return resolveFiles(opts, diag.NewFile("base.cil", []byte(base)), diag.NewFile("test.cil", []byte(text)))
}

func resolveFiles(opts *Options, srcs ...*diag.File) (*DB, diag.List) {
	var sopts syntax.Options
	if opts != nil {
		sopts = syntax.Options{QualifiedNames: opts.QualifiedNames, PreserveTunables: opts.PreserveTunables, CondXperms: opts.CondXperms}
	}
	files, names := syntax.ParseAll(srcs, &sopts)
	var errs diag.List
	for _, f := range files {
		errs = append(errs, f.Errors...)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	db, err := Resolve(files, names, opts)
	if err != nil {
		return nil, err.(diag.List) //nolint:errorlint // Resolve returns nothing else.
	}
	return db, nil
}

// baseDump is the dump of base alone.
func baseDump(t *testing.T) map[string]bool {
	t.Helper()
	db, err := resolveText("", nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for line := range strings.SplitSeq(dump(db), "\n") {
		lines[line] = true
	}
	return lines
}

func TestErrors(t *testing.T) {
	errtest.Run(t, "testdata/errors.cil", func(f *diag.File) diag.List {
		_, errs := resolveFiles(nil, diag.NewFile("base.cil", []byte(base)), f)
		return errs
	})
}

// optionsOf are the options of tests that want any.
var optionsOf = map[string]*Options{
	"preserved_tunables":    {PreserveTunables: true},
	"multiple_declarations": {MultipleDecls: true},
	"qualified_names":       {QualifiedNames: true},
	"conditional_xperms":    {CondXperms: true},
}

// TestStatements compares what texts resolve to with golden files, which hold the
// lines of the dump that base alone doesn't have.
func TestStatements(t *testing.T) {
	ignore := baseDump(t)
	paths, err := filepath.Glob("testdata/statements/*.cil")
	if err != nil || len(paths) == 0 {
		t.Fatal("no tests", err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".cil")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			db, errs := resolveText(string(text), optionsOf[name])
			if errs != nil {
				t.Fatal(errs)
			}
			var got strings.Builder
			for line := range strings.SplitSeq(dump(db), "\n") {
				if !ignore[line] {
					got.WriteString(line + "\n")
				}
			}
			golden := strings.TrimSuffix(path, ".cil") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Error(d)
			}
		})
	}
}
