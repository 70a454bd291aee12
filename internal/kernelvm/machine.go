package kernelvm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"seward/internal/kernelvm/wire"
)

// Config says what to boot. The fields without a default are required.
type Config struct {
	QEMU   string // qemu-system-x86_64
	Kernel string // an x86-64 bzImage
	Init   string // the guest program, linked statically
	Dir    string // for sockets, images, the console's log; with a short path
	// Enforcing boots with enforcing=1, so that what the guest does is subject to
	// the policy from the moment that it is loaded.
	Enforcing bool
	// Program is a static program for Run. Default: none.
	Program string
	// Audit has the kernel write denials to its log, every one. Default: none.
	Audit bool
}

// memory of the machine in MiB. A distribution's policy takes some 30 MiB of a
// kernel, and while another is loaded both are there.
const memory = 512

// bootTime limits the time from start to the guest's first word; software
// emulation on a busy machine is slow.
const bootTime = 3 * time.Minute

// Machine is a booted virtual machine.
type Machine struct {
	Release string // of the kernel
	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended, with outcome
	outcome error
	conn    net.Conn
	console string // path of the log
}

// Boot starts a machine and waits for its guest. The machine ends with ctx at the
// latest.
func Boot(ctx context.Context, cfg Config) (*Machine, error) {
	init, err := os.ReadFile(cfg.Init)
	if err != nil {
		return nil, fmt.Errorf("read guest: %w", err)
	}
	var program []byte
	if cfg.Program != "" {
		if program, err = os.ReadFile(cfg.Program); err != nil {
			return nil, fmt.Errorf("read program: %w", err)
		}
	}
	image := filepath.Join(cfg.Dir, "initramfs")
	if err := os.WriteFile(image, initramfs(init, program), 0o600); err != nil {
		return nil, fmt.Errorf("write initramfs: %w", err)
	}
	socket := filepath.Join(cfg.Dir, "port")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("listen for guest: %w", err)
	}
	defer listener.Close()

	m := &Machine{console: filepath.Join(cfg.Dir, "console"), exited: make(chan struct{})}
	m.process = exec.CommandContext(ctx, cfg.QEMU, arguments(cfg, image, socket, m.console)...)
	var said bytes.Buffer
	m.process.Stderr = &said
	if err := m.process.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cfg.QEMU, err)
	}
	go func() {
		err := m.process.Wait()
		if said.Len() > 0 {
			err = errors.Join(err, errors.New(strings.TrimSpace(said.String())))
		}
		m.outcome = err
		close(m.exited)
		listener.Close() // ends a wait for a machine that never spoke
	}()
	if err := m.greet(listener); err != nil {
		return nil, errors.Join(err, m.kill())
	}
	return m, nil
}

// arguments returns QEMU's command line: no devices but a console, which is
// logged, and the port.
func arguments(cfg Config, image, socket, console string) []string {
	enforcing := "0"
	if cfg.Enforcing {
		enforcing = "1"
	}
	audit := "0"
	if cfg.Audit {
		audit = "1 audit_backlog_limit=0 log_buf_len=16M"
	}
	return []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", fmt.Sprint(memory),
		"-kernel", cfg.Kernel, "-initrd", image,
		"-append", "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off audit=" + audit + " security=selinux selinux=1 enforcing=" + enforcing,
		"-serial", "file:" + console,
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=port,path=" + socket,
		"-device", "virtserialport,chardev=port,name=seward",
	}
}

// greet waits for the guest's first word.
func (m *Machine) greet(listener net.Listener) error {
	if l, ok := listener.(*net.UnixListener); ok {
		if err := l.SetDeadline(time.Now().Add(bootTime)); err != nil {
			return err
		}
	}
	conn, err := listener.Accept()
	if err != nil {
		return fmt.Errorf("wait for machine: %w%s", err, m.tail())
	}
	m.conn = conn
	if err := conn.SetReadDeadline(time.Now().Add(bootTime)); err != nil {
		return err
	}
	kind, release, err := wire.ReadFrame(conn)
	if err != nil || kind != wire.Hello {
		return fmt.Errorf("boot machine: got %q, %w%s", kind, err, m.tail())
	}
	m.Release = string(release)
	return conn.SetReadDeadline(time.Time{})
}

// tail returns the end of the console's log for an error message.
func (m *Machine) tail() string {
	log, err := os.ReadFile(m.console)
	if err != nil || len(log) == 0 {
		return ""
	}
	return "; console:\n" + string(log[max(0, len(log)-4000):])
}

