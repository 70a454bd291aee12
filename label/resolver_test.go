package label_test

import (
	"testing"

	"seward/label"
	"seward/policy"
	"seward/policy/ebitmap"
)

func resolverPolicy(t *testing.T, capabilities ...policy.Capability) *policy.Policy {
	t.Helper()
	context := func(id policy.TypeID) policy.Context { return policy.Context{User: 1, Role: 1, Type: id} }
	b := &policy.Builder{
		Version: policy.VersionMax,
		Classes: []policy.Class{{Name: "file", ID: 1}, {Name: "dir", ID: 2}, {Name: "lnk_file", ID: 3}},
		Roles:   []policy.Role{{Name: "object_r", ID: 1}},
		Users:   []policy.User{{Name: "u", ID: 1, Roles: ebitmap.SetOf[policy.RoleID](1)}},
		FSUses: []policy.FSUse{
			{Behavior: policy.FSUseXattr, Name: "ext4", Context: context(2)},
			{Behavior: policy.FSUseTrans, Name: "tmpfs", Context: context(3)},
			{Behavior: policy.FSUseTask, Name: "pipefs", Context: context(4)},
		},
		GenFS: []policy.GenFS{
			{Filesystem: "proc", Paths: []policy.GenFSPath{{Path: "/", Context: context(5)}, {Path: "/net", Context: context(6)}, {Path: "/sys", Class: 2, Context: context(7)}}},
			{Filesystem: "sysfs", Paths: []policy.GenFSPath{{Path: "/", Context: context(8)}}},
			{Filesystem: "vfat", Paths: []policy.GenFSPath{{Path: "/", Context: context(9)}, {Path: "/x", Context: context(1)}}},
			{Filesystem: "bpf", Paths: []policy.GenFSPath{{Path: "/only", Context: context(9)}}},
			{Filesystem: "functionfs", Paths: []policy.GenFSPath{{Path: "/", Context: context(9)}, {Path: "/ep", Context: context(1)}}},
		},
		InitialSIDs: []policy.InitialSID{{SID: 3, Context: context(1)}},
	}
	for i, name := range []string{"unlabeled_t", "fs_t", "tmpfs_t", "pipe_t", "proc_t", "proc_net_t", "sysctl_t", "sysfs_t", "dos_t", "etc_t"} {
		id := policy.TypeID(i + 1)
		b.Types = append(b.Types, policy.Type{Name: name, ID: id})
		b.TypeAttributes = append(b.TypeAttributes, ebitmap.SetOf(id))
	}
	for _, c := range capabilities {
		b.Capabilities.Set(uint32(c))
	}
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestResolve(t *testing.T) {
	specs, err := label.ParseFileContexts("fc", []byte("/etc(/.*)? u:object_r:etc_t\n/etc/none <<none>>\n"))
	if err != nil {
		t.Fatal(err)
	}
	const base = "u:object_r:"
	plain := label.NewResolver(resolverPolicy(t), specs)
	capable := label.NewResolver(resolverPolicy(t, policy.CapFunctionfsSeclabel, policy.CapGenfsSeclabelSymlinks), nil)
	for name, tt := range map[string]struct {
		resolver *label.Resolver
		object   label.Object
		want     label.Resolution
	}{
		"mount":        {plain, label.Object{Filesystem: "ext4", Mount: base + "m", Stored: base + "etc_t"}, label.Resolution{Context: base + "m", From: label.FromMount}},
		"stored":       {plain, label.Object{Filesystem: "ext4", Path: "/etc", Stored: base + "fs_t"}, label.Resolution{Context: base + "fs_t", From: label.FromStored}},
		"invalid":      {plain, label.Object{Filesystem: "ext4", Path: "/etc", Stored: "nonsense"}, label.Resolution{Context: base + "unlabeled_t", From: label.FromInvalid}},
		"file context": {plain, label.Object{Filesystem: "ext4", Path: "/etc/passwd"}, label.Resolution{Context: base + "etc_t", From: label.FromSpecs}},
		"none":         {plain, label.Object{Filesystem: "ext4", Path: "/etc/none"}, label.Resolution{Context: base + "unlabeled_t", From: label.FromNothing}},
		"no specs":     {capable, label.Object{Filesystem: "ext4", Path: "/etc"}, label.Resolution{Context: base + "unlabeled_t", From: label.FromNothing}},
		"unknown type": {plain, label.Object{Filesystem: "9p", Path: "/etc/passwd"}, label.Resolution{Context: base + "etc_t", From: label.FromSpecs}},
		"transition":   {plain, label.Object{Filesystem: "tmpfs", Path: "/etc"}, label.Resolution{Context: base + "tmpfs_t", From: label.FromTransition}},
		"tmpfs stored": {plain, label.Object{Filesystem: "tmpfs", Stored: base + "etc_t"}, label.Resolution{Context: base + "etc_t", From: label.FromStored}},
		"task":         {plain, label.Object{Filesystem: "pipefs", Creator: base + "c"}, label.Resolution{Context: base + "c", From: label.FromTask}},
		"no task":      {plain, label.Object{Filesystem: "pipefs"}, label.Resolution{Context: base + "pipe_t", From: label.FromFilesystem}},
		"proc":         {plain, label.Object{Filesystem: "proc", Inside: "/meminfo"}, label.Resolution{Context: base + "proc_t", From: label.FromGenFS}},
		"process":      {plain, label.Object{Filesystem: "proc", Inside: "/123/net/tcp"}, label.Resolution{Context: base + "proc_net_t", From: label.FromGenFS}},
		"process top":  {plain, label.Object{Filesystem: "proc", Inside: "/123"}, label.Resolution{Context: base + "proc_t", From: label.FromGenFS}},
		"class":        {plain, label.Object{Filesystem: "proc", Inside: "/sys/x"}, label.Resolution{Context: base + "proc_t", From: label.FromGenFS}},
		"class dir":    {plain, label.Object{Filesystem: "proc", Inside: "/sys/x", Mode: label.ModeDirectory}, label.Resolution{Context: base + "sysctl_t", From: label.FromGenFS}},
		"symlink":      {plain, label.Object{Filesystem: "proc", Inside: "/net", Mode: label.ModeSymlink}, label.Resolution{Context: base + "proc_t", From: label.FromFilesystem}},
		"symlink cap":  {capable, label.Object{Filesystem: "proc", Inside: "/net", Mode: label.ModeSymlink}, label.Resolution{Context: base + "proc_net_t", From: label.FromGenFS}},
		"sysfs":        {plain, label.Object{Filesystem: "sysfs", Inside: "/x"}, label.Resolution{Context: base + "sysfs_t", From: label.FromGenFS}},
		"sysfs stored": {plain, label.Object{Filesystem: "sysfs", Inside: "/x", Stored: base + "etc_t"}, label.Resolution{Context: base + "etc_t", From: label.FromStored}},
		"one label":    {plain, label.Object{Filesystem: "vfat", Inside: "/x/y"}, label.Resolution{Context: base + "dos_t", From: label.FromFilesystem}},
		"no match":     {plain, label.Object{Filesystem: "bpf", Inside: "/x"}, label.Resolution{Context: base + "unlabeled_t", From: label.FromNothing}},
		"functionfs":   {plain, label.Object{Filesystem: "functionfs", Inside: "/ep0"}, label.Resolution{Context: base + "dos_t", From: label.FromFilesystem}},
		"functionfs 2": {capable, label.Object{Filesystem: "functionfs", Inside: "/ep0"}, label.Resolution{Context: base + "unlabeled_t", From: label.FromGenFS}},
	} {
		if got := tt.resolver.Resolve(&tt.object); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
	for name, want := range map[string]struct {
		context  string
		behavior policy.FSUseBehavior
	}{
		"ext4": {base + "fs_t", policy.FSUseXattr}, "vfat": {base + "dos_t", 0}, "9p": {base + "unlabeled_t", 0}, "bpf": {base + "unlabeled_t", 0},
	} {
		if context, behavior := plain.Filesystem(name); context != want.context || behavior != want.behavior {
			t.Errorf("%s: got %s, %v", name, context, behavior)
		}
	}
}
