package hooks

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seward/policy"
)

// Labels in tests.
const (
	sidTask policy.SID = iota + 101
	sidDir
	sidFile
	sidDir2
	sidFile2
	sidFS
	sidNew // what a transition gives
	sidAsked
	sidMount
	sidOpener
	sidTracer
	sidOther
	sidUnknown
)

var sidNames = map[policy.SID]string{
	1: "kernel", 2: "security", 7: "init",
	sidTask: "task", sidDir: "dir", sidFile: "file", sidDir2: "dir2", sidFile2: "file2", sidFS: "fs",
	sidNew: "new", sidAsked: "asked", sidMount: "mount", sidOpener: "opener", sidTracer: "tracer",
	sidOther: "other", sidUnknown: "unknown",
}

// double is an Asker that remembers what it was asked.
type double struct {
	asked []string
	// deny lists queries that are refused, as they are remembered; "*" is all.
	deny []string
	// permissive lets denials pass.
	permissive   bool
	capabilities map[policy.Capability]bool
	bounded      bool
	constrained  bool // ValidateTransition fails
	noTransition bool
	allowUnknown bool
}

func (q Query) text() string {
	s := fmt.Sprintf("%s %s %s { %s }", sidNames[q.Source], sidNames[q.Target], q.Class, strings.Join(q.Perms.Names(q.Class), " "))
	if q.Xperm.Kind != XpermNone {
		s += fmt.Sprintf(" %#x", q.Xperm.Value)
	}
	if q.AuditIf != 0 {
		s += " if " + strings.Join(q.AuditIf.Names(q.Class), " ")
	}
	return s
}

func (d *double) Check(q Query) Answer {
	text := q.text()
	d.asked = append(d.asked, text)
	for _, refused := range d.deny {
		if refused == "*" || refused == text {
			return Answer{Refused: !d.permissive, Denied: q.Perms, Logged: q.Perms}
		}
	}
	return Answer{}
}

func (d *double) Transition(source, target policy.SID, class Class, name string) (policy.SID, error) {
	d.asked = append(d.asked, strings.TrimSpace(fmt.Sprintf("new %s %s %s %s", sidNames[source], sidNames[target], class, name)))
	if d.noTransition {
		return 0, errors.New("invalid context")
	}
	return sidNew, nil
}

func (d *double) SID(context string) (policy.SID, error) {
	if context == "bad" {
		return 0, errors.New("invalid context")
	}
	return sidAsked, nil
}

func (d *double) UnknownSID(string) (policy.SID, error) { return sidUnknown, nil }

func (d *double) ValidateTransition(old, updated policy.SID, class Class, task policy.SID) error {
	d.asked = append(d.asked, fmt.Sprintf("validate %s %s %s %s", sidNames[old], sidNames[updated], class, sidNames[task]))
	if d.constrained {
		return errors.New("forbidden")
	}
	return nil
}

func (d *double) Bounded(parent, child policy.SID) bool {
	d.asked = append(d.asked, fmt.Sprintf("bounded %s %s", sidNames[parent], sidNames[child]))
	return d.bounded
}

func (d *double) Initial(name InitialSID) policy.SID {
	return map[InitialSID]policy.SID{SIDKernel: 1, SIDSecurity: 2, SIDInit: 7}[name]
}

func (d *double) Has(c policy.Capability) bool { return d.capabilities[c] }
func (d *double) Enforcing() bool              { return !d.permissive }
func (d *double) AllowUnknown() bool           { return d.allowUnknown }

func has(capabilities ...policy.Capability) map[policy.Capability]bool {
	m := map[policy.Capability]bool{}
	for _, c := range capabilities {
		m[c] = true
	}
	return m
}

// hookTest is one operation: what it asks and how it ends when all is allowed,
// and, for each query in turn, when that one is refused.
type hookTest struct {
	run    func(asker Asker) Verdict
	double double
	want   []string
	errno  syscall.Errno // when all is allowed
	// refused is what a refusal of the query of that index gives, where it isn't
	// EACCES and the end. -1: the operation goes on.
	refused map[int]syscall.Errno
}

const goesOn syscall.Errno = 0

func runHooks(t *testing.T, tests map[string]hookTest) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := tt.double
			v := tt.run(&d)
			if diff := cmp.Diff(tt.want, d.asked); diff != "" {
				t.Errorf("all allowed (-want +got):\n%s", diff)
			}
			if v.Errno != tt.errno || len(v.Records) != 0 {
				t.Errorf("all allowed: got errno %v, %d records, want %v", v.Errno, len(v.Records), tt.errno)
			}
			for i, query := range tt.want {
				if !strings.Contains(query, "{") {
					continue
				}
				checkRefusal(t, tt, i, query)
			}
			d = tt.double
			d.deny, d.permissive = []string{"*"}, true
			v = tt.run(&d)
			if diff := cmp.Diff(tt.want, d.asked); diff != "" {
				t.Errorf("permissive (-want +got):\n%s", diff)
			}
			if v.Errno != tt.errno {
				t.Errorf("permissive: errno %v, want %v", v.Errno, tt.errno)
			}
		})
	}
}

// checkRefusal refuses one query: the operation must end there, with one record,
// unless the test says otherwise.
func checkRefusal(t *testing.T, tt hookTest, i int, query string) {
	t.Helper()
	d := tt.double
	d.deny = []string{query}
	v := tt.run(&d)
	want, special := tt.refused[i]
	if !special {
		want = syscall.EACCES
	}
	if v.Errno != want && !(want == goesOn && v.Errno == tt.errno) {
		t.Errorf("%s refused: errno %v, want %v", query, v.Errno, want)
	}
	if !special {
		first := 0
		for tt.want[first] != query {
			first++
		}
		if diff := cmp.Diff(tt.want[:first+1], d.asked); diff != "" {
			t.Errorf("%s refused (-want +got):\n%s", query, diff)
		}
	}
	if len(v.Records) == 0 {
		t.Errorf("%s refused: nothing to log", query)
	}
	for _, r := range v.Records {
		if r.Granted || r.Perms == 0 && r.Kind == RecordAVC {
			t.Errorf("%s refused: record %+v", query, r)
		}
	}
}

func task() *Subject { return &Subject{SID: sidTask} }

func inode(sid policy.SID, class Class) *Inode { return &Inode{SID: sid, Class: class} }

func dir() *Inode   { return inode(sidDir, ClassDir) }
func dir2() *Inode  { return inode(sidDir2, ClassDir) }
func file() *Inode  { return inode(sidFile, ClassFile) }
func file2() *Inode { return inode(sidFile2, ClassFile) }

func filesystem() *Superblock { return &Superblock{SID: sidFS, Labels: true} }

// opened is a description of file, opened by another label.
func opened(flags OpenFlags) *File { return &File{SID: sidOpener, Inode: *file(), Flags: flags} }
