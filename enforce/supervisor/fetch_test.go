package supervisor_test

import (
	"testing"

	"seward/enforce/supervisor"
)

// Where descriptors can't be fetched the task sends them, and all is as ever.
func TestSendDescriptors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	dir := t.TempDir()
	const script = `
mkdir d e; echo one >d/a; chmod 600 d/a; cp -a d/a e/b; mv d/a e/a; ls e; cat <e/a
(cd e; find . -name '?' | sort | tr '\n' ' '; tar cf - . | tar tf - | sort | tr '\n' ' ')
exec 3<e/a; cat <&3; exec 3<&-; stat -c %s - <e/b; rm -r d e
(for i in 1 2 3 4; do (echo $i) & done; wait) | sort | tr '\n' ' '
cat /nonexistent <&7 2>/dev/null; echo $?; cat /proc/self/attr/current | tr '\0' '\n'`
	want, _ := native(t, t.TempDir(), script+" >/dev/null; echo "+unconfined)
	got := w.run(t, func(c *supervisor.Config) {
		c.Dir = dir
		c.SendDescriptors = true
	}, "sh", "-c", script)
	if got.stdout != want || len(got.events) != 0 {
		t.Errorf("got\n%s\nwant\n%s\n%s %v", got.stdout, want, got.stderr, got.avcs())
	}
}
