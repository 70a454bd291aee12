package supervisor_test

import (
	"strings"
	"testing"

	"seward/internal/oracle"
)

// A new label that may not use the controlling terminal loses it, nobody else
// does.
func TestLeaveTerminal(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	oracle.Need(t, "script")
	for name, tt := range map[string]struct{ label, want string }{
		"kept": {"user_devpts_t", "yes\nyes\n"},
		"lost": {"secret_t", "no\nyes\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const rules = "(allow tdom_t user_tmp_t (file (read write append getattr)))"
			got := newWorld(t, confined+rules).shell(t, t.TempDir(), stage+`
cat >show <<'E'
read -r line </proc/self/stat; set -- $line
case "$7" in 0) echo no;; *) echo yes;; esac
E
chcon -t public_t show
script -qec 'chcon -t `+tt.label+` $(tty); ./dsh show >out; sh show >>out' /dev/null >/dev/null; cat out`)
			if got.stdout != tt.want {
				t.Errorf("got %q, want %q; %s %v", got.stdout, tt.want, got.stderr, got.avcs())
			}
		})
	}
}

// What else isn't taken along into another label.
func TestLeaveBehind(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	oracle.Need(t, "setarch")
	oracle.Need(t, "setpriv")
	const rules = "(allow tdom_t user_tmp_t (file (read write append getattr)))"
	tests := map[string]struct{ script, want string }{
		"personality":  {`setarch -R sh -c 'cat /proc/self/personality; ./dsh -c "cat /proc/self/personality"'`, "00040000\n00000000\n"},
		"death signal": {`for p in "$(readlink -f /bin/sh)" ./dsh; do sh -c "setpriv --pdeathsig KILL $p -c 'sleep 0.3; echo alive' & sleep 0.1"; sleep 0.5; done`, "alive\n"},
		"limits":       {`ulimit -Ss 1024; ulimit -Sc 100; ulimit -Sn 512; ./dsh -c 'ulimit -s; ulimit -c; ulimit -n'`, "1024\n100\n512\n"},
		"high limits":  {`cp dsh dsh2; chcon -t tdom2_exec_t dsh2; ulimit -Ss 20000; ulimit -Sc 100; ulimit -Sn 2000; ./dsh -c './dsh2 -c "ulimit -s; ulimit -c; ulimit -n"' >out; cat out`, "8192\n0\n1024\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := confined + strings.Replace(secondDomain, " rlimitinh ", " ", 1)
			dir := prepare(t)
			got := newWorld(t, policy+rules).shell(t, dir, raceStage+tt.script)
			if got.stdout != tt.want {
				t.Errorf("got %q, want %q; %s %v", got.stdout, tt.want, got.stderr, got.avcs())
			}
		})
	}
}
