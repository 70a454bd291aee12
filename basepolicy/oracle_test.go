package basepolicy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/basepolicy"
	"seward/internal/oracle"
)

// compile writes the base policy and the named examples to a directory, compiles
// them with Debian's secilc and returns the paths of the image and the file
// contexts. A word from secilc is a failure: it warns of what an author should
// know.
func compile(t *testing.T, examples ...string) (image, contexts string) {
	t.Helper()
	secilc := oracle.Need(t, "secilc")
	dir := t.TempDir()
	image, contexts = filepath.Join(dir, "policy"), filepath.Join(dir, "file_contexts")
	args := []string{"-c", "33", "-v", "-o", image, "-f", contexts}
	files := basepolicy.Base()
	for _, name := range examples {
		f, err := basepolicy.Example(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	if out, err := exec.Command(secilc, args...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("secilc: %v\n%s", err, out)
	}
	return image, contexts
}

// run returns what a setools program prints about an image.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(oracle.Need(t, program), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// TestCompiles: the base policy is accepted alone, with each example, and with
// all of them together, neverallow rules checked.
func TestCompiles(t *testing.T) {
	var all []string
	for _, f := range basepolicy.Examples() {
		name := strings.TrimSuffix(filepath.Base(f.Name), ".cil")
		all = append(all, name)
		t.Run(name, func(t *testing.T) { compile(t, name) })
	}
	t.Run("alone", func(t *testing.T) { compile(t) })
	t.Run("all", func(t *testing.T) { compile(t, all...) })
}

// kernelClasses is the kernel's own list: security/selinux/include/classmap.h.
const kernelClasses = `security process process2 system capability filesystem file dir fd lnk_file
chr_file blk_file sock_file fifo_file socket tcp_socket udp_socket rawip_socket node netif
netlink_socket packet_socket key_socket unix_stream_socket unix_dgram_socket sem msg msgq shm ipc
netlink_route_socket netlink_tcpdiag_socket netlink_nflog_socket netlink_xfrm_socket
netlink_selinux_socket netlink_iscsi_socket netlink_audit_socket netlink_fib_lookup_socket
netlink_connector_socket netlink_netfilter_socket netlink_dnrt_socket association
netlink_kobject_uevent_socket netlink_generic_socket netlink_scsitransport_socket
netlink_rdma_socket netlink_crypto_socket appletalk_socket packet key dccp_socket memprotect peer
capability2 kernel_service tun_socket binder cap_userns cap2_userns sctp_socket icmp_socket
ax25_socket ipx_socket netrom_socket atmpvc_socket x25_socket rose_socket decnet_socket
atmsvc_socket rds_socket irda_socket pppox_socket llc_socket can_socket tipc_socket
bluetooth_socket iucv_socket rxrpc_socket isdn_socket phonet_socket ieee802154_socket caif_socket
alg_socket nfc_socket vsock_socket kcm_socket qipcrtr_socket smc_socket infiniband_pkey
infiniband_endport bpf xdp_socket mctp_socket perf_event anon_inode io_uring user_namespace
memfd_file`

// TestClassOrder: the kernel's classes come first and in the kernel's order, in
// the text and as the compiler numbered them.
func TestClassOrder(t *testing.T) {
	want := strings.Fields(kernelClasses)
	var order []string
	for _, f := range basepolicy.Base() {
		if m := regexp.MustCompile(`(?s)\(classorder \((.*?)\)\)`).FindSubmatch(f.Data); m != nil && f.Name == "kernel/classes.cil" {
			order = strings.Fields(string(m[1]))
		}
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("classorder (-kernel +policy):\n%s", diff)
	}

	image, _ := compile(t)
	// sesearch and seinfo list by name; checkpolicy turns the image back
	// into text in the order of its numbers.
	text := filepath.Join(t.TempDir(), "policy.conf")
	run(t, "checkpolicy", "-b", "-M", "-F", "-o", text, image)
	data, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(fields) != 2 || fields[0] != "class" {
			break
		}
		got = append(got, fields[1])
	}
	if len(got) < len(want) {
		t.Fatalf("the image has %d classes, fewer than the kernel's %d", len(got), len(want))
	}
	if diff := cmp.Diff(want, got[:len(want)]); diff != "" {
		t.Errorf("classes in the image (-kernel +image):\n%s", diff)
	}
}

// TestRules holds facts about the policy as setools sees them: rules that must be
// there (want) and queries that must find nothing.
func TestRules(t *testing.T) {
	image, _ := compile(t, "pets", "scribe", "trial", "servers")
	tests := map[string]struct {
		args []string
		want string // empty: nothing may be found
	}{
		"web server reads its content": {
			[]string{"-A", "-s", "webserver_t", "-t", "webserver_content_t", "-c", "file", "-p", "read"},
			"allow webserver_t webserver_content_t:file",
		},
		"web server and the database's files": {
			args: []string{"-A", "-s", "webserver_t", "-t", "database_data_t"},
		},
		"web server has no way round file modes": {
			args: []string{"-A", "-s", "webserver_t", "-c", "capability", "-p", "dac_override,dac_read_search"},
		},
		"web server's program": {
			[]string{"-T", "-s", "unconfined_t", "-t", "webserver_exec_t", "-c", "process"},
			"type_transition unconfined_t webserver_exec_t:process webserver_t;",
		},
		"web server's temporary files": {
			[]string{"-T", "-s", "webserver_t", "-t", "tmp_t", "-c", "file"},
			"type_transition webserver_t tmp_t:file webserver_tmp_t;",
		},
		"by name": {
			[]string{"-T", "-s", "user_t", "-t", "user_home_dir_t", "-c", "dir"},
			"type_transition user_t user_home_dir_t:dir ssh_home_t .ssh;",
		},
		"unconfined over everything": {
			[]string{"-A", "-ds", "-dt", "-s", "unconfined_domain", "-t", "all_types", "-c", "process"},
			"allow unconfined_domain all_types:process",
		},
		"unconfined over a module's own class": {
			[]string{"-A", "-ds", "-dt", "-s", "unconfined_domain", "-t", "all_types", "-c", "food"},
			"allow unconfined_domain all_types:food eat;",
		},
		"a confined user and passwords": {
			args: []string{"-A", "-s", "user_t", "-t", "shadow_t", "-c", "file", "-p", "read"},
		},
		"confined domains and the policy": {
			args: []string{"-A", "-s", "confined_domain", "-t", "security_t", "-c", "security", "-p", "load_policy,setenforce,setbool"},
		},
		"the dog eats": {
			[]string{"-A", "-s", "dog", "-c", "food"}, "allow dog dog_chow:food eat;",
		},
		"the dog and the cat's": {
			args: []string{"-A", "-s", "dog", "-t", "cat_chow"},
		},
		"a service in one line": {
			[]string{"-T", "-s", "init_t", "-t", "scribe.program", "-c", "process"},
			"type_transition init_t scribe.program:process scribe.process;",
		},
		"no typing into the terminal": {
			[]string{"--allowxperm", "-s", "webserver_t", "-t", "tty_device_t"},
			"allowxperm confined_domain terminal_type:chr_file ioctl",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := strings.TrimSpace(run(t, "sesearch", append(tt.args, image)...))
			switch {
			case tt.want == "" && got != "":
				t.Errorf("sesearch %q found\n%s", tt.args, got)
			case !strings.Contains(got, tt.want):
				t.Errorf("sesearch %q found\n%s\nwant %s", tt.args, got, tt.want)
			}
		})
	}
}

