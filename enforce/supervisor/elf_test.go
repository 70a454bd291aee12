package supervisor_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"runtime"
)

func lockThread() { runtime.LockOSThread() }

// elf64 returns a program of x86-64 that is nothing but code.
func elf64(code []byte) []byte {
	const base, headers = 0x400000, 64 + 56
	size := uint64(headers + len(code))
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Entry: base + headers,
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	copy(header.Ident[:], "\x7fELF\x02\x01\x01")
	segment := elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base,
		Filesz: size, Memsz: size, Align: 0x1000,
	}
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, &header)
	_ = binary.Write(&b, binary.LittleEndian, &segment)
	b.Write(code)
	return b.Bytes()
}
