package compile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"seward/policy"
)

// vectorStatement is an allow or deny rule about the permissions of the class
// file.
type vectorStatement struct {
	keyword, from, to string
	perms             []string
}

func (s vectorStatement) String() string {
	return fmt.Sprintf("(%s %s %s (file (%s)))", s.keyword, s.from, s.to, strings.Join(s.perms, " "))
}

// denySets are the types and attributes that the rules under test name.
var denySets = map[string][]string{
	"t": {"t"}, "o": {"o"}, "p": {"p"}, "a": {"t", "o"}, "d": {"o", "p", "q"}, "e": {"t", "o", "p", "q"}, "none": nil,
}

// targets returns the targets that the statement names for a source.
func (s vectorStatement) targets(source string) []string {
	every := denySets["e"]
	switch s.to {
	case "self":
		return []string{source}
	case "notself":
		return slices.DeleteFunc(slices.Clone(every), func(t string) bool { return t == source })
	case "other":
		return slices.DeleteFunc(slices.Clone(denySets[s.from]), func(t string) bool { return t == source })
	}
	return denySets[s.to]
}

func genStatement(keyword string) *rapid.Generator[vectorStatement] {
	names := []string{"t", "o", "p", "a", "d", "e", "none"}
	return rapid.Custom(func(t *rapid.T) vectorStatement {
		return vectorStatement{
			keyword: keyword,
			from:    rapid.SampledFrom(names).Draw(t, "from"),
			to:      rapid.SampledFrom(append(names, "self", "notself", "other")).Draw(t, "to"),
			perms:   rapid.SliceOfN(rapid.SampledFrom([]string{"read", "write", "ioctl"}), 1, 3).Draw(t, "perms"),
		}
	})
}

// TestDenyAgainstPairs compares what allow and deny rules amount to with looking
// at every pair of types.
func TestDenyAgainstPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		allows := rapid.SliceOfN(genStatement("allow"), 1, 4).Draw(t, "allows")
		denies := rapid.SliceOfN(genStatement("deny"), 0, 3).Draw(t, "denies")
		text := base + `(type q) (typeattribute d) (typeattributeset d (o p q)) (typeattribute e) (typeattributeset e (all)) (typeattribute none)`
		want := map[string]bool{}
		each := func(list []vectorStatement, f func(right string)) {
			for _, s := range list {
				text += s.String()
				for _, from := range denySets[s.from] {
					for _, to := range s.targets(from) {
						for _, perm := range s.perms {
							f(from + " " + to + " " + perm)
						}
					}
				}
			}
		}
		each(allows, func(right string) { want[right] = true })
		each(denies, func(right string) { delete(want, right) })

		result, err := compileText(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rights(result.Policy, "file")); diff != "" {
			t.Fatalf("%s\n(-want +got):\n%s", text[len(base):], diff)
		}
	})
}

// rights lists what allow rules give to types for one class.
func rights(p *policy.Policy, class string) map[string]bool {
	out := map[string]bool{}
	c := p.ClassByName(class)
	for i := range p.Data().Rules {
		r := &p.Data().Rules[i]
		if r.Class != c.ID || r.Kind != policy.Allow {
			continue
		}
		for from := range p.Members(r.Source).All() {
			for to := range p.Members(r.Target).All() {
				for _, perm := range p.PermissionNames(c, policy.AccessVector(r.Data)) {
					out[p.Type(from).Name+" "+p.Type(to).Name+" "+perm] = true
				}
			}
		}
	}
	return out
}
