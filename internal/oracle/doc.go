// Package oracle tells tests whether what they compare seward with is here: the
// field's own programs, root, a feature of the running kernel.
//
// An ordinary `go test ./...` needs none of them: a test that asks for one that
// is absent skips and says why. With SEWARD_REQUIRE_ORACLES=1 in the
// environment, which continuous integration sets, a missing program is a failure
// instead, so that no comparison is lost without anyone noticing.
package oracle
