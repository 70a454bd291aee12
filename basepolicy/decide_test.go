package basepolicy_test

import (
	"strings"
	"testing"

	"seward/basepolicy"
	"seward/format/cil"
	"seward/label"
	"seward/policy"
	"seward/security"
)

// sources returns the base policy and the named examples.
func sources(t *testing.T, examples ...string) []cil.Source {
	t.Helper()
	var all []cil.Source
	for _, f := range basepolicy.Base() {
		all = append(all, cil.Source{Name: f.Name, Data: f.Data})
	}
	for _, name := range examples {
		f, err := basepolicy.Example(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, cil.Source{Name: f.Name, Data: f.Data})
	}
	return all
}

// result compiles the base policy and the named examples, which must give no
// warning.
func result(t *testing.T, examples ...string) *cil.Result {
	t.Helper()
	r, err := cil.Compile(sources(t, examples...), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range r.Warnings {
		t.Errorf("warning: %v", w)
	}
	return r
}

// server returns a security server that answers by the base policy and the named
// examples.
func server(t *testing.T, examples ...string) *security.Server {
	t.Helper()
	s, err := security.New(result(t, examples...).Policy, &security.Options{Enforcing: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sid returns the identifier of type, type:level or a whole context.
func sid(t *testing.T, s *security.Server, role, label string) policy.SID {
	t.Helper()
	if !strings.Contains(label, "_r:") {
		typ, level, found := strings.Cut(label, ":")
		if !found {
			level = "s0"
		}
		label = "system_u:" + role + ":" + typ + ":" + level
	}
	got, err := s.SID(label)
	if err != nil {
		t.Fatalf("%s: %v", label, err)
	}
	return got
}

// TestDecisions holds what domains may do, levels and identities included.
func TestDecisions(t *testing.T) {
	s := server(t, "pets", "servers", "scribe", "trial")
	tests := []struct {
		source, target, class, perms string
		want                         bool
	}{
		// What every program needs before its main begins.
		{"webserver_t", "ld_so_t", "file", "read open map execute", true},
		{"webserver_t", "lib_t", "file", "read open map execute getattr", true},
		{"webserver_t", "ld_so_cache_t", "file", "read open map getattr", true},
		{"webserver_t", "bin_t", "file", "execute read open map execute_no_trans getattr", true},
		{"webserver_t", "locale_t", "file", "read open map getattr", true},
		{"webserver_t", "null_device_t", "chr_file", "read write open", true},
		{"webserver_t", "user_devpts_t", "chr_file", "read write getattr ioctl", true},
		{"webserver_t", "unconfined_t", "fd", "use", true},
		{"webserver_t", "unconfined_t", "fifo_file", "read write getattr", true},
		{"webserver_t", "user_tmp_t", "dir", "search", true},
		{"webserver_t", "user_tmp_t", "file", "read write", true},
		{"webserver_t", "user_tmp_t", "file", "open", false},
		{"webserver_t", "webserver_t", "file", "read open getattr", true},
		{"webserver_t", "unconfined_t", "process", "sigkill", false},

		// Starting a service.
		{"unconfined_t:s0-s15:c0.c1023", "webserver_t", "process", "transition", true},
		{"webserver_t", "webserver_exec_t", "file", "entrypoint", true},
		{"user_t", "webserver_t", "process", "transition", false},
		{"container_t:s0:c1,c2", "bin_t", "file", "entrypoint", true},
		{"user_t", "user_home_t", "file", "read write create unlink open", true},
		{"user_t", "shadow_t", "file", "read", false},
		{"staff_t", "unconfined_t", "process", "transition", true},

		// Categories.
		{"container_t:s0:c1,c2", "container_file_t:s0:c1,c2", "file", "read write open create", true},
		{"container_t:s0:c1,c2", "container_file_t:s0:c3,c4", "file", "read", false},
		{"container_t:s0:c1,c2", "container_file_t:s0:c1,c3", "dir", "search", false},
		{"container_t:s0:c1,c2", "container_file_t:s0", "file", "read write", true},
		{"container_t:s0:c1,c2", "unconfined_t:s0-s15:c0.c1023", "fifo_file", "read write", true},
		{"container_t:s0:c1,c2", "container_t:s0:c3,c4", "process", "sigkill", false},
		{"container_t:s0:c1,c2", "container_t:s0:c1,c2", "process", "sigkill", true},
		{"container_t:s0:c1,c2", "null_device_t", "chr_file", "read write open", true},
		{"unconfined_t:s0", "container_file_t:s0:c3,c4", "file", "read write relabelto", true},

		// Sensitivities: the web server is bound by servers.cil.
		{"webserver_t:s3", "webserver_content_t:s2", "file", "read open getattr", true},
		{"webserver_t:s2", "webserver_content_t:s3", "file", "read", false},
		{"webserver_t:s3", "webserver_upload_t:s3", "file", "write append", true},
		{"webserver_t:s3", "webserver_upload_t:s2", "file", "write", false},
		{"webserver_t:s2", "webserver_upload_t:s3", "file", "append", false},
		{"webserver_t:s3", "null_device_t", "chr_file", "write", true},
		{"webserver_t:s3", "unconfined_t:s0-s15:c0.c1023", "fifo_file", "write", true},
		{"webserver_t:s3", "bin_t", "file", "execute read open", true},
		{"webserver_t:s2", "webserver_t:s3", "process", "transition", false},

		// Pets.
		{"dog", "dog_chow", "food", "eat", true},
		{"dog", "cat_chow", "food", "eat", false},
		{"dog:s0:c1", "dog_chow:s0:c1", "food", "eat", true},
		{"dog:s0:c1", "dog_chow:s0:c2", "food", "eat", false},
		{"dog:s2", "dog_chow:s1", "food", "eat", true},
		{"dog:s1", "dog_chow:s2", "food", "eat", false},
		{"unconfined_t", "cat_chow", "food", "eat", true},

		// The unconfined, and classes of managers outside the kernel.
		{"unconfined_t", "database_data_t", "file", "read write", true},
		{"unconfined_t", "security_t", "security", "load_policy setenforce", true},
		{"init_t", "unit_file_t", "service", "start stop", true},
		{"unconfined_t", "webserver_t", "db_table", "select", true},

		// A scribe's letter.
		{"scribe.process", "scribe.letter", "file", "create open write", true},
		{"scribe.process", "scribe.letter", "file", "read", false},
		{"scribe.process", "scribe.log", "file", "append open", true},
		{"scribe.process", "scribe.log", "file", "write", false},
	}
	for _, tt := range tests {
		target := "object_r"
		if tt.class == "process" || tt.class == "fd" || strings.HasPrefix(tt.target, "unconfined_t") {
			target = "system_r"
		}
		class := s.Policy().ClassByName(tt.class)
		if class == nil {
			t.Fatalf("no class %s", tt.class)
		}
		decision := s.ComputeAV(sid(t, s, "system_r", tt.source), sid(t, s, target, tt.target), class.ID)
		var denied []string
		for _, name := range strings.Fields(tt.perms) {
			bit := s.Policy().Permission(class, name)
			if bit == 0 {
				t.Fatalf("no permission %s of class %s", name, tt.class)
			}
			if decision.Allowed&bit == 0 {
				denied = append(denied, name)
			}
		}
		if got := len(denied) == 0; got != tt.want {
			t.Errorf("%s to %s: %s { %s } is %v, want %v (denied: %q)", tt.source, tt.target, tt.class, tt.perms, got, tt.want, denied)
		}
	}
}

// TestLabels holds the labels of new processes and files.
func TestLabels(t *testing.T) {
	s := server(t, "scribe")
	tests := []struct{ source, target, class, name, want string }{
		{
			basepolicy.Unconfined, "webserver_exec_t", "process", "",
			"unconfined_u:system_r:webserver_t:s0",
		},
		{
			"system_u:system_r:init_t:s0-s15:c0.c1023", "webserver_exec_t", "process", "",
			"system_u:system_r:webserver_t:s0",
		},
		{
			"system_u:system_r:init_t:s0-s15:c0.c1023", "bin_t", "process", "",
			"system_u:system_r:unconfined_service_t:s0-s15:c0.c1023",
		},
		{
			basepolicy.Unconfined, "bin_t", "process", "",
			basepolicy.Unconfined,
		},
		{
			"staff_u:staff_r:staff_t:s0-s15:c0.c1023", "sudo_exec_t", "process", "",
			"staff_u:unconfined_r:unconfined_t:s0-s15:c0.c1023",
		},
		{"user_u:user_r:user_t:s0", "tmp_t", "file", "", "user_u:object_r:user_tmp_t:s0"},
		{"user_u:user_r:user_t:s0", "user_home_dir_t", "dir", ".ssh", "user_u:object_r:ssh_home_t:s0"},
		{"user_u:user_r:user_t:s0", "user_home_t", "file", "", "user_u:object_r:user_home_t:s0"},
		{"system_u:system_r:webserver_t:s0", "var_log_t", "file", "", "system_u:object_r:webserver_log_t:s0"},
		{"system_u:system_r:webserver_t:s0", "webserver_upload_t", "file", "", "system_u:object_r:webserver_upload_t:s0"},
		{"system_u:system_r:container_t:s0:c1,c2", "container_file_t", "file", "", "system_u:object_r:container_file_t:s0:c1,c2"},
		{"system_u:system_r:scribe.process:s0", "scribe.data", "file", "sealed", "system_u:object_r:scribe.letter:s0"},
		{"system_u:system_r:scribe.process:s0", "scribe.data", "file", "notes", "system_u:object_r:scribe.data:s0"},
		{basepolicy.Unconfined, "etc_t", "file", "shadow", "unconfined_u:object_r:shadow_t:s0"},
	}
	for _, tt := range tests {
		class := s.Policy().ClassByName(tt.class)
		got, err := s.Create(sid(t, s, "", tt.source), sid(t, s, "object_r", tt.target), class.ID, tt.name)
		if err != nil {
			t.Errorf("%s in %s: %v", tt.source, tt.target, err)
			continue
		}
		if text, _ := s.Context(got); text != tt.want {
			t.Errorf("%s in %s: %s %q is %s, want %s", tt.source, tt.target, tt.class, tt.name, text, tt.want)
		}
	}
}

// TestPromises: a module that breaks a promise of kernel/guard.cil doesn't
// compile.
func TestPromises(t *testing.T) {
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
	base := sources(t)
	for name, rule := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := cil.Compile(append(base[:len(base):len(base)], cil.Source{Name: "broken.cil", Data: []byte(rule)}), nil)
			if err == nil || !strings.Contains(err.Error(), "neverallow") {
				t.Errorf("%s: compiled, or failed for another reason: %v", rule, err)
			}
		})
	}
}

// TestFileContexts: the labels of a Linux tree.
func TestFileContexts(t *testing.T) {
	specs, err := label.ParseFileContexts("file_contexts", result(t).FileContexts)
	if err != nil {
		t.Fatal(err)
	}
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
	modes := map[string]uint32{
		"/": label.ModeDirectory, "/home/anna": label.ModeDirectory, "/tmp": label.ModeDirectory,
		"/dev/null": label.ModeCharacter, "/dev/mem": label.ModeCharacter,
	}
	for file, want := range tests {
		mode := modes[file]
		if mode == 0 {
			mode = label.ModeRegular
		}
		if got, _ := specs.Lookup(file, mode); got != "system_u:object_r:"+want {
			t.Errorf("%s: %s, want system_u:object_r:%s", file, got, want)
		}
	}
}
