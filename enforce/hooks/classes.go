package hooks

import "strconv"

// Class is an object class of the kernel. It is not a policy's number: a Map
// gives that.
type Class uint8

// Classes in the kernel's order (kernel security/selinux/include/classmap.h).
const (
	ClassInvalid Class = iota
	ClassSecurity
	ClassProcess
	ClassProcess2
	ClassSystem
	ClassCapability
	ClassFilesystem
	ClassFile
	ClassDir
	ClassFD
	ClassLnkFile
	ClassChrFile
	ClassBlkFile
	ClassSockFile
	ClassFifoFile
	ClassSocket
	ClassTCPSocket
	ClassUDPSocket
	ClassRawIPSocket
	ClassNode
	ClassNetif
	ClassNetlinkSocket
	ClassPacketSocket
	ClassKeySocket
	ClassUnixStreamSocket
	ClassUnixDgramSocket
	ClassSem
	ClassMsg
	ClassMsgq
	ClassShm
	ClassIPC
	ClassNetlinkRouteSocket
	ClassNetlinkTCPDiagSocket
	ClassNetlinkNFLogSocket
	ClassNetlinkXFRMSocket
	ClassNetlinkSELinuxSocket
	ClassNetlinkISCSISocket
	ClassNetlinkAuditSocket
	ClassNetlinkFIBLookupSocket
	ClassNetlinkConnectorSocket
	ClassNetlinkNetfilterSocket
	ClassNetlinkDNRTSocket
	ClassAssociation
	ClassNetlinkKobjectUeventSocket
	ClassNetlinkGenericSocket
	ClassNetlinkSCSITransportSocket
	ClassNetlinkRDMASocket
	ClassNetlinkCryptoSocket
	ClassAppleTalkSocket
	ClassPacket
	ClassKey
	ClassDCCPSocket
	ClassMemprotect
	ClassPeer
	ClassCapability2
	ClassKernelService
	ClassTunSocket
	ClassBinder
	ClassCapUserns
	ClassCap2Userns
	ClassSCTPSocket
	ClassICMPSocket
	ClassAX25Socket
	ClassIPXSocket
	ClassNetromSocket
	ClassATMPVCSocket
	ClassX25Socket
	ClassRoseSocket
	ClassDECnetSocket
	ClassATMSVCSocket
	ClassRDSSocket
	ClassIRDASocket
	ClassPPPoXSocket
	ClassLLCSocket
	ClassCANSocket
	ClassTIPCSocket
	ClassBluetoothSocket
	ClassIUCVSocket
	ClassRXRPCSocket
	ClassISDNSocket
	ClassPhonetSocket
	ClassIEEE802154Socket
	ClassCAIFSocket
	ClassAlgSocket
	ClassNFCSocket
	ClassVsockSocket
	ClassKCMSocket
	ClassQIPCRTRSocket
	ClassSMCSocket
	ClassInfinibandPKey
	ClassInfinibandEndport
	ClassBPF
	ClassXDPSocket
	ClassMCTPSocket
	ClassPerfEvent
	ClassAnonInode
	ClassIOUring
	ClassUserNamespace
	ClassMemfdFile

	classCount
)

// classInfo is the name of a class and of its permissions; number i is bit i.
type classInfo struct {
	name  string
	perms []string
}

