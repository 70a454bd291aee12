// Package carrier gives programs real descriptors for the files of selinuxfs, so
// that dup, fork, `>file` and everything else works on them as on any file.
//
// A Mount is a FUSE filesystem that is attached nowhere: a supervisor opens a
// file on it and hands the descriptor to a program. Reads and writes arrive here
// with the number of the thread that makes them, and a write fails at the write
// with the errno that the kernel's file would give. What can only be read needs
// no server: Copy makes a sealed file in memory. Programs map the status page:
// Status is memory that they see change.
//
// Two things differ from the kernel's files and are evened out here or by the
// supervisor. A write to a FUSE file moves the offset that the next read starts
// at; the Mount keeps account of that. A write of nothing, by which libselinux
// unsets an attribute of a process, doesn't reach a FUSE server at all: whoever
// sees the system call hands it to Mount.WriteNothing.
//
// A process that ends while it has a file of its own Mount open must not be made
// to wait for itself: opens are answered so that closing sends nothing
// (FOPEN_NOFLUSH). A supervisor keeps such descriptors for as short as it can,
// and never opens one on a thread that the Mount's callbacks wait for. It opens
// them with system calls only: os.OpenFile would hand the descriptor to Go's
// poller, which then waits for an answer that takes the poller to give.
//
// All methods may be called from any number of goroutines.
package carrier
