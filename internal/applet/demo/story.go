package demo

import (
	"fmt"
	"io/fs"
	"strings"
)

// Story is one part of the tour.
type Story struct {
	Name  string // what seward demo calls it by
	Title string
	Intro string // one paragraph, before the steps
	// Policy names the module of basepolicy's examples that the story needs on
	// top of the base policy. Empty: none.
	Policy string
	Files  []File
	Steps  []Step
	Moral  string // one or two sentences, after the steps
}

// File is something that lies in the story's directory before it begins.
type File struct {
	Path string      // relative, slash-separated; a directory ends in a slash
	Mode fs.FileMode // 0: 0755 for directories, 0644 for files
	Text string
	// Label is a type, or type:level. Empty: what file contexts give it.
	Label string
}

// Step is one thing that is tried: exactly one of Ask and Run is set.
type Step struct {
	Say  string // what is about to happen, a sentence
	Ask  *Question
	Run  *Attempt
	Want Outcome
}

// Question is what the keeper of the bowls is asked: may this one eat that?
type Question struct {
	Who    string // as the narrator calls the eater
	Eater  string // its label: type or type:level
	Bowl   string // the bowl's label
	BowlIs string // as the narrator calls the bowl
}

// Attempt is a program to be run.
type Attempt struct {
	Type  string // the domain it starts in; empty: the narrator's own, unconfined_t
	Level string // its level; empty: the default of its user
	Argv  []string
	// Nobody runs it as a user whom file modes bind, if the narrator is root.
	Nobody bool
}

// Outcome is how a step ends.
type Outcome int

// Ends of a step.
const (
	// Allowed: done, and nothing to record.
	Allowed Outcome = iota
	// Refused: not done, and recorded.
	Refused
	// Recorded: done, and recorded: the domain is permissive.
	Recorded
	// RefusedByMode: not done, and nothing recorded: the policy was never asked.
	RefusedByMode
)

// String returns the outcome in a word or two.
func (o Outcome) String() string {
	switch o {
	case Allowed:
		return "allowed"
	case Refused:
		return "refused"
	case Recorded:
		return "recorded, and let through"
	case RefusedByMode:
		return "refused by the file's mode"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// contextOf returns the whole context of a label written as type or type:level, for
// an object or a process.
func contextOf(role, label string) string {
	typ, level, found := strings.Cut(label, ":")
	if !found {
		level = "s0"
	}
	return "system_u:" + role + ":" + typ + ":" + level
}

// stories returns the tour in its order.
func stories() []Story {
	return []Story{
		food(), categories(), dominance(), webserver(), containers(), servers(), labels(),
		permissive(), dac(),
	}
}
