package compile_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"seward/format/cil/compile"
	"seward/format/diag"
	"seward/internal/oracle"
)

var seedsFlag = flag.Uint64("seeds", 150, "number of random policies")

// TestGenerated compares random policies with secilc: both refuse a policy, or
// image and file contexts have the same bytes.
func TestGenerated(t *testing.T) {
	program := oracle.Need(t, "secilc")
	seeds := *seedsFlag
	if testing.Short() {
		seeds = 20
	}
	dir := t.TempDir()
	refused := 0
	for seed := range seeds {
		version := uint32(24 + seed%10)
		text := generate(seed, version)
		args := []string{"-c", fmt.Sprint(version)}
		opts := compile.Options{Version: version}
		for i, option := range []struct {
			args []string
			set  func()
		}{
			{[]string{"-N"}, func() { opts.DisableNeverallow = true }},
			{[]string{"-D"}, func() { opts.DisableDontaudit = true }},
			{[]string{"-G"}, func() { opts.ExpandGenerated = true }},
			{[]string{"-X", "3"}, func() { opts.ExpandSize = 3 }},
			{[]string{"-X", "0"}, func() { opts.ExpandSize = -1 }},
			{[]string{"-O"}, func() { opts.Optimize = true }},
			{[]string{"-m"}, func() { opts.MultipleDecls = true }},
		} {
			// Most policies contradict their own assertions.
			if i == 0 && seed%4 != 0 || i > 0 && int(seed)%len(text)%7 == i {
				args = append(args, option.args...)
				option.set()
			}
		}
		file := filepath.Join(dir, "generated.cil")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wantImage, wantContexts, ok := secilc(t, program, args, file)
		result, err := compileText(text, &opts)
		var image []byte
		if err == nil {
			image, err = imageOf(result, version)
		}
		switch {
		case ok != (err == nil):
			t.Errorf("seed %d, options %v: secilc accepts is %v, our error: %v", seed, args, ok, err)
		case !ok:
			refused++
		case !bytes.Equal(image, wantImage):
			t.Errorf("seed %d, options %v: images differ", seed, args)
			reportDifference(t, result, wantImage)
		case !bytes.Equal(result.FileContexts, wantContexts):
			t.Errorf("seed %d, options %v: file contexts differ", seed, args)
		}
		if t.Failed() {
			t.Fatalf("policy:\n%s", text)
		}
	}
	if refused > int(seeds)/2 {
		t.Errorf("%d of %d policies are invalid: nothing is learned from them", refused, seeds)
	}
}

// TestDebian compares Debian's policies with secilc's work, byte for byte.
func TestDebian(t *testing.T) {
	program := oracle.Need(t, "secilc")
	versions := []uint32{33, 30, 24}
	if testing.Short() {
		versions = versions[:1]
	}
	for _, name := range []string{"default", "mls"} {
		sources, paths := debian(t, name)
		for _, version := range versions {
			t.Run(fmt.Sprint(name, version), func(t *testing.T) {
				wantImage, wantContexts, ok := secilc(t, program, []string{"-c", fmt.Sprint(version)}, paths...)
				if !ok {
					t.Fatal("secilc refuses the policy")
				}
				result, err := compileFiles(slices.Clone(sources), &compile.Options{Version: version})
				if err != nil {
					t.Fatal(err)
				}
				image, err := imageOf(result, version)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(image, wantImage) {
					t.Error("images differ")
					reportDifference(t, result, wantImage)
				}
				if !bytes.Equal(result.FileContexts, wantContexts) {
					t.Error("file contexts differ")
				}
			})
		}
	}
}

// BenchmarkDebian measures this package alone, from the resolved database to the
// policy; all of compiling, from texts to an image; and secilc doing that.
func BenchmarkDebian(b *testing.B) {
	sources, paths := debian(b, "default")
	opts := &compile.Options{Version: 33}
	b.Run("compile", func(b *testing.B) {
		db, err := frontEnd(sources, false)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := compile.Compile(db, opts); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			files := make([]*diag.File, len(sources))
			for i, s := range sources {
				files[i] = diag.NewFile(s.Name, s.Data)
			}
			result, err := compileFiles(files, opts)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := imageOf(result, 33); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("secilc", func(b *testing.B) {
		program := oracle.Need(b, "secilc")
		for b.Loop() {
			if _, _, ok := secilc(b, program, []string{"-c", "33"}, paths...); !ok {
				b.Fatal("secilc refuses the policy")
			}
		}
	})
}
