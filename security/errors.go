package security

import (
	"errors"
	"fmt"
	"syscall"
)

// Error is the answer to a question that makes no sense, with the errno that the
// kernel gives: EINVAL for an invalid argument, EACCES for a label that would be
// invalid, EPERM for a transition that a constraint forbids. errors.Is finds
// the errno.
type Error struct {
	Errno syscall.Errno
	Err   error
}

// Error returns the text of the reason.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the reason and the errno.
func (e *Error) Unwrap() []error { return []error{e.Err, e.Errno} }

func fail(errno syscall.Errno, format string, args ...any) error {
	return &Error{Errno: errno, Err: fmt.Errorf(format, args...)}
}

// ErrNoUnlabeled says that a SID stands for nothing and the policy has no
// initial context "unlabeled" to take its place.
var ErrNoUnlabeled = errors.New("SID stands for no context and the policy has no unlabeled")

var errNoPolicy = errors.New("no policy is given")
