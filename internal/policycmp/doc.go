// Package policycmp compares two policies by meaning: it turns each into a set
// of readable statements, in which names stand for numbers and no order counts,
// and returns the statements that only one of them has.
//
// It is the second oracle beside a comparison of bytes: where two images
// differ, it says whether they differ in sense and in what. Order is compared
// only where it decides: among ports, addresses and interfaces.
//
// It is for tests. It reads policies only, so that any number of goroutines may
// compare at once.
package policycmp
