// Package run is `seward run`: a command, and all that it starts, under a policy,
// on a kernel that enforces none.
package run
