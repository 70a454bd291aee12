package audit

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	server, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	j, err := DialJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := NewLog(j).WriteEvent(sampleEvent()); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	var entries []string
	buf := make([]byte, 1<<16)
	for range 7 {
		n, err := server.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, string(buf[:n]))
	}
	want := "MESSAGE=AVC " + sample().String() + "\nPRIORITY=5\nSYSLOG_FACILITY=4\nSYSLOG_IDENTIFIER=audit\nAUDIT_TYPE_NAME=AVC\nAUDIT_TYPE=1400\nAUDIT_ID=1\n"
	if entries[0] != want {
		t.Errorf("got\n%s\nwant\n%s", entries[0], want)
	}
	if !strings.HasPrefix(entries[6], "MESSAGE=PROCTITLE proctitle=") {
		t.Errorf("last entry\n%s", entries[6])
	}
	if _, err := DialJournal(path + "x"); err == nil {
		t.Error("a journal where there is none")
	}
}
