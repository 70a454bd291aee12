package security_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"seward/policy"
	"seward/security"
)

// triple is a question.
type triple struct {
	source, target policy.SID
	class          policy.ClassID
}

// domainTriples makes questions whose source is a domain: what real systems ask.
// The class is one that the source has rules for, or any.
func domainTriples(b *testing.B, s *security.Server, n int) []triple {
	b.Helper()
	p := s.Policy()
	r := rand.New(rand.NewPCG(3, 3))
	var domains, types []policy.SID
	sid := func(format, typ string) policy.SID {
		x, err := s.SID(fmt.Sprintf(format, typ))
		if err != nil {
			return 0
		}
		return x
	}
	for i := range p.Data().Types {
		t := &p.Data().Types[i]
		if t.Alias || t.Attribute {
			continue
		}
		if x := sid("system_u:system_r:%s:s0-s0:c0.c1023", t.Name); x != 0 {
			domains = append(domains, x)
		}
		types = append(types, sid("system_u:object_r:%s:s0", t.Name))
	}
	var busy []policy.ClassID
	for _, name := range []string{"file", "dir", "process", "fd", "unix_stream_socket", "lnk_file", "chr_file"} {
		busy = append(busy, p.ClassByName(name).ID)
	}
	list := make([]triple, n)
	for i := range list {
		x := triple{domains[r.IntN(len(domains))], types[r.IntN(len(types))], busy[r.IntN(len(busy))]}
		if r.IntN(4) == 0 {
			x.class = policy.ClassID(1 + r.Uint32N(p.Data().Sizes.Classes))
		}
		list[i] = x
	}
	return list
}

func debianServer(b *testing.B, path string) *security.Server {
	b.Helper()
	s, err := security.New(readPolicy(b, path), &security.Options{Enforcing: true})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

var benchPolicies = map[string]string{"default": debianDefault, "mls": debianMLS}

// BenchmarkComputeAVCold decides on pairs never asked before whose source type
// and class have been asked about.
func BenchmarkComputeAVCold(b *testing.B) {
	for name, path := range benchPolicies {
		b.Run(name, func(b *testing.B) {
			s := debianServer(b, path)
			list := domainTriples(b, s, 1<<16)
			for _, x := range list {
				s.ComputeAV(x.source, x.target, x.class)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				x := &list[i&(len(list)-1)]
				s.ComputeAV(x.source, x.target, x.class)
				i++
			}
		})
	}
}

// BenchmarkComputeAVFirst includes the making of the rows: 65,536 questions to a
// new server.
func BenchmarkComputeAVFirst(b *testing.B) {
	for name, path := range benchPolicies {
		b.Run(name, func(b *testing.B) {
			p := readPolicy(b, path)
			list := domainTriples(b, debianServer(b, path), 1<<16)
			var before, after runtime.MemStats
			for b.Loop() {
				b.StopTimer()
				s, err := security.New(p, nil)
				if err != nil {
					b.Fatal(err)
				}
				domainTriples(b, s, 0) // gives the contexts their SIDs
				runtime.GC()
				runtime.ReadMemStats(&before)
				b.StartTimer()
				for _, x := range list {
					s.ComputeAV(x.source, x.target, x.class)
				}
				b.StopTimer()
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(s)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/decision")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB-rows")
			b.ReportMetric(float64(after.HeapAlloc)/1e6, "MB-heap")
		})
	}
}

// BenchmarkSepolComputeAV is the same work by libsepol.
func BenchmarkSepolComputeAV(b *testing.B) {
	program := buildSepol(b)
	for name, path := range benchPolicies {
		b.Run(name, func(b *testing.B) {
			s := debianServer(b, path)
			var input bytes.Buffer
			for _, x := range domainTriples(b, s, 1<<12) {
				source, _ := s.Context(x.source)
				target, _ := s.Context(x.target)
				fmt.Fprintln(&input, "access", source, target, x.class)
			}
			var per float64
			for b.Loop() {
				cmd := exec.Command(program, "-t", "100000", path)
				cmd.Stdin = bytes.NewReader(input.Bytes())
				out, err := cmd.Output()
				if err != nil {
					b.Fatal(err)
				}
				fmt.Sscan(strings.TrimSpace(string(out)), &per)
			}
			b.ReportMetric(per, "ns/decision")
		})
	}
}

func BenchmarkCreate(b *testing.B) {
	s := debianServer(b, debianDefault)
	list := domainTriples(b, s, 1<<12)
	file := s.Policy().ClassByName("file").ID
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		x := &list[i&(len(list)-1)]
		if _, err := s.Create(x.source, x.target, file, ""); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkSID(b *testing.B) {
	s := debianServer(b, debianDefault)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.SID("system_u:object_r:etc_t:s0"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	p := readPolicy(b, debianDefault)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := security.New(p, nil); err != nil {
			b.Fatal(err)
		}
	}
}
