package audit

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"seward/internal/oracle"
)

func sampleEvent() *Event {
	r := sample()
	return &Event{
		Time: r.Time, Records: []*Record{r},
		Syscall: &Syscall{
			Arch: 0xc000003e, Number: 257, Done: true, Exit: -13, Args: [4]uint64{0xffffff9c, 0x7fff, 0, 0},
			PPID: 41, PID: 42, LoginUID: 1000, Session: ^uint32(0), UID: 1000, EUID: 0,
			Terminal: "pts0", Comm: "cat", Exe: "/usr/bin/cat", Subject: r.Source,
		},
		Address: []byte{2, 0, 0, 80, 127, 0, 0, 1, 15: 0},
		Dir:     "/home/a b",
		Paths: []PathItem{
			{Name: "/etc/", Role: "PARENT", Found: true, Inode: 7, Dev: [2]uint32{8, 1}, Mode: 0o40755, Label: "a:b:c"},
			{Name: "/etc/shadow", Role: "CREATE"},
		},
		Title: []byte("cat\x00/etc/shadow"),
	}
}

func TestEvent(t *testing.T) {
	const head = " msg=audit(1700000000.045:9): "
	const caps = " cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0\n"
	want := "type=AVC" + head + sample().String() + "\n" +
		"type=SYSCALL" + head + "arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=7fff a2=0 a3=0 items=2 ppid=41 pid=42 auid=1000 uid=1000 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=4294967295 comm=\"cat\" exe=\"/usr/bin/cat\" subj=system_u:system_r:httpd_t:s0 key=(null)\n" +
		"type=SOCKADDR" + head + "saddr=020000507F0000010000000000000000\n" +
		"type=CWD" + head + "cwd=2F686F6D652F612062\n" +
		"type=PATH" + head + "item=0 name=\"/etc/\" inode=7 dev=08:01 mode=040755 ouid=0 ogid=0 rdev=00:00 obj=a:b:c nametype=PARENT" + caps +
		"type=PATH" + head + "item=1 name=\"/etc/shadow\" nametype=CREATE" + caps +
		"type=PROCTITLE" + head + "proctitle=636174002F6574632F736861646F77\n"
	if got := string(sampleEvent().Append(nil, 9)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	e := &Event{Time: sample().Time, Syscall: &Syscall{}, Texts: []TextRecord{{"MAC_STATUS", "enforcing=1"}}, Paths: []PathItem{{Role: "UNKNOWN"}}}
	got := string(e.Append(nil, 9))
	for _, want := range []string{"syscall=0 a0=0", "tty=(none)", "exe=(null) key", "type=MAC_STATUS" + head + "enforcing=1\n", "name=(null) nametype=UNKNOWN"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestReaders has the field's own readers find an event, and in it the call.
func TestReaders(t *testing.T) {
	debian := oracle.NeedFile(t, "/etc/selinux/default/policy/policy.33")
	file := filepath.Join(t.TempDir(), "audit.log")
	var buf bytes.Buffer
	log := NewLog(&buf)
	for range 3 {
		if err := log.WriteEvent(sampleEvent()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		command []string
		want    []string
	}{
		{[]string{"ausearch", "-if", file, "-m", "avc", "-i", "-sv", "no", "-x", "/usr/bin/cat"}, []string{
			"syscall=openat success=no exit=EACCES(Permission denied)", "ses=unset",
			"proctitle=cat /etc/shadow", "cwd=/home/a b", "name=/etc/ inode=7 dev=08:01 mode=dir,755", "saddr={ saddr_fam=inet laddr=127.0.0.1 lport=80 }",
		}},
		{[]string{"ausearch", "-if", file, "-f", "/etc/shadow", "--raw"}, []string{"type=PATH"}},
		{[]string{"ausearch", "-if", file, "-a", "2", "--raw"}, []string{":2): proctitle"}},
		{[]string{"aureport", "-if", file, "-a"}, []string{"cat system_u:system_r:httpd_t:s0 257 file read open system_u:object_r:shadow_t:s0 denied 3"}},
		{[]string{"aureport", "-if", file, "-f"}, []string{"/etc/shadow"}},
		{[]string{"audit2allow", "-i", file, "-p", debian}, []string{"#============= httpd_t ==============", "allow httpd_t shadow_t:file { open read };"}},
		{[]string{"audit2why", "-i", file, "-p", debian}, []string{"Missing type enforcement (TE) allow rule"}},
	} {
		command := exec.Command(oracle.Need(t, x.command[0]), x.command[1:]...)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %v\n%s", x.command, err, out)
		}
		for _, want := range x.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("%v: no %q in\n%s", x.command, want, out)
			}
		}
	}
}

// clock is a time that the test moves.
type clock struct{ now time.Time }

func (c *clock) time() time.Time { return c.now }

func TestRate(t *testing.T) {
	c := &clock{time.Unix(100, 0)}
	var buf bytes.Buffer
	var told []uint64
	l := NewLogWith(&buf, Options{Rate: 2, now: c.time, Lost: func(n uint64) { told = append(told, n) }})
	for range 5 {
		if err := l.WriteText(c.now, "X", "a"); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(buf.String(), "\n"); n != 2 || l.Lost() != 3 {
		t.Errorf("%d lines, %d lost:\n%s", n, l.Lost(), &buf)
	}
	c.now = c.now.Add(time.Second)
	if err := l.WriteText(c.now, "X", "b"); err != nil {
		t.Fatal(err)
	}
	want := "type=KERNEL msg=audit(101.000:3): audit_lost=3 audit_rate_limit=2 audit_backlog_limit=8192\ntype=X msg=audit(101.000:4): b\n"
	if got := buf.String(); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at the end\n%s", got, want)
	}
	for range 3 {
		_ = l.WriteText(c.now, "X", "c")
	}
	if err := l.Close(); err != nil || !strings.Contains(buf.String(), "audit_lost=5 ") {
		t.Errorf("%v, %s", err, &buf)
	}
	if len(told) != 2 || told[0] != 1 || told[1] != 5 {
		t.Errorf("told of %v", told)
	}
}

// stuckWriter doesn't return until it may.
type stuckWriter struct {
	entered, leave chan struct{}
	once           sync.Once
	mu             sync.Mutex
	text           []byte
}

func (w *stuckWriter) Write(p []byte) (int, error) {
	w.once.Do(func() {
		close(w.entered)
		<-w.leave
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, p...)
	return len(p), nil
}

// A writer that doesn't come back holds up one caller; others fill the backlog,
// and what has no room there is counted.
func TestBacklog(t *testing.T) {
	w := &stuckWriter{entered: make(chan struct{}), leave: make(chan struct{})}
	l := NewLogWith(w, Options{Backlog: 2, Wait: time.Millisecond})
	done := make(chan error)
	put := func() { done <- l.WriteText(time.Unix(1, 0), "X", "a") }
	go put()
	<-w.entered
	for range 3 {
		go put()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if l.Lost() != 1 {
		t.Errorf("%d lost", l.Lost())
	}
	close(w.leave)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	got := string(w.text)
	if strings.Count(got, "type=X") != 3 || !strings.HasSuffix(got, "audit_lost=1 audit_rate_limit=0 audit_backlog_limit=2\n") {
		t.Errorf("got\n%s", got)
	}
}
