package security_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"seward/format/policydb"
	"seward/internal/oracle"
	"seward/policy"
	"seward/policy/mls"
	"seward/policy/secctx"
	"seward/security"
)

// The policies of Debian's packages selinux-policy-default and -mls.
const (
	debianDefault = "/etc/selinux/default/policy/policy.33"
	debianMLS     = "/etc/selinux/mls/policy/policy.33"
)

func readPolicy(t testing.TB, path string) *policy.Policy {
	t.Helper()
	data, err := os.ReadFile(oracle.NeedFile(t, path))
	if err != nil {
		t.Fatal(err)
	}
	p, err := policydb.Read(path, data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// buildSepol compiles the program that asks libsepol.
func buildSepol(t testing.TB) string {
	t.Helper()
	cc := oracle.Need(t, "cc")
	oracle.NeedFile(t, "/usr/include/sepol/policydb/services.h")
	program := filepath.Join(t.TempDir(), "sepol")
	out, err := exec.Command(cc, "-O2", "-o", program, "testdata/sepol.c", "-l:libsepol.a").CombinedOutput()
	if err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return program
}

// queries makes questions about a policy, two thirds of them about pairs of
// types that a rule speaks of.
type queries struct {
	r     *rand.Rand
	p     *policy.Policy
	pairs []pair
}

// pair is two contexts with a class that has rules between them, if any has.
type pair struct {
	source, target, class string
}

func newQueries(p *policy.Policy, seed uint64, pairs int) *queries {
	q := &queries{r: rand.New(rand.NewPCG(seed, 1)), p: p}
	b := p.Data()
	for len(q.pairs) < pairs {
		source, target := q.anyType(), q.anyType()
		class := policy.ClassID(1 + q.r.Uint32N(b.Sizes.Classes))
		if q.r.IntN(3) != 0 {
			rule := &b.Rules[q.r.IntN(len(b.Rules))]
			source, target, class = q.member(rule.Source), q.member(rule.Target), rule.Class
		}
		q.pairs = append(q.pairs, pair{q.context(source), q.context(target), fmt.Sprint(class)})
	}
	return q
}

func (q *queries) anyType() policy.TypeID {
	for {
		t := &q.p.Data().Types[q.r.IntN(len(q.p.Data().Types))]
		if !t.Attribute {
			return t.ID
		}
	}
}

// member returns a type that has the attribute, or the type itself.
func (q *queries) member(t policy.TypeID) policy.TypeID {
	members := q.p.Members(t)
	if members.Empty() {
		return q.anyType()
	}
	n := q.r.IntN(members.Len())
	for m := range members.All() {
		if n == 0 {
			return m
		}
		n--
	}
	return t
}

func (q *queries) level() mls.Level {
	l := mls.Level{Sensitivity: mls.SensitivityID(1 + q.r.Uint32N(q.p.Data().Sizes.Sensitivities))}
	if q.r.IntN(2) == 0 {
		l.Sensitivity = 1
	}
	for range q.r.IntN(4) {
		l.Categories.Add(mls.CategoryID(1 + q.r.Uint32N(8)))
	}
	if q.r.IntN(8) == 0 {
		l.Categories.Bitmap.SetRange(0, 1023)
	}
	return l
}

// context returns the text of a context with the type, mostly a valid one.
func (q *queries) context(t policy.TypeID) string {
	b := q.p.Data()
	c := policy.Context{User: b.Users[q.r.IntN(len(b.Users))].ID, Role: policy.ObjectRole, Type: t}
	if q.r.IntN(4) != 0 {
		for i := range b.Roles {
			if r := &b.Roles[(i+q.r.IntN(len(b.Roles)))%len(b.Roles)]; r.Types.Has(t) && q.p.User(c.User).Roles.Has(r.ID) {
				c.Role = r.ID
			}
		}
	}
	if q.p.MLS() {
		c.Range = q.level().Single()
		if high := q.level(); q.r.IntN(2) == 0 && high.Dominates(c.Range.Low) {
			c.Range.High = high
		}
		if u := q.p.User(c.User); c.Role != policy.ObjectRole && !u.Range.Contains(c.Range) && q.r.IntN(10) != 0 {
			c.Range = u.Range
		}
	}
	return secctx.Format(q.p, c)
}

func (q *queries) next() []string {
	x := q.pairs[q.r.IntN(len(q.pairs))]
	if q.r.IntN(8) == 0 {
		x.target = q.pairs[q.r.IntN(len(q.pairs))].target
	}
	if q.r.IntN(3) == 0 {
		x.class = fmt.Sprint(1 + q.r.Uint32N(q.p.Data().Sizes.Classes))
	}
	switch q.r.IntN(10) {
	case 0:
		return []string{"create", x.source, x.target, x.class}
	case 1:
		return []string{"member", x.source, x.target, x.class}
	case 2:
		return []string{"relabel", x.source, x.target, x.class}
	case 3:
		return []string{"validatetrans", x.target, q.pairs[q.r.IntN(len(q.pairs))].target, x.class, x.source}
	case 4:
		return []string{"context", x.target}
	}
	return []string{"access", x.source, x.target, x.class}
}

// ask answers a query as testdata/sepol.c does.
func ask(s *security.Server, q []string) string {
	var sids []policy.SID
	var class policy.ClassID
	for i, word := range q[1:] {
		if i == 2 {
			fmt.Sscan(word, &class)
			continue
		}
		sid, err := s.SID(word)
		if err != nil {
			return "!"
		}
		sids = append(sids, sid)
	}
	sid, err := sids[0], error(nil)
	switch q[0] {
	case "access":
		d := s.ComputeAV(sids[0], sids[1], class)
		return fmt.Sprintf("%x %x %x", d.Allowed, d.AuditAllow, d.AuditDeny)
	case "validatetrans":
		err := s.ValidateTransition(sids[0], sids[1], class, sids[2])
		switch {
		case errors.Is(err, syscall.EPERM):
			return fmt.Sprint(-int(syscall.EPERM))
		case err != nil:
			return fmt.Sprint(-int(syscall.EINVAL))
		}
		return "0"
	case "create":
		sid, err = s.Create(sids[0], sids[1], class, "")
	case "member":
		sid, err = s.Member(sids[0], sids[1], class)
	case "relabel":
		sid, err = s.Change(sids[0], sids[1], class)
	}
	if err != nil {
		return "!"
	}
	text, err := s.Context(sid)
	if err != nil {
		return "!"
	}
	return text
}

// TestAgainstLibsepol asks libsepol and the server the same 50,000 questions.
// libsepol lets a new socket be an object, where the kernel lets it take after
// its creator; it is not asked for labels of sockets.
func TestAgainstLibsepol(t *testing.T) {
	program := buildSepol(t)
	for _, path := range []string{debianDefault, debianMLS} {
		t.Run(filepath.Base(filepath.Dir(filepath.Dir(path))), func(t *testing.T) {
			p := readPolicy(t, path)
			s, err := security.New(p, &security.Options{Enforcing: true})
			if err != nil {
				t.Fatal(err)
			}
			gen := newQueries(p, 7, 1500)
			var list [][]string
			var input bytes.Buffer
			for len(list) < 50000 {
				q := gen.next()
				if q[0] == "create" || q[0] == "member" || q[0] == "relabel" {
					var class policy.ClassID
					fmt.Sscan(q[3], &class)
					if strings.HasSuffix(p.Class(class).Name, "socket") {
						continue
					}
				}
				list = append(list, q)
				fmt.Fprintln(&input, strings.Join(q, " "))
			}
			cmd := exec.Command(program, path)
			cmd.Stdin = &input
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			answers := bufio.NewScanner(bytes.NewReader(out))
			failures, allowed := 0, 0
			for _, q := range list {
				answers.Scan()
				got, want := ask(s, q), answers.Text()
				if got != want {
					t.Errorf("%s: got %q, want %q", strings.Join(q, " "), got, want)
					if failures++; failures == 20 {
						t.Fatal("too many differences")
					}
				}
				if q[0] == "access" && !strings.HasPrefix(want, "0 ") && want != "!" {
					allowed++
				}
			}
			t.Logf("%d queries, %d of them allow something", len(list), allowed)
		})
	}
}
