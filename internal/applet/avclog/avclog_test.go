package avclog

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seward/enforce/hooks"
	"seward/enforce/supervisor"
)

func event(o hooks.Object) *supervisor.Event {
	return &supervisor.Event{
		Time: time.Unix(1, 0), PID: 7, Comm: "x", Source: "a:b:c", Target: "d:e:f",
		Record: hooks.Record{Class: hooks.ClassTCPSocket, Perms: hooks.SocketConnect, Object: o},
	}
}

func TestRecord(t *testing.T) {
	full := event(hooks.Object{Kind: hooks.ObjectSocket})
	full.Socket = &supervisor.SocketNames{Local: netip.MustParseAddrPort("127.0.0.1:80"), Peer: netip.MustParseAddrPort("[::1]:1234")}
	unbound := event(hooks.Object{Kind: hooks.ObjectSocket})
	unbound.Socket = &supervisor.SocketNames{Local: netip.MustParseAddrPort("0.0.0.0:81")}
	local := event(hooks.Object{Kind: hooks.ObjectSocket})
	local.Socket = &supervisor.SocketNames{Path: "\x00bus"}
	path := event(hooks.Object{Kind: hooks.ObjectPath})
	path.Path, path.Device, path.Inode = "/etc/a b", "vda", 9
	unknown := event(hooks.Object{Kind: hooks.ObjectNone})
	unknown.TargetRaw = "old:r:t"
	for want, e := range map[string]*supervisor.Event{
		"laddr=127.0.0.1 lport=80 faddr=::1 fport=1234": full,
		"lport=81":              unbound,
		"path=00627573":         local,
		"saddr=10.0.0.1 src=80": event(hooks.Object{Kind: hooks.ObjectSource, Name: "10.0.0.1", Number: 80}),
		"dest=443":              event(hooks.Object{Kind: hooks.ObjectDestination, Number: 443}),
		"path=2F6574632F612062 dev=\"vda\" ino=9": path,
		"capability=21 ": event(hooks.Object{Kind: hooks.ObjectCapability, Number: 21}),
	} {
		text := `avc:  denied  { connect } for  pid=7 comm="x" ` + want + " scontext=a:b:c tcontext=d:e:f tclass=tcp_socket permissive=0"
		if got := Record(e).String(); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
	if got := Record(unknown).String(); !strings.HasSuffix(got, ` permissive=0 trawcon="old:r:t"`) {
		t.Errorf("got %s", got)
	}
}

// Events of one call are one event of the log, whatever comes between them.
func TestSink(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	var stderr bytes.Buffer
	s, err := Open(&Options{Destinations: []string{Stderr, Nobody}, Files: []string{file}, Stderr: &stderr})
	if err != nil {
		t.Fatal(err)
	}
	one, other := &supervisor.Call{Number: 1, Title: []byte("t")}, &supervisor.Call{Number: 2, Dir: "/"}
	put := func(c *supervisor.Call, last bool, kind hooks.RecordKind) {
		e := event(hooks.Object{})
		e.Call, e.Last, e.Record.Kind, e.Record.Op, e.Record.Text = c, last, kind, "MAC_STATUS", "enforcing=1"
		s.Event(e)
	}
	put(one, false, hooks.RecordAVC)
	put(other, true, hooks.RecordChange)
	put(one, true, hooks.RecordInvalidContext)
	put(nil, true, hooks.RecordAVC)
	s.Text("SELINUX_ERR", "op=x")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		kinds = append(kinds, strings.TrimPrefix(f[0], "type=")+f[1][len("msg=audit(1.000"):len("msg=audit(1.000:1")])
	}
	const want = "MAC_STATUS:1 SYSCALL:1 CWD:1 AVC:2 SELINUX_ERR:2 SYSCALL:2 PROCTITLE:2 AVC:3"
	if got := strings.Join(kinds[:8], " "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if n := strings.Count(stderr.String(), "\n"); n != 5 || strings.Contains(stderr.String(), "SYSCALL") {
		t.Errorf("on standard error:\n%s", &stderr)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := Open(&Options{Destinations: []string{t.TempDir()}}); err == nil {
		t.Error("a directory as a log")
	}
}
