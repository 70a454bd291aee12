package supervisor

import (
	"strconv"
	"strings"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
	"seward/policy/secctx"
)

// labelling is how objects of a filesystem get labels.
type labelling uint8

const (
	labelNone     labelling = iota // the policy doesn't know the filesystem
	labelStored                    // fs_use_xattr: with the object
	labelCreated                   // fs_use_trans: at birth, and then with the object
	labelTask                      // fs_use_task: that of the creator
	labelByPath                    // genfscon
	labelProc                      // genfscon, and those of tasks
	labelInternal                  // sockets, pipes: of the creator
	labelMount                     // context=: one for all
)

// filesystem is what the supervisor knows of a mount.
type filesystem struct {
	mount  linux.Mount
	labels labelling
	sb     hooks.Superblock
	genfs  []genfsPath
	// given is what the mount said of labels, nil for what was mounted outside.
	given *mountLabels
}

// genfsPath is a genfscon of a filesystem.
type genfsPath struct {
	path  string
	class hooks.Class // ClassInvalid is any
	sid   policy.SID
}

// seclabelFS are filesystems labelled by genfscon whose objects can nevertheless
// be given labels (kernel security/selinux/hooks.c, selinux_is_genfs_special_handling).
var seclabelFS = map[string]bool{
	"sysfs": true, "pstore": true, "debugfs": true, "tracefs": true, "rootfs": true,
	"cgroup": true, "cgroup2": true,
}

// filesystems finds the mount of a statx by its number.
type filesystems struct {
	auth    *authority
	byMount map[uint64]*filesystem
	// given are the labels of filesystems that were mounted inside, by device.
	given map[uint64]*mountLabels
	// others finds tasks of other mount namespaces, whose mounts may be asked for.
	others func() []int
}

// of returns the filesystem of an object. One that no mount tells of, such as
// that of pipes, is made up.
func (f *filesystems) of(st *linux.Statx) *filesystem {
	if fs := f.byMount[st.Mnt_id]; fs != nil {
		return fs
	}
	f.read()
	if fs := f.byMount[st.Mnt_id]; fs != nil {
		return fs
	}
	for _, tid := range f.others() {
		f.readOf(strconv.Itoa(tid))
		if fs := f.byMount[st.Mnt_id]; fs != nil {
			return fs
		}
	}
	fs := f.describe(linux.Mount{ID: st.Mnt_id, Major: st.Dev_major, Minor: st.Dev_minor, Type: internalType(st)})
	f.byMount[st.Mnt_id] = fs
	return fs
}

// internalType names the filesystem of an object that is on no visible mount.
// Device files are those of somebody else's /dev, of whom a descriptor came.
func internalType(st *linux.Statx) string {
	const firstPTY, lastPTY = 136, 143
	switch st.Mode & linux.SIFMT {
	case linux.SIFCHR:
		if st.Rdev_major >= firstPTY && st.Rdev_major <= lastPTY {
			return "devpts"
		}
		return "devtmpfs"
	case linux.SIFBLK:
		return "devtmpfs"
	case linux.SIFSOCK:
		return "sockfs"
	case linux.SIFIFO:
		return "pipefs"
	case 0:
		return "anon_inodefs"
	}
	return "tmpfs"
}

func (f *filesystems) read() { f.readOf("self") }

func (f *filesystems) readOf(pid string) {
	mounts, err := linux.ReadMounts(pid)
	if err != nil {
		return
	}
	for _, m := range mounts {
		if old := f.byMount[m.ID]; old != nil && old.mount == m {
			continue
		}
		f.byMount[m.ID] = f.describe(m)
	}
}

// describe finds what the policy says of a filesystem.
func (f *filesystems) describe(m linux.Mount) *filesystem {
	fs := f.byPolicy(m)
	if given := f.given[m.Device()]; given != nil && m.ID != 0 {
		given.apply(fs)
	}
	return fs
}

// byPolicy is describe without what the mount said.
func (f *filesystems) byPolicy(m linux.Mount) *filesystem {
	fs := &filesystem{mount: m}
	fs.sb.NoSuid = hasOption(m.Options, "nosuid")
	fs.sb.SID = f.auth.Initial(hooks.SIDUnlabeled)
	fs.sb.Ref = fs
	b := f.auth.server.Policy().Data()
	if use := findUse(b, m.Type); use != nil {
		fs.sb.SID = f.sid(use.Context)
		switch use.Behavior {
		case policy.FSUseXattr:
			fs.labels = labelStored
		case policy.FSUseTrans:
			fs.labels = labelCreated
		case policy.FSUseTask:
			fs.labels = labelTask
		}
		fs.sb.Labels = true
		if m.Type == "sockfs" || m.Type == "pipefs" {
			fs.labels = labelInternal
		}
		return fs
	}
	f.generic(b, fs)
	return fs
}

// generic fills in what genfscon says.
func (f *filesystems) generic(b *policy.Builder, fs *filesystem) {
	for i := range b.GenFS {
		if b.GenFS[i].Filesystem != fs.mount.Type {
			continue
		}
		fs.labels = labelByPath
		for _, p := range b.GenFS[i].Paths {
			g := genfsPath{path: p.Path, sid: f.sid(p.Context)}
			if c := f.auth.server.Policy().Class(p.Class); p.Class != 0 && c != nil {
				g.class, _ = hooks.ClassByName(c.Name)
			}
			fs.genfs = append(fs.genfs, g)
		}
		fs.sb.SID = fs.lookup("/", hooks.ClassDir, fs.sb.SID)
		fs.sb.Labels = seclabelFS[fs.mount.Type]
		break
	}
	switch fs.mount.Type {
	case "proc":
		fs.labels = labelProc
	case "sockfs", "pipefs":
		fs.labels = labelInternal
	}
}

func findUse(b *policy.Builder, name string) *policy.FSUse {
	for i := range b.FSUses {
		if b.FSUses[i].Name == name {
			return &b.FSUses[i]
		}
	}
	return nil
}

func (f *filesystems) sid(c policy.Context) policy.SID {
	sid, err := f.auth.SID(secctx.Format(f.auth.server.Policy(), c))
	if err != nil {
		return f.auth.Initial(hooks.SIDUnlabeled)
	}
	return sid
}

// lookup finds the longest genfscon of a path within the filesystem.
func (fs *filesystem) lookup(path string, class hooks.Class, otherwise policy.SID) policy.SID {
	best, length := otherwise, -1
	for i := range fs.genfs {
		g := &fs.genfs[i]
		if (g.class == hooks.ClassInvalid || g.class == class) && len(g.path) > length &&
			strings.HasPrefix(path, g.path) {
			best, length = g.sid, len(g.path)
		}
	}
	return best
}

// inside turns an absolute path on the mount into one within the filesystem.
func (fs *filesystem) inside(path string) string {
	rest := strings.TrimPrefix(path, fs.mount.Point)
	if rest != "" && rest[0] != '/' {
		rest = "/" + rest
	}
	if fs.mount.Root != "/" {
		rest = fs.mount.Root + rest
	}
	if rest == "" {
		return "/"
	}
	return rest
}

// device names the device as audit records do.
func (fs *filesystem) device() string {
	switch {
	case fs == nil:
		return "?"
	case strings.HasPrefix(fs.mount.Source, "/dev/"):
		return strings.TrimPrefix(fs.mount.Source, "/dev/")
	}
	return fs.mount.Type
}

func hasOption(options, want string) bool {
	for o := range strings.SplitSeq(options, ",") {
		if o == want {
			return true
		}
	}
	return false
}
