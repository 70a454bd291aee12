// Package selinuxfs is what programs see of SELinux: the files of
// /sys/fs/selinux and of /proc/PID/attr, with the texts, transactions and errors
// of the kernel's.
//
// The functions of transaction.go answer the query files (access, create,
// member, relabel, context, validatetrans): text in, text or errno out. They
// ask no permission, so that a command can answer questions about a policy with
// the very code that answers supervised programs.
//
// A Tree is a directory of nodes over a security server. A Handle is one opened
// node: Read and Write take the caller's identity with each call, as the kernel
// looks at the current task, check the permissions of the class security, and
// answer with an errno. A Tree makes no system call; what carries it to a
// program, a Mount or a sealed memory file, is in carrier.go.
//
// A Tree may be used by any number of goroutines. A Handle serialises its calls.
package selinuxfs
