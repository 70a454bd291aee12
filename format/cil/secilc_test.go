package cil_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"seward/format/cil"
	"seward/format/diag"
	"seward/format/policydb"
	"seward/internal/oracle"
)

var mutants = flag.Int("mutants", 400, "number of mutated policies to compare with secilc")

// version of the images that are compared, which every secilc of interest writes.
const version = 33

// peer is an installed secilc.
type peer struct {
	program string
	modern  bool // knows what came after 3.4
	layout  bool // writes images in the order of 3.4
	dir     string
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{program: oracle.Need(t, "secilc"), dir: t.TempDir()}
	_, _, err := p.compile(t, header+"(type x) (deny x x (c (p)))"+footer, nil)
	p.modern = err == nil
	p.layout = !p.modern
	return p
}

// compile runs secilc on a text and returns the image and the file contexts.
func (p *peer) compile(t *testing.T, text string, args []string) (image, contexts []byte, err error) {
	t.Helper()
	in, out, fc := filepath.Join(p.dir, "in.cil"), filepath.Join(p.dir, "out"), filepath.Join(p.dir, "fc")
	if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-c", fmt.Sprint(version), "-o", out, "-f", fc}, args...)
	cmd := exec.Command(p.program, append(args, in)...)
	done := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	defer done.Stop()
	if msg, err := cmd.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("%w: %s", err, msg)
	}
	if image, err = os.ReadFile(out); err != nil {
		t.Fatal(err)
	}
	if contexts, err = os.ReadFile(fc); err != nil {
		t.Fatal(err)
	}
	return image, contexts, nil
}

// ours compiles a text as seward does.
func ours(text string, opts cil.Options) (image, contexts []byte, err error) {
	opts.Version = version
	res, err := cil.Compile([]cil.Source{{Name: "in.cil", Data: []byte(text)}}, &opts)
	if err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	if err := policydb.Write(&b, res.Policy, &policydb.WriteOptions{Version: version, Layout: policydb.LayoutLibsepol34}); err != nil {
		return nil, nil, err
	}
	return b.Bytes(), res.FileContexts, nil
}

// header and footer make a policy of what stands between them.
const header = `(mls true)
(class c (p q)) (classorder (c))
(sid kernel) (sidorder (kernel))
(user u) (role r) (type base_t) (userrole u r) (roletype r base_t)
(sensitivity s0) (sensitivityorder (s0))
(category c0) (categoryorder (c0)) (sensitivitycategory s0 (c0))
(userlevel u (s0)) (userrange u ((s0) (s0 (c0))))
(sidcontext kernel (u r base_t ((s0) (s0))))
(allow base_t base_t (c (p)))
`
const footer = ""

// compare reports whether secilc and seward agree on a text.
func (p *peer) compare(t *testing.T, text string, args []string, opts cil.Options) {
	t.Helper()
	wantImage, wantContexts, wantErr := p.compile(t, text, args)
	image, contexts, err := ours(text, opts)
	if wantErr != nil && strings.Contains(wantErr.Error(), "signal") {
		return // it crashed or was stopped
	}
	if tolerated(wantErr, err) {
		return
	}
	switch {
	case (err == nil) != (wantErr == nil):
		t.Errorf("secilc %v: %v\nseward: %v\n%s", args, wantErr, err, text)
	case err != nil:
		var list diag.List
		if !errors.As(err, &list) {
			t.Errorf("not a list of diagnostics: %v\n%s", err, text)
		}
	case p.layout && !bytes.Equal(image, wantImage):
		t.Errorf("secilc %v: images differ for\n%s", args, text)
	case !bytes.Equal(contexts, wantContexts):
		t.Errorf("secilc %v: file contexts differ for\n%s\nsecilc: %s\nseward: %s", args, text, wantContexts, contexts)
	}
}

// tolerated reports whether a text is refused for something that only one of both
// refuses on purpose.
func tolerated(secilc, seward error) bool {
	if secilc == nil && seward != nil {
		for _, s := range []string{
			"number of 16 bits",               // port numbers that secilc cuts off
			"too deep", "too many statements", // limits
			// Ranges that no context has, and contexts of sids, aren't checked by secilc,
			// but by the kernel.
			"can't compare with names", // likewise
			"is reserved",              // words of later versions
			"is not in the high level", "is above", "is not allowed for", "outside of the range of user",
		} {
			if strings.Contains(seward.Error(), s) {
				return true
			}
		}
	}
	// 3.4 and later differ in which labelling statements are the same, and 3.4 finds
	// that of some of them only now and then.
	if secilc != nil && seward == nil {
		for _, s := range []string{
			"Problems processing",
			"Policy must include at least one avrule", // not since 3.5
			"Invalid call to cil_resolve_name",        // a sidcontext that was copied
			"Re-declaration of policycap",             // allowed since 3.5
			"Re-declaration of role ",                 // allowed since 3.5 with -m
			"Failed to resolve nodecon statement",     // an address that is no list, since 3.6
		} {
			if strings.Contains(secilc.Error(), s) {
				return true
			}
		}
	}
	if seward != nil && strings.Contains(seward.Error(), "conflicting ") {
		return true
	}
	return false
}

