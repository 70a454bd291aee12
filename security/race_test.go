package security_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"seward/policy"
	"seward/security"
	"seward/security/avc"
)

// TestDecisionsDuringLoads lets 16 goroutines decide while policies and booleans
// change. Policy n gives dog_t exactly permission n of four on chow_t, and what
// the class numbers mean differs from one to the next: an answer that mixes two
// states, or is of a state that was over before the question, is seen.
func TestDecisionsDuringLoads(t *testing.T) {
	perms := []string{"read", "write", "ioctl", "relabelfrom"}
	var policies []*policy.Policy
	for n, perm := range perms {
		m := newMaker(t, true)
		for i := range n {
			m.typ(fmt.Sprint("filler", i))
		}
		m.typ("chow_t", "dog_t", fmt.Sprint("only", n))
		m.allow("dog_t chow_t file " + perm)
		m.rules(policy.TypeTransition, "dog_t chow_t file "+fmt.Sprint("only", n))
		a := m.boolean("a", false)
		m.b.Conditionals = []policy.Conditional{{
			Expr: []policy.BoolOp{{Kind: policy.BoolOperand, Boolean: a}},
			True: []policy.Rule{m.rule(policy.Allow, "dog_t chow_t food eat")},
		}}
		policies = append(policies, m.policy())
	}
	server, err := security.New(policies[0], &security.Options{Enforcing: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &tester{t, server}
	cache := avc.New(server, &avc.Options{Slots: 16})
	dog, chow, file, food := s.sid("u:r:dog_t:s1-s2:c1"), s.sid("u:object_r:chow_t:s1"), s.class("file"), s.class("food")
	done := make(chan struct{})
	var wait sync.WaitGroup
	for g := range 16 {
		wait.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				runtime.Gosched() // the loads are to come often
				// The state's number before and after the question brackets what may
				// be answered.
				from := server.Snapshot()
				d := cache.Decide(dog, chow, file)
				to := server.Snapshot()
				if !oneOf(from, to, dog, chow, file, d.Allowed) {
					t.Errorf("allowed %#x between epochs %d and %d", d.Allowed, from.Epoch(), to.Epoch())
					return
				}
				value, _ := from.Boolean("a")
				if got := cache.CheckAt(from, dog, chow, food, 1).Granted; got != (value || !from.Enforcing()) {
					t.Errorf("epoch %d: eating is %v with the boolean %v", from.Epoch(), got, value)
					return
				}
				if made, err := server.Create(dog, chow, file, ""); err != nil || made == 0 {
					t.Error(err)
					return
				}
				if _, err := server.SID(fmt.Sprintf("u:object_r:chow_t:s1:c%d,c%d", 1+i%4, 5+g%4)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 200 {
		if err := server.Load(policies[i%len(policies)]); err != nil {
			t.Error(err)
		}
		if err := server.SetBooleans(map[string]bool{"a": i%3 == 0}); err != nil {
			t.Error(err)
		}
		server.SetEnforcing(i%8 != 0)
		server.SetEnforcing(true)
		if got, err := server.Context(dog); err != nil || got != "u:r:dog_t:s1-s2:c1" {
			t.Errorf("dog is %q, %v", got, err)
		}
	}
	close(done)
	wait.Wait()
}

// oneOf reports whether the answer is that of a state from the first to the
// last. Between two known states any of the four policies may have been.
func oneOf(from, to *security.Snapshot, dog, chow policy.SID, file policy.ClassID, got policy.AccessVector) bool {
	if from.Policy() == to.Policy() && to.Epoch()-from.Epoch() < 4 {
		return got == from.ComputeAV(dog, chow, file).Allowed
	}
	return got == 1 || got == 2 || got == 4 || got == 8
}
