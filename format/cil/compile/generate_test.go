package compile_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"seward/policy"
)

// generator writes random policies that use every construct that secilc 3.4
// knows. Most are valid; the others have conflicts that only show when sets are
// expanded, and must be refused.
type generator struct {
	*rand.Rand
	b strings.Builder

	types, attrs, roles, roleAttrs, users, userAttrs, bools, cats, sens []string
	mls                                                                 bool
	xperms                                                              bool
}

// Classes of generated policies, with their permissions.
var generatedClasses = []struct {
	name  string
	perms []string
}{
	{"file", []string{"ioctl", "read", "write", "create", "execute", "entrypoint"}},
	{"dir", []string{"ioctl", "read", "write", "create", "search", "add_name"}},
	{"chr_file", []string{"ioctl", "read", "write", "create"}},
	{"process", []string{"fork", "transition", "sigchld", "ptrace"}},
	{"sock", []string{"bind", "connect"}},
}

func (g *generator) printf(format string, args ...any) { fmt.Fprintf(&g.b, format+"\n", args...) }

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

// some returns a random, possibly repeating selection of at least one.
func (g *generator) some(list []string, most int) string {
	n := 1 + g.IntN(most)
	out := make([]string, n)
	for i := range out {
		out[i] = pick(g, list)
	}
	return strings.Join(out, " ")
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g *generator) names(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return out
}

// generate returns the policy of a seed for an image of a version.
func generate(seed uint64, version uint32) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	g.mls = g.chance(70)
	g.xperms = version >= policy.VersionXperms && g.chance(60)
	g.types = g.names("t", 4+g.IntN(12))
	g.attrs = append(g.names("a", 1+g.IntN(5)), "cil_gen_require", "x_typeattr_1", "x_typeattr_2")
	g.roles = append(g.names("r", 1+g.IntN(4)), "object_r")
	g.roleAttrs = g.names("ra", 1+g.IntN(2))
	g.users = g.names("u", 1+g.IntN(3))
	g.userAttrs = g.names("ua", 1)
	g.bools = g.names("b", 1+g.IntN(7))
	g.cats = g.names("c", 2+g.IntN(12))
	g.sens = g.names("s", 1+g.IntN(3))
	sections := []func(){
		g.header, g.declareClasses, g.declareTypes, g.declareRoles, g.declareMLS, g.declareUsers,
		g.vectorRules, g.extendedRules, g.typeRules, g.conditionals, g.roleRules, g.constraints, g.labels, g.blocks,
	}
	// The order of declarations and rules is free in CIL.
	g.Shuffle(len(sections), func(i, j int) { sections[i], sections[j] = sections[j], sections[i] })
	for _, section := range sections {
		section()
	}
	return g.b.String()
}

func (g *generator) header() {
	g.printf("(handleunknown %s)", pick(g, []string{"allow", "deny", "reject"}))
	g.printf("(mls %v)", g.mls)
	for _, name := range []string{"open_perms", "network_peer_controls", "nnp_nosuid_transition"} {
		if g.chance(40) {
			g.printf("(policycap %s)", name)
		}
	}
	g.printf("(sid kernel) (sid unlabeled) (sid init) (sidorder (kernel unlabeled)) (sidorder (unlabeled init))")
	g.printf("(sidcontext kernel %s)", g.context())
	if g.chance(50) {
		g.printf("(sidcontext init %s)", g.context())
	}
}

