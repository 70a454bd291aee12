package decide

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"seward/internal/applet"
	"seward/internal/applet/source"
	"seward/internal/getopt"
	"seward/security"
)

// Check is `seward check`.
var Check = &applet.Applet{
	Name:     "check",
	Synopsis: "[--policy FILE]... [--quiet] SCON TCON CLASS PERM...",
	Short:    "may a subject do this to an object? exit status 0 or 1",
	Manual: manual + `

The exit status is 0 if all permissions are granted, 1 if one is not, 2 if the
question makes no sense. A permissive domain is granted everything, as the kernel
grants it; the output says so.`,
	Options: []getopt.Option{
		source.PolicyOption,
		{Names: []string{"-q", "--quiet"}, Help: "print nothing"},
		jsonOption,
	},
	Run: runCheck,
}

type checkResult struct {
	Source     string   `json:"source"`
	Target     string   `json:"target"`
	Class      string   `json:"class"`
	Granted    bool     `json:"granted"`
	Permissive bool     `json:"permissive"`
	Allowed    []string `json:"allowed"`
	Denied     []string `json:"denied"`
}

func runCheck(_ context.Context, env *applet.Env, line *getopt.Line) error {
	if len(line.Operands) == 3 {
		return applet.Usagef("expected a permission")
	}
	q, err := parse(env, line)
	if err != nil {
		return badQuestion(err)
	}
	d := q.server.ComputeAV(q.source, q.target, q.class.ID)
	permissive := d.Flags&security.FlagPermissive != 0
	p := q.server.Policy()
	result := checkResult{
		Class:      q.class.Name,
		Permissive: permissive,
		Granted:    q.perms&^d.Allowed == 0 || permissive,
		Allowed:    p.PermissionNames(q.class, q.perms&d.Allowed),
		Denied:     p.PermissionNames(q.class, q.perms&^d.Allowed),
	}
	if result.Source, err = q.server.Context(q.source); err != nil {
		return err
	}
	if result.Target, err = q.server.Context(q.target); err != nil {
		return err
	}
	if !line.Has("--quiet") {
		if err := result.print(env, line.Has("--json")); err != nil {
			return err
		}
	}
	if !result.Granted {
		return applet.Exit(applet.StatusFailed)
	}
	return nil
}

func (r *checkResult) print(env *applet.Env, asJSON bool) error {
	if asJSON {
		// A list without members is a list all the same.
		r.Allowed, r.Denied = append([]string{}, r.Allowed...), append([]string{}, r.Denied...)
		return json.NewEncoder(env.Stdout).Encode(r)
	}
	var text string
	switch {
	case len(r.Denied) == 0:
		text = "allowed"
	case r.Permissive:
		text = "allowed: the domain is permissive, else denied " + strings.Join(r.Denied, " ")
	default:
		text = "denied " + strings.Join(r.Denied, " ")
	}
	_, err := fmt.Fprintln(env.Stdout, text)
	return err
}

// badQuestion gives an error the status of a question that makes no sense.
func badQuestion(err error) error {
	var usage *applet.UsageError
	if errors.As(err, &usage) {
		return err
	}
	return &applet.ExitError{Code: applet.StatusUsage, Err: err}
}
