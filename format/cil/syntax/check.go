package syntax

import (
	"net/netip"
	"strings"

	"seward/format/diag"
)

// checker checks the arguments of one statement. Arguments are named by their
// index in args.
type checker struct {
	*parser
	st   *Stmt
	args []Word
}

// check reports whether a statement's arguments are as its keyword wants them;
// after is the offset of what follows them.
func (p *parser) check(st *Stmt, after int) bool {
	c := checker{parser: p, st: st, args: p.file.Args(st)}
	shape := grammar[st.Keyword]
	i := 0
	for n := range shape {
		a := &shape[n]
		if i >= len(c.args) {
			if a.optional {
				break
			}
			p.errorf(after, "expected %s in %s, found %s", a.label, st.Keyword, c.textAt(after)).
				Note(diag.Pos{}, "usage: %s", st.Keyword.Usage())
			return false
		}
		if !c.arg(a, n, i) {
			return false
		}
		i = Skip(c.args, i)
	}
	if i < len(c.args) {
		c.fail(i, "unexpected %s in %s", c.found(i), st.Keyword).
			Note(diag.Pos{}, "usage: %s", st.Keyword.Usage())
		return false
	}
	return c.special()
}

// special checks what the table of shapes doesn't say.
func (c *checker) special() bool {
	switch c.st.Keyword {
	case KwIn:
		if len(c.args) == 2 && c.args[0].Name() != KwBefore.Name() && c.args[0].Name() != KwAfter.Name() {
			c.fail(0, `expected "before" or "after", found %s`, c.found(0)).Note(diag.Pos{}, "usage: %s", KwIn.Usage())
			return false
		}
	case KwDefaultrange:
		i := Skip(c.args, 0)
		if len(c.args) == i+1 && c.args[i].Name() != KwGlblub.Name() {
			c.fail(i, `expected "low", "high" or "low-high" after %s`, c.found(i))
			return false
		}
	}
	return true
}

// arg checks the n-th argument, which begins at args[i].
func (c *checker) arg(a *arg, n, i int) bool {
	if a.words != nil {
		return c.oneOf(a, i)
	}
	if c.st.Keyword == KwGenfscon && n == 2 && Skip(c.args, i) < len(c.args) {
		return c.oneOf(&arg{label: "kind of file", words: fileKinds}, i)
	}
	switch a.form {
	case formName:
		return c.atom(i, a.label)
	case formDecl:
		return c.atom(i, a.label) && c.declared(i, declares[c.st.Keyword])
	case formNames, formOrder, formClassOrder:
		return c.names(i, a)
	case formNameList:
		return !c.args[i].IsList() || c.names(i, a)
	case formPerms, formSomePerms:
		return c.newPerms(i, a)
	case formParams:
		return c.params(i)
	case formArgs:
		return c.list(i, a.label, true)
	case formTrueFalse:
		return c.oneOf(&arg{label: a.label, words: []Keyword{KwTrue, KwFalse}}, i)
	case formClassPerms:
		return c.classPerms(i, a.label)
	case formTypeExpr, formRoleExpr, formUserExpr, formCatExpr, formBoolExpr, formCatList:
		return c.setExpr(i, a)
	case formPermissionx, formPermx:
		return c.permissionx(i, a)
	case formConstraint, formTransition:
		return c.list(i, a.label, false) && c.constraint(i, a.form == formTransition)
	case formLevel, formLevelRef, formRange, formRangeRef, formContext, formContextRef, formFileContext:
		return c.security(i, a)
	}
	return c.numeric(i, a)
}

func (c *checker) fail(i int, format string, args ...any) *diag.Error {
	return c.errorf(int(c.file.WordOffset(c.st, i)), format, args...)
}

// expected reports that something else was expected at args[i]. It returns
// false.
func (c *checker) expected(what string, i int) bool {
	c.fail(i, "expected %s in %s, found %s", what, c.st.Keyword, c.found(i)).
		Note(diag.Pos{}, "usage: %s", c.st.Keyword.Usage())
	return false
}

