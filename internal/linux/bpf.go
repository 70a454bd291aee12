package linux

import (
	"errors"
	"fmt"
)

// Instruction is one of classic BPF, struct sock_filter.
type Instruction struct {
	Code   uint16
	Jt, Jf uint8
	K      uint32
}

// Codes of the instructions that seccomp accepts and that filters here use.
const (
	bpfLoadAbs = 0x20 // A = word at K of the seccomp_data
	bpfJump    = 0x05 // pc += K
	bpfJumpEq  = 0x15 // A == K
	bpfJumpGt  = 0x25 // A > K
	bpfJumpGe  = 0x35 // A >= K
	bpfJumpSet = 0x45 // A & K
	bpfAnd     = 0x54 // A &= K
	bpfReturn  = 0x06 // return K
)

// maxInstructions is the kernel's BPF_MAXINSNS.
const maxInstructions = 4096

// Offsets in struct seccomp_data on a little-endian machine.
const (
	dataNumber = 0
	dataArch   = 4
	dataArgs   = 16
)

// A Label is a place in an Assembler's program that jumps lead to.
type Label int

// next is the label of the instruction after a jump.
const next Label = -1

// Next is the instruction that follows a conditional jump.
const Next = next

// Assembler writes a classic BPF program. Jumps lead forward only, as the
// kernel wants them. The zero Assembler is an empty program.
type Assembler struct {
	program []Instruction
	labels  []int // by Label: index of its instruction, -1 until placed
	jumps   []jump
}

// jump is an instruction whose target is to be filled in.
type jump struct {
	at            int
	ifTrue, other Label
}

// Label returns a new label, to be placed later.
func (a *Assembler) Label() Label {
	a.labels = append(a.labels, -1)
	return Label(len(a.labels) - 1)
}

// Place has a label name the next instruction.
func (a *Assembler) Place(l Label) { a.labels[l] = len(a.program) }

// LoadNumber loads the number of the system call.
func (a *Assembler) LoadNumber() { a.emit(Instruction{Code: bpfLoadAbs, K: dataNumber}) }

// LoadArch loads the audit architecture.
func (a *Assembler) LoadArch() { a.emit(Instruction{Code: bpfLoadAbs, K: dataArch}) }

// LoadArgument loads the low half of an argument, counted from 0.
func (a *Assembler) LoadArgument(index int) {
	a.emit(Instruction{Code: bpfLoadAbs, K: dataArgs + 8*uint32(index)}) //nolint:gosec // G115: index is 0 to 5.
}

// LoadArgumentHigh loads the high half of an argument.
func (a *Assembler) LoadArgumentHigh(index int) {
	a.emit(Instruction{Code: bpfLoadAbs, K: dataArgs + 8*uint32(index) + 4}) //nolint:gosec // G115: index is 0 to 5.
}

// Goto goes on at a label, however far.
func (a *Assembler) Goto(l Label) { a.jump(bpfJump, 0, l, next) }

// And keeps the bits of k in the accumulator.
func (a *Assembler) And(k uint32) { a.emit(Instruction{Code: bpfAnd, K: k}) }

// Return ends the program with a seccomp action.
func (a *Assembler) Return(action uint32) { a.emit(Instruction{Code: bpfReturn, K: action}) }

// JumpEqual goes to ifTrue if the accumulator is k, else to other. Of the two
// places of this and the other jumps at least one is usually Next.
func (a *Assembler) JumpEqual(k uint32, ifTrue, other Label) { a.jump(bpfJumpEq, k, ifTrue, other) }

// JumpAtLeast goes to ifTrue if the accumulator is k or more.
func (a *Assembler) JumpAtLeast(k uint32, ifTrue, other Label) { a.jump(bpfJumpGe, k, ifTrue, other) }

// JumpAbove goes to ifTrue if the accumulator is more than k.
func (a *Assembler) JumpAbove(k uint32, ifTrue, other Label) { a.jump(bpfJumpGt, k, ifTrue, other) }

// JumpSet goes to ifTrue if the accumulator has any bit of k.
func (a *Assembler) JumpSet(k uint32, ifTrue, other Label) { a.jump(bpfJumpSet, k, ifTrue, other) }

func (a *Assembler) jump(code uint16, k uint32, ifTrue, other Label) {
	a.jumps = append(a.jumps, jump{len(a.program), ifTrue, other})
	a.emit(Instruction{Code: code, K: k})
}

func (a *Assembler) emit(i Instruction) { a.program = append(a.program, i) }

// Program returns the finished program. A conditional jump reaches 255
// instructions; where that is not enough a program is refused, not mended.
func (a *Assembler) Program() ([]Instruction, error) {
	if len(a.program) == 0 || len(a.program) > maxInstructions {
		return nil, fmt.Errorf("program of %d instructions", len(a.program))
	}
	for _, j := range a.jumps {
		if a.program[j.at].Code == bpfJump {
			d := a.labels[j.ifTrue] - j.at - 1
			if d < 0 {
				return nil, fmt.Errorf("jump at %d leads back", j.at)
			}
			a.program[j.at].K = uint32(d) //nolint:gosec // G115: not negative, and a program is short.
			continue
		}
		jt, err := a.distance(j.at, j.ifTrue)
		if err != nil {
			return nil, err
		}
		jf, err := a.distance(j.at, j.other)
		if err != nil {
			return nil, err
		}
		a.program[j.at].Jt, a.program[j.at].Jf = jt, jf
	}
	if last := a.program[len(a.program)-1]; last.Code != bpfReturn {
		return nil, errors.New("program does not end with a return")
	}
	return a.program, nil
}

func (a *Assembler) distance(at int, l Label) (uint8, error) {
	if l == next {
		return 0, nil
	}
	d := a.labels[l] - at - 1
	if a.labels[l] < 0 || d < 0 || d > 255 {
		return 0, fmt.Errorf("jump at %d to label %d: distance %d", at, l, d)
	}
	return uint8(d), nil
}
