package demo

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"seward/enforce/supervisor"
	"seward/internal/applet"
)

func TestMain(m *testing.M) {
	supervisor.ChildMain()
	os.Exit(m.Run())
}

// TestPlay plays every story with real programs. Each step that ends otherwise
// than told fails it.
func TestPlay(t *testing.T) {
	began := time.Now()
	for i, s := range stories() {
		t.Run(s.Name, func(t *testing.T) {
			var out bytes.Buffer
			p := &player{env: &applet.Env{Stdout: &out}, open: supervised, width: textWidth}
			err := p.play(t.Context(), &s, i+1, len(stories()))
			if errors.Is(err, supervisor.ErrUnsupported) || errors.Is(err, supervisor.ErrNested) || errors.Is(err, errNoSetpriv) {
				t.Skip(err)
			}
			if err != nil {
				t.Errorf("%v\n%s", err, out.String())
			}
			if strings.Contains(out.String(), "\x1b") {
				t.Error("colours in plain output")
			}
			if testing.Verbose() {
				t.Log("\n" + out.String())
			}
		})
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the tour took %v, want less than a minute", took)
	}
}
