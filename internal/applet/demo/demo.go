package demo

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"seward/internal/applet"
	"seward/internal/getopt"
)

// textWidth is how wide the narrator's lines are.
const textWidth = 90

// command makes the applet for a kind of stage.
func command(open Opener) *applet.Applet {
	var list strings.Builder
	for _, s := range stories() {
		fmt.Fprintf(&list, "  %-12s %s\n", s.Name, s.Title)
	}
	return &applet.Applet{
		Name:     "demo",
		Synopsis: "[--list] [STORY]...",
		Short:    "play seward's stories: what is tried, what the policy says, and why",
		Manual: `Programs really run, under policies that are built in, in a directory that is
removed afterwards. It needs no privilege. Without STORY all are told:

` + list.String() + `
The exit status is 0 if each step ended as told.`,
		Options: []getopt.Option{{Names: []string{"--list"}, Help: "name the stories"}},
		Run: func(ctx context.Context, env *applet.Env, line *getopt.Line) error {
			if line.Has("--list") {
				fmt.Fprint(env.Stdout, list.String())
				return nil
			}
			told, err := choose(line.Operands)
			if err != nil {
				return err
			}
			p := &player{env: env, open: open, width: textWidth}
			if isTerminal(env) {
				p.style = colours
			}
			for i := range told {
				if err := p.play(ctx, &told[i], i+1, len(told)); err != nil {
					return err
				}
				p.printf("\n")
			}
			return nil
		},
	}
}

// choose returns the stories of those names in the order given, all of them if
// there are no names.
func choose(names []string) ([]Story, error) {
	all := stories()
	if len(names) == 0 {
		return all, nil
	}
	var told []Story
	for _, name := range names {
		i := slices.IndexFunc(all, func(s Story) bool { return s.Name == name })
		if i < 0 {
			var known []string
			for _, s := range all {
				known = append(known, s.Name)
			}
			return nil, applet.Usagef("no story %q; there are %s", name, strings.Join(known, ", "))
		}
		told = append(told, all[i])
	}
	return told, nil
}

// isTerminal reports whether somebody looks at the output who can see colours.
func isTerminal(env *applet.Env) bool {
	f, ok := env.Stdout.(*os.File)
	if !ok || env.Getenv != nil && (env.Getenv("NO_COLOR") != "" || env.Getenv("TERM") == "dumb") {
		return false
	}
	return term.IsTerminal(int(f.Fd())) //nolint:gosec // G115: a descriptor is small.
}
