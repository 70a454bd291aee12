package ask

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"seward/enforce/selinuxfs"
	"seward/internal/applet"
	"seward/internal/applet/source"
	"seward/internal/getopt"
	"seward/security"
)

// Applet is `seward ask`.
var Applet = &applet.Applet{
	Name:     "ask",
	Synopsis: "[--policy FILE]... [QUERY]...",
	Short:    "answer questions about a policy as the kernel's selinuxfs would",
	Manual: `Each line of standard input is a question, each line of output its answer:

  access SCON TCON CLASS         allowed decided auditallow auditdeny seqno flags
  create SCON TCON CLASS [NAME]  the context of a new object; NAME is
                                 percent-encoded, + stands for a blank
  member SCON TCON CLASS         the context of a polyinstantiated member
  relabel SCON TCON CLASS        the context that a relabelled object gets
  context CON                    the context itself in canonical form
  validatetrans OLD NEW CLASS TASK
                                 OK, or an error, when a task relabels an object

The answer is what the kernel's file of that name in /sys/fs/selinux would give.
An error is ! and the number of the errno: !22 (EINVAL) for a context that the
policy doesn't know, !13 (EACCES) for a computed context that is invalid, !1
(EPERM) for a relabelling that a constraint forbids. CLASS is a name or the
policy's number. Vectors are hexadecimal: permission n of the class is bit n-1.

A question may also be given as one argument each.`,
	Options: []getopt.Option{
		source.PolicyOption,
		{Names: []string{"--mode"}, Arity: getopt.Required, Arg: "MODE", Help: "enforcing (default) or permissive, in which create, member and relabel also answer with invalid contexts"},
	},
	Run: run,
}

func run(_ context.Context, env *applet.Env, line *getopt.Line) error {
	enforcing := true
	switch mode := line.ValueOr("--mode", "enforcing"); mode {
	case "enforcing":
	case "permissive":
		enforcing = false
	default:
		return applet.Usagef("unknown mode %q: expected enforcing or permissive", mode)
	}
	p, err := source.Policy(env, line.Values("--policy"))
	if err != nil {
		return err
	}
	server, err := security.New(p, &security.Options{Enforcing: enforcing})
	if err != nil {
		return err
	}
	if len(line.Operands) > 0 {
		for _, query := range line.Operands {
			if _, err := fmt.Fprintln(env.Stdout, selinuxfs.Answer(server, query)); err != nil {
				return fmt.Errorf("write answer: %w", err)
			}
		}
		return nil
	}
	return answerAll(server, env.Stdin, env.Stdout)
}

// maxLine bounds a line of input; every question longer than a page is refused
// anyway.
const maxLine = 1 << 16

// answerAll answers each line of r on w. It keeps answers back only while more
// questions are already there, so that a program can converse with it.
func answerAll(server selinuxfs.Server, r io.Reader, w io.Writer) error {
	in := bufio.NewReaderSize(r, maxLine)
	out := bufio.NewWriterSize(w, maxLine)
	for {
		query, err := readLine(in)
		if err != nil && (!errors.Is(err, io.EOF) || query == "") {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(err, out.Flush())
		}
		if _, err := out.WriteString(selinuxfs.Answer(server, query) + "\n"); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return fmt.Errorf("write answer: %w", err)
			}
		}
	}
}

// readLine returns the next line without its end. Of a line that is longer than
// the buffer only the beginning is kept, which is still too long for a question.
func readLine(in *bufio.Reader) (string, error) {
	text, err := in.ReadSlice('\n')
	line := string(text)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read query: %w", err)
	}
	return strings.TrimSuffix(line, "\n"), err
}
