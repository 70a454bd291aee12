// Package security is the security server: it decides what a policy allows, in
// the way that the Linux kernel does, bit for bit.
//
// A Server holds the state that the kernel keeps beside a policy: security
// identifiers (SIDs), the values of booleans, the mode (enforcing or
// permissive) and a sequence number. It answers with access vectors
// (ComputeAV), extended permissions (Xperms), labels of new objects (Create,
// Member, Change) and reasons (Explain). A denial is a value, never an error;
// an error says that a question makes no sense, and carries the errno that the
// kernel gives.
//
// # Snapshots
//
// Everything that a decision depends on is one immutable Snapshot behind an
// atomic pointer. A change (a policy, booleans, the mode) makes a new one and
// swaps the pointer: who decides never waits, never makes a load wait, and never
// sees half a change. Whoever needs several answers of one state takes the
// Snapshot and asks that. Its Epoch tells caches whether an answer is still of
// the present.
//
// # Identifiers
//
// A SID stands for one context for the life of a Server. Loading a policy gives
// every SID the context of the same names under the new policy. A context that
// the new policy doesn't know keeps its text, is treated as unlabeled, and comes
// back with a later policy that knows it. Numbers 1 to 27 are the kernel's
// initial SIDs.
//
// # How a decision is made
//
// The rules whose source is a type or one of its attributes are merged, for one
// class, into a row on first use: a bit set of targets and a vector for each of
// them. A decision intersects the row with the attributes of the target type, a
// few words each. Constraints are compiled to tests that jump, so that the
// first operand that settles an expression ends it; comparisons of levels are
// made once for all constraints of a decision. Rows depend on the booleans and
// belong to a snapshot; all else belongs to the policy.
//
// All methods may be called by any number of goroutines. Writers are serialised
// by two locks: loads take Server.load, then Server.grow; whoever adds a SID
// takes Server.grow alone.
package security
