package supervisor_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/internal/linux"
	"seward/internal/oracle"
)

func openQueue(name string, flags, mode uintptr) (int, error) {
	text := append([]byte(name), 0)
	attributes := [8]uintptr{0, 4, 16}
	fd, err := invoke(syscall.SYS_MQ_OPEN, linux.Address(&text[0]), flags, mode, linux.Address(&attributes))
	return int(fd), err
}

// queueSteps are what the helper mqueue can do with a queue.
var queueSteps = map[string]func(name string) error{
	"make": func(name string) error {
		fd, err := openQueue(name, syscall.O_CREAT|syscall.O_EXCL|syscall.O_RDWR, 0o600)
		if err == nil {
			syscall.Close(fd)
		}
		return err
	},
	"unlink": func(name string) error {
		text := append([]byte(name), 0)
		_, err := invoke(syscall.SYS_MQ_UNLINK, linux.Address(&text[0]))
		return err
	},
	"open":  func(name string) error { return useQueue(name, syscall.O_RDONLY, nil) },
	"found": func(name string) error { return useQueue(name, syscall.O_RDWR|syscall.O_CREAT, nil) },
	"write": func(name string) error {
		return useQueue(name, syscall.O_WRONLY, func(fd int) error {
			text := []byte("hello")
			_, err := invoke(syscall.SYS_MQ_TIMEDSEND, uintptr(fd), linux.Address(&text[0]), 5, 1, 0)
			return err
		})
	},
	"read": func(name string) error {
		return useQueue(name, syscall.O_RDONLY|syscall.O_NONBLOCK, func(fd int) error {
			var buf [16]byte
			n, err := invoke(syscall.SYS_MQ_TIMEDRECEIVE, uintptr(fd), linux.Address(&buf[0]), 16, 0, 0)
			if err == nil && string(buf[:n]) != "hello" {
				return fmt.Errorf("received %q", buf[:n])
			}
			return err
		})
	},
}

func useQueue(name string, flags uintptr, use func(fd int) error) error {
	fd, err := openQueue(name, flags, 0o600)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	if use == nil {
		return nil
	}
	return use(fd)
}

func init() {
	helpers["mqueue"] = func(args []string) int {
		for _, step := range args[1:] {
			fmt.Println(step, errnoName(queueSteps[step](args[0])))
		}
		return 0
	}
}

func TestMessageQueues(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	probe := fmt.Sprintf("seward-test-%d", os.Getpid())
	if err := queueSteps["make"](probe); err != nil {
		t.Skipf("mq_open: %v", err)
	}
	if err := queueSteps["unlink"](probe); err != nil {
		t.Fatal(err)
	}
	queues := `(type queue_t) (typeattributeset file_type queue_t) (typetransition free_t tmpfs_t file queue_t)
(fsuse trans mqueue (system_u object_r tmpfs_t ((s0) (s0))))
`
	tests := map[string]struct {
		deny, steps, want string
		avcs              []string
	}{
		"allowed": {"", "open found write read make unlink make unlink read", "ok ok ok ok EEXIST ok ok ok ENOENT", nil},
		"write":   {"queue_t (file (write))", "open write found", "ok EACCES EACCES", []string{"write file cage_t queue_t ", "write file cage_t queue_t "}},
		"read":    {"queue_t (file (read))", "read write", "EACCES ok", []string{"read file cage_t queue_t "}},
		"open":    {"queue_t (file (open))", "read write", "EACCES EACCES", []string{"open file cage_t queue_t ", "open file cage_t queue_t "}},
		"unlink":  {"queue_t (file (unlink))", "unlink read", "EACCES EAGAIN", []string{"unlink file cage_t queue_t "}},
		"create":  {"tmpfs_t (dir (add_name))", "unlink make", "ok EACCES", []string{"add_name dir cage_t tmpfs_t "}},
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var deny []string
			if tt.deny != "" {
				deny = []string{tt.deny}
			}
			w := newWorld(t, queues+cage(deny...))
			queue := probe + name
			got := w.shell(t, t.TempDir(), fmt.Sprintf("cp '%s' free; cp free cage; chcon -t free_exec_t free; chcon -t cage_exec_t cage; export %s=mqueue; "+
				"./free %s make; ./cage %s %s; ./free %s unlink >/dev/null", self, helperEnv, queue, queue, tt.steps, queue))
			want, ends := "make ok\n", strings.Fields(tt.want)
			for i, step := range strings.Fields(tt.steps) {
				want += step + " " + ends[i] + "\n"
			}
			if got.stdout != want {
				t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
			}
			var avcs []string
			for _, s := range got.avcs() {
				avcs = append(avcs, s[:strings.LastIndexByte(s, ' ')+1])
			}
			if diff := cmp.Diff(tt.avcs, avcs); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}
