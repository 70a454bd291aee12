package syntax

import (
	"bytes"
	"compress/bzip2"
	"io"
	"os"
	"path/filepath"
	"testing"

	"seward/format/diag"
	"seward/internal/oracle"
)

// debianModules returns the modules of an installed policy store.
func debianModules(tb testing.TB, policy string) []*diag.File {
	tb.Helper()
	dir := oracleDir(tb, policy)
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

func oracleDir(tb testing.TB, policy string) string {
	return oracle.NeedFile(tb, "/var/lib/selinux/"+policy+"/active/modules")
}

func TestDebianModules(t *testing.T) {
	for _, policy := range []string{"default", "mls"} {
		files, names := ParseAll(debianModules(t, policy), nil)
		stmts, words := 0, 0
		for _, f := range files {
			if err := f.Errors.Err(); err != nil {
				t.Error(err)
			}
			stmts += len(f.Stmts)
			words += len(f.Words)
		}
		t.Logf("%s: %d files, %d statements, %d words, %d names", policy, len(files), stmts, words, names.Len())
	}
}

func BenchmarkDebianModules(b *testing.B) {
	srcs := debianModules(b, "default")
	size := 0
	for _, s := range srcs {
		size += len(s.Data)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		ParseAll(srcs, nil)
	}
}
