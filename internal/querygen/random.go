package querygen

import "math/rand/v2"

// random is a source of choices that depends on nothing but its seed.
type random struct{ *rand.Rand }

func newRandom(seed uint64) *random { return &random{rand.New(rand.NewPCG(seed, 0x5e3a5d))} }

// chance is true in percent of all cases.
func (r *random) chance(percent int) bool { return r.IntN(100) < percent }

// below returns a number from 0 to n-1.
func (r *random) below(n int) int { return r.IntN(n) }

// pick returns an element of a list that isn't empty.
func pick[T any](r *random, list []T) T { return list[r.IntN(len(list))] }
