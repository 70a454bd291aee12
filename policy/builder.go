package policy

import "seward/policy/ebitmap"

// Builder is a policy as plain data, tables in image order. Build takes
// ownership of everything in it.
type Builder struct {
	Version       uint32 // of the image read, or that a compiler aimed at; VersionMin to VersionMax
	MLS           bool
	HandleUnknown HandleUnknown
	Capabilities  ebitmap.Bitmap // policy capabilities by number

	Commons       []Common
	Classes       []Class
	Roles         []Role
	Types         []Type
	Users         []User
	Booleans      []Boolean
	Sensitivities []Sensitivity
	Categories    []Category
	Sizes         Sizes

	// TypeAttributes has, at index id-1, the attributes that the type has, itself
	// included. For an attribute: what the image says, usually itself.
	TypeAttributes []ebitmap.Set[TypeID]
	Permissive     ebitmap.Set[TypeID]
	NeverAudit     ebitmap.Set[TypeID]

	Rules               []Rule
	Xperms              []Xperms // of Rules and of the conditionals' rules
	Conditionals        []Conditional
	RoleTransitions     []RoleTransition
	RoleAllows          []RoleAllow
	FilenameTransitions []FilenameTransition
	RangeTransitions    []RangeTransition

	InitialSIDs []InitialSID
	FSContexts  []FSContext
	Ports       []PortContext
	Netifs      []NetifContext
	Nodes       []NodeContext // IPv4
	FSUses      []FSUse
	Nodes6      []NodeContext // IPv6
	IBPKeys     []IBPKeyContext
	IBEndPorts  []IBEndPortContext
	GenFS       []GenFS

	Files   []string // names of source files; FileID n is Files[n-1]
	Origins []Origin
}
