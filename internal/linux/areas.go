package linux

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Area is a part of an address space, a line of /proc/PID/maps.
type Area struct {
	Start, End   uint64
	Exec, Shared bool
	Inode        uint64 // 0 is no file
	Name         string
}

// Contains reports whether an address lies in the area.
func (a *Area) Contains(address uint64) bool { return address >= a.Start && address < a.End }

// Link returns the name of the area's file below /proc/PID.
func (a *Area) Link() string { return fmt.Sprintf("map_files/%x-%x", a.Start, a.End) }

// ReadAreas returns the areas of a process that lie in a range.
func ReadAreas(pid int, start, end uint64) ([]Area, error) {
	data, err := ReadFile("/proc/" + strconv.Itoa(pid) + "/maps")
	if err != nil {
		return nil, err
	}
	var areas []Area
	for line := range bytes.Lines(data) {
		a, err := parseArea(string(line))
		if err != nil {
			return nil, err
		}
		if a.End > start && a.Start < end {
			areas = append(areas, a)
		}
	}
	return areas, nil
}

var errArea = errors.New("unknown line of a process' maps")

// parseArea reads a line: range, permissions, offset, device, inode, name.
func parseArea(line string) (Area, error) {
	var a Area
	f := strings.Fields(line)
	if len(f) < 5 || len(f[1]) != 4 {
		return a, errArea
	}
	from, to, ok := strings.Cut(f[0], "-")
	var err1, err2, err3 error
	a.Start, err1 = strconv.ParseUint(from, 16, 64)
	a.End, err2 = strconv.ParseUint(to, 16, 64)
	a.Inode, err3 = strconv.ParseUint(f[4], 10, 64)
	if !ok || err1 != nil || err2 != nil || err3 != nil {
		return a, errArea
	}
	a.Exec, a.Shared = f[1][2] == 'x', f[1][3] == 's'
	if len(f) > 5 {
		// A name may hold blanks; line feeds in it are escaped.
		a.Name = strings.TrimSuffix(line[strings.Index(line, f[5]):], "\n")
	}
	return a, nil
}

// AreaWritten reports whether a private mapping of a file has pages of its own.
func AreaWritten(pid int, area *Area) (bool, error) {
	data, err := ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps")
	if err != nil {
		return false, err
	}
	head := []byte(fmt.Sprintf("%08x-%08x ", area.Start, area.End))
	inside := false
	for line := range bytes.Lines(data) {
		key, value, ok := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.HasPrefix(line, head):
			inside = true
		case !inside || !ok:
		case string(key) == "Anonymous", string(key) == "Swap":
			if f := bytes.Fields(value); len(f) > 0 && string(f[0]) != "0" {
				return true, nil
			}
		case string(key) == "VmFlags":
			return false, nil
		}
	}
	if !inside {
		return false, errArea
	}
	return false, nil
}

// StackPointer returns that of a thread that is in a system call.
func StackPointer(tid int) (uint64, bool) {
	data, err := ReadFile("/proc/" + strconv.Itoa(tid) + "/syscall")
	if err != nil {
		return 0, false
	}
	f := strings.Fields(string(data))
	if len(f) < 3 {
		return 0, false
	}
	sp, err := strconv.ParseUint(strings.TrimPrefix(f[len(f)-2], "0x"), 16, 64)
	return sp, err == nil
}
