package optimize_test

import (
	"bytes"
	"compress/bzip2"
	"io"
	"os"
	"testing"
)

// plain writes a module of the store, which may be compressed, as a plain file.
func plain(t *testing.T, module, to string) string {
	t.Helper()
	data, err := os.ReadFile(module)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(data, []byte("BZh")) {
		if data, err = io.ReadAll(bzip2.NewReader(bytes.NewReader(data))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}
