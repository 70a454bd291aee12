package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"seward/enforce/supervisor"
	"seward/internal/applet/table"
)

func TestMain(m *testing.M) {
	supervisor.ChildMain()
	commands := map[string]func(){"seward": func() { os.Exit(table.Main()) }}
	for _, a := range table.Set().Applets {
		if a.Classic {
			commands[a.Name] = commands["seward"]
		}
	}
	testscript.Main(m, commands)
}

// TestScript runs testdata/script: what each command does, as scripts that read
// as its documentation.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Condition:           condition,
		Setup:               setup,
	})
}

// setup tells scripts where the modules of the stories are.
func setup(env *testscript.Env) error {
	examples, err := filepath.Abs("../../basepolicy/examples")
	if err != nil {
		return err
	}
	env.Setenv("EXAMPLES", examples)
	return nil
}

// condition answers the conditions of scripts that testscript doesn't know.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	}
	return false, nil
}
