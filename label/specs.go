package label

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
)

// Source is the text of one file of file contexts.
type Source struct {
	Name string // for messages
	Data []byte
}

// Options are what surrounds file contexts. The zero value is for none of it.
type Options struct {
	// Subs and SubsDist are the texts of file_contexts.subs and
	// file_contexts.subs_dist: lines of two paths, the first of which is looked
	// up as if it were the second. Subs goes first; of several lines that fit, the
	// last one of a file is taken.
	Subs, SubsDist []byte
}

// Specs are file contexts ready for look-up.
type Specs struct {
	specs    []Spec // by rank: regular expressions in order, then exact paths in order
	literals map[string][]int32
	patterns *automaton
	// mixed says that some entries rank as exact and have to be matched by the
	// automaton.
	mixed          bool
	subs, subsDist []substitution
}

// ParseFileContexts reads one file of file contexts.
func ParseFileContexts(name string, data []byte) (*Specs, error) {
	return Parse([]Source{{Name: name, Data: data}}, nil)
}

// Parse reads file contexts that are in several files, the later ones going
// before the earlier ones.
func Parse(sources []Source, opts *Options) (*Specs, error) {
	if opts == nil {
		opts = &Options{}
	}
	var all []Spec
	var faults []error
	for _, src := range sources {
		specs, err := parseSpecs(src.Name, src.Data)
		if err != nil {
			faults = append(faults, err)
		}
		all = append(all, specs...)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	s := &Specs{subs: parseSubs(opts.Subs), subsDist: parseSubs(opts.SubsDist)}
	return s, s.build(all)
}

// Load reads file contexts as libselinux finds them: path, and beside it
// path.homedirs, path.local, path.subs and path.subs_dist, which need not exist.
func Load(path string) (*Specs, error) {
	var sources []Source
	for _, suffix := range []string{"", ".homedirs", ".local"} {
		data, err := os.ReadFile(path + suffix)
		switch {
		case err == nil:
			sources = append(sources, Source{Name: path + suffix, Data: data})
		case suffix == "" || !errors.Is(err, os.ErrNotExist):
			return nil, fmt.Errorf("read file contexts: %w", err)
		}
	}
	var opts Options
	for suffix, into := range map[string]*[]byte{".subs": &opts.Subs, ".subs_dist": &opts.SubsDist} {
		data, err := os.ReadFile(path + suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("read file contexts: %w", err)
		}
		*into = data
	}
	return Parse(sources, &opts)
}

// build ranks the entries and sets up both ways of look-up.
func (s *Specs) build(all []Spec) error {
	patterns := make([]pattern, len(all))
	order := make([]int, 0, len(all))
	for i := range all {
		if patterns[i] = analyse(all[i].Pattern); !patterns[i].exact {
			order = append(order, i)
		}
	}
	for i := range all {
		if patterns[i].exact {
			order = append(order, i)
		}
	}
	s.specs = make([]Spec, len(all))
	for rank, i := range order {
		s.specs[rank] = all[i]
	}
	s.patterns = newAutomaton(s.specs)
	s.literals = make(map[string][]int32, len(all))
	for rank, i := range order {
		r := int32(rank) //nolint:gosec // G115: lines of a file.
		if p := patterns[i]; p.kind == patternLiteral {
			s.literals[p.prefix] = append(s.literals[p.prefix], r)
			continue
		}
		s.mixed = s.mixed || patterns[i].exact
		if err := s.patterns.add(r, patterns[i]); err != nil {
			spec := &all[i]
			return &ParseError{File: spec.File, Line: spec.Line, Msg: err.Error()}
		}
	}
	return nil
}

// All returns the entries in the order of look-up reversed: of two that match,
// the later one counts.
func (s *Specs) All() iter.Seq[*Spec] {
	return func(yield func(*Spec) bool) {
		for i := range s.specs {
			if !yield(&s.specs[i]) {
				return
			}
		}
	}
}

// Len returns the number of entries.
func (s *Specs) Len() int { return len(s.specs) }

// Lookup returns the context for an object at path whose type is in mode, as in
// ModeFormat; mode 0 takes entries for any type. ok is false if no entry
// matches, or one that says not to label.
func (s *Specs) Lookup(path string, mode uint32) (context string, ok bool) {
	spec := s.Match(path, mode)
	if spec == nil || spec.IsNone() {
		return "", false
	}
	return spec.Context, true
}

// Match returns the entry for an object, nil if there is none.
func (s *Specs) Match(path string, mode uint32) *Spec {
	path = s.canonical(path)
	if path == "" {
		return nil
	}
	rank := int32(-1)
	if ranks, ok := s.literals[path]; ok {
		rank = s.literal(ranks, mode)
	}
	// Exact paths have the greatest ranks, but for the few that only libselinux
	// sees as exact.
	if rank < 0 || s.mixed {
		rank = max(rank, s.patterns.lookup(path, mode))
	}
	if rank < 0 {
		return nil
	}
	return &s.specs[rank]
}

// literal returns the last of the ranks that fits the mode, -1 if none does.
func (s *Specs) literal(ranks []int32, mode uint32) int32 {
	mode &= ModeFormat
	for _, r := range slices.Backward(ranks) {
		if want := s.specs[r].Mode; mode == 0 || want == 0 || want == mode {
			return r
		}
	}
	return -1
}

// canonical applies what libselinux does to a path before it looks it up: single
// slashes, none at the end, substitutions.
func (s *Specs) canonical(path string) string {
	if strings.Contains(path, "//") {
		path = singleSlashes(path)
	}
	if len(path) > 1 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	if path == "" {
		return ""
	}
	if len(s.subs) > 0 {
		if replaced, ok := substitute(s.subs, path); ok {
			path = replaced
		}
	}
	if len(s.subsDist) > 0 {
		path, _ = substitute(s.subsDist, path)
	}
	return path
}

func singleSlashes(path string) string {
	out := make([]byte, 0, len(path))
	for i := range len(path) {
		if path[i] != '/' || len(out) == 0 || out[len(out)-1] != '/' {
			out = append(out, path[i])
		}
	}
	return string(out)
}

// substitution makes paths under from be looked up as if under to.
type substitution struct {
	from, to string
}

// parseSubs reads substitutions; the last line comes first in the result.
func parseSubs(data []byte) []substitution {
	var subs []substitution
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		subs = append(subs, substitution{from: fields[0], to: fields[1]})
	}
	slices.Reverse(subs)
	return subs
}

// substitute replaces the beginning of a path by the first substitution whose
// path it is at or under.
func substitute(subs []substitution, path string) (string, bool) {
	for i := range subs {
		from, to := subs[i].from, subs[i].to
		if !strings.HasPrefix(path, from) {
			continue
		}
		rest := path[len(from):]
		switch {
		case rest == "":
			return to, true
		case rest[0] != '/':
			continue
		case to == "/":
			return rest, true
		}
		return to + rest, true
	}
	return path, false
}
