package avc_test

import (
	"os"
	"testing"

	"seward/format/policydb"
	"seward/internal/oracle"
	"seward/policy"
	"seward/security"
	"seward/security/avc"
)

func debian(b *testing.B) (*avc.Cache, policy.SID, []policy.SID, policy.ClassID, policy.AccessVector) {
	b.Helper()
	path := oracle.NeedFile(b, "/etc/selinux/default/policy/policy.33")
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	p, err := policydb.Read(path, data)
	if err != nil {
		b.Fatal(err)
	}
	s, err := security.New(p, &security.Options{Enforcing: true})
	if err != nil {
		b.Fatal(err)
	}
	src, err := s.SID("system_u:system_r:init_t:s0")
	if err != nil {
		b.Fatal(err)
	}
	var targets []policy.SID
	for i := range p.Data().Types {
		if t := &p.Data().Types[i]; !t.Attribute && !t.Alias {
			if sid, err := s.SID("system_u:object_r:" + t.Name + ":s0"); err == nil && len(targets) < 512 {
				targets = append(targets, sid)
			}
		}
	}
	file := p.ClassByName("file")
	return avc.New(s, nil), src, targets, file.ID, p.Permission(file, "read") | p.Permission(file, "open")
}

// BenchmarkAVCHit asks for 512 decisions in turn, all of them in the cache.
func BenchmarkAVCHit(b *testing.B) {
	c, src, targets, class, perms := debian(b)
	for _, t := range targets {
		c.Check(src, t, class, perms)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.Check(src, targets[i&511], class, perms)
		i++
	}
}

// BenchmarkAVCHitCounted is BenchmarkAVCHit with statistics.
func BenchmarkAVCHitCounted(b *testing.B) {
	c, src, targets, class, perms := debian(b)
	c = avc.New(c.Server(), &avc.Options{Count: true})
	for _, t := range targets {
		c.Check(src, t, class, perms)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.Check(src, targets[i&511], class, perms)
		i++
	}
}

func BenchmarkAVCHitParallel(b *testing.B) {
	c, src, targets, class, perms := debian(b)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			c.Check(src, targets[i&511], class, perms)
		}
	})
}