func (g *generator) declareClasses() {
	g.printf("(common base (ioctl read write create))")
	if g.chance(50) {
		g.printf("(common unused (p q))")
	}
	g.printf("(class dir (search add_name)) (classcommon dir base)")
	g.printf("(class file (execute entrypoint))\n(classcommon file base)")
	g.printf("(class chr_file ())\n(classcommon chr_file base)")
	g.printf("(class process (fork transition sigchld ptrace))\n(class sock (bind connect))")
	order := []string{"file", "dir", "chr_file", "process", "sock"}
	g.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	g.printf("(classorder (%s))\n(classorder (unordered %s))", strings.Join(order[:3], " "), strings.Join(order[3:], " "))

	g.printf("(classmap m (get put mix zero other))\n(classmap files (one two))")
	for _, perm := range []string{"get", "put", "mix", "zero", "other"} {
		g.printf("(classmapping m %s %s)", perm, g.plainPerms())
		if g.chance(40) {
			g.printf("(classmapping m %s %s)", perm, g.plainPerms())
		}
	}
	g.printf("(classmap devices (b a))\n(classmapping devices a (dir (read)))\n(classmapping devices b (chr_file (write)))")
	g.printf("(classmapping files one (file (read))) (classmapping files one (dir (not (read ioctl)))) (classmapping files two (m (get mix)))")
	g.printf("(classpermission set)\n(classpermissionset set %s)\n(classpermissionset set (m (%s)))", g.plainPerms(), g.some([]string{"get", "put", "zero"}, 2))
	for kind, value := range map[string]string{"defaultuser": "source", "defaultrole": "target", "defaulttype": "source"} {
		if g.chance(30) {
			g.printf("(%s %s %s)", kind, pick(g, []string{"file", "(file dir)", "m", "(files sock)"}), value)
		}
	}
	if g.chance(50) {
		g.printf("(defaultrange %s %s)", pick(g, []string{"file", "(process dir)", "files"}),
			pick(g, []string{"source low", "source high", "source low-high", "target low", "target high", "target low-high", "glblub"}))
	}
}

// plainPerms is a class with some permissions of it.
func (g *generator) plainPerms() string {
	class := pick(g, generatedClasses)
	switch g.IntN(8) {
	case 0:
		return fmt.Sprintf("(%s (all))", class.name)
	case 1:
		return fmt.Sprintf("(%s (not (%s)))", class.name, g.some(class.perms, 2))
	case 2:
		return fmt.Sprintf("(%s (and (%s) (not (%s))))", class.name, g.some(class.perms, 3), g.some(class.perms, 2))
	}
	return fmt.Sprintf("(%s (%s))", class.name, g.some(class.perms, 3))
}

// perms is what a rule may name.
func (g *generator) perms() string {
	switch g.IntN(8) {
	case 0:
		return "set"
	case 1:
		return fmt.Sprintf("(m (%s))", g.some([]string{"get", "put", "mix", "zero", "other"}, 3))
	case 2:
		return pick(g, []string{"(m (all))", "(m (not (get)))", "(files (all))", "(m (xor (get put) (put mix)))"})
	}
	return g.plainPerms()
}

func (g *generator) typeExpr(depth int) string {
	both := append(append([]string{}, g.types...), g.attrs[:1]...)
	if depth == 0 {
		return fmt.Sprintf("(%s)", g.some(g.types, 4))
	}
	switch g.IntN(7) {
	case 0:
		return fmt.Sprintf("(not %s)", g.typeExpr(depth-1))
	case 1:
		return fmt.Sprintf("(and %s %s)", g.typeExpr(depth-1), g.typeExpr(depth-1))
	case 2:
		return fmt.Sprintf("(or %s %s)", g.typeExpr(depth-1), g.typeExpr(depth-1))
	case 3:
		return fmt.Sprintf("(xor %s %s)", g.typeExpr(depth-1), g.typeExpr(depth-1))
	case 4:
		return pick(g, []string{"(all)", "(and (all) (not (" + g.some(g.types, 3) + ")))"})
	}
	return fmt.Sprintf("(%s)", g.some(both, 4))
}

func (g *generator) declareTypes() {
	for _, t := range g.types {
		g.printf("(type %s)", t)
		if g.chance(15) {
			g.printf("(typealias %s_alias)\n(typealiasactual %s_alias %s)", t, t, t)
		}
	}
	for i, a := range g.attrs {
		g.printf("(typeattribute %s)", a)
		// The first attribute occurs in the others' sets.
		if i == 0 || g.chance(30) {
			if g.chance(85) {
				g.printf("(typeattributeset %s (%s))", a, g.some(g.types, 4))
			}
			continue
		}
		for range 1 + g.IntN(2) {
			g.printf("(typeattributeset %s %s)", a, g.typeExpr(g.IntN(3)))
		}
		if g.chance(20) {
			g.printf("(expandtypeattribute %s %v)", a, g.chance(50))
		}
	}
	if g.chance(40) {
		g.printf("(typepermissive %s)", pick(g, g.types))
	}
	if g.chance(30) {
		g.printf("(typebounds t0 t1)")
	}
	g.printf("(neverallow %s %s %s)", pick(g, g.attrs), pick(g, g.attrs), g.plainPerms())
}

