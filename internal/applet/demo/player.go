package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"seward/internal/applet"
)

// player narrates.
type player struct {
	env   *applet.Env
	open  Opener
	width int
	style style
}

// style is how words stand out on a terminal; its zero value is plain.
type style struct {
	bold, good, bad, dim, end string
}

// colours is the style of a terminal.
var colours = style{bold: "\x1b[1m", good: "\x1b[32m", bad: "\x1b[31m", dim: "\x1b[2m", end: "\x1b[0m"}

// errDiffers says that a step didn't end as told.
var errDiffers = errors.New("not what the story tells")

// play tells one story: number of all.
func (p *player) play(ctx context.Context, s *Story, number, all int) (err error) {
	p.printf("%s%d/%d  %s%s\n\n", p.style.bold, number, all, s.Title, p.style.end)
	p.paragraph(s.Intro, "")
	p.printf("\n")

	dir, err := os.MkdirTemp("", "seward-demo-")
	if err != nil {
		return fmt.Errorf("make directory for story %s: %w", s.Name, err)
	}
	defer func() {
		if e := sweep(dir); err == nil && e != nil {
			err = fmt.Errorf("remove files of story %s: %w", s.Name, e)
		}
	}()
	// Others than the owner take part, too.
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // G302: on purpose.
		return fmt.Errorf("story %s: %w", s.Name, err)
	}
	if err := layOut(s, dir); err != nil {
		return fmt.Errorf("lay out files of story %s: %w", s.Name, err)
	}
	stage, err := p.open(ctx, s, dir)
	if err != nil {
		return fmt.Errorf("story %s: %w", s.Name, err)
	}
	keeper := NewKeeper(stage.Server())
	for i := range s.Steps {
		step := &s.Steps[i]
		p.paragraph(step.Say, "  ")
		var got Outcome
		if step.Ask != nil {
			got, err = p.ask(keeper, step.Ask)
		} else {
			got, err = p.run(ctx, stage, step.Run)
		}
		if err != nil {
			return fmt.Errorf("story %s, step %d: %w", s.Name, i+1, err)
		}
		if got != step.Want {
			return fmt.Errorf("story %s, step %d: %w: it was %s, and should be %s", s.Name, i+1, errDiffers, got, step.Want)
		}
		p.printf("\n")
	}
	p.paragraph(s.Moral, "")
	p.printf("\n")
	return nil
}

// ask puts a question to the keeper of the bowls.
func (p *player) ask(keeper *Keeper, q *Question) (Outcome, error) {
	eater, bowl := contextOf("system_r", q.Eater), contextOf("object_r", q.Bowl)
	p.printf("    %smay %s eat %s?%s\n", p.style.bold, q.Who, q.BowlIs, p.style.end)
	p.note(eater + "\n" + bowl)
	ok, explanation, err := keeper.Eat(eater, bowl)
	if err != nil {
		return 0, err
	}
	got := Refused
	if ok {
		got = Allowed
	}
	p.outcome(got, reason(explanation))
	return got, nil
}

// run runs a program and tells what became of it.
func (p *player) run(ctx context.Context, stage Stage, a *Attempt) (Outcome, error) {
	who := a.Type
	if who == "" {
		who = "you"
	}
	if a.Level != "" {
		who += ":" + a.Level
	}
	if a.Nobody && os.Geteuid() == 0 {
		who += " (as nobody)"
	}
	p.printf("    %s%s$ %s%s\n", p.style.bold, who, commandLine(a.Argv), p.style.end)
	result, err := stage.Run(ctx, a)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(result.Output) {
		p.printf("    %s\n", strings.TrimSuffix(line, "\n"))
	}
	var reasons []string
	for i := range result.Denials {
		d := &result.Denials[i]
		p.note(d.Text)
		if text := d.why(stage.Server()); text != "" {
			reasons = append(reasons, text)
		}
	}
	got := outcomeOf(result)
	text := ""
	switch {
	case got == RefusedByMode:
		text = "the policy was not asked"
	case len(reasons) > 0:
		text = reasons[0]
	}
	p.outcome(got, text)
	return got, nil
}

// outcomeOf tells how a program ended from its status and from what was recorded.
func outcomeOf(r *Result) Outcome {
	switch {
	case r.Status == 0 && len(r.Denials) == 0:
		return Allowed
	case r.Status == 0:
		return Recorded
	case len(r.Denials) > 0:
		return Refused
	}
	return RefusedByMode
}

// commandLine writes a command so that it could be typed.
func commandLine(argv []string) string {
	words := make([]string, len(argv))
	for i, a := range argv {
		if strings.ContainsAny(a, " >&|;$") {
			a = "'" + a + "'"
		}
		words[i] = a
	}
	return strings.Join(words, " ")
}

// outcome prints a step's end and the reason for it.
func (p *player) outcome(o Outcome, text string) {
	mark, colour := "no:", p.style.bad
	if o == Allowed || o == Recorded {
		mark, colour = "yes:", p.style.good
	}
	p.printf("    %s%s %s%s\n", colour, mark, o, p.style.end)
	for line := range strings.Lines(text) {
		p.printf("        %s\n", strings.TrimSuffix(line, "\n"))
	}
}

// note prints what is there to be looked at, not to be read aloud.
func (p *player) note(text string) {
	for line := range strings.Lines(text) {
		p.printf("    %s%s%s\n", p.style.dim, strings.TrimSuffix(line, "\n"), p.style.end)
	}
}

// paragraph prints a text in lines of the player's width.
func (p *player) paragraph(text, indent string) {
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line) > len(indent) && len(line)+1+len(word) > p.width {
			p.printf("%s\n", line)
			line = indent
		}
		if len(line) > len(indent) {
			line += " "
		}
		line += word
	}
	if len(line) > len(indent) {
		p.printf("%s\n", line)
	}
}

func (p *player) printf(format string, args ...any) {
	fmt.Fprintf(p.env.Stdout, format, args...)
}
