package linux

import (
	"sync/atomic"
	"unsafe"
)

// Words returns the page's memory as 32-bit words, to be changed while others
// read.
func (p *Page) Words() []atomic.Uint32 {
	return unsafe.Slice((*atomic.Uint32)(unsafe.Pointer(&p.mem[0])), len(p.mem)/4)
}
