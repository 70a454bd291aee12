package kernelvm

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/internal/kernelvm/wire"
)

func TestArchive(t *testing.T) {
	got := archive([]entry{{name: "init", mode: modeFile, data: []byte("abc")}})
	// Two headers of 110 bytes. A name and its NUL, and data, end at multiples of
	// four.
	want := "070701" + "00000001" + "000081ed" + strings.Repeat("0", 16) + "00000001" + strings.Repeat("0", 8) +
		"00000003" + strings.Repeat("0", 32) + "00000005" + strings.Repeat("0", 8) + "init\x00\x00" + "abc\x00" +
		"070701" + "00000002" + strings.Repeat("0", 24) + "00000001" + strings.Repeat("0", 48) + "0000000b" + strings.Repeat("0", 8) + "TRAILER!!!\x00\x00\x00\x00"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("archive differs (-want +got):\n%s", diff)
	}
}

func TestFramesRoundTrip(t *testing.T) {
	var link bytes.Buffer
	for _, payload := range []string{"", "x", strings.Repeat("y", 100_000)} {
		if err := wire.Write(&link, wire.Ask, []byte(payload)); err != nil {
			t.Fatal(err)
		}
		kind, got, err := wire.ReadFrame(&link)
		if err != nil || kind != wire.Ask || string(got) != payload {
			t.Errorf("frame of %d bytes comes back as kind %q, %d bytes, error %v", len(payload), kind, len(got), err)
		}
	}
	link.WriteString("A\xff\xff\xff\xff")
	if _, _, err := wire.ReadFrame(&link); err == nil {
		t.Error("a frame of 4 GiB is read")
	}
}
