// Package diag holds source positions and diagnostics, the way every reader of a
// policy notation says what is wrong and where.
//
// A tree keeps byte offsets (int32); line and column are computed when a
// diagnostic is printed, from a table of line starts that a File builds on first
// use. A diagnostic is data: an Error with a position, a message and notes (why,
// from where, what it may have meant), collected in a List. The text of an Error
// is
//
//	base.cil:12:5: unknown type "httpd_exec_t"
//
// followed by one line for each note, indented by a tab:
//
//	base.cil:3:1: note: called here
//
// A generator that writes CIL from another language may leave line marks; a File
// keeps them and the diagnostic then cites the generator's source as well.
//
// A File may be read by any number of goroutines once its Data is set. A List is
// not safe for concurrent use.
package diag
