// Package querygen makes random questions about a policy, in the form of the
// query files of selinuxfs, for comparing whoever answers them: seward, the
// kernel.
//
// Questions at random would mostly be about pairs that no rule names, with
// contexts that don't exist. Two thirds of these are built around a rule of the
// policy: its source or a member of it, its target, its class, so that rules,
// conditionals, constraints and transitions are all met. Users, roles and levels
// are random among those that the context's type allows; some contexts are
// invalid in each of the ways in which a context can be.
//
// A Generator gives the same questions for the same policy and seed. It isn't
// safe for concurrent use.
package querygen
