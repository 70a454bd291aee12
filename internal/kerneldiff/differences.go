package kerneldiff

// Differences are the operations that don't do the same under the supervisor, with
// reasons. docs/kernel-differences.md lists them.
var Differences = map[string]string{
	"chown, capability": "the supervisor performs the call with its own capability; that a permissive domain or mode lacks one isn't logged where the call succeeds",
}
