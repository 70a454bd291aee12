package resolve

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"seward/format/cil/syntax"
	"seward/format/diag"
)

// hostile are texts that are small and try to cost much.
func hostile() map[string]string {
	rep := strings.Repeat
	lines := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
			b.WriteByte('\n')
		}
		return b.String()
	}
	return map[string]string{
		"macro that calls itself": "(macro m () (call m))(call m)",
		"macros in a circle":      lines(1000, func(i int) string { return fmt.Sprintf("(macro m%d () (call m%d))", i, (i+1)%1000) }) + "(call m0)",
		"macros that double": lines(40, func(i int) string { return fmt.Sprintf("(macro m%d () (call m%d) (call m%d))", i, i+1, i+1) }) +
			"(macro m40 () (allow base_t base_t (file (read))))(call m0)",
		"long chain of macros": lines(15000, func(i int) string { return fmt.Sprintf("(macro m%d () (call m%d))", i, i+1) }) + "(macro m15000 ())(call m0)",
		"long chain with arguments": lines(4000, func(i int) string {
			return fmt.Sprintf("(macro m%d ((type t)) (call m%d (t)) (allow t t (file (read))))", i, i+1)
		}) +
			"(macro m4000 ((type t)))(call m0 (base_t))",
		"blocks that double": lines(40, func(i int) string {
			return fmt.Sprintf("(block b%d (block x (blockinherit b%d)) (block y (blockinherit b%d)))", i, i+1, i+1)
		}) +
			"(block b40 (type t))",
		"inheritance in a circle": lines(100, func(i int) string { return fmt.Sprintf("(block b%d (blockinherit b%d))", i, (i+1)%100) }),
		"nested blocks that inherit": lines(18, func(i int) string { return fmt.Sprintf("(block b%d", i) }) + "(type t)" +
			lines(18, func(i int) string { return fmt.Sprintf(")(blockinherit b%d)", 17-i) }),
		"deep blocks":                 rep("(block b (type t)", 4000) + rep(")", 4000),
		"deep blocks with long names": lines(4000, func(int) string { return "(block " + rep("n", 2000) }) + rep(")", 4000),
		"deep optionals":              rep("(optional o ", 4000) + "(allow gone gone (file (read)))" + rep(")", 4000),
		"deep expression":             "(typeattribute a)(typeattributeset a " + rep("(not ", 4000) + "base_t" + rep(")", 4000) + ")",
		"chain of optionals": lines(4000, func(i int) string {
			return fmt.Sprintf("(optional o%d (type t%d) (allow t%d t%d (file (read))))", i, i, i, i+1)
		}),
		"chain of optionals with aliases": lines(3000, func(i int) string {
			return fmt.Sprintf("(optional o%d (typealias t%d) (typealiasactual t%d t%d))", i, i, i, i+1)
		}),
		"in-statements that wait for each other": lines(2000, func(i int) string {
			return fmt.Sprintf("(in b%s (block b))", rep(".b", i%200))
		}),
		"many names alike": lines(20000, func(i int) string { return fmt.Sprintf("(type type_number_%d)", i) }) + lines(2000, func(i int) string { return fmt.Sprintf("(allow type_numbr_%d base_t (file (read)))", i) }),
		"categories reversed": lines(3000, func(i int) string { return fmt.Sprintf("(category k%d)", i) }) +
			"(categoryorder (c2" + lines(3000, func(i int) string { return fmt.Sprintf(" k%d", i) }) + "))" +
			"(categoryorder (" + lines(3000, func(i int) string { return fmt.Sprintf(" k%d", 2999-i) }) + "))",
		"attributes in a chain": lines(5000, func(i int) string {
			return fmt.Sprintf("(typeattribute a%d)(typeattributeset a%d (a%d))", i, i, i+1)
		}) + "(typeattribute a5000)",
		"wide map class": "(classmap m (" + lines(5000, func(i int) string { return fmt.Sprintf("p%d", i) }) + "))" +
			lines(5000, func(i int) string { return fmt.Sprintf("(classmapping m p%d (file (read)))", i) }) +
			lines(100, func(i int) string { return "(allow base_t base_t (m (not (p1))))" }),
	}
}

