package policydb

import "seward/policy"

// Words at the start of a file (libsepol policydb.h, module.h).
const (
	magicPolicy  = 0xf97cff8c
	magicModule  = 0xf97cff8d
	magicPackage = 0xf97cff8f

	targetSELinux = "SE Linux"
	targetXen     = "XenFlask"
	moduleString  = "SE Linux Module"
)

// Bits of the config word.
const (
	configMLS     = 1
	configUnknown = 6 // values of policy.HandleUnknown
)

// Bits of a type's property word.
const (
	propertyPrimary   = 1 // unset: an alias
	propertyAttribute = 2
)

// enabledMark is set in the kind of a conditional's rule that was in force when
// the image was written. It follows from the conditional's state.
const enabledMark = 0x8000

// symbolTables is the number of symbol tables: commons, classes, roles, types,
// users, booleans, sensitivities, categories.
const symbolTables = 8

// contextTables returns the number of tables of contexts in a version: initial
// SIDs, filesystems, ports, interfaces, nodes, fs_use, IPv6 nodes, and since 31
// InfiniBand partition keys and end ports.
func contextTables(version uint32) uint32 {
	if version >= policy.VersionInfiniband {
		return 9
	}
	return 7
}

// Limits of names (libsepol policydb.c, ocontext_read_selinux).
const (
	maxFilesystemName = 63 // of filesystem and netif contexts
	maxIBDeviceName   = 63
)

// Names of tables in paths of errors, those of policy.InvalidError.
const (
	tableHeader      = "header"
	tableCommons     = "commons"
	tableClasses     = "classes"
	tableRoles       = "roles"
	tableTypes       = "types"
	tableUsers       = "users"
	tableBooleans    = "booleans"
	tableLevels      = "levels"
	tableCategories  = "categories"
	tableRules       = "avtab"
	tableConds       = "conditionals"
	tableRoleTrans   = "role transitions"
	tableRoleAllow   = "role allows"
	tableFileTrans   = "filename transitions"
	tableRangeTrans  = "range transitions"
	tableSIDs        = "initial SIDs"
	tableFS          = "filesystems"
	tablePorts       = "ports"
	tableNetifs      = "network interfaces"
	tableNodes       = "nodes"
	tableFSUse       = "fs_use"
	tableNodes6      = "IPv6 nodes"
	tableIBPKeys     = "InfiniBand partition keys"
	tableIBEndPorts  = "InfiniBand end ports"
	tableGenFS       = "genfscon"
	tableAttributes  = "type attributes"
	tablePermissives = "permissive types"
)
