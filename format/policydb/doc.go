// Package policydb reads and writes the kernel's binary policy image, versions
// 24 to 35: the file that is written to /sys/fs/selinux/load and that lies in
// /etc/selinux/NAME/policy/policy.N.
//
// An image is untrusted input and the reader is hardened against it. A count is
// believed only as far as the bytes that are left could hold that many entries;
// nothing is allocated because an image claims it, so the memory that a read
// takes is a small multiple of the image's size. Expressions are bounded in
// depth as in the kernel, identifiers in range, names free of zero bytes. What
// comes out has been validated by policy.Builder.Build as well. Every error is a
// *FormatError that says at which offset and in which element the trouble is:
//
//	policy.33: offset 0x1a40: avtab[812]: class 97 out of range
//
// An image of the Xen target and a policy module (.pp, .mod) are refused with
// ErrXen and ErrModule. Bytes behind the end of a policy are ignored, as the
// kernel and libsepol do.
//
// The tables of an image have no order of their own: whoever writes one emits
// its hash tables bucket by bucket. The reader keeps the order it finds and
// LayoutKeep writes tables in the order of the policy, so that reading and
// writing gives the same bytes. LayoutLibsepol34 is the order in which
// libsepol 3.4 writes a policy that it built in memory, for byte identity with
// its secilc.
//
// Writing an older version than a policy needs drops what that version has no
// place for, as libsepol does, and tells WriteOptions.Lost. Where libsepol
// refuses instead, so does Write, with a *VersionError.
//
// The layout of the image is described in docs/formats/policydb.md.
package policydb
