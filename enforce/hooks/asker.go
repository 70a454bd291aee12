package hooks

import "seward/policy"

// Query is one question to the security server: may Source have all of Perms
// on Target?
type Query struct {
	Source, Target policy.SID
	Class          Class
	Perms          Perms
	// AuditIf, when set, has a denial logged only if the policy audits the denial
	// of this permission too. access(2) sets it to AuditAccess, so that a policy
	// can silence the mere question.
	AuditIf Perms
	// Quiet has nothing logged, as for the kernel's avc_has_perm_noaudit.
	Quiet bool
	// Xperm is the extended permission asked for with Perms, if any.
	Xperm Xperm
}

// XpermKind says what the value of an extended permission is.
type XpermKind uint8

// Kinds of extended permissions.
const (
	XpermNone  XpermKind = iota
	XpermIoctl           // the low 16 bits of an ioctl command
	XpermNlmsg           // a netlink message type
)

// Xperm is an extended permission: allowed by the base permission and, when the
// policy has any rule of the kind for the triple, by that rule.
type Xperm struct {
	Kind  XpermKind
	Value uint16
}

// Answer is what the policy says to a Query.
type Answer struct {
	// Refused reports that the operation must fail: something was denied and
	// neither the system nor the source domain is permissive.
	Refused bool
	// Denied holds the permissions asked for and not allowed, permissive or not.
	Denied Perms
	// Logged holds the permissions to be logged: denied ones if Denied is not
	// empty, else granted ones.
	Logged Perms
}

// InitialSID names a context that the kernel has beside any object.
type InitialSID uint8

// Initial SIDs that hooks ask for.
const (
	SIDKernel InitialSID = iota
	SIDSecurity
	SIDUnlabeled
	SIDFile
	SIDInit
	SIDPort
	SIDNetif
	SIDNode
	SIDDevnull
	initialSIDCount
)

var initialSIDNames = [initialSIDCount]string{
	"kernel", "security", "unlabeled", "file", "init", "port", "netif", "node", "devnull",
}

// String returns the name that policies use.
func (s InitialSID) String() string {
	if s < initialSIDCount {
		return initialSIDNames[s]
	}
	return "invalid"
}

// Asker answers the questions of hooks. Implementations are safe for concurrent
// use.
type Asker interface {
	// Check answers one query. An empty request is allowed.
	Check(q Query) Answer
	// Transition returns the label of what source creates in or from target: the
	// label of a new object called name (empty when it has none), or of a
	// process that executes target.
	Transition(source, target policy.SID, class Class, name string) (policy.SID, error)
	// SID returns the identifier of a context's text, an error if the policy
	// doesn't know it.
	SID(context string) (policy.SID, error)
	// UnknownSID returns an identifier for a text that the policy need not know:
	// it stands for unlabeled and keeps its text.
	UnknownSID(context string) (policy.SID, error)
	// ValidateTransition returns an error if a constraint forbids that task
	// relabels an object of class from old to updated and the system enforces
	// that. Whoever answers logs it.
	ValidateTransition(old, updated policy.SID, class Class, task policy.SID) error
	// Bounded reports whether the type of child is bounded by that of parent, or
	// the same. Whoever answers logs that it isn't.
	Bounded(parent, child policy.SID) bool
	// Initial returns an initial SID.
	Initial(name InitialSID) policy.SID
	// Has reports whether the policy sets the policy capability.
	Has(c policy.Capability) bool
	// Enforcing reports whether the system is in enforcing mode.
	Enforcing() bool
	// AllowUnknown reports whether the policy allows what it doesn't know.
	AllowUnknown() bool
}
