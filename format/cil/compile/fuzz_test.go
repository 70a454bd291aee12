package compile_test

import (
	"testing"

	"seward/format/cil/compile"
	"seward/format/diag"
	"seward/format/policydb"
)

// FuzzCompile feeds texts to the whole compiler: it ends in a policy that can be
// written and read again, or in an error.
func FuzzCompile(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(generate(seed, 33))
	}
	f.Add(base)
	f.Add(base + "(deny a notself (file (read))) (allow a other (file (all)))")
	f.Fuzz(func(t *testing.T, text string) {
		db, err := frontEnd([]*diag.File{diag.NewFile("fuzz.cil", []byte(text))}, true)
		if err != nil {
			return
		}
		result, err := compile.Compile(db, &compile.Options{Optimize: len(text)%2 == 0})
		if (err == nil) != (result != nil) {
			t.Fatalf("result %v and error %v", result, err)
		}
		if err != nil {
			return
		}
		image, err := policydb.Append(nil, result.Policy, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policydb.Read("fuzz", image); err != nil {
			t.Fatalf("own image: %v", err)
		}
	})
}