// TestPromises: a module that breaks a promise of kernel/guard.cil doesn't
// compile.
func TestPromises(t *testing.T) {
	secilc := oracle.Need(t, "secilc")
	tests := map[string]string{
		"load a policy":           `(allow webserver_t security_t (security (load_policy)))`,
		"read the database":       `(allow webserver_t database_data_t (file (read)))`,
		"read passwords":          `(allow user_t shadow_t (file (open read)))`,
		"change a program":        `(allow container_t bin_t (file (write)))`,
		"become unconfined":       `(allow webserver_t unconfined_t (process (transition)))`,
		"raw disk":                `(allow database_t disk_device_t (blk_file (open read)))`,
		"signal outside":          `(allow container_t database_t (process (signal)))`,
		"a process in a file":     `(allow webserver_t etc_t (process (transition)))`,
		"a container, unconfined": `(type loose_t)(typeattributeset domain (loose_t))(typeattributeset container_domain (loose_t))`,
		"set a boolean":           `(allow staff_t security_t (security (setbool)))`,
		"load a kernel module":    `(allow staff_t self (system (module_load)))`,
	}
	dir := t.TempDir()
	var base []string
	for _, f := range basepolicy.Base() {
		name := filepath.Join(dir, strings.ReplaceAll(f.Name, "/", "_"))
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		base = append(base, name)
	}
	for name, rule := range tests {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			file := filepath.Join(out, "broken.cil")
			if err := os.WriteFile(file, []byte(rule+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"-c", "33", "-o", filepath.Join(out, "policy"), "-f", filepath.Join(out, "fc")}
			text, err := exec.Command(secilc, slices.Concat(args, base, []string{file})...).CombinedOutput()
			if err == nil || !strings.Contains(string(text), "neverallow") {
				t.Errorf("%s: compiled, or failed for another reason: %v\n%s", rule, err, text)
			}
		})
	}
}

