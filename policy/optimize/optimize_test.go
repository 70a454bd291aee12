package optimize_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/format/policydb"
	"seward/internal/oracle"
	"seward/policy"
	"seward/policy/ebitmap"
	"seward/policy/optimize"
)

// small has types 1 to 3, attribute 4 of types 1 and 2, attribute 5 of all three,
// and rules under test.
func small(rules []policy.Rule, conditional []policy.Rule, xperms []policy.Xperms) *policy.Builder {
	b := &policy.Builder{Version: policy.VersionMax, Rules: rules, Xperms: xperms}
	for i, name := range []string{"t1", "t2", "t3", "a4", "a5"} {
		id := policy.TypeID(i + 1)
		b.Types = append(b.Types, policy.Type{Name: name, ID: id, Attribute: i > 2})
		attrs := ebitmap.SetOf(id)
		if i < 2 {
			attrs.Add(4)
		}
		if i < 3 {
			attrs.Add(5)
		}
		b.TypeAttributes = append(b.TypeAttributes, attrs)
	}
	if conditional != nil {
		b.Conditionals = []policy.Conditional{{True: conditional}}
	}
	return b
}

func rule(source, target policy.TypeID, kind policy.RuleKind, data uint32) policy.Rule {
	return policy.Rule{Source: source, Target: target, Class: 1, Kind: kind, Data: data}
}

func TestRules(t *testing.T) {
	for name, tt := range map[string]struct{ rules, conditional, want, wantConditional []policy.Rule }{
		"covered by an attribute": {
			rules: []policy.Rule{rule(1, 3, policy.Allow, 3), rule(4, 3, policy.Allow, 7)},
			want:  []policy.Rule{rule(4, 3, policy.Allow, 7)},
		},
		"covered in part": {
			rules: []policy.Rule{rule(1, 3, policy.Allow, 3), rule(4, 3, policy.Allow, 1)},
			want:  []policy.Rule{rule(1, 3, policy.Allow, 2), rule(4, 3, policy.Allow, 1)},
		},
		"wider attribute": {
			rules: []policy.Rule{rule(4, 4, policy.Allow, 3), rule(5, 5, policy.Allow, 3)},
			want:  []policy.Rule{rule(5, 5, policy.Allow, 3)},
		},
		"dontaudit is a complement": {
			rules: []policy.Rule{rule(1, 3, policy.DontAudit, ^uint32(3)), rule(4, 3, policy.DontAudit, ^uint32(1))},
			want:  []policy.Rule{rule(1, 3, policy.DontAudit, ^uint32(2)), rule(4, 3, policy.DontAudit, ^uint32(1))},
		},
		"other kind": {
			rules: []policy.Rule{rule(1, 3, policy.AuditAllow, 3), rule(4, 3, policy.Allow, 3)},
			want:  []policy.Rule{rule(1, 3, policy.AuditAllow, 3), rule(4, 3, policy.Allow, 3)},
		},
		"conditional covered by unconditional": {
			rules:       []policy.Rule{rule(5, 3, policy.Allow, 3)},
			conditional: []policy.Rule{rule(1, 3, policy.Allow, 3)},
			want:        []policy.Rule{rule(5, 3, policy.Allow, 3)},
		},
		"conditional covered by its list": {
			conditional:     []policy.Rule{rule(4, 3, policy.Allow, 1), rule(1, 3, policy.Allow, 3), rule(2, 3, policy.Allow, 1)},
			wantConditional: []policy.Rule{rule(1, 3, policy.Allow, 2), rule(4, 3, policy.Allow, 1)},
		},
		"type rules stay": {
			rules: []policy.Rule{rule(1, 3, policy.TypeTransition, 2), rule(4, 3, policy.TypeTransition, 2)},
			want:  []policy.Rule{rule(1, 3, policy.TypeTransition, 2), rule(4, 3, policy.TypeTransition, 2)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := small(slices.Clone(tt.rules), slices.Clone(tt.conditional), nil)
			optimize.Rules(b)
			if diff := cmp.Diff(tt.want, append([]policy.Rule(nil), b.Rules...)); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
			var conditional []policy.Rule
			if len(b.Conditionals) > 0 {
				conditional = b.Conditionals[0].True
			}
			if diff := cmp.Diff(tt.wantConditional, conditional); diff != "" {
				t.Errorf("conditional rules (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExtended(t *testing.T) {
	b := small([]policy.Rule{rule(1, 3, policy.AllowXperm, 0), rule(4, 3, policy.AllowXperm, 1), rule(2, 3, policy.AllowXperm, 2)}, nil,
		[]policy.Xperms{
			{Kind: policy.XpermIoctlFunction, Driver: 7, Bits: [8]uint32{5}},
			{Kind: policy.XpermIoctlDriver, Bits: [8]uint32{1 << 7}},
			{Kind: policy.XpermIoctlFunction, Driver: 8, Bits: [8]uint32{5}},
		})
	optimize.Rules(b)
	if diff := cmp.Diff([]policy.Rule{rule(4, 3, policy.AllowXperm, 1), rule(2, 3, policy.AllowXperm, 2)}, b.Rules); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSecilc compares with what secilc makes of Debian's policy.
func TestSecilc(t *testing.T) {
	secilc := oracle.Need(t, "secilc")
	modules, _ := filepath.Glob("/var/lib/selinux/default/active/modules/*/*/cil")
	if len(modules) == 0 {
		oracle.Missing(t, "Debian's policy modules are not installed")
	}
	dir := t.TempDir()
	var files []string
	for i, m := range modules {
		files = append(files, plain(t, m, filepath.Join(dir, filepath.Base(filepath.Dir(m))+string(rune('a'+i%26))+".cil")))
	}
	run := func(name string, args ...string) []byte {
		image := filepath.Join(dir, name)
		args = append(args, "-N", "-c", "33", "-o", image, "-f", os.DevNull)
		if out, err := exec.Command(secilc, append(args, files...)...).CombinedOutput(); err != nil {
			t.Fatalf("secilc: %v\n%s", err, out)
		}
		data, err := os.ReadFile(image)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	p, err := policydb.Read("plain", run("plain"))
	if err != nil {
		t.Fatal(err)
	}
	b := *p.Data()
	optimize.Rules(&b)
	if p, err = b.Build(); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := policydb.Write(&got, p, &policydb.WriteOptions{Layout: policydb.LayoutLibsepol34}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), run("optimized", "-O")) {
		t.Error("image differs from that of secilc -O")
	}
}
