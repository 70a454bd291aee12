package selinuxfs

import (
	"sync"
	"syscall"

	"seward/enforce/hooks"
)

// Handle is an open file. Offsets are those of the kernel's files, which a write
// doesn't move: what a program writes first and reads then is at 0 both times.
// Verdicts carry what is to be logged.
type Handle interface {
	Read(c *Caller, p []byte, offset int64) (int, hooks.Verdict)
	Write(c *Caller, p []byte, offset int64) (int, hooks.Verdict)
}

// Whole is a Handle that must get what is written in one piece, however long. A
// carrier that gets it in pieces puts them together until Complete.
type Whole interface {
	Handle
	// Complete reports whether data is all that can be meant.
	Complete(data []byte) bool
}

// Reopener is a Handle whose file keeps something for each open description:
// Reopen gives what another description of the same file starts with.
type Reopener interface {
	Handle
	Reopen() Handle
}

// Open opens a node, after the checks that go with opening any file. Directories
// and the null device are not opened here (EISDIR, ENXIO).
func (t *Tree) Open(n Node, c *Caller) (Handle, hooks.Verdict) {
	switch n.kind {
	case kindAccess, kindCreate, kindRelabel, kindMember, kindContext, kindUser:
		return &transaction{tree: t, kind: n.kind}, hooks.Verdict{}
	case kindNull:
		return nil, hooks.Verdict{Errno: syscall.ENXIO}
	case kindPolicy:
		verdict := hooks.Security(t.asker, &c.Subject, hooks.SecurityReadPolicy)
		if !verdict.Allowed() {
			return nil, verdict
		}
		data, errno := t.content(n)
		if errno != 0 {
			verdict.Errno = errno
			return nil, verdict
		}
		return &image{tree: t, data: data}, verdict
	case kindLoad:
		return &loader{tree: t}, hooks.Verdict{}
	}
	if n.IsDir() {
		return nil, hooks.Verdict{Errno: syscall.EISDIR}
	}
	return &plain{tree: t, node: n}, hooks.Verdict{}
}

// fail is the verdict of a call that fails for another reason than permission.
func fail(errno syscall.Errno) hooks.Verdict { return hooks.Verdict{Errno: errno} }

// copyAt reads data from an offset.
func copyAt(p, data []byte, offset int64) (int, hooks.Verdict) {
	switch {
	case offset < 0:
		return 0, fail(syscall.EINVAL)
	case offset >= int64(len(data)):
		return 0, hooks.Verdict{}
	}
	return copy(p, data[offset:]), hooks.Verdict{}
}

// plain is an open file whose content is a value and whose writes set it.
type plain struct {
	tree *Tree
	node Node
}

func (h *plain) Read(_ *Caller, p []byte, offset int64) (int, hooks.Verdict) {
	data, errno := h.tree.content(h.node)
	if errno != 0 {
		return 0, fail(errno)
	}
	return copyAt(p, data, offset)
}

func (h *plain) Write(c *Caller, p []byte, offset int64) (int, hooks.Verdict) {
	var verdict hooks.Verdict
	switch h.node.kind {
	case kindEnforce:
		verdict = h.setEnforcing(c, p, offset)
	case kindBoolean:
		verdict = h.setBoolean(c, p, offset)
	case kindCommit:
		verdict = h.commit(c, p, offset)
	case kindDisable:
		// Kernels take the number and no longer do anything with it.
		_, verdict.Errno = writtenInt(p, offset)
	case kindCheckReqProt:
		verdict = hooks.Security(h.tree.asker, &c.Subject, hooks.SecuritySetcheckreqprot)
		if verdict.Allowed() {
			_, verdict.Errno = writtenInt(p, offset)
		}
	case kindThreshold:
		verdict = h.setThreshold(c, p, offset)
	case kindValidate:
		verdict = h.validate(c, p, offset)
	default:
		verdict = fail(syscall.EINVAL)
	}
	if !verdict.Allowed() {
		return 0, verdict
	}
	return len(p), verdict
}

// writtenInt checks a write of a number, which must be in one piece, and returns
// it.
func writtenInt(p []byte, offset int64) (int, syscall.Errno) {
	switch {
	case len(p) >= pageSize:
		return 0, syscall.ENOMEM
	case offset != 0:
		return 0, syscall.EINVAL
	}
	value, ok := parseInt(string(p))
	if !ok {
		return 0, syscall.EINVAL
	}
	return value, 0
}

func (h *plain) setEnforcing(c *Caller, p []byte, offset int64) hooks.Verdict {
	value, errno := writtenInt(p, offset)
	if errno != 0 {
		return fail(errno)
	}
	return h.tree.setEnforcing(c, value != 0)
}

// mayWriteBoolean makes the checks of both files about booleans in the kernel's
// order: size, permission, content.
func (h *plain) mayWriteBoolean(c *Caller, p []byte, offset int64) (int, hooks.Verdict) {
	switch {
	case len(p) >= pageSize:
		return 0, fail(syscall.ENOMEM)
	case offset != 0:
		return 0, fail(syscall.EINVAL)
	}
	verdict := hooks.Security(h.tree.asker, &c.Subject, hooks.SecuritySetbool)
	if !verdict.Allowed() {
		return 0, verdict
	}
	value, ok := parseInt(string(p))
	if !ok {
		verdict.Errno = syscall.EINVAL
	}
	return value, verdict
}

