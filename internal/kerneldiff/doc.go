// Package kerneldiff is a table of operations, a policy made for them, and a
// program that performs them: on a kernel with SELinux, or under the supervisor on
// one without. Results, errors, labels of what was made, and what is logged must
// be the same; its test compares them.
//
// Each operation is about one permission. It is performed by domains that may
// do everything, or everything but that: see Outcomes. Every domain belongs to one
// operation and outcome, which is how records of denials are attributed.
//
// A domain is entered by a thread, by writing to attr/current: its type is bounded
// by that of the program, so that threads may. Nothing but the operation
// happens in it.
package kerneldiff
