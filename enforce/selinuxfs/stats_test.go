package selinuxfs

import (
	"strings"
	"syscall"
	"testing"

	"seward/enforce/hooks"
	"seward/security/avc"
)

func TestStatistics(t *testing.T) {
	s := newStage(t, build(t, builder()))
	if got := s.read(t, "avc/cache_stats"); got != "lookups hits misses allocations reclaims frees\n0 0 0 0 0 0\n" {
		t.Errorf("without a cache: %q", got)
	}
	cache := avc.New(s.server, &avc.Options{Slots: 16, Count: true})
	s.Tree = New(&Options{Server: s.server, Asker: hooks.NewServer(cache), Cache: cache})
	for range 3 {
		// Each asks for the permission to compute.
		s.write(t, "access", task+" "+file+" 1")
	}
	for path, want := range map[string]string{
		"avc/cache_stats":      "lookups hits misses allocations reclaims frees\n3 2 1 1 0 0\n",
		"avc/hash_stats":       "entries: 1\nbuckets used: 1/8\nlongest chain: 1\n",
		"avc/cache_threshold":  "512",
		"ss/sidtab_hash_stats": "entries: ",
	} {
		if got := s.read(t, path); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if got := s.write(t, "avc/cache_threshold", "64"); got != "" || s.read(t, "avc/cache_threshold") != "64" {
		t.Errorf("threshold: %q, then %s", got, s.read(t, "avc/cache_threshold"))
	}
	for _, text := range []string{"-1", "", "x"} {
		if got := s.write(t, "avc/cache_threshold", text); got != syscall.EINVAL.Error() {
			t.Errorf("threshold %q: %q", text, got)
		}
	}
	n, _ := s.Lookup("avc/cache_threshold")
	h, _ := s.Open(n, s.guest)
	if _, v := h.Write(s.guest, []byte("1"), 0); v.Errno != syscall.EACCES || len(v.Records) != 1 {
		t.Errorf("threshold by a guest: %+v", v)
	}
	dir, _ := s.Lookup("avc")
	var names []string
	for _, child := range s.Children(dir) {
		names = append(names, child.Name())
	}
	if got := strings.Join(names, " "); got != "cache_threshold hash_stats cache_stats" || dir.Ino() != 24 {
		t.Errorf("avc (%d) has %s", dir.Ino(), got)
	}
}
