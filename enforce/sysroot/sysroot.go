package sysroot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"seward/internal/linux"
)

// isolated marks the environment of a process that Isolate has begun anew. Its
// value is the number of the process, which stays the same.
const isolated = "SEWARD_ISOLATED"

// ErrNotADirectory is that the new root is no directory.
var ErrNotADirectory = errors.New("not a directory")

// Isolate puts the process into a mount namespace of its own by executing its
// program again with the same arguments. The second time it finds that done, and
// returns nil. It does not return the first time, unless it fails.
func Isolate() error {
	if os.Getenv(isolated) == fmt.Sprint(os.Getpid()) {
		return os.Unsetenv(isolated)
	}
	return linux.ExecInMountNamespace(os.Args, append(os.Environ(), fmt.Sprintf("%s=%d", isolated, os.Getpid())))
}

// Enter makes dir the root directory of the process, which Isolate has been
// called in. Files that the process has open stay open, and are not inherited by
// programs that it starts.
func Enter(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("enter root directory: %w", err)
	}
	st, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("enter root directory: %w", err)
	case !st.IsDir():
		return fmt.Errorf("enter root directory %s: %w", dir, ErrNotADirectory)
	}
	// A mount point of its own, which pivot_root insists on.
	if err := linux.MountAt(dir, dir, "", linux.MountBind|linux.MountRecursive, ""); err != nil {
		return fmt.Errorf("bind %s: %w", dir, err)
	}
	for _, m := range systemMounts {
		if err := m.mount(dir); err != nil {
			return err
		}
	}
	if err := populateDev(filepath.Join(dir, "dev")); err != nil {
		return err
	}
	if err := linux.PivotRoot(dir); err != nil {
		return err
	}
	const firstOther = 3
	return linux.CloseOnExec(firstOther)
}

// mount is one of the filesystems that a system expects.
type mount struct {
	kind, point string
	flags       uintptr
	data        string
	mode        os.FileMode // of the point, if it has to be made
}

var systemMounts = []mount{
	{"proc", "proc", linux.MountNosuid | linux.MountNodev | linux.MountNoexec, "", 0o555},
	{"sysfs", "sys", linux.MountNosuid | linux.MountNodev | linux.MountNoexec, "", 0o555},
	{"tmpfs", "dev", linux.MountNosuid | linux.MountStrictTime, "mode=755,size=4m", 0o755},
	{"devpts", "dev/pts", linux.MountNosuid | linux.MountNoexec, "newinstance,gid=5,mode=620,ptmxmode=666", 0o755},
	{"tmpfs", "dev/shm", linux.MountNosuid | linux.MountNodev, "mode=1777", 0o1777},
	{"mqueue", "dev/mqueue", linux.MountNosuid | linux.MountNodev | linux.MountNoexec, "", 0o1777},
	{"tmpfs", "run", linux.MountNosuid | linux.MountNodev, "mode=755", 0o755},
	{"tmpfs", "run/lock", linux.MountNosuid | linux.MountNodev | linux.MountNoexec, "mode=1777,size=5m", 0o1777},
}

func (m *mount) mount(root string) error {
	point := filepath.Join(root, m.point)
	if err := plainDirectory(root, m.point, m.mode); err != nil {
		return err
	}
	if err := linux.MountAt(m.kind, point, m.kind, m.flags, m.data); err != nil {
		return fmt.Errorf("mount %s on /%s: %w", m.kind, m.point, err)
	}
	return nil
}

// plainDirectory makes sure that a mount point is a directory inside of the root
// and no link to somewhere else, whatever the image holds.
func plainDirectory(root, point string, mode os.FileMode) error {
	at, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("open %s: %w", root, err)
	}
	defer at.Close() //nolint:errcheck // Nothing is written through it.
	st, err := at.Lstat(point)
	if errors.Is(err, os.ErrNotExist) {
		if err = at.Mkdir(point, mode.Perm()); err == nil {
			return nil
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("make mount point: %w", err)
	case !st.IsDir():
		return fmt.Errorf("make mount point /%s: %w", point, ErrNotADirectory)
	}
	return nil
}

// devices are the files that every system has in /dev, by their numbers in the
// kernel's admin-guide/devices.txt.
var devices = []struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3},
	{"zero", 1, 5},
	{"full", 1, 7},
	{"random", 1, 8},
	{"urandom", 1, 9},
	{"tty", 5, 0},
	{"ptmx", 5, 2}, // which leads to the pts beside it
}

var links = [][2]string{
	{"/proc/self/fd", "fd"},
	{"/proc/self/fd/0", "stdin"},
	{"/proc/self/fd/1", "stdout"},
	{"/proc/self/fd/2", "stderr"},
}

// populateDev fills a fresh /dev. Where devices may not be made, as in a user
// namespace, those of the machine are bound.
func populateDev(dev string) error {
	defer syscall.Umask(syscall.Umask(0))
	for _, d := range devices {
		path := filepath.Join(dev, d.name)
		err := linux.Mknod(path, syscall.S_IFCHR|0o666, d.major, d.minor)
		if err != nil {
			err = bindDevice(path, d.name)
		}
		if err != nil {
			return fmt.Errorf("make device %s: %w", d.name, err)
		}
	}
	for _, l := range links {
		if err := os.Symlink(l[0], filepath.Join(dev, l[1])); err != nil {
			return fmt.Errorf("make link in /dev: %w", err)
		}
	}
	return nil
}

func bindDevice(path, name string) error {
	if name == "ptmx" {
		// The machine's would lead to the machine's pts.
		return os.Symlink("pts/ptmx", path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G304: in a directory that was just mounted.
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return linux.MountAt("/dev/"+name, path, "", linux.MountBind, "")
}
