package supervisor_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"seward/enforce/supervisor"
	"seward/internal/oracle"
)

// The tools that ask about the policy and change it.
func TestPolicyTools(t *testing.T) {
	t.Parallel()
	for name, noFUSE := range map[string]bool{"fuse": false, "watched": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !noFUSE {
				oracle.Root(t)
			}
			runTools(t, func(c *supervisor.Config) { c.NoFUSE = noFUSE }, policyTools)
		})
	}
}

const (
	tmpFile  = " unconfined_u:object_r:user_tmp_t:s0 "
	fromTask = "unconfined_u:unconfined_r:unconfined_t:s0 "
)

var policyTools = map[string]toolTest{
	"sestatus": {
		"sestatus", "sestatus | sed 's/: */:/' | grep -v -e 'kernel policy' -e deny_unknown",
		"SELinux status:enabled\nSELinuxfs mount:/sys/fs/selinux\nSELinux root directory:/etc/selinux\nLoaded policy name:seward\nCurrent mode:enforcing\nMode from config file:enforcing\nPolicy MLS status:enabled\nMemory protection checking:actual (secure)",
	},
	"selinuxenabled":      {"selinuxenabled", "selinuxenabled; echo $?", "0"},
	"policyvers":          {"policyvers", "policyvers", "35"},
	"getsebool":           {"getsebool", "getsebool deny_ptrace", "deny_ptrace --> off"},
	"setsebool (root)":    {"setsebool", "setsebool deny_ptrace on; getsebool deny_ptrace; setsebool deny_ptrace=0 deny_execmem=1; getsebool deny_ptrace deny_execmem", "deny_ptrace --> on\ndeny_ptrace --> off\ndeny_execmem --> on"},
	"togglesebool (root)": {"togglesebool", "togglesebool deny_ptrace; getsebool deny_ptrace; togglesebool no_such >/dev/null; echo $?", "deny_ptrace: active\ndeny_ptrace --> on\n1"},
	"no such boolean":     {"setsebool", "setsebool no_such on 2>/dev/null; echo $?", "255"},
	"avcstat":             {"avcstat", "avcstat | awk 'NR==1 {print $1, $6} NR==2 {print ($1 > 0 && $1 == $2 + $3)}'", "lookups frees\n1"},
	"compute_av":          {"compute_av", "compute_av " + fromTask + "system_u:object_r:proc_kcore_t:s0 system | head -c 8", "allowed="},
	"compute_member":      {"compute_member", "compute_member " + fromTask + tmpFile + "dir", "unconfined_u:object_r:user_tmp_t:s0"},
	"compute_relabel":     {"compute_relabel", "compute_relabel " + fromTask + tmpFile + "dir", "unconfined_u:object_r:user_tmp_t:s0"},
	"validatetrans":       {"validatetrans", "validatetrans unconfined_u:object_r:etc_t:s0 unconfined_u:object_r:tmp_t:s0 file " + fromTask, "security_validatetrans returned 0 errno: Success"},
	"secon":               {"secon", "secon -t --file /etc/passwd; secon -t --pid $$; secon -u --self", "etc_t\nunconfined_t\nunconfined_u"},
	"getpidcon":           {"getpidcon", "getpidcon $$; getpidcon 1", unconfined + "\nsystem_u:system_r:kernel_t:s0-s15:c0.c1023"},
	"setfilecon":          {"setfilecon", "touch f; setfilecon system_u:object_r:etc_t:s0 f; getfilecon f", "f\tsystem_u:object_r:etc_t:s0"},
	"restorecon":          {"restorecon", "touch f; chcon -t etc_t f; restorecon $PWD/f; stat -c %C f; restorecon -nv $PWD/f", "unconfined_u:object_r:user_tmp_t:s0"},
	"restorecon -R":       {"restorecon", "mkdir -p d/e; touch d/e/f; chcon -R -t etc_t d; restorecon -R $PWD/d; stat -c %C d d/e d/e/f | sort -u", "unconfined_u:object_r:user_tmp_t:s0"},
	"setfiles":            {"setfiles", "touch f; chcon -t etc_t f; setfiles /etc/selinux/seward/contexts/files/file_contexts $PWD/f; stat -c %C f", "unconfined_u:object_r:user_tmp_t:s0"},
	"selabel_lookup":      {"selabel_lookup", "selabel_lookup -b file -k /etc/shadow", "Default context: system_u:object_r:shadow_t:s0"},
	"load_policy (root)":  {"load_policy", "load_policy; echo $?; id -Z; od -An -tu4 -j12 -N4 /sys/fs/selinux/status", "0\n" + unconfined + "\n          2"},
	"ls /proc":            {"ls", "ls -dZ /proc/1 | tr -s ' '; ls -Z /proc/self/attr/current | cut -d' ' -f1", "system_u:system_r:kernel_t:s0-s15:c0.c1023 /proc/1\n" + unconfined},
	"findmnt":             {"findmnt", "findmnt -n /sys/fs/selinux | tr -s ' ' | cut -d' ' -f1-3", "/sys/fs/selinux selinuxfs selinuxfs"},
	"stat -f":             {"stat", "stat -f -c %T /sys/fs/selinux /sys/fs/selinux/class", "selinux\nselinux"},
}

