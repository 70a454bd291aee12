// Package mls computes with security levels and ranges: dominance, containment,
// greatest lower and least upper bounds, and their text form.
//
// A Level is a sensitivity, ordered by its number, and a set of categories. It
// dominates another when its sensitivity is at least as high and its categories
// include the other's. A Range is a low and a high level, the high one
// dominating the low one. Names live in a policy; the text functions take them
// through the Names interface, so that this package depends on no policy.
//
// Values are plain data, safe to share between goroutines while nobody changes
// them.
package mls
