package source

import (
	"fmt"
	"strings"

	"seward/policy"
	"seward/policy/secctx"
)

// Kind tells what a context that a command line abbreviates belongs to.
type Kind uint8

// Kinds of labelled things. An object has the role object_r, a task one that may
// have its type.
const (
	Task Kind = iota
	Object
)

// taskClasses are the classes beside sockets whose objects carry the label of a
// task: the task itself or what it made in memory.
var taskClasses = map[string]bool{
	"process": true, "process2": true, "fd": true, "key": true, "memprotect": true, "user_namespace": true,
	"capability": true, "capability2": true, "cap_userns": true, "cap2_userns": true,
	"msg": true, "msgq": true, "sem": true, "shm": true, "ipc": true, "bpf": true, "perf_event": true,
	"io_uring": true, "binder": true, "dbus": true, "nscd": true, "passwd": true, "context": true,
}

// KindOf returns what the target of a query about the class usually is.
func KindOf(class string) Kind {
	if taskClasses[class] || strings.HasSuffix(class, "socket") && class != "sock_file" {
		return Task
	}
	return Object
}

// Context completes a context of a command line as secctx.Complete does and
// returns its canonical text. A type alone has the role of objects if it is that
// of an Object, and must have another if it is that of a Task.
func Context(p *policy.Policy, text string, kind Kind) (string, error) {
	c, err := secctx.Complete(p, text)
	if err != nil {
		return "", err
	}
	name, _, _ := strings.Cut(text, ":")
	if p.TypeByName(name) != nil && p.UserByName(name) == nil {
		switch {
		case kind == Object:
			c.Role = policy.ObjectRole
		case c.Role == policy.ObjectRole:
			return "", fmt.Errorf("no user of the policy has a role that may have type %s", name)
		}
	}
	return secctx.Format(p, c), nil
}
