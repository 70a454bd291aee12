package linux

import "golang.org/x/sys/unix"

// PseudoterminalNumber returns the number of the pseudoterminal whose master side
// a descriptor is.
func PseudoterminalNumber(fd int) (int, error) {
	n, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	return int(n), err
}
