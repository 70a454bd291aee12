// Package compile holds the commands that make a binary policy: `seward compile`
// and the classic secilc.
package compile
