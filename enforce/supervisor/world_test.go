package supervisor_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"seward/enforce/supervisor"
	"seward/internal/oracle"
)

// worldTests are what programs may do with files that only exist inside.
var worldTests = map[string]struct{ needs, script, want string }{
	"enter": {
		"sh", "cd /sys/fs/selinux; pwd; /bin/pwd; cat enforce; cd class/dir; /bin/pwd; cd ../..; /bin/pwd; ls -d avc; cd ..; /bin/pwd; cd selinux/booleans; /bin/pwd -P",
		"/sys/fs/selinux\n/sys/fs/selinux\n1/sys/fs/selinux/class/dir\n/sys/fs/selinux\navc\n/sys/fs\n/sys/fs/selinux/booleans\n",
	},
	"enter attr": {
		"readlink", "cd -P /proc/self/attr; test -e current; echo $?; readlink /proc/self/cwd | sed s/[0-9][0-9]*/N/; cd ..; /bin/pwd | sed s/[0-9][0-9]*/N/",
		"0\n/proc/N/attr\n/proc/N\n",
	},
	"inherit": {"sh", "cd /sys/fs/selinux; sh -c '/bin/pwd; cat mls; echo x >mls' 2>/dev/null; mkdir d 2>/dev/null; echo $?", "/sys/fs/selinux\n11\n"},
	"list":    {"ls", "ls /sys/fs | grep -x selinux; find /sys/fs -maxdepth 1 -name selinux; ls /sys/fs/selinux/avc; ls /proc/self/attr", "selinux\n/sys/fs/selinux\ncache_stats\ncache_threshold\nhash_stats\ncurrent\nexec\nfscreate\nkeycreate\nprev\nsockcreate\n"},
	"seclabel": {
		"awk", `awk '$3 == "sysfs" || $3 == "proc" || $3 == "selinuxfs" {print $3, $4 ~ /,seclabel/}' /proc/mounts | sort -u
grep -c -- '- sysfs sysfs r[ow],seclabel' /proc/self/mountinfo | sed s/[1-9]/n/; findmnt -rno TARGET /sys/fs/selinux`,
		"proc 0\nselinuxfs 0\nsysfs 1\nn\n/sys/fs/selinux\n",
	},
	"links": {
		"readlink", "exec 3</sys/fs/selinux/enforce 4</sys/fs/selinux/status 5</proc/self/attr/exec 6</sys/fs/selinux/class 7<>/sys/fs/selinux/access; for i in 3 4 5 6 7; do readlink /proc/$$/fd/$i | sed s/[0-9][0-9]*/N/; done",
		"/sys/fs/selinux/enforce\n/sys/fs/selinux/status\n/proc/N/attr/exec\n/sys/fs/selinux/class\n/sys/fs/selinux/access\n",
	},
	"absent": {"cat", "cat /proc/self/attr/apparmor/current 2>/dev/null; echo $?", "1\n"},
	"python": {"python3", `python3 -c '
import os
o = os.open("/sys/fs/selinux/enforce", os.O_PATH)
print(os.fstat(o).st_ino, open("/proc/self/fd/%d" % o).read())
try: os.read(o, 1)
except OSError as e: print(e.errno)
d = os.open("/sys/fs", os.O_RDONLY)
print(os.stat("selinux/mls", dir_fd=d).st_ino, os.fstat(d).st_ino == os.stat("/sys/fs").st_ino)
os.fchdir(os.open("/sys/fs/selinux", os.O_PATH))
print(os.getcwd(), os.path.realpath("class"))
os.fchdir(d)
print(os.getcwd(), os.path.isdir("cgroup") or os.listdir("."))
a = os.open("/sys/fs/selinux/policy", os.O_RDONLY)
try: os.open("/sys/fs/selinux/policy", os.O_RDONLY)
except OSError as e: print(e.errno)
import mmap
m = mmap.mmap(a, 0, mmap.MAP_SHARED, mmap.PROT_READ)
os.close(a)
print(m[:4] == b"\x8c\xff\x7c\xf9")
try: os.open("/sys/fs/selinux/policy", os.O_RDONLY)
except OSError as e: print(e.errno)
m.close()
print(len(open("/sys/fs/selinux/policy", "rb").read()) == os.stat("/sys/fs/selinux/policy").st_size)
'`, "4 1\n9\n12 True\n/sys/fs/selinux /sys/fs/selinux/class\n/sys/fs True\n16\nTrue\n16\nTrue\n"},
	"netlink (root)": {"python3", `python3 -c '
import os, socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 7)
s.bind((0, 1))
def show():
    data, who = s.recvfrom(100)
    print(struct.unpack("=IHHIIi", data), who)
for value in "01": open("/sys/fs/selinux/enforce", "w").write(value)
open("/sys/fs/selinux/commit_pending_bools", "w").write("1")
show(); show(); show()
if os.fork() == 0:
    open("/sys/fs/selinux/enforce", "w").write("0")
    os._exit(0)
show()
s.setblocking(False)
try: s.recvfrom(1)
except BlockingIOError: print("empty")
'`, "(20, 16, 0, 0, 0, 0) (0, 1)\n(20, 16, 0, 0, 0, 1) (0, 1)\n(20, 17, 0, 0, 0, 2) (0, 1)\n(20, 16, 0, 0, 0, 0) (0, 1)\nempty\n"},
	"long load (root)": {"python3", `python3 -c '
import os
image = open("/sys/fs/selinux/policy", "rb").read()
def load(data):
    fd = os.open("/sys/fs/selinux/load", os.O_RDWR)
    try: return os.write(fd, data) == len(data)
    except OSError as e: return e.errno
    finally: os.close(fd)
long = b"\0" * (5 << 20)
print(load(image), load(image + long), load(image[:4] + long), load(long), load(image[:-1]), load(b""))
'`, "True True 22 22 22 22\n"},
}

func TestWorld(t *testing.T) {
	t.Parallel()
	for name, tt := range worldTests {
		for carrier, noFUSE := range map[string]bool{"fuse": false, "watched": true} {
			t.Run(name+"/"+carrier, func(t *testing.T) {
				t.Parallel()
				if _, err := exec.LookPath(tt.needs); err != nil {
					t.Skip(err)
				}
				if !noFUSE || strings.HasSuffix(name, "(root)") {
					oracle.Root(t)
				}
				w := newWorld(t, "")
				got := w.run(t, func(c *supervisor.Config) {
					c.NoFUSE, c.Dir = noFUSE, t.TempDir()
					c.Env = append(os.Environ(), "LC_ALL=C")
				}, "sh", "-c", tt.script)
				if got.stdout != tt.want {
					t.Errorf("got %d:\n%s\nwant\n%s\n%s\n%v", got.exit, got.stdout, tt.want, got.stderr, got.avcs())
				}
			})
		}
	}
}
