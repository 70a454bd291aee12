// Package doctor is the command that tells what a host offers to `seward run`,
// proves it by a run, and says what is not mediated.
package doctor
