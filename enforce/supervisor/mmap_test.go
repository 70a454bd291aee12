package supervisor_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"seward/internal/linux"
	"seward/internal/oracle"
)

func init() {
	// Change memory in one way, named by the first argument, with a file.
	helpers["memory"] = func(args []string) int {
		fmt.Println(args[0], errno(changeMemory(args[0], args[1])))
		return 0
	}
	// Map a descriptor for execution while another thread puts another file in its
	// place; whatever is mapped must be what is public.
	helpers["race-map"] = func(args []string) int {
		public, err := syscall.Open(args[0], syscall.O_RDONLY, 0)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		secret, err := syscall.Open(args[1], syscall.O_RDONLY, 0)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		go func() {
			for i := 0; ; i++ {
				_ = syscall.Dup3([]int{public, secret}[i%2], 100, 0)
			}
		}()
		mapped := 0
		for end := time.Now().Add(raceTime); time.Now().Before(end); {
			data, err := syscall.Mmap(100, 0, 4096, syscall.PROT_READ|syscall.PROT_EXEC, syscall.MAP_PRIVATE)
			if err != nil {
				continue
			}
			mapped++
			if strings.HasPrefix(string(data[:6]), "secret") {
				fmt.Println("mapped the secret")
				return 1
			}
			_ = syscall.Munmap(data)
		}
		fmt.Println("mapped", mapped > 0)
		return 0
	}
}

func errno(err error) string {
	var e syscall.Errno
	if err == nil {
		return "ok"
	}
	if errors.As(err, &e) {
		return e.Error()
	}
	return err.Error()
}

func changeMemory(how, file string) error {
	const rx, rw, rwx = syscall.PROT_READ | syscall.PROT_EXEC, syscall.PROT_READ | syscall.PROT_WRITE,
		syscall.PROT_READ | syscall.PROT_WRITE | syscall.PROT_EXEC
	const private, anonymous = syscall.MAP_PRIVATE, syscall.MAP_PRIVATE | syscall.MAP_ANONYMOUS
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	fd := int(f.Fd())
	protection := func(fd, before, flags, after int) error {
		data, err := syscall.Mmap(fd, 0, 4096, before, flags)
		if err != nil {
			return fmt.Errorf("map: %w", err)
		}
		if before&syscall.PROT_WRITE != 0 {
			data[0] = 1
		}
		return syscall.Mprotect(data, after)
	}
	switch how {
	case "map":
		_, err = syscall.Mmap(fd, 0, 4096, syscall.PROT_READ, private)
	case "map-shared":
		_, err = syscall.Mmap(fd, 0, 4096, rw, syscall.MAP_SHARED)
	case "map-exec":
		_, err = syscall.Mmap(fd, 0, 4096, rx, private)
	case "execmem":
		_, err = syscall.Mmap(-1, 0, 4096, rwx, anonymous)
	case "protect-file":
		err = protection(fd, syscall.PROT_READ, private, rx)
	case "protect-anonymous":
		err = protection(-1, rw, anonymous, rx)
	case "execmod":
		err = protection(fd, rw, private, rx)
	case "execheap":
		end, _, _ := syscall.RawSyscall(syscall.SYS_BRK, 0, 0, 0)
		_, _, _ = syscall.RawSyscall(syscall.SYS_BRK, end+2*4096, 0, 0)
		err = protectArea("[heap]")
	case "execstack":
		err = protectArea("[stack]")
	case "personality":
		_, _, e := syscall.RawSyscall(syscall.SYS_PERSONALITY, 0x0400000, 0, 0)
		if err = nil; e != 0 {
			err = e
		}
	}
	return err
}

// protectArea makes the last page of a named area executable.
func protectArea(name string) error {
	areas, err := linux.ReadAreas(os.Getpid(), 0, ^uint64(0))
	if err != nil {
		return err
	}
	for _, a := range areas {
		if a.Name == name {
			const page, rwx = 4096, syscall.PROT_READ | syscall.PROT_WRITE | syscall.PROT_EXEC
			if _, _, e := syscall.RawSyscall(syscall.SYS_MPROTECT, uintptr(a.End-page), page, rwx); e != 0 {
				return e
			}
			return nil
		}
	}
	return errors.New("no " + name)
}

