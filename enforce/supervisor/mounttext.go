package supervisor

import (
	"strings"

	"seward/internal/linux"
)

// Programs see by the word seclabel in the options of a mount whether files on it
// can be given labels; restorecon leaves out those that can't.

const seclabel = "seclabel"

// withSeclabels returns the text of /proc/PID/mounts with the word where it
// belongs: behind rw or ro.
func (f *filesystems) withSeclabels(text string) string {
	return eachLine(text, func(line string) string {
		// Source, point, type, options.
		w := strings.Split(line, " ")
		if len(w) < 4 || !f.takesLabels(w[2], w[3]) {
			return line
		}
		access, rest, more := strings.Cut(w[3], ",")
		w[3] = access + "," + seclabel
		if more {
			w[3] += "," + rest
		}
		return strings.Join(w, " ")
	})
}

// withSeclabelInfo does the same to /proc/PID/mountinfo, where the word is among
// the options of the filesystem.
func (f *filesystems) withSeclabelInfo(text string) string {
	return eachLine(text, func(line string) string {
		// ... - type source options
		head, tail, ok := strings.Cut(line, " - ")
		w := strings.Split(tail, " ")
		if !ok || len(w) < 3 || !f.takesLabels(w[0], w[2]) {
			return line
		}
		access, rest, more := strings.Cut(w[2], ",")
		w[2] = access + "," + seclabel
		if more {
			w[2] += "," + rest
		}
		return head + " - " + strings.Join(w, " ")
	})
}

// mountOver returns the number of the mount that a path is on, by the text of
// mountinfo.
func mountOver(text, path string) string {
	id, longest := "1", -1
	for line := range strings.Lines(text) {
		// Number, parent, device, root, point.
		w := strings.SplitN(line, " ", 6)
		if len(w) < 6 || len(w[4]) < longest {
			continue
		}
		if w[4] == "/" || path == w[4] || strings.HasPrefix(path, w[4]+"/") {
			id, longest = w[0], len(w[4])
		}
	}
	return id
}

// takesLabels reports whether files of a filesystem can be given labels. The
// options that it has already may say so, or say that all have one.
func (f *filesystems) takesLabels(kind, options string) bool {
	if hasOption(options, seclabel) || strings.Contains(options, "context=") {
		return false
	}
	return f.describe(linux.Mount{Type: kind}).sb.Labels
}

func eachLine(text string, change func(string) string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(change(strings.TrimSuffix(line, "\n")))
		b.WriteByte('\n')
	}
	return b.String()
}
