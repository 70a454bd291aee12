package supervisor_test

import (
	"testing"

	"seward/internal/oracle"
)

// secondDomain is one that the confined domain enters by a program of its own.
const secondDomain = `
(typeattributeset file_type (tdom2_exec_t)) (type tdom2_exec_t) (type tdom2_t) (typeattributeset domain (tdom2_t))
(roletype unconfined_r tdom2_t)
(typetransition tdom_t tdom2_exec_t process tdom2_t)
(allow tdom_t tdom2_t (process (transition siginh rlimitinh noatsecure)))
(allow tdom_t tdom2_t (process2 (nnp_transition)))
(allow tdom_t tdom2_exec_t (file (read open execute getattr)))
(allow tdom2_t tdom2_exec_t (file (entrypoint read execute getattr map)))
(allow tdom2_t lib_t (dir (search))) (allow tdom2_t root_t (dir (search))) (allow tdom2_t usr_t (dir (search)))
(allow tdom2_t bin_t (dir (search))) (allow tdom2_t bin_t (lnk_file (read)))
(allow tdom2_t bin_t (file (read open getattr execute execute_no_trans map)))
(allow tdom2_t etc_t (dir (search))) (allow tdom2_t etc_t (file (read open getattr)))
(allow tdom2_t lib_t (lnk_file (read))) (allow tdom2_t lib_t (file (read open getattr execute)))
(allow tdom2_t user_tmp_t (dir (search))) (allow tdom2_t tmp_t (dir (search)))
(allow tdom2_t user_tmp_t (file (write append getattr)))
(allow tdom_t user_tmp_t (file (write append getattr open)))
(allow tdom2_t public_t (file (read getattr)))
(allow tdom2_t self (process (fork)))
(allow tdom2_t tdom_t (fd (use))) ; for its program, which the other domain opened
`

// A description keeps the label of who opened it through any number of execs.
func TestOpenerLabel(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	tests := map[string]struct{ rules, stdout string }{
		"all":      {"", "public\npublic\npublic\n"}, // the first file has been read to its end by then
		"second's": {"(deny tdom2_t unconfined_t (fd (use)))", "public\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, confined+secondDomain+tt.rules)
			// Of two files to read and two to write one each was opened by unconfined_t
			// and by tdom_t; tdom2_t copies each way.
			got := w.shell(t, t.TempDir(), stage+`cp dsh dsh2; chcon -t tdom2_exec_t dsh2; cp public public2; chcon -t public_t public2
touch out out2; cp public in; chcon -t public_t in
./dsh -c './dsh2 -c "cat <&7 >&3; cat >&3 <&8" 8<public2; ./dsh2 -c "cat <&7 >&9; cat <&8 >&9" 8<public2 9>>out2' 7<public 3>>out 2>/dev/null
cat out out2`)
			if got.stdout != tt.stdout {
				t.Errorf("got %q, want %q; %s %v", got.stdout, tt.stdout, got.stderr, got.avcs())
			}
		})
	}
}
