// Package secctx turns the text of a security context into identifiers of a
// policy and back: `user:role:type` or, with MLS, `user:role:type:range`.
//
// Text that comes from a file, a user or another process is parsed with the
// kernel's rules, no blank or empty part forgiven, and what Parse returns is
// valid under the policy.
//
// The functions keep no state.
package secctx
