package decide

import (
	"context"
	"encoding/json"
	"io"

	"seward/internal/applet"
	"seward/internal/applet/source"
	"seward/internal/getopt"
)

// Explain is `seward explain`.
var Explain = &applet.Applet{
	Name:     "explain",
	Synopsis: "[--policy FILE]... [--json] SCON TCON CLASS [PERM...]",
	Short:    "say why something is allowed or denied, and what would change it",
	Manual: manual + `

For each permission, of those of the class if none is named: the rules, booleans,
constraints, roles and bounds that decided, each with its line where the policy
came from a source, and for a denial the single changes that would allow it. The
exit status is 0 whatever the decision is, 2 if the question makes no sense.`,
	Options: []getopt.Option{source.PolicyOption, jsonOption},
	Run:     runExplain,
}

func runExplain(_ context.Context, env *applet.Env, line *getopt.Line) error {
	q, err := parse(env, line)
	if err != nil {
		return badQuestion(err)
	}
	x := q.explain()
	if line.Has("--json") {
		enc := json.NewEncoder(env.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(x)
	}
	_, err = io.WriteString(env.Stdout, x.Format())
	return err
}
