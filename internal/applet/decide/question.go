package decide

import (
	"fmt"
	"iter"
	"strings"

	"seward/format/diag"
	"seward/internal/applet"
	"seward/internal/applet/source"
	"seward/internal/getopt"
	"seward/policy"
	"seward/policy/secctx"
	"seward/security"
)

// manual is what both commands say about their operands.
const manual = `SCON and TCON are contexts: whole ones, or a type alone, or a type and a level
(container_t:s0:c1,c2). What is left out is what the system's own processes and
objects have: role system_r or object_r, user system_u, the user's default level.
CLASS and PERM are names of the policy: file, read.`

var jsonOption = getopt.Option{Names: []string{"--json"}, Help: "print JSON"}

// question is what a command line asks.
type question struct {
	server         *security.Server
	source, target policy.SID
	class          *policy.Class
	perms          policy.AccessVector
}

// parse reads SCON TCON CLASS [PERM...]. Without permissions it asks for all of
// the class.
func parse(env *applet.Env, line *getopt.Line) (*question, error) {
	words := line.Operands
	if len(words) < 3 {
		return nil, applet.Usagef("expected SCON TCON CLASS and permissions")
	}
	p, err := source.Policy(env, line.Values("--policy"))
	if err != nil {
		return nil, err
	}
	q := &question{}
	if q.server, err = security.New(p, &security.Options{Enforcing: true}); err != nil {
		return nil, err
	}
	if q.source, err = q.sid(words[0]); err != nil {
		return nil, err
	}
	if q.target, err = q.sid(words[1]); err != nil {
		return nil, err
	}
	if q.class = p.ClassByName(words[2]); q.class == nil {
		return nil, fmt.Errorf("the policy has no class %q%s", words[2], meant(words[2], classNames(p)))
	}
	if len(words) == 3 {
		for _, perm := range p.Permissions(q.class) {
			q.perms |= policy.Permission(perm.Number)
		}
	}
	for _, name := range words[3:] {
		bit := p.Permission(q.class, name)
		if bit == 0 {
			return nil, fmt.Errorf("class %s has no permission %q%s", q.class.Name, name, meant(name, permissionNames(p, q.class)))
		}
		q.perms |= bit
	}
	return q, nil
}

// sid returns the SID of a context, completed.
func (q *question) sid(text string) (policy.SID, error) {
	p := q.server.Policy()
	c, err := secctx.Complete(p, text)
	if err != nil {
		name := text
		if parts, bad := secctx.Split(text); bad == nil && p.UserByName(parts.User) != nil {
			name = parts.Type
		}
		if p.TypeByName(name) == nil {
			return 0, fmt.Errorf("%w%s", err, meant(name, typeNames(p)))
		}
		return 0, err
	}
	return q.server.SID(secctx.Format(p, c))
}

// explain answers the question.
func (q *question) explain() *security.Explanation {
	return q.server.Explain(q.source, q.target, q.class.ID, q.perms)
}

// meant returns a hint at names that were perhaps meant.
func meant(name string, names iter.Seq[string]) string {
	near := diag.Nearest(name, names)
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

func classNames(p *policy.Policy) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range p.Data().Classes {
			if !yield(p.Data().Classes[i].Name) {
				return
			}
		}
	}
}

func typeNames(p *policy.Policy) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range p.Data().Types {
			if t := &p.Data().Types[i]; !t.Attribute && !yield(t.Name) {
				return
			}
		}
	}
}

func permissionNames(p *policy.Policy, c *policy.Class) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, perm := range p.Permissions(c) {
			if !yield(perm.Name) {
				return
			}
		}
	}
}