// found describes the word at args[i].
func (c *checker) found(i int) string {
	switch w := c.args[i]; {
	case !w.IsList():
		return quoteName(c.parser.names.Text(w.Name()))
	case w.Len() == 0:
		return "an empty list"
	}
	return "a list"
}

func (c *checker) textAt(offset int) string {
	if offset >= len(c.data) {
		return "end of file"
	}
	return quoteByte(c.data[offset])
}

func (c *checker) text(i int) string { return c.parser.names.Text(c.args[i].Name()) }

func (c *checker) atom(i int, label string) bool {
	return !c.args[i].IsList() || c.expected(label, i)
}

func (c *checker) list(i int, label string, empty bool) bool {
	w := c.args[i]
	return w.IsList() && (empty || w.Len() > 0) || c.expected("a list of "+label, i)
}

func (c *checker) oneOf(a *arg, i int) bool {
	if !c.args[i].IsList() {
		for _, k := range a.words {
			if c.args[i].Name() == k.Name() {
				return true
			}
		}
	}
	var all []string
	for _, k := range a.words {
		all = append(all, quoteName(k.String()))
	}
	return c.expected(strings.Join(all[:len(all)-1], ", ")+" or "+all[len(all)-1], i)
}

// names checks a list of atoms.
func (c *checker) names(i int, a *arg) bool {
	if !c.list(i, a.label, false) {
		return false
	}
	for j := i + 1; j < Skip(c.args, i); j = Skip(c.args, j) {
		if !c.atom(j, "a name") {
			return false
		}
		if c.args[j].Name() != KwUnordered.Name() || a.form != formOrder && a.form != formClassOrder {
			continue
		}
		switch {
		case a.form == formOrder:
			c.fail(j, `"unordered" may stand in a classorder only`)
		case j != i+1:
			c.fail(j, `"unordered" may only be the first word of a classorder`)
		case c.args[i].Len() == 1:
			c.fail(j, `expected classes after "unordered"`)
		default:
			continue
		}
		return false
	}
	return true
}

// newPerms checks the permissions of a new class or common.
func (c *checker) newPerms(i int, a *arg) bool {
	if !c.list(i, a.label, a.form == formPerms) {
		return false
	}
	for j := i + 1; j < Skip(c.args, i); j = Skip(c.args, j) {
		if !c.atom(j, "a permission") || !c.declared(j, FlavorPerm) {
			return false
		}
	}
	const most = 32
	if n := c.args[i].Len(); n > most && c.st.Keyword != KwClassmap {
		c.fail(i, "%d permissions in %s %s, at most %d are possible", n, c.st.Keyword, c.found(0), most)
		return false
	}
	return true
}

// maxName is the length that a declared name must stay below.
const maxName = 2048

