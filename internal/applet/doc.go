// Package applet is what seward's commands have in common: what a command is, how
// it is found by name, what it gets from the world and how it ends.
//
// A command is an Applet: its name, its options as data, and a Run function. The
// same data reads the command line and makes the help, so that they can't
// disagree. A Set is the commands of one binary; it is found under the name that
// the binary was started by (secilc), else by the first argument (seward compile).
//
// An applet touches the process only through its Env: standard streams, the
// environment, the root of the file system that it works on. It returns an error
// and never exits; an ExitError carries the exit status where scripts know
// another than 1.
//
// The applets themselves live in packages below this one, by family, and
// package table lists them.
package applet