func (g *generator) declareRoles() {
	declared := append([]string{}, g.roles...)
	g.Shuffle(len(declared), func(i, j int) { declared[i], declared[j] = declared[j], declared[i] })
	for _, r := range declared {
		g.printf("(role %s)", r)
	}
	g.printf("(typeattribute every)\n(typeattributeset every (all))\n(expandtypeattribute every %v)", g.chance(50))
	for _, a := range g.roleAttrs {
		g.printf("(roleattribute %s)\n(roleattributeset %s (%s))", a, a, g.some(g.roles, 3))
		if g.chance(40) {
			g.printf("(roletype %s %s)", a, pick(g, append(g.types, g.attrs...)))
		}
	}
	g.printf("(roletype object_r every)\n(roletype r0 every)")
	for _, r := range g.roles {
		g.printf("(roletype %s %s)", r, pick(g, append(g.types, g.attrs...)))
	}
	if len(g.roles) > 3 && g.chance(50) {
		g.printf("(rolebounds r0 r1)")
	}
}

func (g *generator) catExpr() string {
	switch g.IntN(6) {
	case 0:
		i := g.IntN(len(g.cats))
		return fmt.Sprintf("(range %s %s)", g.cats[i], g.cats[i+g.IntN(len(g.cats)-i)])
	case 1:
		return "(all)"
	case 2:
		return fmt.Sprintf("(not (%s))", g.some(g.cats, 3))
	case 3:
		return "(cs)"
	}
	return fmt.Sprintf("(%s)", g.some(g.cats, 6))
}

func (g *generator) level() string {
	if g.chance(30) {
		return fmt.Sprintf("(%s)", pick(g, g.sens))
	}
	return fmt.Sprintf("(%s %s)", pick(g, g.sens), g.catExpr())
}

// levelRange is a valid range.
func (g *generator) levelRange() string {
	i := g.IntN(len(g.sens))
	j := i + g.IntN(len(g.sens)-i)
	switch g.IntN(5) {
	case 0:
		return "((s0) (s0))"
	case 1:
		return "whole"
	case 2:
		l := g.level()
		return fmt.Sprintf("(%s %s)", l, l)
	case 3:
		return fmt.Sprintf("((%s) (%s %s))", g.sens[i], g.sens[j], g.catExpr())
	}
	return fmt.Sprintf("((%s (%s)) (%s (all)))", g.sens[i], g.some(g.cats, 5), g.sens[j])
}

func (g *generator) declareMLS() {
	for _, c := range g.cats {
		g.printf("(category %s)", c)
	}
	g.printf("(categoryorder (%s))", strings.Join(g.cats, " "))
	g.printf("(categoryalias ca) (categoryaliasactual ca %s)", pick(g, g.cats))
	g.printf("(categoryset cs (%s))", g.some(g.cats, 4))
	for _, s := range g.sens {
		g.printf("(sensitivity %s)\n(sensitivitycategory %s (%s))\n(sensitivitycategory %s (all))", s, s, g.some(g.cats, 3), s)
	}
	g.printf("(sensitivityorder (%s))", strings.Join(g.sens, " "))
	g.printf("(sensitivityalias sa) (sensitivityaliasactual sa %s)", pick(g, g.sens))
	g.printf("(level low (s0))\n(level high (%s (all)))\n(levelrange whole (low high))", g.sens[len(g.sens)-1])
}

func (g *generator) declareUsers() {
	for _, u := range g.users {
		g.printf("(user %s)\n(userrole %s r0)\n(userrole %s object_r)\n(userlevel %s low)\n(userrange %s whole)", u, u, u, u, u)
		if g.chance(50) {
			g.printf("(userrole %s %s)", u, pick(g, append(g.roles, g.roleAttrs...)))
		}
		if g.chance(30) {
			g.printf("(userprefix %s prefix)\n(selinuxuser login_%s %s whole)", u, u, u)
		}
	}
	for _, a := range g.userAttrs {
		g.printf("(userattribute %s)\n(userattributeset %s (%s))\n(userrole %s %s)", a, a, g.some(g.users, 2), a, pick(g, g.roles))
	}
}

