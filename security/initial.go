package security

import "seward/policy"

// Initial SIDs that the kernel uses.
const (
	SIDKernel    policy.SID = 1
	SIDSecurity  policy.SID = 2
	SIDUnlabeled policy.SID = 3
	SIDFile      policy.SID = 5
	SIDInit      policy.SID = 7
	SIDAnySocket policy.SID = 8
	SIDPort      policy.SID = 9
	SIDNetif     policy.SID = 10
	SIDNetmsg    policy.SID = 11
	SIDNode      policy.SID = 12
	SIDDevnull   policy.SID = 27

	lastInitialSID = SIDDevnull
)

// initialSIDs has the kernel's names by number (kernel
// security/selinux/include/initial_sid_to_string.h and the history of it). A
// policy image has numbers only.
var initialSIDs = [lastInitialSID + 1]struct {
	name string
	used bool // by current kernels; what a policy says of others is ignored
}{
	1:  {"kernel", true},
	2:  {"security", true},
	3:  {"unlabeled", true},
	4:  {"fs", false},
	5:  {"file", true},
	6:  {"file_labels", false},
	7:  {"init", true},
	8:  {"any_socket", true},
	9:  {"port", true},
	10: {"netif", true},
	11: {"netmsg", true},
	12: {"node", true},
	13: {"igmp_packet", false},
	14: {"icmp_socket", false},
	15: {"tcp_socket", false},
	16: {"sysctl_modprobe", false},
	17: {"sysctl", false},
	18: {"sysctl_fs", false},
	19: {"sysctl_kernel", false},
	20: {"sysctl_net", false},
	21: {"sysctl_net_unix", false},
	22: {"sysctl_vm", false},
	23: {"sysctl_dev", false},
	24: {"kmod", false},
	25: {"policy", false},
	26: {"scmp_packet", false},
	27: {"devnull", true},
}

// InitialSIDName returns the kernel's name of an initial SID, empty for other
// numbers. used reports whether current kernels still use it.
func InitialSIDName(sid policy.SID) (name string, used bool) {
	if sid > lastInitialSID {
		return "", false
	}
	return initialSIDs[sid].name, initialSIDs[sid].used
}

// InitialSIDByName returns the number of an initial SID, 0 if the kernel has
// none of that name.
func InitialSIDByName(name string) policy.SID {
	if name == "" {
		return 0
	}
	for sid := range initialSIDs {
		if initialSIDs[sid].name == name {
			return policy.SID(sid) //nolint:gosec // G115: an index of a small table.
		}
	}
	return 0
}
