// Package resolve turns parsed CIL into a database of declarations and statements
// in which every name has become a number: blocks are inherited, in-statements
// inserted, macros called, tunables decided, aliases followed, and optional blocks
// whose content can't be resolved are gone.
//
// See DB for what the database holds and in which order.
//
// A DB is not changed once Resolve has returned it and may be read by any number
// of goroutines.
package resolve
