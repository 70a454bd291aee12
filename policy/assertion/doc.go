// Package assertion checks a policy against what it says of itself: neverallow
// rules, which no allow rule may contradict, and bounds, which keep the rights of
// a type, role or user inside those of its parent.
//
// Neither stands in a binary image's decisions, so a compiler checks them before
// it lets go of a policy, and an auditor may check an image against rules of
// their own.
//
// The check works on sets. For one neverallow rule it marks every type and
// attribute of the policy that has a member among the rule's sources, and
// likewise for its targets; each allow rule of the class then costs two look-ups
// of a bit, and only rules that pass them are looked at closely. The work is the
// number of neverallow rules times the number of allow rules of their classes,
// whatever the sizes of the attributes.
//
// Everything here only reads the policy. A Checker keeps scratch memory and
// belongs to one goroutine.
package assertion
