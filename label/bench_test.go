package label_test

import (
	"math/rand/v2"
	"testing"

	"seward/internal/oracle"
	"seward/label"
)

// BenchmarkLookup asks about paths of Debian's file contexts; libselinux 3.4
// needs 10.5 us for one.
func BenchmarkLookup(b *testing.B) {
	oracle.NeedFile(b, debianContexts)
	specs, err := label.Load(debianContexts)
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var paths []string
	for spec := range specs.All() {
		paths = append(paths, pathFrom(r, spec.Pattern))
	}
	for _, p := range paths {
		specs.Lookup(p, label.ModeRegular)
	}
	i := 0
	for b.Loop() {
		specs.Lookup(paths[i%len(paths)], label.ModeRegular)
		i++
	}
}

// BenchmarkLookupCold is the first look-up of many different paths.
func BenchmarkLookupCold(b *testing.B) {
	oracle.NeedFile(b, debianContexts)
	r := rand.New(rand.NewPCG(1, 2))
	specs, err := label.Load(debianContexts)
	if err != nil {
		b.Fatal(err)
	}
	var paths []string
	for spec := range specs.All() {
		paths = append(paths, pathFrom(r, spec.Pattern))
	}
	for b.Loop() {
		b.StopTimer()
		specs, err := label.Load(debianContexts)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for _, p := range paths {
			specs.Lookup(p, label.ModeRegular)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(paths)), "ns/path")
}

// BenchmarkLoad reads Debian's file contexts.
func BenchmarkLoad(b *testing.B) {
	oracle.NeedFile(b, debianContexts)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := label.Load(debianContexts); err != nil {
			b.Fatal(err)
		}
	}
}
