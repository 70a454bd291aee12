// Package cil compiles the Common Intermediate Language, the language that
// policies of today are built from, into a policy.
//
// Compile does it all: package syntax reads the texts, in parallel, package resolve
// gives every name its meaning, and package compile makes the policy. Each of them
// reports all errors that it finds; what comes after isn't tried.
//
// The language is what secilc 3.11 accepts. The order of everything in the policy
// is the order that secilc 3.4 gives it, so that the image can be the same byte for
// byte. What secilc tolerates and is refused here is what no kernel would load or what
// can't be meant: ports and partition keys above 65535, which secilc cuts off; contexts of
// initial SIDs and ranges that aren't valid; comparisons of names by dominance; a
// classmapping for a class that isn't a classmap.
//
// Input is untrusted: time and memory are bounded by the size of the texts and
// Options.MaxExpansion, which limits what macros and inheritance can make of a small
// text.
//
// Compile may be called by any number of goroutines.
package cil
