package hooks

// Numbers of address families, socket types and protocols that tell classes
// apart (Linux, all architectures but mips, which has other types).
const (
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16

	sockStream    = 1
	sockDgram     = 2
	sockRaw       = 3
	sockSeqpacket = 5

	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
	protoSCTP   = 132
	protoMPTCP  = 262
)

// netlinkClasses are the classes of netlink sockets by protocol.
var netlinkClasses = map[int]Class{
	0:  ClassNetlinkRouteSocket,
	4:  ClassNetlinkTCPDiagSocket,
	5:  ClassNetlinkNFLogSocket,
	6:  ClassNetlinkXFRMSocket,
	7:  ClassNetlinkSELinuxSocket,
	8:  ClassNetlinkISCSISocket,
	9:  ClassNetlinkAuditSocket,
	10: ClassNetlinkFIBLookupSocket,
	11: ClassNetlinkConnectorSocket,
	12: ClassNetlinkNetfilterSocket,
	14: ClassNetlinkDNRTSocket,
	15: ClassNetlinkKobjectUeventSocket,
	16: ClassNetlinkGenericSocket,
	18: ClassNetlinkSCSITransportSocket,
	20: ClassNetlinkRDMASocket,
	21: ClassNetlinkCryptoSocket,
}

// familyClasses are the classes of families that have one whatever the policy.
var familyClasses = map[int]Class{
	5:  ClassAppleTalkSocket,
	15: ClassKeySocket,
	17: ClassPacketSocket,
}

// extendedClasses are those that a policy gets by extended_socket_class.
var extendedClasses = map[int]Class{
	3:  ClassAX25Socket,
	4:  ClassIPXSocket,
	6:  ClassNetromSocket,
	8:  ClassATMPVCSocket,
	9:  ClassX25Socket,
	11: ClassRoseSocket,
	12: ClassDECnetSocket,
	20: ClassATMSVCSocket,
	21: ClassRDSSocket,
	23: ClassIRDASocket,
	24: ClassPPPoXSocket,
	26: ClassLLCSocket,
	29: ClassCANSocket,
	30: ClassTIPCSocket,
	31: ClassBluetoothSocket,
	32: ClassIUCVSocket,
	33: ClassRXRPCSocket,
	34: ClassISDNSocket,
	35: ClassPhonetSocket,
	36: ClassIEEE802154Socket,
	37: ClassCAIFSocket,
	38: ClassAlgSocket,
	39: ClassNFCSocket,
	40: ClassVsockSocket,
	41: ClassKCMSocket,
	42: ClassQIPCRTRSocket,
	43: ClassSMCSocket,
	44: ClassXDPSocket,
	45: ClassMCTPSocket,
}

// SocketClass returns the class of a socket from the arguments of socket(2),
// the type without its flags. extended is whether the policy has the capability
// extended_socket_class.
func SocketClass(family, kind, protocol int, extended bool) Class {
	switch family {
	case afUnix:
		if kind == sockStream || kind == sockSeqpacket {
			return ClassUnixStreamSocket
		}
		return ClassUnixDgramSocket
	case afInet, afInet6:
		return inetClass(kind, protocol, extended)
	case afNetlink:
		if c, ok := netlinkClasses[protocol]; ok {
			return c
		}
		return ClassNetlinkSocket
	}
	if c, ok := familyClasses[family]; ok {
		return c
	}
	if c, ok := extendedClasses[family]; ok && extended {
		return c
	}
	return ClassSocket
}

func inetClass(kind, protocol int, extended bool) Class {
	switch kind {
	case sockStream, sockSeqpacket:
		switch {
		case protocol == 0, protocol == protoTCP, protocol == protoMPTCP:
			return ClassTCPSocket
		case protocol == protoSCTP && extended:
			return ClassSCTPSocket
		}
	case sockDgram:
		switch {
		case protocol == 0, protocol == protoUDP:
			return ClassUDPSocket
		case (protocol == protoICMP || protocol == protoICMPv6) && extended:
			return ClassICMPSocket
		}
	}
	return ClassRawIPSocket
}