// Executable memory and mapped files, each without its rule and with it.
func TestMemory(t *testing.T) {
	t.Parallel()
	const file, process = "file tdom_t mapped_t", "process tdom_t tdom_t"
	tests := []struct {
		how   string
		avcs  []string // what is denied
		rules string   // what allows it
	}{
		{"map", []string{"map " + file}, "(allow tdom_t mapped_t (file (map)))"},
		{"map-shared", []string{"map " + file}, "(allow tdom_t mapped_t (file (map)))"},
		{"map-exec", []string{"execute " + file}, "(allow tdom_t mapped_t (file (map execute)))"},
		{"execmem", []string{"execmem " + process}, "(allow tdom_t self (process (execmem)))"},
		{"protect-file", []string{"execute " + file}, "(allow tdom_t mapped_t (file (map execute)))"},
		{"protect-anonymous", []string{"execmem " + process}, "(allow tdom_t self (process (execmem)))"},
		{"execmod", []string{"execmod " + file}, "(allow tdom_t mapped_t (file (map execute execmod)))"},
		{"execheap", []string{"execheap " + process}, "(allow tdom_t self (process (execheap execmem)))"},
		{"execstack", []string{"execstack " + process}, "(allow tdom_t self (process (execstack execmem)))"},
		{"personality", []string{"execmem " + process}, "(allow tdom_t self (process (execmem)))"},
	}
	const base = confined + `
(type mapped_t) (typeattributeset file_type (mapped_t))
(allow tdom_t mapped_t (file (read write open getattr)))
`
	for _, tt := range tests {
		t.Run(tt.how, func(t *testing.T) {
			t.Parallel()
			script := raceStage + "head -c 4096 /dev/zero >mapped; chcon -t mapped_t mapped; SEWARD_TEST_HELPER=memory ./prog " + tt.how + " mapped"
			mapping := ""
			if strings.HasPrefix(tt.avcs[0], "exec") && strings.Contains(tt.avcs[0], "mapped_t") {
				mapping = "(allow tdom_t mapped_t (file (map)))"
				if tt.how == "execmod" {
					mapping = "(allow tdom_t mapped_t (file (map execute)))"
				}
			}
			if strings.HasPrefix(tt.avcs[0], "execmem") {
				mapping = "(deny tdom_t self (process (execmem)))" // which every domain has
			}
			got := newWorld(t, base+mapping).shell(t, prepare(t), script)
			var denied []string
			for _, avc := range got.avcs() {
				denied = append(denied, strings.Join(strings.Fields(avc)[:4], " "))
			}
			if got.stdout != tt.how+" permission denied\n" || !slices.Equal(denied, tt.avcs) {
				t.Errorf("without a rule: got %q, %v, want %v; %s", got.stdout, denied, tt.avcs, got.stderr)
			}
			got = newWorld(t, base+tt.rules).shell(t, prepare(t), script)
			if got.stdout != tt.how+" ok\n" || len(got.events) > 0 {
				t.Errorf("with the rule: got %q, %v; %s", got.stdout, got.avcs(), got.stderr)
			}
		})
	}
}

// A loader can't be used to run what may be read and not executed.
func TestLoader(t *testing.T) {
	t.Parallel()
	loader := oracle.NeedFile(t, "/lib64/ld-linux-x86-64.so.2")
	w := newWorld(t, confined+`
(type program_t) (typeattributeset file_type (program_t))
(allow tdom_t program_t (file (read open getattr map)))
(allow tdom_t lib_t (file (execute_no_trans)))
`)
	got := w.shell(t, prepare(t), stage+`cp "$(readlink -f /bin/cat)" program; chcon -t program_t program
./dsh -c '`+loader+` ./program; echo $?'`)
	if got.stdout != "127\n" || len(got.events) != 1 || !strings.HasPrefix(got.avcs()[0], "execute file tdom_t program_t") {
		t.Errorf("got %q, %v; %s", got.stdout, got.avcs(), got.stderr)
	}
}

// What another thread puts in a descriptor's place isn't mapped.
func TestMapRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, confined+`
(allow tdom_t public_t (file (map execute)))
(allow tdom_t secret_t (file (read open getattr)))
`)
	got := w.shell(t, prepare(t), raceStage+`SEWARD_TEST_HELPER=race-map ./prog public secret; echo $?`)
	if strings.Contains(got.stdout, "secret") {
		t.Errorf("got %q; %s", got.stdout, got.stderr)
	}
}
