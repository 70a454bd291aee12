// Package optimize removes from a policy the rules that other rules make
// superfluous, and from rules the permissions that others give already.
//
// A rule for a type is superfluous where one for an attribute of that type says
// as much, a conditional rule where an unconditional one does. Decisions stay as
// they are; what changes is the size of the image.
//
// Which of two rules that cover each other stays depends on which is looked at
// first. The order here is that of libsepol's hash table, so that an optimized
// image has the same bytes as one of libsepol, and so has the order in which
// conditionals list their rules afterwards.
//
// Rules works on a Builder that nobody else uses meanwhile.
package optimize
