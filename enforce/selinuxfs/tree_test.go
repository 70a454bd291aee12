package selinuxfs

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/enforce/hooks"
	"seward/format/policydb"
	"seward/policy"
)

// do opens a file, writes to it if there is something to write, and reads.
func (s *stage) do(t *testing.T, path string, c *Caller, write *string) (string, syscall.Errno) {
	t.Helper()
	n, ok := s.Lookup(path)
	if !ok {
		return "", syscall.ENOENT
	}
	h, v := s.Open(n, c)
	if !v.Allowed() {
		return "", v.Errno
	}
	if write != nil {
		if _, v := h.Write(c, []byte(*write), 0); !v.Allowed() {
			return "", v.Errno
		}
	}
	buf := make([]byte, 4096)
	length, v := h.Read(c, buf, 0)
	return string(buf[:length]), v.Errno
}

func (s *stage) read(t *testing.T, path string) string {
	t.Helper()
	text, errno := s.do(t, path, s.task, nil)
	if errno != 0 {
		return errno.Error()
	}
	return text
}

func (s *stage) write(t *testing.T, path, text string) string {
	t.Helper()
	n, ok := s.Lookup(path)
	if !ok {
		return "no such file"
	}
	h, v := s.Open(n, s.task)
	if v.Allowed() {
		_, v = h.Write(s.task, []byte(text), 0)
	}
	if v.Errno != 0 {
		return v.Errno.Error()
	}
	return ""
}

