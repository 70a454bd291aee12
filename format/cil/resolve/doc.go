// Package resolve turns parsed CIL into a database of declarations and statements
// in which every name has become a number: blocks are inherited, in-statements
// inserted, macros called, tunables decided, aliases followed, and optional blocks
// whose content can't be resolved are gone.
//
// See DB for what the database holds and in which order.
//
// # The tree
//
// Policies are trees of statements, and copies (calls, inheritance, in-statements)
// make them grow. Here a tree has nodes (inst) for containers only. A container
// refers to the statements of its text, which are shared by all of its copies; what
// a copy adds is a node with another parent. So a name means in each copy what it
// means there, since it is looked up from the node.
//
// # The steps
//
// Build makes nodes of the texts and declares what they declare. Expand then goes
// through the copies, one kind after the other, in the order of libsepol (cil_resolve_ast.c,
// cil_resolve_ast): tunables, in-statements of the usual kind, inheritance,
// abstract blocks, in-statements that come after, calls. From then on the tree
// only shrinks.
//
// The rest happens in rounds. A round walks over the policy, gives symbols their
// identifiers and resolves statements in several passes: arguments of calls, aliases,
// orders, category sets, what classes have in common, and then everything else,
// straight into the database. When a pass finds a statement in an optional that it
// can't resolve, the optional goes with what it declares, the database is emptied,
// and a new round begins, because other statements may have leaned on it. A policy of
// hundreds of modules needs three rounds; chains of optionals, each of which needs
// the next, are followed within a round (see resolver.spread).
//
// Verify looks for what only the whole can have: sets that contain themselves, users without a
// level, and the like.
//
// # Errors
//
// An unknown name in an optional disables the optional; other errors are errors
// anywhere. A step goes on after an error to find all that are there; the next
// step is not tried, and a round with errors is the last.
//
// # Limits
//
// What copies may make is limited by Options.MaxExpansion and in depth, so that time and
// memory don't depend on what a hostile text describes.
//
// A DB is not changed once Resolve has returned it and may be read by any number
// of goroutines.
package resolve
