// Package avc is the access vector cache: it stands before a security server,
// remembers its decisions, and says what to refuse and what to log.
//
// A hit takes no lock and writes nothing. Entries carry the epoch of the state
// that decided, and one of another epoch is not found: a load of a policy, a
// change of booleans or of the mode revokes the whole cache at once, and no
// answer mixes two states.
//
// In permissive mode, and for permissive domains, a denial is logged once: the
// entry then grants what was let pass, until it is revoked or its place is
// needed for another one.
//
// A Cache has a fixed size. All methods may be called by any number of
// goroutines.
package avc
