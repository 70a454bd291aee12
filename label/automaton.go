package label

import (
	"encoding/binary"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// maxStates bounds the states kept; most take some 300 bytes.
const maxStates = 32768

// symbols is the size of the alphabet: the ASCII bytes, and one for all others,
// which no pattern of the automaton tells apart.
const symbols = 129

// automaton finds, among many patterns at once, the last one that matches.
//
// A path is followed in two ways at once. One is the tree of the patterns'
// literal prefixes. The other is a deterministic automaton over the patterns
// whose prefix has been passed: its states, made on first use, are sets of
// threads, which are places in the programs of the patterns. Passing the end of
// a prefix adds threads to the state. Since what is literal needs no states,
// there are few of them.
type automaton struct {
	specs []Spec // by rank
	root  *prefixNode

	// start is the state before the first byte; it is unset when the states are
	// dropped.
	start atomic.Pointer[state]

	// slow are entries, last first, that the automaton can't hold: word
	// boundaries and the like.
	slow []slowSpec

	mu       sync.Mutex // guards all below and the making of states
	programs []instruction
	states   map[string]*state
	age      uint32 // how often the states were dropped

	// The set of threads being collected.
	threads []int32
	begun   bool    // it stands before the first byte
	mark    []int32 // thread -> number of the last set that it was added to
	set     int32   // the set's number
	key     []byte
}

// slowSpec is an entry that is matched on its own.
type slowSpec struct {
	rank   int32
	regexp *regexp.Regexp
}

// acceptance is, for each type of file, the rank of the last entry that matches
// a path that ends in a state; -1 for none.
type acceptance [modeKinds]int32

// modeKinds is the number of types of files, that of any type included.
const modeKinds = 8

// modeKind numbers types of files; 0 is any.
func modeKind(mode uint32) int {
	switch mode & ModeFormat {
	case ModeRegular:
		return 1
	case ModeDirectory:
		return 2
	case ModeSymlink:
		return 3
	case ModeCharacter:
		return 4
	case ModeBlock:
		return 5
	case ModeFIFO:
		return 6
	case ModeSocket:
		return 7
	}
	return 0
}

func newAutomaton(specs []Spec) *automaton {
	return &automaton{specs: specs, root: &prefixNode{}, states: map[string]*state{}}
}

// add enters the entry of a rank, the ranks ascending.
func (a *automaton) add(rank int32, p pattern) error {
	text := a.specs[rank].Pattern
	if needsOwnMatcher(text) {
		re, err := regexp.Compile("(?s)^" + text + "$")
		if err != nil {
			return err
		}
		a.slow = slices.Insert(a.slow, 0, slowSpec{rank: rank, regexp: re})
		return nil
	}
	a.root.add(p.prefix, rank, p.rest)
	return nil
}

// lookup returns the rank of the last entry that matches the path, -1 if none
// does.
func (a *automaton) lookup(path string, mode uint32) int32 {
	s := a.start.Load()
	if s == nil {
		s = a.begin()
	}
	node, edge := a.root, 0 // and how much of the edge to node has been read
	for i := range len(path) {
		c := path[i]
		if !s.steady {
			symbol := min(c, symbols-1)
			next := s.step(symbol)
			if next == nil {
				next = a.advance(s, symbol)
			}
			s = next
		}
		if node == nil {
			if s.steady {
				break
			}
			continue
		}
		if edge == len(node.edge) {
			at := strings.IndexByte(node.firsts, c)
			if at < 0 {
				node = nil
				continue
			}
			node, edge = node.children[at], 1
		} else if node.edge[edge] == c {
			edge++
		} else {
			node = nil
			continue
		}
		if edge == len(node.edge) && len(node.ranks) > 0 {
			next := node.pass(s)
			if next == nil {
				next = a.enter(node, s)
			}
			s = next
		}
	}
	accept := s.accept.Load()
	if accept == nil {
		accept = a.finish(s, path == "")
	}
	best := accept[modeKind(mode)]
	if len(a.slow) > 0 {
		best = a.lookupSlow(path, mode, best)
	}
	return best
}

// lookupSlow tries the entries that are not part of the automaton.
func (a *automaton) lookupSlow(path string, mode uint32, best int32) int32 {
	mode &= ModeFormat
	text := latin1(path)
	for _, s := range a.slow {
		if s.rank < best {
			break
		}
		want := a.specs[s.rank].Mode
		if (mode == 0 || want == 0 || want == mode) && s.regexp.MatchString(text) {
			return s.rank
		}
	}
	return best
}

// latin1 decodes each byte as one character.
func latin1(path string) string {
	if isASCII(path) {
		return path
	}
	runes := make([]rune, len(path))
	for i := range len(path) {
		runes[i] = rune(path[i])
	}
	return string(runes)
}

// begin returns the state before the first byte.
func (a *automaton) begin() *state {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.start.Load(); s != nil {
		return s
	}
	a.newSet(true)
	a.addNode(a.root)
	s := a.intern()
	a.start.Store(s)
	return s
}

// advance returns the state after a byte in state s and remembers it.
func (a *automaton) advance(s *state, symbol byte) *state {
	a.mu.Lock()
	defer a.mu.Unlock()
	if next := s.step(symbol); next != nil {
		return next
	}
	a.newSet(false)
	for _, t := range s.threads {
		if in := &a.programs[t]; in.consumes(symbol) {
			a.follow(in.out, false)
		}
	}
	next := a.intern()
	s.remember(symbol, next)
	return next
}

// enter returns the state that s becomes where prefixes end, and remembers it.
func (a *automaton) enter(node *prefixNode, s *state) *state {
	a.mu.Lock()
	defer a.mu.Unlock()
	if next := node.pass(s); next != nil {
		return next
	}
	a.newSet(false)
	for _, t := range s.threads {
		a.keep(t)
	}
	a.addNode(node)
	next := a.intern()
	// What is left of states that were dropped must not be kept alive here.
	if s.age == a.age {
		node.remember(s, next)
	}
	return next
}

// finish computes what a path that ends in s has matched.
func (a *automaton) finish(s *state, empty bool) *acceptance {
	a.mu.Lock()
	defer a.mu.Unlock()
	if accept := s.accept.Load(); accept != nil {
		return accept
	}
	a.newSet(empty)
	for _, t := range s.threads {
		a.follow(t, true)
	}
	accept := &acceptance{}
	for i := range accept {
		accept[i] = -1
	}
	for _, t := range a.threads {
		in := &a.programs[t]
		if in.op != syntax.InstMatch {
			continue
		}
		kind := modeKind(a.specs[in.rank].Mode)
		for i := range accept {
			if i == 0 || kind == 0 || i == kind {
				accept[i] = max(accept[i], in.rank)
			}
		}
	}
	s.accept.Store(accept)
	return accept
}

// newSet begins the collection of a set of threads.
func (a *automaton) newSet(begun bool) {
	a.begun = begun
	a.set++
	a.threads = a.threads[:0]
}

// addNode adds the threads of the entries whose prefix ends at n.
func (a *automaton) addNode(n *prefixNode) {
	if !n.compiled {
		a.compile(n)
	}
	for _, start := range n.starts {
		a.follow(start, false)
	}
}

// keep adds the thread as it is.
func (a *automaton) keep(t int32) {
	if a.mark[t] != a.set {
		a.mark[t] = a.set
		a.threads = append(a.threads, t)
	}
}

// follow adds the thread at an instruction, or those that it leads to without
// consuming anything. Assertions about the end of the path hold if end is set,
// else they are kept as threads.
func (a *automaton) follow(t int32, end bool) {
	if a.mark[t] == a.set {
		return
	}
	in := &a.programs[t]
	switch in.op {
	case syntax.InstAlt, syntax.InstAltMatch:
		a.mark[t] = a.set
		a.follow(in.out, end)
		a.follow(in.arg, end)
	case syntax.InstCapture, syntax.InstNop:
		a.mark[t] = a.set
		a.follow(in.out, end)
	case syntax.InstEmptyWidth:
		switch {
		case in.empty&syntax.EmptyBeginText != 0 && !a.begun:
		case in.empty&syntax.EmptyEndText != 0 && !end:
			a.keep(t)
		default:
			a.mark[t] = a.set
			a.follow(in.out, end)
		}
	case syntax.InstFail:
	default:
		a.keep(t)
	}
}

// intern returns the state of the collected threads.
func (a *automaton) intern() *state {
	a.prune()
	slices.Sort(a.threads)
	key := a.key[:0]
	for _, t := range a.threads {
		key = binary.LittleEndian.AppendUint32(key, uint32(t)) //nolint:gosec // G115: an index.
	}
	a.key = key
	if s, ok := a.states[string(key)]; ok {
		return s
	}
	if len(a.states) >= maxStates {
		// Whoever is on its way keeps the states that it has; they lead to new
		// ones, and are gone when it is done.
		a.states = map[string]*state{}
		a.age++
		a.start.Store(nil)
		a.root.forget()
	}
	s := &state{threads: slices.Clone(a.threads), age: a.age}
	a.states[string(key)] = s
	s.steady = a.isSteady(s)
	return s
}

// isSteady reports whether every byte leads from s to s. It collects a set.
func (a *automaton) isSteady(s *state) bool {
	a.newSet(false)
	for _, t := range s.threads {
		switch in := &a.programs[t]; in.op {
		case syntax.InstRuneAny:
			a.follow(in.out, false)
		case syntax.InstMatch:
		default:
			return false
		}
	}
	a.prune()
	slices.Sort(a.threads)
	return slices.Equal(a.threads, s.threads)
}
