package getopt

// Line is a command line that has been read.
type Line struct {
	Events   []Event // options only, in order
	Operands []string
}

// Parse reads args, which don't include the program's name, up to the first
// error.
func (g *Grammar) Parse(args []string) (*Line, error) {
	line := &Line{}
	for e, err := range g.Events(args) {
		switch {
		case err != nil:
			return nil, err
		case e.Option == nil:
			line.Operands = append(line.Operands, e.Value)
		default:
			line.Events = append(line.Events, e)
		}
	}
	return line, nil
}

// Has reports whether the option with this spelling was given, under any of its
// spellings.
func (l *Line) Has(name string) bool { return l.Count(name) > 0 }

// Count returns how often the option was given.
func (l *Line) Count(name string) int {
	n := 0
	for i := range l.Events {
		if l.Events[i].Option.Is(name) {
			n++
		}
	}
	return n
}

// Value returns the option's last value; ok is false where it has none.
func (l *Line) Value(name string) (value string, ok bool) {
	for i := range l.Events {
		if e := &l.Events[i]; e.HasValue && e.Option.Is(name) {
			value, ok = e.Value, true
		}
	}
	return value, ok
}

// ValueOr returns the option's last value, or other where it has none.
func (l *Line) ValueOr(name, other string) string {
	if v, ok := l.Value(name); ok {
		return v
	}
	return other
}

// Values returns all values of the option in order.
func (l *Line) Values(name string) []string {
	var values []string
	for i := range l.Events {
		if e := &l.Events[i]; e.HasValue && e.Option.Is(name) {
			values = append(values, e.Value)
		}
	}
	return values
}