func (g *generator) source() string {
	return pick(g, append(append([]string{}, g.types...), g.attrs...))
}

func (g *generator) target() string {
	if g.chance(20) {
		return "self"
	}
	return g.source()
}

func (g *generator) vectorRules() {
	for range 5 + g.IntN(30) {
		g.printf("(%s %s %s %s)", pick(g, []string{"allow", "allow", "allow", "auditallow", "dontaudit"}), g.source(), g.target(), g.perms())
	}
}

func (g *generator) xpermExpr() string {
	number := func() int { return g.IntN(4)<<8 | g.IntN(256) }
	switch g.IntN(6) {
	case 0:
		low := g.IntN(0x800)
		return fmt.Sprintf("(range 0x%x 0x%x)", low, low+g.IntN(0x500))
	case 1:
		return fmt.Sprintf("(not (range 0x%x 0x%x))", g.IntN(0x100), 0xf000+g.IntN(0xfff))
	case 2:
		return "(range 0x0200 0x02ff)"
	case 3:
		return fmt.Sprintf("(and (range 0 0x3ff) (not (%d 0x%x)))", number(), number())
	}
	return fmt.Sprintf("(0x%x %d 0x%x)", number(), number(), number())
}

func (g *generator) extendedRules() {
	if !g.xperms {
		return
	}
	g.printf("(permissionx px (ioctl file %s))\n(permissionx pm (ioctl devices %s))", g.xpermExpr(), g.xpermExpr())
	for range 1 + g.IntN(12) {
		permx := pick(g, []string{"px", "pm", fmt.Sprintf("(ioctl %s %s)", pick(g, []string{"file", "dir", "chr_file"}), g.xpermExpr())})
		g.printf("(%s %s %s %s)", pick(g, []string{"allowx", "auditallowx", "dontauditx"}), g.source(), g.target(), permx)
	}
}

// typeRule is a type rule whose result mostly is the same for all rules of its
// kind, so that few policies have conflicts.
func (g *generator) typeRule() string {
	kind := pick(g, []string{"typetransition", "typechange", "typemember"})
	result := g.types[len(kind)%3]
	if g.chance(2) {
		result = pick(g, g.types)
	}
	return fmt.Sprintf("(%s %s %s %s %s)", kind, g.source(), g.target(), pick(g, []string{"file", "dir", "process", "files"}), result)
}

func (g *generator) typeRules() {
	for range g.IntN(8) {
		g.printf("%s", g.typeRule())
	}
	for range g.IntN(8) {
		name := pick(g, []string{"x", "log", "passwd", "a b"})
		g.printf("(typetransition %s %s %s %q %s)", g.source(), g.target(), pick(g, []string{"file", "dir", "files"}), name, g.types[len(name)%4])
	}
	if g.chance(30) {
		g.printf("(typetransition %s %s process \"*\" %s)", g.source(), g.source(), g.types[len("typetransition")%3])
	}
}

// boolExpr names booleans in ascending order. libsepol mixes up expressions that
// differ just in the order of the booleans.
func (g *generator) boolExpr(from, depth int) string {
	if depth == 0 || from+1 >= len(g.bools) {
		return g.bools[min(from+g.IntN(2), len(g.bools)-1)]
	}
	sub := func(at int) string { return g.boolExpr(at, depth-1) }
	switch g.IntN(8) {
	case 0, 1:
		return fmt.Sprintf("(not %s)", sub(from))
	case 2:
		return fmt.Sprintf("(and %s %s)", g.bools[from], sub(from+1))
	case 3:
		return fmt.Sprintf("(or %s %s)", g.bools[from], sub(from+1))
	case 4:
		return fmt.Sprintf("(xor %s %s)", g.bools[from], sub(from+1))
	case 5:
		return fmt.Sprintf("(eq %s %s)", g.bools[from], sub(from+1))
	case 6:
		return fmt.Sprintf("(neq %s %s)", g.bools[from], sub(from+1))
	}
	return g.bools[from]
}

