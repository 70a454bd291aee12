// Package policy holds a SELinux policy in memory: symbols, rules, conditionals,
// constraints and labelling statements, under the identifiers that the kernel's
// binary image gives them.
//
// There are two forms of one thing. A Builder is plain data: every table is an
// exported slice in the order of the image, and whoever has a policy in some
// notation (a reader, a compiler, a test) fills it. Build checks that
// everything a Builder refers to exists and fits, and turns it into a Policy,
// which has no writer. What is a Policy has been validated; nothing else in this
// program can be asked for a decision.
//
// Identifiers count from 1 and have a type each; 0 is invalid. A table is a
// slice in image order, which is the order that a writer keeps; symbols are
// found by identifier or by name through a Policy's methods.
//
// Where a rule came from is kept beside the rules as Origins: one access vector
// rule of an image is often the sum of several statements of a source, and each
// of them is cited with the permissions that it gave.
//
// A Policy is immutable and may be shared by any number of goroutines.
package policy
