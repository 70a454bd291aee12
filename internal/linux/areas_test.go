package linux

import "testing"

func TestParseArea(t *testing.T) {
	got, err := parseArea("7f00-8f00 r-xs 00001000 fe:00 1234                       /a file (deleted)\n")
	want := Area{0x7f00, 0x8f00, true, true, 1234, "/a file (deleted)"}
	if err != nil || got != want {
		t.Errorf("got %+v %v, want %+v", got, err, want)
	}
	for _, line := range []string{"", "x", "1-2 rwxp 0 0", "1-z rwxp 0 0:0 1", "12 rwxp 0 0:0 1", "1-2 rwx 0 0:0 1"} {
		if a, err := parseArea(line); err == nil {
			t.Errorf("%q: got %+v", line, a)
		}
	}
}
