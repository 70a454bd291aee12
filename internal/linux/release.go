package linux

import "golang.org/x/sys/unix"

// Release returns the kernel's release as uname(2) has it, empty if unknown.
func Release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}
