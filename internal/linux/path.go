package linux

// Name is the text of a path or of a single name, ended by a NUL as the kernel
// takes it. Calls that take one allocate nothing.
type Name []byte

// MakeName returns a string as a Name. A NUL inside ends it early.
func MakeName(s string) Name {
	n := make(Name, len(s)+1)
	copy(n, s)
	return n
}

// String returns the text without its NUL.
func (n Name) String() string {
	for i, c := range n {
		if c == 0 {
			return string(n[:i])
		}
	}
	return string(n)
}

// Empty names, together with AtEmptyPath, the object that a descriptor stands
// for.
var Empty = Name{0}

// ProcSelfFD returns the path that leads to what the calling thread's descriptor
// stands for, written into buf.
func ProcSelfFD(buf []byte, fd int) Name {
	buf = append(buf[:0], "/proc/self/fd/"...)
	buf = appendInt(buf, fd)
	return append(buf, 0)
}

// ProcName returns /proc/PID/rest, written into buf.
func ProcName(buf []byte, pid int, rest string) Name {
	buf = append(buf[:0], "/proc/"...)
	buf = appendInt(buf, pid)
	buf = append(buf, '/')
	buf = append(buf, rest...)
	return append(buf, 0)
}

// ProcFD returns /proc/PID/fd/FD, written into buf.
func ProcFD(buf []byte, pid, fd int) Name {
	buf = append(buf[:0], "/proc/"...)
	buf = append(appendInt(buf, pid), "/fd/"...)
	return append(appendInt(buf, fd), 0)
}

func appendInt(buf []byte, v int) []byte {
	if v < 0 {
		buf = append(buf, '-')
		v = -v
	}
	var digits [20]byte
	i := len(digits)
	for {
		i--
		digits[i] = byte('0' + v%10)
		if v /= 10; v == 0 {
			return append(buf, digits[i:]...)
		}
	}
}
