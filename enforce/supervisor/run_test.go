package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"seward/enforce/supervisor"
	"seward/internal/linux"
)

// What a policy allows everything must behave as if nobody watched.
func TestProgramsAsNative(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	tests := map[string]struct{ needs, script string }{
		"exit":       {"sh", "exit 3"},
		"loop":       {"sh", "for i in 1 2 3; do echo $i; done"},
		"pipeline":   {"tr", "echo abc | tr a-c x-z | cat | cat"},
		"variables":  {"sh", "x=$(pwd >/dev/null; echo $((1+2))); echo $x"},
		"files":      {"ln", "echo a >f; ln f g; ln -s g h; mv f k; cat h; rm k g; cat h 2>/dev/null; echo $?; ls"},
		"dirs":       {"mkdir", "mkdir -p a/b/c; cd a/b; touch c/x ../y; cd -P .; ls -R ..; rmdir c 2>/dev/null; echo $?; rm -r ../../a; ls ../.. 2>/dev/null; echo $?"},
		"modes":      {"stat", "umask 027; touch f; mkdir d; chmod 4755 f; stat -c '%a %F %s %h' f d; chmod a-x f; test -x f; echo $?; umask"},
		"times":      {"touch", "touch -d 2001-02-03T04:05:06Z f; stat -c %Y f; touch -r f g; stat -c %X g"},
		"truncate":   {"truncate", "truncate -s 100 f; wc -c <f; : >f; wc -c <f; echo abc >>f; echo d >>f; cat f"},
		"missing":    {"cat", "cat nothing/here 2>/dev/null; echo $?; cat sh/ 2>/dev/null; echo $?; cd /nowhere 2>/dev/null; echo $?"},
		"loops":      {"ln", "ln -s l2 l1; ln -s l1 l2; cat l1 2>/dev/null; echo $?; test -e l1; echo $?; readlink l1"},
		"fds":        {"sh", "echo x >f; exec 5<f; read v <&5; echo $v; exec 5<&-; echo y >/dev/stdout; cat /dev/fd/0 <f; cat <<E\nhere\nE"},
		"find":       {"find", "find /usr/include | sort | head -500"},
		"list":       {"ls", "ls -lR --time-style=full-iso /usr/lib/locale /etc/apt | sed 's/^\\(..........\\)\\./\\1/'"},
		"tar":        {"tar", "tar cf - -C /etc --exclude=shadow* apt | tar tf - | sort"},
		"python":     {"python3", "python3 -c 'import os,json,subprocess; print(sorted(os.listdir(\"/etc/apt\"))); print(subprocess.run([\"echo\",\"hi\"],capture_output=True).stdout)'"},
		"git":        {"git", "git init -q . && git -c user.name=a -c user.email=b commit -q --allow-empty -m x && git status --short && git rev-list --count HEAD"},
		"make":       {"make", "printf 'all: a b\\n\\tcat a b\\n%%: \\n\\techo $@ > $@\\n' >Makefile; make -s -j2"},
		"gcc":        {"gcc", "printf 'int main(void){return 7;}' >a.c; gcc -o a a.c && ./a; echo $?"},
		"script":     {"sh", "printf '#!/bin/sh -e\\necho $0 $1\\n' >s; chmod +x s; ./s one; printf '#!./s\\n' >r; chmod +x r; ./r; echo $?"},
		"background": {"sleep", "sleep 0.05 & wait; echo done; (sleep 0.02; echo late) & wait $!; echo $?"},
		"xargs":      {"xargs", "seq 50 | xargs -n1 -P4 echo | sort -n | tail -3"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(tt.needs); err != nil {
				t.Skip(err)
			}
			wantOut, wantExit := native(t, t.TempDir(), tt.script)
			got := w.shell(t, t.TempDir(), tt.script)
			if got.stdout != wantOut || got.exit != wantExit {
				t.Errorf("got exit %d and\n%s\nwant %d and\n%s\nstderr: %s\n%v",
					got.exit, got.stdout, wantExit, wantOut, got.stderr, got.avcs())
			}
			if len(got.events) > 0 {
				t.Errorf("unexpected records: %v", got.avcs())
			}
		})
	}
}

func TestGoBuild(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("slow")
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", "module x\n\ngo 1.26\n")
	write(t, dir, "main.go", "package main\n\nfunc main() { println(\"built\") }\n")
	w := newWorld(t, "")
	got := w.shell(t, dir, "go build -o x . && ./x")
	if got.exit != 0 || got.stderr != "built\n" {
		t.Errorf("exit %d: %s%s %v", got.exit, got.stdout, got.stderr, got.avcs())
	}
}

// A Go program's threads are preempted by signals all the time.
func TestManyThreads(t *testing.T) {
	t.Parallel()
	got := newWorld(t, "").helper(t, nil, "threads", t.TempDir())
	if got.exit != 0 {
		t.Errorf("exit %d: %s", got.exit, got.stderr)
	}
}

