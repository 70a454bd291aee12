// Package wire is what the host and the init process of the virtual machine say
// to each other over their serial port: frames of a kind, a length and a payload.
package wire
