package linux

import (
	"os/exec"
	"runtime"
	"testing"
)

func TestHasChildren(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if HasChildren() {
			return // of another test
		}
		cmd := exec.Command("/proc/self/exe", "-test.run=^$")
		if err := cmd.Start(); err != nil {
			t.Error(err)
			return
		}
		if !HasChildren() {
			t.Error("a child isn't seen")
		}
		_ = cmd.Wait()
		if HasChildren() {
			t.Error("a child that has been waited for is seen")
		}
	}()
	<-done
}
