package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTutorial types what docs/tutorial.md tells the reader to type, and sees
// whether it prints what the tutorial says. A line with ... stands for any text in
// its place; process ids, inodes and times may differ.
func TestTutorial(t *testing.T) {
	for _, program := range []string{"sh", "runcon", "chcon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	text, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("../../basepolicy/examples")
	if err != nil {
		t.Fatal(err)
	}
	bin, work := t.TempDir(), t.TempDir()
	// This test's own program is seward, as for scripts.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "seward")); err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		t.Run(title, func(t *testing.T) {
			if strings.Contains(body, "(Not as root") && os.Geteuid() == 0 {
				t.Skip("not as root, says the tutorial")
			}
			before := "modules=" + modules + "\n"
			for _, block := range consoles(body) {
				commands, want := typed(block)
				cmd := exec.Command("sh", "-c", before+commands+"true\n")
				cmd.Dir = work
				cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "LC_ALL=C")
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				compare(t, commands, want, strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"))
				// What a block defines, the next may use.
				before += definitions.FindString(commands)
			}
		})
	}
}

var (
	definitions = regexp.MustCompile(`(?m)^\w+(=\S+$|\(\) \{.*\}$)\n`)
	changing    = regexp.MustCompile(`pid=\d+|dev="[^"]*"|ino=\d+|audit\([\d.:]+\)|name="/tmp/[^"]*"`)
)

// consoles returns the blocks of a text that show a terminal.
func consoles(text string) []string {
	var blocks []string
	for _, part := range strings.Split(text, "```console\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}

// typed separates what is typed in a block from what is printed. A command
// goes on to its closing quote or the end of its here-document.
func typed(block string) (commands string, printed []string) {
	open := func(s string) bool {
		here := strings.Contains(s, "<<'END'") && !strings.Contains(s, "\nEND\n")
		return here || strings.Count(strings.ReplaceAll(s, "<<'END'", ""), "'")%2 == 1
	}
	command := ""
	for line := range strings.Lines(block) {
		switch {
		case command != "" && open(command):
			command += line
		case strings.HasPrefix(line, "$ "):
			commands += command
			command = line[2:]
		default:
			printed = append(printed, strings.TrimSuffix(line, "\n"))
		}
	}
	return commands + command, printed
}

// compare wants the lines that the tutorial shows, in any order: records and
// output come by different ways.
func compare(t *testing.T, commands string, want, got []string) {
	t.Helper()
	for _, line := range want {
		parts := strings.Split(changing.ReplaceAllString(strings.TrimSpace(line), "..."), "...")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		form := regexp.MustCompile(`^\s*` + strings.Join(parts, ".*") + "$")
		found := false
		for _, g := range got {
			found = found || form.MatchString(g)
		}
		if !found {
			t.Errorf("after\n%sthe tutorial shows\n%s\nand it printed\n%s", commands, line, strings.Join(got, "\n"))
		}
	}
}
