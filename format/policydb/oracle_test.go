package policydb

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"seward/internal/oracle"
	"seward/internal/policycmp"
	"seward/policy"
)

// sources are the CIL files of the small policies, each compiled with base.cil
// in front unless it stands alone, and the first version that can hold it.
var sources = map[string]struct {
	alone bool
	since uint32
}{
	"aliases":      {since: 24},
	"conditionals": {since: 24},
	"constraints":  {since: 24},
	"labels":       {since: 24},
	"infiniband":   {since: 24},
	"transitions":  {since: 24},
	"xperms":       {since: policy.VersionXperms},
	"newer":        {since: policy.VersionConditionalXperms},
	"nomls":        {alone: true, since: 24},
}

// secilc compiles for a version; ok is false where this secilc doesn't know it.
func secilc(t *testing.T, path string, version uint32, files ...string) (data []byte, ok bool) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "policy")
	args := append([]string{"-c", fmt.Sprint(version), "-o", out, "-f", os.DevNull}, files...)
	if text, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		if version > secilcMax(t, path) {
			return nil, false
		}
		t.Fatalf("secilc: %v\n%s", err, text)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data, true
}

// secilcMax is the newest version that a secilc writes: the default that its
// usage text tells.
func secilcMax(t *testing.T, path string) uint32 {
	t.Helper()
	text, _ := exec.CommandContext(t.Context(), path, "--help").CombinedOutput()
	_, rest, _ := strings.Cut(string(text), "--policyvers")
	_, rest, _ = strings.Cut(rest, "default: ")
	digits, _, _ := strings.Cut(rest, ")")
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		t.Fatalf("%s --help tells no default version:\n%s", path, text)
	}
	return uint32(n)
}

// usesLayout34 reports whether a secilc writes the order of libsepol 3.4, as
// Debian 12's does: later releases changed it.
func usesLayout34(t *testing.T) bool {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), "dpkg-query", "-W", "-f", "${Version}", "libsepol2").Output()
	return err == nil && strings.HasPrefix(string(text), "3.4-")
}

func TestOracleSecilc(t *testing.T) {
	path := oracle.Need(t, "secilc")
	bucketed := usesLayout34(t)
	for name, source := range sources {
		for version := source.since; version <= policy.VersionMax; version++ {
			t.Run(fmt.Sprintf("%s/%d", name, version), func(t *testing.T) {
				files := []string{"testdata/base.cil", "testdata/" + name + ".cil"}
				if source.alone {
					files = files[1:]
				}
				data, ok := secilc(t, path, version, files...)
				if !ok {
					t.Skipf("this secilc does not write version %d", version)
				}
				p := read(t, name, data)
				sameBytes(t, "kept", image(t, p, nil), data)
				if bucketed {
					sameBytes(t, "bucketed", image(t, p, &WriteOptions{Layout: LayoutLibsepol34}), data)
				}
			})
		}
	}
}

// What secilc compiles for an older version is what we make of its newest one.
func TestOracleDowngrade(t *testing.T) {
	path := oracle.Need(t, "secilc")
	if !usesLayout34(t) {
		oracle.Missing(t, "secilc is not of libsepol 3.4")
	}
	for name, source := range sources {
		if source.since > 33 {
			continue
		}
		files := []string{"testdata/base.cil", "testdata/" + name + ".cil"}
		if source.alone {
			files = files[1:]
		}
		newest, _ := secilc(t, path, 33, files...)
		p := read(t, name, newest)
		for version := source.since; version < 33; version++ {
			want, _ := secilc(t, path, version, files...)
			got := image(t, p, &WriteOptions{Version: version, Layout: LayoutLibsepol34})
			sameBytes(t, fmt.Sprintf("%s as version %d", name, version), got, want)
		}
	}
}

func TestOracleCheckpolicy(t *testing.T) {
	path := oracle.Need(t, "checkpolicy")
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		if text, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
			t.Fatalf("checkpolicy %q: %v\n%s", args, err, text)
		}
	}
	for version := 30; version <= 33; version++ {
		built, again := filepath.Join(dir, fmt.Sprint(version)), filepath.Join(dir, fmt.Sprint(version, "again"))
		run("-M", "-c", fmt.Sprint(version), "-o", built, "testdata/mls.conf")
		// An image that libsepol read and wrote again has the order of tables
		// that were sized by what was read, like one that a kernel gives back.
		run("-M", "-b", "-c", fmt.Sprint(version), "-o", again, built)
		var policies []*policy.Policy
		for _, file := range []string{built, again} {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := read(t, file, data)
			sameBytes(t, file, image(t, p, nil), data)
			policies = append(policies, p)
		}
		if diff := policycmp.Diff(policies[0], policies[1]); len(diff) != 0 {
			t.Errorf("version %d: what checkpolicy wrote again differs: %q", version, diff)
		}
	}
}

// debianPolicies are the images that Debian's packages install.
var debianPolicies = []string{"/etc/selinux/default/policy/policy.33", "/etc/selinux/mls/policy/policy.33"}

func TestOracleDebian(t *testing.T) {
	for _, file := range debianPolicies {
		data, err := os.ReadFile(oracle.NeedFile(t, file))
		if err != nil {
			t.Fatal(err)
		}
		p := read(t, file, data)
		sameBytes(t, file, image(t, p, nil), data)
		if usesLayout34(t) {
			sameBytes(t, file+" bucketed", image(t, p, &WriteOptions{Layout: LayoutLibsepol34}), data)
		}
		for version := uint32(policy.VersionMin); version <= policy.VersionMax; version++ {
			older := image(t, p, &WriteOptions{Version: version})
			sameBytes(t, fmt.Sprint(file, " as ", version), image(t, read(t, file, older), nil), older)
		}
		if err := Loadable(p); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
