package compile_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/format/cil/compile"
	"seward/format/cil/resolve"
	"seward/internal/policycmp"
	"seward/policy"
)

// base is what every policy needs, before the statements under test.
const base = `
(handleunknown allow) (mls true)
(sid kernel) (sidorder (kernel)) (sidcontext kernel (u r t ((s0) (s0))))
(class file (read write ioctl)) (class dir (read search ioctl)) (class process (transition))
(classorder (file dir process))
(sensitivity s0) (sensitivity s1) (sensitivityorder (s0 s1))
(category c0) (category c1) (category c2) (categoryorder (c0 c1 c2))
(sensitivitycategory s0 (all)) (sensitivitycategory s1 (c0 c1))
(role object_r) (role r) (roletype r t) (roletype object_r t)
(user u) (userrole u r) (userrole u object_r) (userlevel u (s0)) (userrange u ((s0) (s1 (c0 c1))))
(type t) (type o) (type p)
(typeattribute a) (typeattributeset a (t o))
(boolean b true)
(allow t self (process (transition)))
`

// statements returns those statements of a policy that match a pattern.
func statements(t *testing.T, p *policy.Policy, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var out []string
	for _, s := range policycmp.Statements(p) {
		if re.MatchString(s) {
			out = append(out, s)
		}
	}
	return out
}