func TestReads(t *testing.T) {
	s := newStage(t, build(t, builder()))
	for path, want := range map[string]string{
		"enforce":                           "1",
		"policyvers":                        "35",
		"mls":                               "0",
		"deny_unknown":                      "1",
		"reject_unknown":                    "0",
		"checkreqprot":                      "0",
		"booleans/first":                    "1 1",
		"booleans/second":                   "0 0",
		"initial_contexts/kernel":           "u:object_r:task_t\x00",
		"class/security/index":              "1",
		"class/security/perms/load_policy":  "5",
		"class/dir/perms/search":            "30",
		"policy_capabilities/open_perms":    "0",
		"status":                            string(s.Status().Bytes()),
		"access":                            "",
		"load":                              syscall.EINVAL.Error(),
		"commit_pending_bools":              syscall.EINVAL.Error(),
		"null":                              syscall.ENXIO.Error(),
		"booleans":                          syscall.EISDIR.Error(),
		"":                                  syscall.EISDIR.Error(),
		"booleans/third":                    syscall.ENOENT.Error(),
		"initial_contexts/fs":               syscall.ENOENT.Error(),
		"class/dir/perms/none":              syscall.ENOENT.Error(),
		"class/dir/none":                    syscall.ENOENT.Error(),
		"enforce/x":                         syscall.ENOENT.Error(),
		"policy_capabilities/none":          syscall.ENOENT.Error(),
		"class/none":                        syscall.ENOENT.Error(),
		"none":                              syscall.ENOENT.Error(),
		"/class//./user_namespace/index":    fmt.Sprint(int(hooks.ClassUserNamespace)),
		"class/user_namespace/perms/create": "1",
	} {
		if got := s.read(t, path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	p, err := policydb.Read("policy", []byte(wholePolicy(t, s)))
	if err != nil || p.ClassByName("file") == nil {
		t.Errorf("the policy read: %v", err)
	}
	if _, errno := s.do(t, "policy", s.guest, nil); errno != syscall.EACCES {
		t.Errorf("the policy read by a guest: %v", errno)
	}
}

func wholePolicy(t *testing.T, s *stage) string {
	t.Helper()
	n, _ := s.Lookup("policy")
	h, v := s.Open(n, s.task)
	if !v.Allowed() {
		t.Fatal(v.Errno)
	}
	var all bytes.Buffer
	buf := make([]byte, 1000)
	for {
		length, v := h.Read(s.task, buf, int64(all.Len()))
		if !v.Allowed() {
			t.Fatal(v.Errno)
		}
		if length == 0 {
			return all.String()
		}
		all.Write(buf[:length])
	}
}

func TestQueries(t *testing.T) {
	s := newStage(t, build(t, builder()))
	ask := func(path, text string) string {
		answer, errno := s.do(t, path, s.task, &text)
		if errno != 0 {
			return errno.Error()
		}
		return answer
	}
	invalid := syscall.EINVAL.Error()
	dir := fmt.Sprint(int(hooks.ClassDir))
	for _, tt := range []struct{ path, text, want string }{
		{"access", task + " " + file + " file", "2 ffffffff 0 ffffffff 1 0"},
		{"access", "\t" + task + "  " + file + "\n7 rest", "2 ffffffff 0 ffffffff 1 0"},
		{"access", task + " " + file + " 7\x00garbage", "2 ffffffff 0 ffffffff 1 0"},
		{"access", task + " " + file + " 65543x", "2 ffffffff 0 ffffffff 1 0"},
		{"access", task + " " + file + " 999", "0 ffffffff 0 ffffffff 1 0"},
		{"access", task + " " + file + " 0", "0 ffffffff 0 ffffffff 1 0"},
		{"access", task + " " + file, invalid},
		{"access", task + " " + file + " nothing", invalid},
		{"access", task + " none 7", invalid},
		{"access", "none " + task + " 7", invalid},
		{"access", "", invalid},
		{"create", task + " " + file + " " + dir, "u:object_r:named_t\x00"},
		{"create", task + " " + file + " file", "u:object_r:file_t\x00"},
		{"create", task + " " + file + " file a+b%25", "u:object_r:named_t\x00"},
		{"create", task + " " + file + " file a+b%25%00rest", "u:object_r:named_t\x00"},
		{"create", task + " " + file + " 7a+b%25", "u:object_r:named_t\x00"},
		{"create", task + " " + file + " file a%2", invalid},
		{"create", task + " " + file + " file a%g0", invalid},
		{"create", task + " " + file + " file a%2G", invalid},
		{"create", task + " " + file + " process", "u:r:task_t\x00"},
		{"create", task + " " + file, invalid},
		{"member", task + " " + file + " dir", "u:object_r:guest_t\x00"},
		{"member", task, invalid},
		{"relabel", task + " " + file + " dir", "u:object_r:task_t\x00"},
		{"relabel", task, invalid},
		{"context", task, task + "\x00"},
		{"context", task + "\x00", task + "\x00"},
		{"context", task + "\n", invalid},
		{"context", "u:r:none_t", invalid},
		{"user", task + " u", "0\x00"},
		{"access", strings.Repeat(" ", maxTransaction), syscall.EFBIG.Error()},
	} {
		if got := ask(tt.path, tt.text); got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.path, tt.text, got, tt.want)
		}
	}
	for _, path := range []string{"access", "create", "member", "relabel", "context"} {
		text := task
		if _, errno := s.do(t, path, s.guest, &text); errno != syscall.EACCES {
			t.Errorf("%s by a guest: %v", path, errno)
		}
	}
}

func TestOneQuestion(t *testing.T) {
	s := newStage(t, build(t, builder()))
	n, _ := s.Lookup("context")
	h, _ := s.Open(n, s.task)
	if _, v := h.Write(s.task, []byte("none"), 0); v.Errno != syscall.EINVAL {
		t.Errorf("first question: %v", v.Errno)
	}
	if _, v := h.Write(s.task, []byte(task), 0); v.Errno != syscall.EBUSY {
		t.Errorf("second question: %v", v.Errno)
	}
	again := h.(Reopener).Reopen()
	if _, v := again.Write(s.task, []byte(task), 99); !v.Allowed() {
		t.Errorf("another description: %v", v.Errno)
	}
	buf := make([]byte, 4)
	if n, _ := again.Read(s.task, buf, 2); string(buf[:n]) != task[2:6] {
		t.Errorf("read from the middle: %q", buf[:n])
	}
	if n, v := again.Read(s.task, buf, 100); n != 0 || !v.Allowed() {
		t.Errorf("read behind the end: %d, %v", n, v.Errno)
	}
	if _, v := again.Read(s.task, buf, -1); v.Errno != syscall.EINVAL {
		t.Errorf("read before the start: %v", v.Errno)
	}
}

