package compat

import "strings"

// differences are the known ones, by the beginning of a line: docs/compatibility.md
// lists them.
var differences = map[string]string{
	"open/nofollow ":                  "O_NOFOLLOW isn't shown by F_GETFL",
	"open/path nofollow ":             "O_NOFOLLOW isn't shown by F_GETFL",
	"open/exclusive file/: EISDIR":    "creating with a slash at the end",
	"open/exclusive link/: EISDIR":    "creating with a slash at the end",
	"open/exclusive nothing/: EISDIR": "creating with a slash at the end",
	"open/creat in root of others":    "creating in /proc",
	"names/exchange ":                 "which of two errors comes first",
	"names/rename dir to ":            "which of two errors comes first",
	"names/link to /proc/self/":       "which of two errors comes first",
	"sockets/socket none77":           "which of two errors comes first",
	"sockets/connect other family":    "which of two errors comes first",
	"pipes/FIFO nobody reads: ENXIO":  "a closed FIFO keeps its reader for a moment",
	"process/unmount: EINVAL":         "a directory that is no mount",
}

// differs returns why a case is known to differ.
func differs(group, line string) string {
	for prefix, reason := range differences {
		if strings.HasPrefix(group+"/"+line, prefix) {
			return reason
		}
	}
	return ""
}