func TestHostile(t *testing.T) {
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			db, errs := resolveText(text, nil)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			mb := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%d bytes: %d errors, %v, %d MB allocated", len(text), len(errs), took, mb)
			if (db == nil) == (errs == nil) {
				t.Error("neither or both of value and error")
			}
			// Generous, since machines are busy and slow.
			if took > 30*time.Second || mb > 1500 {
				t.Errorf("took %v and %d MB", took, mb)
			}
			for _, e := range errs {
				if len(e.Notes) > 40 {
					t.Errorf("%d notes", len(e.Notes))
				}
			}
		})
	}
}

func TestExpansionLimit(t *testing.T) {
	text := "(macro m () (allow base_t base_t (file (read))))" + strings.Repeat("(call m)", 100)
	if _, err := resolveText(text, &Options{MaxExpansion: 1}); err == nil || !strings.Contains(err.Error(), "too many statements") {
		t.Errorf("got %v", err)
	}
	if _, err := resolveText(text, nil); err != nil {
		t.Error(err)
	}
}

func FuzzResolve(f *testing.F) {
	for _, text := range []string{
		"(type a)(allow a a (file (read)))",
		"(block a (type t) (macro m ((type x)) (allow x t (file (read)))))(block b (blockinherit a) (call m (t)))(in b (type y))",
		"(optional o (type a) (optional p (allow a gone (file (read)))))(optional q (allow a a (file (read))))",
		"(tunable b true)(tunableif b (true (type a)) (false (type b)))(boolean c true)(booleanif c (true (allow base_t base_t (file (read)))))",
		"(classmap m (a b))(classmapping m a (file (read)))(classmapping m b (m (a)))(allow base_t base_t (m (not (a))))",
		"(typealias a)(typealiasactual a base_t)(categoryset s (range c0 c1))(level l (s0 (s)))",
		"(macro m ((level l)(classpermission p)(string s)(ipaddr i)) (filecon s any ()) (allow base_t self p) (userlevel u l))(call m ((s0 (c0)) (file (all)) \"x\" 10.0.0.0))",
		"(category c3)(categoryorder (c2 c3))(class x (a))(classorder (unordered x))",
		"(block a (block b (type t)) (in b (type u)))(in after a.b (macro m ()))(call a.b.m)",
		"(typeattribute x)(typeattributeset x (and (all) (not (or base_t x))))(typebounds base_t base_t)",
	} {
		f.Add(text, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, flags uint8) {
		opts := &Options{
			MultipleDecls: flags&1 != 0, QualifiedNames: flags&2 != 0, PreserveTunables: flags&4 != 0,
			CondXperms: flags&8 != 0, MaxExpansion: 20000,
		}
		db, errs := resolveText(text, opts)
		if (db == nil) == (len(errs) == 0) {
			t.Fatal("neither or both of value and error")
		}
		for _, e := range errs {
			if e.Error() == "" {
				t.Error("empty error")
			}
		}
		if db != nil {
			dump(db) // reads every identifier
		}
	})
}

// TestDeterministic checks that the result doesn't depend on how work was
// shared.
func TestDeterministic(t *testing.T) {
	var srcs []*diag.File
	for i := range 20 {
		srcs = append(srcs, diag.NewFile(fmt.Sprint(i), []byte(fmt.Sprintf(
			"(type t%d)(block b%d (type x%d) (macro m ((type y)) (allow y x%d (file (read)))))(call b%d.m (t%d))(optional o (allow t%d gone%d (file (read))))",
			i, i, i, i, i, 19-i, i, i))))
	}
	srcs = append(srcs, diag.NewFile("base", []byte(base)))
	first := ""
	for range 5 {
		files, names := syntax.ParseAll(srcs, nil)
		db, err := Resolve(files, names, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := dump(db) + strings.Join(db.Names, " ")
		if first == "" {
			first = got
		}
		if got != first {
			t.Error("differs from the first time")
		}
	}
}
