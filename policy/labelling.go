package policy

import "seward/policy/mls"

// Context is a security context by identifiers. Range is zero in a policy
// without MLS.
type Context struct {
	User  UserID
	Role  RoleID
	Type  TypeID
	Range mls.Range
}

// Equal reports whether both contexts are the same.
func (c Context) Equal(other Context) bool {
	return c.User == other.User && c.Role == other.Role && c.Type == other.Type && c.Range.Equal(other.Range)
}

// InitialSID is the context of an object that the kernel has before or beside
// any policy. Name is empty when it comes from an image, which has numbers only.
type InitialSID struct {
	SID     SID
	Name    string
	Context Context
	Pos     Pos
}

// FSContext is the historic per-filesystem pair of contexts; kernels ignore it.
type FSContext struct {
	Name             string
	Filesystem, File Context
}

// FSUseBehavior says how a filesystem's objects are labelled. The values stand
// in the image.
type FSUseBehavior uint32

// Behaviors of fs_use statements.
const (
	FSUseXattr FSUseBehavior = 1
	FSUseTrans FSUseBehavior = 2
	FSUseTask  FSUseBehavior = 3
)

// FSUse labels a filesystem type by behavior.
type FSUse struct {
	Behavior FSUseBehavior
	Name     string
	Context  Context
	Pos      Pos
}

// GenFS lists the paths of one filesystem type without own labels.
type GenFS struct {
	Filesystem string
	Paths      []GenFSPath // in image order, which is any: see Policy.GenFSPaths
}

// GenFSPath labels what lies at or under Path. Class 0: of every class.
type GenFSPath struct {
	Path    string
	Class   ClassID
	Context Context
	Pos     Pos
}

// PortContext labels ports of a protocol (IPPROTO_*: 6 TCP, 17 UDP, 33 DCCP, 132
// SCTP).
type PortContext struct {
	Protocol  uint8
	Low, High uint16
	Context   Context
	Pos       Pos
}

// NetifContext labels a network interface and, historically, its packets.
type NetifContext struct {
	Name               string
	Interface, Packets Context
	Pos                Pos
}

// NodeContext labels addresses. Address and Mask have 4 or 16 bytes in network
// order, alike.
type NodeContext struct {
	Address, Mask []byte
	Context       Context
	Pos           Pos
}

// IBPKeyContext labels partition keys of an InfiniBand subnet.
type IBPKeyContext struct {
	SubnetPrefix uint64 // host order
	Low, High    uint16
	Context      Context
	Pos          Pos
}

// IBEndPortContext labels a port of an InfiniBand device.
type IBEndPortContext struct {
	Device  string
	Port    uint8
	Context Context
	Pos     Pos
}
