package resolve

import (
	"bytes"
	"compress/bzip2"
	"io"
	"os"
	"path/filepath"
	"testing"

	"seward/format/cil/syntax"
	"seward/format/diag"
	"seward/internal/oracle"
)

// debianModules returns the modules of an installed policy store.
func debianModules(tb testing.TB, policy string) []*diag.File {
	tb.Helper()
	dir := oracle.NeedFile(tb, "/var/lib/selinux/"+policy+"/active/modules")
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*", "cil"))
	if err != nil || len(paths) == 0 {
		oracle.Missing(tb, "no modules in "+dir)
	}
	files := make([]*diag.File, len(paths))
	for i, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		if bytes.HasPrefix(data, []byte("BZh")) {
			if data, err = io.ReadAll(bzip2.NewReader(bytes.NewReader(data))); err != nil {
				tb.Fatal(err)
			}
		}
		files[i] = diag.NewFile(path, data)
	}
	return files
}

func TestDebianModules(t *testing.T) {
	for _, policy := range []string{"default", "mls"} {
		files, names := syntax.ParseAll(debianModules(t, policy), nil)
		db, err := Resolve(files, names, nil)
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			continue
		}
		t.Logf("%s: %d rules, %d types, %d attribute sets, %d conditionals, %d optionals disabled, %d names", policy,
			len(db.Rules)+len(db.CondRules), len(db.Types), len(db.TypeAttributeSets), len(db.Conditionals), len(db.Disabled), len(db.Names))
	}
}

func BenchmarkDebianModules(b *testing.B) {
	srcs := debianModules(b, "default")
	b.ReportAllocs()
	for b.Loop() {
		files, names := syntax.ParseAll(srcs, nil)
		if _, err := Resolve(files, names, nil); err != nil {
			b.Fatal(err)
		}
	}
}
