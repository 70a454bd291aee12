package supervisor_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"seward/enforce/hooks"
	"seward/enforce/supervisor"
	"seward/format/policydb"
)

// soakTime is how long everything goes on at once: some seconds, or what
// SEWARD_SOAK says (make soak).
var soakTime = func() time.Duration {
	d, err := time.ParseDuration(os.Getenv("SEWARD_SOAK"))
	if err != nil {
		return 4 * time.Second
	}
	return d
}()

func init() {
	// Serve and ask for pages until the time is up.
	helpers["serve"] = func([]string) int {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		go func() {
			_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				data, err := os.ReadFile("page")
				if err != nil {
					w.WriteHeader(http.StatusForbidden)
				}
				_, _ = w.Write(data)
			}))
		}()
		pages := 0
		for end := time.Now().Add(soakTime); time.Now().Before(end); pages++ {
			answer, err := http.Get("http://" + l.Addr().String())
			if err != nil {
				fmt.Println("get:", err)
				return 1
			}
			page, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if string(page) != "page\n" || err != nil {
				fmt.Printf("got %q %v\n", page, err)
				return 1
			}
			time.Sleep(5 * time.Millisecond)
		}
		fmt.Fprintln(os.Stderr, "pages", pages)
		return 0
	}
}

// soakScript is what goes on: builds, git, pipelines, archives, a server, many
// short processes, and a load of the policy every second by who may. What it
// prints is what went wrong, and how often each was done.
const soakScript = `
end=$(($(date +%s) + $SOAK))
echo page >page
SEWARD_TEST_HELPER=serve ./self & server=$!
(n=0; while [ $(date +%s) -lt $end ]; do
	cat policy >/sys/fs/selinux/load 2>/dev/null && n=$((n+1)); sleep 1
done; echo reloads $n >&2) & reloads=$!
(while [ $(date +%s) -lt $end ]; do
	for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true & done; wait
	n=$(seq 2000 | sort -rn | head -n 1000 | grep -c 5); [ "$n" = 271 ] || echo "pipeline: $n"
	(trap 'exit 3' TERM; sleep 9 & wait) & kill -TERM $!; wait $! 2>/dev/null
done
) 2>/dev/null & processes=$!
mkdir -p src repo
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "int f$i(void) { return $i; }" >src/f$i.c; done
printf 'SRC := $(wildcard src/*.c)\nall: $(SRC:src/%%.c=out/%%.o)\nout/%%.o: src/%%.c\n\t@mkdir -p out; $(CC) $< $@\n' >Makefile
if command -v gcc >/dev/null; then cc='gcc -O1 -c -xc -o /dev/null'; fi
(cd repo && git init -q . && git config user.email a@b && git config user.name a)
loops=0
while [ $(date +%s) -lt $end ]; do
	rm -rf out
	if command -v gcc >/dev/null; then make -s -j2 CC='sh -c '"'"'gcc -O1 -c -o $$1 $$0'"'" || echo make; else make -s -j2 CC=cp || echo make; fi
	[ $(ls out | wc -l) = 12 ] || echo "make: $(ls out)"
	(cd repo && seq $loops $((loops+500)) >numbers && git add numbers && git commit -qm "$loops" && git log --oneline | wc -l >count && git fsck --no-progress 2>&1 | grep -v dangling)
	[ "$(cat repo/count)" -gt $loops ] || echo "git: $(cat repo/count)"
	tar cf - src repo/.git | tar tf - | sort >list; [ $(wc -l <list) -gt 12 ] || echo tar
	loops=$((loops+1))
done
wait $server $reloads $processes
echo loops $loops >&2
`

// Everything at once, for long, changes nothing: results are right, nothing is
// denied, memory and descriptors of the supervisor stay what they are.
func TestSoak(t *testing.T) {
	for _, tool := range []string{"make", "git", "tar", "seq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	if soakTime < time.Minute {
		t.Parallel()
	}
	w := newWorld(t, "")
	dir := prepare(t)
	if err := os.WriteFile(filepath.Join(dir, "policy"), w.image(t), 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(descriptors(t))
	var early, late usage
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(soakTime / 20)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			if n < 5 {
				early.atLeast(measure(t))
			} else {
				late.atLeast(measure(t))
			}
		}
	})
	got := w.run(t, func(c *supervisor.Config) {
		c.Dir = dir
		c.Env = append(os.Environ(), "SOAK="+strconv.Itoa(int(soakTime.Seconds())), "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C")
	}, "sh", "-c", soakScript)
	close(stop)
	watching.Wait()
	t.Logf("%s; at most %d MB and %d descriptors in the first quarter, %d MB and %d afterwards",
		strings.ReplaceAll(strings.TrimSpace(got.stderr), "\n", ", "), early.memory>>20, early.descriptors, late.memory>>20, late.descriptors)
	denied := 0
	for _, e := range got.events {
		if e.Record.Kind == hooks.RecordAVC {
			denied++
		}
	}
	if got.stdout != "" || got.exit != 0 || denied > 0 {
		t.Errorf("exit %d, %q, %d denied: %v\n%s", got.exit, got.stdout, denied, got.avcs(), got.stderr)
	}
	if soakTime >= time.Minute && (late.memory > early.memory*3/2 || late.descriptors > early.descriptors*3/2) {
		t.Errorf("it grows: %+v in the first quarter, %+v afterwards", early, late)
	}
	if after := len(descriptors(t)); soakTime >= time.Minute && after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// image returns the binary image of the policy.
func (w *world) image(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := policydb.Write(&b, w.server.Policy(), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// usage is what a process takes.
type usage struct{ memory, descriptors int }

func (u *usage) atLeast(v usage) {
	u.memory, u.descriptors = max(u.memory, v.memory), max(u.descriptors, v.descriptors)
}

// measure returns what this process takes now. The heap is collected, so that
// only what is in use counts.
func measure(t *testing.T) usage {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{int(m.HeapInuse + m.StackInuse), len(descriptors(t))} //nolint:gosec // G115: bounded by the machine.
}
