// Command guest is the init process of the virtual machine that kernelvm boots.
// It mounts selinuxfs and does on its files what the host says over a virtio
// serial port: load a policy, ask, flip booleans, power off.
//
// It is linked statically and is the only program of its machine. What goes wrong
// is told to the host while there is a port, and to the console before.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"seward/internal/kernelvm/wire"
)

const (
	port      = "/dev/vport0p1"
	selinuxfs = "/sys/fs/selinux"
)

func main() {
	// A machine whose init exits panics; the host sees that on the console.
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
	}
	if err := syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Fprintln(os.Stderr, "guest: power off:", err)
	}
}

// serve sets the machine up and answers requests until the host hangs up.
func serve() error {
	for _, m := range []struct{ fstype, dir string }{
		{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"selinuxfs", selinuxfs},
	} {
		if err := syscall.Mount("none", m.dir, m.fstype, 0, ""); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.fstype, m.dir, err)
		}
	}
	// Names of one component are opened faster; most of a query's time is opening.
	if err := syscall.Chdir(selinuxfs); err != nil {
		return fmt.Errorf("enter %s: %w", selinuxfs, err)
	}
	host, err := openPort()
	if err != nil {
		return err
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return err
	}
	if err := wire.Write(host, wire.Hello, bytes.TrimSpace(release)); err != nil {
		return err
	}
	for {
		kind, payload, err := wire.ReadFrame(host)
		if err != nil || kind == wire.Off {
			return err
		}
		answer, err := handle(kind, payload)
		if err != nil {
			kind, answer = wire.Failure, []byte(err.Error())
		}
		if err := wire.Write(host, kind, answer); err != nil {
			return err
		}
		runtime.GC() // policies are large, the machine is small
	}
}

// openPort opens the serial port, which appears when its driver has found it.
func openPort() (*portFile, error) {
	var err error
	for range 500 {
		var fd int
		if fd, err = syscall.Open(port, syscall.O_RDWR|syscall.O_CLOEXEC, 0); err == nil {
			return &portFile{fd}, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, fmt.Errorf("open %s: %w", port, err)
}

// portFile is the port by plain system calls: reads of a port that the host
// hasn't opened yet return 0, which isn't an end.
type portFile struct{ fd int }

// Read reads what the host has sent, waiting for it.
func (p *portFile) Read(buf []byte) (int, error) {
	for {
		n, err := syscall.Read(p.fd, buf)
		switch {
		case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.EAGAIN):
		case err != nil:
			return 0, fmt.Errorf("read %s: %w", port, err)
		case n > 0:
			return n, nil
		default:
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// Write sends all of buf.
func (p *portFile) Write(buf []byte) (int, error) {
	sent := 0
	for sent < len(buf) {
		n, err := syscall.Write(p.fd, buf[sent:])
		if errors.Is(err, syscall.EINTR) || errors.Is(err, syscall.EAGAIN) {
			continue
		}
		if err != nil {
			return sent, fmt.Errorf("write %s: %w", port, err)
		}
		sent += n
	}
	return sent, nil
}

// handle carries out one request.
func handle(kind wire.Kind, payload []byte) ([]byte, error) {
	switch kind {
	case wire.Load:
		return nil, store("load", payload)
	case wire.Enforce:
		return nil, store("enforce", payload)
	case wire.Read:
		return os.ReadFile("policy")
	case wire.Boolean:
		return nil, setBooleans(string(payload))
	case wire.Ask:
		return askAll(payload), nil
	case wire.Run:
		return run(strings.Split(string(payload), "\n"))
	}
	return nil, fmt.Errorf("unknown request %q", kind)
}

// setBooleans sets booleans, a line each, and makes them take effect together.
func setBooleans(text string) error {
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			return fmt.Errorf("malformed boolean %q", line)
		}
		if err := store("booleans/"+name, []byte(value)); err != nil {
			return err
		}
	}
	return store("commit_pending_bools", []byte("1"))
}

// store writes data to a file of selinuxfs in one call.
func store(name string, data []byte) error {
	fd, err := syscall.Open(name, syscall.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	n, err := syscall.Write(fd, data)
	err = errors.Join(err, syscall.Close(fd))
	if err == nil && n != len(data) {
		err = fmt.Errorf("%d of %d bytes", n, len(data))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// askAll answers queries, a line each: the name of the file, a space, what to
// write to it.
func askAll(queries []byte) []byte {
	var out bytes.Buffer
	var buf [8192]byte
	for line := range bytes.Lines(queries) {
		file, text, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		answer, err := transact(string(file), text, buf[:])
		var errno syscall.Errno
		switch {
		case err == nil:
			out.Write(bytes.TrimRight(answer, "\x00"))
		case errors.As(err, &errno):
			fmt.Fprintf(&out, "!%d", int(errno))
		default:
			fmt.Fprintf(&out, "! %v", err)
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// transact writes a query to a transaction file and reads the answer. The file
// validatetrans has none: its answer is OK.
func transact(file string, text, buf []byte) (answer []byte, err error) {
	mode := syscall.O_RDWR
	if file == "validatetrans" {
		mode = syscall.O_WRONLY
	}
	fd, err := syscall.Open(file, mode, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, syscall.Close(fd)) }()
	if _, err := syscall.Write(fd, text); err != nil {
		return nil, err
	}
	if file == "validatetrans" {
		return []byte("OK"), nil
	}
	n, err := syscall.Read(fd, buf)
	if err != nil {
		return nil, err
	}
	return buf[:n], nil
}
