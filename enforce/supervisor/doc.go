// Package supervisor runs a process tree under SELinux labels on a kernel that
// has no SELinux active: it mediates the tree's system calls, asks a security
// server what each may do, performs or refuses them, and keeps the labels of
// processes and files.
//
// # The life of a call
//
// Every supervised thread carries a seccomp filter (filter.go) that lets through
// what no label protects, refuses what can't be mediated and sends the rest here
// as notifications. An actor (actor.go, listener.go) receives one, copies its
// arguments once, walks its path by directory descriptors with the caller's
// credentials (walk.go), asks the hooks of package hooks about each step and the
// object, performs the call on the very object that was checked, and answers: by
// a value, an errno, or a descriptor put into the caller. What the kernel itself
// would refuse is refused first and not logged.
//
// A few calls only the kernel can perform for their caller: exec, chdir, chroot.
// They are checked, let through, and verified before their effect can matter: an
// exec at its ptrace event, before the first instruction (exec.go), a directory
// before the next path starts from it (base.go). A process that changed a call
// after its check dies.
//
// # Threads
//
// One actor receives at a time (several would all wake for each notification).
// One that is about to wait gives its turn away; one that is stuck loses it to a
// watchdog. Actors block all signals for ever and end with their threads. The
// tracer is one more thread: it started the program, follows every thread of the
// tree through ptrace, gives new ones their labels before their first
// instruction, repairs calls that a signal interrupted before they were received,
// and watches who holds a file that is carried in memory (watch.go).
//
// # Locks
//
// In this order: ipcObjects.mu, actor.caching, mountState.mu, engine.naming,
// engine.creating, labels.mu, labels.fsMu, fsState.mu, sideStore.mu, carriers.mu,
// watchedFile.mu; task.mu, tasks.mu and turns.mu are held for a few instructions and
// nothing else is taken under them. A task's fields that have no lock belong to whoever handles its call, between
// enter and leave, or to the tracer while it is stopped.
//
// # Invariants
//
//	I1  No decision uses a task's memory twice: what is decoded is a copy.
//	I2  The object that is checked is the object that is used, or the task dies.
//	    Locks and ioctl of tasks that share descriptors are the exception, and
//	    mappings of those that share memory are verified only afterwards.
//	I3  No call is let through whose pointer was what the check was about, but for
//	    exec, chdir and chroot, which are verified. Known exception: semop, whose
//	    operations the kernel reads once more.
//	I4  Every notification gets exactly one answer.
//	I5  Every descriptor has one owner: a place, a cache, a task's entry.
//	I6  No thread answers notifications with a signal unblocked.
//	I7  What is unknown fails: architectures, calls, flags, a handler that panics.
//	    The end of the supervisor is the end of the tree.
//	I8  A new thread has its label before its first instruction.
//	I9  What is remembered of paths is void before a call that changes them is
//	    answered.
//	I10 Permissive mode changes no result, it only logs.
//	I11 The supervisor is out of the tree's reach: signals, ptrace, /proc, its own
//	    directories and descriptors.
package supervisor
