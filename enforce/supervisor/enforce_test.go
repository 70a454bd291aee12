package supervisor_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/enforce/supervisor"
	"seward/internal/oracle"
)

// confined is a domain that may run programs and read public files, and is
// entered by its own programs.
const confined = `
(typeattributeset file_type (tdom_exec_t secret_t public_t))
(type tdom_exec_t) (type secret_t) (type public_t) (type tdom_t) (type other_t)
(typeattributeset domain (tdom_t other_t))
(roletype unconfined_r tdom_t) (roletype unconfined_r other_t)
(allow unconfined_t tdom_t (process (transition siginh rlimitinh noatsecure)))
(typetransition unconfined_t tdom_exec_t process tdom_t)
(allow tdom_t tdom_exec_t (file (entrypoint read execute open getattr map)))
(allow tdom_t root_t (dir (search getattr read open)))
(allow tdom_t bin_t (dir (search getattr)))
(allow tdom_t bin_t (file (read execute open getattr execute_no_trans)))
(allow tdom_t bin_t (lnk_file (read getattr)))
(allow tdom_t lib_t (dir (search getattr)))
(allow tdom_t lib_t (file (read execute open getattr)))
(allow tdom_t lib_t (lnk_file (read)))
(allow tdom_t etc_t (dir (search)))
(allow tdom_t etc_t (file (read open getattr)))
(allow tdom_t usr_t (dir (search)))
(allow tdom_t tmp_t (dir (search getattr)))
(allow tdom_t user_tmp_t (dir (search)))
(allow tdom_t proc_t (dir (search getattr)))
(allow tdom_t proc_t (lnk_file (read)))
(allow tdom_t self (dir (search)))
(allow tdom_t self (file (read open getattr)))
(allow tdom_t self (lnk_file (read)))
(allow tdom_t null_device_t (chr_file (read write getattr open)))
(allow tdom_t device_t (dir (search)))
(allow tdom_t public_t (file (read open getattr)))
(allow tdom_t self (process (fork sigchld getattr setfscreate)))
(allow tdom_t unconfined_t (process (sigchld)))
(allow tdom_t unconfined_t (fd (use)))
(allow tdom_t unconfined_t (fifo_file (read write getattr)))
`

// stage makes files with labels and the programs of the confined domain.
const stage = `echo public >public; echo secret >secret; chcon -t public_t public; chcon -t secret_t secret
cp "$(readlink -f /bin/sh)" dsh; chcon -t tdom_exec_t dsh; mkdir dir; touch dir/file; chcon -t secret_t dir dir/file
`