func TestValidate(t *testing.T) {
	s := newStage(t, build(t, builder()))
	for text, want := range map[string]string{
		file + " " + file + " file " + task:               "",
		file + " " + file + " 7" + task:                   "",
		file + " u:object_r:named_t 7 " + task:            syscall.EPERM.Error(),
		file + " u:object_r:named_t dir " + task:          "",
		file + " " + file + " file":                       syscall.EINVAL.Error(),
		file + " " + file:                                 syscall.EINVAL.Error(),
		file + " " + file + " none " + task:               syscall.EINVAL.Error(),
		file + " " + file + " 999 " + task:                syscall.EINVAL.Error(),
		file + " " + file + " file none":                  syscall.EINVAL.Error(),
		file + " none file " + task:                       syscall.EINVAL.Error(),
		"none " + file + " file " + task:                  syscall.EINVAL.Error(),
		strings.Repeat(" ", pageSize) + file + " " + file: syscall.ENOMEM.Error(),
	} {
		if got := s.write(t, "validatetrans", text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	n, _ := s.Lookup("validatetrans")
	h, _ := s.Open(n, s.task)
	if _, v := h.Write(s.task, nil, 1); v.Errno != syscall.EINVAL {
		t.Errorf("a partial write: %v", v.Errno)
	}
	if _, v := h.Write(s.guest, nil, 0); v.Errno != syscall.EACCES {
		t.Errorf("by a guest: %v", v.Errno)
	}
}

func TestEnforce(t *testing.T) {
	s := newStage(t, build(t, builder()))
	n, _ := s.Lookup("enforce")
	h, _ := s.Open(n, s.task)
	if _, v := h.Write(s.guest, []byte("1"), 0); !v.Allowed() {
		t.Errorf("the present mode set by a guest: %v", v.Errno)
	}
	if _, v := h.Write(s.guest, []byte("0"), 0); v.Errno != syscall.EACCES || len(v.Records) != 1 {
		t.Errorf("another mode set by a guest: %+v", v)
	}
	for text, want := range map[string]string{
		"": syscall.EINVAL.Error(), "x": syscall.EINVAL.Error(), "-": syscall.EINVAL.Error(),
		strings.Repeat("0", pageSize): syscall.ENOMEM.Error(),
	} {
		if got := s.write(t, "enforce", text); got != want {
			t.Errorf("%.9q: got %q, want %q", text, got, want)
		}
	}
	if _, v := h.Write(s.task, []byte("0"), 1); v.Errno != syscall.EINVAL {
		t.Errorf("a partial write: %v", v.Errno)
	}
	before := s.Status()
	if got := s.write(t, "enforce", " 0\n"); got != "" || s.server.Enforcing() || s.read(t, "enforce") != "0" {
		t.Errorf("setenforce 0: %q, enforcing %v", got, s.server.Enforcing())
	}
	after := s.Status()
	if after.Enforcing != 0 || after.Sequence != before.Sequence+2 || after.PolicyLoad != before.PolicyLoad {
		t.Errorf("status: %+v, before %+v", after, before)
	}
	if got := s.write(t, "enforce", "-3 whatever"); got != "" || !s.server.Enforcing() {
		t.Errorf("setenforce -3: %q", got)
	}
	want := []string{
		"MAC_STATUS enforcing=0 old_enforcing=1 auid=1000 ses=4294967295 enabled=1 old-enabled=1 lsm=selinux res=1",
		"MAC_STATUS enforcing=1 old_enforcing=0 auid=1000 ses=4294967295 enabled=1 old-enabled=1 lsm=selinux res=1",
	}
	if diff := cmp.Diff(want, s.audited); diff != "" {
		t.Errorf("audited (-want +got):\n%s", diff)
	}
	if !slices.Equal(s.changes, []Change{ChangedMode, ChangedMode}) {
		t.Errorf("changes: %v", s.changes)
	}
}

func TestBooleans(t *testing.T) {
	s := newStage(t, build(t, builder()))
	if got := s.write(t, "booleans/second", "7"); got != "" || s.read(t, "booleans/second") != "0 1" {
		t.Errorf("staged: %q, %q", got, s.read(t, "booleans/second"))
	}
	if got := s.write(t, "commit_pending_bools", "0"); got != "" || s.read(t, "booleans/second") != "0 1" {
		t.Errorf("commit of 0: %q, %q", got, s.read(t, "booleans/second"))
	}
	seqno := s.Status().PolicyLoad
	if got := s.write(t, "commit_pending_bools", "1"); got != "" || s.read(t, "booleans/second") != "1 1" {
		t.Errorf("committed: %q, %q", got, s.read(t, "booleans/second"))
	}
	if s.Status().PolicyLoad == seqno {
		t.Error("the status page doesn't show the commit")
	}
	if diff := cmp.Diff([]string{"MAC_CONFIG_CHANGE bool=second val=1 old_val=0 auid=1000 ses=4294967295"}, s.audited); diff != "" {
		t.Errorf("audited (-want +got):\n%s", diff)
	}
	for _, path := range []string{"booleans/first", "commit_pending_bools"} {
		n, _ := s.Lookup(path)
		h, _ := s.Open(n, s.task)
		if _, v := h.Write(s.guest, []byte("1"), 0); v.Errno != syscall.EACCES {
			t.Errorf("%s by a guest: %v", path, v.Errno)
		}
		if _, v := h.Write(s.task, []byte("1"), 1); v.Errno != syscall.EINVAL {
			t.Errorf("%s, a partial write: %v", path, v.Errno)
		}
		if got := s.write(t, path, "x"); got != syscall.EINVAL.Error() {
			t.Errorf("%s x: %q", path, got)
		}
		if got := s.write(t, path, strings.Repeat("1", pageSize)); got != syscall.ENOMEM.Error() {
			t.Errorf("%s, much: %q", path, got)
		}
	}
}

func TestLoad(t *testing.T) {
	s := newStage(t, build(t, builder()))
	next := builder()
	next.HandleUnknown = policy.AllowUnknown
	next.Booleans = next.Booleans[:1]
	data := image0(t, build(t, next))
	n, _ := s.Lookup("booleans/second")
	gone, _ := s.Open(n, s.task)

	if got := s.write(t, "load", string(data)); got != "" {
		t.Fatalf("load: %s", got)
	}
	if got := s.read(t, "deny_unknown"); got != "0" {
		t.Errorf("deny_unknown: %q", got)
	}
	if s.Status().DenyUnknown != 0 || s.Status().PolicyLoad != s.server.Seqno() {
		t.Errorf("status: %+v", s.Status())
	}
	if _, ok := s.Lookup("booleans/second"); ok {
		t.Error("a boolean that is gone is found")
	}
	if _, v := gone.Read(s.task, make([]byte, 9), 0); v.Errno != syscall.EINVAL {
		t.Errorf("an open boolean that is gone: %v", v.Errno)
	}
	if _, v := gone.Write(s.task, []byte("1"), 0); v.Errno != syscall.EINVAL {
		t.Errorf("an open boolean that is gone, written: %v", v.Errno)
	}
	if diff := cmp.Diff([]string{"MAC_POLICY_LOAD auid=1000 ses=4294967295 lsm=selinux res=1"}, s.audited); diff != "" {
		t.Errorf("audited (-want +got):\n%s", diff)
	}

	n, _ = s.Lookup("load")
	h, _ := s.Open(n, s.task)
	if w := h.(Whole); w.Complete(data[:len(data)-1]) || !w.Complete(data) || !w.Complete([]byte("no policy at all")) {
		t.Error("Complete doesn't know where an image ends")
	}
	if _, v := h.Write(s.guest, data, 0); v.Errno != syscall.EACCES {
		t.Errorf("by a guest: %v", v.Errno)
	}
	if _, v := h.Write(s.task, data, 5); v.Errno != syscall.EINVAL {
		t.Errorf("a partial write: %v", v.Errno)
	}
	rejecting := builder()
	rejecting.HandleUnknown = policy.RejectUnknown
	rejecting.Classes = rejecting.Classes[:len(rejecting.Classes)-1]
	empty := builder()
	empty.Rules = nil
	for name, image := range map[string][]byte{
		"garbage": []byte("garbage"), "truncated": data[:len(data)/2],
		"rejecting": image0(t, build(t, rejecting)), "without rules": image0(t, build(t, empty)),
	} {
		if got := s.write(t, "load", string(image)); got != syscall.EINVAL.Error() {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestIgnored(t *testing.T) {
	s := newStage(t, build(t, builder()))
	for _, path := range []string{"disable", "checkreqprot"} {
		if got := s.write(t, path, "1"); got != "" {
			t.Errorf("%s 1: %q", path, got)
		}
		if got := s.write(t, path, "x"); got != syscall.EINVAL.Error() {
			t.Errorf("%s x: %q", path, got)
		}
	}
	for _, path := range []string{"mls", "policy", "status"} {
		if got := s.write(t, path, "1"); got != syscall.EINVAL.Error() {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestNodes(t *testing.T) {
	s := newStage(t, build(t, builder()))
	inodes := map[uint64]string{}
	var walk func(path string, n Node)
	walk = func(path string, n Node) {
		if before, ok := inodes[n.Ino()]; ok {
			t.Errorf("%s and %s have one inode number", path, before)
		}
		inodes[n.Ino()] = path
		found, ok := s.Lookup(path)
		if !ok || found != n {
			t.Errorf("%s: found %+v, want %+v", path, found, n)
		}
		if !n.IsDir() {
			if len(s.Children(n)) != 0 {
				t.Errorf("%s has children", path)
			}
			return
		}
		for _, child := range s.Children(n) {
			walk(path+"/"+child.Name(), child)
		}
	}
	walk("", Root)
	if len(inodes) < 1000 {
		t.Errorf("%d nodes", len(inodes))
	}
	for path, want := range map[string]string{
		"": "security_t", "enforce": "security_t", "booleans/first": "bool_t", "booleans/second": "security_t", "null": "named_t",
	} {
		n, _ := s.Lookup(path)
		text, err := s.server.Context(s.SID(n))
		if err != nil || text != "u:object_r:"+want {
			t.Errorf("label of %s: %s, %v", path, text, err)
		}
	}
	b := builder()
	b.GenFS = nil
	bare := newStage(t, build(t, b))
	for path, want := range map[string]string{"enforce": "file_t", "booleans/first": "security_t"} {
		n, _ := bare.Lookup(path)
		if text, _ := bare.server.Context(bare.SID(n)); text != "u:object_r:"+want {
			t.Errorf("label of %s without genfscon: %s", path, text)
		}
	}
	for path, want := range map[string][3]bool{ // writable, null, status
		"enforce": {true, false, false}, "mls": {}, "status": {false, false, true}, "null": {false, true, false},
		"booleans": {}, "booleans/first": {true, false, false}, "access": {true, false, false},
	} {
		n, _ := s.Lookup(path)
		if got := [3]bool{n.Writable(), n.IsNull(), n.IsStatus()}; got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
