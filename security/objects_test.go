package security_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/policy"
	"seward/policy/ebitmap"
	"seward/security"
)

func objectsMaker(t *testing.T, capabilities ...uint32) *maker {
	m := newMaker(t, false)
	m.b.Capabilities = ebitmap.Of(capabilities...)
	con := func(name string) policy.Context {
		m.typ(name)
		return m.context("u:object_r:" + name)
	}
	m.b.FSUses = []policy.FSUse{{Behavior: policy.FSUseXattr, Name: "ext4", Context: con("fs_t")}, {Behavior: policy.FSUseTask, Name: "pipefs", Context: con("pipe_t")}}
	m.b.GenFS = []policy.GenFS{
		{Filesystem: "proc", Paths: []policy.GenFSPath{
			{Path: "/sys/kernel", Class: m.classOf("file").ID, Context: con("kernel_file_t")},
			{Path: "/sys", Context: con("sys_t")},
			{Path: "/*/attr", Context: con("attr_t")},
			{Path: "/", Context: con("proc_t")},
		}},
		{Filesystem: "odd", Paths: []policy.GenFSPath{{Path: "/x", Context: con("odd_t")}}},
	}
	m.b.Ports = []policy.PortContext{{Protocol: 6, Low: 80, High: 80, Context: con("http_t")}, {Protocol: 6, Low: 1, High: 1023, Context: con("reserved_t")}}
	m.b.Netifs = []policy.NetifContext{{Name: "eth0", Interface: con("eth0_t"), Packets: con("packet_t")}, {Name: "eth*", Interface: con("eth_t"), Packets: con("p_t")}}
	m.b.Nodes = []policy.NodeContext{{Address: []byte{10, 0, 0, 0}, Mask: []byte{255, 0, 0, 0}, Context: con("inner_t")}}
	six := make([]byte, 16)
	six[15] = 1
	m.b.Nodes6 = []policy.NodeContext{{Address: six, Mask: []byte(strings.Repeat("\xff", 16)), Context: con("lo6_t")}}
	for sid, name := range map[policy.SID]string{security.SIDPort: "port_t", security.SIDNetif: "netif_t", security.SIDNode: "node_t"} {
		m.b.InitialSIDs = append(m.b.InitialSIDs, policy.InitialSID{SID: sid, Context: con(name)})
	}
	return m
}

func TestLabelsFromThePolicy(t *testing.T) {
	s := objectsMaker(t).enforcing()
	name := func(sid policy.SID) string { return strings.TrimPrefix(s.text(sid, nil), "u:object_r:") }
	gen := func(fstype, path, class string) string {
		sid, ok := s.GenFS(fstype, path, s.class(class))
		if got := name(sid); ok != (got != "unlabeled_t") {
			t.Errorf("%s %s: %s, %v", fstype, path, got, ok)
		}
		return name(sid)
	}
	six := make([]byte, 16)
	other := append([]byte(nil), six...)
	six[15] = 1
	got := map[string]string{
		"genfs file": gen("proc", "/sys/kernel/x", "file"), "genfs dir": gen("proc", "/sys/kernel/x", "dir"),
		"slashes": gen("proc", "///sys", "dir"), "root": gen("proc", "/1/attr", "file"), "none": gen("odd", "/y", "file"), "no such": gen("zfs", "/", "dir"),
		"http": name(s.Port(6, 80)), "reserved": name(s.Port(6, 81)), "udp": name(s.Port(17, 80)), "high": name(s.Port(6, 8080)),
		"eth0": name(s.Netif("eth0")), "eth1": name(s.Netif("eth1")),
		"inner": name(s.Node([]byte{10, 1, 2, 3})), "outer": name(s.Node([]byte{11, 1, 2, 3})), "short": name(s.Node([]byte{10})),
		"lo6": name(s.Node(six)), "other6": name(s.Node(other)),
	}
	want := map[string]string{
		"genfs file": "kernel_file_t", "genfs dir": "sys_t", "slashes": "sys_t", "root": "proc_t", "none": "unlabeled_t", "no such": "unlabeled_t",
		"http": "http_t", "reserved": "reserved_t", "udp": "port_t", "high": "port_t", "eth0": "eth0_t", "eth1": "netif_t",
		"inner": "inner_t", "outer": "node_t", "short": "node_t", "lo6": "lo6_t", "other6": "node_t",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	for fstype, want := range map[string]struct {
		behavior security.FSBehavior
		label    string
	}{
		"ext4": {security.FSXattr, "fs_t"}, "pipefs": {security.FSTask, "pipe_t"}, "proc": {security.FSGenFS, "proc_t"},
		"zfs": {security.FSNone, "unlabeled_t"}, "odd": {security.FSNone, "unlabeled_t"},
	} {
		behavior, sid := s.FSUse(fstype)
		if behavior != want.behavior || name(sid) != want.label {
			t.Errorf("%s: behavior %d, %s, want %+v", fstype, behavior, name(sid), want)
		}
	}
}

func TestWildcards(t *testing.T) {
	s := objectsMaker(t, uint32(policy.CapNetifWildcard), uint32(policy.CapGenfsSeclabelWildcard)).enforcing()
	if got := s.text(s.Netif("eth1"), nil); got != "u:object_r:eth_t" {
		t.Error(got)
	}
	for path, want := range map[string]string{"/1/attr": "attr_t", "/1/2/attr": "attr_t", "/1/attrs": "unlabeled_t", "/": "proc_t", "/sys": "sys_t", "/sys/x": "unlabeled_t"} {
		sid, _ := s.GenFS("proc", path, s.class("dir"))
		if got := s.text(sid, nil); got != "u:object_r:"+want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestFSUseWithoutDirectories(t *testing.T) {
	m := objectsMaker(t)
	m.classOf("dir").Name = "folder"
	if behavior, _ := m.enforcing().FSUse("proc"); behavior != security.FSGenFS {
		t.Errorf("behavior %d", behavior)
	}
}

func TestWithRange(t *testing.T) {
	m := newMaker(t, true)
	m.typ("dog_t")
	records := 0
	s := m.server(&security.Options{Enforcing: true, Audit: func(string) { records++ }})
	if got := s.text(s.WithRange(s.sid("u:r:dog_t"), s.sid("u:object_r:dog_t:s2-s3:c1"))); got != "u:r:dog_t:s2-s3:c1" {
		t.Error(got)
	}
	v, high := s.sid("v:r:dog_t"), s.sid("u:r:dog_t:s4")
	if _, err := s.WithRange(v, high); !errors.Is(err, syscall.EINVAL) || records != 1 {
		t.Errorf("error %v, %d records", err, records)
	}
	s.SetEnforcing(false)
	if got := s.text(s.WithRange(v, high)); got != "v:r:dog_t:s4" {
		t.Error(got)
	}
	plain := newMaker(t, false).enforcing()
	if sid, err := plain.WithRange(77, 3); err != nil || sid != 77 {
		t.Errorf("SID %d, %v", sid, err)
	}
	m = newMaker(t, true)
	m.b.InitialSIDs = nil
	if _, err := m.enforcing().WithRange(99, 99); !errors.Is(err, security.ErrNoUnlabeled) {
		t.Error(err)
	}
}