// The library's Python module, with its own status page.
func TestPythonSELinux(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	python := "/usr/bin/python3" // the one that the distribution's modules are for
	if err := exec.Command(python, "-c", "import selinux").Run(); err != nil {
		oracle.Missing(t, "python3-selinux is not installed")
	}
	const script = `
import os, selinux as s
print(s.is_selinux_enabled(), s.is_selinux_mls_enabled(), s.security_policyvers(), s.selinux_getpolicytype())
print(s.getcon(), s.getpidcon(1)[1])
print(s.security_compute_create("unconfined_u:unconfined_r:unconfined_t:s0", "system_u:object_r:tmp_t:s0", s.string_to_security_class("file")))
s.setfscreatecon("system_u:object_r:etc_t:s0")
open("g", "w").close()
print(s.getfilecon("g"), s.getfscreatecon())
s.setfscreatecon(None)
print(s.getfscreatecon())
try: s.security_check_context("a:b:c")
except OSError as e: print(e.errno)
print(s.selinux_status_open(0), s.selinux_status_getenforce(), s.selinux_status_updated())
print(s.security_setenforce(0), s.selinux_status_updated(), s.selinux_status_getenforce())
s.security_setenforce(1)
print(s.security_get_boolean_active("deny_ptrace"))
try: s.selinux_check_access("system_u:system_r:webserver_t:s0", "system_u:object_r:shadow_t:s0", "file", "read")
except OSError as e: print(e.errno)
s.restorecon("g")
print(s.getfilecon("g"))
s.setexeccon("unconfined_u:unconfined_r:unconfined_t:s0:c1")
os.execvp("id", ["id", "-Z"])
`
	const want = `1 1 35 [0, 'seward']
[0, 'unconfined_u:unconfined_r:unconfined_t:s0-s15:c0.c1023'] system_u:system_r:kernel_t:s0-s15:c0.c1023
[0, 'unconfined_u:object_r:user_tmp_t:s0']
[27, 'system_u:object_r:etc_t:s0'] [0, 'system_u:object_r:etc_t:s0']
[0, None]
22
0 1 0
0 1 0
0
13
[32, 'system_u:object_r:user_tmp_t:s0']
unconfined_u:unconfined_r:unconfined_t:s0:c1
`
	got := newWorld(t, "").run(t, func(c *supervisor.Config) { c.Dir = t.TempDir() }, python, "-c", script)
	if got.stdout != want {
		t.Errorf("got\n%s%s\nwant\n%s%v", got.stdout, got.stderr, want, got.avcs())
	}
}

// busPolicy has a domain that may do what a program of the bus does, but for
// sending messages.
const busPolicy = `
(type guest_bus_t)
(roletype unconfined_r guest_bus_t)
(typeattributeset domain (guest_bus_t))
(typeattribute of_bus)
(typeattributeset of_bus (root_t bin_t lib_t ld_so_t ld_so_cache_t etc_t usr_t tmp_t user_tmp_t proc_t locale_t device_t null_device_t unconfined_t guest_bus_t security_t))
(allow guest_bus_t of_bus (file (read open getattr map execute execute_no_trans)))
(allow guest_bus_t bin_t (file (entrypoint)))
(allow guest_bus_t of_bus (dir (search getattr read open)))
(allow guest_bus_t of_bus (lnk_file (read getattr)))
(allow guest_bus_t of_bus (chr_file (read write open getattr)))
(allow guest_bus_t of_bus (sock_file (write getattr)))
(allow guest_bus_t of_bus (fifo_file (read write getattr)))
(allow guest_bus_t of_bus (fd (use)))
(allow guest_bus_t of_bus (process (sigchld)))
(allow guest_bus_t of_bus (unix_stream_socket (connectto create connect read write getopt setopt getattr shutdown)))
(allow unconfined_t guest_bus_t (unix_stream_socket (read write)))
`

// A message bus asks the policy who may send, and hears by the status page that
// the mode has changed.
func TestDBus(t *testing.T) {
	t.Parallel()
	oracle.Root(t)
	daemon, send := oracle.Need(t, "dbus-daemon"), oracle.Need(t, "dbus-send")
	dir := t.TempDir()
	config := write(t, dir, "bus.conf", `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=`+filepath.Join(dir, "bus")+`</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
`)
	script := strings.NewReplacer("DAEMON", daemon, "CONFIG", config, "SEND", send+" --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.").Replace(`
exec 2>/dev/null
DAEMON --config-file=CONFIG --nofork --nopidfile & bus=$!
while ! test -S bus; do sleep 0.05; done
export DBUS_SESSION_BUS_ADDRESS=unix:path=$PWD/bus
SENDGetConnectionSELinuxSecurityContext string:org.freedesktop.DBus | grep -o 'unconfined_u[^"]*'
SENDListNames | grep -c org.freedesktop.DBus
grep -c selinux-status /proc/$bus/maps
runcon -t guest_bus_t SENDListNames >/dev/null; echo guest $?
setenforce 0
runcon -t guest_bus_t SENDListNames >/dev/null; echo permissive guest $?
setenforce 1
runcon -t guest_bus_t SENDListNames >/dev/null; echo guest $?
kill $bus
wait
`)
	got := newWorld(t, busPolicy).run(t, func(c *supervisor.Config) {
		c.Dir = dir
		c.Env = append(os.Environ(), "LC_ALL=C", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	}, "sh", "-c", script)
	const want = unconfined + "\n2\n1\nguest 1\npermissive guest 0\nguest 1\n"
	if got.stdout != want {
		t.Errorf("got\n%s%s\nwant\n%s%v", got.stdout, got.stderr, want, got.avcs())
	}
}
