package kernelvm

import (
	"bytes"
	"fmt"

	"seward/internal/kernelvm/wire"
)

// Modes of archive entries, as in stat(2).
const (
	modeFile   = 0o100755
	modeDir    = 0o040755
	modeDevice = 0o020600
)

// entry is one file of an archive.
type entry struct {
	name         string
	mode         uint32
	data         []byte
	major, minor uint32
}

// archive returns entries in the format that kernels take as initial file
// system: cpio's "newc" (kernel Documentation/driver-api/early-userspace/
// buffer-format.rst). Fields are eight hexadecimal digits; headers with names and
// data are padded to four bytes.
func archive(entries []entry) []byte {
	var out bytes.Buffer
	for i, e := range append(entries, entry{name: "TRAILER!!!"}) {
		fields := [13]uint32{
			uint32(i + 1), // inode
			e.mode,
			0, 0, // owner
			1, // links
			0, // time
			uint32(len(e.data)),
			0, 0, // device that the archive was made on
			e.major, e.minor,
			uint32(len(e.name) + 1),
			0, // checksum, unused in this variant
		}
		out.WriteString("070701")
		for _, f := range fields {
			fmt.Fprintf(&out, "%08x", f)
		}
		out.WriteString(e.name)
		out.WriteByte(0)
		pad(&out)
		out.Write(e.data)
		pad(&out)
	}
	return out.Bytes()
}

func pad(out *bytes.Buffer) {
	for out.Len()%4 != 0 {
		out.WriteByte(0)
	}
}

// initramfs returns the initial file system with the given init and, unless it is
// nil, the program for it to run.
func initramfs(init, program []byte) []byte {
	entries := []entry{
		{name: "dev", mode: modeDir},
		{name: "dev/console", mode: modeDevice, major: 5, minor: 1},
		{name: "proc", mode: modeDir},
		{name: "sys", mode: modeDir},
		{name: "tmp", mode: modeDir},
		{name: "init", mode: modeFile, data: init},
	}
	if program != nil {
		entries = append(entries, entry{name: wire.Program[1:], mode: modeFile, data: program})
	}
	return archive(entries)
}
