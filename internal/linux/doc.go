// Package linux is the door to the kernel: the only package that imports unsafe
// and golang.org/x/sys. It offers the system calls that the rest of seward needs
// and the standard library lacks, in Go's types and with errors that are
// syscall.Errno values.
//
// What it holds, by file: seccomp filters and notifications (seccomp.go,
// notify.go), an assembler for classic BPF (bpf.go), ptrace (ptrace.go),
// credentials and signal masks of single threads (thread.go), calls relative to
// directory descriptors (path.go), extended attributes (xattr.go), another
// process' memory (memory.go), pidfds (pidfd.go) and the text files of /proc
// (procfs.go).
//
// Calls that change a thread (its credentials, umask, signal mask, filters) act
// on the calling thread alone: the caller has locked its goroutine to the thread
// and never unlocks it. A call interrupted by a signal before it did anything is
// repeated here; ADDFD isn't, because an interrupted one can't be trusted (see
// notify.go).
//
// Pointers become integers only inside the argument list of a system call, so
// that a moving stack can't invalidate them; no wrapper takes a uintptr that was
// a pointer.
package linux
