// Package audit writes and reads the records of the access vector cache: who was
// denied or granted what, in the very text that the kernel logs.
//
// The text is an interface. ausearch, audit2allow and every log shipper match on
// its order, blanks and quoting, so Append reproduces them byte for byte (kernel
// security/selinux/avc.c and security/lsm_audit.c), and Parse reads records of
// any kernel, userspace object managers' included, without losing a field.
//
// A Log numbers records and writes them as the audit daemon does. It may be used
// by any number of goroutines; everything else here keeps no state.
package audit
