package getopt

import "strings"

// Arity says how many values an option takes.
type Arity uint8

// Arities. An Optional value is only ever attached (-lfull, --list=full);
// Greedy and Many are argparse's nargs '?' and '+', which look at the words that
// follow.
const (
	None Arity = iota
	Required
	Optional
	Greedy
	Many
)

// Option describes one option of a command, for reading it and for telling
// people about it.
type Option struct {
	// Names are all spellings with their dashes: "-o", "--output", or "-ds" for
	// argparse.
	Names []string
	Arity Arity
	Arg   string // what help calls the value: FILE
	Help  string // what it does, in a phrase; lines are wrapped by who prints it
	// Hidden options are accepted and not shown.
	Hidden bool
}

// Name returns the spelling that stands for the option: its first long one, else
// its first.
func (o *Option) Name() string {
	for _, n := range o.Names {
		if strings.HasPrefix(n, "--") {
			return n
		}
	}
	if len(o.Names) == 0 {
		return ""
	}
	return o.Names[0]
}

// Is reports whether name is one of the option's spellings.
func (o *Option) Is(name string) bool {
	for _, n := range o.Names {
		if n == name {
			return true
		}
	}
	return false
}

// Dialect is a family of rules for command lines.
type Dialect uint8

// The two dialects.
const (
	GNU Dialect = iota
	Argparse
)

// Grammar is what a command line may contain.
type Grammar struct {
	Options []Option
	Dialect Dialect
	// StopAtOperand ends the options at the first operand, as commands need that
	// run another one (runcon, env). Otherwise options may follow operands.
	StopAtOperand bool
}

// find returns the option with exactly this spelling.
func (g *Grammar) find(name string) *Option {
	for i := range g.Options {
		if g.Options[i].Is(name) {
			return &g.Options[i]
		}
	}
	return nil
}

// abbreviated returns the spellings that begin with prefix, and the option when
// they are all spellings of one.
func (g *Grammar) abbreviated(prefix string) (opt *Option, name string, candidates []string) {
	one := true
	for i := range g.Options {
		o := &g.Options[i]
		for _, n := range o.Names {
			if !strings.HasPrefix(n, prefix) || len(n) < 3 {
				continue
			}
			candidates = append(candidates, n)
			if opt != nil && opt != o {
				one = false
			}
			opt, name = o, n
		}
	}
	if !one {
		return nil, "", candidates
	}
	return opt, name, candidates
}
