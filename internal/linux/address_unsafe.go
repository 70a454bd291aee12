package linux

import (
	"sync"
	"unsafe"
)

var (
	fixedMu sync.Mutex
	fixed   []any
)

// Address returns where a value is, which stays there for good: for the arguments
// of calls that a test makes itself.
func Address[T any](p *T) uintptr {
	fixedMu.Lock()
	fixed = append(fixed, p)
	fixedMu.Unlock()
	return uintptr(unsafe.Pointer(p))
}
