package policy

import "testing"

func TestMatchWildcard(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"*", "", true},
		{"*", "/a/b", true},
		{"/a", "/a", true},
		{"/a", "/ab", false},
		{"/a*", "/ab/c", true},
		{"/a?c", "/abc", true},
		{"/a?c", "/ac", false},
		{"/*/c*d", "/a/b/cxcd", true},
		{"/*/c*d", "/a/b/cxc", false},
		{"**x**", "x", true},
		{"?", "", false},
	} {
		if got := matchWildcard(tt.pattern, tt.text); got != tt.want {
			t.Errorf("%q on %q: got %v", tt.pattern, tt.text, got)
		}
	}
}

func TestMatchGenFS(t *testing.T) {
	paths := []GenFSPath{{Path: "/net/rpc", Class: 2}, {Path: "/net"}, {Path: "/"}}
	var p Policy
	for _, tt := range []struct {
		path  string
		class ClassID
		want  int
	}{
		{"/net/rpc/x", 2, 0}, {"/net/rpc/x", 1, 1}, {"/network", 1, 1}, {"/x", 1, 2},
	} {
		if got := p.MatchGenFS(paths, tt.path, tt.class); got != &paths[tt.want] {
			t.Errorf("%s class %d: got %+v", tt.path, tt.class, got)
		}
	}
	if got := p.MatchGenFS(paths[:2], "/x", 1); got != nil {
		t.Errorf("got %+v", got)
	}
}