// do sends a request and returns its answer.
func (m *Machine) do(kind wire.Kind, payload []byte) ([]byte, error) {
	if err := wire.Write(m.conn, kind, payload); err != nil {
		return nil, err
	}
	got, answer, err := wire.ReadFrame(m.conn)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w%s", err, m.tail())
	case got == wire.Failure:
		return nil, fmt.Errorf("guest: %s%s", answer, m.tail())
	case got != kind:
		return nil, fmt.Errorf("answer of kind %q to a request of kind %q", got, kind)
	}
	return answer, nil
}

// Load loads a policy image.
func (m *Machine) Load(image []byte) error {
	_, err := m.do(wire.Load, image)
	return err
}

// SetEnforcing switches between enforcing and permissive mode.
func (m *Machine) SetEnforcing(on bool) error {
	value := "0"
	if on {
		value = "1"
	}
	_, err := m.do(wire.Enforce, []byte(value))
	return err
}

// SetBooleans sets booleans, all at once.
func (m *Machine) SetBooleans(values map[string]bool) error {
	var text strings.Builder
	for name, on := range values {
		value := 0
		if on {
			value = 1
		}
		fmt.Fprintf(&text, "%s=%d\n", name, value)
	}
	_, err := m.do(wire.Boolean, []byte(text.String()))
	return err
}

// Policy returns the image that the kernel gives of the policy that it has.
func (m *Machine) Policy() ([]byte, error) { return m.do(wire.Read, nil) }

// batch is how many queries go in one request.
const batch = 2000

// Ask answers queries. Each is the name of a file in selinuxfs, a space, and what
// is written to it. An answer is what is read from it then, OK for
// validatetrans, or ! and the number of an error.
func (m *Machine) Ask(queries []string) ([]string, error) {
	answers := make([]string, 0, len(queries))
	for len(queries) > 0 {
		part := queries[:min(batch, len(queries))]
		queries = queries[len(part):]
		text, err := m.do(wire.Ask, []byte(strings.Join(part, "\n")+"\n"))
		if err != nil {
			return nil, err
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if len(lines) != len(part) {
			return nil, fmt.Errorf("%d answers to %d queries", len(lines), len(part))
		}
		answers = append(answers, lines...)
	}
	return answers, nil
}

// Run runs the machine's program with arguments under a context. It returns what
// the program printed and all of the kernel's log.
func (m *Machine) Run(context string, args ...string) (output, log string, err error) {
	answer, err := m.do(wire.Run, []byte(strings.Join(append([]string{context}, args...), "\n")))
	if err != nil {
		return "", "", err
	}
	output, log, _ = strings.Cut(string(answer), "\x00")
	return output, log, nil
}

// Close powers the machine off.
func (m *Machine) Close() error {
	err := wire.Write(m.conn, wire.Off, nil)
	if err == nil {
		select {
		case <-m.exited:
			return errors.Join(m.outcome, m.conn.Close())
		case <-time.After(20 * time.Second):
			err = errors.New("machine doesn't power off")
		}
	}
	return errors.Join(err, m.kill())
}

// kill ends the machine's process.
func (m *Machine) kill() error {
	if m.conn != nil {
		defer m.conn.Close()
	}
	if err := m.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill machine: %w", err)
	}
	<-m.exited
	return nil
}

// BuildGuest builds the guest program into dir and returns its path. It needs the
// source tree that the test runs in.
func BuildGuest(dir string) (string, error) {
	path := filepath.Join(dir, "init")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "seward/internal/kernelvm/guest")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build guest: %w\n%s", err, out)
	}
	return path, nil
}

// KernelEnv is the environment variable that names the kernel to boot.
const KernelEnv = "SEWARD_KERNEL_IMAGE"

// FindKernel returns the newest suitable kernel of this system, empty if there
// is none.
func FindKernel() string {
	if path := os.Getenv(KernelEnv); path != "" {
		return path
	}
	patterns := []string{"/boot/vmlinuz-*-cloud-amd64"}
	if cache, err := os.UserCacheDir(); err == nil {
		patterns = append(patterns, filepath.Join(cache, "seward", "kernel", "boot", "vmlinuz-*-cloud-amd64"))
	}
	var newest string
	var when time.Time
	for _, pattern := range patterns {
		matches, _ := filepath.Glob(pattern) // the only error is a malformed pattern
		for _, path := range matches {
			if info, err := os.Stat(path); err == nil && info.ModTime().After(when) {
				newest, when = path, info.ModTime()
			}
		}
	}
	return newest
}

// Supported reports whether the guest can be built and booted here: it is a
// program for x86-64, built by the toolchain in PATH.
func Supported() bool {
	_, err := exec.LookPath("go")
	return err == nil && runtime.GOOS == "linux"
}
