package supervisor

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// elfInterpreter returns the dynamic loader that the first page of an ELF file
// names, empty if none is found there.
func elfInterpreter(head []byte) string {
	le := binary.LittleEndian
	if len(head) < 64 || !bytes.HasPrefix(head, []byte(elf.ELFMAG)) ||
		head[elf.EI_CLASS] != byte(elf.ELFCLASS64) || head[elf.EI_DATA] != byte(elf.ELFDATA2LSB) {
		return ""
	}
	offset, size, count := le.Uint64(head[32:]), uint64(le.Uint16(head[54:])), uint64(le.Uint16(head[56:]))
	if size < 56 {
		return ""
	}
	for i := range count {
		at := offset + i*size
		if at > uint64(len(head)) || at+56 > uint64(len(head)) {
			return ""
		}
		h := head[at:]
		if elf.ProgType(le.Uint32(h)) != elf.PT_INTERP {
			continue
		}
		start, length := le.Uint64(h[8:]), le.Uint64(h[32:])
		if start > uint64(len(head)) || length > uint64(len(head))-start {
			return ""
		}
		name, _, _ := bytes.Cut(head[start:start+length], []byte{0})
		return string(name)
	}
	return ""
}