// The permissions that groups of classes have in common.
var (
	fileSockNames = []string{
		"ioctl", "read", "write", "create", "getattr", "setattr", "lock",
		"relabelfrom", "relabelto", "append", "map",
	}
	fileNames = with(
		fileSockNames, "unlink", "link", "rename", "execute", "quotaon", "mounton",
		"audit_access", "open", "execmod", "watch", "watch_mount", "watch_sb",
		"watch_with_perm", "watch_reads", "watch_mountns",
	)
	programNames = with(fileNames, "execute_no_trans", "entrypoint")
	socketNames  = with(
		fileSockNames, "bind", "connect", "listen", "accept", "getopt", "setopt",
		"shutdown", "recvfrom", "sendto", "name_bind",
	)
	inetNames    = with(socketNames, "node_bind")
	streamNames  = with(socketNames, "node_bind", "name_connect")
	messageNames = with(socketNames, "nlmsg_read", "nlmsg_write", "nlmsg")
	ipcNames     = []string{
		"create", "destroy", "getattr", "setattr", "read", "write", "associate",
		"unix_read", "unix_write",
	}
	capabilityNames = []string{
		"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill",
		"setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
		"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
		"sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
		"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
		"sys_tty_config", "mknod", "lease", "audit_write", "audit_control",
		"setfcap",
	}
	capability2Names = []string{
		"mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend",
		"audit_read", "perfmon", "bpf", "checkpoint_restore",
	}
)

// with returns base followed by more, in memory of its own.
func with(base []string, more ...string) []string {
	return append(base[:len(base):len(base)], more...)
}

