// Package sysroot turns a directory that holds a system into the root directory
// of the process, with what a running system finds there: /proc, /sys, /dev and
// an empty /run.
//
// All of it happens in a mount namespace of the process' own: Isolate makes it
// by executing the process' program anew, Enter then works in it. The machine's
// mounts don't change, and what was outside of the directory can't be reached
// from inside any more, not even by a privileged process.
//
// Both need the capability sys_admin, as mounting does. They change the whole
// process and are for its beginning, before it has anything else to do.
package sysroot
