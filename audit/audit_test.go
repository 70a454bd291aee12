package audit

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seward/internal/oracle"
)

func sample() *Record {
	r := &Record{
		Time:   time.Unix(1700000000, 45*int64(time.Millisecond)),
		Serial: 7,
		Perms:  []string{"read", "open"},
		Source: "system_u:system_r:httpd_t:s0", Target: "system_u:object_r:shadow_t:s0", Class: "file",
	}
	r.Fields = append(Task(42, "cat"), Path("/etc/shadow", "sda1", 99)...)
	return r
}

func TestText(t *testing.T) {
	contexts := " scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:shadow_t:s0 tclass=file"
	for name, x := range map[string]struct {
		change func(*Record)
		want   string
	}{
		"denied":     {func(*Record) {}, `avc:  denied  { read open } for  pid=42 comm="cat" path="/etc/shadow" dev="sda1" ino=99` + contexts + " permissive=0"},
		"permissive": {func(r *Record) { r.Permissive = true; r.Fields = nil }, `avc:  denied  { read open } for ` + contexts + " permissive=1"},
		"granted":    {func(r *Record) { r.Granted = true; r.Fields = r.Fields[:1] }, `avc:  granted  { read open } for  pid=42` + contexts},
		"nothing":    {func(r *Record) { r.Perms = nil; r.Fields = nil }, `avc:  denied  null for ` + contexts + " permissive=0"},
		"blank in a name": {
			func(r *Record) { r.Fields = Name("a b", "", 0) },
			`avc:  denied  { read open } for  name=612062` + contexts + " permissive=0",
		},
		"ioctl": {
			func(r *Record) { r.Fields = append(Path("/x", "tmpfs", 0), Hex("ioctlcmd", 0x5401)) },
			`avc:  denied  { read open } for  path="/x" dev="tmpfs" ioctlcmd=0x5401` + contexts + " permissive=0",
		},
		"capability": {
			func(r *Record) { r.Fields = []Field{Number("capability", 21)} },
			`avc:  denied  { read open } for  capability=21 ` + contexts + " permissive=0",
		},
		"unknown label": {
			func(r *Record) { r.Fields = nil; r.TargetRaw = "old:r:t" },
			`avc:  denied  { read open } for ` + contexts + ` permissive=0 trawcon="old:r:t"`,
		},
	} {
		r := sample()
		x.change(r)
		if got := r.String(); got != x.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, x.want)
		}
		again, err := Parse(r.Line())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("%s doesn't parse to itself (-want +got):\n%s", name, diff)
		}
	}
	if got, _ := sample().Field("path"); got != "/etc/shadow" {
		t.Errorf("path is %q", got)
	}
	if _, ok := sample().Field("none"); ok {
		t.Error("a field that isn't there")
	}
}

func TestParseForeign(t *testing.T) {
	for _, line := range []string{
		`Nov  1 10:00:00 host kernel: audit: type=1400 audit(1700000000.001:3): avc:  denied  { write } for  pid=1 comm="x" scontext=a:b:c tcontext=d:e:f tclass=dir permissive=0`,
		`type=USER_AVC msg=audit(1700000000.001:3): pid=1 uid=81 msg='avc:  denied  { send_msg } for msgtype=method_call interface=org.x scontext=a:b:c tcontext=d:e:f tclass=dbus permissive=0  exe="/usr/bin/dbus-daemon" sauid=81'`,
		`avc:  denied  { read } for pid=5 scontext=a:b:c tcontext=d:e:f tclass=file`,
	} {
		r, err := Parse(line)
		if err != nil || r.Source != "a:b:c" || r.Target != "d:e:f" || len(r.Perms) != 1 {
			t.Errorf("%s\nparses to %+v, %v", line, r, err)
		}
	}
	for line, want := range map[string]error{
		"":                             ErrNotAVC,
		"type=SYSCALL x=1":             ErrNotAVC,
		"avc:  received setenforce":    ErrNotAVC,
		"avc:  denied  read for pid=1": errPerms,
		"avc:  denied  { read for":     errPerms,
	} {
		if _, err := Parse(line); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", line, err, want)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestLog(t *testing.T) {
	var buf bytes.Buffer
	l := NewLog(&buf)
	for range 2 {
		if err := l.Write(sample()); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.WriteInvalid(time.Unix(1, 0), "setxattr", "no context"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(buf.String(), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[1], "type=AVC msg=audit(1700000000.045:2): avc:  denied ") ||
		lines[2] != "type=SELINUX_ERR msg=audit(1.000:3): op=setxattr invalid_context=6E6F20636F6E74657874" {
		t.Errorf("got %q", lines)
	}
	broken := NewLog(brokenWriter{})
	if broken.Write(sample()) == nil {
		t.Error("a lost record goes unnoticed")
	}
}

// TestAusearch has the field's own reader find what a Log wrote.
func TestAusearch(t *testing.T) {
	ausearch := oracle.Need(t, "ausearch")
	file := filepath.Join(t.TempDir(), "audit.log")
	var buf bytes.Buffer
	if err := NewLog(&buf).Write(sample()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(ausearch, "-m", "avc", "-if", file, "--format", "raw").CombinedOutput()
	if err != nil || !strings.Contains(string(out), sample().String()) {
		t.Errorf("ausearch: %v\n%s", err, out)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample().Line())
	f.Add(`avc:  denied  null for  path=612062 scontext=a tcontext=b tclass=c permissive=1 trawcon="x"`)
	f.Fuzz(func(t *testing.T, line string) {
		r, err := Parse(line)
		if (r == nil) == (err == nil) {
			t.Fatalf("got %v and %v", r, err)
		}
		if err == nil {
			_ = r.Line()
		}
	})
}
