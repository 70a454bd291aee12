package basepolicy_test

import (
	"os"
	"strings"
	"testing"

	"seward/basepolicy"
	"seward/format/policydb"
	"seward/policy"
	"seward/security"
)

// server returns a security server that answers by the base policy and the named
// examples.
func server(t *testing.T, examples ...string) *security.Server {
	t.Helper()
	image, _ := compile(t, examples...)
	data, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policydb.Read(image, data)
	if err != nil {
		t.Fatal(err)
	}
	s, err := security.New(p, &security.Options{Enforcing: true})
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
