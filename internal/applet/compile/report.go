package compile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"seward/format/diag"
	"seward/internal/applet"
)

// outcome is what a compilation gave, as --json prints it.
type outcome struct {
	OK       bool         `json:"ok"`
	Output   string       `json:"output,omitempty"`
	Version  uint32       `json:"version,omitempty"`
	Bytes    int          `json:"bytes,omitempty"`
	Errors   []diagnostic `json:"errors"`
	Warnings []diagnostic `json:"warnings"`
	Disabled []diagnostic `json:"disabled"` // optional blocks, with the reason
	LeftOut  []string     `json:"left_out"` // what the version has no place for
}

type diagnostic struct {
	File    string       `json:"file,omitempty"`
	Line    int          `json:"line,omitempty"`
	Column  int          `json:"column,omitempty"`
	Code    string       `json:"code,omitempty"`
	Message string       `json:"message"`
	Notes   []diagnostic `json:"notes,omitempty"`
}

// report prints the outcome.
func (j *job) report(env *applet.Env, failed diag.List) error {
	o := outcome{OK: failed == nil, Errors: diagnostics(failed), Warnings: diagnostics(j.warnings), Disabled: diagnostics(j.disabled), LeftOut: []string{}}
	if o.OK {
		o.Output, o.Version, o.Bytes = j.output, j.version, len(j.image)
		for _, l := range j.lost {
			o.LeftOut = append(o.LeftOut, l.String())
		}
	}
	enc := json.NewEncoder(env.Stdout)
	enc.SetIndent("", "  ")
	if err := enc.Encode(o); err != nil {
		return fmt.Errorf("write outcome: %w", err)
	}
	if !o.OK {
		return applet.Exit(applet.StatusFailed)
	}
	return nil
}

func diagnostics(list diag.List) []diagnostic {
	out := []diagnostic{}
	for _, e := range list {
		d := at(e.Pos, e.Msg)
		d.Code = e.Code
		for _, n := range e.Notes {
			d.Notes = append(d.Notes, at(n.Pos, n.Msg))
		}
		out = append(out, d)
	}
	return out
}

func at(pos diag.Pos, msg string) diagnostic {
	p := pos.Position()
	return diagnostic{File: p.Name, Line: p.Line, Column: p.Column, Message: msg}
}

// writeFile stores data under a name: aside and renamed where a plain file is or
// comes to be, else (a pipe, a device) directly. - is standard output.
func writeFile(env *applet.Env, name string, data []byte) error {
	if name == "-" {
		_, err := env.Stdout.Write(data)
		return err
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, data, 0o600)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// A link stays one: what it points to is replaced.
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	aside, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = aside.Write(data)
	err = errors.Join(err, aside.Chmod(0o644), aside.Close())
	if err == nil {
		err = os.Rename(aside.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(aside.Name()))
	}
	return nil
}
