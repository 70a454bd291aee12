package kerneldiff

// Differences are the operations that don't do the same under the supervisor, with
// reasons. docs/kernel-differences.md lists them.
var Differences = map[string]string{}
