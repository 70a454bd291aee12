package linux

import "golang.org/x/sys/unix"

// HasChildren reports whether the calling thread, not another of its process, has
// a child or a thread that it traces.
func HasChildren() bool {
	for {
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL|unix.WNOTHREAD, nil)
		if err != unix.EINTR { //nolint:errorlint // package unix returns bare errnos.
			return err == nil
		}
	}
}
