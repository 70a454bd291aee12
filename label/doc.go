// Package label says which security context an object should have: by the file
// contexts of a policy, and by its statements about filesystems.
//
// Specs are the entries of file_contexts and its companions (homedirs, local,
// subs, subs_dist), looked up with the rules of libselinux: entries without a
// regular expression go before those with one, and among equals the last one
// wins; a file's type must fit where an entry names one.
//
// A look-up costs a hash of the path for the literal entries and one step for
// each byte for all others together: they form one deterministic automaton that
// is built as paths need it. A pattern is compiled when a path first reaches the
// end of its literal prefix. The automaton's states are bounded; when they
// become too many they are dropped and built anew.
//
// Patterns are Go's regular expressions, which are those of libselinux but for
// back-references and look-around: these are refused. A path is a string of
// bytes and so is what a pattern sees; a pattern matches the whole path. Unlike
// in libselinux a line feed at the end of a name is part of it.
//
// Resolver adds what a policy says about filesystems (fs_use, genfscon).
//
// Specs and Resolver are safe for concurrent use.
package label
