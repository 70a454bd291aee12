package supervisor_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/internal/linux"
	"seward/internal/oracle"
)

const sessionKeyring = ^uintptr(2) // -3

func keyctl(args ...uintptr) (uintptr, error) { return invoke(syscall.SYS_KEYCTL, args...) }

func addKey(description, content string, ring uintptr) (uintptr, error) {
	kind, name, data := []byte("user\x00"), append([]byte(description), 0), []byte(content)
	return invoke(syscall.SYS_ADD_KEY, linux.Address(&kind[0]), linux.Address(&name[0]),
		linux.Address(&data[0]), uintptr(len(data)), ring)
}

// keySteps are what the helper keys can do with a key and the session's keyring.
var keySteps = map[string]func(key uintptr) error{
	"add": func(uintptr) error { _, err := addKey("other", "x", sessionKeyring); return err },
	"describe": func(key uintptr) error {
		var buf [256]byte
		n, err := keyctl(6, key, linux.Address(&buf[0]), 256)
		if err == nil && !strings.Contains(string(buf[:n]), "secret") {
			return fmt.Errorf("got %q", buf[:n])
		}
		return err
	},
	"read": func(key uintptr) error {
		var buf [16]byte
		n, err := keyctl(11, key, linux.Address(&buf[0]), 16)
		if err == nil && string(buf[:n]) != "content" {
			return fmt.Errorf("got %q", buf[:n])
		}
		return err
	},
	"timeout": func(key uintptr) error { _, err := keyctl(15, key, 1000); return err },
	"search": func(key uintptr) error {
		kind, name := []byte("user\x00"), []byte("secret\x00")
		got, err := keyctl(10, sessionKeyring, linux.Address(&kind[0]), linux.Address(&name[0]), 0)
		if err == nil && got != key {
			return fmt.Errorf("got %d, want %d", got, key)
		}
		return err
	},
	"request": func(key uintptr) error {
		kind, name := []byte("user\x00"), []byte("secret\x00")
		got, err := invoke(syscall.SYS_REQUEST_KEY, linux.Address(&kind[0]), linux.Address(&name[0]), 0, 0)
		if err == nil && got != key {
			return fmt.Errorf("got %d, want %d", got, key)
		}
		return err
	},
	"label": func(key uintptr) error {
		var buf [256]byte
		n, err := keyctl(17, key, linux.Address(&buf[0]), 256)
		if err == nil && !strings.Contains(string(buf[:n]), ":free_t:") {
			return fmt.Errorf("got %q", buf[:n])
		}
		return err
	},
	"unlink": func(key uintptr) error { _, err := keyctl(9, key, sessionKeyring); return err },
	"join":   func(uintptr) error { _, err := keyctl(1, 0); return err },
}

func init() {
	helpers["keys"] = func(args []string) int {
		key, _ := strconv.Atoi(args[0])
		for i, step := range args[1:] {
			if step != "cage" {
				fmt.Println(step, errnoName(keySteps[step](uintptr(key))))
				continue
			}
			// A session of its own, with a key, handed to the cage.
			if _, err := keyctl(1, 0); err != nil {
				fmt.Println("join", errnoName(err))
				return 1
			}
			serial, err := addKey("secret", "content", sessionKeyring)
			fmt.Println("made", errnoName(err))
			next := append([]string{"./cage", strconv.Itoa(int(serial))}, args[i+2:]...)
			fmt.Println(syscall.Exec(next[0], next, os.Environ()))
			return 1
		}
		return 0
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "chcon")
	if _, err := keyctl(31, 0, 0); err != nil {
		t.Skipf("keyctl: %v", err)
	}
	tests := map[string]struct {
		deny, steps, want string
		avcs              []string
	}{
		"allowed":  {"", "add describe read timeout search request label unlink join add", "ok ok ok ok ok ok ok ok ok ok", nil},
		"view":     {"free_t (key (view))", "describe label read", "EACCES EACCES ok", []string{"view key cage_t free_t ", "view key cage_t free_t "}},
		"read":     {"free_t (key (read))", "read describe", "EACCES ok", []string{"read key cage_t free_t "}},
		"write":    {"free_t (key (write))", "add unlink read join add", "EACCES EACCES ok ok ok", []string{"write key cage_t free_t ", "write key cage_t free_t "}},
		"setattr":  {"free_t (key (setattr))", "timeout", "EACCES", []string{"setattr key cage_t free_t "}},
		"search":   {"free_t (key (search))", "search request", "EACCES EACCES", []string{"search key cage_t free_t ", "search key cage_t free_t "}},
		"own":      {"self (key (write))", "join add", "ok EACCES", []string{"write key cage_t cage_t "}},
		"outsider": {"kernel_t (key (view))", "describe", "ok", nil},
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
			// The free domain enters the cage here.
			w := newWorld(t, cage(deny...)+"(typetransition free_t cage_exec_t process cage_t)")
			got := w.shell(t, t.TempDir(), fmt.Sprintf("cp '%s' free; cp free cage; chcon -t free_exec_t free; chcon -t cage_exec_t cage; %s=keys ./free 0 cage %s",
				self, helperEnv, tt.steps))
			want, ends := "made ok\n", strings.Fields(tt.want)
			for i, step := range strings.Fields(tt.steps) {
				want += step + " " + ends[i] + "\n"
			}
			if got.stdout != want {
				t.Errorf("got %q, want %q; %s", got.stdout, want, got.stderr)
			}
			if diff := cmp.Diff(tt.avcs, got.avcs()); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}
