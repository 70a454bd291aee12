package label

import (
	"slices"
	"strings"
	"sync/atomic"
)

// state is one state of the automaton. Once made only edges and accept change.
type state struct {
	edges   atomic.Pointer[edges]
	accept  atomic.Pointer[acceptance]
	threads []int32
	age     uint32
	// steady marks a state that every byte leads back to.
	steady bool
}

// maxSparse is the number of edges above which a state gets a table of all.
const maxSparse = 8

// edges are the known ways out of a state: few as a list, which is replaced to
// grow, or many as a table.
type edges struct {
	symbols string
	to      []*state
	table   *[symbols]atomic.Pointer[state]
}

// step returns the state after a byte, nil if it isn't known yet.
func (s *state) step(symbol byte) *state {
	e := s.edges.Load()
	switch {
	case e == nil:
		return nil
	case e.table != nil:
		return e.table[symbol].Load()
	}
	if i := strings.IndexByte(e.symbols, symbol); i >= 0 {
		return e.to[i]
	}
	return nil
}

// remember adds an edge. Only whoever holds the automaton's lock calls it.
func (s *state) remember(symbol byte, next *state) {
	e := s.edges.Load()
	switch {
	case e == nil:
		s.edges.Store(&edges{symbols: string([]byte{symbol}), to: []*state{next}})
	case e.table != nil:
		e.table[symbol].Store(next)
	case len(e.to) < maxSparse:
		s.edges.Store(&edges{
			symbols: e.symbols + string([]byte{symbol}), to: append(slices.Clip(e.to), next),
		})
	default:
		table := &[symbols]atomic.Pointer[state]{}
		for i, to := range e.to {
			table[e.symbols[i]].Store(to)
		}
		table[symbol].Store(next)
		s.edges.Store(&edges{table: table})
	}
}
