package kerneldiff

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Result is how an operation ended.
type Result struct {
	Op      string
	Outcome Outcome
	Errno   syscall.Errno
	Value   string // what it returned, or the type of what it made
	Trouble string `json:",omitempty"` // what kept it from being performed
}

// Op is an operation.
type Op struct {
	Name        string
	Class, Perm string // what is denied
	On          string // of which type: self, object, directory, wanted, entered, or a name
	Transition  bool   // executing the object enters a domain
	Setup       func(c *scene) error
	Act         func(c *scene) (string, error)
	Made        string // a file whose label tells what was made
}

// scene is where an operation happens: a directory with a file f, a directory d, a
// symbolic link l to f and a pipe p.
type scene struct {
	op      *Op
	number  int
	outcome Outcome
	dir     string
	context string // of the program
	fd      int    // opened by setup
	fd2     int
	pid     int // of a process with the object's type
	hold    *os.File
}

// Main runs the table in a directory and prints a line for each case.
// arguments: "child" or "wait" for what operations execute; else the
// directory, and the mode that the system is in.
func Main(args []string, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "child":
		text, err := os.ReadFile("/proc/thread-self/attr/current")
		fmt.Fprint(out, typeOf(string(text)))
		return err
	case len(args) == 1 && args[0] == "wait":
		// That it runs tells that the label is its own: starting a process returns
		// somewhat earlier.
		if _, err := out.Write([]byte{'.'}); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	case len(args) != 2:
		return errors.New("usage: program DIRECTORY enforcing|permissive")
	}
	// The first thread belongs to the process, as which operations find it: it
	// keeps its label.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.Umask(0)
	context, err := os.ReadFile("/proc/thread-self/attr/current")
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	for n := range Ops {
		for _, outcome := range Outcomes {
			if (outcome == Global) != (args[1] == "permissive") {
				continue
			}
			c := &scene{
				op: &Ops[n], number: n, outcome: outcome, fd: -1, fd2: -1,
				dir: filepath.Join(args[0], typeName(n, byte(outcome))), context: strings.TrimRight(string(context), "\x00\n"),
			}
			line, err := json.Marshal(c.run())
			if err != nil {
				return err
			}
			w.Write(append(line, '\n'))
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// patience is how long an operation may take.
const patience = 20 * time.Second

// run performs an operation in a thread of its own, which ends with it.
func (c *scene) run() Result {
	r := Result{Op: c.op.Name, Outcome: c.outcome}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread has another label then
		done <- c.perform(&r)
	}()
	var err error
	select {
	case err = <-done:
	case <-time.After(patience):
		return Result{Op: r.Op, Outcome: r.Outcome, Trouble: "doesn't end"}
	}
	if err == nil && r.Errno == 0 && c.op.Made != "" {
		r.Value, err = labelOf(c.path(c.op.Made))
	}
	if err != nil {
		r.Trouble = err.Error()
	}
	c.clean()
	return r
}

func (c *scene) perform(r *Result) error {
	if err := c.furnish(); err != nil {
		return fmt.Errorf("furnish: %w", err)
	}
	if c.op.Setup != nil {
		if err := c.op.Setup(c); err != nil {
			return fmt.Errorf("set up: %w", err)
		}
	}
	if err := c.attr("current", c.withType(byte(c.outcome))); err != nil {
		return fmt.Errorf("enter domain: %w", err)
	}
	value, err := c.op.Act(c)
	r.Value = value
	if err != nil && !errors.As(err, &r.Errno) {
		return err
	}
	return nil
}

// furnish makes the scene.
func (c *scene) furnish() error {
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(c.path("f"), []byte("content"), 0o777); err != nil {
		return err
	}
	if err := errors.Join(syscall.Mkdir(c.path("d"), 0o777), syscall.Symlink("f", c.path("l")), syscall.Mkfifo(c.path("p"), 0o666)); err != nil {
		return err
	}
	for _, name := range []string{"f", "d", "p", "l"} {
		if err := setLabel(c.path(name), c.label(object)); err != nil {
			return fmt.Errorf("label %s: %w", name, err)
		}
	}
	return setLabel(c.dir, c.label(directory))
}

func (c *scene) clean() {
	for _, fd := range []int{c.fd, c.fd2} {
		if fd >= 0 {
			syscall.Close(fd)
		}
	}
	if c.hold != nil {
		c.hold.Close()
	}
	if c.pid != 0 {
		_ = syscall.Kill(c.pid, syscall.SIGKILL)
		_, _ = syscall.Wait4(c.pid, nil, 0, nil)
	}
	_ = os.RemoveAll(c.dir)
}

func (c *scene) path(name string) string { return filepath.Join(c.dir, name) }

// withType returns the program's context with one of the operation's types.
func (c *scene) withType(kind byte) string {
	f := strings.SplitN(c.context, ":", 4)
	f[2] = typeName(c.number, kind)
	return strings.Join(f, ":")
}

// label returns the context of a file with one of the operation's types.
func (c *scene) label(kind byte) string {
	return "unconfined_u:object_r:" + typeName(c.number, kind) + ":s0"
}

// attr writes a file of the thread's attributes.
func (c *scene) attr(name, text string) error {
	fd, err := syscall.Open("/proc/thread-self/attr/"+name, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	_, err = syscall.Write(fd, []byte(text))
	return err
}

// execute runs a file and returns what it printed.
func (c *scene) execute(path string, args ...string) (string, error) {
	var p [2]int
	if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
		return "", err
	}
	defer syscall.Close(p[0])
	pid, err := syscall.ForkExec(path, append([]string{path}, args...), &syscall.ProcAttr{Files: []uintptr{uintptr(p[0]), uintptr(p[1]), 2}})
	syscall.Close(p[1])
	if err != nil {
		return "", err
	}
	var said []byte
	var buf [256]byte
	for {
		n, err := syscall.Read(p[0], buf[:])
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if n <= 0 {
			break
		}
		said = append(said, buf[:n]...)
	}
	var status syscall.WaitStatus
	_, err = syscall.Wait4(pid, &status, 0, nil)
	if status.Signaled() {
		return fmt.Sprintf("%s, %v", said, status.Signal()), err
	}
	return string(said), err
}

// typeOf returns the type of a context.
func typeOf(context string) string {
	f := strings.SplitN(strings.TrimRight(context, "\x00\n"), ":", 4)
	if len(f) < 3 {
		return context
	}
	return f[2]
}
