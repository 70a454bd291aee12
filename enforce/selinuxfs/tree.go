package selinuxfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"syscall"

	"seward/enforce/hooks"
	"seward/format/policydb"
	"seward/policy"
	"seward/policy/secctx"
	"seward/security"
	"seward/security/avc"
)

// Unset is a login or session number that is not set.
const Unset = ^uint32(0)

// Caller is who reads or writes.
type Caller struct {
	Subject hooks.Subject
	// Login returns who logged in and the number of the session, Unset if nobody
	// did. Default: nobody.
	Login func() (uid, session uint32)
	// Ref is whatever the caller of Handle's methods wants to know again in
	// Options.Audit.
	Ref any
}

// login is Login with its default.
func (c *Caller) login() (uid, session uint32) {
	if c.Login == nil {
		return Unset, Unset
	}
	return c.Login()
}

// Change is what a write to a file has changed of the system as a whole.
type Change uint8

// Changes of the system.
const (
	ChangedMode     Change = iota // enforcing or permissive
	ChangedPolicy                 // another policy
	ChangedBooleans               // other values of booleans
)

// Options configure a Tree.
type Options struct {
	// Server decides. Required.
	Server *security.Server
	// Asker answers whether a caller may. Required.
	Asker hooks.Asker
	// Cache is what the files of avc tell about. Default: nothing was ever asked.
	Cache *avc.Cache
	// Changed is called after a change, before the write that made it returns.
	// It may be called from several goroutines, one at a time, and must not use
	// the Tree. Default: nothing.
	Changed func(Change)
	// Page is called with the new content of the status page under the same
	// conditions, before Changed. Default: nothing.
	Page func(Status)
	// Audit gets what is to be logged of changes: who made it, the type of the
	// record, such as MAC_STATUS, and its text. Default: nothing.
	Audit func(c *Caller, kind, text string)
}

// Tree is /sys/fs/selinux over a security server. New makes one.
type Tree struct {
	server  *security.Server
	asker   hooks.Asker
	cache   *avc.Cache
	changed func(Change)
	page    func(Status)
	audit   func(c *Caller, kind, text string)

	mu      sync.Mutex // guards all below and serialises changes
	pending map[string]bool
	status  Status
	// threshold is what was last written to avc/cache_threshold.
	threshold int
}

// New returns a Tree.
func New(opts *Options) *Tree {
	t := &Tree{
		server: opts.Server, asker: opts.Asker, changed: opts.Changed, page: opts.Page, audit: opts.Audit,
		cache: opts.Cache, pending: map[string]bool{}, threshold: defaultThreshold,
	}
	if t.changed == nil {
		t.changed = func(Change) {}
	}
	if t.page == nil {
		t.page = func(Status) {}
	}
	if t.audit == nil {
		t.audit = func(*Caller, string, string) {}
	}
	v := t.server.Snapshot()
	t.status = Status{
		Version: 1, Enforcing: number(v.Enforcing()), PolicyLoad: v.Seqno(), DenyUnknown: number(!v.AllowUnknown()),
	}
	return t
}

// Status is the content of the status page. Sequence is odd while the others
// change.
type Status struct {
	Version, Sequence, Enforcing, PolicyLoad, DenyUnknown uint32
}

// StatusSize is the length of the status page's content.
const StatusSize = 20

// Bytes returns the page's content in the machine's byte order.
func (s Status) Bytes() []byte {
	buf := make([]byte, 0, StatusSize)
	for _, v := range []uint32{s.Version, s.Sequence, s.Enforcing, s.PolicyLoad, s.DenyUnknown} {
		buf = binary.NativeEndian.AppendUint32(buf, v)
	}
	return buf
}

// Status returns the present content of the status page.
func (t *Tree) Status() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}

// SID returns the label of a node: that of genfscon statements, unlabeled where
// there are none.
func (t *Tree) SID(n Node) policy.SID {
	if n.IsNull() {
		return t.server.InitialSID("devnull")
	}
	if sid, ok := t.genFS(n.GenFSPath(), n); ok {
		return sid
	}
	if n.kind == kindBoolean {
		return t.server.InitialSID("security")
	}
	return t.server.InitialSID("unlabeled")
}

func (t *Tree) genFS(path string, n Node) (policy.SID, bool) {
	p := t.server.Policy()
	name := "file"
	if n.IsDir() || path == "/" {
		name = "dir"
	}
	var class policy.ClassID
	if c := p.ClassByName(name); c != nil {
		class = c.ID
	}
	g := p.MatchGenFS(p.GenFSPaths(Type), path, class)
	if g == nil {
		return 0, false
	}
	sid, err := t.server.SID(secctx.Format(p, g.Context))
	return sid, err == nil
}