// seeds are the policies that are mutated: those of testdata.
func seeds(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.cil")
	if err != nil || len(paths) == 0 {
		t.Fatal("no seeds", err)
	}
	var texts []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

var optionSets = []struct {
	args []string
	opts cil.Options
}{
	{nil, cil.Options{}},
	{[]string{"-N"}, cil.Options{DisableNeverallow: true}},
	{[]string{"-m", "-N"}, cil.Options{MultipleDecls: true, DisableNeverallow: true}},
	{[]string{"-P", "-N"}, cil.Options{PreserveTunables: true, DisableNeverallow: true}},
}

// TestSeeds compares policies in which nothing is wrong, under several options.
func TestSeeds(t *testing.T) {
	p := newPeer(t)
	for _, text := range seeds(t) {
		if strings.HasPrefix(text, "; modern") && !p.modern {
			continue
		}
		if _, _, err := p.compile(t, text, nil); err != nil {
			t.Errorf("secilc: %v\n%s", err, text)
		}
		for _, o := range optionSets {
			p.compare(t, text, o.args, o.opts)
		}
	}
}

// TestMutants compares policies that were changed at random: statements doubled,
// dropped, moved, wrapped; names replaced.
func TestMutants(t *testing.T) {
	p := newPeer(t)
	var trees [][]sexp
	for _, text := range seeds(t) {
		if strings.HasPrefix(text, "; modern") && !p.modern {
			continue
		}
		trees = append(trees, readSexps(text))
	}
	count := *mutants
	if testing.Short() {
		count = min(count, 50)
	}
	for n := range count {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		tree := cloneSexps(trees[r.IntN(len(trees))])
		for range 1 + r.IntN(3) {
			tree = mutate(r, tree, trees)
		}
		o := optionSets[0]
		if r.IntN(4) == 0 {
			o = optionSets[1+r.IntN(len(optionSets)-1)]
		}
		p.compare(t, writeSexps(tree), o.args, o.opts)
		if t.Failed() {
			t.Fatalf("mutant %d", n)
		}
	}
}

// sexp is an atom or a list.
type sexp struct {
	atom string
	list []sexp // nil for an atom
}

func readSexps(text string) []sexp {
	var stack [][]sexp
	cur := []sexp{}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ';':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case c == '(':
			stack, cur = append(stack, cur), []sexp{}
			i++
		case c == ')':
			done := cur
			cur = append(stack[len(stack)-1], sexp{list: done})
			stack = stack[:len(stack)-1]
			i++
		case c == '"':
			end := i + 2 + strings.IndexByte(text[i+1:], '"')
			cur = append(cur, sexp{atom: text[i:end]})
			i = end
		case strings.IndexByte(" \t\n", c) >= 0:
			i++
		default:
			end := i
			for end < len(text) && strings.IndexByte(" \t\n();\"", text[end]) < 0 {
				end++
			}
			cur = append(cur, sexp{atom: text[i:end]})
			i = end
		}
	}
	return cur
}

func writeSexps(list []sexp) string {
	var b strings.Builder
	var write func(s sexp)
	write = func(s sexp) {
		if s.list == nil {
			b.WriteString(s.atom)
			return
		}
		b.WriteByte('(')
		for i, x := range s.list {
			if i > 0 {
				b.WriteByte(' ')
			}
			write(x)
		}
		b.WriteByte(')')
	}
	for _, s := range list {
		write(s)
		b.WriteByte('\n')
	}
	return b.String()
}

func cloneSexps(list []sexp) []sexp {
	out := make([]sexp, len(list))
	for i, s := range list {
		out[i] = s
		if s.list != nil {
			out[i].list = cloneSexps(s.list)
		}
	}
	return out
}

// places returns pointers to all lists of statements: the top level and containers.
func places(top *[]sexp) []*[]sexp {
	all := []*[]sexp{top}
	for i := range *top {
		s := &(*top)[i]
		if len(s.list) > 0 && slices.Contains([]string{"block", "optional", "macro", "in", "true", "false", "booleanif", "tunableif"}, s.list[0].atom) {
			all = append(all, places(&s.list)...)
		}
	}
	return all
}

// atoms returns pointers to all atoms but keywords.
func atoms(list []sexp) []*sexp {
	var all []*sexp
	for i := range list {
		if list[i].list == nil {
			all = append(all, &list[i])
		} else {
			all = append(all, atoms(list[i].list)...)
		}
	}
	return all
}

// mutate changes one thing.
func mutate(r *rand.Rand, tree []sexp, others [][]sexp) []sexp {
	all := places(&tree)
	place := all[r.IntN(len(all))]
	if len(*place) == 0 {
		return tree
	}
	i := r.IntN(len(*place))
	switch r.IntN(8) {
	case 0: // drop
		*place = slices.Delete(*place, i, i+1)
	case 1: // double
		*place = slices.Insert(*place, i, cloneSexps((*place)[i:i+1])...)
	case 2: // move to another place
		s := cloneSexps((*place)[i : i+1])
		if r.IntN(2) == 0 {
			*place = slices.Delete(*place, i, i+1)
		}
		all = places(&tree)
		to := all[r.IntN(len(all))]
		*to = append(*to, s...)
	case 3: // wrap
		wraps := []string{"(optional opt_x)", "(block blk_x)", "(macro mac_x ())", "(in blk_a)", "(in after blk_a)"}
		w := readSexps(wraps[r.IntN(len(wraps))])[0]
		w.list = append(w.list, (*place)[i])
		(*place)[i] = w
	case 4, 5: // another name
		names := atoms(tree)
		a, b := names[r.IntN(len(names))], names[r.IntN(len(names))]
		a.atom = b.atom
	case 6: // a statement of another policy
		from := others[r.IntN(len(others))]
		other := places(&from)
		src := other[r.IntN(len(other))]
		if len(*src) > 0 {
			*place = append(*place, cloneSexps(*src)[r.IntN(len(*src))])
		}
	case 7: // swap two statements
		j := r.IntN(len(*place))
		(*place)[i], (*place)[j] = (*place)[j], (*place)[i]
	}
	return tree
}
