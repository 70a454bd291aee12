// Package compat compares what programs do natively with what they do under the
// supervisor and a policy that allows them everything: nothing should differ. Short
// programs at the edges of system calls (edges_*_test.go) are compared by every
// `go test`; docs/compatibility.md tells of the results.
package compat
