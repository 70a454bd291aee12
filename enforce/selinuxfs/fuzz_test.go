package selinuxfs

import (
	"strings"
	"testing"
)

// FuzzQuery asks arbitrary questions: each must have an answer or an errno.
func FuzzQuery(f *testing.F) {
	f.Add("access u:r:task_t u:object_r:file_t file")
	f.Add("create u:r:task_t u:object_r:file_t 7 a+b%25")
	f.Add("validatetrans u:object_r:file_t u:object_r:file_t 7u:r:task_t")
	f.Add("context u:r:task_t\x00")
	f.Add("member u:r:task_t u:object_r:file_t 65543")
	s := newStage(f, build(f, builder()))
	f.Fuzz(func(t *testing.T, line string) {
		answer := Answer(s.server, line)
		if answer == "" {
			t.Errorf("no answer to %q", line)
		}
		name, text, _ := strings.Cut(line, " ")
		n, ok := s.Lookup(name)
		if !ok || n.IsDir() || !n.Writable() {
			return
		}
		h, v := s.Open(n, s.task)
		if !v.Allowed() {
			return
		}
		if _, v = h.Write(s.task, []byte(text), 0); !v.Allowed() {
			return
		}
		h.Read(s.task, make([]byte, 100), 0)
	})
}