func TestConfinement(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	w := newWorld(t, confined)
	tests := map[string]struct {
		script, stdout string
		avcs           []string
	}{
		"read":       {`./dsh -c 'cat public; cat secret'`, "public\n", []string{"read file tdom_t secret_t secret"}},
		"write":      {`./dsh -c 'echo x >public'`, "", []string{"write file tdom_t public_t public"}},
		"append":     {`./dsh -c 'echo x >>public'`, "", []string{"append file tdom_t public_t public"}},
		"create":     {`./dsh -c 'echo x >new'; ls`, "dir\ndsh\npublic\nsecret\n", []string{"write dir tdom_t user_tmp_t work"}},
		"search":     {`./dsh -c 'cat dir/file; cd dir; test -e dir/nothing'; echo $?`, "1\n", []string{"search dir tdom_t secret_t dir", "search dir tdom_t secret_t dir", "search dir tdom_t secret_t dir"}},
		"getattr":    {`./dsh -c 'stat -c %a public secret' | sort`, "644\n", []string{"getattr file tdom_t secret_t $DIR/secret"}},
		"list":       {`./dsh -c 'ls .'`, "", []string{"read dir tdom_t user_tmp_t work"}},
		"unlink":     {`./dsh -c 'rm -f public'; cat public`, "public\n", []string{"write dir tdom_t user_tmp_t work"}},
		"chmod":      {`./dsh -c 'chmod 600 public'; stat -c %a public`, "644\n", []string{"setattr file tdom_t public_t public"}},
		"relabel":    {`./dsh -c 'chcon -t etc_t public'; stat -c %C public`, "unconfined_u:object_r:public_t:s0\n", []string{"relabelfrom file tdom_t public_t public"}},
		"inherit":    {`./dsh -c 'cat <&7; cat <&8' 7<secret 8<public`, "public\n", []string{"read file tdom_t secret_t $DIR/secret"}},
		"script":     {"printf '#!'$PWD'/dsh\\ncat secret\\n' >s; chmod +x s; chcon -t tdom_exec_t s; ./s", "", []string{"read file tdom_t secret_t secret"}},
		"label":      {`./dsh -c 'cat /proc/self/attr/current' | tr -d '\0'`, "unconfined_u:unconfined_r:tdom_t:s0-s15:c0.c1023", []string{}},
		"children":   {`./dsh -c 'sh -c "cat secret" & wait'`, "", []string{"read file tdom_t secret_t secret"}},
		"signal":     {`sleep 5 & ./dsh -c "kill $!" ; kill $!`, "", []string{"signal process tdom_t unconfined_t "}},
		"others":     {`./dsh -c "cat /proc/$$/environ"`, "", nil},
		"entrypoint": {`runcon -t tdom_t cat public; echo $?`, "126\n", nil},
		"transition": {`./dsh -c 'runcon -t unconfined_t cat public' 2>/dev/null; echo $?`, "1\n", nil},
		"execute":    {`./dsh -c './public'; echo $?`, "126\n", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir() + "/work"
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			got := w.shell(t, dir, "cd "+dir+"; "+stage+tt.script)
			if got.stdout != tt.stdout {
				t.Errorf("got %q, want %q; %s", got.stdout, tt.stdout, got.stderr)
			}
			if tt.avcs == nil {
				return // what is logged depends on the machine
			}
			avcs := []string{}
			for _, s := range got.avcs() {
				avcs = append(avcs, strings.ReplaceAll(s, dir, "$DIR"))
			}
			if diff := cmp.Diff(tt.avcs, avcs); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// In permissive mode everything succeeds, and is logged.
func TestPermissive(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	w := newWorld(t, confined)
	w.server.SetEnforcing(false)
	got := w.shell(t, t.TempDir(), stage+`./dsh -c 'cat secret; echo x >new; cat dir/file; cat <&7' 7<secret; ls -Z new | sed 's/ .*//'`)
	if want := "secret\nsecret\nunconfined_u:object_r:user_tmp_t:s0\n"; got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
	if len(got.events) < 4 {
		t.Errorf("only %v", got.avcs())
	}
	for _, e := range got.events {
		if !e.Record.Permissive {
			t.Errorf("not permissive: %+v", e)
		}
	}
}

// What the kernel refuses anyway is not asked of the policy.
func TestDiscretionaryFirst(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	oracle.Need(t, "setpriv")
	w := newWorld(t, confined)
	got := w.shell(t, t.TempDir(), `chmod 755 . ..; `+stage+`chmod 600 secret; setpriv --reuid 65534 --regid 65534 --clear-groups `+
		`./dsh -c 'cat secret; echo $?; mkdir new; chmod 666 public; chown 0 public; rm -f public; mv public x; ln public y; truncate -s 1 public'; ls`)
	want := "1\ndir\ndsh\npublic\nsecret\n"
	if got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
	if len(got.events) > 0 {
		t.Errorf("the policy was asked: %v", got.avcs())
	}
}

// Acting for other users leaves their files theirs.
func TestOtherUsers(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	oracle.Need(t, "setpriv")
	w := newWorld(t, "")
	script := `mkdir d; chown 1234:5678 d; chmod 755 . ..; setpriv --reuid 1234 --regid 5678 --groups 99 sh -c 'cd d; umask 022; ` +
		`touch f; mkdir g; ln -s x l; stat -c "%u %g %a %n" f g l; chgrp 99 f; stat -c %g f; cat /etc/shadow; echo $?; id -u; touch ../no; echo $?; access=1; test -w /etc; echo $?'` +
		`; touch root; stat -c "%u %g" root; setpriv --reuid 1234 --clear-groups --regid 5678 --inh-caps -all sh -c 'echo >root; echo $?; chown 0 d/f; echo $?' 2>/dev/null`
	want, _ := native(t, t.TempDir(), script)
	got := w.shell(t, t.TempDir(), script)
	if got.stdout != want {
		t.Errorf("got\n%s\nwant\n%s\n%s", got.stdout, want, got.stderr)
	}
}

// AT_SECURE is set where the policy doesn't trust the transition.
func TestSecureExec(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	const second = `
(typeattributeset file_type (tdom2_exec_t)) (type tdom2_exec_t) (type tdom2_t) (typeattributeset domain (tdom2_t))
(roletype unconfined_r tdom2_t)
(typetransition tdom_t tdom2_exec_t process tdom2_t)
(allow tdom_t tdom2_exec_t (file (read open execute getattr)))
(allow tdom2_t tdom2_exec_t (file (entrypoint read execute getattr map)))
(allow tdom2_t lib_t (dir (search))) (allow tdom2_t root_t (dir (search))) (allow tdom2_t usr_t (dir (search)))
(allow tdom2_t etc_t (dir (search))) (allow tdom2_t etc_t (file (read open getattr)))
(allow tdom2_t lib_t (lnk_file (read))) (allow tdom2_t lib_t (file (read open getattr execute)))
(allow tdom2_t fd_user (fd (use))) (typeattribute fd_user) (typeattributeset fd_user (tdom_t unconfined_t))
(allow tdom2_t unconfined_t (fifo_file (read write getattr)))
(allow tdom2_t user_tmp_t (dir (search))) (allow tdom2_t tmp_t (dir (search)))
(allow tdom2_t user_tmp_t (file (write append getattr)))
(allow tdom_t user_tmp_t (file (write append getattr)))
(allow tdom2_t self (process (signal)))
(allow tdom_t tdom2_t (process2 (nnp_transition))) ; where nobody may gain privileges
`
	for name, perms := range map[string]string{"trusted": "transition siginh noatsecure", "secure": "transition"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, confined+second+"(allow tdom_t tdom2_t (process ("+perms+")))")
			got := w.shell(t, t.TempDir(), stage+`cp dsh dsh2; chcon -t tdom2_exec_t dsh2; touch err
./dsh -c "trap '' USR1; LD_PRELOAD=/none ./dsh2 -c 'kill -USR1 \$\$; echo alive'; echo \$?" 2>err; grep -c none err`)
			want := "alive\n0\n1\n"
			if name == "secure" {
				want = "138\n0\n"
			}
			if got.stdout != want {
				t.Errorf("got %q, want %q; %s %v", got.stdout, want, got.stderr, got.avcs())
			}
		})
	}
}