// declared checks a name that is being declared.
func (c *checker) declared(i int, f Flavor) bool {
	s := c.text(i)
	switch {
	case s == "":
		c.fail(i, "name of %s is empty", f)
	case len(s) >= maxName:
		c.fail(i, "name of %s has %d bytes, at most %d are possible", f, len(s), maxName-1)
	case !isLetter(s[0]):
		c.fail(i, "name %s does not begin with a letter", quoteName(s))
	case f.reserved(c.args[i].Name()):
		c.fail(i, "%s is reserved and can't be the name of a %s", quoteName(s), f)
	default:
		for j := range len(s) {
			if b := s[j]; !isLetter(b) && !isDigit(b) && b != '_' && b != '-' && (b != '.' || !c.opts.QualifiedNames) {
				c.fail(i, "invalid character %s in name %s", quoteByte(b), quoteName(s))
				return false
			}
		}
		return true
	}
	return false
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func isDigit(b byte) bool  { return b >= '0' && b <= '9' }

// params checks a macro's parameters.
func (c *checker) params(i int) bool {
	if !c.list(i, "parameters", true) {
		return false
	}
	var seen map[Name]bool
	for j := i + 1; j < Skip(c.args, i); j = Skip(c.args, j) {
		if !c.args[j].IsList() || c.args[j].Len() != 2 || c.args[j+1].IsList() || c.args[j+2].IsList() {
			c.fail(j, "expected a parameter (KIND NAME), found %s", c.found(j))
			return false
		}
		f := ParamFlavor(c.args[j+1].Name())
		if f == NoFlavor {
			c.fail(j+1, "unknown kind of parameter %s", c.found(j+1)).
				Suggest(c.text(j+1), paramKinds)
			return false
		}
		if !c.declared(j+2, f) {
			return false
		}
		n := c.args[j+2].Name()
		if seen[n] {
			c.fail(j+2, "parameter %s is declared twice", c.found(j+2))
			return false
		}
		if seen == nil {
			seen = map[Name]bool{}
		}
		seen[n] = true
	}
	return true
}

func paramKinds(yield func(string) bool) {
	for n := Name(1); n < Name(keywordCount); n++ {
		if ParamFlavor(n) != NoFlavor && !yield(keywords[n]) {
			return
		}
	}
}

// numeric checks numbers and addresses.
func (c *checker) numeric(i int, a *arg) bool {
	switch a.form {
	case formNumber:
		return c.number(i, a.label, 10, 32)
	case formAnyNumber:
		return c.number(i, a.label, 0, 32)
	case formPorts:
		return c.numberRange(i, a.label, 10, 16)
	case formKeys:
		return c.subnet(i-1) && c.numberRange(i, a.label, 0, 16)
	case formMemory:
		return c.numberRange(i, a.label, 0, 64)
	case formIOPorts:
		return c.numberRange(i, a.label, 0, 32)
	case formAddress:
		return c.atom(i, a.label) && c.address(i)
	case formAddressRef:
		if c.args[i].IsList() {
			if c.args[i].Len() == 0 || c.args[i+1].IsList() {
				return c.expected(a.label, i)
			}
			return c.address(i + 1)
		}
		return !IsAddress(c.text(i)) || c.address(i)
	}
	return false
}

func (c *checker) number(i int, label string, base, bits int) bool {
	if !c.atom(i, label) {
		return false
	}
	if _, ok := parseNumber(c.text(i), base, bits); !ok {
		c.fail(i, "expected %s as a number of %d bits, found %s", label, bits, c.found(i))
		return false
	}
	return true
}

func (c *checker) numberRange(i int, label string, base, bits int) bool {
	if !c.args[i].IsList() {
		return c.number(i, label, base, bits)
	}
	if w := c.args[i]; w.Len() != 2 || c.args[i+1].IsList() || c.args[i+2].IsList() {
		c.fail(i, "expected %s as a number or a list of two, found %s", label, c.found(i))
		return false
	}
	return c.number(i+1, label, base, bits) && c.number(i+2, label, base, bits)
}

// IsAddress reports whether a nodecon means an address by s, not the name of
// one.
func IsAddress(s string) bool {
	return strings.Contains(s, ":") || s != "" && isDigit(s[0]) && strings.Contains(s, ".")
}

// ParseAddress reads an address of IPv4 or IPv6.
func ParseAddress(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Zone() == "" && IsAddress(s)
}

func (c *checker) address(i int) bool {
	if _, ok := ParseAddress(c.text(i)); !ok {
		c.fail(i, "expected an IP address, found %s", c.found(i))
		return false
	}
	return true
}

func (c *checker) subnet(i int) bool {
	if a, ok := ParseAddress(c.text(i)); !ok || !a.Is6() {
		c.fail(i, "expected an IPv6 address as subnet prefix, found %s", c.found(i))
		return false
	}
	return true
}
