package label_test

import (
	"regexp"
	"strings"
	"testing"

	"seward/label"
)

// FuzzParse reads arbitrary text as file contexts: it must give entries or an
// error, and what it gives must look up as its regular expression says.
func FuzzParse(f *testing.F) {
	f.Add([]byte("/usr/bin/foo\t--\tsystem_u:object_r:bin_t:s0\n"), "/usr/bin/foo")
	f.Add([]byte("/a(/.*)? u:r:t\n# x\n/a/b -d <<none>>\n"), "/a/b")
	f.Add([]byte("/[^/]+x?|y{2,3}\\.z u:r:t"), "/q")
	f.Add([]byte("(a|b)*[[:alpha:]]\\d$ u:r:t"), "/ab1")
	f.Add([]byte("/x\\bq u:r:t\n/.* u:r:u"), "/x\xff\n")
	f.Fuzz(func(t *testing.T, data []byte, path string) {
		if len(data) > 1<<16 || len(path) > 1<<10 {
			return
		}
		specs, err := label.ParseFileContexts("fuzz", data)
		if (specs == nil) == (err == nil) {
			t.Fatalf("got specs %v and error %v", specs != nil, err)
		}
		if err != nil {
			return
		}
		specs.Lookup(path, 0)
		clean := path == "" || strings.Contains(path, "//") || len(path) > 1 && strings.HasSuffix(path, "/")
		if clean {
			return
		}
		var want *label.Spec
		for spec := range specs.All() {
			re, err := regexp.Compile("(?s)^" + spec.Pattern + "$")
			if err != nil {
				t.Fatalf("pattern %q was accepted: %v", spec.Pattern, err)
			}
			if re.MatchString(latin1(path)) {
				want = spec
			}
		}
		if got := specs.Match(path, 0); got != want {
			t.Fatalf("%q: got %+v, want %+v", path, got, want)
		}
	})
}

func latin1(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}
