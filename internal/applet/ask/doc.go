// Package ask holds `seward ask`, which answers questions about a policy with the
// texts and errors of the kernel's query files, one line for one line.
package ask