func TestMeaning(t *testing.T) {
	for name, tt := range map[string]struct {
		text    string
		opts    compile.Options
		pattern string
		want    []string
	}{
		"rules are merged": {
			text:    `(allow t o (file (read))) (allow t o (file (write))) (allow t o (file (read)))`,
			pattern: `^allow t o`, want: []string{"allow t o:file { read write }"},
		},
		"attributes stay": {
			text:    `(allow a p (file (read))) (allow p a (file (write)))`,
			pattern: `^(allow \w+ \w+:file|attribute)`, want: []string{"allow a p:file { read }", "allow p a:file { write }", "attribute a"},
		},
		"attribute in type rules only": {
			text:    `(typetransition a p file t)`,
			pattern: `^(type_transition|attribute)`, want: []string{"type_transition o p:file t", "type_transition t p:file t"},
		},
		"small attributes are expanded": {
			text: `(allow a p (file (read)))`, opts: compile.Options{ExpandSize: 3},
			pattern: `^(allow . .:file|attribute)`, want: []string{"allow o p:file { read }", "allow t p:file { read }"},
		},
		"expandtypeattribute true": {
			text:    `(expandtypeattribute a true) (allow a p (file (read)))`,
			pattern: `^(allow . .:file|attribute)`, want: []string{"allow o p:file { read }", "allow t p:file { read }"},
		},
		"expandtypeattribute false wins": {
			text:    `(expandtypeattribute a false) (allow a p (file (read)))`,
			opts:    compile.Options{ExpandGenerated: true},
			pattern: `^(allow . .:file|attribute)`, want: []string{"allow a p:file { read }", "attribute a"},
		},
		"made-up attributes": {
			text: `(typeattribute m_typeattr_1) (typeattributeset m_typeattr_1 (t p)) (allow m_typeattr_1 o (file (read)))`,
			opts: compile.Options{ExpandGenerated: true}, pattern: `^(allow . .:file|attribute)`,
			want: []string{"allow p o:file { read }", "allow t o:file { read }"},
		},
		"an attribute without types": {
			text:    `(typeattribute none) (allow none o (file (read)))`,
			pattern: `^(allow \w+ .:file|attribute)`,
		},
		"sets": {
			text: `(typeattribute x) (typeattributeset x (and (all) (not (t)))) (typeattributeset x (xor (t o) (o)))
				(typeattribute y) (typeattributeset y (or (and (x a) (not x)) (p))) (allow x t (file (read))) (allow y t (file (read)))`,
			pattern: `^typeattribute`,
			want:    []string{"typeattribute o x", "typeattribute p x", "typeattribute p y", "typeattribute t x"},
		},
		"self": {
			text: `(allow a self (file (read)))`, pattern: `^allow . .:file`,
			want: []string{"allow o o:file { read }", "allow t t:file { read }"},
		},
		"notself": {
			text: `(allow a notself (file (read)))`, pattern: `^allow . .:file`,
			want: []string{"allow o p:file { read }", "allow o t:file { read }", "allow t o:file { read }", "allow t p:file { read }"},
		},
		"other": {
			text: `(allow a other (file (read)))`, pattern: `^allow . .:file`,
			want: []string{"allow o t:file { read }", "allow t o:file { read }"},
		},
		"class maps and permission sets": {
			text: `(classmap m (get put)) (classmapping m get (file (read))) (classmapping m get (dir (search))) (classmapping m put (file (write)))
				(classpermission s) (classpermissionset s (m (put))) (classpermissionset s (dir (not (search))))
				(allow t o (m (all))) (auditallow t o s)`,
			pattern: `^(audit)?allow t o`,
			want:    []string{"allow t o:dir { search }", "allow t o:file { read write }", "auditallow t o:dir { ioctl read }", "auditallow t o:file { write }"},
		},
		"dontaudit": {
			text: `(dontaudit t o (file (read))) (dontaudit t o (file (write)))`, pattern: `^dontaudit`,
			want: []string{"dontaudit t o:file { read write }"},
		},
		"dontaudit disabled": {
			text: `(dontaudit t o (file (read))) (dontauditx t o (ioctl file (1)))`, opts: compile.Options{DisableDontaudit: true},
			pattern: `^dontaudit`,
		},
		"extended permissions": {
			text: `(permissionx x (ioctl file (range 0x0100 0x0203))) (allowx t o x) (allowx t o (ioctl file (0x0210)))`, pattern: `^allowx`,
			want: []string{"allowxperm t o:file ioctl 0x02 { 0x00-0x03 0x10 }", "allowxperm t o:file ioctl drivers { 0x01 }"},
		},
		"conditionals with one meaning": {
			text: `(boolean c false)
				(booleanif (or b c) (true (allow t o (file (read)))))
				(booleanif (not (and (not b) (not c))) (true (allow t p (file (read)))))
				(booleanif (not (or c b)) (true (allow o p (file (read)))) (false (allow p o (file (read)))))`,
			pattern: `^if`,
			want: []string{
				"if (b || c) allow p o:file { read }", "if (b || c) allow t o:file { read }",
				"if not ((! b) && (! c)) allow t p:file { read }", "if not (b || c) allow o p:file { read }",
			},
		},
		"deny removes pairs": {
			text:    `(allow a a (file (read write))) (deny t o (file (read)))`,
			pattern: `^(allow|typeattribute)`,
			want: []string{
				"allow a a:file { write }", "allow o a:file { read }", "allow t t:file { read }", "allow t t:process { transition }", "typeattribute o a", "typeattribute t a",
			},
		},
		"deny self": {
			text: `(allow a a (file (read))) (deny a self (file (read)))`, pattern: `^allow . .:file`,
			want: []string{"allow o t:file { read }", "allow t o:file { read }"},
		},
		"deny of everything": {
			text:    `(allow t o (file (read))) (booleanif b (true (allow t o (file (read write))))) (deny a notself (file (read)))`,
			pattern: `allow . .:file`, want: []string{"if b allow t o:file { write }"},
		},
		"names of types": {
			text: `(typealias x) (typealiasactual x t) (typepermissive x) (typebounds p o)`, pattern: `^(typealias|permissive|typebounds)`,
			want: []string{"permissive t", "typealias x of t", "typebounds p o"},
		},
		"file name transitions": {
			text: `(typetransition a p file "n" t) (typetransition t p file "n" t) (typetransition p p file "n" o)`, pattern: `^type_transition`,
			want: []string{`type_transition o p:file t "n"`, `type_transition p p:file o "n"`, `type_transition t p:file t "n"`},
		},
		"role and range transitions": {
			text:    `(roleattribute ra) (roleattributeset ra (r object_r)) (roletransition ra a process r) (roleallow ra r) (rangetransition a p process ((s0) (s1 (range c0 c1))))`,
			pattern: `^(role_|allow role|range_)`,
			want: []string{
				"allow role object_r r", "allow role r r", "range_transition o p:process s0-s1:c0,c1", "range_transition t p:process s0-s1:c0,c1",
				"role_transition object_r o:process r", "role_transition object_r t:process r", "role_transition r o:process r", "role_transition r t:process r",
			},
		},
		"constraints": {
			text: `(constrain (file (read)) (or (eq t1 (a p)) (and (not (neq r2 r)) (dom h1 l2)))) (mlsvalidatetrans dir (eq u3 u))`, pattern: `^(constrain|validatetrans)`,
			want: []string{
				"constrain file { read } ((t1 eq { o p t }) or ((not (r2 neq { r })) and (h1 dom l2)))", "constraint names file { a p } flags 0",
				"validatetrans dir (u3 eq { u })",
			},
		},
		"without MLS": {
			text: `(mlsconstrain (file (read)) (dom h1 l2)) (constrain (file (write)) (eq u1 u2)) (rangetransition a p process ((s0) (s0)))`,
			opts: compile.Options{MLS: resolve.False}, pattern: `^(constrain|range_|sens|cat|sid)`,
			want: []string{"constrain file { write } (u1 eq u2)", "sid 1 u:r:t"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := compileText(base+tt.text, &tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, statements(t, result.Policy, tt.pattern)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []string // in the error's text
	}{
		"type rules":       {`(typetransition t o file p) (typetransition a o file t)`, []string{"conflicting type rules", `"t"`}},
		"named":            {`(typetransition t o file "x" p) (typetransition a o file "x" t)`, []string{`conflicting typetransition for "x"`}},
		"role transitions": {`(roletransition r t process r) (role q) (roletransition r t process q)`, []string{"conflicting role transitions"}},
		"range transitions": {
			`(rangetransition t o process ((s0) (s0))) (rangetransition a o process ((s0) (s1)))`,
			[]string{"conflicting range transitions"},
		},
		"ports":         {`(portcon tcp 80 (u r t ((s0) (s0)))) (portcon tcp (80 80) (u object_r t ((s0) (s0))))`, []string{"conflicting portcon", "the other one"}},
		"files":         {`(filecon "/x" any ()) (filecon "/x" any (u r t ((s0) (s0))))`, []string{"conflicting filecon"}},
		"defaults":      {`(defaultuser file source) (defaultuser (dir file) target)`, []string{`class "file" already has another default user`}},
		"role of user":  {`(role q) (filecon "/x" any (u q t ((s0) (s0))))`, []string{`role "q" is not allowed for user "u"`}},
		"type of role":  {`(filecon "/x" any (u r o ((s0) (s0))))`, []string{`type "o" is not allowed for role "r"`}},
		"user's range":  {`(user v) (userrole v r) (userlevel v (s1)) (userrange v ((s1) (s1))) (filecon "/x" any (v r t ((s0) (s0))))`, []string{"outside of the range"}},
		"levels":        {`(levelrange x ((s1) (s0)))`, []string{`sensitivity "s1" of the low level is above "s0"`}},
		"low category":  {`(levelrange x ((s0 (c0 c1)) (s1 (c0))))`, []string{`category "c1" of the low level`}},
		"category":      {`(levelrange x ((s0) (s1 (c2))))`, []string{`category "c2" is not allowed for sensitivity "s1"`}},
		"backwards":     {`(categoryset x (range c2 c0))`, []string{"runs backwards"}},
		"neverallow":    {`(allow a o (file (read))) (neverallow t o (file (read write)))`, []string{"neverallow rule is violated", "(allow a o (file (read)))"}},
		"neverallowx":   {`(allow t o (file (ioctl))) (allowx t o (ioctl file (0x10 0x20))) (neverallowx t o (ioctl file (range 0x20 0x30)))`, []string{"neverallowx rule is violated"}},
		"type bounds":   {`(typebounds t o) (allow o p (file (read)))`, []string{`type "o" exceeds its parent "t"`, "(allow o p (file (read)))"}},
		"name under if": {`(booleanif b (true (typetransition t o file "x" p)))`, []string{"not allowed in a booleanif"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compileText(base+tt.text, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

// TestOrigins checks that every rule cites its statements.
func TestOrigins(t *testing.T) {
	result, err := compileText(base+"\n(allow t o (file (read)))\n(allow a o\n (file (read)))\n(allow t o (file (write)))\n(booleanif b (true\n (allow t p (file (read)))))", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := result.Policy
	first := uint32(strings.Count(base, "\n") + 2)
	cite := func(r *policy.Rule) (lines []uint32) {
		for _, o := range p.Origins(r) {
			if name, line := p.Position(o.Pos); name != "test.cil" {
				t.Errorf("rule is from %q", name)
			} else {
				lines = append(lines, line)
			}
		}
		return lines
	}
	file := p.ClassByName("file").ID
	typ := func(name string) policy.TypeID { return p.TypeByName(name).ID }
	for _, tt := range []struct {
		source string
		want   []uint32
	}{{"t", []uint32{first, first + 3}}, {"a", []uint32{first + 1}}} {
		for i := range p.Data().Rules {
			r := &p.Data().Rules[i]
			if r.Source == typ(tt.source) && r.Target == typ("o") && r.Class == file {
				if diff := cmp.Diff(tt.want, cite(r)); diff != "" {
					t.Errorf("source %s (-want +got):\n%s", tt.source, diff)
				}
			}
		}
	}
	if diff := cmp.Diff([]uint32{first + 5}, cite(&p.Data().Conditionals[0].True[0])); diff != "" {
		t.Errorf("conditional rule (-want +got):\n%s", diff)
	}
}

func TestFileContexts(t *testing.T) {
	result, err := compileText(base+`
(filecon "/usr/bin/x" file (u object_r t ((s0) (s1 (c0 c1)))))
(filecon "/usr/bin/.*" any (u object_r t ((s0) (s0))))
(filecon "/.*" dir ())
(filecon "/.*" any (u object_r t ((s0 (c0)) (s0 (all)))))
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "/.*\tu:object_r:t:s0:c0-s0:c0.c2\n/.*\t-d\t<<none>>\n/usr/bin/.*\tu:object_r:t:s0\n/usr/bin/x\t--\tu:object_r:t:s0-s1:c0,c1\n"
	if diff := cmp.Diff(want, string(result.FileContexts)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestBudget checks that texts which expand to more than their size are refused.
func TestBudget(t *testing.T) {
	var types, nested strings.Builder
	for i := range 200 {
		fmt.Fprintf(&types, "(type x%d)", i)
	}
	nested.WriteString("(classmap m0 (p)) (classmapping m0 p (file (read)))")
	for i := range 60 {
		fmt.Fprintf(&nested, "(classmap m%d (p)) (classmapping m%d p (m%d (p))) (classmapping m%d p (m%d (p)))", i+1, i+1, i, i+1, i)
	}
	for name, text := range map[string]string{
		"pairs":             types.String() + "(typeattribute e) (typeattributeset e (all)) (allow e notself (file (read)))",
		"type rules":        types.String() + "(typeattribute e) (typeattributeset e (all)) (typetransition e e file t)",
		"nested class maps": nested.String() + "(allow t o (m60 (p)))",
		"classes of maps":   nested.String() + "(typetransition t o m60 p)",
		"attributes":        types.String() + manyAttributes(200),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compileText(base+text, &compile.Options{MaxRules: 10000})
			if err == nil || !strings.Contains(err.Error(), "exceeds the limit of rules") {
				t.Errorf("error: %v", err)
			}
		})
	}
}

// manyAttributes declares attributes with all types.
func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "(typeattribute e%d) (typeattributeset e%d (all)) (allow e%d t (file (read)))", i, i, i)
	}
	return b.String()
}
