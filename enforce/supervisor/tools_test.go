package supervisor_test

import (
	"os"
	"strings"
	"testing"

	"seward/enforce/supervisor"
	"seward/internal/oracle"
)

// The field's own tools must see SELinux as on a machine that has it.
func TestStockTools(t *testing.T) {
	t.Parallel()
	for _, fuse := range []bool{true, false} {
		name := "watched"
		if fuse {
			name = "fuse"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if fuse {
				oracle.Root(t)
			}
			stockTools(t, func(c *supervisor.Config) { c.NoFUSE = !fuse })
		})
	}
}

func stockTools(t *testing.T, change func(*supervisor.Config)) {
	const mine = "unconfined_u:object_r:user_tmp_t:s0"
	tests := map[string]toolTest{
		"id -Z":             {"id", "id -Z", unconfined},
		"runcon":            {"runcon", "runcon -r system_r id -Z; id -Z", "unconfined_u:system_r:unconfined_t:s0-s15:c0.c1023\n" + unconfined},
		"runcon -l":         {"runcon", "runcon -l s0:c3 id -Z", "unconfined_u:unconfined_r:unconfined_t:s0:c3"},
		"bad context":       {"runcon", "runcon -t no_such_t id 2>/dev/null; echo $?", "1"},
		"ls -Z":             {"ls", "touch f; ls -Z f", mine + " f"},
		"ls -dZ":            {"ls", "mkdir d; ls -dZ d", mine + " d"},
		"chcon":             {"chcon", "touch f; chcon -t etc_t f; stat -c %C f", "unconfined_u:object_r:etc_t:s0"},
		"chcon -h":          {"chcon", "ln -s x l; chcon -h -t etc_t l; stat -c %C l", "unconfined_u:object_r:etc_t:s0"},
		"cp":                {"cp", "touch f; chcon -t etc_t f; cp f g; cp -a f h; stat -c %C g h", mine + "\nunconfined_u:object_r:etc_t:s0"},
		"mv":                {"mv", "touch f; chcon -t etc_t f; mkdir d; mv f d; stat -c %C d/f", "unconfined_u:object_r:etc_t:s0"},
		"mkdir -Z":          {"mkdir", "mkdir -Z d; stat -c %C d; mkdir --context=system_u:object_r:etc_t:s0 e; stat -c %C e", mine + "\nsystem_u:object_r:etc_t:s0"},
		"stat -c %C":        {"stat", "stat -c %C /etc/passwd /dev/null /proc/version", "system_u:object_r:etc_t:s0\nsystem_u:object_r:null_device_t:s0\nsystem_u:object_r:proc_t:s0"},
		"ps -Z":             {"ps", "ps -o label= -p $$", unconfined},
		"attr":              {"cat", "tr -d '\\0' </proc/self/attr/current; echo; wc -c </proc/thread-self/attr/exec; cat /proc/self/attr/nothing 2>/dev/null; echo $?", unconfined + "\n0\n1"},
		"etc":               {"matchpathcon", "ls /etc/selinux; cat /etc/selinux/../selinux/config; matchpathcon -n /etc/passwd; stat -c '%F %C' /etc/selinux/seward", "config\nseward\nSELINUX=enforcing\nSELINUXTYPE=seward\nsystem_u:object_r:etc_t:s0\ndirectory system_u:object_r:selinux_config_t:s0"},
		"getenforce":        {"getenforce", "getenforce", "Enforcing"},
		"setenforce (root)": {"setenforce", "setenforce 0; getenforce; setenforce 1; getenforce", "Permissive\nEnforcing"},
		"selinuxfs":         {"cat", "cat /sys/fs/selinux/mls; echo; ls /sys/fs/selinux | grep -x -e access -e policyvers; cd /sys/fs 2>/dev/null; cat selinux/../selinux/enforce", "1\naccess\npolicyvers\n1"},
		"filesystems":       {"grep", "grep -c selinuxfs /proc/filesystems /proc/self/mounts /proc/mounts", "/proc/filesystems:1\n/proc/self/mounts:1\n/proc/mounts:1"},
		"compute":           {"compute_create", "compute_create " + unconfined + " system_u:object_r:tmp_t:s0 file", "unconfined_u:object_r:user_tmp_t:s0"},
		"access":            {"selinux_check_access", "selinux_check_access " + unconfined + " system_u:object_r:etc_t:s0 file read; echo $?", "0"},
	}
	runTools(t, change, tests)
}

// toolTest is a script with one of the field's tools, and what it says. Tests
// whose name ends in (root) change the system.
type toolTest struct{ tool, script, want string }

func runTools(t *testing.T, change func(*supervisor.Config), tests map[string]toolTest) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			oracle.Need(t, tt.tool)
			if strings.HasSuffix(name, "(root)") {
				oracle.Root(t)
			}
			w := newWorld(t, "") // some change its mode
			dir := t.TempDir()
			got := w.run(t, func(c *supervisor.Config) {
				c.Dir = dir
				c.Env = []string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin", "LC_ALL=C", "HOME=" + dir}
				change(c)
			}, "sh", "-c", tt.script)
			if strings.TrimSuffix(got.stdout, "\n") != tt.want {
				t.Errorf("got %d:\n%s\nwant\n%s\n%s\n%v", got.exit, got.stdout, tt.want, got.stderr, got.avcs())
			}
		})
	}
}