func (g *generator) conditionals() {
	for _, b := range g.bools {
		g.printf("(boolean %s %v)", b, g.chance(50))
	}
	g.printf("(tunable tun %v)", g.chance(50))
	branch := func() string {
		var b strings.Builder
		for range 1 + g.IntN(4) {
			switch g.IntN(6) {
			case 0:
				b.WriteString(g.typeRule())
			default:
				fmt.Fprintf(&b, "(%s %s %s %s)", pick(g, []string{"allow", "allow", "auditallow", "dontaudit"}), g.source(), g.target(), g.perms())
			}
		}
		return b.String()
	}
	for range g.IntN(7) {
		expr := g.boolExpr(0, g.IntN(4))
		switch g.IntN(3) {
		case 0:
			g.printf("(booleanif %s (true %s))", expr, branch())
		case 1:
			g.printf("(booleanif %s (false %s))", expr, branch())
		default:
			g.printf("(booleanif %s (true %s) (false %s))", expr, branch(), branch())
		}
	}
	g.printf("(tunableif tun (true %s) (false (booleanif b0 (true %s))))", branch(), branch())
}

func (g *generator) roleRules() {
	roles := append(append([]string{}, g.roles...), g.roleAttrs...)
	for range g.IntN(4) {
		g.printf("(roleallow %s %s)", pick(g, roles), pick(g, roles))
	}
	for range g.IntN(3) {
		g.printf("(roletransition %s %s %s r0)", pick(g, roles), g.source(), pick(g, []string{"process", "file", "files"}))
	}
	for range g.IntN(3) {
		g.printf("(rangetransition %s %s %s whole)", g.source(), g.source(), pick(g, []string{"process", "m"}))
	}
}

func (g *generator) constraintExpr(depth int, transition bool) string {
	if depth > 0 && g.chance(60) {
		switch g.IntN(3) {
		case 0:
			return fmt.Sprintf("(not %s)", g.constraintExpr(depth-1, transition))
		case 1:
			return fmt.Sprintf("(and %s %s)", g.constraintExpr(depth-1, transition), g.constraintExpr(depth-1, transition))
		}
		return fmt.Sprintf("(or %s %s)", g.constraintExpr(depth-1, transition), g.constraintExpr(depth-1, transition))
	}
	op := pick(g, []string{"eq", "neq"})
	which := pick(g, []string{"1", "2"})
	if transition && g.chance(40) {
		which = "3"
	}
	switch g.IntN(8) {
	case 0:
		return fmt.Sprintf("(%s t1 t2)", op)
	case 1:
		return fmt.Sprintf("(%s u1 u2)", op)
	case 2:
		return fmt.Sprintf("(%s r1 r2)", pick(g, []string{"eq", "neq", "dom", "domby", "incomp"}))
	case 3:
		return fmt.Sprintf("(%s u%s %s)", op, which, pick(g, []string{g.users[0], "ua0", "(" + g.some(append(g.users, g.userAttrs...), 2) + ")"}))
	case 4:
		return fmt.Sprintf("(%s r%s %s)", op, which, pick(g, []string{g.roles[0], "ra0", "(" + g.some(append(g.roles, g.roleAttrs...), 2) + ")"}))
	case 5:
		return fmt.Sprintf("(%s %s)", pick(g, []string{"eq", "neq", "dom", "domby", "incomp"}),
			pick(g, []string{"l1 l2", "l1 h2", "h1 l2", "h1 h2", "l1 h1", "l2 h2"}))
	}
	return fmt.Sprintf("(%s t%s %s)", op, which, pick(g, []string{g.types[0], g.attrs[0], "(" + g.some(append(g.types, g.attrs...), 3) + ")"}))
}

func (g *generator) constraints() {
	for range g.IntN(5) {
		g.printf("(%s %s %s)", pick(g, []string{"constrain", "mlsconstrain"}), g.perms(), g.constraintExpr(2, false))
	}
	for range g.IntN(3) {
		g.printf("(%s %s %s)", pick(g, []string{"validatetrans", "mlsvalidatetrans"}), pick(g, []string{"file", "dir", "files"}), g.constraintExpr(2, true))
	}
}

