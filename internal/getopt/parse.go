package getopt

import (
	"fmt"
	"iter"
	"regexp"
	"strings"
)

// Event is one option or operand of a line.
type Event struct {
	Option *Option // nil for an operand
	Name   string  // the option's spelling, in full even where it was shortened
	Value  string  // its value, or the operand
	// HasValue tells an empty value from none.
	HasValue bool
}

// Error is a line that the grammar doesn't allow.
type Error struct {
	Msg string
}

// Error returns the dialect's own text, without the program's name.
func (e *Error) Error() string { return e.Msg }

func errorf(format string, args ...any) *Error { return &Error{fmt.Sprintf(format, args...)} }

// Events reads args, which don't include the program's name. After an error the
// stream goes on behind the offending word if the consumer does.
func (g *Grammar) Events(args []string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		r := &reader{grammar: g, args: args, yield: yield}
		for r.next < len(r.args) && !r.stopped {
			r.word()
		}
	}
}

// reader is the state of one reading.
type reader struct {
	grammar *Grammar
	args    []string
	next    int
	yield   func(Event, error) bool
	stopped bool
}

func (r *reader) emit(e Event) {
	if !r.stopped {
		r.stopped = !r.yield(e, nil)
	}
}

func (r *reader) fail(format string, args ...any) {
	if !r.stopped {
		r.stopped = !r.yield(Event{}, errorf(format, args...))
	}
}

// word reads the next word and what belongs to it.
func (r *reader) word() {
	w := r.args[r.next]
	r.next++
	switch {
	case w == "--":
		r.rest()
	case !r.isOption(w):
		r.emit(Event{Value: w, HasValue: true})
		if r.grammar.StopAtOperand {
			r.rest()
		}
	case strings.HasPrefix(w, "--"):
		r.long(w)
	case r.grammar.Dialect == Argparse:
		r.argparse(w)
	default:
		r.bundle(w)
	}
}

// rest takes all remaining words as operands.
func (r *reader) rest() {
	for r.next < len(r.args) && !r.stopped {
		r.emit(Event{Value: r.args[r.next], HasValue: true})
		r.next++
	}
}

var negativeNumber = regexp.MustCompile(`^-\d+$|^-\d*\.\d+$`)

// isOption reports whether w looks like an option. A lone dash is an operand, and
// so is for argparse a negative number or a word with a space.
func (r *reader) isOption(w string) bool {
	if len(w) < 2 || w[0] != '-' {
		return false
	}
	if r.grammar.Dialect == Argparse && r.grammar.find(w) == nil {
		return !negativeNumber.MatchString(w) && !strings.Contains(w, " ")
	}
	return true
}

// long reads --name and --name=value.
func (r *reader) long(w string) {
	name, value, attached := strings.Cut(w, "=")
	opt := r.grammar.find(name)
	if opt == nil {
		var candidates []string
		var full string
		opt, full, candidates = r.grammar.abbreviated(name)
		switch {
		case len(candidates) == 0 && r.grammar.Dialect == Argparse:
			r.fail("unrecognized arguments: %s", w)
			return
		case len(candidates) == 0:
			r.fail("unrecognized option '%s'", name)
			return
		case opt == nil && r.grammar.Dialect == Argparse:
			r.fail("ambiguous option: %s could match %s", w, strings.Join(candidates, ", "))
			return
		case opt == nil:
			r.fail("option '%s' is ambiguous; possibilities: '%s'", w, strings.Join(candidates, "' '"))
			return
		}
		name = full
	}
	r.value(opt, name, value, attached)
}

// argparse reads a word with one dash: a whole name, else a letter with its value
// attached or a bundle.
func (r *reader) argparse(w string) {
	name, value, attached := strings.Cut(w, "=")
	if opt := r.grammar.find(w); opt != nil {
		r.value(opt, w, "", false)
		return
	}
	if opt := r.grammar.find(name); opt != nil && attached {
		r.value(opt, name, value, true)
		return
	}
	if r.grammar.find(w[:2]) == nil {
		if opt, full, candidates := r.grammar.abbreviated(name); opt != nil {
			r.value(opt, full, value, attached)
			return
		} else if len(candidates) > 0 {
			r.fail("ambiguous option: %s could match %s", w, strings.Join(candidates, ", "))
			return
		}
	}
	r.bundle(w)
}

// bundle reads letters behind one dash. A letter that takes a value takes the
// rest of the word.
func (r *reader) bundle(w string) {
	for i := 1; i < len(w); i++ {
		name := "-" + w[i:i+1]
		opt := r.grammar.find(name)
		if opt == nil {
			if r.grammar.Dialect == Argparse {
				r.fail("unrecognized arguments: %s", w)
				return
			}
			r.fail("invalid option -- '%c'", w[i])
			continue
		}
		if opt.Arity == None {
			r.emit(Event{Option: opt, Name: name})
			continue
		}
		r.value(opt, name, strings.TrimPrefix(w[i+1:], r.separator()), i+1 < len(w))
		return
	}
}

// separator is what may stand between a letter and an attached value.
func (r *reader) separator() string {
	if r.grammar.Dialect == Argparse {
		return "="
	}
	return ""
}

// value completes an option with its value, attached or from the next words.
func (r *reader) value(opt *Option, name, value string, attached bool) {
	event := Event{Option: opt, Name: name, Value: value, HasValue: attached}
	switch {
	case opt.Arity == None && attached:
		r.excess(opt, name, value)
		return
	case attached, opt.Arity == None, opt.Arity == Optional:
	case opt.Arity == Required && r.grammar.Dialect == GNU:
		if r.next == len(r.args) {
			r.missing(opt, name)
			return
		}
		event.Value, event.HasValue = r.take()
	default:
		if !r.followed() {
			if opt.Arity != Greedy {
				r.missing(opt, name)
				return
			}
			break
		}
		event.Value, event.HasValue = r.take()
	}
	r.emit(event)
	for opt.Arity == Many && !attached && r.followed() && !r.stopped {
		event.Value, event.HasValue = r.take()
		r.emit(event)
	}
}

// take consumes the next word.
func (r *reader) take() (word string, ok bool) {
	word = r.args[r.next]
	r.next++
	return word, true
}

// followed reports whether the next word can be a value.
func (r *reader) followed() bool {
	return r.next < len(r.args) && r.args[r.next] != "--" && !r.isOption(r.args[r.next])
}

func (r *reader) missing(opt *Option, name string) {
	switch {
	case r.grammar.Dialect == Argparse && opt.Arity == Many:
		r.fail("argument %s: expected at least one argument", strings.Join(opt.Names, "/"))
	case r.grammar.Dialect == Argparse:
		r.fail("argument %s: expected one argument", strings.Join(opt.Names, "/"))
	case strings.HasPrefix(name, "--"):
		r.fail("option '%s' requires an argument", name)
	default:
		r.fail("option requires an argument -- '%s'", name[1:])
	}
}

func (r *reader) excess(opt *Option, name, value string) {
	if r.grammar.Dialect == Argparse {
		r.fail("argument %s: ignored explicit argument '%s'", strings.Join(opt.Names, "/"), value)
		return
	}
	r.fail("option '%s' doesn't allow an argument", name)
}