var classes = [classCount]classInfo{
	ClassSecurity: {"security", []string{
		"compute_av", "compute_create", "compute_member", "check_context",
		"load_policy", "compute_relabel", "compute_user", "setenforce", "setbool",
		"setsecparam", "setcheckreqprot", "read_policy", "validate_trans",
	}},
	ClassProcess: {"process", []string{
		"fork", "transition", "sigchld", "sigkill", "sigstop", "signull", "signal",
		"ptrace", "getsched", "setsched", "getsession", "getpgid", "setpgid",
		"getcap", "setcap", "share", "getattr", "setexec", "setfscreate",
		"noatsecure", "siginh", "setrlimit", "rlimitinh", "dyntransition",
		"setcurrent", "execmem", "execstack", "execheap", "setkeycreate",
		"setsockcreate", "getrlimit",
	}},
	ClassProcess2: {"process2", []string{"nnp_transition", "nosuid_transition"}},
	ClassSystem: {"system", []string{
		"ipc_info", "syslog_read", "syslog_mod", "syslog_console",
		"module_request", "module_load", "firmware_load", "kexec_image_load",
		"kexec_initramfs_load", "policy_load", "x509_certificate_load",
	}},
	ClassCapability: {"capability", capabilityNames},
	ClassFilesystem: {"filesystem", []string{
		"mount", "remount", "unmount", "getattr", "relabelfrom", "relabelto",
		"associate", "quotamod", "quotaget", "watch",
	}},
	ClassFile:                 {"file", programNames},
	ClassDir:                  {"dir", with(fileNames, "add_name", "remove_name", "reparent", "search", "rmdir")},
	ClassFD:                   {"fd", []string{"use"}},
	ClassLnkFile:              {"lnk_file", fileNames},
	ClassChrFile:              {"chr_file", fileNames},
	ClassBlkFile:              {"blk_file", fileNames},
	ClassSockFile:             {"sock_file", fileNames},
	ClassFifoFile:             {"fifo_file", fileNames},
	ClassSocket:               {"socket", socketNames},
	ClassTCPSocket:            {"tcp_socket", streamNames},
	ClassUDPSocket:            {"udp_socket", inetNames},
	ClassRawIPSocket:          {"rawip_socket", inetNames},
	ClassNode:                 {"node", []string{"recvfrom", "sendto"}},
	ClassNetif:                {"netif", []string{"ingress", "egress"}},
	ClassNetlinkSocket:        {"netlink_socket", socketNames},
	ClassPacketSocket:         {"packet_socket", socketNames},
	ClassKeySocket:            {"key_socket", socketNames},
	ClassUnixStreamSocket:     {"unix_stream_socket", with(socketNames, "connectto")},
	ClassUnixDgramSocket:      {"unix_dgram_socket", socketNames},
	ClassSem:                  {"sem", ipcNames},
	ClassMsg:                  {"msg", []string{"send", "receive"}},
	ClassMsgq:                 {"msgq", with(ipcNames, "enqueue")},
	ClassShm:                  {"shm", with(ipcNames, "lock")},
	ClassIPC:                  {"ipc", ipcNames},
	ClassNetlinkRouteSocket:   {"netlink_route_socket", messageNames},
	ClassNetlinkTCPDiagSocket: {"netlink_tcpdiag_socket", messageNames},
	ClassNetlinkNFLogSocket:   {"netlink_nflog_socket", socketNames},
	ClassNetlinkXFRMSocket:    {"netlink_xfrm_socket", messageNames},
	ClassNetlinkSELinuxSocket: {"netlink_selinux_socket", socketNames},
	ClassNetlinkISCSISocket:   {"netlink_iscsi_socket", socketNames},
	ClassNetlinkAuditSocket: {"netlink_audit_socket", with(
		socketNames, "nlmsg_read", "nlmsg_write", "nlmsg_relay", "nlmsg_readpriv",
		"nlmsg_tty_audit", "nlmsg",
	)},
	ClassNetlinkFIBLookupSocket:     {"netlink_fib_lookup_socket", socketNames},
	ClassNetlinkConnectorSocket:     {"netlink_connector_socket", socketNames},
	ClassNetlinkNetfilterSocket:     {"netlink_netfilter_socket", socketNames},
	ClassNetlinkDNRTSocket:          {"netlink_dnrt_socket", socketNames},
	ClassAssociation:                {"association", []string{"sendto", "recvfrom", "setcontext", "polmatch"}},
	ClassNetlinkKobjectUeventSocket: {"netlink_kobject_uevent_socket", socketNames},
	ClassNetlinkGenericSocket:       {"netlink_generic_socket", socketNames},
	ClassNetlinkSCSITransportSocket: {"netlink_scsitransport_socket", socketNames},
	ClassNetlinkRDMASocket:          {"netlink_rdma_socket", socketNames},
	ClassNetlinkCryptoSocket:        {"netlink_crypto_socket", socketNames},
	ClassAppleTalkSocket:            {"appletalk_socket", socketNames},
	ClassPacket:                     {"packet", []string{"send", "recv", "relabelto", "forward_in", "forward_out"}},
	ClassKey:                        {"key", []string{"view", "read", "write", "search", "link", "setattr", "create"}},
	ClassDCCPSocket:                 {"dccp_socket", streamNames},
	ClassMemprotect:                 {"memprotect", []string{"mmap_zero"}},
	ClassPeer:                       {"peer", []string{"recv"}},
	ClassCapability2:                {"capability2", capability2Names},
	ClassKernelService:              {"kernel_service", []string{"use_as_override", "create_files_as"}},
	ClassTunSocket:                  {"tun_socket", with(socketNames, "attach_queue")},
	ClassBinder:                     {"binder", []string{"impersonate", "call", "set_context_mgr", "transfer"}},
	ClassCapUserns:                  {"cap_userns", capabilityNames},
	ClassCap2Userns:                 {"cap2_userns", capability2Names},
	ClassSCTPSocket:                 {"sctp_socket", with(streamNames, "association")},
	ClassICMPSocket:                 {"icmp_socket", inetNames},
	ClassAX25Socket:                 {"ax25_socket", socketNames},
	ClassIPXSocket:                  {"ipx_socket", socketNames},
	ClassNetromSocket:               {"netrom_socket", socketNames},
	ClassATMPVCSocket:               {"atmpvc_socket", socketNames},
	ClassX25Socket:                  {"x25_socket", socketNames},
	ClassRoseSocket:                 {"rose_socket", socketNames},
	ClassDECnetSocket:               {"decnet_socket", socketNames},
	ClassATMSVCSocket:               {"atmsvc_socket", socketNames},
	ClassRDSSocket:                  {"rds_socket", socketNames},
	ClassIRDASocket:                 {"irda_socket", socketNames},
	ClassPPPoXSocket:                {"pppox_socket", socketNames},
	ClassLLCSocket:                  {"llc_socket", socketNames},
	ClassCANSocket:                  {"can_socket", socketNames},
	ClassTIPCSocket:                 {"tipc_socket", socketNames},
	ClassBluetoothSocket:            {"bluetooth_socket", socketNames},
	ClassIUCVSocket:                 {"iucv_socket", socketNames},
	ClassRXRPCSocket:                {"rxrpc_socket", socketNames},
	ClassISDNSocket:                 {"isdn_socket", socketNames},
	ClassPhonetSocket:               {"phonet_socket", socketNames},
	ClassIEEE802154Socket:           {"ieee802154_socket", socketNames},
	ClassCAIFSocket:                 {"caif_socket", socketNames},
	ClassAlgSocket:                  {"alg_socket", socketNames},
	ClassNFCSocket:                  {"nfc_socket", socketNames},
	ClassVsockSocket:                {"vsock_socket", socketNames},
	ClassKCMSocket:                  {"kcm_socket", socketNames},
	ClassQIPCRTRSocket:              {"qipcrtr_socket", socketNames},
	ClassSMCSocket:                  {"smc_socket", socketNames},
	ClassInfinibandPKey:             {"infiniband_pkey", []string{"access"}},
	ClassInfinibandEndport:          {"infiniband_endport", []string{"manage_subnet"}},
	ClassBPF: {"bpf", []string{
		"map_create", "map_read", "map_write", "prog_load", "prog_run",
		"map_create_as", "prog_load_as",
	}},
	ClassXDPSocket:     {"xdp_socket", socketNames},
	ClassMCTPSocket:    {"mctp_socket", socketNames},
	ClassPerfEvent:     {"perf_event", []string{"open", "cpu", "kernel", "tracepoint", "read", "write"}},
	ClassAnonInode:     {"anon_inode", fileNames},
	ClassIOUring:       {"io_uring", []string{"override_creds", "sqpoll", "cmd", "allowed"}},
	ClassUserNamespace: {"user_namespace", []string{"create"}},
	ClassMemfdFile:     {"memfd_file", programNames},
}

