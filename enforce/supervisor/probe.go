package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"seward/enforce/selinuxfs/carrier"
	"seward/internal/linux"
)

// Feature is something of this system that runs depend on or gain from.
type Feature struct {
	Name string
	// Here says that the system has it, Needed that nothing runs without.
	Here, Needed bool
	// Detail is what was found, or why there is nothing; Without is what the
	// supervisor does instead.
	Detail, Without string
}

// Probe looks for what this system, and the place in it where the process is,
// offer to a supervisor. It changes nothing. What only a trial can tell is left to
// one: Run itself refuses where something needed is missing.
func Probe() []Feature {
	features := []Feature{probeArchitecture(), probeNotifications(), probeListener(), probeTracing(), probeFetching(), probeDirectory()}
	own, err := readCredentials(linux.Gettid())
	if err != nil {
		own = &credentials{}
	}
	return append(features, probePrivilege(own), probeStorage(own), probeFuse(own))
}

func probeArchitecture() Feature {
	return Feature{
		Name: "architecture", Here: linux.Supported, Needed: true,
		Detail: runtime.GOARCH + ", Linux " + linux.Release(),
	}
}

func probeNotifications() Feature {
	f := Feature{Name: "seccomp notifications", Needed: true, Detail: "structures as expected"}
	err := linux.CheckNotifications()
	if f.Here = err == nil; err != nil {
		f.Detail = err.Error()
	}
	return f
}

// probeListener tries to install a filter, on a thread that ends with the attempt.
func probeListener() Feature {
	f := Feature{Name: "seccomp listener", Needed: true, Detail: "free; calls wait undisturbed once received"}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread isn't used again
		done <- tryFilter()
	}()
	err := <-done
	switch f.Here = err == nil; {
	case errors.Is(err, syscall.EBUSY):
		f.Detail = "taken: the process is supervised already (" + ErrNested.Error() + ")"
	case errors.Is(err, syscall.EINVAL):
		f.Detail = "no wait that only a fatal signal ends: Linux 5.19 is needed, and no emulated kernel"
	case err != nil:
		f.Detail = "forbidden here: " + err.Error()
	}
	return f
}

func tryFilter() error {
	if err := linux.SetNoNewPrivs(); err != nil {
		return err
	}
	var a linux.Assembler
	a.Return(linux.SeccompAllow)
	program, err := a.Program()
	if err != nil {
		return err
	}
	fd, err := linux.InstallFilter(program)
	if err == nil {
		linux.Close(fd)
	}
	return err
}

func probeTracing() Feature {
	f := Feature{Name: "ptrace", Here: true, Needed: true, Detail: "not restricted beyond the kernel's own rules"}
	if readSetting("/proc/sys/kernel/yama/ptrace_scope") >= 3 {
		f.Here, f.Detail = false, "kernel.yama.ptrace_scope is 3"
	}
	st, err := linux.ReadStatus(os.Getpid())
	if err == nil && st.Tracer != 0 {
		f.Here, f.Detail = false, fmt.Sprintf("the process is traced itself, by %d", st.Tracer)
	}
	return f
}

// probeFetching looks whether descriptors of other processes may be fetched.
func probeFetching() Feature {
	f := Feature{
		Name: "pidfd_getfd", Detail: "descriptors of programs can be fetched",
		Without: "programs stop and send a descriptor that a call names, which takes some twenty times as long",
	}
	pidfd, err := linux.PidfdOpen(os.Getpid())
	if err == nil {
		defer linux.Close(pidfd)
		var fd int
		if fd, err = linux.PidfdGetfd(pidfd, pidfd); err == nil {
			linux.Close(fd)
		}
	}
	if f.Here = err == nil; err != nil {
		f.Detail = err.Error()
	}
	return f
}

// probeDirectory looks for what walks depend on in /proc.
func probeDirectory() Feature {
	f := Feature{Name: "/proc", Needed: true, Detail: "mounted, shows all processes"}
	data, err := os.ReadFile("/proc/self/mounts")
	switch {
	case err != nil:
		f.Detail = err.Error()
	case hidesProcesses(string(data)):
		f.Detail = "mounted with hidepid"
	default:
		f.Here = true
	}
	return f
}

func hidesProcesses(mounts string) bool {
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) > 3 && fields[1] == "/proc" && strings.Contains(fields[3], "hidepid=") {
			return !strings.Contains(fields[3], "hidepid=0") && !strings.Contains(fields[3], "hidepid=off")
		}
	}
	return false
}

func probePrivilege(own *credentials) Feature {
	f := Feature{
		Name: "privilege", Here: own.has(linux.CapSysAdmin), Detail: "set-user-ID programs work inside",
		Without: "no_new_privs: set-user-ID bits and file capabilities give nothing inside",
	}
	if !f.Here {
		f.Detail = fmt.Sprintf("user %d without the capability sys_admin", own.EUID)
	}
	return f
}

// probeStorage tries to label a file of its own.
func probeStorage(own *credentials) Feature {
	f := Feature{
		Name: "labels with files", Detail: "security.selinux can be written",
		Without: "labels are kept beside the files, until the run ends or with --state DIR",
	}
	if !own.has(linux.CapSysAdmin) {
		f.Detail = "security.selinux may not be written"
		return f
	}
	file, err := os.CreateTemp("", "seward-")
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	defer os.Remove(file.Name()) //nolint:errcheck // It is a temporary file.
	defer file.Close()           //nolint:errcheck // Nothing was written.
	err = linux.Fsetxattr(int(file.Fd()), labelName, []byte("system_u:object_r:tmp_t:s0\x00"), 0)
	if f.Here = err == nil; err != nil {
		f.Detail = fmt.Sprintf("in %s: %v", filepath.Dir(file.Name()), err)
	}
	return f
}

func probeFuse(own *credentials) Feature {
	f := Feature{
		Name: "FUSE without a mount point", Detail: "carries the writable files of /sys/fs/selinux and /proc/PID/attr",
		Without: "programs that open such a file to write stop at each of their calls until it is closed",
	}
	if !own.has(linux.CapSysAdmin) {
		f.Detail = "mounting is not allowed"
		return f
	}
	m, err := carrier.New(carrier.Options{})
	if f.Here = err == nil; err != nil {
		f.Detail = err.Error()
		return f
	}
	_ = m.Close()
	return f
}
