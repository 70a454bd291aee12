package demo

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seward/basepolicy"
	"seward/internal/applet"
	"seward/label"
)

// TestStories holds what every story must be for the player to play it.
func TestStories(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range stories() {
		t.Run(s.Name, func(t *testing.T) {
			if seen[s.Name] {
				t.Error("two stories have this name")
			}
			seen[s.Name] = true
			if s.Title == "" || s.Intro == "" || s.Moral == "" {
				t.Error("a title, an introduction or a moral is missing")
			}
			if s.Policy != "" {
				if _, err := basepolicy.Example(s.Policy); err != nil {
					t.Error(err)
				}
			}
			wants := map[bool]bool{}
			for i, step := range s.Steps {
				if (step.Ask == nil) == (step.Run == nil) {
					t.Errorf("step %d: want exactly one of Ask and Run", i+1)
				}
				if !strings.HasSuffix(step.Say, ".") {
					t.Errorf("step %d: %q is no sentence", i+1, step.Say)
				}
				wants[step.Want == Allowed || step.Want == Recorded] = true
			}
			// A story in which nothing is refused, or nothing works, tells nothing.
			if s.Name != "modes" && len(wants) != 2 {
				t.Error("all steps end alike")
			}
		})
	}
}

// TestLayOut lays the files of every story out, and finds their labels by the file
// contexts made for them.
func TestLayOut(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.Name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a.b(c)")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := layOut(&s, dir); err != nil {
				t.Fatal(err)
			}
			specs, err := label.ParseFileContexts("story", fileContexts(&s, dir))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range s.Files {
				name := filepath.Join(dir, filepath.FromSlash(f.Path))
				info, err := os.Lstat(name)
				if err != nil {
					t.Error(err)
					continue
				}
				mode := uint32(label.ModeRegular)
				if info.IsDir() {
					mode = label.ModeDirectory
				}
				want := contextOf("object_r", f.Label)
				if got, ok := specs.Lookup(name, mode); !ok || got != want {
					t.Errorf("%s: label %q, %v, want %q", f.Path, got, ok, want)
				}
				if f.Mode != 0 && info.Mode().Perm() != f.Mode {
					t.Errorf("%s: mode %v, want %v", f.Path, info.Mode().Perm(), f.Mode)
				}
			}
			if err := sweep(dir); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestUnknownStory: the error names those there are.
func TestUnknownStory(t *testing.T) {
	_, err := choose([]string{"parrot"})
	if err == nil || !strings.Contains(err.Error(), "containers") {
		t.Errorf("choose(parrot): %v, want an error that lists the stories", err)
	}
}

// TestList prints each story's name and touches nothing.
func TestList(t *testing.T) {
	var out bytes.Buffer
	a := command(func(context.Context, *Story, string) (Stage, error) {
		t.Error("a stage was opened")
		return nil, nil
	})
	line, err := a.Grammar().Parse([]string{"--list"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(t.Context(), &applet.Env{Stdout: &out}, line); err != nil {
		t.Fatal(err)
	}
	for _, s := range stories() {
		if !strings.Contains(out.String(), s.Name) {
			t.Errorf("no %s in\n%s", s.Name, out.String())
		}
	}
}

// TestOutcome holds how an end is read from status and records.
func TestOutcome(t *testing.T) {
	record := []Denial{{}}
	tests := []struct {
		result Result
		want   Outcome
	}{
		{Result{}, Allowed},
		{Result{Denials: record}, Recorded},
		{Result{Status: 1, Denials: record}, Refused},
		{Result{Status: 1}, RefusedByMode},
	}
	for _, tt := range tests {
		if got := outcomeOf(&tt.result); got != tt.want {
			t.Errorf("outcomeOf(%+v) = %v, want %v", tt.result, got, tt.want)
		}
	}
}
