package hooks_test

import (
	"fmt"

	"seward/enforce/hooks"
	"seward/policy"
)

// readOnly is an Asker that allows to read and to search.
type readOnly struct{ hooks.Asker }

func (readOnly) Check(q hooks.Query) hooks.Answer {
	denied := q.Perms &^ (hooks.FileRead | hooks.FileOpen | hooks.FileGetattr)
	return hooks.Answer{Refused: denied != 0, Denied: denied, Logged: denied}
}

func (readOnly) Has(c policy.Capability) bool { return c == policy.CapOpenPerms }

func ExampleOpenFile() {
	task := &hooks.Subject{SID: 100}
	file := &hooks.Inode{SID: 101, Class: hooks.ClassFile}
	fmt.Println(hooks.OpenFile(readOnly{}, task, file, hooks.OpenRead).Allowed())
	verdict := hooks.OpenFile(readOnly{}, task, file, hooks.OpenWrite)
	fmt.Println(verdict.Errno, verdict.Records[0].Perms.Names(hooks.ClassFile))
	// Output:
	// true
	// permission denied [write]
}