func (g *generator) context() string {
	if g.chance(20) {
		return "named"
	}
	return fmt.Sprintf("(%s %s %s %s)", pick(g, g.users), pick(g, []string{"r0", "object_r"}), pick(g, g.types), g.levelRange())
}

func (g *generator) labels() {
	g.printf("(context named (%s object_r %s ((s0) (s0))))", g.users[0], pick(g, g.types))
	for i := range g.IntN(6) {
		g.printf("(portcon %s %d %s)", pick(g, []string{"tcp", "udp", "dccp", "sctp"}), 80+i, g.context())
		g.printf("(portcon %s (%d %d) %s)", pick(g, []string{"tcp", "udp"}), 1000*i+100, 1000*i+100+g.IntN(200), g.context())
	}
	for i := range g.IntN(4) {
		g.printf("(nodecon (10.%d.0.0) (255.%d.0.0) %s)", i, g.IntN(256), g.context())
		g.printf("(nodecon (fe80::%d) (ffff:%x::) %s)", i, g.IntN(0x10000), g.context())
		g.printf("(netifcon eth%d %s %s)", g.IntN(4)*10+i, g.context(), g.context())
		g.printf("(ibpkeycon %s (%d %d) %s)", pick(g, []string{"fe80::", "10::", "9::"}), i, i+g.IntN(9), g.context())
		g.printf("(ibendportcon mlx%d %d %s)", g.IntN(3), i+1, g.context())
		g.printf("(fsuse %s fs%d %s)", pick(g, []string{"xattr", "task", "trans"}), i, g.context())
	}
	for _, path := range []string{"/", "/sys", "/a/b", "/a"} {
		if g.chance(50) {
			g.printf("(genfscon proc %q %s)\n(genfscon sysfs %q %s)", path, g.context(), path, g.context())
		}
	}
	if g.chance(50) {
		g.printf("(genfscon kinds \"/x\" %s %s)", pick(g, []string{"file", "dir", "char", "any"}), g.context())
	}
	for i := range g.IntN(12) {
		path := pick(g, []string{"/usr/bin/.*", "/usr/bin/x", "/var(/.*)?", "/a\\.b", "/e/[ab]", "/dev/sd[^/]*", "/etc/passwd", "/long/path+"})
		context := g.context()
		if g.chance(15) {
			context = "()"
		}
		g.printf("(filecon %q %s %s)", fmt.Sprintf("%s%d", path, i), pick(g, []string{"file", "any", "dir", "symlink", "pipe", "socket", "block", "char"}), context)
	}
}

// blocks uses namespaces, inheritance, macros, in-statements and optionals.
func (g *generator) blocks() {
	g.printf("(macro mac ((type subject) (class cls) (name file))\n  (allow subject %s (cls (read)))\n  (typetransition subject %s cls file %s))",
		pick(g, g.types), pick(g, g.types), g.types[3])
	g.printf("(call mac (%s file \"fn\"))\n(call mac (%s dir \"fn2\"))", pick(g, g.types), pick(g, g.types))
	g.printf("(block base_block (blockabstract base_block)\n  (type inner) (roletype object_r inner)\n  (allow inner self %s)\n  (block deep (type inner) (allow inner .t0 %s)))", g.plainPerms(), g.plainPerms())
	g.printf("(block one (blockinherit base_block) (allow inner %s %s))", pick(g, g.types), g.plainPerms())
	g.printf("(block two (blockinherit base_block) (typeattribute att) (typeattributeset att (inner one.inner t1)) (allow att inner %s))", g.plainPerms())
	g.printf("(in one (allow inner two.inner %s))", g.plainPerms())
	g.printf("(optional opt1 (allow missing t0 (file (read))) (type lost))")
	g.printf("(optional opt2 (type found) (roletype object_r found) (allow found one.inner %s) (optional opt3 (allow found lost (file (read)))))", g.plainPerms())
	g.printf("(typeattributeset %s (found))", g.attrs[1%len(g.attrs)])
}
