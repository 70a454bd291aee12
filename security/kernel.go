package security

import (
	"strings"

	"seward/policy"
)

// kernelClasses lists the classes that the kernel knows, in its order (kernel
// security/selinux/include/classmap.h). A new object of one of the socket
// classes inherits from its creator, which it does by the name being here:
// a policy's own class "game_socket" doesn't.
var kernelClasses = strings.Fields(`
security process process2 system capability filesystem file dir fd lnk_file
chr_file blk_file sock_file fifo_file socket tcp_socket udp_socket rawip_socket
node netif netlink_socket packet_socket key_socket unix_stream_socket
unix_dgram_socket sem msg msgq shm ipc netlink_route_socket
netlink_tcpdiag_socket netlink_nflog_socket netlink_xfrm_socket
netlink_selinux_socket netlink_iscsi_socket netlink_audit_socket
netlink_fib_lookup_socket netlink_connector_socket netlink_netfilter_socket
netlink_dnrt_socket association netlink_kobject_uevent_socket
netlink_generic_socket netlink_scsitransport_socket netlink_rdma_socket
netlink_crypto_socket appletalk_socket packet key dccp_socket memprotect peer
capability2 kernel_service tun_socket binder cap_userns cap2_userns sctp_socket
icmp_socket ax25_socket ipx_socket netrom_socket atmpvc_socket x25_socket
rose_socket decnet_socket atmsvc_socket rds_socket irda_socket pppox_socket
llc_socket can_socket tipc_socket bluetooth_socket iucv_socket rxrpc_socket
isdn_socket phonet_socket ieee802154_socket caif_socket alg_socket nfc_socket
vsock_socket kcm_socket qipcrtr_socket smc_socket infiniband_pkey
infiniband_endport bpf xdp_socket mctp_socket perf_event anon_inode io_uring
user_namespace memfd_file
`)

// socketClasses returns the classes of the policy that the kernel takes for
// sockets, by number. The kernel finds its own class by looking for the policy's
// number, and all classes that the policy lacks have number 0: number 0 is the
// first of those.
func socketClasses(p *policy.Policy) []bool {
	socket := make([]bool, p.Data().Sizes.Classes+1)
	missing := false
	for _, name := range kernelClasses {
		is := strings.HasSuffix(name, "socket")
		if c := p.ClassByName(name); c != nil {
			socket[c.ID] = is
		} else if !missing {
			missing = true
			socket[0] = is
		}
	}
	return socket
}
