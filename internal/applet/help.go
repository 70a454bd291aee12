package applet

import (
	"fmt"
	"io"
	"strings"

	"seward/internal/getopt"
)

const (
	helpColumn = 28 // where the description of an option begins
	helpWidth  = 80
)

// WriteHelp prints an applet's usage, manual and options. Name is what the usage
// calls it.
func (a *Applet) WriteHelp(w io.Writer, name string) {
	fmt.Fprintf(w, "usage: %s %s\n", name, a.Synopsis)
	if a.Short != "" {
		fmt.Fprintf(w, "\n%s.\n", strings.ToUpper(a.Short[:1])+a.Short[1:])
	}
	if a.Manual != "" {
		fmt.Fprintf(w, "\n%s\n", strings.Trim(a.Manual, "\n"))
	}
	options := a.Grammar().Options
	if len(options) == 0 {
		return
	}
	fmt.Fprint(w, "\noptions:\n")
	for i := range options {
		if !options[i].Hidden {
			writeOption(w, &options[i], a.Dialect)
		}
	}
}

// writeOption prints one option with its description wrapped into the second
// column.
func writeOption(w io.Writer, o *getopt.Option, dialect getopt.Dialect) {
	left := "  " + spelling(o, dialect)
	lines := wrap(o.Help, helpWidth-helpColumn)
	if len(left)+2 > helpColumn {
		fmt.Fprintln(w, left)
		left = ""
	}
	for i, line := range lines {
		if i > 0 {
			left = ""
		}
		fmt.Fprintf(w, "%-*s%s\n", helpColumn, left, line)
	}
}

// spelling returns an option's names and value as the dialect writes them.
func spelling(o *getopt.Option, dialect getopt.Dialect) string {
	names := strings.Join(o.Names, ", ")
	if len(o.Names) == 1 && strings.HasPrefix(o.Names[0], "--") && dialect == getopt.GNU {
		names = "    " + names // under the long names of the other options
	}
	long := strings.HasPrefix(o.Names[len(o.Names)-1], "--")
	switch o.Arity {
	case getopt.Required:
		if long && dialect == getopt.GNU {
			return names + "=" + o.Arg
		}
		return names + " " + o.Arg
	case getopt.Optional:
		if long {
			return names + "[=" + o.Arg + "]"
		}
		return names + "[" + o.Arg + "]"
	case getopt.Greedy:
		return names + " [" + o.Arg + "]"
	case getopt.Many:
		return names + " " + o.Arg + " [" + o.Arg + " ...]"
	}
	return names
}

// wrap breaks text into lines of at most width bytes.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// List prints the commands of a set.
func (s *Set) List(env *Env) {
	w := env.Stdout
	fmt.Fprintf(w, "usage: %s COMMAND [ARGUMENT]...\n\nSELinux, whole, in one binary: compile policies, ask them, enforce them.\n\ncommands:\n", s.Name)
	s.list(w, false)
	fmt.Fprint(w, "\nunder their classic names:\n")
	s.list(w, true)
	fmt.Fprintf(w, "\n'%s COMMAND --help' tells about one; '%s --install DIR' links the classic names.\n", s.Name, s.Name)
}

func (s *Set) list(w io.Writer, classic bool) {
	for _, a := range s.Applets {
		if a.Classic == classic && !a.Hidden {
			fmt.Fprintf(w, "  %-14s %s\n", a.Name, a.Short)
		}
	}
}
