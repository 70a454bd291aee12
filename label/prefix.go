package label

import (
	"slices"
	"strings"
	"sync/atomic"
)

// prefixNode is a place in the tree of the literal prefixes of patterns. Nodes
// without entries and with one child are folded into the edge to the child.
type prefixNode struct {
	edge     string // the bytes that lead here from the parent
	firsts   string // first byte of each child's edge
	children []*prefixNode

	// The entries whose literal prefix ends here: their ranks, ascending, and
	// what follows the prefix in their patterns.
	ranks []int32
	rests []string
	// starts are their programs once compiled; guarded by the automaton's lock.
	starts   []int32
	compiled bool
	// entered caches the state that each state becomes here.
	entered atomic.Pointer[[]passage]
}

// passage is a change of state on passing a node.
type passage struct{ from, to *state }

// add enters a pattern with the prefix.
func (n *prefixNode) add(prefix string, rank int32, rest string) {
	for prefix != "" {
		i := strings.IndexByte(n.firsts, prefix[0])
		if i < 0 {
			child := &prefixNode{edge: prefix}
			n.firsts += prefix[:1]
			n.children = append(n.children, child)
			n = child
			break
		}
		child := n.children[i]
		common := commonPrefix(child.edge, prefix)
		if common < len(child.edge) {
			fork := &prefixNode{
				edge: child.edge[:common], firsts: child.edge[common : common+1],
				children: []*prefixNode{child},
			}
			child.edge = child.edge[common:]
			n.children[i] = fork
			child = fork
		}
		prefix = prefix[common:]
		n = child
	}
	n.ranks = append(n.ranks, rank)
	n.rests = append(n.rests, rest)
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// pass returns the cached state that s becomes at n, nil if none is cached.
func (n *prefixNode) pass(s *state) *state {
	cached := n.entered.Load()
	if cached == nil {
		return nil
	}
	for i := range *cached {
		if (*cached)[i].from == s {
			return (*cached)[i].to
		}
	}
	return nil
}

// remember caches a passage. Only whoever holds the automaton's lock calls it.
func (n *prefixNode) remember(from, to *state) {
	var all []passage
	if cached := n.entered.Load(); cached != nil {
		all = slices.Clone(*cached)
	}
	all = append(all, passage{from, to})
	n.entered.Store(&all)
}

// forget drops the cached passages of a subtree.
func (n *prefixNode) forget() {
	n.entered.Store(nil)
	for _, child := range n.children {
		child.forget()
	}
}