func init() {
	helpers["threads"] = func(args []string) int {
		errs := make(chan error, 16)
		for g := range 16 {
			go func() {
				path := args[0] + "/f" + strconv.Itoa(g)
				for range 200 {
					f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
					if err != nil {
						errs <- err
						return
					}
					if f.Fd() <= 2 {
						errs <- errors.New("wrong descriptor")
						return
					}
					f.Close()
					if err := os.Remove(path); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		for range 16 {
			if err := <-errs; err != nil {
				println(err.Error())
				return 1
			}
		}
		return 0
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	tests := map[string]struct {
		script string
		exit   int
		stdout string
	}{
		"killed":     {"kill -9 $$", 137, ""},
		"terminated": {"kill $$", 143, ""},
		"trapped":    {"trap 'echo caught; exit 5' INT; kill -INT $$; sleep 1", 5, "caught\n"},
		"child":      {"sleep 100 & kill $!; wait $!; echo $?", 0, "143\n"},
		// The pause is for the child's exec: until then it has its parent's trap.
		"group":       {"trap 'echo group; exit 4' TERM; sleep 100 & sleep 0.5; kill 0; wait", 4, "group\n"},
		"stop":        {"sh -c 'kill -STOP $$; echo on' & sleep 0.2; kill -CONT $!; wait; echo $?", 0, "on\n0\n"},
		"all":         {"(sleep 100; echo no) & kill -TERM -1; wait; echo survived", 0, "survived\n"},
		"interrupted": {"(sleep 0.2; kill -TERM $$) & trap 'echo late' TERM; mkfifo p; cat p; echo $?", 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "interrupted" {
				tt.script = "mkfifo p; (sleep 0.1; echo through >p) & cat p"
				tt.stdout = "through\n"
			}
			got := w.shell(t, t.TempDir(), tt.script)
			if got.exit != tt.exit || got.stdout != tt.stdout {
				t.Errorf("got exit %d, %q, want %d, %q; %s %v", got.exit, got.stdout, tt.exit, tt.stdout, got.stderr, got.avcs())
			}
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	needSupervisor(t)
	w := newWorld(t, "")
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	exit, err := supervisor.Run(ctx, &supervisor.Config{
		Server: w.server, Context: unconfined, Path: "/bin/sh",
		Argv: []string{"sh", "-c", "trap '' TERM; sleep 100 & sleep 100"}, Grace: 300 * time.Millisecond,
	})
	if err != nil || exit != 128+int(syscall.SIGKILL) {
		t.Errorf("got %d, %v", exit, err)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestCannotStart(t *testing.T) {
	t.Parallel()
	needSupervisor(t)
	w := newWorld(t, "")
	_, err := supervisor.Run(context.Background(), &supervisor.Config{
		Server: w.server, Context: unconfined, Path: "/nonexistent", Argv: []string{"x"},
	})
	var start *supervisor.StartError
	if !errors.As(err, &start) || !errors.Is(err, syscall.ENOENT) {
		t.Errorf("got %v", err)
	}
	_, err = supervisor.Run(context.Background(), &supervisor.Config{
		Server: w.server, Context: "no:such:context:s0", Path: "/bin/true", Argv: []string{"true"},
	})
	if err == nil || !strings.Contains(err.Error(), "no:such:context") {
		t.Errorf("got %v", err)
	}
}

// Every descriptor and thread of a run is gone after it.
func TestNothingIsLeft(t *testing.T) {
	needSupervisor(t)
	w := newWorld(t, "")
	run := func() { w.shell(t, t.TempDir(), "ls -l /etc >/dev/null; id -Z; mkfifo p; echo x >p & cat p") }
	run()
	before, goroutines := descriptors(t), runtime.NumGoroutine()
	for range 3 {
		run()
	}
	after := descriptors(t)
	if len(after) > len(before) {
		t.Errorf("before %v\nafter %v", before, after)
	}
	// Some take a moment to end.
	for range 100 {
		if runtime.NumGoroutine() <= goroutines {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines are left, of %d before", n, goroutines)
	}
}

func descriptors(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil {
			list = append(list, e.Name()+"="+target)
		}
	}
	return list
}

// A process that has ended keeps its label until its parent has waited for it.
func TestSignalToZombie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, confined+`(deny tdom_t kernel_t (process (signull signal))) (allow tdom_t tdom_exec_t (file (execute_no_trans))) (allow tdom_t self (process (signull signal)))`)
	got := w.shell(t, prepare(t), raceStage+`SEWARD_TEST_HELPER=zombie ./prog`)
	if got.stdout != "true\n" {
		t.Errorf("got %q %v; %s", got.stdout, got.avcs(), got.stderr)
	}
}

func init() {
	helpers["zombie"] = func([]string) int {
		pid, err := syscall.ForkExec("/proc/self/exe", []string{"x"}, &syscall.ProcAttr{Env: []string{helperEnv + "=nothing"}})
		if err != nil {
			fmt.Println(err)
			return 1
		}
		for range 1000 {
			if linux.IsZombie(pid) {
				break
			}
			time.Sleep(time.Millisecond)
		}
		fmt.Println(linux.IsZombie(pid) && syscall.Kill(pid, 0) == nil && syscall.Kill(pid, syscall.SIGTERM) == nil)
		return 0
	}
	helpers["nothing"] = func([]string) int { return 0 }
}
