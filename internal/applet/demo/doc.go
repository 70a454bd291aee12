// Package demo plays seward's stories in the terminal: what is tried, what the
// policy says, and why.
//
// A Story is data: files with labels, and steps. A step is a question that an
// object manager puts to the security server (Question), or a program that really
// runs under the supervisor (Attempt); either has an expected end, and a step that
// ends otherwise fails the demo, so that the tour is a test of what it tells.
// Programs run in a temporary directory that is removed afterwards, whoever the
// caller is: as root or not.
//
// The player asks a Stage to run programs; the supervisor is behind the only Stage
// outside tests. The package keeps no state and prints to the applet's Env.
package demo
