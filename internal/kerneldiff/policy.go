package kerneldiff

import (
	"fmt"
	"slices"
	"strings"
)

// Outcome is the situation that an operation is performed in.
type Outcome byte

// Outcomes.
const (
	Allowed    Outcome = 'a' // everything is allowed
	Denied     Outcome = 'd' // everything but the operation's permission is
	DontAudit  Outcome = 'n' // denied, and not to be logged
	Permissive Outcome = 'p' // denied to a permissive domain
	Global     Outcome = 'g' // denied, in permissive mode
)

// Outcomes are all, in the order that they are tried. Global needs another mode
// than the others.
var Outcomes = []Outcome{Allowed, Denied, DontAudit, Permissive, Global}

// String returns the name in reports.
func (o Outcome) String() string {
	switch o {
	case Allowed:
		return "allowed"
	case Denied:
		return "denied"
	case DontAudit:
		return "dontaudit"
	case Permissive:
		return "permissive domain"
	default:
		return "permissive mode"
	}
}

// Kinds of types of an operation, beside its domains.
const (
	object    = 'o' // what it is done to
	directory = 'r' // the directory that is in
	wanted    = 'w' // a label to be given
	entered   = 'x' // a domain to be entered
)

// typeName returns the name of a type of the operation with a number.
func typeName(n int, kind byte) string { return fmt.Sprintf("op%03d%c_t", n, kind) }

// target returns the type that the operation's permission is about; empty is
// the domain itself.
func (o *Op) target(n int) string {
	switch o.On {
	case "self":
		return ""
	case "object":
		return typeName(n, object)
	case "directory":
		return typeName(n, directory)
	case "wanted":
		return typeName(n, wanted)
	case "entered":
		return typeName(n, entered)
	}
	return o.On
}

// Policy returns rules for the table, in CIL, to be added to the base policy
// without its promises (kernel/guard.cil). classes are all classes.
func Policy(classes []string) string {
	var b strings.Builder
	b.WriteString("(typeattribute op_free)\n(allow op_free all_types everything)\n")
	// Types have few attributes, which is what the kernel's time goes by.
	b.WriteString("(typeattribute op_type)\n(typeattribute op_rest)\n(typeattributeset op_rest (not (or (op_type) (tmpfs_t kernel_t))))\n")
	for n := range Ops {
		Ops[n].rules(&b, n, classes)
	}
	return b.String()
}

func (o *Op) rules(b *strings.Builder, n int, classes []string) {
	for _, kind := range []byte{object, directory, wanted, entered} {
		t := typeName(n, kind)
		fmt.Fprintf(b, "(type %s) (roletype unconfined_r %s) (roletype object_r %s) (typeattributeset op_free (%s)) (typeattributeset op_type (%s))\n", t, t, t, t, t)
	}
	held := fmt.Sprintf("op%03d", n) // the domains that lack the permission
	fmt.Fprintf(b, "(typeattribute %s)\n", held)
	for _, outcome := range Outcomes {
		t := typeName(n, byte(outcome))
		fmt.Fprintf(b, "(type %s) (roletype unconfined_r %s) (typebounds unconfined_t %s) (typeattributeset op_type (%s))\n", t, t, t, t)
		if outcome == Allowed {
			fmt.Fprintf(b, "(typeattributeset op_free (%s))\n", t)
		} else {
			fmt.Fprintf(b, "(typeattributeset %s (%s))\n", held, t)
		}
		if o.Transition {
			fmt.Fprintf(b, "(typetransition %s %s process %s)\n", t, typeName(n, object), typeName(n, entered))
		}
	}
	on, quiet := o.target(n), o.target(n)
	if on == "" {
		on, quiet = held, "self"
	}
	for _, t := range []string{
		"op_rest", "tmpfs_t", "kernel_t", held,
		typeName(n, object), typeName(n, directory), typeName(n, wanted), typeName(n, entered),
	} {
		if t != on {
			fmt.Fprintf(b, "(allow %s %s everything)\n", held, t)
		}
	}
	if !slices.Contains(classes, o.Class) {
		panic("no class " + o.Class)
	}
	for _, class := range classes {
		perms := "(all)"
		if class == o.Class {
			perms = "(not (" + o.Perm + "))"
		}
		fmt.Fprintf(b, "(allow %s %s (%s %s))\n", held, on, class, perms)
	}
	fmt.Fprintf(b, "(dontaudit %s %s (%s (%s)))\n(typepermissive %s)\n",
		typeName(n, byte(DontAudit)), quiet, o.Class, o.Perm, typeName(n, byte(Permissive)))
}
