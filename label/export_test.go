package label

// Dropped returns how often the automaton's states were dropped.
func (s *Specs) Dropped() uint32 {
	s.patterns.mu.Lock()
	defer s.patterns.mu.Unlock()
	return s.patterns.age
}