func (h *plain) setBoolean(c *Caller, p []byte, offset int64) hooks.Verdict {
	value, verdict := h.mayWriteBoolean(c, p, offset)
	if verdict.Allowed() {
		verdict.Errno = h.tree.stage(h.node.name, value != 0)
	}
	return verdict
}

func (h *plain) commit(c *Caller, p []byte, offset int64) hooks.Verdict {
	value, verdict := h.mayWriteBoolean(c, p, offset)
	if verdict.Allowed() && value != 0 {
		verdict.Errno = h.tree.commit(c)
	}
	return verdict
}

func (h *plain) validate(c *Caller, p []byte, offset int64) hooks.Verdict {
	verdict := hooks.Security(h.tree.asker, &c.Subject, hooks.SecurityValidateTrans)
	switch {
	case !verdict.Allowed():
	case len(p) >= pageSize:
		verdict.Errno = syscall.ENOMEM
	case offset != 0:
		verdict.Errno = syscall.EINVAL
	default:
		verdict.Errno = ValidateTransition(h.tree.server, string(p))
	}
	return verdict
}

// transaction is an open query file: one write asks, reads give the answer.
type transaction struct {
	tree *Tree
	kind kind

	mu     sync.Mutex
	asked  bool
	answer []byte
}

// Reopen implements Reopener.
func (h *transaction) Reopen() Handle { return &transaction{tree: h.tree, kind: h.kind} }

func (h *transaction) Read(_ *Caller, p []byte, offset int64) (int, hooks.Verdict) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return copyAt(p, h.answer, offset)
}

func (h *transaction) Write(c *Caller, p []byte, _ int64) (int, hooks.Verdict) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case len(p) > maxTransaction-1:
		return 0, fail(syscall.EFBIG)
	case h.asked:
		return 0, fail(syscall.EBUSY)
	}
	// As in the kernel an open file takes one question, answered or not.
	h.asked = true
	answer, verdict := h.ask(c, string(p))
	if !verdict.Allowed() {
		return 0, verdict
	}
	h.answer = answer
	return len(p), verdict
}

// transactions are the query files with what they ask permission for. The kernel
// counts the NUL behind a context as part of the answer.
var transactions = map[kind]struct {
	perms      hooks.Perms
	answer     func(Server, string) (string, syscall.Errno)
	terminated bool
}{
	kindAccess:  {hooks.SecurityComputeAV, Access, false},
	kindCreate:  {hooks.SecurityComputeCreate, Create, true},
	kindRelabel: {hooks.SecurityComputeRelabel, Relabel, true},
	kindMember:  {hooks.SecurityComputeMember, Member, true},
	kindContext: {hooks.SecurityCheckContext, Context, true},
}

func (h *transaction) ask(c *Caller, text string) ([]byte, hooks.Verdict) {
	if h.kind == kindUser {
		// The question which contexts a user can reach has no answer any more.
		return []byte{'0', 0}, hooks.Verdict{}
	}
	file := transactions[h.kind]
	verdict := hooks.Security(h.tree.asker, &c.Subject, file.perms)
	if !verdict.Allowed() {
		return nil, verdict
	}
	answer, errno := file.answer(h.tree.server, text)
	if errno != 0 {
		verdict.Errno = errno
		return nil, verdict
	}
	data := []byte(answer)
	if file.terminated {
		data = append(data, 0)
	}
	return data, verdict
}

// image is the open file policy: the policy that was in force at open.
type image struct {
	tree *Tree
	data []byte
}

func (h *image) Read(c *Caller, p []byte, offset int64) (int, hooks.Verdict) {
	verdict := hooks.Security(h.tree.asker, &c.Subject, hooks.SecurityReadPolicy)
	if !verdict.Allowed() {
		return 0, verdict
	}
	n, read := copyAt(p, h.data, offset)
	verdict.Errno = read.Errno
	return n, verdict
}

func (h *image) Write(*Caller, []byte, int64) (int, hooks.Verdict) { return 0, fail(syscall.EINVAL) }

// loader is the open file load.
type loader struct{ tree *Tree }

func (h *loader) Read(*Caller, []byte, int64) (int, hooks.Verdict) { return 0, fail(syscall.EINVAL) }

func (h *loader) Write(c *Caller, p []byte, offset int64) (int, hooks.Verdict) {
	verdict := hooks.Security(h.tree.asker, &c.Subject, hooks.SecurityLoadPolicy)
	switch {
	case !verdict.Allowed():
		return 0, verdict
	case offset != 0:
		verdict.Errno = syscall.EINVAL
	default:
		verdict.Errno = h.tree.load(c, p)
	}
	if !verdict.Allowed() {
		return 0, verdict
	}
	return len(p), verdict
}

// Complete implements Whole: an image says itself where it ends.
func (h *loader) Complete(data []byte) bool { return completeImage(data) }
