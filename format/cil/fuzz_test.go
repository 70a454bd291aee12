package cil_test

import (
	"testing"

	"seward/format/cil"
	"seward/policy"
)

// FuzzCompile compiles a policy with something unknown in it: a policy or an
// error.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{
		"(type a)(allow a a (c (p)))",
		"(typeattribute a)(typeattributeset a (not base_t))(allow a self (c (all)))(neverallow a a (c (q)))",
		"(boolean b true)(booleanif (not b) (true (allow base_t base_t (c (p)))) (false (typetransition base_t base_t c base_t)))",
		"(deny base_t base_t (c (p)))(allow base_t notself (c (p)))(type b)(typebounds base_t b)",
		"(constrain (c (p)) (or (eq t1 base_t) (and (eq u1 u2) (dom r1 r2))))(mlsconstrain (c (q)) (dom l1 h2))",
		"(filecon \"/a(/.*)?\" file (u r base_t ((s0) (s0))))(genfscon proc / (u r base_t ((s0) (s0))))",
		"(classmap m (x))(classmapping m x (c (p)))(allow base_t base_t (m (x)))(defaultrange m target high)",
		"(role q)(roletransition r base_t c q)(roleallow r q)(rangetransition base_t base_t c ((s0) (s0 (c0))))",
		"(class d (ioctl))(classorder (c d))(allowx base_t base_t (ioctl d (range 1 0x2000)))",
		"(typetransition base_t base_t c \"name\" base_t)(typealias z)(typealiasactual z base_t)(policycap open_perms)",
	} {
		f.Add(text, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, flags uint8) {
		opts := &cil.Options{
			Version:           policy.VersionMin + uint32(flags>>4)%(policy.VersionMax-policy.VersionMin+1),
			MultipleDecls:     flags&1 != 0,
			PreserveTunables:  flags&2 != 0,
			DisableNeverallow: flags&4 != 0,
			Optimize:          flags&8 != 0,
			MaxExpansion:      20000,
		}
		res, err := cil.Compile([]cil.Source{{Name: "fuzz.cil", Data: []byte(header + text)}}, opts)
		if (res == nil) == (err == nil) {
			t.Error("neither or both of value and error")
		}
	})
}
