package hooks

import (
	"syscall"

	"seward/policy"
)

// Ranges of netlink message types (kernel security/selinux/nlmsgtab.c).
const (
	routeFirst, routeLast = 16, 123
	xfrmFirst, xfrmLast   = 16, 40

	auditUserFirst, auditUserLast   = 1100, 1199
	auditUser2First, auditUser2Last = 2100, 2999
)

// routeMissing are the numbers inside the range that no routing message has.
var routeMissing = map[uint16]bool{
	23: true, 27: true, 31: true, 35: true, 39: true, 43: true, 47: true, 51: true,
	53: true, 54: true, 55: true, 59: true, 61: true, 63: true, 65: true, 69: true,
	70: true, 71: true, 75: true, 76: true, 77: true, 83: true, 87: true, 91: true,
	93: true, 97: true, 98: true, 99: true, 103: true, 107: true, 110: true,
	111: true, 115: true, 119: true, 123: true,
}

// xfrmReads are the messages of IPsec that only ask.
var xfrmReads = map[uint16]bool{
	18: true, 21: true, 31: true, 32: true, 34: true, 35: true, 37: true, 38: true, 40: true,
}

var tcpdiagPerms = map[uint16]Perms{
	18: NlmsgRead, 19: NlmsgRead, 20: NlmsgRead, 21: NlmsgWrite,
}

var auditPerms = map[uint16]Perms{
	1000: NlmsgRead,
	1001: NlmsgWrite,
	1002: AuditNlmsgReadpriv,
	1003: NlmsgWrite,
	1004: NlmsgWrite,
	1005: AuditNlmsgRelay,
	1010: NlmsgRead,
	1011: NlmsgWrite,
	1012: NlmsgWrite,
	1013: AuditNlmsgReadpriv,
	1014: NlmsgWrite,
	1015: NlmsgWrite,
	1016: NlmsgRead,
	1017: AuditNlmsgTTYAudit,
	1018: NlmsgWrite,
	1019: NlmsgRead,
}

// netlinkPerms returns what a message needs: known is false for a type that the
// class doesn't have. checked is false for classes whose messages aren't looked
// at.
func netlinkPerms(class Class, kind uint16) (perms Perms, known, checked bool) {
	switch class {
	case ClassNetlinkRouteSocket:
		if kind < routeFirst || kind > routeLast || routeMissing[kind] {
			return 0, false, true
		}
		// Messages come in fours: new, delete, get, set.
		if kind%4 == 2 {
			return NlmsgRead, true, true
		}
		return NlmsgWrite, true, true
	case ClassNetlinkTCPDiagSocket:
		perms, known = tcpdiagPerms[kind]
		return perms, known, true
	case ClassNetlinkXFRMSocket:
		switch {
		case kind < xfrmFirst || kind > xfrmLast:
			return 0, false, true
		case xfrmReads[kind]:
			return NlmsgRead, true, true
		}
		return NlmsgWrite, true, true
	case ClassNetlinkAuditSocket:
		if kind >= auditUserFirst && kind <= auditUserLast || kind >= auditUser2First && kind <= auditUser2Last {
			return AuditNlmsgRelay, true, true
		}
		perms, known = auditPerms[kind]
		return perms, known, true
	}
	return 0, false, false
}

// AnyNetlinkMessage reports whether a task may send every message that the class
// of a socket has types for, and that without anything to log.
func AnyNetlinkMessage(asker Asker, s *Subject, k *Socket) bool {
	a := ask{asker: asker}
	if a.skips(k) {
		return true
	}
	if asker.Has(policy.CapNetlinkXperm) {
		return false
	}
	perms := NlmsgRead | NlmsgWrite
	if k.Class == ClassNetlinkAuditSocket {
		perms |= AuditNlmsgRelay | AuditNlmsgReadpriv | AuditNlmsgTTYAudit
	}
	answer := asker.Check(Query{Source: s.SID, Target: k.SID, Class: k.Class, Perms: perms, Quiet: true})
	return answer.Denied == 0 && answer.Logged == 0
}

// NetlinkMessage is asked for each message sent on a netlink socket. A type that
// the class doesn't know fails with EINVAL in enforcing mode, unless the policy
// allows what it doesn't know.
func NetlinkMessage(asker Asker, s *Subject, k *Socket, kind uint16) Verdict {
	a := ask{asker: asker}
	perms, known, checked := netlinkPerms(k.Class, kind)
	switch {
	case !checked || a.skips(k):
	case !known:
		if asker.Enforcing() && !asker.AllowUnknown() {
			a.fail(syscall.EINVAL)
		}
	case asker.Has(policy.CapNetlinkXperm):
		all, _ := k.Class.Perms("nlmsg")
		a.check(Query{
			Source: s.SID, Target: k.SID, Class: k.Class, Perms: all,
			Xperm: Xperm{Kind: XpermNlmsg, Value: kind},
		}, Object{Kind: ObjectNlmsg, Ref: k.Ref, Number: int64(kind)})
	default:
		a.use(s, k, perms)
	}
	return a.verdict
}
