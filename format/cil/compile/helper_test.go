package compile_test

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"seward/format/cil/compile"
	"seward/format/cil/resolve"
	"seward/format/cil/syntax"
	"seward/format/diag"
	"seward/format/policydb"
	"seward/internal/oracle"
	"seward/internal/policycmp"
)

// frontEnd resolves sources.
func frontEnd(sources []*diag.File, multiple bool) (*resolve.DB, error) {
	files, names := syntax.ParseAll(sources, nil)
	var errs diag.List
	for _, f := range files {
		errs = append(errs, f.Errors...)
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return resolve.Resolve(files, names, &resolve.Options{MultipleDecls: multiple, CondXperms: true})
}

// compileText compiles one source with the name test.cil.
func compileText(text string, opts *compile.Options) (*compile.Result, error) {
	return compileFiles([]*diag.File{diag.NewFile("test.cil", []byte(text))}, opts)
}

func compileFiles(sources []*diag.File, opts *compile.Options) (*compile.Result, error) {
	db, err := frontEnd(sources, opts != nil && opts.MultipleDecls)
	if err != nil {
		return nil, err
	}
	return compile.Compile(db, opts)
}

// imageOf writes a policy as libsepol 3.4 does.
func imageOf(r *compile.Result, version uint32) ([]byte, error) {
	return policydb.Append(nil, r.Policy, &policydb.WriteOptions{Version: version, Layout: policydb.LayoutLibsepol34})
}

// secilc runs the real compiler. ok tells whether it accepted the policy.
func secilc(t testing.TB, program string, args []string, sources ...string) (image, fileContexts []byte, ok bool) {
	t.Helper()
	dir := t.TempDir()
	out, contexts := filepath.Join(dir, "policy"), filepath.Join(dir, "contexts")
	args = append(append([]string{"-o", out, "-f", contexts}, args...), sources...)
	if _, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return nil, nil, false
	}
	image, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if fileContexts, err = os.ReadFile(contexts); err != nil {
		t.Fatal(err)
	}
	return image, fileContexts, true
}

// reportDifference tells in which statements two images differ.
func reportDifference(t testing.TB, got *compile.Result, want []byte) {
	t.Helper()
	p, err := policydb.Read("secilc", want)
	if err != nil {
		t.Errorf("secilc's image: %v", err)
		return
	}
	differences := policycmp.Diff(p, got.Policy)
	for _, d := range differences[:min(len(differences), 20)] {
		t.Log(d)
	}
	if len(differences) == 0 {
		t.Log("same meaning, other order")
	}
}

// debian returns the modules of one of Debian's policies, also as plain files.
func debian(t testing.TB, name string) (sources []*diag.File, paths []string) {
	t.Helper()
	modules, err := filepath.Glob("/var/lib/selinux/" + name + "/active/modules/*/*/cil")
	if err != nil {
		t.Fatal(err)
	}
	if len(modules) == 0 {
		oracle.Missing(t, fmt.Sprintf("modules of Debian's policy %q are not installed", name))
	}
	dir := t.TempDir()
	for _, m := range modules {
		data, err := os.ReadFile(m)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(data, []byte("BZh")) {
			if data, err = io.ReadAll(bzip2.NewReader(bytes.NewReader(data))); err != nil {
				t.Fatalf("%s: %v", m, err)
			}
		}
		path := filepath.Join(dir, filepath.Base(filepath.Dir(m))+".cil")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		sources = append(sources, diag.NewFile(path, data))
		paths = append(paths, path)
	}
	return sources, paths
}