// classByName finds a class by its name.
var classByName = func() map[string]Class {
	byName := make(map[string]Class, classCount)
	for c := ClassInvalid + 1; c < classCount; c++ {
		byName[classes[c].name] = c
	}
	return byName
}()

// Classes returns all classes in the kernel's order.
func Classes() []Class {
	all := make([]Class, 0, classCount-1)
	for c := ClassInvalid + 1; c < classCount; c++ {
		all = append(all, c)
	}
	return all
}

// ClassByName returns the class called name.
func ClassByName(name string) (c Class, ok bool) {
	c, ok = classByName[name]
	return c, ok
}

// String returns the name of c as policies write it.
func (c Class) String() string {
	if c == ClassInvalid || c >= classCount {
		return "class(" + strconv.Itoa(int(c)) + ")"
	}
	return classes[c].name
}

// Valid reports whether c is a class.
func (c Class) Valid() bool { return c > ClassInvalid && c < classCount }

// IsSocket reports whether c is a class of sockets.
func (c Class) IsSocket() bool {
	return c.Valid() && len(classes[c].perms) >= len(socketNames) && classes[c].perms[11] == "bind"
}

// PermissionNames returns the names of the permissions of c: name i is bit i of
// Perms. The slice must not be changed.
func (c Class) PermissionNames() []string {
	if !c.Valid() {
		return nil
	}
	return classes[c].perms
}

// Perms returns the permission of c called name.
func (c Class) Perms(name string) (p Perms, ok bool) {
	for i, n := range c.PermissionNames() {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// Names returns the names of the permissions in p of class c in the kernel's
// order. Bits that stand for nothing are left out.
func (p Perms) Names(c Class) []string {
	var names []string
	for i, name := range c.PermissionNames() {
		if p>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return names
}
