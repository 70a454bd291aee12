// Package table lists the commands that are in the binary.
package table
