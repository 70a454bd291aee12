// Package syntax reads the text of the Common Intermediate Language into trees of
// statements whose form is right: every statement has a known keyword, the
// arguments that the keyword wants, well-formed expressions, numbers in range, and stands
// where it may stand. What names mean is not its business (package resolve).
//
// # The tree
//
// A File is three flat slices without pointers. Words holds the text of all
// statements: an atom is the number of an interned name, a list is its length in
// words, followed by its elements. Stmts holds statements: keyword, where its words begin,
// and the byte offset of its parenthesis. Statements that contain others (block, optional,
// macro ...) have a Body, a range of Stmts; their Words are the header only. The
// offset of any word is found again, when a diagnostic needs it, by reading
// the statement's text once more.
//
// # Names
//
// Names are interned in a Names table. Keywords are interned first, in every table
// alike, so that a name can be compared with a Keyword. ParseAll reads files in
// parallel, each worker with a table of its own, and then renumbers the words of all
// files, in order, by one table: numbering doesn't depend on scheduling.
//
// # Errors
//
// A File lists all of its errors. After an error the parser goes on behind the statement
// that has it. A statement with an error is not in the tree.
//
// Input is untrusted: memory is bounded by a small multiple of the text's size,
// nesting by MaxDepth, and no input makes the parser panic.
//
// A Names table may be read, and Files may be read, by any number of goroutines
// once ParseAll has returned; adding names is not safe for concurrent use.
package syntax
