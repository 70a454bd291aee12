package linux

// Actions of a seccomp filter. Where several filters are stacked the lowest
// signed value wins.
const (
	SeccompKillProcess = 0x80000000
	SeccompErrno       = 0x00050000 // with the errno in the low 16 bits
	SeccompNotify      = 0x7fc00000
	SeccompAllow       = 0x7fff0000
)

// Flags and commands of seccomp(2).
const (
	seccompSetModeFilter   = 1
	seccompGetActionAvail  = 2
	seccompGetNotifSizes   = 3
	filterNewListener      = 1 << 3
	filterWaitKillableRecv = 1 << 5
)

// NotifSizes are the sizes of the structures of notifications that the kernel
// uses.
type NotifSizes struct {
	Notification, Response, Data uint16
}

// Sizes of the structures as this package knows them.
var knownNotifSizes = NotifSizes{Notification: 80, Response: 24, Data: 64}
