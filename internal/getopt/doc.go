// Package getopt reads command lines in the two dialects that SELinux's tools
// have spoken for twenty years: GNU getopt_long and Python's argparse.
//
// Both dialects are one grammar with switches. In GNU, one dash takes a bundle
// of letters (-DB), a value may be attached (-X300), an optional value must be
// (-lfull), and a long option may be shortened while it stays unambiguous. In
// Argparse, a word with one dash may be a name of several letters (-ds), which
// wins over a bundle, and an option may take the next word if there is one that
// doesn't look like an option, or all of them.
//
// A line is read as a stream of events in the order that they stand, because
// for some tools the order is the meaning (semodule -X 300 -i a -X 400 -i b).
// Parse collects the stream into a Line for the others. The texts of errors are
// those that scripts and their authors know.
//
// Nothing here prints or exits. A Grammar is only read and may be shared.
package getopt
