package supervisor

import (
	"syscall"

	"seward/internal/linux"
)

// action says what the filter does with a call.
type action uint8

const (
	actionUnknown action = iota // fails with ENOSYS
	actionAllow                 // touches nothing that a label protects, or an open descriptor only
	actionNotify                // goes to the call's handler
	actionRefuse                // fails: it can't be mediated
	actionFilter                // depends on the arguments
)

// call is a row of the table of system calls.
type call struct {
	name   string
	action action
	errno  syscall.Errno // of actionRefuse
	handle func(*actor) answer
	// filter writes the part of the filter that looks at arguments.
	filter func(*linux.Assembler)
	// restart says that an ordinary kernel never interrupts the call, so that it is
	// started again when a signal came before its notification was received.
	restart bool
	// reads marks calls that CoverageCore leaves alone.
	reads bool
}

// lookup returns the row of a call, nil if there is none.
func (e *engine) lookup(number int) *call {
	if number < 0 || number >= len(e.table) || e.table[number].name == "" {
		return nil
	}
	return &e.table[number]
}

// Calls returns the names of all calls that are refused or not mediated, by what
// becomes of them, for documentation and diagnosis.
func Calls() (mediated, refused, allowed []string) {
	for i := range calls {
		c := &calls[i]
		switch c.action {
		case actionNotify, actionFilter:
			mediated = append(mediated, c.name)
		case actionRefuse:
			refused = append(refused, c.name)
		case actionAllow:
			allowed = append(allowed, c.name)
		case actionUnknown:
		}
	}
	return mediated, refused, allowed
}
