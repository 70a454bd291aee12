package kerneldiff

// Differences are the operations that don't do the same under the supervisor, with
// reasons.
var Differences = map[string]string{
	"make a file without a name": "the kernel doesn't ask for create with O_TMPFILE, the supervisor does",
}