// TestFileContexts: the labels of a Linux tree, as libselinux finds them.
func TestFileContexts(t *testing.T) {
	_, contexts := compile(t)
	tests := map[string]string{
		"/":                               "root_t:s0",
		"/etc/passwd":                     "etc_t:s0",
		"/etc/shadow":                     "shadow_t:s0",
		"/etc/shadow-":                    "shadow_t:s0",
		"/etc/ssh/ssh_host_rsa_key":       "host_key_t:s0",
		"/etc/ssh/ssh_host_rsa_key.pub":   "etc_t:s0",
		"/usr/bin/cat":                    "bin_t:s0",
		"/usr/bin/dash":                   "shell_exec_t:s0",
		"/usr/lib/os-release":             "lib_t:s0",
		"/usr/lib/locale/C.utf8/LC_CTYPE": "locale_t:s0",
		"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": "ld_so_t:s0",
		"/usr/lib/x86_64-linux-gnu/libc.so.6":            "lib_t:s0",
		"/usr/lib/ld-musl-x86_64.so.1":                   "ld_so_t:s0",
		"/usr/lib/systemd/systemd":                       "init_exec_t:s0",
		"/usr/lib/systemd/system/ssh.service":            "unit_file_t:s0",
		"/usr/sbin/nginx":                                "webserver_exec_t:s0",
		"/var/www/html/index.html":                       "webserver_content_t:s0",
		"/var/log/nginx/access.log":                      "webserver_log_t:s0",
		"/var/log/syslog":                                "var_log_t:s0",
		"/var/lib/mysql/ibdata1":                         "database_data_t:s0",
		"/usr/lib/postgresql/15/bin/postgres":            "database_exec_t:s0",
		"/usr/lib/postgresql/15/bin/psql":                "bin_t:s0",
		"/var/lib/containers/storage/overlay/abc/diff":   "container_ro_file_t:s0",
		"/var/lib/containers/storage/volumes/v/_data":    "container_file_t:s0",
		"/home/anna":                 "user_home_dir_t:s0",
		"/home/anna/letter":          "user_home_t:s0",
		"/home/anna/.ssh/id_ed25519": "ssh_home_t:s0",
		"/root/.profile":             "admin_home_t:s0",
		"/dev/null":                  "null_device_t:s0",
		"/dev/mem":                   "memory_device_t:s15:c0.c1023",
		"/tmp":                       "tmp_t:s0",
		"/tmp/somebody/file":         "user_tmp_t:s0",
	}
	kinds := map[string]string{"/": "dir", "/home/anna": "dir", "/tmp": "dir", "/dev/null": "char", "/dev/mem": "char"}
	for file, want := range tests {
		kind := kinds[file]
		if kind == "" {
			kind = "file"
		}
		got := strings.TrimSpace(run(t, "matchpathcon", "-f", contexts, "-n", "-m", kind, file))
		if want = "system_u:object_r:" + want; got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}