// New files have a label by transition, from their directory, or as asked.
func TestNewLabels(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	w := newWorld(t, confined+`
(typetransition unconfined_t secret_t file public_t)
(typetransition unconfined_t secret_t file "named" tdom_exec_t)
`)
	got := w.shell(t, t.TempDir(), `mkdir dir plain; chcon -t secret_t dir; cd dir; touch a named; mkdir sub; ln -s x l; mkfifo p; cd ..;
touch plain/f; mkdir --context=unconfined_u:object_r:etc_t:s0 asked; mv dir/a plain/a; ln plain/a plain/b; stat -c '%n %C' dir/* plain/* asked`)
	want := `dir/l unconfined_u:object_r:secret_t:s0
dir/named unconfined_u:object_r:tdom_exec_t:s0
dir/p unconfined_u:object_r:secret_t:s0
dir/sub unconfined_u:object_r:secret_t:s0
plain/a unconfined_u:object_r:public_t:s0
plain/b unconfined_u:object_r:public_t:s0
plain/f unconfined_u:object_r:user_tmp_t:s0
asked unconfined_u:object_r:etc_t:s0
`
	if got.stdout != want {
		t.Errorf("got\n%s\nwant\n%s\n%s %v", got.stdout, want, got.stderr, got.avcs())
	}
}

// Labels that can't be stored with files are found again by the next run.
func TestLabelsPersist(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	w := newWorld(t, confined)
	dir, state := t.TempDir(), t.TempDir()
	keep := func(c *supervisor.Config) { c.Dir, c.StateDir = dir, state }
	w.run(t, keep, "sh", "-c", "touch f; chcon -t secret_t f; mkdir d; touch d/g")
	got := w.run(t, keep, "sh", "-c", "stat -c %C f; mv d e; stat -c %C e/g; cat "+state+"/labels; echo $?; ls "+state)
	want := "unconfined_u:object_r:secret_t:s0\nunconfined_u:object_r:user_tmp_t:s0\n1\n"
	if got.stdout != want {
		t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
	}
}
