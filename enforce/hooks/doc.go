// Package hooks says what each operation of a process must ask of the policy:
// the queries, their order, and what a refusal looks like to the caller. It is
// the part of SELinux that the kernel keeps in security/selinux/hooks.c, for
// object managers outside of a kernel.
//
// A hook is a function. It gets an Asker, which answers single queries, and the
// subject and objects of one operation as labels and classes; it returns a
// Verdict: the errno of the first query that failed and what has to be logged.
// It makes no system call, keeps no state and knows no path, so that the same
// functions serve a system call supervisor, a replay of logs and tests that
// list the exact sequence of queries. Whoever calls a hook has done the
// discretionary checks first; mandatory ones only restrict further.
//
// Classes and permissions are those of the kernel, in the kernel's order. A Map
// translates them to a policy's own numbers by name and honours handle_unknown.
// Server is the Asker over a security server.
//
// Everything here is safe for concurrent use; values passed in are only read.
package hooks
