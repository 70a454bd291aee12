package policydb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime/metrics"
	"testing"

	"seward/internal/oracle"
	"seward/policy"
	"seward/policy/ebitmap"
)

// allocated returns the number of bytes that f allocates, freed ones included.
// The runtime counts small objects late and together with others, of other
// goroutines too, so what seems too much is measured again.
func allocated(limit uint64, f func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 4 {
		sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(sample)
		before := sample[0].Value.Uint64()
		f()
		metrics.Read(sample)
		if least = min(least, sample[0].Value.Uint64()-before); least <= limit {
			break
		}
	}
	return least
}

// memoryFor is what reading n bytes may allocate: a few times the input, and
// what a small policy needs at all.
func memoryFor(n int) uint64 { return 64*uint64(n) + 1<<16 } //nolint:gosec // G115: a length.

// check reads data, which must give a policy or an error, in bounded memory. A
// policy that was read must write an image that reads as the same again.
func check(t *testing.T, data []byte) {
	t.Helper()
	var p *policy.Policy
	var err error
	limit := memoryFor(len(data))
	if got := allocated(limit, func() { p, err = Read("x", data) }); got > limit {
		t.Fatalf("reading %d bytes allocated %d, at most %d are allowed", len(data), got, limit)
	}
	if (p == nil) == (err == nil) {
		t.Fatalf("policy %v and error %v", p, err)
	}
	if err != nil {
		return
	}
	first, err := Append(nil, p, nil)
	if err != nil {
		t.Fatalf("write what was read: %v", err)
	}
	again, err := Read("x", first)
	if err != nil {
		t.Fatalf("read what was written: %v", err)
	}
	second, err := Append(nil, again, nil)
	if err != nil || !bytes.Equal(first, second) {
		t.Fatalf("written twice: error %v, equal %t", err, bytes.Equal(first, second))
	}
	bucketed, err := Append(nil, p, &WriteOptions{Layout: LayoutLibsepol34})
	if err != nil {
		t.Fatalf("write in another layout: %v", err)
	}
	if _, err := Read("x", bucketed); err != nil {
		t.Fatalf("read what was written in another layout: %v", err)
	}
}

// Every word is a count or length in turn.
func TestHostileCounts(t *testing.T) {
	for _, version := range []uint32{policy.VersionMin, 32, policy.VersionMax} {
		data := image(t, build(t, menagerie(version)), nil)
		for off := 0; off+4 <= len(data); off++ {
			for _, v := range []uint32{0xffffffff, 0x80000000, 0x7fffffff, 0x00ffffff, 0x10000, 0xffff} {
				spoilt := bytes.Clone(data)
				binary.LittleEndian.PutUint32(spoilt[off:], v)
				limit := memoryFor(len(data))
				if got := allocated(limit, func() { _, _ = Read("x", spoilt) }); got > limit {
					t.Fatalf("version %d: %#x at %#x: %d bytes were allocated, at most %d are allowed", version, v, off, got, limit)
				}
			}
		}
	}
}

// A hundred bytes that claim 4 GB of everything cost nothing.
func TestHostileHundredBytes(t *testing.T) {
	head := image(t, build(t, menagerie(33)), nil)[:32]
	for name, rest := range map[string][]uint32{
		"bitmap":  {64, 0xffffffc0, 0x15555555},
		"symbols": {64, 0, 0, 64, 0, 0, 0xffffffff, 0xffffffff},
		"names":   {64, 0, 0, 64, 0, 0, 1, 1, 0xffffffff, 1, 1, 1},
		"perms":   {64, 0, 0, 64, 0, 0, 1, 1, 1, 1, 0xffffffff, 0xffffffff, 'x'},
		"types":   {64, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0xffffffff, 0xffffffff},
	} {
		t.Run(name, func(t *testing.T) {
			data := bytes.Clone(head)
			for _, v := range rest {
				data = binary.LittleEndian.AppendUint32(data, v)
			}
			if _, err := Read("x", data); err == nil {
				t.Error("accepted")
			}
			if got := allocated(1<<14, func() { _, _ = Read("x", data) }); got > 1<<14 {
				t.Errorf("%d bytes were allocated", got)
			}
		})
	}
}

func TestBitFlips(t *testing.T) {
	images := [][]byte{
		image(t, build(t, menagerie(policy.VersionMin)), nil),
		image(t, build(t, menagerie(32)), nil),
		image(t, build(t, menagerie(policy.VersionMax)), nil),
	}
	random := rand.New(rand.NewPCG(1, 2))
	n := 20_000
	if testing.Short() {
		n = 2_000
	}
	for i := range n {
		data := bytes.Clone(images[i%len(images)])
		for range 1 + random.IntN(3) {
			data[random.IntN(len(data))] ^= 1 << random.IntN(8)
		}
		check(t, data)
	}
}

// Debian's policy, cut and spoilt at places all over it.
func TestHostileDebian(t *testing.T) {
	data, err := os.ReadFile(oracle.NeedFile(t, "/etc/selinux/default/policy/policy.33"))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		if _, err := Read("x", data[:random.IntN(len(data))]); err == nil {
			t.Fatal("a truncated image was accepted")
		}
		spoilt := bytes.Clone(data)
		binary.LittleEndian.PutUint32(spoilt[random.IntN(len(data)-4):], random.Uint32())
		limit := memoryFor(len(data))
		if got := allocated(limit, func() { _, _ = Read("x", spoilt) }); got > limit {
			t.Fatalf("%d bytes were allocated", got)
		}
	}
}

// One branch of a conditional with many type rules, one name with many results:
// nothing in reading grows with the square of the input.
func TestHostileRepetition(t *testing.T) {
	b := menagerie(33)
	const many = 20_000
	b.Sizes.Types, b.TypeAttributes = 0, nil
	b.Conditionals[0].True = nil
	for i := 10; i <= many; i++ {
		id, class := policy.TypeID(i), policy.ClassID(i)
		b.Types = append(b.Types, policy.Type{Name: fmt.Sprint("t", i), ID: id})
		b.Classes = append(b.Classes, policy.Class{Name: fmt.Sprint("c", i), ID: class})
		b.Conditionals[0].True = append(b.Conditionals[0].True, policy.Rule{
			Source: id, Target: dogT, Class: fileC, Kind: policy.TypeTransition, Data: uint32(dogT),
		})
		b.FilenameTransitions = append(b.FilenameTransitions, policy.FilenameTransition{
			Name: "bone", Target: bowlT, Class: fileC, Sources: ebitmap.SetOf(id), Result: id,
		})
		b.GenFS[0].Paths = append(b.GenFS[0].Paths, policy.GenFSPath{Path: "/many", Class: class, Context: b.GenFS[0].Paths[0].Context})
	}
	p := build(t, b)
	for _, layout := range []Layout{LayoutKeep, LayoutLibsepol34} {
		read(t, "x", image(t, p, &WriteOptions{Layout: layout}))
	}
}
