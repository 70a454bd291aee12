package policydb

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"seward/internal/oracle"
)

func debian(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(oracle.NeedFile(t, debianPolicies[0]))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// libsepolRead returns how long libsepol takes to read Debian's image, the best
// of n attempts.
func libsepolRead(t testing.TB, n int) time.Duration {
	t.Helper()
	program := filepath.Join(t.TempDir(), "policydb_read")
	gcc := oracle.Need(t, "gcc")
	oracle.NeedFile(t, "/usr/include/sepol/policydb.h")
	if text, err := exec.CommandContext(t.Context(), gcc, "-O2", "-o", program, "testdata/policydb_read.c", "-lsepol").CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, text)
	}
	text, err := exec.CommandContext(t.Context(), program, debianPolicies[0], strconv.Itoa(n)).Output()
	if err != nil {
		t.Fatal(err)
	}
	ms, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// Reading and validating Debian's policy takes no longer than libsepol's
// policydb_read, measured in turns.
func TestOracleReadTime(t *testing.T) {
	data := debian(t)
	var ours, theirs time.Duration = time.Hour, time.Hour
	for range 3 {
		theirs = min(theirs, libsepolRead(t, 5))
		for range 5 {
			start := time.Now()
			read(t, "x", data)
			ours = min(ours, time.Since(start))
		}
	}
	t.Logf("seward %v, libsepol %v", ours, theirs)
	if ours > theirs {
		t.Errorf("seward took %v, libsepol %v", ours, theirs)
	}
}

// BenchmarkRead reports libsepol's time for the same beside ours.
func BenchmarkRead(b *testing.B) {
	data := debian(b)
	peer := libsepolRead(b, 10)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read("x", data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(peer), "libsepol-ns")
}

func BenchmarkWrite(b *testing.B) {
	data := debian(b)
	p := read(b, "x", data)
	for name, layout := range map[string]Layout{"keep": LayoutKeep, "libsepol34": LayoutLibsepol34} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Append(nil, p, &WriteOptions{Layout: layout}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
