package basepolicy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestCompiles: Debian's compiler takes the base policy alone, with each example,
// and with all of them together, without a word, neverallow rules checked. It says
// the same of files as ours.
func TestCompiles(t *testing.T) {
	same := func(t *testing.T, examples ...string) {
		t.Helper()
		_, contexts := compile(t, examples...)
		want, err := os.ReadFile(contexts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(result(t, examples...).FileContexts)); diff != "" {
			t.Errorf("file contexts (-secilc +seward):\n%s", diff)
		}
	}
	var all []string
	for _, f := range basepolicy.Examples() {
		name := strings.TrimSuffix(filepath.Base(f.Name), ".cil")
		all = append(all, name)
		t.Run(name, func(t *testing.T) { same(t, name) })
	}
	t.Run("alone", func(t *testing.T) { same(t) })
	t.Run("all", func(t *testing.T) { same(t, all...) })
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

	var got []string
	for _, class := range result(t).Policy.Data().Classes {
		got = append(got, class.Name)
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
