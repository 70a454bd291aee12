package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Kind tells what a frame is.
type Kind byte

// Kinds of frames. Each request is answered by one frame of the same kind, or by
// a Failure with a text.
const (
	Hello   Kind = 'H' // guest to host, once: the kernel's release
	Load    Kind = 'L' // a policy image; answered empty
	Enforce Kind = 'E' // "0" or "1"; answered empty
	Read    Kind = 'R' // answered by the image that the kernel gives back
	Ask     Kind = 'A' // queries, a line each; answered by as many lines
	Boolean Kind = 'B' // "NAME=0" or "NAME=1", a line each, committed together; answered empty
	Run     Kind = 'X' // a context and arguments, a line each, for Program; answered by what it printed, then, after a NUL, the kernel's log
	Off     Kind = 'O' // power off; not answered
	Failure Kind = 'F'
)

// Program is where the guest finds the program that Run requests run, if the
// machine was given one.
const Program = "/program"

// MaxPayload bounds a frame.
const MaxPayload = 256 << 20

// Write sends a frame.
func Write(w io.Writer, kind Kind, payload []byte) error {
	header := [5]byte{byte(kind)}
	binary.LittleEndian.PutUint32(header[1:], uint32(len(payload)))
	if _, err := w.Write(header[:]); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	if _, err := w.Write(payload); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}

// ReadFrame receives a frame.
func ReadFrame(r io.Reader) (Kind, []byte, error) {
	var header [5]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, nil, fmt.Errorf("read frame: %w", err)
	}
	n := binary.LittleEndian.Uint32(header[1:])
	if n > MaxPayload {
		return 0, nil, errors.New("read frame: too long")
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, fmt.Errorf("read frame: %w", err)
	}
	return Kind(header[0]), payload, nil
}
