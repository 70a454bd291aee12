// Package basepolicy is seward's own reference policy, as CIL text inside the
// binary.
//
// The directories are the policy's parts, one file per module:
//
//	kernel/    what the kernel asks (classes, initial SIDs, levels), words for
//	           permissions, and guard.cil: what the policy promises
//	managers/  classes of object managers outside the kernel
//	system/    kinds of type, identities, the file system's tree, devices,
//	           networks, what every process may do, init, the unconfined
//	users/     homes, and the sessions of confined people
//	services/  how a service is confined, and three that are: a web server, a
//	           database, containers
//	examples/  modules that go on top, for the stories in the tutorial
//
// The policy confines what is asked to be confined: unconfined_t and the init
// system may do everything, services, containers and the sessions of user_u only
// what is written down. Levels bind only domains that carry mcs_constrained
// (categories) or mls_enforced (sensitivities).
//
// It is one policy for every compiler of CIL: nothing in it needs a language newer
// than that of Debian 12's secilc, nor a policy version above 33. Base and Examples
// return the same files in the same order in every build, and what they return is
// the caller's own; both are safe for concurrent use.
package basepolicy
