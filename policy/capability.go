package policy

// Capability is a policy capability: a bit by which a policy says that it is
// written for a newer behaviour of the kernel.
type Capability uint32

// Policy capabilities by number (kernel
// security/selinux/include/policycap.h).
const (
	CapNetworkPeerControls Capability = iota
	CapOpenPerms
	CapExtendedSocketClass
	CapAlwaysCheckNetwork
	CapCgroupSeclabel
	CapNNPNosuidTransition
	CapGenfsSeclabelSymlinks
	CapIoctlSkipCloexec
	CapUserspaceInitialContext
	CapNetlinkXperm
	CapNetifWildcard
	CapGenfsSeclabelWildcard
	CapFunctionfsSeclabel
	CapMemfdClass
	CapBPFTokenPerms
)

var capabilityNames = [...]string{
	CapNetworkPeerControls:     "network_peer_controls",
	CapOpenPerms:               "open_perms",
	CapExtendedSocketClass:     "extended_socket_class",
	CapAlwaysCheckNetwork:      "always_check_network",
	CapCgroupSeclabel:          "cgroup_seclabel",
	CapNNPNosuidTransition:     "nnp_nosuid_transition",
	CapGenfsSeclabelSymlinks:   "genfs_seclabel_symlinks",
	CapIoctlSkipCloexec:        "ioctl_skip_cloexec",
	CapUserspaceInitialContext: "userspace_initial_context",
	CapNetlinkXperm:            "netlink_xperm",
	CapNetifWildcard:           "netif_wildcard",
	CapGenfsSeclabelWildcard:   "genfs_seclabel_wildcard",
	CapFunctionfsSeclabel:      "functionfs_seclabel",
	CapMemfdClass:              "memfd_class",
	CapBPFTokenPerms:           "bpf_token_perms",
}

// Capabilities is the number of policy capabilities that seward knows.
const Capabilities = len(capabilityNames)

// String returns the name that a policy uses, empty for an unknown number.
func (c Capability) String() string {
	if int(c) < len(capabilityNames) {
		return capabilityNames[c]
	}
	return ""
}

// CapabilityByName returns the capability with the name.
func CapabilityByName(name string) (Capability, bool) {
	for i, n := range capabilityNames {
		if n == name {
			return Capability(i), true //nolint:gosec // G115: an index of a small table.
		}
	}
	return 0, false
}
