package security

import (
	"sync"
	"sync/atomic"

	"seward/policy"
	"seward/policy/secctx"
)

// contextKey is a context by identifiers of one image. Ranges exist once, so
// keys can be compared.
type contextKey struct {
	user policy.UserID
	role policy.RoleID
	typ  policy.TypeID
	span *span
}

// context is what a SID stands for under one policy.
type context struct {
	contextKey
	// text is canonical, or what was given when the policy doesn't know it.
	text string
	// unknown: the policy doesn't know the text; the rest is zero.
	unknown bool
	// invalid: the parts exist but may not be combined. Such contexts come to be
	// in permissive mode only.
	invalid bool
}

func (c *context) value() policy.Context {
	v := policy.Context{User: c.user, Role: c.role, Type: c.typ}
	if c.span != nil {
		v.Range = c.span.Range
	}
	return v
}

// contexts maps SIDs to contexts and back under one policy. Look-ups take no
// lock. Whoever adds holds Server.grow.
type contexts struct {
	image *image
	list  atomic.Pointer[[]*context] // by SID; nil where nothing is

	keys     sync.Map // contextKey -> policy.SID
	texts    sync.Map // text of a valid context -> policy.SID
	unknowns sync.Map // text that the policy doesn't know -> policy.SID
}

// newContexts sets up the initial SIDs of a policy.
func newContexts(m *image) *contexts {
	x := &contexts{image: m}
	list := make([]*context, lastInitialSID+1, 256)
	x.list.Store(&list)
	userspace := m.policy.Has(policy.CapUserspaceInitialContext)
	for i := range m.data.InitialSIDs {
		s := &m.data.InitialSIDs[i]
		if _, used := InitialSIDName(s.SID); !used || s.SID == SIDInit && !userspace {
			continue
		}
		x.setInitial(list, s.SID, s.Context)
		// Without the capability, what runs before the first load has the
		// kernel's own label.
		if s.SID == SIDKernel && !userspace {
			x.setInitial(list, SIDInit, s.Context)
		}
	}
	return x
}

func (x *contexts) setInitial(list []*context, sid policy.SID, v policy.Context) {
	c := x.make(v)
	list[sid] = c
	// Of several initial SIDs with one context, the first stands for it.
	x.enter(c, sid)
}

// make returns the context for a value whose parts exist in the policy.
func (x *contexts) make(v policy.Context) *context {
	k := contextKey{user: v.User, role: v.Role, typ: v.Type, span: x.image.rangeOf(v.Range)}
	return x.fromKey(k)
}

func (x *contexts) fromKey(k contextKey) *context {
	c := &context{contextKey: k}
	c.text = secctx.Format(x.image.policy, c.value())
	return c
}

// known returns the context of a SID, that of unlabeled for a SID that stands
// for nothing or for a text that the policy doesn't know; nil if the policy has
// no unlabeled either.
func (x *contexts) known(sid policy.SID) *context {
	list := *x.list.Load()
	if uint64(sid) < uint64(len(list)) {
		if c := list[sid]; c != nil && !c.unknown {
			return c
		}
	}
	return list[SIDUnlabeled]
}

// any is known, but returns contexts that the policy doesn't know as they are.
func (x *contexts) any(sid policy.SID) *context {
	list := *x.list.Load()
	if uint64(sid) < uint64(len(list)) && list[sid] != nil {
		return list[sid]
	}
	return list[SIDUnlabeled]
}

// byKey returns the SID of a context, 0 if it has none yet.
func (x *contexts) byKey(k contextKey) policy.SID {
	if sid, ok := x.keys.Load(k); ok {
		return sid.(policy.SID) //nolint:errcheck // The map holds nothing else.
	}
	return 0
}

// byText returns the SID of a valid context by its canonical text, 0 if it has
// none yet.
func (x *contexts) byText(text string) policy.SID {
	if sid, ok := x.texts.Load(text); ok {
		return sid.(policy.SID) //nolint:errcheck // The map holds nothing else.
	}
	return 0
}

// byUnknown returns the SID of a text that the policy doesn't know, 0 if it has
// none yet.
func (x *contexts) byUnknown(text string) policy.SID {
	if sid, ok := x.unknowns.Load(text); ok {
		return sid.(policy.SID) //nolint:errcheck // The map holds nothing else.
	}
	return 0
}

// add gives c a SID, the one that an equal context has already or the next. The
// caller holds Server.grow.
func (x *contexts) add(c *context) policy.SID {
	if c.unknown {
		if sid := x.byUnknown(c.text); sid != 0 {
			return sid
		}
	} else if sid := x.byKey(c.contextKey); sid != 0 {
		return sid
	}
	return x.put(c)
}

// put appends c under the next SID. The list is published before the maps, so
// that whoever finds a SID in them finds its context.
func (x *contexts) put(c *context) policy.SID {
	list := *x.list.Load()
	sid := policy.SID(len(list)) //nolint:gosec // G115: memory ends before SIDs do.
	list = append(list, c)
	x.list.Store(&list)
	x.enter(c, sid)
	return sid
}

// enter makes c found by its parts or its text, unless another SID is already.
func (x *contexts) enter(c *context, sid policy.SID) {
	if c.unknown {
		x.unknowns.LoadOrStore(c.text, sid)
		return
	}
	x.keys.LoadOrStore(c.contextKey, sid)
	if !c.invalid {
		x.texts.LoadOrStore(c.text, sid)
	}
}