func number(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func decimal(b bool) []byte { return strconv.AppendUint(nil, uint64(number(b)), 10) }

// content returns what reading a node without state gives.
func (t *Tree) content(n Node) ([]byte, syscall.Errno) {
	v := t.server.Snapshot()
	switch n.kind {
	case kindEnforce:
		return decimal(v.Enforcing()), 0
	case kindPolicyVersion:
		return strconv.AppendUint(nil, policy.VersionMax, 10), 0
	case kindMLS:
		return decimal(v.Policy().MLS()), 0
	case kindCheckReqProt:
		return []byte("0"), 0
	case kindRejectUnknown:
		return decimal(v.Policy().HandleUnknown() == policy.RejectUnknown), 0
	case kindDenyUnknown:
		return decimal(!v.AllowUnknown()), 0
	case kindStatus:
		return t.Status().Bytes(), 0
	case kindBoolean:
		return t.boolean(v, n.name)
	case kindInitial:
		text, err := v.Context(policy.SID(n.number))
		if err != nil {
			return nil, ErrnoOf(err)
		}
		return append([]byte(text), 0), 0
	case kindIndex:
		return strconv.AppendUint(nil, uint64(n.class), 10), 0
	case kindPermission:
		return strconv.AppendUint(nil, uint64(n.number), 10), 0
	case kindCapability:
		return decimal(v.Policy().Has(policy.Capability(n.number))), 0
	case kindThreshold, kindHashStats, kindCacheStats, kindSIDStats:
		return t.statistics(n.kind), 0
	case kindPolicy:
		image, err := Image(v.Policy())
		if err != nil {
			return nil, syscall.EIO
		}
		return image, 0
	}
	return nil, syscall.EINVAL
}

// Image returns a policy as the file policy shows it and load takes it.
func Image(p *policy.Policy) ([]byte, error) {
	var image bytes.Buffer
	if err := policydb.Write(&image, p, nil); err != nil {
		return nil, fmt.Errorf("write policy: %w", err)
	}
	return image.Bytes(), nil
}

// boolean is "CURRENT PENDING".
func (t *Tree) boolean(v *security.Snapshot, name string) ([]byte, syscall.Errno) {
	value, ok := v.Boolean(name)
	if !ok {
		return nil, syscall.EINVAL
	}
	t.mu.Lock()
	pending, staged := t.pending[name]
	t.mu.Unlock()
	if !staged {
		pending = value
	}
	return fmt.Appendf(nil, "%d %d", number(value), number(pending)), 0
}

// setEnforcing changes the mode, if it isn't the present one, of a caller who
// may.
func (t *Tree) setEnforcing(c *Caller, on bool) hooks.Verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.server.Enforcing()
	if on == before {
		return hooks.Verdict{}
	}
	verdict := hooks.Security(t.asker, &c.Subject, hooks.SecuritySetenforce)
	if !verdict.Allowed() {
		return verdict
	}
	uid, session := c.login()
	t.audit(c, "MAC_STATUS", fmt.Sprintf(
		"enforcing=%d old_enforcing=%d auid=%d ses=%d enabled=1 old-enabled=1 lsm=selinux res=1",
		number(on), number(before), uid, session,
	))
	t.server.SetEnforcing(on)
	t.status.Sequence += 2
	t.status.Enforcing = number(on)
	t.page(t.status)
	t.changed(ChangedMode)
	return verdict
}

// stage sets the pending value of a boolean.
func (t *Tree) stage(name string, value bool) syscall.Errno {
	if _, ok := t.server.Snapshot().Boolean(name); !ok {
		return syscall.EINVAL
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending[name] = value
	return 0
}

// commit makes the pending values of booleans the current ones.
func (t *Tree) commit(c *Caller) syscall.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.server.Booleans()
	if err := t.server.SetBooleans(t.pending); err != nil {
		return ErrnoOf(err)
	}
	for _, b := range t.server.Policy().Data().Booleans {
		value, staged := t.pending[b.Name]
		if staged && value != before[b.Name] {
			uid, session := c.login()
			t.audit(c, "MAC_CONFIG_CHANGE", fmt.Sprintf(
				"bool=%s val=%d old_val=%d auid=%d ses=%d",
				b.Name, number(value), number(before[b.Name]), uid, session,
			))
		}
	}
	clear(t.pending)
	t.loaded()
	t.page(t.status)
	t.changed(ChangedBooleans)
	return 0
}

// load puts a policy in force.
func (t *Tree) load(c *Caller, image []byte) syscall.Errno {
	p, err := policydb.Read("load", image)
	if err == nil {
		err = policydb.Loadable(p)
	}
	if err != nil {
		return syscall.EINVAL
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.HandleUnknown() == policy.RejectUnknown && len(hooks.NewMap(p).Missing()) > 0 {
		return syscall.EINVAL
	}
	if err := t.server.Load(p); err != nil {
		return ErrnoOf(err)
	}
	clear(t.pending)
	t.loaded()
	uid, session := c.login()
	t.audit(c, "MAC_POLICY_LOAD", fmt.Sprintf("auid=%d ses=%d lsm=selinux res=1", uid, session))
	t.page(t.status)
	t.changed(ChangedPolicy)
	return 0
}

// completeImage reports whether data is a whole image, or doesn't even begin like
// one.
func completeImage(data []byte) bool {
	_, err := policydb.Read("load", data)
	return err == nil || errors.Is(err, policydb.ErrMagic)
}

// loaded brings the status page up to date after a load or commit.
func (t *Tree) loaded() {
	v := t.server.Snapshot()
	t.status.Sequence += 2
	t.status.PolicyLoad = v.Seqno()
	t.status.DenyUnknown = number(!v.AllowUnknown())
}
